/**
 * Where the CLI is: what the user says, then `CLAUDE_CODE_PATH`, then the packages in `node_modules`, `PATH` and the
 * folders its installers use. Nothing is remembered: an installation may come and go while a program runs.
 */
import { homedir } from "node:os"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import { AgentError, ExecutableNotFound, SpawnFailed } from "../../AgentError.ts"

export interface Executable {
  /** absolute: the working directory of the session is another one than ours */
  readonly path: string
  /** what comes before the CLI's own arguments: the script, when `path` is the runtime that runs it */
  readonly args: ReadonlyArray<string>
}

type Variables = Readonly<Record<string, string | undefined>>

const install =
  "Install it with `npm install -g @anthropic-ai/claude-code`, or say where it is in `executable` or CLAUDE_CODE_PATH"

const windows = process.platform === "win32"
const binary = windows ? "claude.exe" : "claude"

const isScript = (file: string): boolean => /\.[cm]?[jt]s$/.test(file)

const executable = (file: string): Executable =>
  isScript(file) ? { path: process.execPath, args: [file] } : { path: file, args: [] }

const fail = (reason: ExecutableNotFound | SpawnFailed): AgentError =>
  new AgentError({ agent: "claude", phase: "resolve", reason })

type Found = "absent" | "no file" | "not executable" | "usable"

const look = (file: string): Effect.Effect<Found, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.stat(file).pipe(
      Effect.map(({ mode, type }): Found => {
        if (type !== "File") return "no file"
        return isScript(file) || windows || (mode & 0o111) !== 0 ? "usable" : "not executable"
      }),
      Effect.orElseSucceed((): Found => "absent")
    )
  )

/** The directory and all above it. */
const upwards = (path: Path.Path, from: string): ReadonlyArray<string> => {
  const parent = path.dirname(from)
  return parent === from ? [from] : [from, ...upwards(path, parent)]
}

/**
 * The folders that may hold Anthropic's packages for a `node_modules`: its own, and where its package manager put what
 * the two packages with the CLI depend on (inside of them with npm, next to where they really are with pnpm).
 */
const scopes = Effect.fnUntraced(function* (nodeModules: string) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const scope = path.join(nodeModules, "@anthropic-ai")
  const folders = [scope]
  for (const name of ["claude-agent-sdk", "claude-code"]) {
    const real = yield* Effect.option(fs.realPath(path.join(scope, name)))
    if (Option.isSome(real)) {
      folders.push(path.join(real.value, "node_modules", "@anthropic-ai"), path.dirname(real.value))
    }
  }
  return folders
})

/**
 * The packages that are, or hold, the CLI. npm installs the binary for the wrong libc too when it does not know which
 * one there is; the one for musl starts only where musl's loader is.
 */
const packages = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const loader = `/lib/ld-musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`
  const musl = process.platform === "linux" && (yield* Effect.orElseSucceed(fs.exists(loader), () => false))
  const platforms = (musl ? ["-musl", ""] : [""]).map((libc) => `${process.platform}-${process.arch}${libc}`)
  return [
    ...["claude-agent-sdk", "claude-code"].flatMap((name) =>
      platforms.map((platform) => `${name}-${platform}/${binary}`)
    ),
    // Until 2.0 the CLI was a script.
    "claude-code/cli.js"
  ]
})

const inPackages = Effect.gen(function* () {
  const path = yield* Path.Path
  const names = yield* packages
  const folders = yield* Effect.forEach(upwards(path, process.cwd()), (dir) => scopes(path.join(dir, "node_modules")))
  return [...new Set(folders.flat())].flatMap((folder) => names.map((name) => path.join(folder, name)))
})

const onPath = (path: Path.Path, env: Variables, name: string): ReadonlyArray<string> =>
  (env["PATH"] ?? "")
    .split(windows ? ";" : ":")
    .filter((dir) => dir !== "")
    .map((dir) => path.resolve(dir, name))

const inKnownFolders = (path: Path.Path, env: Variables): ReadonlyArray<string> => {
  const home = env["HOME"] || homedir()
  return [
    path.join(home, ".local", "bin"),
    path.join(home, ".claude", "local"),
    path.join(home, ".npm-global", "bin"),
    path.join(home, ".yarn", "bin"),
    path.join(home, ".bun", "bin"),
    "/usr/local/bin",
    "/opt/homebrew/bin",
    "/usr/bin"
  ].map((dir) => path.join(dir, binary))
}

/** What the user names: a path, or a bare name that is looked for like a command. */
const named = Effect.fnUntraced(function* (told: string, env: Variables) {
  const path = yield* Path.Path
  const file = path.resolve(told)
  const lookedIn = path.basename(told) === told ? [file, ...onPath(path, env, told)] : [file]
  for (const file of lookedIn) {
    const found = yield* look(file)
    if (found === "usable") return executable(file)
    if (found === "not executable") {
      return yield* fail(new SpawnFailed({ description: `${file} is not executable: chmod +x it` }))
    }
    if (found === "no file") return yield* fail(new SpawnFailed({ description: `${file} is not a file` }))
  }
  return yield* fail(new ExecutableNotFound({ lookedIn, install }))
})

/**
 * Finds the CLI. Fails with ExecutableNotFound, which says where it was looked for, or with SpawnFailed when what the
 * user names is there and cannot be run.
 */
export const find = Effect.fnUntraced(function* (
  config: { readonly executable?: string | undefined },
  env: Variables
): Effect.fn.Return<Executable, AgentError, FileSystem.FileSystem | Path.Path> {
  const told = config.executable || env["CLAUDE_CODE_PATH"]
  if (told) return yield* named(told, env)
  const path = yield* Path.Path
  const lookedIn = new Set([...(yield* inPackages), ...onPath(path, env, binary), ...inKnownFolders(path, env)])
  for (const file of lookedIn) {
    if ((yield* look(file)) === "usable") return executable(file)
  }
  return yield* fail(new ExecutableNotFound({ lookedIn: [...lookedIn], install }))
})
