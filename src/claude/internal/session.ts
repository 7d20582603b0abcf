/**
 * A session with the CLI: what its messages mean for turns, decisions and events, and what it can be told. The process
 * may be replaced by another one for the same conversation; the session stays.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type AgentError,
  BacklogExceeded,
  ContinuityLost,
  ControlFailed,
  InvalidOptions,
  type Reason,
  SessionInUse,
  Unsupported
} from "../../AgentError.ts"
import type { Capabilities, PermissionMode } from "../../AgentAdapter.ts"
import { Backlog } from "../../internal/backlog.ts"
import * as Core from "../../internal/core.ts"
import * as ids from "../../internal/ids.ts"
import type { Outgoing } from "../../internal/turns.ts"
import type * as Permission from "../../Permission.ts"
import * as Prompt from "../../Prompt.ts"
import * as Usage from "../../Usage.ts"
import type * as ClaudeControl from "../ClaudeControl.ts"
import * as ClaudeMessage from "../ClaudeMessage.ts"
import type { ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import type { ClaudeSession } from "../ClaudeSession.ts"
import * as Connection from "./connection.ts"
import { Events } from "./events.ts"
import * as Outcome from "./outcome.ts"
import * as Reply from "./reply.ts"

/** What of a plan may change with the conversation: the rest is the same for every process of a session. */
export type MakePlan = (start: ResolvedClaudeOptions["start"], sessionId: string) => Connection.Plan

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
  /** Whether the conversation is on disk, so that another process can go on with it. */
  readonly onDisk: (sessionId: string) => Effect.Effect<boolean>
}

/** What this session can do of what the CLI can: nobody is asked without a handler, nothing comes in pieces when told so. */
const narrow = (all: Capabilities, { partialMessages, permissions }: ResolvedClaudeOptions): Capabilities => ({
  ...all,
  textDelta: partialMessages,
  reasoningDelta: partialMessages,
  toolInputDelta: partialMessages,
  permissionPrompts: permissions !== undefined,
  permissionEditInput: permissions !== undefined,
  permissionAlways: permissions !== undefined
})

/** 2.1.197 tells neither its version in the handshake nor which prompts a turn answers. */
const namesPrompts = (info: ClaudeControl.InitializeResponse): boolean => info.claude_code_version !== undefined

// The CLI has no lock on a conversation, and the last writer wins. One list for the whole process: adapters come and go,
// the files are the same.
const openConversations = new Set<string>()

/** Holds one conversation at a time; which one it is changes when it is cleared. */
class Reservation {
  #held: string | undefined

  take(key: string): boolean {
    if (key === this.#held) return true
    if (openConversations.has(key)) return false
    this.release()
    openConversations.add(key)
    this.#held = key
    return true
  }

  release(): void {
    if (this.#held !== undefined) openConversations.delete(this.#held)
    this.#held = undefined
  }
}

/** Opens the session for the Scope. */
export const open = Effect.fnUntraced(function* (
  setup: Setup
): Effect.fn.Return<ClaudeSession, AgentError, Scope.Scope> {
  const { options } = setup
  const readers = new Set<Backlog<ClaudeMessage.ClaudeMessage, AgentError>>()
  let expected = setup.expected
  let connection: Connection.Connection | undefined
  let connectionScope: Scope.Closeable | undefined
  let started = false
  /** What was set since the start, which is not among the arguments of the next process. */
  const chosen: { model?: string | null; permissionMode?: true } = {}
  /** No frame comes any more. */
  let silent: { readonly error: AgentError | undefined } | undefined
  const reservation = new Reservation()

  const endReaders = ({ journal }: Core.Core, error?: AgentError): void => {
    silent ??= { error }
    for (const reader of readers) {
      reader.end(error)
      journal.wake(() => reader.wake())
    }
  }

  const core = yield* Core.make(
    { agent: "claude", capabilities: setup.capabilities, resolved: options, host: setup.host },
    (core): Core.Driver => {
      const tell = (message: ClaudeControl.Outbound): Effect.Effect<void, AgentError> =>
        Effect.suspend(() =>
          connection === undefined
            ? Effect.fail(
                core.turns.error("turn", new ControlFailed({ request: "send", description: "no process runs" }))
              )
            : connection.write(message)
        )
      return {
        send: (turn: Outgoing) => {
          started = false
          return tell(Reply.prompt(turn))
        },
        interrupt: Effect.suspend(() => Effect.asVoid(control("interrupt", {}))),
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
            const prompt = Prompt.from(input)
            if (prompt._tag === "Failure") {
              return Effect.fail(core.turns.error("turn", new InvalidOptions({ issues: [prompt.failure] })))
            }
            if (core.turns.running === undefined) {
              const description = "no turn runs; use ask or stream"
              return Effect.fail(core.turns.error("turn", new ControlFailed({ request: "steer", description })))
            }
            const messageId = globalThis.crypto.randomUUID()
            return tell(Reply.prompt({ turnId: ids.turnId(messageId), messageId, prompt: prompt.success }))
          }),
        clear: Effect.suspend(() => Stream.runDrain(core.session.stream("/clear"))),
        transcript: () =>
          Stream.fromEffect(Effect.fail(core.turns.error("history", new Unsupported({ capability: "transcript" })))),
        closeItems: (interrupted) => events.closeItems(interrupted),
        shutdown: Effect.andThen(
          Effect.suspend(() => connection?.process.shutdown ?? Effect.void),
          Effect.sync(() => endReaders(core))
        )
      }
    }
  )
  const { decisions, journal, turns } = core
  const events = new Events(core)
  journal.sessionId = ids.sessionId(setup.sessionId)

  const control = <S extends ClaudeControl.RequestSubtype>(
    subtype: S,
    fields: ClaudeControl.RequestFields[S]
  ): Effect.Effect<ClaudeControl.Replies[S], AgentError> =>
    Effect.suspend(() =>
      connection === undefined
        ? Effect.fail(turns.error("control", new ControlFailed({ request: subtype, description: "no process runs" })))
        : connection.control(subtype, fields)
    )

  const answer = (reply: ClaudeControl.OutboundReply): Effect.Effect<void> =>
    Effect.suspend(() => (connection === undefined ? Effect.void : Effect.ignore(connection.write(reply))))

  const onAsk = (requestId: string, request: ClaudeMessage.CanUseTool, raw: unknown): void => {
    const asked: Permission.Request = Reply.permissionRequest(requestId, request, journal.sessionId)
    const reply = (decision: Permission.Decision): Effect.Effect<void> =>
      Effect.suspend(() => {
        if (decision._tag === "Deny") {
          if (request.tool_use_id !== undefined) events.denied(request.tool_use_id)
          const running = turns.running
          if (decision.stopTurn === true && running !== undefined) running.interrupted = true
        }
        return answer(Reply.decision(requestId, request, decision))
      })
    decisions.request(asked, reply, raw)
  }

  const onOther = (requestId: string, request: ClaudeMessage.InboundRequest, raw: unknown, size: number): void => {
    const reply = Reply.unhandled(requestId, request)
    if (reply === undefined) return
    if (request.subtype === "elicitation") {
      const id = ids.requestId(requestId)
      const kind = request.mode === "url" ? "url" : "form"
      journal.emit({ _tag: "InputRequested", requestId: id, kind, payload: request }, undefined, raw, size)
      journal.emit({ _tag: "InputResolved", requestId: id, by: "default" })
    }
    journal.later(answer(reply))
  }

  const onInit = (message: ClaudeMessage.SystemInit, size: number): void => {
    if (expected !== undefined && expected !== message.session_id) {
      const error = turns.error("handshake", new ContinuityLost({ expected, actual: message.session_id }))
      journal.later(core.lost(error))
    }
    expected = undefined
    const own = turns.running
    const ours =
      own?.origin === "caller" &&
      !started &&
      (connection === undefined ||
        !namesPrompts(connection.info) ||
        message.user_message_uuids?.includes(own.messageId) === true)
    if (ours) started = true
    else if (own === undefined || own.origin === "caller") turns.agentBegan()
    events.init(message, size)
  }

  const onResult = (result: ClaudeMessage.Result): void => {
    const own = turns.caller
    const uuids =
      result.user_message_uuids ?? (result.user_message_uuid === undefined ? undefined : [result.user_message_uuid])
    const isOwn =
      own !== undefined &&
      (uuids === undefined ? result.origin?.kind !== "task-notification" : uuids.includes(own.messageId))
    const end = Outcome.endOf(result, events.takeContext())
    if (!isOwn) {
      // Without ids (2.1.197) its beginning was taken for ours; ours is still to come.
      if (turns.running === own) started = false
      return turns.agentTurnEnded(end)
    }
    // Folded into a turn the agent ran by itself: one result ends both.
    turns.agentTurnEnded({ ...end, report: undefined })
    turns.turnEnded(end)
  }

  const onUnknown = (message: ClaudeMessage.Unknown, size: number): void => {
    const { issue, raw, subtype, type } = message
    journal.emit(
      {
        _tag: "Unknown",
        type: type ?? "",
        ...(subtype === undefined ? {} : { subtype }),
        ...(issue === undefined ? {} : { issue })
      },
      undefined,
      raw,
      size
    )
    const result = ClaudeMessage.recoverResult(raw)
    if (result !== undefined) onResult(result)
    const requestId = ClaudeMessage.requestId(message)
    if (type === "control_request" && requestId !== undefined) {
      journal.later(answer(Reply.refusal(requestId, `${subtype ?? "the request"} is not of a known form`)))
    }
  }

  let waking = false
  const toReaders = (message: ClaudeMessage.ClaudeMessage, size: number): void => {
    for (const reader of readers) reader.push(message, size)
    if (readers.size === 0 || waking) return
    waking = true
    journal.wake(() => {
      waking = false
      for (const reader of readers) reader.wake()
    })
  }

  const onMessage = (message: ClaudeMessage.ClaudeMessage, size: number): void => {
    toReaders(message, size)
    if (ClaudeMessage.isUnknown(message)) return onUnknown(message, size)
    switch (message.type) {
      case "control_response":
        return
      case "control_request": {
        const { request } = message
        if (request.subtype === "can_use_tool") return onAsk(message.request_id, request, message)
        return onOther(message.request_id, request, message, size)
      }
      case "control_cancel_request":
        decisions.withdraw(ids.requestId(message.request_id))
        return
      case "result":
        return onResult(message)
      case "system":
        return message.subtype === "init" ? onInit(message, size) : events.message(message, size)
      case "conversation_reset":
        reservation.take(setup.key(message.new_conversation_id))
        return events.message(message, size)
      default:
        return events.message(message, size)
    }
  }

  const gone = (reason: Reason, exit: { readonly code: number | null; readonly signal: string | null }) =>
    Effect.suspend(() => {
      endReaders(core, core.isClosing() ? undefined : turns.error("turn", reason))
      return core.exited(reason, exit)
    })

  const connect = Effect.fnUntraced(function* (plan: Connection.Plan) {
    const scope = yield* Scope.fork(core.scope)
    connectionScope = scope
    // What a process says that is being replaced is not heard any more: nobody waits for it.
    const isCurrent = (): boolean => connectionScope === scope
    connection = yield* Connection.connect(core, plan, {
      message: (message, size) => {
        if (isCurrent()) onMessage(message, size)
      },
      malformed: (bytes, prefix) => {
        if (isCurrent()) journal.emit({ _tag: "Malformed", bytes, prefix })
      },
      gone: (reason, exit) => (isCurrent() ? gone(reason, exit) : Effect.void)
    }).pipe(Scope.provide(scope), Effect.provideContext(setup.host))
    return connection
  })

  const replace = Effect.gen(function* () {
    const sessionId = journal.sessionId ?? setup.sessionId
    const old = { connection, scope: connectionScope }
    connection = undefined
    connectionScope = undefined
    if (old.connection !== undefined) yield* old.connection.process.kill
    if (old.scope !== undefined) yield* Scope.close(old.scope, Exit.void)
    decisions.withdrawAll()
    core.backgroundIs([])
    const begun = turns.ended > 0 || setup.expected !== undefined
    const onDisk = yield* setup.onDisk(sessionId)
    if (begun && !onDisk) {
      return yield* turns.error("control", new ContinuityLost({ expected: sessionId, actual: "nothing on disk" }))
    }
    expected = onDisk ? sessionId : undefined
    yield* connect(setup.plan(onDisk ? { resume: sessionId } : { sessionId }, sessionId))
    const { permissionMode } = yield* core.session.summary
    if (chosen.permissionMode && Option.isSome(permissionMode)) {
      yield* control("set_permission_mode", { mode: permissionMode.value })
    }
    if (chosen.model !== undefined) yield* control("set_model", { model: chosen.model })
    journal.emit({
      _tag: "Notice",
      level: "warning",
      code: "process-replaced",
      text: "the agent did not obey; another process goes on with the conversation"
    })
    yield* journal.flush
  })

  yield* Scope.addFinalizer(
    core.scope,
    Effect.sync(() => reservation.release())
  )
  if (!reservation.take(setup.key(setup.sessionId))) {
    return yield* turns.error("resolve", new SessionInUse({ id: setup.sessionId }))
  }
  const { info } = yield* connect(setup.plan(options.start, setup.sessionId))
  const resumed = setup.expected !== undefined || (options.start !== "new" && options.start.sessionId === undefined)
  if (resumed) {
    // The totals of a resumed conversation begin with what it cost before.
    const usage = yield* Effect.option(control("get_usage", { skip_behaviors: true }))
    const base = Option.isSome(usage) ? Reply.usageReport(usage.value) : undefined
    if (base !== undefined) turns.ledger = Usage.ledger(base)
  }
  yield* core.opened({
    resumed,
    model: options.model,
    cwd: options.cwd,
    agentVersion: info.claude_code_version
  })

  const messages = Stream.unwrap(
    Effect.map(
      Effect.acquireRelease(
        Effect.sync(() => {
          const reader = new Backlog<ClaudeMessage.ClaudeMessage, AgentError>({
            gate: journal.gate,
            limit: options.buffer,
            exceeded: (limit) => turns.error("turn", new BacklogExceeded({ limit }))
          })
          readers.add(reader)
          if (silent !== undefined) reader.end(silent.error)
          return reader
        }),
        (reader) =>
          Effect.sync(() => {
            readers.delete(reader)
            reader.leave()
          })
      ),
      (reader) => reader.stream
    )
  )
  return {
    ...core.session,
    capabilities: narrow(setup.capabilities, options),
    messages,
    serverInfo: Effect.sync(() => connection?.info ?? info),
    control
  }
})
