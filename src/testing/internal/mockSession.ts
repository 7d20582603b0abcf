/**
 * Opens a session with a mock agent: what its options ask for, its start, and what it can be told.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Capabilities, ResolvedOptions } from "../../AgentAdapter.ts"
import {
  AgentError,
  ContinuityLost,
  ControlFailed,
  ControlTimeout,
  HandshakeTimeout,
  InvalidOptions,
  type Reason,
  Unsupported
} from "../../AgentError.ts"
import * as Core from "../../internal/core.ts"
import * as Notices from "../../internal/notices.ts"
import * as Prompt from "../../Prompt.ts"
import type { Session } from "../../Session.ts"
import type { Script } from "../AgentScript.ts"
import { clearCommand, MockAgent } from "./mockAgent.ts"
import { Conversation, type Disk } from "./mockDisk.ts"
import type { Records } from "./mockRecord.ts"

/**
 * How an agent starts: it takes `delay` (default: no time), then it `fails`, or else answers. "silent": it never answers,
 * so that `timeouts.startup` passes.
 *
 * @since 0.1.0
 * @category options
 */
export type Startup = "silent" | { readonly delay?: Duration.Input | undefined; readonly fails?: Reason | undefined }

export interface Setup {
  readonly name: string
  readonly script: Script
  readonly capabilities: Capabilities
  readonly host: Context.Context<Core.Host>
  readonly disk: Disk
  readonly records: Records
  readonly obeysInterrupt: boolean
  readonly startup: () => Startup
  readonly control: "silent" | { readonly delay?: Duration.Input | undefined }
}

const defaultModel = "mock"

/** What the options ask for and the agent cannot do. */
const missing = (options: ResolvedOptions, can: Capabilities): string | undefined => {
  const { start } = options
  if (start !== "new") {
    if (start.sessionId !== undefined && !can.ownSessionId) return "start.sessionId"
    if ((start.resume !== undefined || start.continue !== undefined) && !can.resume) return "start.resume"
    if (start.fork === true && can.fork === "none") return "start.fork"
    if (start.at !== undefined && can.fork !== "atMessage") return "start.at"
  }
  if (options.permissions !== undefined && !can.permissionPrompts) return "permissions"
  if (options.input !== undefined && !can.userQuestions) return "input"
  if (options.permissionMode !== undefined && !can.setMode) return "permissionMode"
  if (options.tools !== undefined && !can.clientTools) return "tools"
  if (options.outputSchema !== undefined && !can.structuredOutput) return "outputSchema"
  return undefined
}

export const open = Effect.fnUntraced(function* (
  setup: Setup,
  options: ResolvedOptions
): Effect.fn.Return<Session, AgentError, Scope.Scope> {
  const { capabilities, disk, name, records } = setup
  const { cwd, persist, timeouts } = options
  const clock = yield* Clock.Clock
  const refuse = (phase: AgentError["phase"], reason: Reason): AgentError =>
    new AgentError({ agent: name, phase, reason })
  records.opened.push(options)

  const unable = missing(options, capabilities)
  if (unable !== undefined) return yield* refuse("resolve", new Unsupported({ capability: unable }))
  const owner = {}
  const found = disk.open(options.start, cwd, clock.currentTimeMillisUnsafe(), owner)
  if (Result.isFailure(found)) return yield* refuse("resolve", found.failure)
  yield* Effect.addFinalizer(() => Effect.sync(() => disk.release(owner)))
  const { resumed } = found.success
  // What is not to be kept must not be written to what is kept already.
  let conversation = persist
    ? found.success.conversation
    : (found.success.conversation.copy(found.success.conversation.id, clock.currentTimeMillisUnsafe()) ??
      found.success.conversation)
  let model = options.model ?? defaultModel
  let permissionMode: string | undefined = options.permissionMode

  const start = Effect.suspend(() => {
    const how = setup.startup()
    const answer: Effect.Effect<void, AgentError> =
      how === "silent"
        ? Effect.never
        : Effect.andThen(
            how.delay === undefined ? Effect.void : Effect.sleep(how.delay),
            how.fails === undefined ? Effect.void : Effect.fail(refuse("handshake", how.fails))
          )
    const millis = Duration.toMillis(timeouts.startup)
    return Effect.timeoutOrElse(answer, {
      duration: timeouts.startup,
      orElse: () => Effect.fail(refuse("handshake", new HandshakeTimeout({ millis, stderrTail: "" })))
    })
  })
  yield* start

  const core = yield* Core.make(
    { agent: name, capabilities, resolved: options, host: setup.host },
    (core): Core.Driver => {
      const { journal, turns } = core

      /** A request and its answer. */
      const control = (request: string): Effect.Effect<void, AgentError> =>
        Effect.suspend(() => {
          const { control } = setup
          return control === "silent" || agent.ignores("requests")
            ? Effect.never
            : control.delay === undefined
              ? Effect.void
              : Effect.sleep(control.delay)
        }).pipe(
          Effect.timeoutOrElse({
            duration: timeouts.control,
            orElse: () =>
              Effect.andThen(
                core.unanswered(request),
                Effect.suspend(() => {
                  const millis = Duration.toMillis(timeouts.control)
                  return Effect.fail(turns.error("control", new ControlTimeout({ request, millis })))
                })
              )
          }),
          Effect.tap(() => Effect.sync(() => core.answered()))
        )

      const able = (
        capability: "setModel" | "setMode" | "steer" | "clear" | "interrupt"
      ): Effect.Effect<void, AgentError> =>
        capabilities[capability] === false || capabilities[capability] === "none"
          ? Core.unsupported(turns, capability)
          : Effect.void

      const change = (changes: { readonly model?: string; readonly permissionMode?: string }): Effect.Effect<void> =>
        Effect.suspend(() => {
          journal.tick()
          model = changes.model ?? model
          permissionMode = changes.permissionMode ?? permissionMode
          core.changed(changes)
          journal.emit({ _tag: "SessionUpdated", changes })
          return journal.flush
        })

      const obeys = (): boolean => setup.obeysInterrupt && !agent.ignores("interrupts")

      const interrupt = Effect.suspend(() => {
        records.interrupts++
        return Effect.andThen(
          control("interrupt"),
          Effect.suspend(() => (obeys() ? agent.stop : Effect.void))
        )
      })

      const replace = Effect.gen(function* () {
        if (!capabilities.resume) return yield* Core.unsupported(turns, "resume")
        yield* agent.kill
        core.decisions.withdrawAll()
        if (turns.ended > 0 && !persist) {
          return yield* turns.error(
            "control",
            new ContinuityLost({ expected: conversation.id, actual: "nothing on disk" })
          )
        }
        yield* start
        yield* agent.voice.say(() => agent.voice.emit(Notices.processReplaced()))
      })

      const steer = (input: Prompt.Input): Effect.Effect<void, AgentError> =>
        Effect.suspend(() => {
          const prompt = Prompt.from(input)
          if (Result.isFailure(prompt)) {
            return Effect.fail(turns.error("turn", new InvalidOptions({ issues: [prompt.failure] })))
          }
          const { running } = turns
          if (running === undefined || running.settled || running.stopping) {
            const description = "no turn runs; use ask or stream"
            return Effect.fail(turns.error("turn", new ControlFailed({ request: "steer", description })))
          }
          const text = Prompt.textOf(prompt.success)
          records.sent.push({ sessionId: conversation.id, text, parts: prompt.success, steered: true })
          return Effect.void
        })

      return {
        send: (turn) => agent.receive(turn),
        interrupt: () => Effect.andThen(able("interrupt"), interrupt),
        replace,
        setModel: (name) =>
          Effect.andThen(
            Effect.andThen(able("setModel"), control("set_model")),
            change({ model: name ?? defaultModel })
          ),
        setPermissionMode: (mode) =>
          Effect.andThen(
            Effect.andThen(able("setMode"), control("set_permission_mode")),
            change({ permissionMode: mode })
          ),
        steer: (input) => Effect.andThen(able("steer"), steer(input)),
        clear: Effect.andThen(able("clear"), Stream.runDrain(core.session.stream(clearCommand))),
        transcript: ({ limit, offset = 0 } = {}) =>
          Stream.suspend(() =>
            Stream.fromIterable(conversation.messages.slice(offset, limit === undefined ? undefined : offset + limit))
          ),
        closeItems: (interrupted) => agent.voice.closeItems(interrupted),
        // An obedient agent still tells what its last turn spent.
        shutdown: Effect.suspend(() => (obeys() ? Effect.andThen(agent.stop, agent.kill) : agent.kill))
      }
    }
  )
  const agent = new MockAgent(core, {
    script: setup.script,
    capabilities,
    records,
    conversation: () => conversation,
    save: () => {
      if (persist) disk.save(conversation)
    },
    clear: () => {
      conversation = new Conversation(globalThis.crypto.randomUUID(), cwd, core.journal.tick())
      disk.hold(conversation.id, owner)
      const changes = { sessionId: conversation.id }
      core.changed(changes)
      core.journal.emit({ _tag: "SessionUpdated", changes })
    },
    model: () => model,
    permissionMode: () => permissionMode
  })
  yield* Scope.addFinalizer(
    core.scope,
    Effect.sync(() => disk.release(owner))
  )
  core.journal.sessionId = conversation.id
  yield* core.opened({ resumed, model, cwd })
  return core.session
})
