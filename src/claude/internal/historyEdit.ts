/**
 * What may be changed of a conversation on disk, as the CLI itself does it: a title or a tag is one more line, an archive
 * mark a small file beside it, a copy a file with fresh ids.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Stream from "effect/Stream"
import type { AgentError } from "../../AgentError.ts"
import { type Entry, entryOf } from "./historyRecord.ts"
import { failed, type File, type Host, notFound, records } from "./historyFiles.ts"
import type { JsonObject } from "./wire.ts"

const now = Effect.map(Clock.currentTimeMillis, (millis) => new Date(millis).toISOString())

const lineOf = (record: JsonObject): string => `${JSON.stringify(record)}\n`

/** Adds a record. A last line that was torn off is ended first, so that it takes nothing else with it. */
export const append = Effect.fnUntraced(function* (
  { path }: File,
  record: JsonObject
): Effect.fn.Return<void, AgentError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  yield* Effect.scoped(
    Effect.gen(function* () {
      const file = yield* fs.open(path, { flag: "r+" })
      const { size } = yield* file.stat
      const last = new Uint8Array(1)
      if (size > 0n) yield* file.read(last, { position: BigInt(size) - 1n })
      const isTorn = size > 0n && last[0] !== 10
      yield* fs.writeFileString(path, `${isTorn ? "\n" : ""}${lineOf(record)}`, { flag: "a" })
    })
  ).pipe(Effect.mapError((error) => failed(path, error)))
})

/** The folder of what belongs to a conversation: subagents, marks. */
export const folderOf = ({ path }: File): string => path.slice(0, -".jsonl".length)

/** Sets the mark beside the conversation, or takes it back. */
export const archive = Effect.fnUntraced(function* (
  file: File,
  archived: boolean
): Effect.fn.Return<void, AgentError, Host> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const folder = folderOf(file)
  const mark = JSON.stringify({ archived, at: yield* now })
  yield* fs.makeDirectory(folder, { recursive: true, mode: 0o700 }).pipe(
    Effect.andThen(fs.writeFileString(path.join(folder, "archived.json"), mark, { mode: 0o600 })),
    Effect.mapError((error) => failed(folder, error))
  )
})

/** Removes the conversation and what belongs to it: first what belongs to it, so that a failure can be tried again. */
export const remove = Effect.fnUntraced(function* (
  file: File
): Effect.fn.Return<void, AgentError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  yield* fs.remove(folderOf(file), { recursive: true, force: true }).pipe(
    Effect.andThen(fs.remove(file.path)),
    Effect.mapError((error) => failed(file.path, error))
  )
})

export interface Copy {
  readonly sessionId: string
  /** The last message that is copied. Default: all. */
  readonly upTo: string | undefined
  readonly title: string
}

/** What makes sense in the original alone. */
const ofTheOriginal: JsonObject = {
  teamName: undefined,
  agentName: undefined,
  sessionKind: undefined,
  slug: undefined,
  sourceToolAssistantUUID: undefined
}

/**
 * Copies a conversation under a new id: its main thread, each record with a fresh uuid and a note of where it came from.
 * The original is only read, twice: the ids first, so that the records can be written as they are read.
 */
export const copy = Effect.fnUntraced(function* (
  file: File,
  { sessionId, title, upTo }: Copy
): Effect.fn.Return<void, AgentError, Host> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const entries: Array<Entry> = []
  yield* Stream.runForEach(records(file.path), ({ line, value }) =>
    Effect.sync(() => {
      const entry = entryOf(value, line)
      if (entry !== undefined && value["isSidechain"] !== true) entries.push(entry)
    })
  )
  const last = upTo === undefined ? entries.length - 1 : entries.findLastIndex(({ uuid }) => uuid === upTo)
  if (last < 0) return yield* Effect.fail(notFound(upTo === undefined ? file.id : `${file.id} at ${upTo}`, [file.path]))
  const copied = entries.slice(0, last + 1)
  const byUuid = new Map(copied.map((entry) => [entry.uuid, entry]))
  const fresh = new Map<string, string>()
  for (const { type, uuid } of copied) if (type !== "progress") fresh.set(uuid, globalThis.crypto.randomUUID())
  const lines = new Map(copied.map((entry) => [entry.line, entry]))

  /** Progress notes are not copied: what hangs behind one hangs behind what it hangs behind. */
  const parentOf = (entry: Entry): string | null => {
    const passed = new Set<string>()
    let parent = entry.parent
    while (parent !== undefined && !passed.has(parent)) {
      passed.add(parent)
      const found = fresh.get(parent)
      if (found !== undefined) return found
      parent = byUuid.get(parent)?.parent
    }
    return null
  }

  const at = yield* now
  const target = path.join(file.project, `${sessionId}.jsonl`)
  const bodies = records(file.path).pipe(
    Stream.map(({ line, value }) => {
      const entry = lines.get(line)
      const uuid = entry === undefined ? undefined : fresh.get(entry.uuid)
      if (entry === undefined || uuid === undefined) return ""
      const logical = value["logicalParentUuid"]
      return lineOf({
        ...value,
        ...ofTheOriginal,
        ...(typeof logical === "string" ? { logicalParentUuid: fresh.get(logical) ?? null } : {}),
        uuid,
        parentUuid: parentOf(entry),
        sessionId,
        forkedFrom: { sessionId: file.id, messageUuid: entry.uuid }
      })
    }),
    Stream.filter((line) => line !== "")
  )
  const titled = lineOf({ type: "custom-title", customTitle: title, sessionId, timestamp: at })
  const write = Stream.concat(bodies, Stream.make(titled)).pipe(
    Stream.encodeText,
    Stream.run(fs.sink(target, { flag: "a" })),
    Effect.mapError((error) => (error._tag === "AgentError" ? error : failed(target, error))),
    // Half a copy is no conversation.
    Effect.onError(() => Effect.ignore(fs.remove(target, { force: true })))
  )
  yield* fs.writeFileString(target, "", { flag: "wx", mode: 0o600 }).pipe(
    Effect.mapError((error) => failed(target, error)),
    Effect.andThen(write)
  )
})

/** The archive mark: whether it is set, and since when. */
export const markOf = (json: JsonObject): Option.Option<{ readonly archived: boolean; readonly at: number }> => {
  const { archived, at } = json
  const time = typeof at === "string" ? Date.parse(at) : Number.NaN
  return typeof archived === "boolean" && !Number.isNaN(time) ? Option.some({ archived, at: time }) : Option.none()
}
