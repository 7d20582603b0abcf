/**
 * One process of the CLI, spoken to: lines become messages, replies find their request, and the handshake tells that it
 * is there. What the messages mean is for `session.ts`.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as FileSystem from "effect/FileSystem"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Option from "effect/Option"
import type { Path } from "effect/Path"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import {
  type AgentError,
  ControlFailed,
  ControlTimeout,
  HandshakeTimeout,
  ProcessExited,
  ProtocolViolation,
  type Reason,
  SessionInUse,
  SessionNotFound,
  SpawnFailed,
  StartupFailed,
  Unsupported
} from "../../AgentError.ts"
import type { ExitStatus } from "../../AgentEvent.ts"
import * as AgentProcess from "../../internal/agentProcess.ts"
import { live } from "../../internal/liveClock.ts"
import type { Core } from "../../internal/core.ts"
import * as Lines from "../../internal/lines.ts"
import * as Notices from "../../internal/notices.ts"
import { Requests } from "../../internal/requests.ts"
import * as ClaudeControl from "../ClaudeControl.ts"
import * as ClaudeMessage from "../ClaudeMessage.ts"
import { unknownFlag } from "./honoured.ts"
import * as McpServers from "./mcpServers.ts"
import { type Delta, TextDeltas } from "./textDeltas.ts"

export interface Plan {
  readonly executable: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string | undefined
  readonly env: AgentProcess.Environment
  /** Where the process is noted for the case that we are killed. */
  readonly stateDir: string | undefined
  readonly initialize: ClaudeControl.InitializeFields
  /** MCP servers are not said in the handshake, which this CLI does not take, but in a file. */
  readonly mcpInFile: boolean
  /** What must not be shown, the environment aside. */
  readonly secrets: ReadonlyArray<string>
  /** The conversation that is opened, for the errors. */
  readonly sessionId: string
}

export interface Handlers {
  /** Every message, replies to our own requests too. Synchronous; what has to run goes through the journal. */
  readonly message: (message: ClaudeMessage.ClaudeMessage, size: number) => void
  /** A text delta that needed no parse, in place of its message. */
  readonly textDelta: (delta: Delta, size: number) => void
  readonly malformed: (bytes: number, prefix: string) => void
  /** It can be written to: the CLI may ask before it answers the handshake. */
  readonly spawned: (write: Connection["write"]) => void
  /** The process is gone by itself, after the handshake. */
  readonly gone: (reason: () => Reason, exit: ExitStatus) => Effect.Effect<void>
}

export interface Connection {
  readonly process: AgentProcess.AgentProcess
  /** What the CLI told about itself. */
  readonly info: ClaudeControl.InitializeResponse
  readonly write: (message: ClaudeControl.Outbound) => Effect.Effect<void, AgentError>
  /** `deadline`: for what is not the CLI's own doing, whose silence says nothing about the CLI. */
  readonly control: <S extends ClaudeControl.RequestSubtype>(
    subtype: S,
    fields: ClaudeControl.RequestFields[S],
    deadline?: Duration.Duration
  ) => Effect.Effect<ClaudeControl.Replies[S], AgentError>
}

const exitAfterEof = "1 second"

const spawnReason = (failure: AgentProcess.SpawnFailure): SpawnFailed =>
  new SpawnFailed({
    description: failure.description,
    ...(failure.cause === undefined ? {} : { cause: failure.cause })
  })

/** Why it ended before it answered, from what it said last. */
const startupReason = (sessionId: string, said: string, exit: ExitStatus, stderrTail: string): Reason => {
  const text = `${said}\n${stderrTail}`
  if (text.includes("No conversation found with session ID")) {
    return new SessionNotFound({ id: sessionId, lookedIn: [], stderrTail })
  }
  const unknown = unknownFlag(stderrTail)
  if (unknown !== undefined) return unknown
  if (/Session ID \S+ is already in use/.test(text)) return new SessionInUse({ id: sessionId, stderrTail })
  const how = exit.signal ?? (exit.code === null ? "nobody knows what" : `code ${exit.code}`)
  return new StartupFailed({ description: said === "" ? `it ended with ${how}` : `${said} (${how})`, stderrTail })
}

const replyExit = (
  subtype: string,
  reply: ClaudeMessage.ControlResponse["response"],
  fail: (reason: Reason) => AgentError
): Exit.Exit<unknown, AgentError> => {
  if (reply.subtype === "success") return Exit.succeed(reply.response)
  const description =
    reply.subtype === "error" ? (reply.error ?? "it did not say why") : `a reply of kind ${reply.subtype}`
  const unknown = reply.error_code === "unsupported_request" || description.startsWith("Unsupported control request")
  return Exit.fail(
    fail(unknown ? new Unsupported({ capability: subtype }) : new ControlFailed({ request: subtype, description }))
  )
}

// TypeScript does not follow that the fields are those of the subtype once both are type parameters.
const requestOf = <S extends ClaudeControl.RequestSubtype>(
  subtype: S,
  fields: ClaudeControl.RequestFields[S]
): ClaudeControl.Request => ({ subtype, ...fields }) as ClaudeControl.Request

/** Starts the CLI and shakes hands. The process belongs to the Scope. */
export const connect = Effect.fnUntraced(function* (
  core: Core,
  plan: Plan,
  handlers: Handlers
): Effect.fn.Return<Connection, AgentError, Scope.Scope | FileSystem.FileSystem | Path | ChildProcessSpawner> {
  const { journal, turns } = core
  const { gate } = journal
  const { timeouts } = core.resolved
  // What is used later is named here, so that the rest of the plan is not kept with it.
  const { sessionId } = plan
  const requests = new Requests<ClaudeMessage.ControlResponse["response"], AgentError>(gate, (resume) =>
    journal.wake(resume)
  )
  // A process that is replaced is not read to its end.
  yield* Scope.addFinalizer(
    yield* Effect.scope,
    Effect.suspend(() => {
      requests.failAll(() =>
        turns.error("control", new ControlFailed({ request: "a request", description: "the process was ended" }))
      )
      return journal.flush
    })
  )
  let open = false
  let said = ""
  let paused = false
  /** Why nothing is heard any more though the process runs. */
  let broken: ProtocolViolation | undefined

  const route = (message: ClaudeMessage.ClaudeMessage, size: number): void => {
    if (message.type === "control_response") {
      const id = ClaudeMessage.requestId(message)
      if (id !== undefined) requests.answer(id, replyOf(message))
    } else if (!open && !ClaudeMessage.isUnknown(message) && message.type === "result" && message.is_error) {
      said = [message.result, ...(message.errors ?? [])].filter((text) => typeof text === "string").join("; ")
    }
    handlers.message(message, size)
  }

  const replyOf = (
    message: Extract<ClaudeMessage.ClaudeMessage, { readonly type: "control_response" }> | ClaudeMessage.Unknown
  ): Exit.Exit<ClaudeMessage.ControlResponse["response"], AgentError> =>
    ClaudeMessage.isUnknown(message)
      ? Exit.fail(
          turns.error("control", new ProtocolViolation({ description: message.issue ?? "a reply of unknown form" }))
        )
      : Exit.succeed(message.response)

  const deltas = new TextDeltas(handlers.textDelta)
  const framer = Lines.make({
    known: (block, start, stop) => deltas.read(block, start, stop),
    frame: (value, size, line) => {
      const message = ClaudeMessage.decode(value)
      deltas.learn(line, message)
      route(message, size)
    },
    malformed: handlers.malformed
  })

  const { args, initialize } = yield* McpServers.pass(plan, plan.mcpInFile).pipe(
    Effect.mapError((error) => turns.error("spawn", new SpawnFailed({ description: error.message, cause: error })))
  )
  const process = yield* AgentProcess.spawn({
    command: { executable: plan.executable, args, cwd: plan.cwd, env: plan.env },
    shutdownTimeout: timeouts.shutdown,
    stateDir: plan.stateDir,
    beforeEnd: () => core.quiet(),
    secrets: plan.secrets
  }).pipe(Effect.mapError((failure) => turns.error("spawn", spawnReason(failure))))

  // What a dead process leaves in its pipe is little: it need not wait for readers.
  const isHeldUp = (): boolean => !gate.isOpen && process.exited() === undefined

  const pause = Effect.suspend(() => {
    if (!paused) {
      paused = true
      journal.emit(Notices.readerPaused())
    }
    return Effect.andThen(
      Effect.andThen(journal.flush, Effect.raceFirst(gate.opened, process.exit)),
      Effect.sync(() => {
        journal.tick()
        turns.touch()
      })
    )
  })

  const read = process.read((chunks, own) => {
    journal.tick()
    turns.touch()
    for (const chunk of chunks) framer.push(chunk, own)
    journal.wakeAll()
    gate.update()
    return isHeldUp() ? pause : journal.flushed()
  })

  const ended = Effect.suspend(() =>
    // A program that closed its stdout says nothing more: it is given a moment to end by itself.
    process.exit.pipe(
      Effect.timeoutOption(exitAfterEof),
      live,
      Effect.flatMap((exit) =>
        Option.isSome(exit) ? Effect.succeed(exit.value) : Effect.andThen(process.kill, process.exit)
      ),
      Effect.flatMap((exit) => {
        if (broken === undefined) framer.end()
        const stderrTail = process.stderrTail()
        const phase = open ? "control" : "handshake"
        const reason = (): Reason =>
          broken ??
          (phase === "control"
            ? new ProcessExited({ ...exit, stderrTail })
            : startupReason(sessionId, said, exit, stderrTail))
        requests.failAll(() => turns.error(phase, reason()))
        return Effect.andThen(journal.flush, open ? handlers.gone(reason, exit) : Effect.void)
      })
    )
  )
  // Whatever it was, what the agent says is not heard any more: nobody is to wait for it.
  const heard = Effect.catchDefect(read, (defect) => {
    const description = defect instanceof Error ? defect.message : String(defect)
    broken = new ProtocolViolation({ description: `what it said could not be taken in: ${description}` })
    return Effect.andThen(Effect.logError("The messages of Claude Code could not be taken in.", defect), process.kill)
  })
  yield* Effect.forkScoped(Effect.andThen(heard, ended), { startImmediately: true })

  const write = (message: ClaudeControl.Outbound): Effect.Effect<void, AgentError> =>
    Effect.flatMap(process.write(ClaudeControl.encodeLine(message)), (written) =>
      // Before the handshake is answered, `ended` says more about a process that is gone than a failed write could.
      written || !open
        ? Effect.void
        : Effect.fail(
            turns.error(
              "control",
              new ProcessExited({
                ...(process.exited() ?? { code: null, signal: null }),
                stderrTail: process.stderrTail()
              })
            )
          )
    )

  handlers.spawned(write)

  const request = <S extends ClaudeControl.RequestSubtype>(
    subtype: S,
    fields: ClaudeControl.RequestFields[S],
    deadline: Duration.Duration,
    late: () => AgentError
  ): Effect.Effect<ClaudeControl.Replies[S], AgentError> =>
    Effect.suspend(() => {
      const id = globalThis.crypto.randomUUID()
      const fail = (reason: Reason): AgentError => turns.error("control", reason)
      return requests
        .run({
          id,
          send: write({ type: "control_request", request_id: id, request: requestOf(subtype, fields) }),
          deadline,
          late,
          cancel: Effect.ignore(write({ type: "control_cancel_request", request_id: id }))
        })
        .pipe(
          Effect.flatMap((reply) => replyExit(subtype, reply, fail)),
          Effect.flatMap((payload) => {
            const decoded = ClaudeControl.decodeReply(subtype, payload)
            return Result.isSuccess(decoded)
              ? Effect.succeed(decoded.success)
              : Effect.fail(fail(new ControlFailed({ request: subtype, description: decoded.failure })))
          })
        )
    })

  const info = yield* request("initialize", initialize, timeouts.startup, () =>
    turns.error(
      "handshake",
      new HandshakeTimeout({ millis: Duration.toMillis(timeouts.startup), stderrTail: process.stderrTail() })
    )
  )
  open = true

  return {
    process,
    info,
    write,
    control: (subtype, fields, own) => {
      const deadline = own ?? timeouts.control
      const late = (): AgentError => {
        const millis = Duration.toMillis(deadline)
        return turns.error(
          "control",
          new ControlTimeout({ request: subtype, millis, stderrTail: process.stderrTail() })
        )
      }
      return request(subtype, fields, deadline, late).pipe(
        Effect.tapError((error) => {
          if (error.reason._tag !== "ControlTimeout") return Effect.sync(() => core.answered())
          return own === undefined ? core.unanswered(subtype) : Effect.void
        }),
        Effect.tap(() => Effect.sync(() => core.answered()))
      )
    }
  }
})
