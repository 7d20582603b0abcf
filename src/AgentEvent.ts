/**
 * What happens in a session: one tagged union for every agent. Each event carries `seq` (without gaps in
 * `session.events`), `at` (epoch milliseconds) and, where they apply, the session, the turn and the tool call of the
 * subagent it belongs to. `raw` is the frame it came from; it is never encoded, and deltas of
 * text and reasoning, which may be joined at any time, have none.
 *
 * @since 0.1.0
 */
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as Stream from "effect/Stream"
import { AgentError } from "./AgentError.ts"
import { anyValue, storable } from "./internal/anyValue.ts"
import { ItemId, RequestId, SessionId, TaskId, ToolId, TurnId } from "./internal/ids.ts"
import { Decision } from "./Permission.ts"
import { type ToolCall, TurnResult, ToolStatus } from "./Turn.ts"
import { Usage } from "./Usage.ts"

export {
  /**
   * The id of a text or a piece of thinking: its deltas and its completed event share it.
   *
   * @since 0.1.0
   * @category ids
   */
  ItemId,
  /**
   * The id of a question of the agent: a permission, or an input. It is asked and settled under it.
   *
   * @since 0.1.0
   * @category ids
   */
  RequestId,
  /**
   * The agent's own id of a conversation. It changes when the conversation is cleared.
   *
   * @since 0.1.0
   * @category ids
   */
  SessionId,
  /**
   * The id of a background task, or of a subagent.
   *
   * @since 0.1.0
   * @category ids
   */
  TaskId,
  /**
   * The id of a tool call, as the agent gives it. A subagent names the call that began it as `parentToolId`.
   *
   * @since 0.1.0
   * @category ids
   */
  ToolId,
  /**
   * The id of a turn.
   *
   * @since 0.1.0
   * @category ids
   */
  TurnId
}

interface Common {
  readonly seq: number
  readonly at: number
  readonly sessionId?: SessionId
  readonly turnId?: TurnId
  readonly parentToolId?: ToolId
  readonly raw?: unknown
}

/**
 * How a process ended: with a code, or by a signal. Both are null when nobody knows.
 *
 * @since 0.1.0
 * @category models
 */
export interface ExitStatus {
  readonly code: number | null
  readonly signal: string | null
}

/**
 * The schema of an {@link ExitStatus}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ExitStatus: Schema.Codec<ExitStatus> = Schema.Struct({
  code: Schema.NullOr(Schema.Finite),
  signal: Schema.NullOr(Schema.String)
})

/**
 * What changed in a session, or became known: only what did is there. `tools` are the names of all tools, `data` the
 * agent's own words for the rest.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionChanges {
  readonly model?: string
  readonly permissionMode?: string
  readonly sessionId?: SessionId
  readonly title?: string
  readonly cwd?: string
  readonly tools?: ReadonlyArray<string>
  readonly agentVersion?: string
  readonly data?: unknown
}

/**
 * The schema of {@link SessionChanges}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionChanges: Schema.Codec<SessionChanges, unknown> = Schema.Struct({
  model: Schema.optionalKey(Schema.String),
  permissionMode: Schema.optionalKey(Schema.String),
  sessionId: Schema.optionalKey(SessionId),
  title: Schema.optionalKey(Schema.String),
  cwd: Schema.optionalKey(Schema.String),
  tools: Schema.optionalKey(Schema.Array(Schema.String)),
  agentVersion: Schema.optionalKey(Schema.String),
  data: Schema.optionalKey(storable)
})

/**
 * One line of what the agent means to do, and how far it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface PlanEntry {
  readonly text: string
  readonly status: "pending" | "in_progress" | "completed"
}

/**
 * The schema of a {@link PlanEntry}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const PlanEntry: Schema.Codec<PlanEntry> = Schema.Struct({
  text: Schema.String,
  status: Schema.Literals(["pending", "in_progress", "completed"])
})

/**
 * What sort of thing a tool does, across agents.
 *
 * @since 0.1.0
 * @category models
 */
export type ToolKind = typeof ToolKind.Type

/**
 * The schema of a {@link ToolKind}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ToolKind: Schema.Literals<
  readonly ["execute", "edit", "read", "search", "fetch", "task", "plan", "mcp", "other"]
> = Schema.Literals(["execute", "edit", "read", "search", "fetch", "task", "plan", "mcp", "other"])

/**
 * Who settled a request: our handler; the default, since there is no handler or it failed; the clock; or the agent, who
 * took it back.
 *
 * @since 0.1.0
 * @category models
 */
export type Resolver = typeof Resolver.Type

/**
 * The schema of a {@link Resolver}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Resolver: Schema.Literals<readonly ["handler", "default", "timeout", "withdrawn"]> = Schema.Literals([
  "handler",
  "default",
  "timeout",
  "withdrawn"
])

/**
 * The session is open: the agent answered the handshake. `resumed` tells whether it goes on with an earlier conversation.
 *
 * @since 0.1.0
 * @category events
 */
export interface SessionStarted extends Common {
  readonly _tag: "SessionStarted"
  readonly agent: string
  readonly agentVersion?: string
  readonly model?: string
  readonly cwd?: string
  readonly resumed: boolean
}

/**
 * Something about the session changed, or became known: only what did is there. `data` keeps the agent's own words for the rest.
 *
 * @since 0.1.0
 * @category events
 */
export interface SessionUpdated extends Common {
  readonly _tag: "SessionUpdated"
  readonly changes: SessionChanges
}

/**
 * The last event of a session.
 *
 * @since 0.1.0
 * @category events
 */
export interface SessionEnded extends Common {
  readonly _tag: "SessionEnded"
  readonly reason: "closed" | "exited" | "failed"
  readonly exit?: ExitStatus
}

/**
 * A turn began: ours (`caller`), or one the agent began by itself (`agent`), as after a background task.
 *
 * @since 0.1.0
 * @category events
 */
export interface TurnStarted extends Common {
  readonly _tag: "TurnStarted"
  readonly origin: "caller" | "agent"
}

/**
 * The last event of a turn.
 *
 * @since 0.1.0
 * @category events
 */
export interface TurnEnded extends Common {
  readonly _tag: "TurnEnded"
  readonly result: TurnResult
}

/**
 * A piece of text as it is written. `joined` says of how many pieces it was put together while nobody read.
 *
 * @since 0.1.0
 * @category events
 */
export interface TextDelta extends Common {
  readonly _tag: "TextDelta"
  readonly itemId: ItemId
  readonly text: string
  readonly joined?: number
}

/**
 * A text item is complete: its deltas, one after the other.
 *
 * @since 0.1.0
 * @category events
 */
export interface TextCompleted extends Common {
  readonly _tag: "TextCompleted"
  readonly itemId: ItemId
  readonly text: string
}

/**
 * A piece of the model's thinking.
 *
 * @since 0.1.0
 * @category events
 */
export interface ReasoningDelta extends Common {
  readonly _tag: "ReasoningDelta"
  readonly itemId: ItemId
  readonly text: string
  readonly joined?: number
}

/**
 * A thinking item is complete.
 *
 * @since 0.1.0
 * @category events
 */
export interface ReasoningCompleted extends Common {
  readonly _tag: "ReasoningCompleted"
  readonly itemId: ItemId
  readonly text: string
}

/**
 * The agent calls a tool, with its whole input.
 *
 * @since 0.1.0
 * @category events
 */
export interface ToolStarted extends Common {
  readonly _tag: "ToolStarted"
  readonly toolId: ToolId
  readonly name: string
  readonly kind: ToolKind
  readonly input: unknown
}

/**
 * A piece of a tool's input, JSON text, while the model writes it: these come before `ToolStarted`.
 *
 * @since 0.1.0
 * @category events
 */
export interface ToolInputDelta extends Common {
  readonly _tag: "ToolInputDelta"
  readonly toolId: ToolId
  readonly json: string
}

/**
 * A tool is still at it. `elapsedMs` since it began.
 *
 * @since 0.1.0
 * @category events
 */
export interface ToolProgress extends Common {
  readonly _tag: "ToolProgress"
  readonly toolId: ToolId
  readonly output?: unknown
  readonly elapsedMs?: number
}

/**
 * A tool call is over. `output` is what the model gets to see, in the agent's form.
 *
 * @since 0.1.0
 * @category events
 */
export interface ToolEnded extends Common {
  readonly _tag: "ToolEnded"
  readonly toolId: ToolId
  readonly status: ToolStatus
  readonly output: unknown
}

/**
 * The agent's list of what it means to do, whole.
 *
 * @since 0.1.0
 * @category events
 */
export interface PlanUpdated extends Common {
  readonly _tag: "PlanUpdated"
  readonly entries: ReadonlyArray<PlanEntry>
}

/**
 * The agent asks whether it may. Answered by the session's permission handler, not by readers of events.
 *
 * @since 0.1.0
 * @category events
 */
export interface PermissionRequested extends Common {
  readonly _tag: "PermissionRequested"
  readonly requestId: RequestId
  readonly toolId?: ToolId
  readonly tool: string
  readonly input: unknown
  readonly suggestions: ReadonlyArray<unknown>
}

/**
 * The question is settled: by the handler, by default (no handler, or one that failed), by the clock, or the agent took it back.
 *
 * @since 0.1.0
 * @category events
 */
export interface PermissionResolved extends Common {
  readonly _tag: "PermissionResolved"
  readonly requestId: RequestId
  readonly by: Resolver
  readonly decision?: Decision
}

/**
 * The agent asks something of the user.
 *
 * @since 0.1.0
 * @category events
 */
export interface InputRequested extends Common {
  readonly _tag: "InputRequested"
  readonly requestId: RequestId
  readonly kind: "question" | "plan" | "form" | "url" | "dialog"
  readonly toolId?: ToolId
  readonly payload: unknown
}

/**
 * That is settled.
 *
 * @since 0.1.0
 * @category events
 */
export interface InputResolved extends Common {
  readonly _tag: "InputResolved"
  readonly requestId: RequestId
  readonly by: Resolver
  readonly answer?: unknown
}

/**
 * Work beside the main thread began: a background command, a subagent.
 *
 * @since 0.1.0
 * @category events
 */
export interface TaskStarted extends Common {
  readonly _tag: "TaskStarted"
  readonly taskId: TaskId
  readonly kind: string
  readonly toolId?: ToolId
  readonly description: string
  readonly background: boolean
}

/**
 * It goes on.
 *
 * @since 0.1.0
 * @category events
 */
export interface TaskProgress extends Common {
  readonly _tag: "TaskProgress"
  readonly taskId: TaskId
  readonly description?: string
  readonly lastTool?: string
}

/**
 * It is over.
 *
 * @since 0.1.0
 * @category events
 */
export interface TaskEnded extends Common {
  readonly _tag: "TaskEnded"
  readonly taskId: TaskId
  readonly status: "completed" | "failed" | "stopped"
  readonly summary: string
}

/**
 * What was used: by one request to the model, by the turn, by the session. `cost` in USD.
 *
 * @since 0.1.0
 * @category events
 */
export interface UsageUpdated extends Common {
  readonly _tag: "UsageUpdated"
  readonly scope: "request" | "turn" | "session"
  readonly usage: Usage
  readonly cost?: number
}

/**
 * Where the provider's limit stands. `resetsAt`: epoch milliseconds.
 *
 * @since 0.1.0
 * @category events
 */
export interface RateLimited extends Common {
  readonly _tag: "RateLimited"
  readonly status: string
  readonly resetsAt?: number
  readonly window?: string
}

/**
 * The agent tries a request again by itself, after `delayMs`. The turn goes on.
 *
 * @since 0.1.0
 * @category events
 */
export interface Retrying extends Common {
  readonly _tag: "Retrying"
  readonly attempt: number
  readonly max?: number
  readonly delayMs: number
  readonly status?: number
  readonly error?: string
}

/**
 * The agent made its context smaller. `before` and `after` in tokens.
 *
 * @since 0.1.0
 * @category events
 */
export interface Compacted extends Common {
  readonly _tag: "Compacted"
  readonly trigger: string
  readonly before?: number
  readonly after?: number
}

/**
 * Something worth telling a person. `code` is stable, `text` is not.
 *
 * @since 0.1.0
 * @category events
 */
export interface Notice extends Common {
  readonly _tag: "Notice"
  readonly level: "info" | "warning" | "error"
  readonly code: string
  readonly text: string
}

/**
 * A frame of the agent that this version does not map; `raw` holds it. With `issue` it is one we know that came in another form.
 *
 * @since 0.1.0
 * @category events
 */
export interface Unknown extends Common {
  readonly _tag: "Unknown"
  readonly type: string
  readonly subtype?: string
  readonly issue?: string
}

/**
 * A line that is no frame at all: its length and how it begins.
 *
 * @since 0.1.0
 * @category events
 */
export interface Malformed extends Common {
  readonly _tag: "Malformed"
  readonly bytes: number
  readonly prefix: string
}

/**
 * A failure told as an event: see `errors: "event"` of `StreamSession.stream`.
 *
 * @since 0.1.0
 * @category events
 */
export interface ErrorOccurred extends Common {
  readonly _tag: "ErrorOccurred"
  readonly error: AgentError
}

/**
 * What happens in a session. Switch on `_tag`, or use {@link is} and the helpers below.
 *
 * @since 0.1.0
 * @category models
 */
export type AgentEvent =
  | SessionStarted
  | SessionUpdated
  | SessionEnded
  | TurnStarted
  | TurnEnded
  | TextDelta
  | TextCompleted
  | ReasoningDelta
  | ReasoningCompleted
  | ToolStarted
  | ToolInputDelta
  | ToolProgress
  | ToolEnded
  | PlanUpdated
  | PermissionRequested
  | PermissionResolved
  | InputRequested
  | InputResolved
  | TaskStarted
  | TaskProgress
  | TaskEnded
  | UsageUpdated
  | RateLimited
  | Retrying
  | Compacted
  | Notice
  | Unknown
  | Malformed
  | ErrorOccurred

/**
 * The event of one tag: `Of<"TextDelta">`.
 *
 * @since 0.1.0
 * @category models
 */
export type Of<Tag extends AgentEvent["_tag"]> = Extract<AgentEvent, { readonly _tag: Tag }>

const event = <const Tag extends string, const Fields extends Schema.Struct.Fields>(tag: Tag, fields: Fields) =>
  Schema.TaggedStruct(tag, {
    seq: Schema.Int,
    at: Schema.Finite,
    sessionId: Schema.optionalKey(SessionId),
    turnId: Schema.optionalKey(TurnId),
    parentToolId: Schema.optionalKey(ToolId),
    raw: Schema.optionalKey(Schema.Unknown).pipe(
      Schema.encodeTo(Schema.optionalKey(Schema.Unknown), {
        decode: SchemaGetter.omit(),
        encode: SchemaGetter.omit()
      })
    ),
    ...fields
  })

/**
 * The schema of every event: decodes what {@link AgentEvent} values encode to, `raw` excepted. For JSON use
 * `Schema.toCodecJson(AgentEvent.AgentEvent)`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const AgentEvent: Schema.Codec<AgentEvent, unknown> = Schema.Union([
  event("SessionStarted", {
    agent: Schema.String,
    agentVersion: Schema.optionalKey(Schema.String),
    model: Schema.optionalKey(Schema.String),
    cwd: Schema.optionalKey(Schema.String),
    resumed: Schema.Boolean
  }),
  event("SessionUpdated", { changes: SessionChanges }),
  event("SessionEnded", {
    reason: Schema.Literals(["closed", "exited", "failed"]),
    exit: Schema.optionalKey(ExitStatus)
  }),
  event("TurnStarted", { origin: Schema.Literals(["caller", "agent"]) }),
  event("TurnEnded", { result: TurnResult }),
  event("TextDelta", { itemId: ItemId, text: Schema.String, joined: Schema.optionalKey(Schema.Int) }),
  event("TextCompleted", { itemId: ItemId, text: Schema.String }),
  event("ReasoningDelta", { itemId: ItemId, text: Schema.String, joined: Schema.optionalKey(Schema.Int) }),
  event("ReasoningCompleted", { itemId: ItemId, text: Schema.String }),
  event("ToolStarted", { toolId: ToolId, name: Schema.String, kind: ToolKind, input: anyValue }),
  event("ToolInputDelta", { toolId: ToolId, json: Schema.String }),
  event("ToolProgress", {
    toolId: ToolId,
    output: Schema.optionalKey(storable),
    elapsedMs: Schema.optionalKey(Schema.Finite)
  }),
  event("ToolEnded", { toolId: ToolId, status: ToolStatus, output: anyValue }),
  event("PlanUpdated", { entries: Schema.Array(PlanEntry) }),
  event("PermissionRequested", {
    requestId: RequestId,
    toolId: Schema.optionalKey(ToolId),
    tool: Schema.String,
    input: anyValue,
    suggestions: Schema.Array(storable)
  }),
  event("PermissionResolved", { requestId: RequestId, by: Resolver, decision: Schema.optionalKey(Decision) }),
  event("InputRequested", {
    requestId: RequestId,
    kind: Schema.Literals(["question", "plan", "form", "url", "dialog"]),
    toolId: Schema.optionalKey(ToolId),
    payload: anyValue
  }),
  event("InputResolved", { requestId: RequestId, by: Resolver, answer: Schema.optionalKey(storable) }),
  event("TaskStarted", {
    taskId: TaskId,
    kind: Schema.String,
    toolId: Schema.optionalKey(ToolId),
    description: Schema.String,
    background: Schema.Boolean
  }),
  event("TaskProgress", {
    taskId: TaskId,
    description: Schema.optionalKey(Schema.String),
    lastTool: Schema.optionalKey(Schema.String)
  }),
  event("TaskEnded", {
    taskId: TaskId,
    status: Schema.Literals(["completed", "failed", "stopped"]),
    summary: Schema.String
  }),
  event("UsageUpdated", {
    scope: Schema.Literals(["request", "turn", "session"]),
    usage: Usage,
    cost: Schema.optionalKey(Schema.Finite)
  }),
  event("RateLimited", {
    status: Schema.String,
    resetsAt: Schema.optionalKey(Schema.Finite),
    window: Schema.optionalKey(Schema.String)
  }),
  event("Retrying", {
    attempt: Schema.Finite,
    max: Schema.optionalKey(Schema.Finite),
    delayMs: Schema.Finite,
    status: Schema.optionalKey(Schema.Finite),
    error: Schema.optionalKey(Schema.String)
  }),
  event("Compacted", {
    trigger: Schema.String,
    before: Schema.optionalKey(Schema.Finite),
    after: Schema.optionalKey(Schema.Finite)
  }),
  event("Notice", { level: Schema.Literals(["info", "warning", "error"]), code: Schema.String, text: Schema.String }),
  event("Unknown", {
    type: Schema.String,
    subtype: Schema.optionalKey(Schema.String),
    issue: Schema.optionalKey(Schema.String)
  }),
  event("Malformed", { bytes: Schema.Finite, prefix: Schema.String }),
  event("ErrorOccurred", { error: AgentError })
])

/**
 * A guard for one tag.
 *
 * @example
 * ```ts
 * const plans = session.events.pipe(Stream.filter(AgentEvent.is("PlanUpdated")))
 * ```
 *
 * @since 0.1.0
 * @category guards
 */
export const is =
  <const Tag extends AgentEvent["_tag"]>(tag: Tag) =>
  (event: AgentEvent): event is Of<Tag> =>
    event._tag === tag

/**
 * Which events a helper looks at: those of the main thread, or those of subagents too. `includeSubagents`: false by
 * default.
 *
 * @since 0.1.0
 * @category models
 */
export interface ThreadOptions {
  readonly includeSubagents?: boolean | undefined
}

type Source<E, R> = Stream.Stream<AgentEvent, E, R>

// One pass a chunk: a stage per element would cost more than reading the event did.
const collect =
  <A>(pick: (event: AgentEvent) => A | undefined, options?: ThreadOptions) =>
  <E, R>(self: Source<E, R>): Stream.Stream<A, E, R> => {
    const all = options?.includeSubagents === true
    return Stream.transformPull(self, (pull) => {
      const next: typeof pull extends Effect.Effect<infer _, infer E1, infer R1>
        ? Effect.Effect<Arr.NonEmptyReadonlyArray<A>, E1, R1>
        : never = Effect.flatMap(pull, (events) => {
        const out: Array<A> = []
        for (const event of events) {
          if (!all && event.parentToolId !== undefined) continue
          const picked = pick(event)
          if (picked !== undefined) out.push(picked)
        }
        return Arr.isArrayNonEmpty(out) ? Effect.succeed(out) : next
      })
      return Effect.succeed(next)
    })
  }

const deltaText = (event: AgentEvent): string | undefined => (event._tag === "TextDelta" ? event.text : undefined)

const completedText = (event: AgentEvent): string | undefined =>
  event._tag === "TextCompleted" ? event.text : undefined

const completedReasoning = (event: AgentEvent): string | undefined =>
  event._tag === "ReasoningCompleted" ? event.text : undefined

/**
 * The text of the main thread as it is written, piece by piece.
 *
 * @example
 * ```ts
 * session.stream("Explain OTP in one line").pipe(
 *   AgentEvent.textDeltas,
 *   Stream.runForEach((text) => Effect.sync(() => process.stdout.write(text)))
 * )
 * ```
 *
 * @since 0.1.0
 * @category streams
 */
export const textDeltas: <E, R>(self: Stream.Stream<AgentEvent, E, R>) => Stream.Stream<string, E, R> =
  collect(deltaText)

/**
 * {@link textDeltas} of other threads too.
 *
 * @since 0.1.0
 * @category streams
 */
export const textDeltasWith = (
  options?: ThreadOptions
): (<E, R>(self: Stream.Stream<AgentEvent, E, R>) => Stream.Stream<string, E, R>) => collect(deltaText, options)

/**
 * A text item as far as it is written.
 *
 * @since 0.1.0
 * @category models
 */
export interface Accumulated {
  readonly itemId: ItemId
  readonly text: string
}

/**
 * {@link accumulated} of other threads too.
 *
 * @since 0.1.0
 * @category streams
 */
export const accumulatedWith =
  (options?: ThreadOptions) =>
  <E, R>(self: Stream.Stream<AgentEvent, E, R>): Stream.Stream<Accumulated, E, R> =>
    Stream.suspend(() => {
      const items = new Map<ItemId, string>()
      return collect((event): Accumulated | undefined => {
        if (event._tag === "TextCompleted") {
          const seen = items.delete(event.itemId)
          return seen ? undefined : { itemId: event.itemId, text: event.text }
        }
        if (event._tag !== "TextDelta") return undefined
        const text = (items.get(event.itemId) ?? "") + event.text
        items.set(event.itemId, text)
        return { itemId: event.itemId, text }
      }, options)(self)
    })

/**
 * The running text of the main thread: each piece gives its item's text so far, for a screen that is painted anew. An
 * item that came without pieces is given once, when it is complete.
 *
 * @example
 * ```ts
 * session.stream("Explain OTP in one line").pipe(
 *   AgentEvent.accumulated,
 *   Stream.runForEach(({ itemId, text }) => paint(itemId, text))
 * )
 * ```
 *
 * @since 0.1.0
 * @category streams
 */
export const accumulated: <E, R>(self: Stream.Stream<AgentEvent, E, R>) => Stream.Stream<Accumulated, E, R> =
  accumulatedWith()

/**
 * {@link completed} of other threads too.
 *
 * @since 0.1.0
 * @category streams
 */
export const completedWith = (
  options?: ThreadOptions
): (<E, R>(self: Stream.Stream<AgentEvent, E, R>) => Stream.Stream<string, E, R>) => collect(completedText, options)

/**
 * The text items of the main thread, each when it is complete.
 *
 * @since 0.1.0
 * @category streams
 */
export const completed: <E, R>(self: Stream.Stream<AgentEvent, E, R>) => Stream.Stream<string, E, R> = completedWith()

/**
 * {@link text} of other threads too.
 *
 * @since 0.1.0
 * @category destructors
 */
export const textWith =
  (options?: ThreadOptions) =>
  <E, R>(self: Stream.Stream<AgentEvent, E, R>): Effect.Effect<string, E, R> =>
    Stream.mkString(completedWith(options)(self))

/**
 * All text of the main thread, its items one after the other, when the stream ends.
 *
 * @since 0.1.0
 * @category destructors
 */
export const text: <E, R>(self: Stream.Stream<AgentEvent, E, R>) => Effect.Effect<string, E, R> = textWith()

/**
 * {@link reasoning} of other threads too.
 *
 * @since 0.1.0
 * @category destructors
 */
export const reasoningWith =
  (options?: ThreadOptions) =>
  <E, R>(self: Stream.Stream<AgentEvent, E, R>): Effect.Effect<string, E, R> =>
    Stream.mkString(collect(completedReasoning, options)(self))

/**
 * All thinking of the main thread, its items one after the other, when the stream ends.
 *
 * @since 0.1.0
 * @category destructors
 */
export const reasoning: <E, R>(self: Stream.Stream<AgentEvent, E, R>) => Effect.Effect<string, E, R> = reasoningWith()

/**
 * {@link toolCalls} of other threads too.
 *
 * @since 0.1.0
 * @category streams
 */
export const toolCallsWith =
  (options?: ThreadOptions) =>
  <E, R>(self: Stream.Stream<AgentEvent, E, R>): Stream.Stream<ToolCall, E, R> =>
    Stream.suspend(() => {
      const started = new Map<ToolId, ToolStarted>()
      return collect((event): ToolCall | undefined => {
        if (event._tag === "ToolStarted") started.set(event.toolId, event)
        if (event._tag !== "ToolEnded") return undefined
        const call = started.get(event.toolId)
        if (call === undefined) return undefined
        started.delete(event.toolId)
        return { toolId: call.toolId, name: call.name, input: call.input, status: event.status, output: event.output }
      }, options)(self)
    })

/**
 * The tool calls of the main thread, each when it is over, with what came of it. A call that never ends is not given.
 *
 * @example
 * ```ts
 * session.stream("Tidy up the imports").pipe(
 *   AgentEvent.toolCalls,
 *   Stream.runForEach(({ name, status }) => Console.log(name, status))
 * )
 * ```
 *
 * @since 0.1.0
 * @category streams
 */
export const toolCalls: <E, R>(self: Stream.Stream<AgentEvent, E, R>) => Stream.Stream<ToolCall, E, R> = toolCallsWith()

/**
 * The stream up to the first `TurnEnded`, that event included; what follows is not pulled.
 *
 * @since 0.1.0
 * @category streams
 */
export const untilTurnEnded = <E, R>(self: Stream.Stream<AgentEvent, E, R>): Stream.Stream<AgentEvent, E, R> =>
  Stream.takeUntil(self, is("TurnEnded"))

/**
 * The result of the first turn that ends; none when the stream ends without one.
 *
 * @since 0.1.0
 * @category destructors
 */
export const result = <E, R>(self: Stream.Stream<AgentEvent, E, R>): Effect.Effect<Option.Option<TurnResult>, E, R> =>
  Stream.runHead(collect((event) => (event._tag === "TurnEnded" ? event.result : undefined))(self))
