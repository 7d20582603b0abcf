/**
 * A live conversation with an agent: the interface, its service tag, and the ways to open one. A session belongs to a
 * Scope; when that closes, the agent and every process it started are gone.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { FileSystem } from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Option from "effect/Option"
import type { Path } from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import {
  AgentAdapter,
  type BaseOptions,
  type Capabilities,
  type Exact,
  type Output,
  type PermissionMode,
  type Services,
  type SessionOptions,
  type TranscriptMessage,
  type TranscriptOptions
} from "./AgentAdapter.ts"
import type { AgentError } from "./AgentError.ts"
import type { AgentEvent } from "./AgentEvent.ts"
import { type SessionId, TurnId } from "./internal/ids.ts"
import { overridden, Overrides as Overrides_, resolve, withOutput } from "./internal/resolve.ts"
import { type ServiceClass as Class, serviceClass } from "./internal/serviceClass.ts"
import type * as Prompt from "./Prompt.ts"
import { TurnResult } from "./Turn.ts"
import { Usage } from "./Usage.ts"

/**
 * Where a session stands. `Closed.reason` tells why: "closed" by us, "exited" by itself, "failed".
 *
 * @since 0.1.0
 * @category models
 */
export type SessionStatus =
  | { readonly _tag: "Starting" }
  | { readonly _tag: "Idle" }
  | { readonly _tag: "Running"; readonly turnId: TurnId }
  | { readonly _tag: "Closing" }
  | { readonly _tag: "Closed"; readonly reason: "closed" | "exited" | "failed" }

/**
 * @since 0.1.0
 * @category schemas
 */
export const SessionStatus: Schema.Codec<SessionStatus, unknown> = Schema.Union([
  Schema.TaggedStruct("Starting", {}),
  Schema.TaggedStruct("Idle", {}),
  Schema.TaggedStruct("Running", { turnId: TurnId }),
  Schema.TaggedStruct("Closing", {}),
  Schema.TaggedStruct("Closed", { reason: Schema.Literals(["closed", "exited", "failed"]) })
])

/**
 * What an interrupt came to. `Escalated`: the agent did not stop in `timeouts.interrupt`, so its process was replaced.
 *
 * @since 0.1.0
 * @category models
 */
export type InterruptOutcome = "Interrupted" | "NotRunning" | "Escalated"

/**
 * @since 0.1.0
 * @category schemas
 */
export const InterruptOutcome: Schema.Codec<InterruptOutcome> = Schema.Literals([
  "Interrupted",
  "NotRunning",
  "Escalated"
])

/**
 * Whether the agent answers. `Degraded`: a request got no answer in time. `Unhealthy`: the session is over.
 *
 * @since 0.1.0
 * @category models
 */
export type Health =
  | { readonly _tag: "Healthy" }
  | { readonly _tag: "Degraded"; readonly why: string }
  | { readonly _tag: "Unhealthy"; readonly why: string }

/**
 * @since 0.1.0
 * @category schemas
 */
export const Health: Schema.Codec<Health> = Schema.Union([
  Schema.TaggedStruct("Healthy", {}),
  Schema.TaggedStruct("Degraded", { why: Schema.String }),
  Schema.TaggedStruct("Unhealthy", { why: Schema.String })
])

/**
 * A session so far: turns that ended, tokens, money (USD), the last result, the model and mode in force.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionSummary {
  readonly turns: number
  readonly usage: Usage
  readonly cost: Option.Option<number>
  readonly last: Option.Option<TurnResult>
  readonly model: Option.Option<string>
  readonly permissionMode: Option.Option<string>
}

/**
 * The schema of a {@link SessionSummary}. For JSON use `Schema.toCodecJson`; what is none becomes null.
 *
 * @since 0.1.0
 * @category schemas
 */
export const SessionSummary: Schema.Codec<SessionSummary, unknown> = Schema.Struct({
  turns: Schema.Finite,
  usage: Usage,
  cost: Schema.OptionFromNullOr(Schema.Finite),
  last: Schema.OptionFromNullOr(TurnResult),
  model: Schema.OptionFromNullOr(Schema.String),
  permissionMode: Schema.OptionFromNullOr(Schema.String)
})

/**
 * What can be said about one turn; everything else belongs to the session, since no agent can change it for a turn.
 *
 * @since 0.1.0
 * @category options
 */
export interface TurnOptions {
  /** In place of those of the session: silence, and the whole turn. Default: the session's. */
  readonly timeouts?:
    | { readonly idle?: Duration.Input | undefined; readonly turn?: Duration.Input | undefined }
    | undefined
  /** Put on the turn's span. */
  readonly metadata?: { readonly [key: string]: string } | undefined
}

/**
 * A live conversation. `Output` is what `outputSchema` makes of an answer.
 *
 * @since 0.1.0
 * @category models
 */
export interface Session<out Output = unknown> {
  /** The name of the adapter: "claude", "mock". */
  readonly agent: string
  /** What the agent can do, narrowed to what the running version answered. */
  readonly capabilities: Capabilities
  /** The agent's own id; none while it is not known. It changes when the conversation is cleared. */
  readonly id: Effect.Effect<Option.Option<SessionId>>
  /** Where the session stands. */
  readonly status: Effect.Effect<SessionStatus>
  /** The status now, then each change. */
  readonly statusChanges: Stream.Stream<SessionStatus>
  /** The session so far. Never waits behind a turn. */
  readonly summary: Effect.Effect<SessionSummary>
  /** Turns that ended, oldest first: the last 1,000, or fewer that weigh 32 MiB together (the last one always). */
  readonly history: Effect.Effect<ReadonlyArray<TurnResult>>
  /**
   * Everything that happens, between turns too: first what is left of the last 1,024 events, then live, until the
   * session ends. Any number of readers; one that falls behind loses the oldest and gets a `Notice`, and never holds a
   * turn up.
   */
  readonly events: Stream.Stream<AgentEvent>
  /**
   * The same as {@link events}, subscribed when the Effect returns: nothing that happens afterwards is missed, however
   * late the stream is run. The Scope ends the subscription.
   *
   * @example
   * ```ts
   * const program = Effect.gen(function* () {
   *   const events = yield* session.subscribe
   *   yield* Effect.forkScoped(Stream.runForEach(events, (event) => Effect.logDebug(event._tag)))
   *   return yield* session.ask("Explain OTP in one line")
   * })
   * ```
   */
  readonly subscribe: Effect.Effect<Stream.Stream<AgentEvent>, never, Scope.Scope>
  /**
   * One turn. Lazy: each run sends the prompt anew. Ends after `TurnEnded`; fails after it with the turn's error unless
   * the turn completed or was interrupted by us. Leaving early interrupts the agent.
   *
   * @example
   * ```ts
   * session.stream("Explain OTP in one line").pipe(
   *   AgentEvent.textDeltas,
   *   Stream.runForEach((text) => Effect.sync(() => process.stdout.write(text)))
   * )
   * ```
   */
  readonly stream: (prompt: Prompt.Input, options?: TurnOptions) => Stream.Stream<AgentEvent, AgentError>
  /**
   * One turn, its result. Fails unless the turn completed; the error carries what was said and spent. While another turn
   * runs it waits, or fails with `TurnRejected` or `TurnQueueFull`: see `turns`. Interrupting it interrupts the agent.
   *
   * @example
   * ```ts
   * const program = Effect.gen(function* () {
   *   const { text, usage } = yield* session.ask("Explain OTP in one line", { timeouts: { turn: "2 minutes" } })
   *   yield* Console.log(text, usage)
   * })
   * ```
   */
  readonly ask: (prompt: Prompt.Input, options?: TurnOptions) => Effect.Effect<TurnResult<Output>, AgentError>
  /**
   * Says something into the running turn. Said too late for the agent to take it in, it becomes a turn of the agent's own
   * right after this one. Fails with `ControlFailed` when no turn runs, with `Unsupported` without the capability `steer`.
   */
  readonly steer: (prompt: Prompt.Input) => Effect.Effect<void, AgentError>
  /**
   * Stops the running turn; returns when it has ended. An agent that does not stop in `timeouts.interrupt` (5 seconds by
   * default) has its process replaced. Without a turn: "NotRunning".
   *
   * @example
   * ```ts
   * const program = Effect.gen(function* () {
   *   const turn = yield* Effect.forkChild(session.ask("Count to a million"))
   *   yield* Effect.sleep("2 seconds")
   *   const outcome = yield* session.interrupt
   *   const exit = yield* Fiber.await(turn)
   * })
   * ```
   */
  readonly interrupt: Effect.Effect<InterruptOutcome, AgentError>
  /** Changes the model, from when `capabilities.setModel` says. `undefined`: the agent's default. */
  readonly setModel: (model: string | undefined) => Effect.Effect<void, AgentError>
  /** Changes how freely the agent acts. Fails with `Unsupported` without the capability `setMode`. */
  readonly setPermissionMode: (mode: PermissionMode) => Effect.Effect<void, AgentError>
  /**
   * Forgets the conversation; the session goes on with a new id. Takes its turn like a prompt: it waits for the running
   * one, or is rejected. Fails with `Unsupported` without the capability `clear`.
   */
  readonly clear: Effect.Effect<void, AgentError>
  /** The conversation as the agent keeps it on disk. */
  readonly transcript: (options?: TranscriptOptions) => Stream.Stream<TranscriptMessage, AgentError>
  /** Runs an Effect where the agent runs: with the file system and processes of its host. */
  readonly execute: <A, E, R>(
    effect: Effect.Effect<A, E, R>
  ) => Effect.Effect<A, E, Exclude<R, FileSystem | Path | ChildProcessSpawner>>
  /** Whether the agent answers. */
  readonly health: Effect.Effect<Health>
  /** Waits until no turn and no background task runs. */
  readonly quiescent: Effect.Effect<void, AgentError>
  /** Ends the session: what its Scope does. Any number of times; each waits until all is gone. */
  readonly close: Effect.Effect<void>
}

/**
 * The service tag of a session, as {@link layer} provides it.
 *
 * @since 0.1.0
 * @category services
 */
export const Session: Context.Service<Session, Session> = Context.Service("effect-agent-session/Session")

/**
 * Plain options laid over those of every session opened in the effect: who restarts a session runs its opener again with
 * `{ start: { resume } }`. Default: nothing.
 *
 * @example
 * ```ts
 * const opener = Session.make({ model: "sonnet", cwd: "/srv/app" })
 * const again = (id: string) => Effect.provideService(opener, Session.Overrides, { start: { resume: id } })
 * ```
 *
 * @since 0.1.0
 * @category references
 */
export const Overrides: Context.Reference<Partial<BaseOptions>> = Overrides_

/**
 * Opens a session for the Scope. Returns after the handshake: the agent is there and answers. Fails with
 * `InvalidOptions`, `Unsupported`, `ExecutableNotFound`, `SpawnFailed`, `StartupFailed` or `HandshakeTimeout`.
 *
 * @example
 * ```ts
 * const program = Effect.gen(function*() {
 *   const session = yield* Session.make({ model: "sonnet" })
 *   yield* session.ask("My name is Alice")
 *   const { text } = yield* session.ask("What is my name?")
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <const O extends SessionOptions.Any = {}>(
  options?: Exact<O>
): Effect.Effect<Session<Output<O>>, AgentError, AgentAdapter | Scope.Scope | Services<O>> =>
  Effect.flatMap(AgentAdapter, (adapter) =>
    Effect.flatMap(resolve<O>(options, adapter.defaults), (resolved) =>
      Effect.map(adapter.open(resolved), (session) => withOutput<O, Session>(session))
    )
  )

/**
 * A session as a Layer: open as long as the Layer is. Each call is a session of its own; bind it to a const to share it.
 *
 * @example
 * ```ts
 * const AppLayer = Session.layer({ model: "sonnet" }).pipe(
 *   Layer.provide(ClaudeAdapter.layer()),
 *   Layer.provide(NodeServices.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <const O extends SessionOptions.Any = {}>(
  options?: Exact<O>
): Layer.Layer<Session, AgentError, AgentAdapter | Exclude<Services<O>, Scope.Scope>> =>
  Layer.effect(Session, make<O>(options))

/**
 * What {@link Service} makes: a tag of its own, and its Layers.
 *
 * - `layer`: the session with the options of the class.
 * - `layerWith`: with values that are known at run time laid over them; `undefined` lays nothing over, deadlines are laid
 *   over one by one.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceClass<Self, Id extends string, O> extends Class<
  Self,
  Id,
  Session<Output<O>>,
  BaseOptions,
  AgentAdapter | Exclude<Services<O>, Scope.Scope>
> {}

/**
 * A session as a service class: several at once, each with its own options and its own agent. `ask` is typed by the
 * `outputSchema` of the class.
 *
 * @example
 * ```ts
 * class Reviewer extends Session.Service<Reviewer>()("app/Reviewer", { model: "opus" }) {
 *   static readonly configured = Layer.unwrap(
 *     Effect.map(Config.String("REVIEW_MODEL"), (model) => Reviewer.layerWith({ model }))
 *   )
 * }
 * const program = Effect.flatMap(Reviewer, (reviewer) => reviewer.ask("Review the last commit"))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const Service =
  <Self>() =>
  <const Id extends string, const O extends SessionOptions.Any = {}>(
    id: Id,
    options?: Exact<O>
  ): ServiceClass<Self, Id, O> =>
    serviceClass<Self>()(id, (overrides: BaseOptions) => overridden(make<O>(options), overrides))
