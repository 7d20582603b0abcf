/** The tables of `docs/performance.md`: what stands between `<!-- bench:NAME -->` and `<!-- /bench -->`. */
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const path = join(import.meta.dirname, "../docs/performance.md")

/** Writes the sections that there is news of; the others stay as they are. */
export const writeDocs = (sections: ReadonlyMap<string, string>): void => {
  const page = readFileSync(path, "utf8")
  const written = page.replaceAll(
    /(<!-- bench:(\w+) -->\n)[^]*?(<!-- \/bench -->)/g,
    (whole, begin: string, name: string, end: string) => {
      const text = sections.get(name)
      return text === undefined ? whole : `${begin}\n${text}\n\n${end}`
    }
  )
  writeFileSync(path, written)
}
