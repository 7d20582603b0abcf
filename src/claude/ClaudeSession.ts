/**
 * A session with Claude Code: everything a `Session` is, and what only Claude Code can do.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { BaseOptions, Exact, Output, Services } from "../AgentAdapter.ts"
import type { AgentError } from "../AgentError.ts"
import { withOutput } from "../internal/resolve.ts"
import { type ServiceClass as Class, serviceClass } from "../internal/serviceClass.ts"
import * as Session from "../Session.ts"
import type { InitializeResponse, Replies, RequestFields, RequestSubtype } from "./ClaudeControl.ts"
import type { ClaudeMessage } from "./ClaudeMessage.ts"
import type { ClaudeOnly, ClaudeOptions } from "./ClaudeOptions.ts"
import { overridden, resolve } from "./internal/resolveOptions.ts"
import { ClaudeAdapter } from "./internal/tags.ts"

/**
 * A session with Claude Code.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClaudeSession<out Output = unknown> extends Session.Session<Output> {
  /**
   * Every frame of the CLI from now on, as it came, replies to requests included: nothing is joined and nothing is lost.
   * A reader that stays away holds the agent back as a turn's reader does.
   */
  readonly messages: Stream.Stream<ClaudeMessage, AgentError>
  /** What the CLI told about itself in the handshake: commands, models, agents, account, version. */
  readonly serverInfo: Effect.Effect<InitializeResponse>
  /** Any request of the control protocol, by name. Fails with `Unsupported` when this version does not know it. */
  readonly control: <S extends RequestSubtype>(
    subtype: S,
    fields: RequestFields[S]
  ) => Effect.Effect<Replies[S], AgentError>
}

/**
 * @since 0.1.0
 * @category services
 */
export const ClaudeSession: Context.Service<ClaudeSession, ClaudeSession> = Context.Service(
  "effect-agent-session/claude/ClaudeSession"
)

/**
 * Opens a session with Claude Code for the Scope. Takes the options of `Session.make` and those of `ClaudeOptions`.
 *
 * @example
 * ```ts
 * const session = yield* ClaudeSession.make({ model: "sonnet", addDirs: ["../shared"] })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <const O extends ClaudeOptions.Any = {}>(
  options?: Exact<O, ClaudeOptions.Any>
): Effect.Effect<ClaudeSession<Output<O>>, AgentError, ClaudeAdapter | Scope.Scope | Services<O>> =>
  Effect.flatMap(ClaudeAdapter, (adapter) =>
    Effect.flatMap(resolve<O>(options, adapter.defaults), (resolved) =>
      Effect.map(adapter.open(resolved), (session) => withOutput<O, ClaudeSession>(session))
    )
  )

/**
 * A session with Claude Code as a Layer, under both tags: one instance.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <const O extends ClaudeOptions.Any = {}>(
  options?: Exact<O, ClaudeOptions.Any>
): Layer.Layer<ClaudeSession | Session.Session, AgentError, ClaudeAdapter | Exclude<Services<O>, Scope.Scope>> =>
  Layer.effectContext(
    Effect.map(make<O>(options), (session) =>
      Context.make(ClaudeSession, session).pipe(Context.add(Session.Session, session))
    )
  )

/**
 * What {@link Service} makes: a tag of its own, and its Layers, as `Session.ServiceClass`. `layerWith` takes Claude's own
 * options too.
 *
 * @since 0.1.0
 * @category models
 */
export interface ServiceClass<Self, Id extends string, O> extends Class<
  Self,
  Id,
  ClaudeSession<Output<O>>,
  BaseOptions & ClaudeOnly,
  ClaudeAdapter | Exclude<Services<O>, Scope.Scope>
> {}

/**
 * A session with Claude Code as a service class: several at once, each with its own options and its own process.
 *
 * @example
 * ```ts
 * class Docs extends ClaudeSession.Service<Docs>()("app/Docs", { addDirs: ["../shared"] }) {}
 * const program = Effect.flatMap(Docs, (docs) => docs.ask("What is in there?"))
 * program.pipe(Effect.provide(Docs.layer))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const Service =
  <Self>() =>
  <const Id extends string, const O extends ClaudeOptions.Any = {}>(
    id: Id,
    options?: Exact<O, ClaudeOptions.Any>
  ): ServiceClass<Self, Id, O> =>
    serviceClass<Self>()(id, (overrides: BaseOptions & ClaudeOnly) => overridden(make<O>(options), overrides))
