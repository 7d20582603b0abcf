/**
 * `npm run project:check`: the package as its users get it. Packs it, installs it in an empty project, loads every module
 * it exports, type-checks and runs the conversation of the README against the real CLI and a model made up here.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { Effect } from "effect"
import { execFile } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { executable } from "../test/e2e/agents.ts"
import * as MockApi from "../test/support/mockApi.ts"

const root = fileURLToPath(new URL("..", import.meta.url))
const run = promisify(execFile)

interface Ran {
  readonly stdout: string
  readonly stderr: string
}

const command = (cwd: string, file: string, args: ReadonlyArray<string>, env?: NodeJS.ProcessEnv): Effect.Effect<Ran> =>
  Effect.promise((signal) => run(file, [...args], { cwd, signal, maxBuffer: 2 ** 26, env: { ...process.env, ...env } }))

const temporary = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "effect-agent-session-project-"))),
  (dir) => Effect.sync(() => fs.rmSync(dir, { recursive: true, force: true }))
)

/** The versions of this repository, so that nothing newer than what is tested comes in. */
const versionOf = (name: string): string => {
  const manifest: { readonly version: string } = JSON.parse(
    fs.readFileSync(path.join(root, "node_modules", name, "package.json"), "utf8")
  )
  return `${name}@${manifest.version}`
}

/** Every module that `exports` lets in. */
const modules = (): ReadonlyArray<string> =>
  fs
    .globSync("**/*.js", { cwd: path.join(root, "dist") })
    .filter((file) => !file.includes("internal/"))
    .map((file) => file.replace(/(?:^|\/)index\.js$/, "").replace(/\.js$/, ""))
    .map((name) => (name === "" ? "effect-agent-session" : `effect-agent-session/${name}`))

const readme = (): string => {
  const blocks = [...fs.readFileSync(path.join(root, "README.md"), "utf8").matchAll(/^```ts\n([\s\S]*?)^```/gm)]
  const found = blocks.map(([, code = ""]) => code).find((code) => code.includes("NodeRuntime.runMain"))
  if (found === undefined) throw new Error("the README has no program to run")
  return found
}

const program = Effect.gen(function* () {
  const dir = yield* temporary
  const project = path.join(dir, "project")
  const home = path.join(dir, "home")
  fs.mkdirSync(project)
  fs.mkdirSync(home)
  const packed = yield* command(root, "npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", dir])
  const tarball = fs.readdirSync(dir).find((file) => file.endsWith(".tgz"))
  if (tarball === undefined) return yield* Effect.die(new Error(`npm pack made nothing: ${packed.stdout}`))
  fs.writeFileSync(path.join(project, "package.json"), JSON.stringify({ name: "hello", private: true, type: "module" }))
  const dependencies = ["effect", "@effect/platform-node", "typescript", "@types/node"].map(versionOf)
  yield* command(project, "npm", ["install", "--no-audit", "--no-fund", path.join(dir, tarball), ...dependencies])

  const names = modules()
  fs.writeFileSync(path.join(project, "all.ts"), names.map((name) => `await import("${name}")`).join("\n"))
  fs.writeFileSync(path.join(project, "hello.ts"), readme())
  const compilerOptions = {
    target: "es2024",
    module: "nodenext",
    strict: true,
    noEmit: true,
    types: ["node"],
    allowImportingTsExtensions: true
  }
  fs.writeFileSync(
    path.join(project, "tsconfig.json"),
    JSON.stringify({ compilerOptions, files: ["all.ts", "hello.ts"] })
  )
  yield* command(project, path.join(project, "node_modules", ".bin", "tsc"), ["-p", "."])
  yield* command(project, process.execPath, ["all.ts"])
  console.log(`${names.length} modules load in a new project, and their types hold`)

  const api = yield* MockApi.scoped
  const { stdout } = yield* command(project, process.execPath, ["hello.ts"], {
    ...api.env(home),
    XDG_STATE_HOME: path.join(home, "state"),
    CLAUDE_CODE_PATH: executable()
  })
  if (stdout.trim() === "") return yield* Effect.die(new Error("the conversation of the README printed nothing"))
  console.log(`the conversation of the README, on the real CLI: ${stdout.trim()}`)
})

program.pipe(Effect.scoped, NodeRuntime.runMain)
