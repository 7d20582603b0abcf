/**
 * `npm run bench`: every suite, seven rounds. `-- --smoke`: every suite once, tiny, for CI: that it runs, counts right
 * and leaves nothing; times mean nothing there. Narrow it down with `--suite NAME`, `--case ID` (paced/100),
 * `--rounds N`, `--variants messages,sdk`. `--gate` fails on a missed floor, `--docs` writes the tables of
 * docs/performance.md (of a whole run only), `--profile` leaves CPU profiles of our variants in .bench/profiles.
 *
 * One process per sample with an environment of its own; the order of the variants turns round every round; ratios are
 * taken within one run only, from medians. A wrong count, or a producer that was too slow, fails the run.
 */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { check } from "./check.ts"
import { writeDocs } from "./docs.ts"
import { judge, summary } from "./floors.ts"
import { lines } from "./knobs.ts"
import { build, compileSample, environment } from "./producer.ts"
import type { CaseReport, Row } from "./report.ts"
import { figure, floorsTable, machine, rowOf, save, sections, table } from "./report.ts"
import type { Sample, Settings } from "./sample.ts"
import type { Case } from "./suites.ts"
import { full, ours, smoke, suiteNames } from "./suites.ts"

const { values: flags } = parseArgs({
  options: {
    smoke: { type: "boolean", default: false },
    gate: { type: "boolean", default: false },
    docs: { type: "boolean", default: false },
    profile: { type: "boolean", default: false },
    suite: { type: "string" },
    case: { type: "string" },
    rounds: { type: "string" },
    variants: { type: "string" }
  }
})
const rounds = Number(flags.rounds ?? (flags.smoke ? 1 : 7))
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a number from 1")
if (flags.suite !== undefined && !suiteNames.some((name) => name === flags.suite)) {
  throw new Error(`--suite takes one of ${suiteNames.join(", ")}`)
}
const cases = flags.smoke ? smoke : full
if (flags.case !== undefined && !cases.some(({ id }) => id === flags.case)) {
  throw new Error(`--case takes one of ${cases.map(({ id }) => id).join(", ")}`)
}

if (
  flags.docs &&
  (flags.smoke || flags.suite !== undefined || flags.case !== undefined || flags.variants !== undefined)
) {
  throw new Error("--docs takes a whole run: the tables of the page are of one run")
}

const failures: Array<string> = []
const warnings: Array<string> = []

const { failures: differentBytes, producer } = build()
failures.push(...differentBytes)
const sampleProgram = compileSample()

const sdk = join(import.meta.dirname, "../test/agents/node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs")
const missing = existsSync(sdk) ? [] : ["sdk"]
if (missing.length > 0) warnings.push("the official SDK is not installed (npm run agents): its rows are left out")

const wanted = flags.variants?.split(",")
const isWanted = (variant: string): boolean => !missing.includes(variant) && (wanted?.includes(variant) ?? true)

const profiling = ["--cpu-prof", `--cpu-prof-dir=${join(import.meta.dirname, "../.bench/profiles")}`]

const takeSample = (test: Case, { subscribers, variant }: Row): Sample => {
  const settings: Settings = {
    sdk,
    subscribers,
    executable: producer.executable,
    lines: lines(test.knobs),
    sleepMs: test.sleepMs,
    giveUpMs: test.giveUpMs,
    sessions: test.sessions,
    leaveAfter: test.leaveAfter,
    turns: test.turns
  }
  const node = ["--expose-gc", ...(flags.profile && ours.includes(variant) ? profiling : [])]
  const { status, stdout } = spawnSync(
    process.execPath,
    [...node, sampleProgram, variant, test.mode, JSON.stringify(settings)],
    {
      env: environment(test.knobs),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      timeout: test.timeoutMs,
      killSignal: "SIGKILL"
    }
  )
  if (status !== 0) throw new Error(`the sample ended with ${status ?? "a timeout"}`)
  return JSON.parse(stdout)
}

const runCase = (test: Case): CaseReport => {
  const rows = test.variants
    .filter(isWanted)
    .flatMap((variant) =>
      test.subscribers.map((subscribers) => ({ variant, subscribers, samples: [] as Array<Sample> }))
    )
  for (let round = 0; round < rounds; round++) {
    for (const row of round % 2 === 0 ? rows : rows.toReversed()) {
      try {
        const sample = takeSample(test, row)
        row.samples.push(sample)
        failures.push(...check(test, row.variant, sample).map((what) => `${test.name}, ${row.variant}: ${what}`))
      } catch (error) {
        failures.push(`${test.name}, ${row.variant}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  return { test, rows: rows.filter(({ samples }) => samples.length > 0) }
}

/** Below that many deltas the spawn is most of the wall time, and says nothing about the producer. */
const headroomFrom = 1_000_000
const headroomNeeded = 3

/** A reader is only measured if the producer could have fed one that is several times as fast. */
const checkHeadroom = (report: CaseReport): void => {
  const { rows, test } = report
  const others = rows.filter(({ variant }) => variant !== "newlines")
  if (test.suite !== "bulk" || test.knobs.n < headroomFrom || others.length === 0) return
  const fastest = Math.min(...others.map((row) => figure(row, "wallMs")))
  const headroom = fastest / figure(rowOf(report, "newlines"), "wallMs")
  if (headroom < headroomNeeded) {
    failures.push(
      `${test.name}: producer too slow, it feeds ${headroom.toFixed(1)} x the fastest reader, not ${headroomNeeded} x`
    )
  }
}

const about = { ...machine(producer), rounds, smoke: flags.smoke, startedAt: new Date().toISOString() }
console.log(`${JSON.stringify(about, undefined, 2)}\n`)

const reports = cases
  .filter(
    ({ id, suite, variants }) =>
      (flags.suite ?? suite) === suite && (flags.case ?? id) === id && variants.some(isWanted)
  )
  .map((test) => {
    const report = runCase(test)
    checkHeadroom(report)
    console.log(table(report))
    return report
  })

const verdicts = flags.smoke ? [] : judge(reports)
if (verdicts.length > 0) console.log(`${floorsTable(verdicts)}\n\n${summary(verdicts)}\n`)
if (flags.docs) writeDocs(sections(about, reports, verdicts))

console.log(`results: ${save({ ...about, warnings, failures, verdicts }, reports)}`)
for (const warning of warnings) console.log(`warning: ${warning}`)
for (const failure of failures) console.log(`FAILED: ${failure}`)
process.exitCode = failures.length > 0 || (flags.gate && verdicts.some(({ met }) => !met)) ? 1 : 0
