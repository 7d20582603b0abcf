/**
 * `npm run coming-from`: writes docs/coming-from-elixir.md and docs/coming-from-the-sdk.md: their function, ours, and the
 * test that shows it. With `--check` it writes nothing, and fails when a page is not what it would write. Either way it
 * fails on an empty cell, and on a row that names a test that is not there.
 */
import { globSync, readFileSync, writeFileSync } from "node:fs"
import { elixir } from "./comingFrom/elixir.ts"
import type { Page } from "./comingFrom/Page.ts"
import { sdk } from "./comingFrom/sdk.ts"

const pages: ReadonlyArray<Page> = [elixir, sdk]

// What the real CLI shows comes first.
const files = [...globSync("test/**/*.test.ts"), ...globSync("src/testing/**/*.ts")]
  .filter((file) => !file.includes("node_modules"))
  .toSorted((a, b) => Number(b.includes("e2e")) - Number(a.includes("e2e")) || (a < b ? -1 : 1))
const sources = files.map((file) => ({ file, text: readFileSync(file, "utf8") }))

/** The file with the test of this title; numbers of ported behaviours may come behind it. */
const fileOf = (title: string): string | undefined => {
  const literals = ['"', "`"].flatMap((quote) => [`${quote}${title}${quote}`, `${quote}${title} [`])
  return sources.find(({ text }) => literals.some((literal) => text.includes(literal)))?.file
}

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
      const file = fileOf(test)
      if (theirs === "" || ours === "") faults.push(`${theirs}: an empty cell`)
      if (file === undefined) faults.push(`${theirs}: there is no test “${test}”`)
      return `| ${cell(theirs)} | ${cell(ours)} | “${cell(test)}”, \`${file ?? "?"}\` |`
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
