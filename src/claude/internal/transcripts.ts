/**
 * Where the CLI keeps its conversations: `<config>/projects/<project>/<id>.jsonl`. Read here only to know whether one is
 * there before a process is started. Measured on Claude Code 2.1.329. What cannot be read counts as not there.
 */
import { homedir, userInfo } from "node:os"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import type { Environment } from "../../internal/agentCommand.ts"
import { isUuid } from "../../internal/uuid.ts"
import { parsedObject } from "./jsonText.ts"

export interface Place {
  /** what `configDir` gives */
  readonly configDir: string
  /** the working directory of the session, absolute */
  readonly cwd: string
}

type Host = FileSystem.FileSystem | Path.Path

/** The home of whoever has no `HOME`, as the system knows it; a container may have users it does not know. */
const homeOfUser = (): string => {
  try {
    return userInfo().homedir
  } catch {
    return homedir()
  }
}

/**
 * The configuration folder of a CLI with this environment. An empty `CLAUDE_CONFIG_DIR` is its working directory, a
 * relative one starts there, and both are what the CLI makes of them.
 */
export const configDir = (env: { readonly [K in keyof Environment]: Environment[K] | undefined }): string => {
  const valueOf = (name: string): string | undefined => {
    const variable = env[name]
    return Redacted.isRedacted(variable) ? Redacted.value(variable) : variable
  }
  return (valueOf("CLAUDE_CONFIG_DIR") ?? `${valueOf("HOME") || homeOfUser()}/.claude`).normalize("NFC")
}

/** A name that is longer ends in a hash. */
export const longestName = 200

const hash = (text: string): string => {
  let sum = 0
  for (let index = 0; index < text.length; index++) sum = (Math.imul(sum, 31) + text.charCodeAt(index)) | 0
  return Math.abs(sum).toString(36)
}

/** Each UTF-16 unit that is no ASCII letter or digit becomes a dash. */
export const dashed = (cwd: string): string => cwd.replace(/[^A-Za-z0-9]/g, "-")

/**
 * The folder of a working directory whose links are resolved. Two directories may share a name; only those longer than
 * 200 are told apart.
 */
export const projectDirName = (cwd: string): string => {
  const name = dashed(cwd)
  return name.length <= longestName ? name : `${name.slice(0, longestName)}-${hash(cwd)}`
}

const folders = Effect.fnUntraced(function* (
  place: Place
): Effect.fn.Return<{ readonly projects: string; readonly project: string }, never, Host> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const cwd = yield* Effect.orElseSucceed(fs.realPath(place.cwd), () => place.cwd)
  const projects = path.resolve(place.cwd, place.configDir, "projects")
  return { projects, project: path.join(projects, projectDirName(cwd)) }
})

const names = (dir: string): Effect.Effect<ReadonlyArray<string>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.readDirectory(dir), () => []))

/** the time of the last change; none when there is no such file */
const changedAt = (file: string): Effect.Effect<Option.Option<number>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.stat(file).pipe(
      Effect.map(({ mtime, type }) =>
        type === "File" ? Option.some(Option.match(mtime, { onNone: () => 0, onSome: Number })) : Option.none()
      ),
      Effect.orElseSucceed(() => Option.none<number>())
    )
  )

const isMessage = (line: string): boolean => {
  // Nearly every line of some kinds is long, and only these two kinds are worth parsing.
  if (!line.includes('"type":"user"') && !line.includes('"type":"assistant"')) return false
  const { isSidechain, type } = parsedObject(line) ?? {}
  return (type === "user" || type === "assistant") && isSidechain !== true
}

/**
 * Whether a file holds a conversation, and not only titles, queue entries or the work of a subagent: what the CLI
 * cannot resume. An empty file it would even continue, with an empty conversation.
 */
const holdsConversation = (file: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    fs.stream(file).pipe(
      Stream.decodeText,
      Stream.splitLines,
      Stream.filter(isMessage),
      Stream.runHead,
      Effect.map(Option.isSome),
      Effect.orElseSucceed(() => false)
    )
  )

/** For SessionNotFound: the folders in which `find` and `latest` look, the one of the working directory first. */
export const lookedIn = (place: Place): Effect.Effect<ReadonlyArray<string>, never, Host> =>
  Effect.map(folders(place), ({ project, projects }) => [project, `${projects}/*`])

/**
 * The file of a conversation: in the project of the working directory, else in any other. A file in the former decides,
 * whatever it holds: the CLI looks no further either.
 */
export const find = Effect.fnUntraced(function* (
  id: string,
  place: Place
): Effect.fn.Return<Option.Option<string>, never, Host> {
  if (!isUuid(id)) return Option.none()
  const path = yield* Path.Path
  const { project, projects } = yield* folders(place)
  const own = path.join(project, `${id}.jsonl`)
  if (Option.isSome(yield* changedAt(own))) {
    return (yield* holdsConversation(own)) ? Option.some(own) : Option.none()
  }
  for (const name of yield* names(projects)) {
    const file = path.join(projects, name, `${id}.jsonl`)
    if (yield* holdsConversation(file)) return Option.some(file)
  }
  return Option.none()
})

/** The id of the conversation of the working directory that was written to last. */
export const latest = Effect.fnUntraced(function* (place: Place): Effect.fn.Return<Option.Option<string>, never, Host> {
  const path = yield* Path.Path
  const { project } = yield* folders(place)
  const files: Array<{ readonly id: string; readonly file: string; readonly at: number }> = []
  for (const name of yield* names(project)) {
    const id = path.basename(name, ".jsonl")
    if (id === name || !isUuid(id)) continue
    const file = path.join(project, name)
    const at = yield* changedAt(file)
    if (Option.isSome(at)) files.push({ id, file, at: at.value })
  }
  for (const { file, id } of files.toSorted((a, b) => b.at - a.at)) {
    if (yield* holdsConversation(file)) return Option.some(id)
  }
  return Option.none()
})
