/**
 * `npm run bench`: every suite, seven rounds. `-- --smoke`: every suite once, small, all checks.
 * `-- --suite bulk|lines|slow`, `-- --rounds N`, `-- --variants messages,sdk` narrow it down.
 *
 * One process per sample with an environment of its own; the order of the variants turns round every round; ratios are
 * taken within one run only, from medians. A wrong count, or a producer that was too slow, fails the run.
 */
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import { check } from "./check.ts"
import { lines } from "./knobs.ts"
import { build, environment } from "./producer.ts"
import type { CaseReport } from "./report.ts"
import { machine, medianOf, save, table } from "./report.ts"
import type { Sample } from "./sample.ts"
import type { Case } from "./suites.ts"
import { full, smoke, suiteNames } from "./suites.ts"

const { values: flags } = parseArgs({
  options: {
    smoke: { type: "boolean", default: false },
    suite: { type: "string" },
    rounds: { type: "string" },
    variants: { type: "string" }
  }
})
const rounds = Number(flags.rounds ?? (flags.smoke ? 1 : 7))
if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a number from 1")
if (flags.suite !== undefined && !suiteNames.some((name) => name === flags.suite)) {
  throw new Error(`--suite takes one of ${suiteNames.join(", ")}`)
}

const failures: Array<string> = []
const warnings: Array<string> = []

const { failures: differentBytes, producer } = build()
failures.push(...differentBytes)

const sdk = join(import.meta.dirname, "../test/agents/node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs")
const missing = existsSync(sdk) ? [] : ["sdk"]
if (missing.length > 0) warnings.push("the official SDK is not installed (npm run agents): its rows are left out")

const wanted = flags.variants?.split(",")
const isWanted = (variant: string): boolean => !missing.includes(variant) && (wanted?.includes(variant) ?? true)

const takeSample = (test: Case, variant: string): Sample => {
  const job = {
    executable: producer.executable,
    lines: lines(test.knobs),
    sleepMs: test.sleepMs,
    giveUpMs: test.giveUpMs
  }
  const { status, stdout } = spawnSync(
    process.execPath,
    [join(import.meta.dirname, "sample.ts"), variant, test.mode, JSON.stringify(job)],
    {
      env: environment(test.knobs),
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"],
      timeout: test.sleepMs + test.giveUpMs + 30_000,
      killSignal: "SIGKILL"
    }
  )
  if (status !== 0) throw new Error(`the sample ended with ${status ?? "a timeout"}`)
  return JSON.parse(stdout)
}

const runCase = (test: Case): CaseReport => {
  const rows = test.variants.filter(isWanted).map((variant) => ({ variant, samples: [] as Array<Sample> }))
  for (let round = 0; round < rounds; round++) {
    for (const { samples, variant } of round % 2 === 0 ? rows : rows.toReversed()) {
      try {
        const sample = takeSample(test, variant)
        samples.push(sample)
        failures.push(...check(test, variant, sample).map((what) => `${test.name}, ${variant}: ${what}`))
      } catch (error) {
        failures.push(`${test.name}, ${variant}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }
  return { test, rows: rows.filter(({ samples }) => samples.length > 0) }
}

/** Below that many deltas the spawn is most of the wall time, and says nothing about the producer. */
const headroomFrom = 1_000_000
const headroomNeeded = 4

/** A reader is only measured if the producer could have fed one that is four times as fast. */
const checkHeadroom = ({ rows, test }: CaseReport): void => {
  const newlines = rows.find(({ variant }) => variant === "newlines")
  const others = rows.filter((row) => row !== newlines)
  if (test.suite !== "bulk" || newlines === undefined || others.length === 0) return
  if (!flags.smoke && test.knobs.n < headroomFrom) return
  const fastest = Math.min(...others.map((row) => medianOf(row, (sample) => sample.wallMs)))
  const headroom = fastest / medianOf(newlines, (sample) => sample.wallMs)
  if (headroom >= headroomNeeded) return
  const message = `${test.name}: producer too slow, it feeds ${headroom.toFixed(1)} x the fastest reader, not ${headroomNeeded} x`
  if (flags.smoke) warnings.push(`${message} (at this size most of it is the spawn)`)
  else failures.push(message)
}

const about = { ...machine(producer), rounds, smoke: flags.smoke, startedAt: new Date().toISOString() }
console.log(`${JSON.stringify(about, undefined, 2)}\n`)

const reports = (flags.smoke ? smoke : full)
  .filter(({ suite, variants }) => (flags.suite ?? suite) === suite && variants.some(isWanted))
  .map((test) => {
    const report = runCase(test)
    checkHeadroom(report)
    console.log(table(report))
    return report
  })

console.log(`results: ${save({ ...about, warnings, failures }, reports)}`)
for (const warning of warnings) console.log(`warning: ${warning}`)
for (const failure of failures) console.log(`FAILED: ${failure}`)
process.exitCode = failures.length > 0 ? 1 : 0
