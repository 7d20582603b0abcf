/**
 * Where transcripts are, and how they are read: folders of projects (one a working directory, named in one of two ways),
 * files of conversations, and their lines as a stream, however large they are.
 */
import { Buffer } from "node:buffer"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { AgentError, HistoryFailed, SessionNotFound } from "../../AgentError.ts"
import * as Lines from "../../internal/lines.ts"
import { isUuid } from "../../internal/uuid.ts"
import { parsedObject } from "./jsonText.ts"
import { dashed, longestName, projectDirName } from "./transcripts.ts"
import type { JsonObject } from "./wire.ts"

export type Host = FileSystem.FileSystem | Path.Path

export const failed = (description: string, cause?: PlatformError): AgentError =>
  new AgentError({
    agent: "claude",
    phase: "history",
    reason: new HistoryFailed({ description, ...(cause === undefined ? {} : { cause }) })
  })

export const notFound = (id: string, lookedIn: ReadonlyArray<string>): AgentError =>
  new AgentError({ agent: "claude", phase: "history", reason: new SessionNotFound({ id, lookedIn }) })

/** Where the CLI keeps conversations, and whose. */
export interface Place {
  readonly projects: string
  /** Without: of every working directory. */
  readonly cwd?: string | undefined
}

/** A transcript. */
export interface File {
  readonly id: string
  readonly path: string
  /** Its folder. */
  readonly project: string
}

/** What is not there is empty; what cannot be read is an error. */
const orNothing = <A, R>(
  self: Effect.Effect<A, PlatformError, R>,
  nothing: A,
  what: string
): Effect.Effect<A, AgentError, R> =>
  Effect.catch(self, (error) =>
    error.reason._tag === "NotFound" ? Effect.succeed(nothing) : Effect.fail(failed(what, error))
  )

export const namesIn = (folder: string): Effect.Effect<ReadonlyArray<string>, AgentError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => orNothing(fs.readDirectory(folder), [], folder))

export interface Info {
  readonly size: number
  readonly changedAt: number
}

/** None for what is no file, or gone meanwhile. */
export const infoOf = (path: string): Effect.Effect<Option.Option<Info>, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.option(
      Effect.filterOrFail(
        fs.stat(path),
        ({ type }) => type === "File",
        () => undefined
      )
    )
  ).pipe(
    Effect.map(
      Option.map(({ mtime, size }) => ({
        size: Number(size),
        changedAt: Option.match(mtime, { onNone: () => 0, onSome: (time) => time.getTime() })
      }))
    )
  )

const real = (directory: string): Effect.Effect<string, never, Host> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const absolute = path.resolve(directory)
    return (yield* Effect.orElseSucceed(fs.realPath(absolute), () => absolute)).normalize("NFC")
  })

const read = (file: string): Effect.Effect<string, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.readFileString(file), () => ""))

/** The folder that holds what the worktrees of a repository share; none outside of a repository. */
const commonGitDir = Effect.fnUntraced(function* (
  directory: string
): Effect.fn.Return<Option.Option<string>, never, Host> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  for (let at = directory; ; at = path.dirname(at)) {
    const git = path.join(at, ".git")
    const kind = yield* Effect.option(fs.stat(git))
    if (Option.isSome(kind)) {
      if (kind.value.type === "Directory") return Option.some(git)
      const [, target] = /^gitdir: (.+)$/m.exec(yield* read(git)) ?? []
      if (target === undefined) return Option.none()
      const own = path.resolve(at, target)
      const common = (yield* read(path.join(own, "commondir"))).trim()
      return common === "" ? Option.none() : Option.some(path.resolve(own, common))
    }
    if (path.dirname(at) === at) return Option.none()
  }
})

/** The working directories of the repository that a directory is in, itself among them; only itself outside of one. */
export const worktreesOf = Effect.fnUntraced(function* (
  cwd: string
): Effect.fn.Return<ReadonlyArray<string>, AgentError, Host> {
  const path = yield* Path.Path
  const directory = yield* real(cwd)
  const common = yield* commonGitDir(directory)
  if (Option.isNone(common)) return [directory]
  const trees = path.join(common.value, "worktrees")
  const found = [directory, path.dirname(common.value)]
  for (const name of yield* Effect.orElseSucceed(namesIn(trees), () => [])) {
    const link = (yield* read(path.join(trees, name, "gitdir"))).trim()
    if (link !== "") found.push(yield* real(path.dirname(path.resolve(trees, name, link))))
  }
  return [...new Set(found)]
})

/** How old versions named the folder of a working directory. */
const oldName = (cwd: string): string => cwd.replace(/[/_]/g, "-")

/** The folders that may hold conversations of the directories. */
const foldersOf = (names: ReadonlyArray<string>, directories: ReadonlyArray<string>): ReadonlyArray<string> => {
  const exact = new Set(directories.flatMap((directory) => [projectDirName(directory), oldName(directory)]))
  // The end of a long name is a hash, which other versions made in another way.
  const long = directories
    .map(dashed)
    .filter((name) => name.length > longestName)
    .map((name) => `${name.slice(0, longestName)}-`)
  return names.filter((name) => exact.has(name) || long.some((prefix) => name.startsWith(prefix)))
}

/** The folders of a place, by their full paths. */
export const projectsOf = Effect.fnUntraced(function* (
  { cwd, projects }: Place,
  worktrees: boolean
): Effect.fn.Return<ReadonlyArray<string>, AgentError, Host> {
  const path = yield* Path.Path
  const names = yield* namesIn(projects)
  if (cwd === undefined) return names.map((name) => path.join(projects, name))
  const own = yield* real(cwd)
  const directories = worktrees ? yield* worktreesOf(own) : [own]
  return foldersOf(names, directories).map((name) => path.join(projects, name))
})

const extension = ".jsonl"

/** The conversations in a folder. */
export const filesIn = Effect.fnUntraced(function* (
  project: string
): Effect.fn.Return<ReadonlyArray<File>, AgentError, Host> {
  const path = yield* Path.Path
  // A plain file among the folders is no project.
  const names = yield* Effect.orElseSucceed(namesIn(project), () => [])
  return names
    .filter((name) => name.endsWith(extension) && isUuid(name.slice(0, -extension.length)))
    .map((name) => ({ id: name.slice(0, -extension.length), path: path.join(project, name), project }))
})

/** The file of a conversation. An id that is no UUID names none: no path is ever made of it. */
export const find = Effect.fnUntraced(function* (id: string, place: Place): Effect.fn.Return<File, AgentError, Host> {
  const path = yield* Path.Path
  const folders = isUuid(id) ? yield* projectsOf(place, true) : []
  for (const project of folders) {
    const file = path.join(project, `${id}${extension}`)
    const info = yield* infoOf(file)
    if (Option.isSome(info) && info.value.size > 0) return { id, path: file, project }
  }
  return yield* Effect.fail(notFound(id, folders.length === 0 ? [place.projects] : folders))
})

const pieceLength = 64 * 1024

/** The beginning and the end of a file. */
export const piecesOf = (
  path: string,
  size: number
): Effect.Effect<{ readonly head: string; readonly tail: string }, AgentError, FileSystem.FileSystem> =>
  Effect.scoped(
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const file = yield* fs.open(path)
      const piece = Effect.fnUntraced(function* (position: number) {
        const bytes = Buffer.alloc(pieceLength)
        const length = yield* file.read(bytes, { position: BigInt(position) })
        return bytes.toString("utf8", 0, length)
      })
      const head = yield* piece(0)
      return { head, tail: size <= pieceLength ? head : yield* piece(size - pieceLength) }
    })
  ).pipe(Effect.mapError((error) => failed(path, error)))

export interface Record {
  readonly line: number
  readonly value: JsonObject
}

/**
 * The records of a file, in order. A line that is no record, a torn last one among them, is passed over but counted. Holds
 * one piece of the file at a time.
 */
export const records = (path: string): Stream.Stream<Record, AgentError, FileSystem.FileSystem> =>
  Stream.unwrap(
    Effect.map(FileSystem.FileSystem, (fs) => {
      let line = 0
      let out: Array<Record> = []
      const framer = Lines.make({
        frame: (value) => {
          out.push({ line: line++, value })
        },
        malformed: () => {
          line++
        }
      })
      const take = (): ReadonlyArray<Record> => {
        const taken = out
        out = []
        return taken
      }
      return fs.stream(path, { chunkSize: pieceLength }).pipe(
        Stream.mapError((error) => failed(path, error)),
        Stream.map((chunk) => {
          framer.push(chunk)
          return take()
        }),
        Stream.flattenIterable,
        Stream.concat(
          Stream.suspend(() => {
            framer.end()
            return Stream.fromIterable(take())
          })
        )
      )
    })
  )

/** The records on these lines, in the order in which the lines are given; one pass over the file. */
export const recordsAt = (
  path: string,
  lines: ReadonlyArray<number>
): Stream.Stream<Record, AgentError, FileSystem.FileSystem> =>
  Stream.suspend(() => {
    const wanted = new Set(lines)
    // Nearly always the order of the file; what comes too early waits.
    const early = new Map<number, Record>()
    let next = 0
    return records(path).pipe(
      Stream.map((found) => {
        const out: Array<Record> = []
        if (wanted.has(found.line)) early.set(found.line, found)
        for (; next < lines.length; next++) {
          const line = lines[next]
          const record = line === undefined ? undefined : early.get(line)
          if (line === undefined || record === undefined) break
          early.delete(line)
          out.push(record)
        }
        return out
      }),
      Stream.flattenIterable,
      Stream.take(lines.length)
    )
  })

/** A small file of JSON beside a transcript; none when it is not there, or is something else. */
export const jsonBeside = (path: string): Effect.Effect<JsonObject, never, FileSystem.FileSystem> =>
  Effect.map(read(path), (text) => parsedObject(text) ?? {})
