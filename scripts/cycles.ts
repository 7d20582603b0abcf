/** Fails on an import cycle between files of `src`. Type imports do not count: they are gone when the code runs. */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"

const statement = /^(?:import|export)\s+(?!type\b)(?:[^;"]*?\sfrom\s+)?"(\.[^"]+)"/gm

const onlyTypes = (text: string): boolean => {
  const names = /\{([^}]*)\}/.exec(text)?.[1]
  return names !== undefined && names.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type "))
}

const graph = new Map(
  globSync("src/**/*.ts").map((file) => [
    normalize(file),
    [...readFileSync(file, "utf8").matchAll(statement)]
      .filter(([text]) => !onlyTypes(text))
      .map(([, target = ""]) => normalize(join(dirname(file), target)))
  ])
)

const done = new Set<string>()
const cycles: Array<string> = []
const visit = (file: string, path: ReadonlyArray<string>): void => {
  if (path.includes(file)) {
    cycles.push([...path.slice(path.indexOf(file)), file].join(" → "))
    return
  }
  if (done.has(file)) return
  for (const target of graph.get(file) ?? []) visit(target, [...path, file])
  done.add(file)
}
for (const file of graph.keys()) visit(file, [])

console.log(`${graph.size} files, ${cycles.length} import cycles`)
if (cycles.length > 0) {
  console.error(cycles.join("\n"))
  process.exitCode = 1
}
