/**
 * Claude Code as an agent: finds the CLI, starts it, speaks its protocol. Facts measured on 2.1.197 and 2.1.329.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  AgentAdapter,
  type Capabilities,
  type EnvPolicy,
  type TimeoutOptions,
  type TranscriptMessage,
  type TranscriptOptions
} from "../AgentAdapter.ts"
import { AgentError, InvalidOptions, type Reason, SessionInUse, SessionNotFound } from "../AgentError.ts"
import { environment } from "../internal/agentCommand.ts"
import type { Host } from "../internal/core.ts"
import { type ResolvedClaudeOptions, validate } from "./ClaudeOptions.ts"
import type { ClaudeSession } from "./ClaudeSession.ts"
import * as AdapterConfig from "./internal/adapterConfig.ts"
import * as Args from "./internal/claudeArgs.ts"
import * as Executable from "./internal/executable.ts"
import * as McpServers from "./internal/mcpServers.ts"
import { secretsShown } from "./internal/optionChecks.ts"
import * as Paths from "./internal/optionPaths.ts"
import { isOpen, keyOf } from "./internal/reservation.ts"
import * as Session from "./internal/session.ts"
import { ClaudeAdapter } from "./internal/tags.ts"
import * as Transcripts from "./internal/transcripts.ts"

export { ClaudeAdapter } from "./internal/tags.ts"

/**
 * What holds for every session of the adapter, unless the session says otherwise.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClaudeAdapterConfig {
  /**
   * The CLI: a path, or a name to look for. Default: it is looked for in `CLAUDE_CODE_PATH`, the packages in
   * `node_modules`, `PATH` and the usual folders.
   */
  readonly executable?: string | undefined
  /** The key of the API (`ANTHROPIC_API_KEY`); it is never shown. Default: that of the environment, or the CLI's login. */
  readonly apiKey?: string | Redacted.Redacted<string> | undefined
  /** Where the API is (`ANTHROPIC_BASE_URL`): an http or https URL. Default: Anthropic's. */
  readonly baseUrl?: string | undefined
  /** The directory that holds everything the CLI keeps (`CLAUDE_CONFIG_DIR`). Default: that of the environment, else `~/.claude`. */
  readonly configDir?: string | undefined
  /** The environment of the CLI; what `env` of a session sets is laid over it. Default: ours, inherited. */
  readonly env?: EnvPolicy | undefined
  /**
   * Where the processes that run are noted, so that the next start can end what a killed host left. Default:
   * `$XDG_STATE_HOME/effect-agent-session`, else `~/.local/state/effect-agent-session`.
   */
  readonly stateDir?: string | undefined
  /** Deadlines in place of their own defaults. */
  readonly timeouts?: TimeoutOptions | undefined
}

/**
 * What Claude Code can do through this adapter.
 *
 * @since 0.1.0
 * @category models
 */
export const capabilities: Capabilities = {
  textDelta: true,
  reasoningDelta: true,
  toolInputDelta: true,
  toolOutputDelta: false,
  interrupt: true,
  steer: true,
  busyPrompt: "merge",
  setModel: "immediate",
  setMode: true,
  clear: true,
  permissionPrompts: true,
  permissionEditInput: true,
  permissionAlways: true,
  userQuestions: true,
  ownSessionId: true,
  resume: true,
  fork: "atMessage",
  list: true,
  history: true,
  revert: false,
  usage: "cumulative",
  cost: true,
  structuredOutput: true,
  clientTools: true,
  multiSessionProcess: false
}

const fail = (reason: Reason): AgentError => new AgentError({ agent: "claude", phase: "resolve", reason })

interface Opening {
  readonly sessionId: string
  /** The id of the conversation that is gone on with; none for a new one and for a copy. */
  readonly expected: string | undefined
  readonly resumed: string | undefined
}

/** Which conversation it will be: looked up before anything is started, so that a wrong id is never a fresh start. */
const opening = Effect.fnUntraced(function* (
  start: ResolvedClaudeOptions["start"],
  at: { readonly configDir: string; readonly cwd: string }
): Effect.fn.Return<Opening, AgentError, FileSystem.FileSystem | Path.Path> {
  if (start === "new") return { sessionId: globalThis.crypto.randomUUID(), expected: undefined, resumed: undefined }
  if (start.resume === undefined && start.continue === undefined) {
    return { sessionId: start.sessionId, expected: undefined, resumed: undefined }
  }
  const lookedIn = yield* Transcripts.lookedIn(at)
  const found =
    start.resume === undefined
      ? yield* Transcripts.latest(at)
      : Option.as(yield* Transcripts.find(start.resume, at), start.resume)
  if (Option.isNone(found)) {
    // 2.1.197 writes down a turn after it has ended.
    if (start.resume !== undefined && start.fork !== true && isOpen(keyOf(at.configDir, start.resume))) {
      return yield* fail(new SessionInUse({ id: start.resume }))
    }
    return yield* fail(new SessionNotFound({ id: start.resume ?? "to continue", lookedIn }))
  }
  const resumed = found.value
  return start.fork === true
    ? { sessionId: start.sessionId ?? globalThis.crypto.randomUUID(), expected: undefined, resumed }
    : { sessionId: resumed, expected: resumed, resumed }
})

/** The CLI takes no cap of nothing. With this one it ends its first turn, and `Turns` does not send it one. */
const least = 0.000001

/** What a process may spend: what is left of the session's own cap, and of the budget that it shares. */
const capOf = ({ budget, maxBudgetUsd }: ResolvedClaudeOptions, spent: number): number | undefined => {
  const own = maxBudgetUsd === undefined ? Number.POSITIVE_INFINITY : maxBudgetUsd - spent
  const left = Math.min(own, budget?.left() ?? Number.POSITIVE_INFINITY)
  return Number.isFinite(left) ? Math.max(least, left) : undefined
}

/** Loaded when somebody reads: a program that only talks starts faster without it. */
const history = Stream.fromEffect(Effect.promise(() => import("./ClaudeHistory.ts")))

/** In the form that every agent has. */
const transcript = (
  id: string,
  options: TranscriptOptions
): Stream.Stream<TranscriptMessage, AgentError, FileSystem.FileSystem | Path.Path> =>
  history.pipe(
    Stream.flatMap((ClaudeHistory) => ClaudeHistory.messages(id, options)),
    Stream.map(({ raw: _raw, role, ...message }) => ({ ...message, role: role === "assistant" ? role : "user" }))
  )

/**
 * The adapter, as a value.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (
  config: ClaudeAdapterConfig = {}
): Effect.fn.Return<ClaudeAdapter, never, Host> {
  const host = yield* Effect.context<Host>()

  const misconfigured = AdapterConfig.issues(config)
  const keptIn = (configDir: string | undefined): string =>
    configDir ?? config.configDir ?? Transcripts.configDir(environment(config.env, process.env))

  const openIn = Effect.fnUntraced(function* (own: ResolvedClaudeOptions) {
    const issues = [...misconfigured, ...validate(own)]
    if (issues.length > 0) return yield* fail(new InvalidOptions({ issues }))
    const options = AdapterConfig.under(config, own)
    const env = Args.env(options, process.env)
    const path = yield* Path.Path
    const at = { configDir: Transcripts.configDir(env), cwd: path.resolve(options.cwd ?? ".") }
    const wrong = [...secretsShown(options), ...(yield* Paths.issues(options.claude ?? {}, at.cwd))]
    if (wrong.length > 0) return yield* fail(new InvalidOptions({ issues: wrong }))
    const { expected, resumed, sessionId } = yield* opening(options.start, at)
    const executable = yield* Executable.find(config, process.env)
    const { mcpServers } = options.claude ?? {}
    const mcpInFile = mcpServers !== undefined && !(yield* McpServers.takesServers(executable, env))
    return yield* Session.open({
      options,
      host,
      capabilities,
      sessionId,
      key: (id) => keyOf(at.configDir, id),
      place: { cwd: at.cwd, home: typeof env["HOME"] === "string" ? env["HOME"] : undefined },
      dialogKinds: Args.initialize(options).supportedDialogKinds ?? [],
      expected,
      transcript: (id, query) =>
        Stream.provideContext(transcript(id, { ...query, configDir: query?.configDir ?? at.configDir }), host),
      onDisk: (id) =>
        Transcripts.find(id, at).pipe(
          Effect.map((file) => Option.isSome(file)),
          Effect.provideContext(host)
        ),
      plan: (start, id, spent) => ({
        executable: executable.path,
        args: [
          ...executable.args,
          ...Args.args({ ...options, start, maxBudgetUsd: capOf(options, spent) }, { sessionId: id, resumed })
        ],
        cwd: options.cwd,
        env,
        stateDir: config.stateDir === undefined ? undefined : path.resolve(config.stateDir),
        initialize: Args.initialize(options),
        mcpInFile,
        secrets: McpServers.secretsOf(mcpServers),
        sessionId: id
      })
    })
  })

  const open = Effect.fn("ClaudeAdapter.open")(function* (
    options: ResolvedClaudeOptions
  ): Effect.fn.Return<ClaudeSession, AgentError, Scope.Scope> {
    // What a failed opening acquired is released at once, and not with the scope of a caller that goes on without it.
    const scope = yield* Scope.fork(yield* Effect.scope)
    return yield* openIn(options).pipe(
      Scope.provide(scope),
      Effect.provideContext(host),
      Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void))
    )
  })

  return {
    name: "claude",
    capabilities,
    defaults: { timeouts: config.timeouts, outputForm: "anthropic" },
    open,
    sessions: (query) =>
      history.pipe(
        Stream.flatMap(({ sessions }) => sessions({ ...query, configDir: keptIn(query?.configDir) })),
        Stream.provideContext(host)
      ),
    transcript: (id, options) =>
      Stream.provideContext(transcript(id, { ...options, configDir: keptIn(options?.configDir) }), host)
  }
})

/**
 * Claude Code for a program: provides `AgentAdapter` and `ClaudeAdapter`, one instance under both tags. On Node the
 * rest comes from `NodeServices.layer`.
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
export const layer = (config?: ClaudeAdapterConfig): Layer.Layer<ClaudeAdapter | AgentAdapter, never, Host> =>
  Layer.effectContext(
    Effect.map(make(config), (adapter) => Context.make(ClaudeAdapter, adapter).pipe(Context.add(AgentAdapter, adapter)))
  )

/**
 * The configuration of the adapter as programs find it: in the variables that Claude Code knows itself and those of this
 * library. Each may be missing; one that is empty counts as missing.
 *
 * - `CLAUDE_CODE_PATH`, `ANTHROPIC_API_KEY` (redacted), `ANTHROPIC_BASE_URL`, `CLAUDE_CONFIG_DIR`
 * - `EFFECT_AGENT_SESSION_STATE_DIR`
 * - `EFFECT_AGENT_SESSION_TIMEOUT_STARTUP`, `…_IDLE`, `…_TURN`, `…_CONTROL`, `…_PERMISSION`, `…_INTERRUPT`, `…_SHUTDOWN`:
 *   durations such as `90 seconds`
 *
 * @since 0.1.0
 * @category config
 */
export const config: Config.Config<ClaudeAdapterConfig> = AdapterConfig.config

/**
 * Claude Code with a configuration that is read when the Layer is built: {@link config}, or Configs of your own, one for
 * all values or one for each. Fails with a `ConfigError` that names the key.
 *
 * @example
 * ```ts
 * const Claude = ClaudeAdapter.layerConfig({
 *   apiKey: Config.Redacted("REVIEW_API_KEY"),
 *   timeouts: { idle: Config.Duration("REVIEW_PATIENCE") }
 * })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  wrapped: Config.Wrap<ClaudeAdapterConfig> = config
): Layer.Layer<ClaudeAdapter | AgentAdapter, Config.ConfigError, Host> =>
  Layer.unwrap(Effect.map(Config.unwrap(wrapped), layer))
