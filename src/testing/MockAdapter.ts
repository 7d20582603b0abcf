/**
 * An agent without a process, for tests: it does what a script says, on the Clock of the session (so that `TestClock`
 * moves it), and remembers what it was told. Sessions, turns, queues, deadlines and decisions are the real ones.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import * as PlatformError from "effect/PlatformError"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { AgentAdapter, type Capabilities, type ResolvedOptions } from "../AgentAdapter.ts"
import { AgentError, type Reason, Unsupported } from "../AgentError.ts"
import type { SessionId } from "../AgentEvent.ts"
import type { Host } from "../internal/core.ts"
import * as AgentScript from "./AgentScript.ts"
import { Disk } from "./internal/mockDisk.ts"
import { type AnsweredInput, type Called, type Decided, Records, type Sent } from "./internal/mockRecord.ts"
import * as MockSession from "./internal/mockSession.ts"

export type { AnsweredInput, Called, Decided, Sent } from "./internal/mockRecord.ts"
export type { Startup } from "./internal/mockSession.ts"

/**
 * An adapter whose agents act a script out. What they were told and did is kept over all of its sessions, oldest first.
 *
 * - `sent`: prompts that reached an agent. A turn that was cancelled while it waited is not there.
 * - `opened`: the options of every session that was asked for, refused ones too.
 * - `interrupts`: how many requests to stop reached an agent.
 * - `decisions`: answers to permission requests.
 * - `answers`: answers to what was asked of the user.
 * - `calls`: tools that ran.
 * - `live`: the conversations that are open now.
 *
 * @since 0.1.0
 * @category models
 */
export interface MockAdapter extends AgentAdapter {
  readonly sent: Effect.Effect<ReadonlyArray<Sent>>
  readonly opened: Effect.Effect<ReadonlyArray<ResolvedOptions>>
  readonly interrupts: Effect.Effect<number>
  readonly decisions: Effect.Effect<ReadonlyArray<Decided>>
  readonly answers: Effect.Effect<ReadonlyArray<AnsweredInput>>
  readonly calls: Effect.Effect<ReadonlyArray<Called>>
  readonly live: Effect.Effect<ReadonlyArray<SessionId>>
}

/**
 * @since 0.1.0
 * @category services
 */
export const MockAdapter: Context.Service<MockAdapter, MockAdapter> = Context.Service(
  "effect-agent-session/testing/MockAdapter"
)

/**
 * - `name`: default "mock".
 * - `capabilities`: what these agents can do; what they cannot do is `Unsupported`. Default: {@link capabilities}.
 * - `obeysInterrupt`: `false` for agents that answer an interrupt and go on. Default: true.
 * - `startup`: every start the same, or by its number (from 0; the replacement of a process is a start too).
 * - `control`: how requests of ours are answered: after `delay`, or never ("silent"). Default: at once.
 *
 * @since 0.1.0
 * @category options
 */
export interface Config {
  readonly name?: string | undefined
  readonly capabilities?: Partial<Capabilities> | undefined
  readonly obeysInterrupt?: boolean | undefined
  readonly startup?: MockSession.Startup | ((attempt: number) => MockSession.Startup) | undefined
  readonly control?: "silent" | { readonly delay?: Duration.Input | undefined } | undefined
}

/**
 * What mock agents can do. Of `allowedTools` and `disallowedTools` they understand names, not rules; `maxTurns` counts
 * a request per tool step; `cwd`, `systemPrompt` and `env` change nothing and are found in `opened`.
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
  busyPrompt: "queue",
  setModel: "immediate",
  setMode: true,
  clear: true,
  permissionPrompts: true,
  permissionEditInput: true,
  permissionAlways: false,
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

const noSpawner = ChildProcessSpawner.make(() =>
  Effect.fail(
    PlatformError.systemError({
      _tag: "NotFound",
      module: "MockAdapter",
      method: "spawn",
      description: "the host of a mock agent runs no processes"
    })
  )
)

// `Session.execute` runs here: no file is found, nothing can be started.
const makeHost: Effect.Effect<Context.Context<Host>> = Effect.map(
  Effect.provide(Path.Path, Path.layer),
  (path): Context.Context<Host> =>
    Context.make(Path.Path, path).pipe(
      Context.add(FileSystem.FileSystem, FileSystem.makeNoop({})),
      Context.add(ChildProcessSpawner.ChildProcessSpawner, noSpawner)
    )
)

/**
 * A mock adapter, as a value. Without a script its agents echo every prompt.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fnUntraced(function* (
  script: AgentScript.Script = [[AgentScript.echo]],
  config: Config = {}
): Effect.fn.Return<MockAdapter> {
  const { control = {}, name = "mock", obeysInterrupt = true, startup = {} } = config
  const own: Capabilities = { ...capabilities, ...config.capabilities }
  const host = yield* makeHost
  const disk = new Disk()
  const records = new Records()
  let starts = 0

  const setup: MockSession.Setup = {
    name,
    script,
    capabilities: own,
    host,
    disk,
    records,
    obeysInterrupt,
    control,
    startup: () => {
      const attempt = starts++
      return typeof startup === "function" ? startup(attempt) : startup
    }
  }

  const refuse = (reason: Reason): AgentError => new AgentError({ agent: name, phase: "history", reason })
  const read = <A>(
    capability: "list" | "history",
    items: () => Result.Result<ReadonlyArray<A>, Reason>
  ): Stream.Stream<A, AgentError> =>
    Stream.suspend(() => {
      if (!own[capability]) return Stream.fail(refuse(new Unsupported({ capability })))
      const found = items()
      return Result.isFailure(found) ? Stream.fail(refuse(found.failure)) : Stream.fromIterable(found.success)
    })

  return {
    name,
    capabilities: own,
    open: Effect.fn("MockAdapter.open")(function* (options) {
      // What a failed opening holds is released at once, and not with the scope of a caller that goes on without it.
      const scope = yield* Scope.fork(yield* Effect.scope)
      return yield* MockSession.open(setup, options).pipe(
        Scope.provide(scope),
        Effect.onExit((exit) => (Exit.isFailure(exit) ? Scope.close(scope, exit) : Effect.void))
      )
    }),
    sessions: (query) => read("list", () => Result.succeed(disk.list(query))),
    transcript: (id, options) => read("history", () => disk.transcript(id, options)),
    sent: Effect.sync(() => [...records.sent]),
    opened: Effect.sync(() => [...records.opened]),
    interrupts: Effect.sync(() => records.interrupts),
    decisions: Effect.sync(() => [...records.decisions]),
    answers: Effect.sync(() => [...records.answers]),
    calls: Effect.sync(() => [...records.calls]),
    live: Effect.sync(() => disk.live)
  }
})

/**
 * Mock agents for a program: provides `AgentAdapter` and `MockAdapter`, one instance under both tags.
 *
 * @example
 * ```ts
 * const script = [[AgentScript.text("Hello, Alice.")], [AgentScript.text("Your name is Alice.")]]
 * program.pipe(Effect.provide(Session.layer()), Effect.provide(MockAdapter.layer(script)))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (script?: AgentScript.Script, config?: Config): Layer.Layer<MockAdapter | AgentAdapter> =>
  Layer.effectContext(
    Effect.map(make(script, config), (mock) => Context.make(MockAdapter, mock).pipe(Context.add(AgentAdapter, mock)))
  )
