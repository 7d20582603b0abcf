/**
 * Which file may import which: no cycles, dependencies in one direction, and the modules of `effect` that may still
 * change in one folder. Type imports do not count: they are gone when the code runs.
 */
import { globSync, readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path"

interface Import {
  readonly from: string
  readonly to: string
}

interface Rule {
  readonly says: string
  readonly broken: (edge: Import) => boolean
}

const statement = /^(?:import|export)\s+(?!type\b)(?:[^;"]*?\sfrom\s+)?"([^"]+)"/gm

const onlyTypes = (text: string): boolean => {
  const names = /\{([^}]*)\}/.exec(text)?.[1]
  return (
    names !== undefined &&
    !/^import\s+\w/.test(text) &&
    names.split(",").every((name) => name.trim() === "" || name.trim().startsWith("type "))
  )
}

const target = (file: string, to: string): string => (to.startsWith(".") ? normalize(join(dirname(file), to)) : to)

const files = globSync("src/**/*.ts").map((file) => normalize(file))

const edges: ReadonlyArray<Import> = files.flatMap((file) =>
  [...readFileSync(file, "utf8").matchAll(statement)]
    .filter(([text]) => !onlyTypes(text))
    .map(([, to = ""]) => ({ from: file, to: target(file, to) }))
)

const inFolder = (path: string, folder: string): boolean => path.startsWith(`src/${folder}/`)
const adapters = ["claude", "codex", "acp", "testing"]
const roomOf = (path: string): string | undefined => adapters.find((folder) => inFolder(path, folder))
const frontDoors = new Set(["src/StreamSession.ts", "src/SessionRegistry.ts", "src/SessionStore.ts"])

const rules: ReadonlyArray<Rule> = [
  {
    says: "an adapter is imported by itself only",
    broken: ({ from, to }) => roomOf(to) !== undefined && roomOf(from) !== roomOf(to)
  },
  {
    says: "a front door is imported by the index, or by another front door",
    broken: ({ from, to }) => frontDoors.has(to) && from !== "src/index.ts" && !frontDoors.has(from)
  },
  { says: "nobody imports an index", broken: ({ to }) => to.startsWith("src/") && to.endsWith("/index.ts") },
  {
    says: "the platform is the program's to choose",
    broken: ({ from, to }) => to.startsWith("@effect/platform-") && !inFolder(from, "cli")
  },
  { says: "modules of effect are imported by path", broken: ({ to }) => to === "effect" },
  {
    says: "effect/process is used in src/internal, and by what stands in for it in tests",
    broken: ({ from, to }) =>
      to.startsWith("effect/process") && !inFolder(from, "internal") && !inFolder(from, "testing")
  },
  {
    says: "effect/ai, effect/cluster and effect/cli are loaded when they are wanted, or in their own folder",
    broken: ({ from, to }) => {
      const room = /^effect\/(ai|cluster|cli)\b/.exec(to)?.[1]
      return room !== undefined && !inFolder(from, room)
    }
  }
]

const offences = rules.flatMap(({ broken, says }) =>
  edges.filter(broken).map(({ from, to }) => `${says}: ${from} imports ${to}`)
)

const graph = new Map(files.map((file) => [file, edges.filter(({ from }) => from === file).map(({ to }) => to)]))
const done = new Set<string>()
const cycles: Array<string> = []
const visit = (file: string, path: ReadonlyArray<string>): void => {
  if (path.includes(file)) {
    cycles.push([...path.slice(path.indexOf(file)), file].join(" → "))
    return
  }
  if (done.has(file)) return
  for (const to of graph.get(file) ?? []) visit(to, [...path, file])
  done.add(file)
}
for (const file of graph.keys()) visit(file, [])

console.log(
  `${files.length} files, ${edges.length} imports, ${cycles.length} cycles, ${offences.length} in the wrong direction`
)
if (cycles.length + offences.length > 0) {
  console.error([...cycles, ...offences].join("\n"))
  process.exitCode = 1
}
