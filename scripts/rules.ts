/**
 * `npm run rules`: which test shows which rule of the design. A test says so by beginning its title with `rule N:`. Fails
 * on a rule that no test shows.
 */
import { globSync, readFileSync } from "node:fs"

/** What the rules are about, by number. */
const rules: ReadonlyArray<string> = [
  "one turn at a time; a cancelled queued turn is never sent",
  "a turn ends on its own result, on exit or on a timeout",
  "exactly one start and one end, of turns and of sessions",
  "leaving a turn's stream interrupts the agent and drains to its result",
  "is_error decides failure; an interrupt of ours is Interrupted",
  "cumulative figures become deltas per turn",
  "nothing waits for ever",
  "the control plane does not depend on readers",
  "the close ladder leaves nothing",
  "nothing survives the host",
  "arguments are data; prompts and secrets never on the command line",
  "the environment is built whole",
  "stderr is drained into a bounded, redacted tail",
  "unknown never fails",
  "decode in two steps, pass through as parsed",
  "lines are split on bytes, with a cap, in O(n)",
  "text is sacred",
  "no handler, no permission surface; a failing handler denies",
  "one writer per native session id",
  "resume is verified",
  "option values are validated before spawn"
]

const title = /\brule (\d+(?:, \d+)*): ([^"`\n]+)/g
const tests = new Map<number, Array<string>>(rules.map((_, index) => [index + 1, []]))
const files = [...globSync("test/**/*.test.ts"), ...globSync("src/testing/**/*.ts")].filter(
  (file) => !file.includes("node_modules")
)

for (const file of files.toSorted()) {
  for (const [, numbers = "", text = ""] of readFileSync(file, "utf8").matchAll(title)) {
    for (const number of numbers.split(", ")) tests.get(Number(number))?.push(`${text}  (${file})`)
  }
}

const missing = rules.flatMap((rule, index) =>
  (tests.get(index + 1) ?? []).length === 0 ? [`${index + 1}: ${rule}`] : []
)
for (const [index, rule] of rules.entries()) {
  console.log(`\nrule ${index + 1}: ${rule}`)
  for (const text of tests.get(index + 1) ?? []) console.log(`  - ${text}`)
}
console.log(`\n${rules.length - missing.length} of ${rules.length} rules shown`)
if (missing.length > 0) {
  console.error(`No test shows:\n  ${missing.join("\n  ")}`)
  process.exitCode = 1
}
