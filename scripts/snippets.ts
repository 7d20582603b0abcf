/**
 * `npm run snippets`: every TypeScript block of README and docs stands, word for word, in a file of `examples/`, which is
 * type-checked and run. Indentation does not count. And every link between the pages leads somewhere.
 */
import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

const flat = (text: string): string =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .join("\n")

const examples = globSync("examples/**/*.ts").map((file) => ({ file, text: flat(readFileSync(file, "utf8")) }))
const block = /^```ts\n([\s\S]*?)^```/gm
let count = 0
const lost: Array<string> = []

/** The names that a link can have behind its `#`, as GitHub makes them of headings. */
const anchorsOf = (page: string): ReadonlyArray<string> =>
  [
    ...readFileSync(page, "utf8")
      .replaceAll(/^```[\s\S]*?^```/gm, "")
      .matchAll(/^#+ (.*)$/gm)
  ].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-")
  )

const broken: Array<string> = []

for (const page of ["README.md", "AGENTS.md", ...globSync("docs/*.md")].toSorted()) {
  const text = readFileSync(page, "utf8")
  for (const [, path = "", anchor] of text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)]*))?\)/g)) {
    const target = path === "" ? page : join(dirname(page), path)
    if (!existsSync(target) || (anchor !== undefined && !anchorsOf(target).includes(anchor))) {
      broken.push(`${page}: ${path}${anchor === undefined ? "" : `#${anchor}`}`)
    }
  }
  for (const [, code = ""] of text.matchAll(block)) {
    count++
    if (!examples.some(({ text }) => text.includes(flat(code)))) lost.push(`${page}: ${flat(code).split("\n")[0]} …`)
  }
}

console.log(`${count - lost.length} of ${count} snippets are in examples/`)
if (lost.length > 0) console.error(`Not in examples/:\n  ${lost.join("\n  ")}`)
if (broken.length > 0) console.error(`Links that lead nowhere:\n  ${broken.join("\n  ")}`)
if (lost.length + broken.length > 0) process.exitCode = 1
