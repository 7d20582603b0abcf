/**
 * Where the CLI keeps its conversations, read only to know whether one is there: `<config>/projects/<project>/<id>.jsonl`.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import type { Environment } from "../../internal/agentProcess.ts"

export interface Place {
  readonly configDir: string
  /** Absolute. */
  readonly cwd: string
}

/** The configuration folder of a process with this environment. */
export const configDir = (env: Environment): string => {
  const value = (name: string): string | undefined => {
    const variable = env[name]
    return variable === undefined || typeof variable === "string" ? variable : Redacted.value(variable)
  }
  return value("CLAUDE_CONFIG_DIR") ?? `${value("HOME") ?? value("USERPROFILE") ?? "."}/.claude`
}

const longest = 200

const hash = (text: string): string => {
  let sum = 0
  for (let index = 0; index < text.length; index++) sum = ((sum << 5) - sum + text.charCodeAt(index)) | 0
  return Math.abs(sum).toString(36)
}

/** The folder of a working directory, as the CLI spells it: what is no letter or digit becomes a dash. */
export const projectDirName = (cwd: string): string => {
  const name = cwd.replace(/[^A-Za-z0-9]/g, "-")
  return name.length <= longest ? name : `${name.slice(0, longest)}-${hash(cwd)}`
}

const projectDir = Effect.fnUntraced(function* ({ configDir, cwd }: Place) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const real = yield* Effect.orElseSucceed(fs.realPath(cwd), () => cwd)
  return path.join(configDir, "projects", projectDirName(real))
})

const names = (dir: string): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.readDirectory(dir), () => []))

/** For errors. */
export const lookedIn = (
  place: Place
): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(projectDir(place), (dir) => [dir, `${place.configDir}/projects/*`])

/** The file of a conversation: in the project of the working directory, then in any. */
export const find = Effect.fnUntraced(function* (
  id: string,
  place: Place
): Effect.fn.Return<Option.Option<string>, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const projects = path.join(place.configDir, "projects")
  const others = Effect.map(names(projects), (dirs) => dirs.map((dir) => path.join(projects, dir)))
  for (const dir of [yield* projectDir(place), ...(yield* others)]) {
    const file = path.join(dir, `${id}.jsonl`)
    if (yield* Effect.orElseSucceed(fs.exists(file), () => false)) return Option.some(file)
  }
  return Option.none()
})

const conversation = /^([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})\.jsonl$/i

/** The conversation of the working directory that was written to last. */
export const latest = Effect.fnUntraced(function* (
  place: Place
): Effect.fn.Return<Option.Option<string>, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const dir = yield* projectDir(place)
  let newest: { readonly id: string; readonly at: number } | undefined
  for (const name of yield* names(dir)) {
    const id = conversation.exec(name)?.[1]
    if (id === undefined) continue
    const info = yield* Effect.option(fs.stat(path.join(dir, name)))
    if (Option.isNone(info) || Number(info.value.size) === 0) continue
    const at = Option.match(info.value.mtime, { onNone: () => 0, onSome: (date) => date.getTime() })
    if (newest === undefined || at > newest.at) newest = { id, at }
  }
  return Option.map(Option.fromUndefinedOr(newest), ({ id }) => id)
})
