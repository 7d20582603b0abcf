/**
 * A session with the CLI: opening it, what it can be told, and another process for the same conversation when one does
 * not obey. What its messages mean is in `hearing.ts`.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type AgentError,
  BacklogExceeded,
  ContinuityLost,
  ControlFailed,
  type Reason,
  SessionInUse,
  Unsupported
} from "../../AgentError.ts"
import type { AgentAdapter, Capabilities, PermissionMode } from "../../AgentAdapter.ts"
import * as Core from "../../internal/core.ts"
import * as ids from "../../internal/ids.ts"
import type { Outgoing } from "../../internal/liveTurn.ts"
import { onDemand } from "../../internal/lightStream.ts"
import * as NewTurn from "../../internal/newTurn.ts"
import * as Notices from "../../internal/notices.ts"
import * as Prompt from "../../Prompt.ts"
import type { Session } from "../../Session.ts"
import * as Usage from "../../Usage.ts"
import type * as ClaudeControl from "../ClaudeControl.ts"
import type { ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import type { ClaudeSession } from "../ClaudeSession.ts"
import type { Place } from "./asked.ts"
import { Asking } from "./asking.ts"
import * as Connection from "./connection.ts"
import * as Controls from "./controls.ts"
import { Events } from "./events.ts"
import { FrameReaders } from "./frameReaders.ts"
import { Hearing } from "./hearing.ts"
import { HookCalls } from "./hookCalls.ts"
import * as Honoured from "./honoured.ts"
import * as PromptBlocks from "./promptBlocks.ts"
import * as Reply from "./reply.ts"
import { Reservation } from "./reservation.ts"
import { ToolServers } from "./toolServers.ts"

/** What of a plan may change with the conversation: the rest is the same for every process of a session. */
export type MakePlan = (
  start: ResolvedClaudeOptions["start"],
  sessionId: string,
  /** What the session has cost so far, in USD: a process counts its own alone. */
  spent: number
) => Connection.Plan

export interface Setup {
  readonly options: ResolvedClaudeOptions
  readonly host: Context.Context<Core.Host>
  readonly capabilities: ClaudeSession["capabilities"]
  readonly plan: MakePlan
  readonly sessionId: string
  /** What is reserved while the session is open: the conversation, wherever it is kept. */
  readonly key: (sessionId: string) => string
  /** The id that the first turn must come with: that of the conversation that is gone on with. */
  readonly expected: string | undefined
  readonly place: Place
  /** Kinds of dialogs that the handshake declares. */
  readonly dialogKinds: ReadonlyArray<string>
  /** The conversation as it stands on disk. */
  readonly transcript: AgentAdapter["transcript"]
  /** Whether the conversation is on disk, so that another process can go on with it. */
  readonly onDisk: (sessionId: string) => Effect.Effect<boolean>
}

/** 2.1.197, which tells no version either, does not say what became of a prompt: one that is said into a turn is lost sight of. */
const tellsPrompts = (info: ClaudeControl.InitializeResponse): boolean => info.claude_code_version !== undefined

/** What this session can do of what the CLI can: nobody is asked without a handler, nothing comes in pieces when told so. */
const narrow = (
  all: Capabilities,
  { input, partialMessages, permissions }: ResolvedClaudeOptions,
  info: ClaudeControl.InitializeResponse
): Capabilities => ({
  ...all,
  steer: all.steer && tellsPrompts(info),
  textDelta: partialMessages,
  reasoningDelta: partialMessages,
  toolInputDelta: partialMessages,
  permissionPrompts: permissions !== undefined,
  permissionEditInput: permissions !== undefined,
  permissionAlways: permissions !== undefined,
  userQuestions: input !== undefined
})

const withMessages = onDemand<Pick<ClaudeSession, "messages">, FrameReaders>({ messages: (readers) => readers.stream })

/** Opens the session for the Scope. */
export const open = Effect.fnUntraced(function* (
  setup: Setup
): Effect.fn.Return<ClaudeSession, AgentError, Scope.Scope> {
  const { options } = setup
  const clearing = Prompt.text("/clear")
  const isVerbatim = ({ prompt }: Outgoing): boolean =>
    options.claude?.verbatimPrompts === true && prompt[0] !== clearing
  let connection: Connection.Connection | undefined
  /** Into the process that runs, which may ask before it answers the handshake. */
  let write: Connection.Connection["write"] | undefined
  let connectionScope: Scope.Closeable | undefined
  /** What was set since the start, which is not among the arguments of the next process. */
  const chosen: { model?: string | null; permissionMode?: true } = {}
  const reservation = new Reservation()

  const core = yield* Core.make(
    { agent: "claude", capabilities: setup.capabilities, resolved: options, host: setup.host },
    (core): Core.Driver => {
      // Whoever has the session may lay something over it.
      const { stream } = core.session
      const tell = (message: ClaudeControl.Outbound): Effect.Effect<void, AgentError> =>
        Effect.suspend(() =>
          connection === undefined
            ? Effect.fail(
                core.turns.error("turn", new ControlFailed({ request: "send", description: "no process runs" }))
              )
            : connection.write(message)
        )
      return {
        refused: PromptBlocks.refused,
        send: (turn: Outgoing) => {
          hearing.sending(turn)
          return tell(Reply.prompt(turn, isVerbatim(turn)))
        },
        interrupt: (turn) =>
          Effect.suspend(() => {
            const { prompts } = hearing
            const stop = Effect.asVoid(control("interrupt", prompts.isLateAlone ? { cancel_queued: true } : {}))
            if (!prompts.waits(turn.messageId)) return stop
            // It waits behind a turn of the agent's own, which is to go on.
            const cancel = control("cancel_async_message", { message_uuid: turn.messageId })
            return Effect.flatMap(cancel, ({ cancelled }) =>
              cancelled === true || core.turns.caller !== turn ? Effect.void : stop
            )
          }),
        replace: Effect.suspend(() => replace),
        setModel: (model) =>
          Effect.flatMap(control("set_model", { model: model ?? null }), (reply) =>
            Effect.suspend(() => {
              chosen.model = model ?? null
              const name = reply.model ?? model
              if (name !== undefined) events.confirmed({ model: name })
              return core.journal.flush
            })
          ),
        setPermissionMode: (mode: PermissionMode) =>
          Effect.flatMap(control("set_permission_mode", { mode }), (reply) =>
            Effect.suspend(() => {
              const now = reply.mode ?? mode
              if (now !== mode) {
                const description = `asked for ${mode}, the mode is ${now}`
                return Effect.fail(
                  core.turns.error("control", new ControlFailed({ request: "set_permission_mode", description }))
                )
              }
              chosen.permissionMode = true
              events.confirmed({ permissionMode: now })
              return core.journal.flush
            })
          ),
        steer: (input) =>
          Effect.suspend(() => {
            const sent = NewTurn.promptOf(input, PromptBlocks.refused)
            if (Result.isFailure(sent)) return Effect.fail(core.turns.error("turn", sent.failure))
            if (connection !== undefined && !tellsPrompts(connection.info)) {
              return Core.unsupported(core.turns, "steer")
            }
            const { running } = core.turns
            if (running === undefined || running.settled || running.stopping) {
              const description = "no turn runs; use ask or stream"
              return Effect.fail(core.turns.error("turn", new ControlFailed({ request: "steer", description })))
            }
            hearing.prompts.steered(sent.success.messageId)
            return tell(Reply.prompt(sent.success, isVerbatim(sent.success)))
          }),
        clear: Effect.suspend(() => Stream.runDrain(stream([clearing]))),
        // Nothing is on disk before the first turn.
        transcript: (query) =>
          options.persist
            ? Stream.suspend(() => setup.transcript(journal.sessionId ?? setup.sessionId, query)).pipe(
                Stream.catchReason("AgentError", "SessionNotFound", () => Stream.empty)
              )
            : Stream.fail(core.turns.error("history", new Unsupported({ capability: "transcript without persist" }))),
        closeItems: (interrupted) => events.closeItems(interrupted),
        shutdown: Effect.andThen(
          Effect.suspend(() => {
            toolServers.withdrawAll()
            hookCalls.withdrawAll()
            return connection?.process.shutdown ?? Effect.void
          }),
          Effect.sync(() => {
            events.closeTasks()
            readers.end()
          })
        )
      }
    }
  )
  const { journal, turns } = core
  const { summary } = core.session
  const events = new Events(core)
  const readers = new FrameReaders({
    journal,
    buffer: options.buffer,
    exceeded: (limit) => turns.error("turn", new BacklogExceeded({ limit }))
  })
  journal.sessionId = ids.sessionId(setup.sessionId)

  const control: Connection.Connection["control"] = (subtype, fields, deadline) =>
    Effect.suspend(() =>
      connection === undefined
        ? Effect.fail(turns.error("control", new ControlFailed({ request: subtype, description: "no process runs" })))
        : connection.control(subtype, fields, deadline)
    )

  const answer = (reply: ClaudeControl.Outbound): Effect.Effect<void> =>
    Effect.suspend(() => (write === undefined ? Effect.void : Effect.ignore(write(reply))))
  const toolServers = new ToolServers({ tools: options.tools ?? [], journal, turns, events, write: answer })
  const hookCalls = new HookCalls({
    core,
    hooks: options.hooks ?? [],
    answer,
    denied: (toolId) => events.denied(toolId)
  })
  const asking = new Asking({ core, events, answer, place: setup.place, dialogKinds: setup.dialogKinds })

  const hearing = new Hearing({
    core,
    events,
    answer,
    asking,
    toolServers,
    hookCalls,
    moved: (sessionId) => {
      reservation.take(setup.key(sessionId))
    }
  })
  hearing.process(setup.expected)

  /** What the last process told. */
  let handshake: ClaudeControl.InitializeResponse = {}
  const controls = new Controls.Controls({ core, events, control, handshake: () => handshake, ours: toolServers.names })

  /** Why the process ended before the session was open. */
  let died: (() => Reason) | undefined

  const gone = (reason: () => Reason, exit: { readonly code: number | null; readonly signal: string | null }) =>
    Effect.suspend(() => {
      died = reason
      readers.end(core.isClosing() ? undefined : turns.error("turn", reason()))
      hookCalls.withdrawAll()
      events.closeTasks()
      return core.isClosing() ? Effect.void : core.exited(reason(), exit)
    })

  /** What a process says that is being replaced is not heard any more: nobody waits for it. */
  const handlersOf = (scope: Scope.Scope): Connection.Handlers => {
    const isCurrent = (): boolean => connectionScope === scope
    return {
      message: (message, size) => {
        if (!isCurrent()) return
        readers.push(message, size)
        hearing.message(message, size)
      },
      textDelta: (delta, size) => {
        if (!isCurrent()) return
        if (!readers.isEmpty) readers.push(delta.frame(), size)
        events.textDelta(delta.index, delta.text, size)
      },
      malformed: (bytes, prefix) => {
        if (isCurrent()) journal.emit({ _tag: "Malformed", bytes, prefix })
      },
      spawned: (into) => {
        if (isCurrent()) write = into
      },
      gone: (reason, exit) => (isCurrent() ? gone(reason, exit) : Effect.void)
    }
  }

  // No generator: see `lightStream.ts`.
  const connect = (plan: Connection.Plan) =>
    Effect.flatMap(Scope.fork(core.scope), (scope) => {
      connectionScope = scope
      return Connection.connect(core, plan, handlersOf(scope)).pipe(
        Scope.provide(scope),
        Effect.provideContext(setup.host),
        Effect.tap((made) =>
          Effect.sync(() => {
            connection = made
            handshake = made.info
          })
        )
      )
    })

  const replace = Effect.gen(function* () {
    const sessionId = journal.sessionId ?? setup.sessionId
    const old = { connection, scope: connectionScope }
    connection = undefined
    connectionScope = undefined
    write = undefined
    if (old.connection !== undefined) yield* old.connection.process.kill
    if (old.scope !== undefined) yield* Scope.close(old.scope, Exit.void)
    core.decisions.withdrawAll()
    toolServers.withdrawAll()
    hookCalls.withdrawAll()
    core.quiescence.reset()
    events.gone()
    const onDisk = yield* setup.onDisk(sessionId)
    if (!onDisk && (hearing.kept || sessionId === setup.expected)) {
      return yield* turns.error("control", new ContinuityLost({ expected: sessionId, actual: "nothing on disk" }))
    }
    // Nothing was written yet: what the session began with, which may be a copy, begins anew.
    const anew = sessionId === setup.sessionId ? options.start : { sessionId }
    hearing.process(onDisk ? sessionId : undefined)
    yield* connect(
      setup.plan(
        onDisk ? { resume: sessionId } : anew,
        sessionId,
        Option.getOrElse(turns.ledger.cost, () => 0)
      )
    )
    const { permissionMode } = yield* summary
    if (chosen.permissionMode && Option.isSome(permissionMode)) {
      yield* control("set_permission_mode", { mode: permissionMode.value })
    }
    if (chosen.model !== undefined) yield* control("set_model", { model: chosen.model })
    yield* controls.again
    journal.emit(Notices.processReplaced())
    yield* journal.flush
  })

  yield* Scope.addFinalizer(
    core.scope,
    Effect.sync(() => reservation.release())
  )
  if (!reservation.take(setup.key(setup.sessionId))) {
    return yield* turns.error("resolve", new SessionInUse({ id: setup.sessionId }))
  }
  const first = yield* connect(setup.plan(options.start, setup.sessionId, 0))
  const { info } = first
  yield* Honoured.check(options, first, (reason) => turns.error("handshake", reason))
  const resumed = setup.expected !== undefined || (options.start !== "new" && options.start.sessionId === undefined)
  if (resumed) {
    // The totals of a resumed conversation begin with what it cost before.
    const usage = yield* control("get_usage", { skip_behaviors: true }).pipe(
      Effect.map(Option.some),
      Effect.catch((error) => (error.reason._tag === "ProcessExited" ? Effect.fail(error) : Effect.succeedNone))
    )
    const base = Option.isSome(usage) ? Reply.usageReport(usage.value) : undefined
    if (base !== undefined) turns.ledger = Usage.ledger(base)
  }
  if (died !== undefined) return yield* turns.error("handshake", died())
  yield* core.opened({
    resumed,
    model: options.model,
    cwd: options.cwd,
    agentVersion: info.claude_code_version
  })

  const claude: Omit<ClaudeSession, keyof Session> = {
    messages: Stream.empty,
    serverInfo: Effect.sync(() => handshake),
    control: (subtype, fields) => control(subtype, fields),
    ...Controls.methods(controls)
  }
  const narrowed = { capabilities: narrow(setup.capabilities, options, info) }
  return withMessages(Object.assign(core.session, narrowed, claude), readers)
})
