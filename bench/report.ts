/** From samples to tables: medians, spread, ratios within one run. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { arch, cpus, platform, release, totalmem } from "node:os"
import { join } from "node:path"
import type { Producer } from "./producer.ts"
import type { Sample } from "./sample.ts"
import type { Case } from "./suites.ts"

export interface Row {
  readonly variant: string
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

export const medianOf = (row: Row | undefined, value: (sample: Sample) => number): number =>
  median((row?.samples ?? []).map(value))

const whole = (value: number): string => Math.round(value).toLocaleString("en")
const short = (value: number): string => (value < 10 ? value.toFixed(1) : whole(value))
const growth = (sample: Sample): number => sample.rssPeak - sample.rssBefore

const spread = (row: Row, value: (sample: Sample) => number): string => {
  const values = row.samples.map(value)
  return `${short(Math.min(...values))}-${short(Math.max(...values))}`
}

const ratio = (rows: ReadonlyArray<Row>, row: Row, peer: string): string => {
  const value =
    medianOf(row, (sample) => sample.cpuMs) /
    medianOf(
      rows.find(({ variant }) => variant === peer),
      (s) => s.cpuMs
    )
  return Number.isNaN(value) ? "-" : value.toFixed(2)
}

type Column = readonly [title: string, cell: (row: Row, rows: ReadonlyArray<Row>) => string]

const readColumns = (test: Case): ReadonlyArray<Column> => {
  const events = test.knobs.n + test.knobs.nbig
  const bytes = test.knobs.n * 260 + test.knobs.nbig * test.knobs.big
  return [
    ["variant", (row) => row.variant],
    ["CPU ms", (row) => short(medianOf(row, (sample) => sample.cpuMs))],
    ["min-max", (row) => spread(row, (sample) => sample.cpuMs)],
    ["us/event", (row) => ((medianOf(row, (sample) => sample.cpuMs) * 1000) / events).toFixed(2)],
    ["ns/byte", (row) => ((medianOf(row, (sample) => sample.cpuMs) * 1e6) / bytes).toFixed(2)],
    ["/readline", (row, rows) => ratio(rows, row, "readline")],
    ["/sdk", (row, rows) => ratio(rows, row, "sdk")],
    ["wall ms", (row) => short(medianOf(row, (sample) => sample.wallMs))],
    ["RSS growth MiB", (row) => short(medianOf(row, growth))]
  ]
}

const gaveUp = (row: Row): boolean => row.samples.some((sample) => !sample.sawResult)

/** Who gave up has only seen a part. */
const atLeast = (row: Row): string => (gaveUp(row) ? ">" : "")

const slowColumns: ReadonlyArray<Column> = [
  ["variant", (row) => row.variant],
  ["interrupt ms", (row) => atLeast(row) + short(medianOf(row, (sample) => sample.interruptMs ?? NaN))],
  ["min-max", (row) => spread(row, (sample) => sample.interruptMs ?? NaN)],
  ["events queued", (row) => atLeast(row) + whole(medianOf(row, (sample) => sample.queued ?? NaN))],
  ["RSS MiB", (row) => `${whole(medianOf(row, (s) => s.rssBefore))} -> ${whole(medianOf(row, (s) => s.rssPeak))}`],
  ["CPU ms", (row) => short(medianOf(row, (sample) => sample.cpuMs))],
  ["outcome", (row) => row.samples[0]?.outcome ?? (gaveUp(row) ? "gave up" : "result")]
]

export const table = ({ rows, test }: CaseReport): string => {
  const columns = test.mode === "read" ? readColumns(test) : slowColumns
  const cells = [columns.map(([title]) => title), ...rows.map((row) => columns.map(([, cell]) => cell(row, rows)))]
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]?.length ?? 0)))
  const lines = cells.map((line) =>
    line.map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0))).join("  ")
  )
  return [`${test.suite}: ${test.name}`, ...lines, ""].join("\n")
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
