/**
 * What all parts of the fake `claude` share: the launch, the transcript, the queue, the running turn, and the two ways
 * to speak to the host, frames and requests.
 */
import { randomUUID } from "node:crypto"
import type { Json, Launch } from "./arguments.ts"
import type { Fault, Lasting } from "./faults.ts"
import type { Output } from "./output.ts"
import type { Transcript } from "./transcript.ts"

/** A user message as it came in, or the news of a background task that starts a turn by itself. */
export interface Prompt {
  readonly uuid: string | undefined
  readonly content: unknown
  readonly text: string
  readonly shouldQuery: boolean
  readonly origin: Json | undefined
}

export type AbortReason = "interrupt" | "now" | "end"

export class Aborted extends Error {
  override readonly name = "Aborted"
}

/** Ends a turn with the result of its own that the fields describe. */
export class TurnOver extends Error {
  override readonly name = "TurnOver"
  readonly fields: Json

  constructor(fields: Json) {
    super("turn over")
    this.fields = fields
  }
}

export interface Turn {
  readonly prompts: ReadonlyArray<Prompt>
  /** Of the prompts, then of the messages folded in. */
  readonly uuids: Array<string>
  readonly folded: Array<Prompt>
  readonly faults: Array<Fault>
  readonly denials: Array<Json>
  readonly startedAt: number
  readonly abort: AbortController
  abortReason: AbortReason | undefined
  phase: "streaming" | "tools"
  /** User messages on stdout in this turn; the real num_turns counts them. */
  userFrames: number
  responses: number
  structuredAttempts: number
  /** A hook said that the turn ends once its tools have run. */
  hookStopped: boolean
  firstFrameSent: boolean
  usage: { input: number; output: number; cacheRead: number; cacheWrite: number }
}

export const newTurn = (prompts: ReadonlyArray<Prompt>, faults: ReadonlyArray<Fault>): Turn => ({
  prompts,
  faults: [...faults],
  uuids: prompts.flatMap((prompt) => prompt.uuid ?? []),
  folded: [],
  denials: [],
  startedAt: Date.now(),
  abort: new AbortController(),
  abortReason: undefined,
  phase: "streaming",
  userFrames: 0,
  responses: 0,
  structuredAttempts: 0,
  hookStopped: false,
  firstFrameSent: false,
  usage: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 }
})

export type HostReply =
  | { readonly kind: "success"; readonly response: unknown }
  | { readonly kind: "error"; readonly error: string }
  | { readonly kind: "withdrawn" | "closed" }

export interface Pending {
  readonly frame: Json
  readonly settle: (reply: HostReply) => void
}

/** Something that goes on in the background. */
export interface Task {
  readonly output: () => string
  readonly kill: () => Promise<void>
}

export interface Context {
  readonly launch: Launch
  readonly old: boolean
  readonly env: NodeJS.ProcessEnv
  readonly cwd: string
  readonly out: Output
  readonly record: (entry: Json) => void
  readonly transcript: Transcript
  readonly lasting: Map<Lasting, Fault>
  readonly envFaults: ReadonlyArray<Fault>
  readonly mcpServers: Record<string, unknown>
  readonly queue: Array<Prompt>
  readonly pending: Map<string, Pending>
  readonly tasks: Map<string, Task>
  /** Kill what foreground tools run. */
  readonly foreground: Set<() => Promise<void>>
  readonly seenUuids: Set<string>
  readonly grants: Array<string>
  readonly state: State
  /** Starts what waits in the queue, or exits when there is nothing left to do. */
  readonly pump: () => void
}

export interface State {
  mode: string
  model: string | undefined
  turn: Turn | undefined
  /** No further turn is started. */
  ending: boolean
  exiting: boolean
  /** SIGINT came; the exit code is 0 whatever the last result was. */
  interrupted: boolean
  eof: boolean
  initialize: Json | undefined
  /** Settled when the servers that live in the host have told their tools. */
  greeting: Promise<void>
  readonly mcpTools: Map<string, ReadonlyArray<Json>>
  begun: boolean
  lastIsError: boolean
  resultIndex: number
  costUsd: number
  modelUsage: Record<string, Record<string, unknown>>
  usageSinceResult: Record<string, Record<string, unknown>>
  apiCalls: number
  /** Like the cost, for the whole life of the process. */
  apiMs: number
  driftedId: string | undefined
}

export const find = (turn: Turn, name: Fault["name"]): Fault | undefined =>
  turn.faults.find((fault) => fault.name === name)

/** The same for a fault that waits for its place in the script. */
export const due = (turn: Turn, name: Fault["name"]): Fault | undefined =>
  turn.faults.find((fault) => fault.name === name && fault.at <= turn.responses)

/** The session id that frames carry. */
export const wireId = (context: Context): string => {
  if (!context.lasting.has("session-id-drift")) return context.transcript.sessionId()
  context.state.driftedId ??= randomUUID()
  return context.state.driftedId
}

/** Writes a frame with the two fields that nearly all carry. */
export const send = (context: Context, frame: Json): string => {
  const uuid = typeof frame["uuid"] === "string" ? frame["uuid"] : randomUUID()
  context.out.line({ ...frame, session_id: wireId(context), uuid })
  return uuid
}

export const system = (context: Context, subtype: string, fields: Json = {}): void => {
  send(context, { type: "system", subtype, ...fields })
}

export const lifecycle = (context: Context, uuids: ReadonlyArray<string | undefined>, state: string): void => {
  if (context.old) return
  for (const uuid of uuids) {
    if (uuid !== undefined) send(context, { type: "command_lifecycle", command_uuid: uuid, state })
  }
}

export const sessionState = (context: Context, state: "running" | "idle" | "requires_action"): void => {
  const { CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: both, CLAUDE_CODE_SDK_READS_SESSION_STATE: newOnly } = context.env
  const hostOnly = !context.old && newOnly === "1"
  if (both !== "1" && !hostOnly) return
  system(context, "session_state_changed", { state, ...(hostOnly ? { sdk_host_only: true } : {}) })
}

export const stderr = (text: string): Promise<void> =>
  new Promise((resolve) => process.stderr.write(text, () => resolve()))

/** Asks the host something and waits; `id` is how the request can be withdrawn. */
export const askHost = (context: Context, request: Json, id: string = randomUUID()): Promise<HostReply> => {
  const frame = { type: "control_request", request_id: id, request }
  if (context.state.eof) return Promise.resolve({ kind: "closed" })
  return new Promise((resolve) => {
    context.pending.set(id, {
      frame,
      settle: (reply) => {
        context.pending.delete(id)
        resolve(reply)
      }
    })
    context.out.line(frame)
  })
}

export const withdraw = (context: Context, id: string): void => {
  const pending = context.pending.get(id)
  if (pending === undefined) return
  context.out.line({ type: "control_cancel_request", request_id: id })
  pending.settle({ kind: "withdrawn" })
}

/** Waits, but no longer than the turn may run. Rejects with Aborted. */
export const guard = <A>(turn: Turn, promise: Promise<A>): Promise<A> =>
  new Promise((resolve, reject) => {
    const { signal } = turn.abort
    const stop = (): void => reject(new Aborted())
    if (signal.aborted) {
      stop()
      return
    }
    signal.addEventListener("abort", stop, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop))
  })

export const pause = (turn: Turn, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined
  const waiting = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  return guard(turn, waiting).finally(() => clearTimeout(timer))
}

/** Lets stdin be read. */
export const breathe = (turn: Turn): Promise<void> => guard(turn, new Promise((resolve) => setImmediate(resolve)))

export const forever = (turn: Turn): Promise<never> => guard(turn, new Promise<never>(() => undefined))
