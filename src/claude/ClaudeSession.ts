/**
 * A session with Claude Code: everything a `Session` is, and what only Claude Code can do.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import type { BaseOptions, Exact, Output, Services } from "../AgentAdapter.ts"
import type { AgentError } from "../AgentError.ts"
import { withOutput } from "../internal/resolve.ts"
import type { TaskId } from "../internal/ids.ts"
import { type ServiceClass as Class, serviceClass } from "../internal/serviceClass.ts"
import * as Session from "../Session.ts"
import type {
  AccountInfo,
  AgentInfo,
  ContextUsageResponse,
  InitializeResponse,
  JsonObject,
  McpCallResponse,
  McpResourceContents,
  McpServerStatus,
  ModelInfo,
  ReloadPluginsResponse,
  Replies,
  RequestFields,
  RequestSubtype,
  RewindFilesResponse,
  SettingsResponse,
  SlashCommand,
  TaskOutputResponse,
  UsageResponse
} from "./ClaudeControl.ts"
import type { ClaudeMessage } from "./ClaudeMessage.ts"
import type { ClaudeOnly, ClaudeOptions } from "./ClaudeOptions.ts"
import type { McpServer } from "./internal/mcpServers.ts"
import { overridden, resolve } from "./internal/resolveOptions.ts"
import { ClaudeAdapter } from "./internal/tags.ts"
import type { Task, TaskEnd } from "./internal/tasks.ts"

export type { Task, TaskEnd } from "./internal/tasks.ts"

/**
 * What became of a set of MCP servers. A server that did not connect is in `added` too; `errors` says why, by server.
 *
 * @since 0.1.0
 * @category models
 */
export interface McpServersSet {
  readonly added: ReadonlyArray<string>
  readonly removed: ReadonlyArray<string>
  readonly errors: { readonly [server: string]: string }
}

/**
 * The MCP servers of a session, by the names that `status` tells.
 *
 * @since 0.1.0
 * @category models
 */
export interface McpControl {
  /** The servers as they stand now, those of `tools` too. */
  readonly status: Effect.Effect<ReadonlyArray<McpServerStatus>, AgentError>
  /** Connects a server anew. Fails with `ControlFailed` when it is not connected afterwards, and says why. */
  readonly reconnect: (server: string) => Effect.Effect<McpServerStatus, AgentError>
  /** Takes a server away with its tools, or brings it back. One that is brought back may still not connect: see what is told. */
  readonly toggle: (server: string, enabled: boolean) => Effect.Effect<McpServerStatus, AgentError>
  /**
   * These servers in the place of those that an earlier call set: the rest is removed. Servers of `tools`, of the options
   * and of settings stay. Fails with `InvalidOptions` for what is no server; look at `errors` for what did not connect.
   */
  readonly setServers: (servers: { readonly [name: string]: McpServer }) => Effect.Effect<McpServersSet, AgentError>
  /**
   * Calls a tool (`mcp__<server>__<tool>`) without a turn and without asking anybody for permission. Not for `tools`, which
   * are functions of yours. `timeout`: default `timeouts.control`.
   */
  readonly call: (
    tool: string,
    input?: JsonObject,
    options?: { readonly timeout?: Duration.Input | undefined }
  ) => Effect.Effect<McpCallResponse, AgentError>
  /** Reads a `ui://` resource of a server. Fails with `Unsupported` before 2.1.3xx. */
  readonly readResource: (server: string, uri: string) => Effect.Effect<ReadonlyArray<McpResourceContents>, AgentError>
}

/**
 * The settings of a session, in the words of Claude Code's settings files.
 *
 * @since 0.1.0
 * @category models
 */
export interface SettingsControl {
  /** What is set, where, and what follows from it. */
  readonly read: Effect.Effect<SettingsResponse, AgentError>
  /**
   * Lays settings over those of files, for this session: each key in the place of an earlier one, `null` to take it away.
   * Fails with `ControlFailed` when one of them is not there afterwards.
   */
  readonly apply: (settings: JsonObject) => Effect.Effect<SettingsResponse, AgentError>
  /** Writes into a settings file. The CLI takes few keys: `outputStyle` here, `effortLevel` there. `Unsupported` before 2.1.3xx. */
  readonly update: (
    file: "localSettings" | "userSettings",
    settings: JsonObject
  ) => Effect.Effect<SettingsResponse, AgentError>
}

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
  /** Who pays, as far as the CLI tells. */
  readonly accountInfo: Effect.Effect<AccountInfo, AgentError>
  /** The models that can be chosen: as they are now, with 2.1.197 as they were at the start. */
  readonly supportedModels: Effect.Effect<ReadonlyArray<ModelInfo>, AgentError>
  /** Slash commands and skills, as of the start or of `reloadPlugins`. */
  readonly supportedCommands: Effect.Effect<ReadonlyArray<SlashCommand>, AgentError>
  /** Subagents, as of the start or of `reloadPlugins`. */
  readonly supportedAgents: Effect.Effect<ReadonlyArray<AgentInfo>, AgentError>
  readonly mcp: McpControl
  /**
   * Brings files back to where a prompt found them: `messageId` is the `userMessageId` of its TurnResult. Needs
   * `enableFileCheckpointing`. With `dryRun` it only tells what would change. Fails with `ControlFailed` when it cannot.
   * `skippedLinks` in the answer: so many files were left as they are, for they are links now.
   */
  readonly rewindFiles: (
    messageId: string,
    options?: { readonly dryRun?: boolean | undefined }
  ) => Effect.Effect<RewindFilesResponse, AgentError>
  /** Commands and subagents that have begun and not ended, in the background or not. A command counts after some 3 s. */
  readonly tasks: Effect.Effect<ReadonlyArray<Task>>
  /**
   * Ends a task, and waits for its end as long as `timeouts.control`. One that ends by itself meanwhile is "completed".
   * Fails with `ControlFailed` when none of this id runs.
   */
  readonly stopTask: (taskId: string) => Effect.Effect<TaskEnd, AgentError>
  /**
   * Lets tasks go on in the background: that of one call, or all. The turn goes on without them. Gives what was moved;
   * fails with `ControlFailed` when the call has none in the foreground.
   */
  readonly backgroundTasks: (toolId?: string) => Effect.Effect<ReadonlyArray<TaskId>, AgentError>
  /** The end (8 KiB) of what a command in the background wrote, while it runs or later. `Unsupported` before 2.1.3xx. */
  readonly taskOutput: (taskId: string) => Effect.Effect<TaskOutputResponse, AgentError>
  /** How full the context window is. `full`, the default, asks the API to count; `summary` estimates. */
  readonly contextUsage: (options?: {
    readonly detail?: "summary" | "full" | undefined
  }) => Effect.Effect<ContextUsageResponse, AgentError>
  /** Cost and times of the session in the CLI's own figures, and the plan's windows where there is a plan. */
  readonly usage: Effect.Effect<UsageResponse, AgentError>
  readonly settings: SettingsControl
  /** Limits the model's thinking, from its next request on: 0 is none, `undefined` the default. */
  readonly setMaxThinkingTokens: (tokens: number | undefined) => Effect.Effect<void, AgentError>
  /** Reads plugins from disk again. Look at `error_count` for what could not be loaded. */
  readonly reloadPlugins: Effect.Effect<ReloadPluginsResponse, AgentError>
  /** Reads skills from disk again, and tells those there are. */
  readonly reloadSkills: Effect.Effect<ReadonlyArray<SlashCommand>, AgentError>
  /** Gives the conversation a title, under which it is listed. SessionUpdated tells it. */
  readonly rename: (title: string) => Effect.Effect<void, AgentError>
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
