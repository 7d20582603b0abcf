/**
 * The port: what can open a session with an agent (Claude, Codex, ACP, a mock), and the options that every agent
 * understands. The port has no type parameter: the front doors (`Session.make`, `StreamSession.stream`, …) resolve
 * handlers, tools and schemas once, and adapters get plain values.
 *
 * @since 0.1.0
 */
import type * as AiPrompt from "effect/ai/Prompt"
import type * as Tool from "effect/ai/Tool"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { NoExcessProperties } from "effect/Types"
import type { AgentError } from "./AgentError.ts"
import type { Account, Budget } from "./Budget.ts"
import type { SessionId, ToolId } from "./internal/ids.ts"
import type * as Input from "./Input.ts"
import type { Limiter } from "./Limiter.ts"
import type * as Permission from "./Permission.ts"
import type { Session } from "./Session.ts"

/**
 * How freely the agent acts, in Claude Code's words, which the field took over.
 *
 * @since 0.1.0
 * @category models
 */
export type PermissionMode = "default" | "acceptEdits" | "plan" | "dontAsk" | "auto" | "bypassPermissions"

/**
 * The environment of the agent's process, built whole: `base` is what it takes from ours (`inherit` by default), `set`
 * what is added, changed, or removed with `undefined`. `CLAUDECODE` and `NODE_OPTIONS` are never inherited, whatever `base`
 * says; only `set` may still bring them back. Secrets are best given as `Redacted`.
 *
 * @since 0.1.0
 * @category options
 */
export interface EnvPolicy {
  readonly base?: "inherit" | "none" | { readonly only: ReadonlyArray<string> } | undefined
  readonly set?: { readonly [name: string]: string | Redacted.Redacted<string> | undefined } | undefined
}

/**
 * Where the conversation begins: a new one (with an id of our own, a UUID, if given), or an earlier one resumed by id or
 * the last one of the working directory continued. `fork` leaves the earlier one as it is and goes on in a copy; `at`
 * cuts it off after one of its messages.
 *
 * @since 0.1.0
 * @category options
 */
export type Start =
  | "new"
  | {
      readonly sessionId: string
      readonly resume?: never
      readonly continue?: never
      readonly fork?: never
      readonly at?: never
    }
  | {
      readonly resume: string
      readonly fork?: boolean | undefined
      readonly at?: string | undefined
      readonly sessionId?: string | undefined
      readonly continue?: never
    }
  | {
      readonly continue: true
      readonly fork?: boolean | undefined
      readonly sessionId?: string | undefined
      readonly resume?: never
      readonly at?: never
    }

/**
 * Deadlines. Nothing waits for ever; `Duration.infinity` switches one off.
 *
 * @since 0.1.0
 * @category options
 */
export interface TimeoutOptions {
  /** From spawn to the answered handshake. Default: 60 seconds. */
  readonly startup?: Duration.Input | undefined
  /** Silence while a turn runs; stands still while we are the ones to move. Default: 6 minutes. */
  readonly idle?: Duration.Input | undefined
  /** A whole turn. Default: infinity. */
  readonly turn?: Duration.Input | undefined
  /** An answer to a request of ours. Default: 30 seconds. */
  readonly control?: Duration.Input | undefined
  /** A decision of the permission handler; then it is a denial. Default: infinity. */
  readonly permission?: Duration.Input | undefined
  /** From an interrupt to the turn's end; then the process is replaced. Default: 5 seconds. */
  readonly interrupt?: Duration.Input | undefined
  /** The whole close. Default: 5 seconds. */
  readonly shutdown?: Duration.Input | undefined
}

/**
 * What happens to a turn that is asked for while another one runs. Default: queue, 16 waiting.
 *
 * @since 0.1.0
 * @category options
 */
export type TurnPolicy =
  | { readonly policy: "queue"; readonly capacity?: number | undefined }
  | { readonly policy: "reject" }

/**
 * The options that every agent understands and that need no services. What an agent cannot honour is `Unsupported`.
 *
 * @since 0.1.0
 * @category options
 */
export interface BaseOptions {
  /** Working directory. Default: ours. */
  readonly cwd?: string | undefined
  /** In the agent's own words. Default: the agent's. */
  readonly model?: string | undefined
  /** In place of the agent's own system prompt, or after it. */
  readonly systemPrompt?: string | { readonly append: string } | undefined
  /** How freely the agent acts. Default: "default" for Claude Code, which is always told; else the agent's. */
  readonly permissionMode?: PermissionMode | undefined
  /** Tools, or rules such as `Bash(git:*)`, that need no permission. */
  readonly allowedTools?: ReadonlyArray<string> | undefined
  /** Tools, or rules, that are refused. */
  readonly disallowedTools?: ReadonlyArray<string> | undefined
  /** The environment of the agent's process. Default: ours, inherited. */
  readonly env?: EnvPolicy | undefined
  /** Requests to the model in one turn; then it fails with `LimitReached`. Default: no limit. */
  readonly maxTurns?: number | undefined
  /** USD, for the session; then its turn fails with `LimitReached`. Default: no limit. */
  readonly maxBudgetUsd?: number | undefined
  /** Whether the agent keeps the conversation on disk. Default: true. */
  readonly persist?: boolean | undefined
  /**
   * Whether `ask` spends one more turn on an answer that does not fit `outputSchema`: the agent is told what is wrong with
   * it. The result is that of the second turn, with the usage and the cost of both. Default: false.
   */
  readonly repairOutput?: boolean | undefined
  /** Text as it is written. Without it, text comes when an item is complete. Default: true. */
  readonly partialMessages?: boolean | undefined
  /** Where the conversation begins. Default: "new". */
  readonly start?: Start | undefined
  /** What happens to a turn that is asked for while another one runs. Default: queue, 16 waiting. */
  readonly turns?: TurnPolicy | undefined
  /** How much may wait for a reader before the agent is held back, in characters. Default: 2 MiB. */
  readonly buffer?: number | undefined
  /**
   * Whether a turn fails as soon as the provider does not accept the login, and not only after the agent's own attempts,
   * which take Claude Code three minutes. Default: false.
   */
  readonly failFast?: boolean | undefined
  /** Put on spans and kept in stores. */
  readonly metadata?: { readonly [key: string]: string } | undefined
  /** Deadlines. Each has a default of its own. */
  readonly timeouts?: TimeoutOptions | undefined
}

/**
 * A toolkit with its handlers, whatever its tools are.
 *
 * @since 0.1.0
 * @category options
 */
export interface AnyToolkit {
  readonly tools: { readonly [name: string]: Tool.Any }
  readonly handle: (name: never, parameters: never) => Effect.Effect<unknown, unknown, unknown>
}

/**
 * A toolkit of `effect/ai`: its handlers are in it already, or in `R`, as `toolkit.toLayer` provides them.
 *
 * @since 0.1.0
 * @category options
 */
export type ToolServer<R = never> = AnyToolkit | Effect.Effect<AnyToolkit, never, R>

/**
 * Tools of ours that the agent may call: a toolkit, which the agent knows as the server "tools", or several by the names
 * of their servers. Claude Code calls the tool `add` of the server `math` `mcp__math__add`.
 *
 * @since 0.1.0
 * @category options
 */
export type Tools<R = never> = ToolServer<R> | { readonly [server: string]: ToolServer<R> }

/**
 * What a user writes. `R` is what the handlers, the tools and the schema need; it is inferred.
 *
 * @since 0.1.0
 * @category options
 */
export interface SessionOptions<out R = never> extends BaseOptions {
  /** Decides about tool calls. Without it the agent denies what needs a permission. */
  readonly permissions?: Permission.Handler<R> | undefined
  /** Answers what the agent asks of the user. Without it such questions are declined. */
  readonly input?: Input.Handler<R> | undefined
  /** Tools of ours that the agent may call, if its permissions let it. Default: none. */
  readonly tools?: Tools<R> | undefined
  /** The form of the answer: what `ask` gives as `output`. */
  readonly outputSchema?: Schema.Decoder<unknown, R> | undefined
  /** What the session may spend together with others. Default: the `Budget` of the context, if there is one. */
  readonly budget?: Budget | undefined
  /** What the sessions of one credential share. Default: the `Limiter` of the context, if there is one. */
  readonly limiter?: Limiter | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export declare namespace SessionOptions {
  /**
   * Options, whatever services they need.
   *
   * @since 0.1.0
   * @category options
   */
  export type Any = SessionOptions<unknown>
}

/**
 * Deadlines, every one decided.
 *
 * @since 0.1.0
 * @category options
 */
export type Timeouts = { readonly [K in keyof TimeoutOptions]-?: Duration.Duration }

/**
 * What came of a tool call: `value` is the result as JSON; `content` is what the model sees in its place, where the tool
 * says so (`toModelOutput`).
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolAnswer {
  readonly value: unknown
  readonly content?: ReadonlyArray<AiPrompt.ToolModelOutputPart> | undefined
}

/**
 * What a tool call is told besides its parameters: the agent's id of it, and who hears of preliminary results.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolCallOptions {
  readonly toolId?: string | undefined
  readonly onPreliminary?: ((value: unknown) => Effect.Effect<void>) | undefined
}

/**
 * A tool as adapters receive it. `parameters` and `result` are JSON Schemas of objects; there is no `result` for a tool
 * that gives something else. `call` fails with the text of a tool error, and in no other way.
 *
 * @since 0.1.0
 * @category models
 */
export interface ResolvedTool {
  readonly server: string
  readonly name: string
  readonly title?: string | undefined
  readonly description?: string | undefined
  readonly parameters: { readonly [key: string]: unknown }
  readonly result?: { readonly [key: string]: unknown } | undefined
  readonly hints: {
    readonly readOnly: boolean
    readonly destructive: boolean
    readonly idempotent: boolean
    readonly openWorld: boolean
  }
  readonly meta?: { readonly [key: string]: unknown } | undefined
  readonly call: (parameters: unknown, options?: ToolCallOptions) => Effect.Effect<ToolAnswer, string>
}

/**
 * The form of an answer as adapters receive it: its JSON Schema, and what makes the output of the agent's JSON (or says
 * what is wrong with it).
 *
 * @since 0.1.0
 * @category models
 */
export interface ResolvedOutput {
  readonly jsonSchema: unknown
  readonly decode: (json: unknown) => Effect.Effect<unknown, string>
}

/**
 * What an adapter receives: valid values, defaults filled in, contexts captured.
 *
 * @since 0.1.0
 * @category options
 */
export interface ResolvedOptions extends BaseOptions {
  readonly persist: boolean
  readonly partialMessages: boolean
  readonly start: Start
  readonly turns: { readonly policy: "queue" | "reject"; readonly capacity: number }
  readonly buffer: number
  readonly timeouts: Timeouts
  readonly permissions?: Permission.Handler | undefined
  readonly input?: Input.Handler | undefined
  readonly tools?: ReadonlyArray<ResolvedTool> | undefined
  readonly outputSchema?: ResolvedOutput | undefined
  readonly budget?: Account | undefined
  readonly limiter?: Limiter | undefined
}

// An optional or spread-in property counts as present: `?: infer P`, where `: infer P` would give never and be unsound.
type Field<O, K extends string> = O extends { readonly [key in K]?: infer P }
  ? unknown extends P
    ? never
    : Exclude<P, undefined>
  : never

type HandlerServices<P> = P extends (request: never) => Effect.Effect<infer _A, infer _E, infer R> ? R : never

// A toolkit whose tools are erased says nothing; without the guard R would become unknown.
type ToolServices<T> = string extends keyof T
  ? never
  : T extends { readonly [name: string]: Tool.Any }
    ? Tool.HandlerServices<T[keyof T]>
    : never

type ServerServices<T> =
  T extends Toolkit.WithHandler<infer Tools>
    ? ToolServices<Tools>
    : T extends Effect.Effect<Toolkit.WithHandler<infer Tools>, infer _E, infer R>
      ? R | ToolServices<Tools>
      : never

type ToolkitServices<T> = T extends Toolkit.WithHandler<infer _Tools> | Effect.Effect<unknown, unknown, unknown>
  ? ServerServices<T>
  : T extends { readonly [server: string]: ToolServer<unknown> }
    ? ServerServices<T[keyof T]>
    : never

type HookServices<H> =
  H extends ReadonlyArray<{ readonly handle: (input: unknown) => Effect.Effect<infer _A, infer _E, infer R> }>
    ? R
    : never

type SchemaServices<S> = S extends { readonly DecodingServices: infer R } ? R : never

/**
 * The services that the handlers, tools and schema of the options `O` need.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Services<O> =
  | HandlerServices<Field<O, "permissions">>
  | HandlerServices<Field<O, "input">>
  | ToolkitServices<Field<O, "tools">>
  | SchemaServices<Field<O, "outputSchema">>
  | HookServices<Field<O, "hooks">>

/**
 * What `ask` gives in `output` with the options `O`.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Output<O> = O extends { readonly outputSchema: { readonly Type: infer A } }
  ? A
  : O extends { readonly outputSchema?: infer S }
    ? unknown extends S
      ? undefined
      : [S] extends [undefined]
        ? undefined
        : unknown
    : undefined

/**
 * `O`, and nothing that `Shape` does not know: a misspelt option is a type error.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Exact<O, Shape = SessionOptions.Any> = O & NoExcessProperties<Shape, O>

/**
 * What an agent can do. Static for an adapter; a session narrows it to what the running version answered.
 *
 * - `busyPrompt`: what the agent itself does with a prompt that comes while a turn runs.
 * - `setModel`: from when a change counts.
 * - `fork`: whether a conversation can be copied, at its head or at any message.
 * - `usage`: what usage is told for.
 *
 * @since 0.1.0
 * @category models
 */
export interface Capabilities {
  readonly textDelta: boolean
  readonly reasoningDelta: boolean
  readonly toolInputDelta: boolean
  readonly toolOutputDelta: boolean
  readonly interrupt: boolean
  readonly steer: boolean
  readonly busyPrompt: "steer" | "queue" | "merge" | "reject"
  readonly setModel: "immediate" | "nextTurn" | "none"
  readonly setMode: boolean
  readonly clear: boolean
  readonly permissionPrompts: boolean
  readonly permissionEditInput: boolean
  readonly permissionAlways: boolean
  readonly userQuestions: boolean
  readonly ownSessionId: boolean
  readonly resume: boolean
  readonly fork: "none" | "head" | "atMessage"
  readonly list: boolean
  readonly history: boolean
  readonly revert: boolean
  readonly usage: "turn" | "request" | "cumulative" | "none"
  readonly cost: boolean
  readonly structuredOutput: boolean
  readonly clientTools: boolean
  readonly multiSessionProcess: boolean
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Capabilities: Schema.Codec<Capabilities> = Schema.Struct({
  textDelta: Schema.Boolean,
  reasoningDelta: Schema.Boolean,
  toolInputDelta: Schema.Boolean,
  toolOutputDelta: Schema.Boolean,
  interrupt: Schema.Boolean,
  steer: Schema.Boolean,
  busyPrompt: Schema.Literals(["steer", "queue", "merge", "reject"]),
  setModel: Schema.Literals(["immediate", "nextTurn", "none"]),
  setMode: Schema.Boolean,
  clear: Schema.Boolean,
  permissionPrompts: Schema.Boolean,
  permissionEditInput: Schema.Boolean,
  permissionAlways: Schema.Boolean,
  userQuestions: Schema.Boolean,
  ownSessionId: Schema.Boolean,
  resume: Schema.Boolean,
  fork: Schema.Literals(["none", "head", "atMessage"]),
  list: Schema.Boolean,
  history: Schema.Boolean,
  revert: Schema.Boolean,
  usage: Schema.Literals(["turn", "request", "cumulative", "none"]),
  cost: Schema.Boolean,
  structuredOutput: Schema.Boolean,
  clientTools: Schema.Boolean,
  multiSessionProcess: Schema.Boolean
})

/**
 * A conversation that the agent keeps on disk. Times in epoch milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface SessionInfo {
  readonly id: SessionId
  readonly cwd: string | undefined
  readonly title: string | undefined
  readonly createdAt: number | undefined
  readonly updatedAt: number
}

/**
 * Which of the conversations on disk are listed, newest first.
 *
 * @since 0.1.0
 * @category options
 */
export interface SessionQuery {
  /** Those of this working directory. Default: those of every one. */
  readonly cwd?: string | undefined
  /** How many at most. Default: all. */
  readonly limit?: number | undefined
  /** How many of the newest are passed over. Default: 0. */
  readonly offset?: number | undefined
  /** With `cwd`: those of the other git worktrees of its repository too. Default: true. */
  readonly worktrees?: boolean | undefined
  /** Where the agent keeps its files. Default: where it keeps them by itself. */
  readonly configDir?: string | undefined
}

/**
 * Which messages of a conversation on disk are read, oldest first.
 *
 * @since 0.1.0
 * @category options
 */
export interface TranscriptOptions {
  /** The working directory the conversation belongs to. Default: it is looked for in every one. */
  readonly cwd?: string | undefined
  /** How many at most. Default: all. */
  readonly limit?: number | undefined
  /** How many of the oldest are passed over. Default: 0. */
  readonly offset?: number | undefined
  /** Where the agent keeps its files. Default: where it keeps them by itself. */
  readonly configDir?: string | undefined
}

/**
 * One message of a conversation on disk. `content` is in the agent's form; `at` in epoch milliseconds; `parentToolId`
 * names the tool call of the subagent it belongs to.
 *
 * @since 0.1.0
 * @category models
 */
export interface TranscriptMessage {
  readonly id: string
  readonly role: "user" | "assistant"
  readonly content: unknown
  readonly at: number
  readonly parentToolId?: ToolId | undefined
}

/**
 * What holds for every session of an adapter, unless the session says otherwise.
 *
 * @since 0.1.0
 * @category options
 */
export interface AdapterDefaults {
  /** In place of the deadlines' own defaults. */
  readonly timeouts?: TimeoutOptions | undefined
  /** Which part of JSON Schema the agent understands. Default: all of it. */
  readonly outputForm?: OutputForm | undefined
}

/**
 * A dialect of JSON Schema that a model takes for the form of its answers.
 *
 * @since 0.1.0
 * @category options
 */
export type OutputForm = "anthropic"

/**
 * What can open a session with an agent. Users provide one as a Layer (`ClaudeAdapter.layer()`, `MockAdapter.layer()`)
 * and open sessions through `Session` and `StreamSession`.
 *
 * @since 0.1.0
 * @category models
 */
export interface AgentAdapter {
  /** "claude", "codex", "acp:gemini", "mock". */
  readonly name: string
  readonly capabilities: Capabilities
  /** Laid under the options of every session. Default: nothing. */
  readonly defaults?: AdapterDefaults | undefined
  /** Opens a session for the Scope: returns after the handshake. */
  readonly open: (options: ResolvedOptions) => Effect.Effect<Session, AgentError, Scope.Scope>
  /** What the agent has on disk, newest first. Fails with `Unsupported` without the capability `list`. */
  readonly sessions: (query?: SessionQuery) => Stream.Stream<SessionInfo, AgentError>
  /** A conversation the agent has on disk, oldest message first. Fails with `SessionNotFound` when there is none. */
  readonly transcript: (id: string, options?: TranscriptOptions) => Stream.Stream<TranscriptMessage, AgentError>
}

/**
 * The service tag of the adapter: what `Session.make` and its like need.
 *
 * @since 0.1.0
 * @category services
 */
export const AgentAdapter: Context.Service<AgentAdapter, AgentAdapter> = Context.Service(
  "effect-agent-session/AgentAdapter"
)
