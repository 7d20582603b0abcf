/** Another version of Claude Code, as npm has it, in a temporary folder. */
import { Effect, type Scope } from "effect"
import { spawn } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"

export const run = (
  cwd: string,
  file: string,
  args: ReadonlyArray<string>,
  env?: NodeJS.ProcessEnv
): Effect.Effect<number> =>
  Effect.callback((resume) => {
    const child = spawn(file, args, { cwd, stdio: "inherit", env: { ...process.env, ...env } })
    child.once("error", (error) => resume(Effect.die(error)))
    child.once("exit", (code) => resume(Effect.succeed(code ?? 1)))
    return Effect.sync(() => child.kill())
  })

export const temporary: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(path.join(os.tmpdir(), "effect-agent-session-"))),
  (dir) => Effect.sync(() => fs.rmSync(dir, { recursive: true, force: true }))
)

/** Where its program is, until the Scope is closed. */
export const install = Effect.fnUntraced(function* (version: string): Effect.fn.Return<string, never, Scope.Scope> {
  const dir = yield* temporary
  const name = `@anthropic-ai/claude-code-${process.platform}-${process.arch}`
  fs.writeFileSync(path.join(dir, "package.json"), "{}")
  const code = yield* run(dir, "npm", ["install", "--no-audit", "--no-fund", `${name}@${version}`])
  const executable = path.join(dir, "node_modules", name, "claude")
  return code === 0 && fs.existsSync(executable)
    ? executable
    : yield* Effect.die(new Error(`${name}@${version} could not be installed`))
})
