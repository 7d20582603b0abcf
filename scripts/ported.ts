/**
 * `npm run ported`: writes docs/ported-behaviours.md, which behaviour of the Elixir libraries is shown by which test. A
 * test says so at the end of its title: `[cc-N]`, `[asm-N]`. With `--check` it writes nothing, and fails when the page is
 * not what it would write, when a number has neither a test nor a reason, or has both.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { agentSessionManager } from "./ported/agentSessionManager.ts"
import type { Behaviour } from "./ported/Behaviour.ts"
import { claudeCode } from "./ported/claudeCode.ts"

const page = "docs/ported-behaviours.md"
const lists = [
  { tag: "cc", title: "claude_code", behaviours: claudeCode },
  { tag: "asm", title: "agent_session_manager, claude_agent_sdk, claude_wrapper", behaviours: agentSessionManager }
]

const files = [...globSync("test/**/*.test.ts"), ...globSync("src/testing/**/*.ts")].filter(
  (file) => !file.includes("node_modules")
)
const titleOf = /(["`])((?:(?!\1)[^\n])*\[(?:cc|asm)-\d+\](?:(?!\1)[^\n])*)\1/g

const shown = new Map<string, Array<{ readonly title: string; readonly file: string }>>()
for (const file of files.toSorted()) {
  for (const [, , text = ""] of readFileSync(file, "utf8").matchAll(titleOf)) {
    const title = text.replaceAll(/\s*\[(?:cc|asm)-\d+\]\s*/g, " ").trim()
    for (const [, tag = ""] of text.matchAll(/\[((?:cc|asm)-\d+)\]/g)) {
      shown.set(tag, [...(shown.get(tag) ?? []), { title, file }])
    }
  }
}

const faults: Array<string> = []
const cell = (text: string): string => text.replaceAll("|", "\\|")

const row = (tag: string, [says, reason]: Behaviour, index: number): string => {
  const id = `${tag}-${index + 1}`
  const [first, ...others] = shown.get(id) ?? []
  if (first === undefined && reason === undefined) faults.push(`${id} has neither a test nor a reason: ${says}`)
  if (first !== undefined && reason !== undefined)
    faults.push(`${id} has a test, so its reason is out of date: ${reason}`)
  const more = others.length === 0 ? "" : ` (and ${others.length} more)`
  const answer = first === undefined ? `_${reason ?? "?"}_` : `“${cell(first.title)}”${more}, \`${first.file}\``
  return `| ${id} | ${cell(says)} | ${answer} |`
}

const tables = lists.map(({ behaviours, tag, title }) =>
  [
    `## ${title}`,
    "",
    "| | behaviour | test, or why there is none |",
    "| --- | --- | --- |",
    ...behaviours.map((behaviour, index) => row(tag, behaviour, index))
  ].join("\n")
)
const known = new Set(lists.flatMap(({ behaviours, tag }) => behaviours.map((_, index) => `${tag}-${index + 1}`)))
faults.push(...[...shown.keys()].filter((tag) => !known.has(tag)).map((tag) => `${tag} is no number of a behaviour`))

const total = known.size
const withTest = [...known].filter((tag) => shown.has(tag)).length
const text = `# Behaviours of the Elixir libraries

Written by \`npm run ported\`; do not edit. Which behaviour of the libraries this one re-imagines is shown by which test
here: ${withTest} of ${total}. The rest says why not.

${tables.join("\n\n")}
`

console.log(`${withTest} of ${total} behaviours are shown by a test`)
if (!process.argv.includes("--check")) writeFileSync(page, text)
else if (readFileSync(page, "utf8") !== text) faults.push(`${page} is not up to date: run \`npm run ported\``)
if (faults.length > 0) {
  console.error(faults.join("\n"))
  process.exitCode = 1
}
