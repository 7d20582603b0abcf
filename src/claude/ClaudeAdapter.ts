/**
 * Claude Code as an agent: finds the CLI, starts it, speaks its protocol. Facts measured on 2.1.197 and 2.1.329.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { AgentAdapter, type Capabilities } from "../AgentAdapter.ts"
import { AgentError, InvalidOptions, type Reason, SessionNotFound, Unsupported } from "../AgentError.ts"
import type { Host } from "../internal/core.ts"
import { type ResolvedClaudeOptions, validate } from "./ClaudeOptions.ts"
import type { ClaudeSession } from "./ClaudeSession.ts"
import * as Args from "./internal/claudeArgs.ts"
import * as Directories from "./internal/directories.ts"
import * as Executable from "./internal/executable.ts"
import * as Session from "./internal/session.ts"
import { ClaudeAdapter } from "./internal/tags.ts"
import * as Transcripts from "./internal/transcripts.ts"

export { ClaudeAdapter } from "./internal/tags.ts"

/**
 * Where the CLI is. Without `executable` it is looked for: `CLAUDE_CODE_PATH`, the package in `node_modules`, `PATH`,
 * the usual folders.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClaudeAdapterConfig {
  readonly executable?: string | undefined
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
  userQuestions: false,
  ownSessionId: true,
  resume: true,
  fork: "atMessage",
  list: false,
  history: false,
  revert: false,
  usage: "cumulative",
  cost: true,
  structuredOutput: true,
  clientTools: false,
  multiSessionProcess: false
}

const fail = (reason: Reason): AgentError => new AgentError({ agent: "claude", phase: "resolve", reason })

const notYet = (capability: string): AgentError =>
  new AgentError({ agent: "claude", phase: "history", reason: new Unsupported({ capability }) })

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
    return yield* fail(new SessionNotFound({ id: start.resume ?? "to continue", lookedIn }))
  }
  const resumed = found.value
  return start.fork === true
    ? { sessionId: start.sessionId ?? globalThis.crypto.randomUUID(), expected: undefined, resumed }
    : { sessionId: resumed, expected: resumed, resumed }
})

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

  const openIn = Effect.fnUntraced(function* (options: ResolvedClaudeOptions) {
    const [missing] = Args.unsupported(options)
    if (missing !== undefined) return yield* fail(new Unsupported({ capability: missing }))
    const issues = validate(options)
    if (issues.length > 0) return yield* fail(new InvalidOptions({ issues }))
    const env = Args.env(options, process.env)
    const path = yield* Path.Path
    const at = { configDir: Transcripts.configDir(env), cwd: path.resolve(options.cwd ?? ".") }
    const missingDirs = yield* Directories.issues(options.claude?.addDirs ?? [], at.cwd)
    if (missingDirs.length > 0) return yield* fail(new InvalidOptions({ issues: missingDirs }))
    const { expected, resumed, sessionId } = yield* opening(options.start, at)
    const executable = yield* Executable.find(config, process.env)
    return yield* Session.open({
      options,
      host,
      capabilities,
      sessionId,
      key: (id) => `${at.configDir}\n${id}`,
      expected,
      onDisk: (id) =>
        Transcripts.find(id, at).pipe(
          Effect.map((file) => Option.isSome(file)),
          Effect.provideContext(host)
        ),
      plan: (start, id) => ({
        executable: executable.path,
        args: [...executable.args, ...Args.args({ ...options, start }, { sessionId: id, resumed })],
        cwd: options.cwd,
        env,
        initialize: Args.initialize(options),
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
    open,
    sessions: () => Stream.fail(notYet("list")),
    transcript: () => Stream.fail(notYet("transcript"))
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
