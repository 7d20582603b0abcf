/**
 * `npm run drift -- VERSION`: installs that version of Claude Code in a temporary folder, runs the end-to-end tests on it
 * and prints, as a table, what it says and takes that the pinned version does not, and the other way round. `--update`
 * with the pinned version writes what is known of it to `test/agents/shape.json`.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect } from "effect"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { ask } from "./drift/probe.ts"
import { compare, seenIn, type Shape, sorted } from "./drift/shape.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const shapeFile = path.join(root, "test/agents/shape.json")

const run = (cwd: string, file: string, args: ReadonlyArray<string>, env?: NodeJS.ProcessEnv): Effect.Effect<number> =>
  Effect.callback((resume) => {
    const child = spawn(file, args, { cwd, stdio: "inherit", env: { ...process.env, ...env } })
    child.once("error", (error) => resume(Effect.die(error)))
    child.once("exit", (code) => resume(Effect.succeed(code ?? 1)))
    return Effect.sync(() => child.kill())
  })

const temporary = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "effect-agent-session-drift-"))),
  (dir) => Effect.sync(() => fs.rmSync(dir, { recursive: true, force: true }))
)

const install = Effect.fnUntraced(function* (dir: string, version: string) {
  const name = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`
  fs.writeFileSync(path.join(dir, "package.json"), "{}")
  const code = yield* run(dir, "npm", ["install", "--no-audit", "--no-fund", `${name}@${version}`])
  const executable = path.join(dir, "node_modules", name, "claude")
  return code === 0 && fs.existsSync(executable)
    ? executable
    : yield* Effect.die(new Error(`${name}@${version} could not be installed`))
})

const program = Effect.gen(function* () {
  const update = process.argv.includes("--update")
  const [version, ...files] = process.argv.slice(2).filter((arg) => arg !== "--update")
  if (version === undefined) return yield* Effect.die(new Error("which version? npm run drift -- 2.1.197"))
  const dir = yield* temporary
  const record = path.join(dir, "record")
  fs.mkdirSync(record)
  const executable = yield* install(dir, version)
  const code = yield* run(root, "npx", ["vitest", "run", "--project", "e2e", ...files], {
    DRIFT_EXECUTABLE: executable,
    DRIFT_VERSION: version,
    DRIFT_RECORD: record
  })
  const shape: Shape = sorted({ ...seenIn(record), ...(yield* ask(executable)) })
  if (update) {
    fs.writeFileSync(shapeFile, `${JSON.stringify(shape, null, 2)}\n`)
    console.log(`${shapeFile} is what ${version} says and takes`)
  } else {
    const known: Shape = JSON.parse(fs.readFileSync(shapeFile, "utf8"))
    const differences = compare(known, shape)
    console.log(`\nClaude Code ${version} beside the pinned version: ${differences.length} differences`)
    if (differences.length > 0) console.table(differences)
  }
  process.exitCode = code
})

program.pipe(Effect.scoped, NodeRuntime.runMain)
