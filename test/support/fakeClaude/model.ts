/** One response of the scripted model, streamed as the program streams it. */
import { randomBytes } from "node:crypto"
import { setImmediate as nextTick } from "node:timers/promises"
import { isRecord } from "../mockApiReply.ts"
import { type Block, type Step, textStep } from "../mockApiScript.ts"
import { events, type Identity, message, type SseEvent } from "../mockApiWire.ts"
import type { Json } from "./arguments.ts"
import { breathe, type Context, due, find, forever, guard, pause, system, type Turn } from "./context.ts"
import { type Fault, numeric } from "./faults.ts"
import { assistant, messageModel, spend, streamEvent } from "./frames.ts"
import { type Call, callsOf } from "./permission.ts"
import { crash, fireDue } from "./shots.ts"

const run = randomBytes(3).toString("hex")

const identify = (context: Context): Identity => {
  const serial = `${run}${String(++context.state.apiCalls).padStart(4, "0")}`
  return { serial, requestId: `req_mock${serial}`, model: messageModel(context) }
}

/** What has been said of the message that is being streamed; an interrupt leaves it as it is. */
export interface Unfinished {
  message: Json
  index: number
  block: Json | undefined
}

const words = (text: string): ReadonlyArray<string> => text.split(/(?<=\s)(?=\S)/)

const defaultPace = textStep("").blocks[0]?.pace

/** Short texts without a pace of their own come word by word. */
const byWord = (block: Block | undefined): block is Block & { readonly kind: "text" } =>
  block?.kind === "text" &&
  block.text.length <= 2000 &&
  block.pace.deltas === defaultPace?.deltas &&
  block.pace.delay === defaultPace?.delay

function* paced(step: Step, identity: Identity): Generator<readonly [event: SseEvent, delay: number]> {
  const said = new Set<number>()
  for (const timed of events(step, identity)) {
    const [event] = timed
    const index = Number(event["index"])
    const block = event.type === "content_block_delta" ? step.blocks[index] : undefined
    if (!byWord(block)) yield timed
    else if (!said.has(index)) {
      said.add(index)
      for (const text of words(block.text)) {
        yield [{ type: "content_block_delta", index, delta: { type: "text_delta", text } }, 0]
      }
    }
  }
}

const grow = (unfinished: Unfinished, event: SseEvent): void => {
  const { block } = unfinished
  if (event.type === "content_block_start" && isRecord(event["content_block"])) {
    unfinished.index = Number(event["index"])
    unfinished.block = event["content_block"]
  }
  const { delta } = event
  if (event.type !== "content_block_delta" || !isRecord(delta) || block === undefined) return
  for (const field of ["text", "thinking"]) {
    if (typeof delta[field] === "string")
      unfinished.block = { ...block, [field]: `${String(block[field])}${delta[field]}` }
  }
}

const thinkingTokens = (context: Context, turn: Turn, event: SseEvent): void => {
  const { delta } = event
  if (context.old || !context.launch.partial || !isRecord(delta) || delta["type"] !== "thinking_delta") return
  system(context, "thinking_tokens", {
    estimated_tokens: 2,
    estimated_tokens_delta: 2,
    user_message_uuid: turn.uuids[0]
  })
}

const single = (whole: Json, content: unknown): Json => ({
  ...whole,
  content: [content],
  stop_reason: null,
  usage: { ...(isRecord(whole["usage"]) ? whole["usage"] : {}), output_tokens: 1 },
  context_management: null
})

export interface Response {
  readonly calls: ReadonlyArray<Call>
  /** Starts what comes after the message's end; the tools run while it is written. */
  readonly close: () => void
  readonly text: string
  readonly broken: boolean
}

/** Streams a step. Ends without the message's own end; `close` writes that. */
export const respond = async (context: Context, turn: Turn, step: Step, unfinished: Unfinished): Promise<Response> => {
  const identity = identify(context)
  const whole = message(step, identity)
  const contents = Array.isArray(whole["content"]) ? whole["content"] : []
  const extra = { api_message_id: whole["id"] }
  const slow = numeric(find(turn, "slow"), 0)
  const atEnd: Array<SseEvent> = []
  const calls: Array<Call> = []
  let text = ""
  let deltas = 0
  unfinished.message = single(whole, undefined)
  if (step.fault?.kind === "hang" || due(turn, "silence") !== undefined) await forever(turn)
  for (const [event, delay] of paced(step, identity)) {
    if (event.type === "ping") continue
    if (event.type === "message_stop") {
      atEnd.push(event)
      continue
    }
    const wait = event.type === "content_block_delta" ? Math.max(delay, slow) : delay
    if (wait > 0) await pause(turn, wait)
    thinkingTokens(context, turn, event)
    if (event.type === "content_block_stop") {
      const fault = due(turn, "delta-no-snapshot")
      if (fault !== undefined) await crash(context, turn, fault)
      const content: unknown = contents[Number(event["index"])]
      assistant(context, turn, single(whole, content), { request_id: identity.requestId })
      calls.push(...callsOf([content]))
      text = isRecord(content) && typeof content["text"] === "string" ? content["text"] : ""
      unfinished.block = undefined
    }
    streamEvent(context, turn, event, extra)
    grow(unfinished, event)
    if (event.type !== "content_block_delta") continue
    if (deltas++ === 0) await fireDue(context, turn, turn.responses)
    await guard(turn, context.out.drained())
    if (deltas % 8 === 0) await breathe(turn)
  }
  if (step.fault?.kind === "silence") await forever(turn)
  spend(context, turn, step.usage, true)
  const close = (): void => {
    for (const event of atEnd) streamEvent(context, turn, event, extra)
  }
  return { calls, close, text, broken: step.fault !== undefined }
}

/** Deltas as fast as the pipe takes them: a number of them, or until the turn is interrupted. */
export const flood = async (context: Context, turn: Turn, fault: Fault, unfinished: Unfinished): Promise<Response> => {
  const count = fault.value === undefined ? Number.POSITIVE_INFINITY : numeric(fault, 1000)
  const identity = identify(context)
  const usage = { input: 10, output: 20, cacheRead: 0, cacheWrite: 0 }
  const step: Step = { blocks: [], fault: undefined, times: 1, stopReason: "end_turn", usage }
  const whole = message(step, identity)
  const extra = { api_message_id: whole["id"] }
  unfinished.message = single(whole, undefined)
  unfinished.block = { type: "text", text: "" }
  streamEvent(context, turn, { type: "message_start", message: { ...whole, stop_reason: null } }, extra)
  const start = { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } }
  streamEvent(context, turn, start, extra)
  const parts: Array<string> = []
  for (let at = 0; at < count; at++) {
    const text = `flood ${at} `
    if (Number.isFinite(count)) parts.push(text)
    streamEvent(context, turn, { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }, extra)
    await guard(turn, context.out.drained())
    if (at % 64 === 0) await guard(turn, nextTick())
  }
  const text = parts.join("")
  assistant(context, turn, single(whole, { type: "text", text }), { request_id: identity.requestId })
  unfinished.block = undefined
  streamEvent(context, turn, { type: "content_block_stop", index: 0 }, extra)
  const delta = { stop_reason: "end_turn", stop_sequence: null }
  streamEvent(context, turn, { type: "message_delta", delta, usage: { output_tokens: 20 } }, extra)
  spend(context, turn, usage, true)
  const close = (): void => streamEvent(context, turn, { type: "message_stop" }, extra)
  return { calls: [], close, text, broken: false }
}

/** What an interrupt makes of a message that was being streamed. */
export const leaveUnfinished = (context: Context, turn: Turn, unfinished: Unfinished): (() => void) => {
  const { block, index } = unfinished
  const spoken = block !== undefined && (block["text"] || block["thinking"])
  if (block === undefined) return () => undefined
  if (!context.old) spend(context, turn, { input: 10, output: 2, cacheRead: 0, cacheWrite: 0 }, false)
  if (spoken) {
    const message = { ...unfinished.message, content: [block] }
    assistant(context, turn, message, context.old ? {} : { aborted: true })
  }
  const id = unfinished.message["id"]
  return () => {
    if (context.old) return
    const extra = { api_message_id: id }
    const delta = { container: null, stop_details: null, stop_reason: null, stop_sequence: null }
    streamEvent(context, turn, { type: "content_block_stop", index }, extra)
    streamEvent(context, turn, { type: "message_delta", delta, usage: { input_tokens: 10, output_tokens: 1 } }, extra)
    const abandoned = { abandoned_blocks: { api_message_id: id, from_block_index: index + 1 } }
    streamEvent(context, turn, { type: "message_stop" }, { ...extra, ...abandoned })
  }
}
