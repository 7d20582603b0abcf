/**
 * What must not be exceeded: the floors that this project set itself, each with its number. A floor may have several
 * checks (one per variant or size); it is met when all of them are.
 */
import { type CaseReport, figure, rowOf } from "./report.ts"

export interface Verdict {
  readonly floor: string
  /** Which variant or case. */
  readonly check: string
  readonly value: number
  readonly limit: number
  readonly met: boolean
}

type Value = (caseOf: (id: string) => CaseReport | undefined) => number

interface Check {
  readonly name: string
  readonly value: Value
  readonly limit: number
}

interface Floor {
  readonly name: string
  readonly checks: ReadonlyArray<Check>
}

/** A figure of one row. */
const of =
  (id: string, variant: string, name: string): Value =>
  (caseOf) => {
    const report = caseOf(id)
    return report === undefined ? NaN : figure(rowOf(report, variant), name)
  }

const ratio =
  (one: Value, other: Value): Value =>
  (caseOf) =>
    one(caseOf) / other(caseOf)

const against = (id: string, variant: string, peer: string, name = "cpuMs"): Value =>
  ratio(of(id, variant, name), of(id, peer, name))

/** A check for each variant of ours. */
const both = (limit: number, value: (variant: string) => Value, prefix = ""): ReadonlyArray<Check> =>
  ["messages", "stream"].map((variant) => ({ name: prefix + variant, value: value(variant), limit }))

/** MiB of heap that count as none: what the engine itself keeps varies by as much. */
const flat = 0.2

const million = "bulk/1000000"
const sizes = ["2KB", "20KB", "200KB", "1MB", "5MB", "20MB"]
const bytes = { "lines/20MB": 4 * 20e6, "lines/1MB": 64 * 1e6 }

const perByte =
  (id: keyof typeof bytes, variant: string): Value =>
  (caseOf) =>
    of(id, variant, "cpuMs")(caseOf) / bytes[id]

export const floors: ReadonlyArray<Floor> = [
  {
    name: "10^6 deltas, `messages`: CPU",
    checks: [
      { name: "to readline", value: against(million, "messages", "readline"), limit: 1.1 },
      { name: "to the SDK", value: against(million, "messages", "sdk"), limit: 0.62 }
    ]
  },
  {
    name: "10^6 deltas, `stream`: CPU",
    checks: [
      { name: "to readline", value: against(million, "stream", "readline"), limit: 1.3 },
      { name: "to the SDK", value: against(million, "stream", "sdk"), limit: 0.75 }
    ]
  },
  {
    name: "RSS growth at 10^5 and 10^6 deltas, MiB",
    checks: [
      ...both(25, (variant) => of(million, variant, "rssGrowth"), "10^6, "),
      ...both(25, (variant) => of("bulk/100000", variant, "rssGrowth"), "10^5, ")
    ]
  },
  {
    name: "10^4 deltas: CPU to the SDK",
    checks: both(0.9, (variant) => against("bulk/10000", variant, "sdk"))
  },
  {
    name: "lines of 2 KB to 20 MB: CPU to readline",
    checks: sizes.flatMap((size) => both(1.1, (variant) => against(`lines/${size}`, variant, "readline"), `${size}, `))
  },
  {
    name: "CPU per byte at 20 MB to that at 1 MB",
    checks: both(1.5, (variant) => ratio(perByte("lines/20MB", variant), perByte("lines/1MB", variant)))
  },
  {
    name: "asleep for 3 s: interrupt to result, ms",
    checks: both(10, (variant) => of("slow/sleep", variant, "interruptMs"))
  },
  {
    name: "asleep for 3 s: RSS growth, MiB",
    checks: both(40, (variant) => of("slow/sleep", variant, "rssGrowth"))
  },
  {
    name: "never wakes: interrupt settles, ms",
    checks: both(100, (variant) => of("slow/stuck", variant, "interruptMs"))
  },
  {
    name: "warm open, first event, close: CPU to the SDK",
    checks: [{ name: "stream", value: against("cycles", "stream", "sdk", "cpuMsPerCycle"), limit: 1 }]
  },
  {
    name: "100 paced sessions: CPU to the SDK",
    checks: both(1.2, (variant) => against("paced/100", variant, "sdk"))
  },
  {
    name: "100 paced sessions: p99 delivery to the SDK",
    checks: both(0.1, (variant) => against("paced/100", variant, "sdk", "p99"))
  },
  {
    name: "100 paced sessions: KB a session, heap after collection",
    checks: both(60, (variant) => of("paced/100", variant, "heapKbPerSession"))
  },
  {
    name: "cycles: heap growth after a quarter of them, MiB",
    checks: [{ name: "stream", value: of("cycles", "stream", "heapGrowth"), limit: flat }]
  },
  {
    name: "early closes: heap growth after a quarter of them, MiB",
    checks: both(flat, (variant) => of("flood", variant, "heapGrowth"))
  },
  {
    name: "cycles and early closes: open files more than before",
    checks: [
      { name: "cycles", value: of("cycles", "stream", "openFiles"), limit: 0 },
      ...both(0, (variant) => of("flood", variant, "openFiles"), "early closes, ")
    ]
  }
]

/** What was measured, against the floors; nothing for what was not. */
export const judge = (reports: ReadonlyArray<CaseReport>): ReadonlyArray<Verdict> => {
  const caseOf = (id: string): CaseReport | undefined => reports.find(({ test }) => test.id === id)
  return floors.flatMap(({ checks, name }) =>
    checks.flatMap(({ limit, name: check, value }): ReadonlyArray<Verdict> => {
      const measured = value(caseOf)
      return Number.isNaN(measured) ? [] : [{ floor: name, check, value: measured, limit, met: measured <= limit }]
    })
  )
}

export const summary = (verdicts: ReadonlyArray<Verdict>): string => {
  const byFloor = Map.groupBy(verdicts, ({ floor }) => floor)
  const met = [...byFloor.values()].filter((checks) => checks.every(({ met }) => met)).length
  const checksMet = verdicts.filter(({ met }) => met).length
  return `${met} of ${byFloor.size} floors met (${checksMet} of ${verdicts.length} checks)`
}
