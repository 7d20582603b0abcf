/**
 * `npm run drift -- VERSION`: installs that version of Claude Code in a temporary folder, runs the end-to-end tests on it
 * and prints, as a table, what it says and takes that the pinned version does not, and the other way round. `--update`
 * with the pinned version writes what is known of it to `test/agents/shape.json`; a second time, it notes what came only
 * once, which is then no difference.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect } from "effect"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { install, run, temporary } from "./drift/install.ts"
import { ask } from "./drift/probe.ts"
import { compare, type Known, learn, seenIn, type Shape } from "./drift/shape.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const shapeFile = path.join(root, "test/agents/shape.json")

const program = Effect.gen(function* () {
  const update = process.argv.includes("--update")
  const [version, ...files] = process.argv.slice(2).filter((arg) => arg !== "--update")
  if (version === undefined) return yield* Effect.die(new Error("which version? npm run drift -- 2.1.197"))
  const record = yield* temporary
  const executable = yield* install(version)
  const code = yield* run(root, "npx", ["vitest", "run", "--project", "e2e", ...files], {
    DRIFT_EXECUTABLE: executable,
    DRIFT_VERSION: version,
    DRIFT_RECORD: record
  })
  const shape: Shape = { ...seenIn(record), ...(yield* ask(executable)) }
  const known: Known | undefined = fs.existsSync(shapeFile) ? JSON.parse(fs.readFileSync(shapeFile, "utf8")) : undefined
  if (update) {
    const before = known?.version === version ? known : undefined
    fs.writeFileSync(shapeFile, `${JSON.stringify(learn(version, shape, before), null, 2)}\n`)
    console.log(`${shapeFile} is what ${version} says and takes`)
  } else if (known === undefined) {
    return yield* Effect.die(new Error("nothing is known yet: npm run drift -- VERSION --update"))
  } else {
    const differences = compare(known, shape)
    console.log(`\nClaude Code ${version} beside ${known.version}: ${differences.length} differences`)
    if (differences.length > 0) console.table(differences)
  }
  process.exitCode = code
})

program.pipe(Effect.scoped, NodeRuntime.runMain)
