/**
 * `npm run coming-from`: writes docs/coming-from-elixir.md and docs/coming-from-the-sdk.md: their function, ours, and the
 * test that shows it. With `--check` it writes nothing, and fails when a page is not what it would write, or when a row
 * names a test that is not there.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { elixir } from "./comingFrom/elixir.ts"
import type { Page } from "./comingFrom/Page.ts"

const pages: ReadonlyArray<Page> = [elixir]

const files = [...globSync("test/**/*.test.ts"), ...globSync("src/testing/**/*.ts")].filter(
  (file) => !file.includes("node_modules")
)
const sources = files.map((file) => readFileSync(file, "utf8"))
const exists = (title: string): boolean => title !== "" && sources.some((text) => text.includes(title))

const cell = (text: string): string => text.replaceAll("|", "\\|")
const faults: Array<string> = []

const tableOf = ({ intro, rows, title }: Page["sections"][number]): string =>
  [
    `## ${title}`,
    "",
    ...(intro === undefined ? [] : [intro, ""]),
    "| theirs | here | shown by the test |",
    "| --- | --- | --- |",
    ...rows.map(([theirs, ours, test]) => {
      if (!exists(test)) faults.push(`${theirs}: there is no test “${test}”`)
      return `| ${cell(theirs)} | ${cell(ours)} | ${cell(test)} |`
    })
  ].join("\n")

for (const { file, intro, sections, title } of pages) {
  const text = [
    `# ${title}`,
    "",
    intro,
    "",
    "Written by `npm run coming-from`; do not edit.",
    "",
    sections.map(tableOf).join("\n\n"),
    ""
  ].join("\n")
  if (!process.argv.includes("--check")) writeFileSync(file, text)
  else if (readFileSync(file, "utf8") !== text) faults.push(`${file} is not up to date: run \`npm run coming-from\``)
}

console.log(
  `${pages.flatMap((page) => page.sections.flatMap(({ rows }) => rows)).length} rows, ${faults.length} faults`
)
if (faults.length > 0) {
  console.error(faults.join("\n"))
  process.exitCode = 1
}
