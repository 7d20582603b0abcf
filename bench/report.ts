/** From samples to tables: medians, spread, ratios within one run. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { arch, cpus, platform, release, totalmem } from "node:os"
import { join } from "node:path"
import type { Verdict } from "./floors.ts"
import type { Producer } from "./producer.ts"
import type { Sample } from "./sample.ts"
import type { Case } from "./suites.ts"

export interface Row {
  readonly variant: string
  readonly subscribers: number
  readonly samples: ReadonlyArray<Sample>
}

export interface CaseReport {
  readonly test: Case
  readonly rows: ReadonlyArray<Row>
}

export const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.floor(middle)] ?? NaN) + (sorted[Math.ceil(middle) - 1] ?? NaN)) / 2
}

/** The median of a figure over the rounds; NaN where there is none. */
export const figure = (row: Row | undefined, name: string): number =>
  median((row?.samples ?? []).map(({ figures }) => figures[name] ?? NaN))

export const rowOf = ({ rows }: CaseReport, variant: string, subscribers = 0): Row | undefined =>
  rows.find((row) => row.variant === variant && row.subscribers === subscribers)

/** Figures of more than this are good to the unit. */
const wholeFrom = 100

export const show = (value: number): string =>
  Number.isNaN(value)
    ? "-"
    : Math.abs(value) < wholeFrom
      ? String(Number(value.toPrecision(2)))
      : Math.round(value).toLocaleString("en")

/** Of a floor: so many digits that a value just over its limit does not look like it. */
const exact = (value: number): string => String(Number(value.toPrecision(3)))

interface Column {
  readonly title: string
  readonly cell: (row: Row, report: CaseReport) => string
}

const gaveUp = (row: Row): boolean => row.samples.some(({ turn }) => turn?.sawResult === false)

const plain = (title: string, name: string): Column => ({ title, cell: (row) => show(figure(row, name)) })

/** Who gave up has only seen a part. */
const atLeast = (title: string, name: string): Column => ({
  title,
  cell: (row) => (gaveUp(row) ? ">" : "") + show(figure(row, name))
})

const spread = (name: string): Column => ({
  title: "min-max",
  cell: (row) => {
    const values = row.samples.map(({ figures }) => figures[name] ?? NaN)
    return `${show(Math.min(...values))}-${show(Math.max(...values))}`
  }
})

const against = (title: string, name: string, peer: string, subscribers = 0): Column => ({
  title,
  cell: (row, report) => {
    const ratio = figure(row, name) / figure(rowOf(report, peer, subscribers), name)
    return Number.isNaN(ratio) ? "-" : ratio.toFixed(2)
  }
})

const per = (title: string, name: string, divisor: (test: Case) => number): Column => ({
  title,
  cell: (row, { test }) => show((figure(row, name) * 1e6) / divisor(test))
})

const variant: Column = { title: "variant", cell: (row) => row.variant }
const readers: Column = { title: "readers", cell: (row) => String(row.subscribers) }
const bytesOf = ({ knobs }: Case): number => knobs.n * 260 + knobs.nbig * knobs.big
const cpu = [plain("CPU ms", "cpuMs"), spread("cpuMs")]

const columns: { readonly [S in Case["suite"]]: ReadonlyArray<Column> } = {
  bulk: [
    variant,
    ...cpu,
    per("ns/event", "cpuMs", ({ knobs }) => knobs.n),
    against("/readline", "cpuMs", "readline"),
    against("/sdk", "cpuMs", "sdk"),
    plain("wall ms", "wallMs"),
    plain("RSS growth MiB", "rssGrowth")
  ],
  lines: [
    variant,
    ...cpu,
    per("ns/byte", "cpuMs", bytesOf),
    against("/readline", "cpuMs", "readline"),
    against("/sdk", "cpuMs", "sdk"),
    plain("wall ms", "wallMs")
  ],
  slow: [
    variant,
    atLeast("interrupt ms", "interruptMs"),
    spread("interruptMs"),
    atLeast("events queued", "queued"),
    plain("RSS before MiB", "rssBefore"),
    plain("RSS growth MiB", "rssGrowth"),
    plain("CPU ms", "cpuMs"),
    { title: "outcome", cell: (row) => row.samples[0]?.outcome ?? (gaveUp(row) ? "gave up" : "result") }
  ],
  cycles: [
    variant,
    plain("CPU ms/cycle", "cpuMsPerCycle"),
    against("/readline", "cpuMsPerCycle", "readline"),
    against("/sdk", "cpuMsPerCycle", "sdk"),
    plain("ms/cycle", "msPerCycle"),
    plain("first event p50 ms", "firstP50"),
    plain("p99", "firstP99"),
    plain("close to gone p50 ms", "goneP50"),
    plain("p99", "goneP99"),
    plain("heap growth MiB", "heapGrowth"),
    plain("KB/cycle left to a full collection", "leftKb"),
    plain("RSS growth MiB", "rssGrowth"),
    plain("files", "openFiles")
  ],
  flood: [
    variant,
    plain("CPU ms/cycle", "cpuMsPerCycle"),
    against("/sdk", "cpuMsPerCycle", "sdk"),
    plain("close to gone p50 ms", "goneP50"),
    plain("p99", "goneP99"),
    plain("heap growth MiB", "heapGrowth"),
    plain("RSS growth MiB", "rssGrowth"),
    plain("files", "openFiles")
  ],
  paced: [
    variant,
    plain("CPU ms", "cpuMs"),
    against("/readline", "cpuMs", "readline"),
    against("/sdk", "cpuMs", "sdk"),
    plain("opening CPU ms", "openingCpuMs"),
    plain("us/delta after that", "usPerDelta"),
    plain("delivery p50 ms", "p50"),
    plain("p99", "p99"),
    plain("max", "max"),
    plain("first event p99 ms", "firstP99"),
    plain("heap KB/session", "heapKbPerSession"),
    plain("RSS KB/session", "rssKbPerSession")
  ],
  fanout: [readers, ...cpu, against("/none", "cpuMs", "stream"), plain("RSS growth MiB", "rssGrowth")],
  import: [variant, ...cpu, against("/sdk", "cpuMs", "sdk"), plain("wall ms", "wallMs")]
}

const cellsOf = (report: CaseReport): ReadonlyArray<ReadonlyArray<string>> => [
  columns[report.test.suite].map(({ title }) => title),
  ...report.rows.map((row) => columns[report.test.suite].map(({ cell }) => cell(row, report)))
]

const widths = (cells: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<number> =>
  (cells[0] ?? []).map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)))

const aligned = (cells: ReadonlyArray<ReadonlyArray<string>>, gap: string): ReadonlyArray<string> => {
  const wide = widths(cells)
  return cells.map((line) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(wide[at] ?? 0) : cell.padStart(wide[at] ?? 0))).join(gap)
  )
}

export const table = (report: CaseReport): string =>
  [`${report.test.suite}: ${report.test.name}`, ...aligned(cellsOf(report), "  "), ""].join("\n")

export const floorsTable = (verdicts: ReadonlyArray<Verdict>): string =>
  aligned(
    [
      ["floor", "variant", "measured", "floor is", ""],
      ...verdicts.map(({ check, floor, limit, met, value }) => [
        floor,
        check,
        exact(value),
        `<= ${limit}`,
        met ? "met" : "MISSED"
      ])
    ],
    "  "
  ).join("\n")

const markdown = (cells: ReadonlyArray<ReadonlyArray<string>>): string => {
  const lines = aligned(cells, " | ").map((line) => `| ${line} |`)
  const rule = `| ${widths(cells)
    .map((width, at) => (at === 0 ? "-".repeat(Math.max(3, width)) : `${"-".repeat(Math.max(2, width - 1))}:`))
    .join(" | ")} |`
  return [lines[0], rule, ...lines.slice(1)].join("\n")
}

/** What goes into `docs/performance.md`, by marker. */
export const sections = (
  about: Record<string, unknown>,
  reports: ReadonlyArray<CaseReport>,
  verdicts: ReadonlyArray<Verdict>
): ReadonlyMap<string, string> => {
  const suites = Map.groupBy(reports, ({ test }) => test.suite)
  const run = ["cpu", "cores", "os", "node", "effect", "sdk", "producer", "rounds", "startedAt"]
    .map((key) => `${key}: ${String(about[key])}`)
    .join("; ")
  const floors = markdown([
    ["floor", "variant", "measured", "at most", ""],
    ...verdicts.map(({ check, floor, limit, met, value }) => [
      floor,
      check,
      exact(value),
      String(limit),
      met ? "met" : "missed"
    ])
  ])
  return new Map([
    ["run", run],
    ...[...suites].map(([suite, cases]): [string, string] => [
      suite,
      cases.map((report) => `**${report.test.name}**\n\n${markdown(cellsOf(report))}`).join("\n\n")
    ]),
    ...(verdicts.length === 0 ? [] : [["floors", floors] as [string, string]])
  ])
}

const versionOf = (path: string): string | undefined => {
  try {
    return JSON.parse(readFileSync(join(import.meta.dirname, "..", path, "package.json"), "utf8")).version
  } catch {
    return undefined
  }
}

export const machine = (producer: Producer): Record<string, unknown> => ({
  cpu: cpus()[0]?.model,
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  os: `${platform()} ${release()} ${arch()}`,
  node: process.version,
  effect: versionOf("node_modules/effect"),
  sdk: versionOf("test/agents/node_modules/@anthropic-ai/claude-agent-sdk"),
  library: versionOf("."),
  producer: producer.kind
})

/** Writes everything that was measured, and returns where. */
export const save = (about: Record<string, unknown>, reports: ReadonlyArray<CaseReport>): string => {
  const directory = join(import.meta.dirname, "results")
  mkdirSync(directory, { recursive: true })
  const path = join(directory, `${new Date().toISOString().replaceAll(":", "-")}.json`)
  writeFileSync(path, `${JSON.stringify({ ...about, reports }, undefined, 2)}\n`)
  return path
}
