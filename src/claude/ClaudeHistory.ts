/**
 * The conversations that Claude Code keeps on disk: read, listed, searched and tidied up without starting it. Files are
 * read as streams, so a conversation of any size takes little memory. What is read equals what the official SDK reads from
 * the same files. Measured on 2.1.197 and 2.1.329.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import type * as AgentAdapter from "../AgentAdapter.ts"
import { AgentError, InvalidOptions, SessionInUse } from "../AgentError.ts"
import * as ids from "../internal/ids.ts"
import { isUuid } from "../internal/uuid.ts"
import * as Chain from "./internal/historyChain.ts"
import * as Edit from "./internal/historyEdit.ts"
import * as Files from "./internal/historyFiles.ts"
import * as Info from "./internal/historyInfo.ts"
import { isOpen, keyOf } from "./internal/reservation.ts"
import { type Entry, entryOf } from "./internal/historyRecord.ts"
import * as Transcripts from "./internal/transcripts.ts"
import { isObject } from "./internal/wire.ts"

/**
 * Where to look.
 *
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** The working directory of the conversation. Default: every one. */
  readonly cwd?: string | undefined
  /** Where the CLI keeps its files. Default: `CLAUDE_CONFIG_DIR`, else `~/.claude`. */
  readonly configDir?: string | undefined
}

/**
 * The folder of a working directory. `cwd` is that of its newest conversation: the name of a folder does not tell it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Project {
  readonly path: string
  readonly cwd: string | undefined
  readonly sessions: number
  /** Epoch milliseconds. */
  readonly updatedAt: number
}

/**
 * A conversation. `title` is what a list shows: a title that was given, else the last or the first prompt. `fileSize` in
 * bytes, times in epoch milliseconds. `archived` is absent when it never was.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionInfo extends AgentAdapter.SessionInfo {
  readonly title: string
  readonly customTitle: string | undefined
  readonly firstPrompt: string | undefined
  readonly gitBranch: string | undefined
  readonly tag: string | undefined
  readonly fileSize: number
  readonly archived: boolean | undefined
}

/**
 * Which conversations are listed, newest first.
 *
 * @since 0.1.0
 * @category options
 */
export interface Query extends AgentAdapter.SessionQuery {
  /** Also those that programs began. Default: true. */
  readonly programmatic?: boolean | undefined
}

/**
 * A message of a conversation. `raw` is its record, as it stands in the file.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message extends Omit<AgentAdapter.TranscriptMessage, "role"> {
  readonly role: "user" | "assistant" | "system"
  readonly raw: { readonly [key: string]: unknown }
}

/**
 * Which messages are read, oldest first.
 *
 * @since 0.1.0
 * @category options
 */
export interface MessageOptions extends AgentAdapter.TranscriptOptions {
  /** Also what the CLI noted itself: compactions, notices. Default: false. */
  readonly system?: boolean | undefined
  /** The branch that ends with this message (see {@link branches}). Default: the one that was written last. */
  readonly leaf?: string | undefined
}

/**
 * The end of a branch: `id` is its last message, `at` epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Branch {
  readonly id: string
  readonly at: number
  readonly messages: number
}

/**
 * A subagent of a conversation, as the CLI noted it. `toolId` is the call that started it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Subagent {
  readonly id: string
  readonly type: string | undefined
  readonly description: string | undefined
  readonly toolId: ids.ToolId | undefined
}

/**
 * A message that holds what was searched for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Found {
  readonly session: SessionInfo
  readonly message: Message
  /** The text around the first place. */
  readonly excerpt: string
}

type Host = FileSystem.FileSystem | Path.Path

const placeOf = ({ configDir, cwd }: Options): Effect.Effect<Files.Place, never, Path.Path> =>
  Effect.map(Path.Path, (path) => ({
    projects: path.resolve(configDir ?? Transcripts.configDir(process.env), "projects"),
    cwd
  }))

const bad = (issue: string): AgentError =>
  new AgentError({ agent: "claude", phase: "history", reason: new InvalidOptions({ issues: [issue] }) })

/** `limit` and `offset` of a page: whole numbers, none of them negative. */
const checkPage = (page: { readonly limit?: number | undefined; readonly offset?: number | undefined }) => {
  const wrong = (["limit", "offset"] as const).filter((name) => {
    const value = page[name]
    return value !== undefined && (!Number.isInteger(value) || value < 0)
  })
  return wrong.length === 0 ? Effect.void : Effect.fail(bad(`${wrong.join(" and ")} must be 0 or more`))
}

const pageOf =
  <A>({ limit, offset }: { readonly limit?: number | undefined; readonly offset?: number | undefined }) =>
  <E, R>(self: Stream.Stream<A, E, R>): Stream.Stream<A, E, R> => {
    const from = offset === undefined || offset === 0 ? self : Stream.drop(self, offset)
    return limit === undefined ? from : Stream.take(from, limit)
  }

const describe = Effect.fnUntraced(function* (
  file: Files.File,
  { changedAt, size }: Files.Info
): Effect.fn.Return<Option.Option<SessionInfo & { readonly programmatic: boolean }>, AgentError, Host> {
  if (size === 0) return Option.none()
  const path = yield* Path.Path
  const pieces = yield* Files.piecesOf(file.path, size)
  const folder = Edit.folderOf(file)
  const { customTitle } = yield* Files.jsonBeside(path.join(folder, "custom-title.json"))
  const facts = Info.factsOf({
    ...pieces,
    titleBeside: typeof customTitle === "string" && customTitle !== "" ? customTitle : undefined
  })
  if (facts === undefined) return Option.none()
  const mark = Edit.markOf(yield* Files.jsonBeside(path.join(folder, "archived.json")))
  return Option.some({
    ...facts,
    id: ids.sessionId(file.id),
    updatedAt: changedAt,
    fileSize: size,
    // A prompt after the mark takes it back.
    archived: Option.match(mark, {
      onNone: () => undefined,
      onSome: ({ archived, at }) => archived && !Info.promptedSince({ ...pieces, titleBeside: undefined }, at)
    })
  })
})

const shown = (told: SessionInfo & { readonly programmatic: boolean }): SessionInfo =>
  Struct.omit(told, ["programmatic"])

interface Candidate {
  readonly file: Files.File
  readonly info: Files.Info
}

/** The conversations of a place, the one that was written to last first. */
const candidates = Effect.fnUntraced(function* (
  place: Files.Place,
  worktrees: boolean
): Effect.fn.Return<ReadonlyArray<Candidate>, AgentError, Host> {
  const found: Array<Candidate> = []
  for (const project of yield* Files.projectsOf(place, worktrees)) {
    for (const file of yield* Files.filesIn(project)) {
      const info = yield* Files.infoOf(file.path)
      if (Option.isSome(info)) found.push({ file, info: info.value })
    }
  }
  return found.toSorted((a, b) => b.info.changedAt - a.info.changedAt || (a.file.id < b.file.id ? -1 : 1))
})

/**
 * The working directories that have conversations, the one with the newest first.
 *
 * @since 0.1.0
 * @category reading
 */
export const projects = (
  options: Pick<Options, "configDir"> = {}
): Effect.Effect<ReadonlyArray<Project>, AgentError, Host> =>
  Effect.gen(function* () {
    const place = yield* placeOf(options)
    const byFolder = new Map<string, Array<Candidate>>()
    for (const candidate of yield* candidates(place, false)) {
      const { project } = candidate.file
      const known = byFolder.get(project)
      if (known === undefined) byFolder.set(project, [candidate])
      else known.push(candidate)
    }
    return yield* Effect.forEach(byFolder, ([path, [newest, ...others]]) =>
      Effect.map(newest === undefined ? Effect.succeedNone : describe(newest.file, newest.info), (info): Project => ({
        path,
        cwd: Option.getOrUndefined(info)?.cwd,
        sessions: others.length + 1,
        updatedAt: newest?.info.changedAt ?? 0
      }))
    )
  }).pipe(Effect.withSpan("ClaudeHistory.projects"))

/**
 * The conversations on disk, newest first: of a working directory (and the other worktrees of its repository), or all.
 * Reads the two ends of each file, and of no more files than are asked for.
 *
 * @example
 * ```ts
 * const recent = ClaudeHistory.sessions({ cwd: ".", limit: 10 }).pipe(
 *   Stream.map(({ id, title }) => `${id} ${title}`),
 *   Stream.runCollect
 * )
 * ```
 *
 * @since 0.1.0
 * @category reading
 */
export const sessions = (query: Query = {}): Stream.Stream<SessionInfo, AgentError, Host> =>
  Stream.unwrap(
    Effect.gen(function* () {
      yield* checkPage(query)
      const place = yield* placeOf(query)
      const found = yield* candidates(place, query.worktrees ?? true)
      const belongs = query.cwd === undefined ? undefined : yield* ownerOf(query.cwd, query.worktrees ?? true)
      const seen = new Set<string>()
      return Stream.fromIterable(found).pipe(
        Stream.mapEffect(({ file, info }) => Effect.map(describe(file, info), (told) => ({ file, told })), {
          concurrency: 8
        }),
        Stream.filter(({ file, told }) => {
          if (Option.isNone(told) || seen.has(file.id)) return false
          if (query.programmatic === false && told.value.programmatic) return false
          if (belongs !== undefined && !belongs(told.value.cwd, file)) return false
          seen.add(file.id)
          return true
        }),
        Stream.flatMap(({ told }) => (Option.isSome(told) ? Stream.make(shown(told.value)) : Stream.empty)),
        pageOf(query)
      )
    })
  )

/** Two directories may share a folder, `a.b` and `a-b`: then the conversation says whose it is. */
const ownerOf = Effect.fnUntraced(function* (cwd: string, worktrees: boolean) {
  const path = yield* Path.Path
  const directories = worktrees ? yield* Files.worktreesOf(cwd) : [path.resolve(cwd)]
  const all = new Set([...directories, path.resolve(cwd)])
  return (told: string | undefined, { project }: Files.File): boolean =>
    told === undefined || all.has(told) || Transcripts.projectDirName(told) !== path.basename(project)
})

/**
 * One conversation; none when there is no such file, or nothing in it to show.
 *
 * @since 0.1.0
 * @category reading
 */
export const info = (id: string, options: Options = {}): Effect.Effect<Option.Option<SessionInfo>, AgentError, Host> =>
  Effect.gen(function* () {
    const file = yield* Files.find(id, yield* placeOf(options))
    const found = yield* Files.infoOf(file.path)
    return Option.isNone(found) ? Option.none() : Option.map(yield* describe(file, found.value), shown)
  }).pipe(
    Effect.catchReason("AgentError", "SessionNotFound", () => Effect.succeedNone),
    Effect.withSpan("ClaudeHistory.info")
  )

const entriesOf = (path: string): Effect.Effect<ReadonlyArray<Entry>, AgentError, FileSystem.FileSystem> =>
  Files.records(path).pipe(
    Stream.map(({ line, value }) => Option.fromUndefinedOr(entryOf(value, line))),
    Stream.filter(Option.isSome),
    Stream.map(({ value }) => value),
    Stream.runCollect
  )

const messageOf = (parentToolId: ids.ToolId | undefined, { value }: Files.Record): Message => {
  const { message, timestamp, type, uuid } = value
  const at = typeof timestamp === "string" ? Date.parse(timestamp) : Number.NaN
  return {
    id: typeof uuid === "string" ? uuid : "",
    role: type === "assistant" || type === "system" ? type : "user",
    content: isObject(message) ? message["content"] : value["content"],
    at: Number.isNaN(at) ? 0 : at,
    ...(parentToolId === undefined ? {} : { parentToolId }),
    raw: value
  }
}

const messagesAt = (
  path: string,
  chain: ReadonlyArray<Entry>,
  page: { readonly limit?: number | undefined; readonly offset?: number | undefined },
  parentToolId?: ids.ToolId
): Stream.Stream<Message, AgentError, FileSystem.FileSystem> => {
  const { limit, offset = 0 } = page
  const wanted = chain.slice(offset, limit === undefined ? undefined : offset + limit)
  return Stream.map(
    Files.recordsAt(
      path,
      wanted.map(({ line }) => line)
    ),
    (record) => messageOf(parentToolId, record)
  )
}

/**
 * The messages of a conversation, oldest first: the branch that was written last, as the CLI itself would go on with it. A
 * torn last line is passed over. Fails with `SessionNotFound` when there is no such conversation, and with
 * `HistoryFailed` when its file cannot be read.
 *
 * @example
 * ```ts
 * const said = ClaudeHistory.messages(id).pipe(
 *   Stream.filter((message) => message.role === "user"),
 *   Stream.runForEach((message) => Console.log(message.content))
 * )
 * ```
 *
 * @since 0.1.0
 * @category reading
 */
export const messages = (id: string, options: MessageOptions = {}): Stream.Stream<Message, AgentError, Host> =>
  Stream.unwrap(
    Effect.gen(function* () {
      yield* checkPage(options)
      const file = yield* Files.find(id, yield* placeOf(options))
      const chain = Chain.chainOf(yield* entriesOf(file.path), options.leaf)
      if (options.leaf !== undefined && chain.length === 0) {
        return yield* Effect.fail(Files.notFound(`${id} at ${options.leaf}`, [file.path]))
      }
      const visible = chain.filter((entry) => Chain.isShown(entry, options.system ?? false))
      return messagesAt(file.path, visible, options)
    })
  )

/**
 * The branches of a conversation, the one that was written last first: it has several after a resume in its middle, or when
 * two programs wrote at once.
 *
 * @since 0.1.0
 * @category reading
 */
export const branches = (id: string, options: Options = {}): Effect.Effect<ReadonlyArray<Branch>, AgentError, Host> =>
  Effect.gen(function* () {
    const file = yield* Files.find(id, yield* placeOf(options))
    const entries = yield* entriesOf(file.path)
    return Chain.branchesOf(entries).map((leaf): Branch => {
      const at = Date.parse(leaf.timestamp)
      const path = Chain.chainOf(entries, leaf.uuid).filter((entry) => Chain.isShown(entry, false))
      return { id: leaf.uuid, at: Number.isNaN(at) ? 0 : at, messages: path.length }
    })
  }).pipe(Effect.withSpan("ClaudeHistory.branches"))

/**
 * Every record of a conversation's file, in the order in which they were written: also what belongs to no message.
 *
 * @since 0.1.0
 * @category reading
 */
export const rawRecords = (
  id: string,
  options: Options = {}
): Stream.Stream<{ readonly [key: string]: unknown }, AgentError, Host> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const file = yield* Files.find(id, yield* placeOf(options))
      return Stream.map(Files.records(file.path), ({ value }) => value)
    })
  )

interface SubagentFile extends Subagent {
  readonly path: string
}

const subagentName = /^agent-(.+)\.jsonl$/

const subagentFiles = Effect.fnUntraced(function* (
  file: Files.File
): Effect.fn.Return<ReadonlyArray<SubagentFile>, AgentError, Host> {
  const path = yield* Path.Path
  const found: Array<SubagentFile> = []
  const folders = [path.join(Edit.folderOf(file), "subagents")]
  for (let folder = folders.shift(); folder !== undefined; folder = folders.shift()) {
    // What is no folder has nothing in it.
    const names = yield* Effect.orElseSucceed(Files.namesIn(folder), () => [])
    for (const name of names.toSorted()) {
      const id = subagentName.exec(name)?.[1]
      if (id === undefined) {
        if (!name.includes(".")) folders.push(path.join(folder, name))
        continue
      }
      const meta = yield* Files.jsonBeside(path.join(folder, `agent-${id}.meta.json`))
      const textOf = (key: string): string | undefined => {
        const value = meta[key]
        return typeof value === "string" ? value : undefined
      }
      const toolUse = textOf("toolUseId")
      found.push({
        id,
        path: path.join(folder, name),
        type: textOf("agentType"),
        description: textOf("description"),
        toolId: toolUse === undefined ? undefined : ids.toolId(toolUse)
      })
    }
  }
  return found
})

/**
 * The subagents of a conversation.
 *
 * @since 0.1.0
 * @category reading
 */
export const subagents = (
  id: string,
  options: Options = {}
): Effect.Effect<ReadonlyArray<Subagent>, AgentError, Host> =>
  Effect.gen(function* () {
    const file = yield* Files.find(id, yield* placeOf(options))
    return (yield* subagentFiles(file)).map((found): Subagent => Struct.omit(found, ["path"]))
  }).pipe(Effect.withSpan("ClaudeHistory.subagents"))

/**
 * What a subagent and its caller said, oldest first. `parentToolId` is the call that started it. Fails with
 * `SessionNotFound` when the conversation has no such subagent.
 *
 * @since 0.1.0
 * @category reading
 */
export const subagentMessages = (
  id: string,
  agentId: string,
  options: AgentAdapter.TranscriptOptions = {}
): Stream.Stream<Message, AgentError, Host> =>
  Stream.unwrap(
    Effect.gen(function* () {
      yield* checkPage(options)
      const file = yield* Files.find(id, yield* placeOf(options))
      const found = (yield* subagentFiles(file)).find((subagent) => subagent.id === agentId)
      if (found === undefined) return yield* Effect.fail(Files.notFound(`${id}, subagent ${agentId}`, [file.path]))
      const chain = Chain.chainOfSubagent(yield* entriesOf(found.path))
      const visible = chain.filter(({ type }) => type === "user" || type === "assistant")
      return messagesAt(found.path, visible, options, found.toolId)
    })
  )

const around = 80

/**
 * The messages that hold a text, in any case, the newest conversation first. Reads every conversation it looks at whole,
 * one after the other.
 *
 * @since 0.1.0
 * @category reading
 */
export const search = (text: string, query: Query = {}): Stream.Stream<Found, AgentError, Host> => {
  const wanted = text.toLowerCase()
  if (wanted === "") return Stream.fail(bad("there is nothing to search for"))
  const { limit, offset, ...where } = query
  return Stream.fromEffectDrain(checkPage(query)).pipe(
    Stream.concat(sessions(where)),
    Stream.flatMap((session) =>
      messages(session.id, { cwd: query.cwd, configDir: query.configDir }).pipe(
        // Removed since it was listed.
        Stream.catchReason("AgentError", "SessionNotFound", () => Stream.empty),
        Stream.flatMap((message) => {
          const said = Info.textsOf(message.content).join("\n")
          const at = said.toLowerCase().indexOf(wanted)
          const excerpt = said.slice(Math.max(0, at - around), at + wanted.length + around)
          return at < 0 ? Stream.empty : Stream.make<[Found]>({ session, message, excerpt })
        })
      )
    ),
    pageOf({ limit, offset })
  )
}

/**
 * Gives a conversation a title. Fails with `SessionNotFound`, or with `InvalidOptions` for a title of nothing.
 *
 * @since 0.1.0
 * @category changing
 */
export const rename = Effect.fn("ClaudeHistory.rename")(function* (
  id: string,
  title: string,
  options: Options = {}
): Effect.fn.Return<void, AgentError, Host> {
  const customTitle = title.trim()
  if (customTitle === "") return yield* bad("a title must not be empty")
  const file = yield* Files.find(id, yield* placeOf(options))
  yield* Edit.append(file, { type: "custom-title", customTitle, sessionId: id })
})

/**
 * Tags a conversation, in place of the tag it had; `undefined` takes the tag away.
 *
 * @since 0.1.0
 * @category changing
 */
export const tag = Effect.fn("ClaudeHistory.tag")(function* (
  id: string,
  value: string | undefined,
  options: Options = {}
): Effect.fn.Return<void, AgentError, Host> {
  const text = value?.trim()
  if (text === "") return yield* bad("a tag must not be empty; undefined takes it away")
  const file = yield* Files.find(id, yield* placeOf(options))
  yield* Edit.append(file, { type: "tag", tag: text ?? "", sessionId: id })
})

/**
 * Copies a conversation, whole or up to one of its messages, and gives the id of the copy, which can be resumed. The
 * original stays as it is. `title` is by default that of the original and "(fork)".
 *
 * @since 0.1.0
 * @category changing
 */
export const fork = Effect.fn("ClaudeHistory.fork")(function* (
  id: string,
  options: Options & {
    readonly upTo?: string | undefined
    readonly title?: string | undefined
    readonly sessionId?: string | undefined
  } = {}
): Effect.fn.Return<ids.SessionId, AgentError, Host> {
  const sessionId = options.sessionId ?? globalThis.crypto.randomUUID()
  if (!isUuid(sessionId)) return yield* bad("sessionId must be a UUID")
  const file = yield* Files.find(id, yield* placeOf(options))
  const known = yield* Files.infoOf(file.path)
  const told = Option.isNone(known) ? Option.none() : yield* describe(file, known.value)
  const title = options.title ?? `${Option.isSome(told) ? told.value.title : id} (fork)`
  yield* Edit.copy(file, { sessionId, upTo: options.upTo, title })
  return ids.sessionId(sessionId)
})

/**
 * Marks a conversation as archived: it stays, and is listed with `archived: true` until somebody says something in it.
 *
 * @since 0.1.0
 * @category changing
 */
export const archive = Effect.fn("ClaudeHistory.archive")(function* (
  id: string,
  options: Options = {}
): Effect.fn.Return<void, AgentError, Host> {
  yield* Edit.archive(yield* Files.find(id, yield* placeOf(options)), true)
})

/**
 * Takes the mark of {@link archive} back.
 *
 * @since 0.1.0
 * @category changing
 */
export const unarchive = Effect.fn("ClaudeHistory.unarchive")(function* (
  id: string,
  options: Options = {}
): Effect.fn.Return<void, AgentError, Host> {
  yield* Edit.archive(yield* Files.find(id, yield* placeOf(options)), false)
})

/**
 * Removes a conversation from the disk, with what its subagents said. It cannot be brought back. Fails with `SessionInUse`
 * while a session of this program is at it.
 *
 * @since 0.1.0
 * @category changing
 */
export const remove = Effect.fn("ClaudeHistory.remove")(function* (
  id: string,
  options: Options = {}
): Effect.fn.Return<void, AgentError, Host> {
  const place = yield* placeOf(options)
  const path = yield* Path.Path
  if (isOpen(keyOf(path.dirname(place.projects), id))) {
    return yield* new AgentError({ agent: "claude", phase: "history", reason: new SessionInUse({ id }) })
  }
  yield* Edit.remove(yield* Files.find(id, place))
})
