/**
 * `npm run snippets`: every TypeScript block of README and docs stands, word for word, in a file of `examples/`, which is
 * type-checked and run. Indentation does not count.
 */
import { globSync, readFileSync } from "node:fs"

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

for (const page of ["README.md", ...globSync("docs/*.md")].toSorted()) {
  for (const [, code = ""] of readFileSync(page, "utf8").matchAll(block)) {
    count++
    if (!examples.some(({ text }) => text.includes(flat(code)))) lost.push(`${page}: ${flat(code).split("\n")[0]} …`)
  }
}

console.log(`${count - lost.length} of ${count} snippets are in examples/`)
if (lost.length > 0) {
  console.error(`Not in examples/:\n  ${lost.join("\n  ")}`)
  process.exitCode = 1
}
