/**
 * Many sessions, each under a name: started once however many ask, listed, restarted, stopped, and gone when the Layer
 * is. The name is the session's key (`sessionKey`): it stays the same over restarts, whatever id the agent gives.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import {
  AgentAdapter,
  type BaseOptions,
  type Exact,
  type Output,
  type Services,
  type SessionOptions
} from "./AgentAdapter.ts"
import { AgentError } from "./AgentError.ts"
import { ExitStatus } from "./AgentEvent.ts"
import { SessionId } from "./internal/ids.ts"
import * as Registry from "./internal/registry.ts"
import { invalid, override, Overrides, resolve, withOutput } from "./internal/resolve.ts"
import { type Session, SessionStatus } from "./Session.ts"

/**
 * Session options, and the adapter that opens the session when it is another one than the registry's.
 *
 * @since 0.1.0
 * @category options
 */
export interface EntryOptions<out R = never> extends SessionOptions<R> {
  /** Default: the `AgentAdapter` that the registry was built with. */
  readonly adapter?: AgentAdapter | undefined
}

/**
 * @since 0.1.0
 */
export declare namespace EntryOptions {
  /**
   * @since 0.1.0
   * @category options
   */
  export type Any = EntryOptions<unknown>
}

/**
 * Plain options that a restart lays over those the session was started with, and what becomes of a turn that runs.
 *
 * @since 0.1.0
 * @category options
 */
export interface RestartOptions extends BaseOptions {
  /** Ends a running turn instead of refusing: it fails with `SessionClosed`. Default: false. */
  readonly interrupt?: boolean | undefined
}

/**
 * A name of the registry.
 *
 * - `status`: `Starting` while it opens, for the first time or again; `Closing` until everything behind it is gone.
 * - `agent`: the adapter's name; absent while an opener of yours has not come to it.
 * - `sessionId`: the agent's own id, when it is open and known.
 * - `startedAt`: epoch milliseconds of the first start; `restarts`: how many there were since.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionEntry {
  readonly name: string
  readonly agent?: string
  readonly sessionId?: SessionId
  readonly status: SessionStatus
  readonly startedAt: number
  readonly restarts: number
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SessionEntry: Schema.Codec<SessionEntry, unknown> = Schema.Struct({
  name: Schema.String,
  agent: Schema.optionalKey(Schema.String),
  sessionId: Schema.optionalKey(SessionId),
  status: SessionStatus,
  startedAt: Schema.Finite,
  restarts: Schema.Finite
})

/**
 * What happened to a name. Each start ends in one `Stopped` or `Failed`, after which the name is free.
 *
 * - `Started`: it is open. `Restarted`: it is open again under the same name.
 * - `Stopped`: `stopped` by the registry, `closed` through the session itself, or the agent `exited` or `failed`.
 * - `Failed`: it could not be opened, at the start or at a restart.
 * - `at`: epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export type RegistryChange =
  | {
      readonly _tag: "Started" | "Restarted"
      readonly name: string
      readonly at: number
      readonly agent: string
      readonly sessionId?: SessionId
    }
  | {
      readonly _tag: "Stopped"
      readonly name: string
      readonly at: number
      readonly reason: "stopped" | "closed" | "exited" | "failed"
      readonly exit?: ExitStatus
    }
  | { readonly _tag: "Failed"; readonly name: string; readonly at: number; readonly error: AgentError }

const change = { name: Schema.String, at: Schema.Finite }

/**
 * The schema of a {@link RegistryChange}. For JSON use `Schema.toCodecJson`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const RegistryChange: Schema.Codec<RegistryChange, unknown> = Schema.Union([
  Schema.Struct({
    _tag: Schema.Literals(["Started", "Restarted"]),
    ...change,
    agent: Schema.String,
    sessionId: Schema.optionalKey(SessionId)
  }),
  Schema.TaggedStruct("Stopped", {
    ...change,
    reason: Schema.Literals(["stopped", "closed", "exited", "failed"]),
    exit: Schema.optionalKey(ExitStatus)
  }),
  Schema.TaggedStruct("Failed", { ...change, error: AgentError })
])

/**
 * Sessions by name. They live in the registry, not in the Scope of whoever starts them; what their handlers need is taken
 * from where they are started.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionRegistry {
  /**
   * Opens a session under a name that is free; one that is being stopped is waited for. Fails with `SessionExists`,
   * `RegistryFull`, or as `Session.make` does. Interrupting it ends the start, unless others wait for it too.
   *
   * @example
   * ```ts
   * const program = Effect.gen(function* () {
   *   const registry = yield* SessionRegistry.SessionRegistry
   *   const reviewer = yield* registry.start("reviewer", { model: "opus" })
   *   yield* reviewer.ask("Review the last commit")
   *   yield* registry.stop("reviewer")
   * })
   * ```
   */
  readonly start: <const O extends EntryOptions.Any = {}>(
    name: string,
    options?: Exact<O, EntryOptions.Any>
  ) => Effect.Effect<Session<Output<O>>, AgentError, Exclude<Services<O>, Scope.Scope>>
  /**
   * The same with any opener; the session keeps its type. A restart runs the opener again.
   *
   * @example
   * ```ts
   * const program = Effect.gen(function* () {
   *   const registry = yield* SessionRegistry.SessionRegistry
   *   const claude = yield* registry.startWith("docs", ClaudeSession.make({ addDirs: ["../shared"] }))
   *   const { models } = yield* claude.serverInfo
   * })
   * ```
   */
  readonly startWith: <S extends Session, R>(
    name: string,
    open: Effect.Effect<S, AgentError, R>
  ) => Effect.Effect<S, AgentError, Exclude<R, Scope.Scope>>
  /** The session of that name; one that is being started is waited for. Fails with `SessionNotFound`. */
  readonly get: (name: string) => Effect.Effect<Session, AgentError>
  /**
   * The session of that name, started if there is none. Of several at once one starts it, with its options; the others
   * wait, and get the same session or the same failure.
   */
  readonly getOrStart: <const O extends EntryOptions.Any = {}>(
    name: string,
    options?: Exact<O, EntryOptions.Any>
  ) => Effect.Effect<Session, AgentError, Exclude<Services<O>, Scope.Scope>>
  /**
   * Closes the session and opens another one under the same name: by the same opener, with `options` laid over. The name
   * is not free meanwhile; `get` waits. Without `start` it goes on with the conversation. Once it has begun it is not
   * interrupted with its caller.
   *
   * Fails with `SessionNotFound`; with `TurnRejected` while a turn runs, unless `interrupt` is true; or, when the other
   * session does not open, with its error: then the name is gone.
   *
   * @example
   * ```ts
   * const adopt = (id: string) =>
   *   Effect.flatMap(SessionRegistry.SessionRegistry, (registry) => registry.restart("docs", { start: { resume: id } }))
   * ```
   */
  readonly restart: (name: string, options?: RestartOptions) => Effect.Effect<Session, AgentError>
  /** Every name, in the order of their starts. Waits for nothing. */
  readonly list: Effect.Effect<ReadonlyArray<SessionEntry>>
  /** Closes the session and frees its name, also while it starts. Fails with `SessionNotFound`. */
  readonly stop: (name: string) => Effect.Effect<void, AgentError>
  /** Closes every session, all at once: it takes as long as the slowest (`timeouts.shutdown`). */
  readonly stopAll: Effect.Effect<void>
  /**
   * What happens to names, from when the stream runs until the registry is closed. A reader that falls more than 1,024
   * changes behind loses the oldest.
   */
  readonly changes: Stream.Stream<RegistryChange>
}

/**
 * The service tag of the registry.
 *
 * @since 0.1.0
 * @category services
 */
export const SessionRegistry: Context.Service<SessionRegistry, SessionRegistry> = Context.Service(
  "effect-agent-session/SessionRegistry"
)

/**
 * Sessions to begin with, by name, and how many there may be.
 *
 * @since 0.1.0
 * @category options
 */
export interface LayerOptions<out S> {
  /** Opened, all at once, before the Layer is there; when one fails the Layer does. Default: none. */
  readonly sessions?: S | undefined
  /** How many names there may be; then a start fails with `RegistryFull`. Default: no limit. */
  readonly maxSessions?: number | undefined
}

/** Each with the options it may have, and none besides: a misspelt one is a type error. */
type ExactEntries<S> = { readonly [K in keyof S]: Exact<S[K], EntryOptions.Any> }

/** Opens what the options say, with the services of whoever starts it. */
const opener = <O extends EntryOptions.Any>(
  options: O | undefined,
  fallback: AgentAdapter
): Effect.Effect<Session<Output<O>>, AgentError, Scope.Scope | Services<O>> => {
  const { adapter = fallback, ...rest } = options ?? {}
  // Without `adapter`, which is no session option, it is not an `O` any more; what is inferred from it is the same.
  return Effect.flatMap(resolve<O>(rest as SessionOptions.Any as O, adapter.defaults), (resolved) =>
    Effect.map(adapter.open(resolved), (session) => withOutput<O, Session>(session))
  )
}

/** Takes the services from here, so that the opener can be run again from anywhere. */
const captured = <S extends Session, R>(
  open: Effect.Effect<S, AgentError, R>
): Effect.Effect<Registry.Opener<S>, never, Exclude<R, Scope.Scope>> =>
  Effect.contextWith((context: Context.Context<Exclude<R, Scope.Scope>>) =>
    Effect.succeed((overrides) =>
      Effect.flatMap(Effect.scope, (scope) => {
        const scoped = Scope.provide(open, scope)
        const own = Context.get(context, Overrides)
        return Effect.provideContext(
          overrides === undefined ? scoped : Effect.provideService(scoped, Overrides, override(own, overrides)),
          context
        )
      })
    )
  )

const make = Effect.fnUntraced(function* <S extends { readonly [name: string]: EntryOptions.Any }>(
  options: LayerOptions<S>
): Effect.fn.Return<SessionRegistry, AgentError, AgentAdapter | Scope.Scope | Services<S[keyof S]>> {
  const { maxSessions = Infinity, sessions } = options
  if (maxSessions !== Infinity && !(Number.isInteger(maxSessions) && maxSessions > 0)) {
    return yield* invalid(["maxSessions: must be a whole number greater than zero"])
  }
  const fallback = yield* AgentAdapter
  const registry = yield* Registry.make(maxSessions)

  const start = <O extends EntryOptions.Any>(name: string, options: O | undefined) =>
    Effect.flatMap(captured(opener<O>(options, fallback)), (open) =>
      registry.start(name, open, (options?.adapter ?? fallback).name)
    )

  const named = sessions === undefined ? [] : Struct.keys(sessions)
  yield* Effect.forEach(named, (name) => start<S[keyof S]>(name, sessions?.[name]), {
    concurrency: "unbounded",
    discard: true
  })

  return SessionRegistry.of({
    start: Effect.fn("SessionRegistry.start")((name, options) => start(name, options)),
    startWith: Effect.fn("SessionRegistry.startWith")((name, open) =>
      Effect.flatMap(captured(open), (open) => registry.start(name, open))
    ),
    get: registry.get,
    getOrStart: Effect.fn("SessionRegistry.getOrStart")((name, options) =>
      Effect.flatMap(captured(opener(options, fallback)), (open) =>
        registry.getOrStart(name, open, (options?.adapter ?? fallback).name)
      )
    ),
    restart: Effect.fn("SessionRegistry.restart")((name, { interrupt = false, ...overrides } = {}) =>
      registry.restart(name, overrides, interrupt)
    ),
    list: registry.list,
    stop: registry.stop,
    stopAll: registry.stopAll,
    changes: registry.changes
  })
})

/**
 * A registry: when the Layer is released, every session in it is closed, and everything behind them is gone.
 *
 * @example
 * ```ts
 * const RegistryLayer = SessionRegistry.layer({ sessions: { reviewer: { model: "opus" } }, maxSessions: 10 }).pipe(
 *   Layer.provide(ClaudeAdapter.layer()),
 *   Layer.provide(NodeServices.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <const S extends { readonly [name: string]: EntryOptions.Any } = {}>(
  options?: LayerOptions<S> & { readonly sessions?: ExactEntries<S> | undefined }
): Layer.Layer<SessionRegistry, AgentError, AgentAdapter | Exclude<Services<S[keyof S]>, Scope.Scope>> =>
  Layer.effect(SessionRegistry, make<S>(options ?? {}))
