/**
 * Where the CLI is: what the user says, then `CLAUDE_CODE_PATH`, then the package in `node_modules`, `PATH` and the
 * folders its installers use.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import { AgentError, ExecutableNotFound, SpawnFailed } from "../../AgentError.ts"

export interface Executable {
  readonly path: string
  /** What comes before the CLI's own arguments: the script, when `path` is the runtime that runs it. */
  readonly args: ReadonlyArray<string>
}

const install =
  "Install it with `npm install -g @anthropic-ai/claude-code`, or set CLAUDE_CODE_PATH or the `executable` option"

/** A script is run by the runtime we run on. */
export const runnable = (path: string): Executable =>
  /\.[cm]?[jt]s$/.test(path) ? { path: process.execPath, args: [path] } : { path, args: [] }

const platformPackage = `@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}`

const binary = process.platform === "win32" ? "claude.exe" : "claude"

/** The directory and all above it. */
const upwards = (path: Path.Path, from: string): ReadonlyArray<string> => {
  const parent = path.dirname(from)
  return parent === from ? [from] : [from, ...upwards(path, parent)]
}

/** Every place that is looked at when nobody says, in order. Pure. */
export const places = (
  path: Path.Path,
  cwd: string,
  env: Readonly<Record<string, string | undefined>>
): ReadonlyArray<string> => {
  const home = env.HOME ?? env.USERPROFILE
  const packages = upwards(path, cwd).flatMap((dir) =>
    [platformPackage, `${platformPackage}-musl`].map((name) => path.join(dir, "node_modules", name, binary))
  )
  const bins = upwards(path, cwd).map((dir) => path.join(dir, "node_modules", ".bin", binary))
  const onPath = (env.PATH ?? "").split(process.platform === "win32" ? ";" : ":").filter((dir) => dir !== "")
  const homes =
    home === undefined
      ? []
      : [
          [".claude", "local"],
          [".local", "bin"],
          [".npm-global", "bin"],
          [".bun", "bin"]
        ]
  return [
    ...packages,
    ...bins,
    ...onPath.map((dir) => path.join(dir, binary)),
    ...homes.map((parts) => path.join(home ?? "", ...parts, binary)),
    ...["/usr/local/bin", "/opt/homebrew/bin", "/usr/bin"].map((dir) => path.join(dir, binary))
  ]
}

/** Looks at the disk each time: an installation may come and go while a program runs. */
export const find = Effect.fnUntraced(function* (
  config: { readonly executable?: string | undefined },
  env: Readonly<Record<string, string | undefined>>
): Effect.fn.Return<Executable, AgentError, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const fail = (reason: ExecutableNotFound | SpawnFailed): AgentError =>
    new AgentError({ agent: "claude", phase: "resolve", reason })
  const isFile = (file: string): Effect.Effect<boolean> =>
    fs.stat(file).pipe(
      Effect.map((info) => info.type === "File"),
      Effect.orElseSucceed(() => false)
    )
  const mayRun = (file: string): Effect.Effect<boolean> =>
    fs.stat(file).pipe(
      Effect.map((info) => process.platform === "win32" || (Number(info.mode) & 0o111) !== 0),
      Effect.orElseSucceed(() => false)
    )
  const told = config.executable ?? env.CLAUDE_CODE_PATH
  if (told !== undefined) {
    const file = path.resolve(told)
    if (!(yield* isFile(file))) return yield* fail(new ExecutableNotFound({ lookedIn: [file], install }))
    const executable = runnable(file)
    if (executable.args.length === 0 && !(yield* mayRun(file))) {
      return yield* fail(new SpawnFailed({ description: `${file} is not executable` }))
    }
    return executable
  }
  const lookedIn = places(path, process.cwd(), env)
  for (const file of lookedIn) {
    if ((yield* isFile(file)) && (yield* mayRun(file))) return runnable(file)
  }
  return yield* fail(new ExecutableNotFound({ lookedIn: [...new Set(lookedIn)], install }))
})
