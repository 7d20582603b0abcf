/** The Messages API on the wire: one step of a script as a JSON message, as server-sent events, or as an error body. */
import type { Block, Step } from "./mockApiScript.ts"

const errorTypes: Readonly<Record<number, string>> = {
  400: "invalid_request_error",
  401: "authentication_error",
  403: "permission_error",
  404: "not_found_error",
  413: "request_too_large",
  429: "rate_limit_error",
  500: "api_error",
  529: "overloaded_error"
}

export const errorBody = (status: number, message: string, requestId: string): unknown => ({
  type: "error",
  error: { type: errorTypes[status] ?? "api_error", message },
  request_id: requestId
})

/** What makes one answer different from the next. */
export interface Identity {
  readonly serial: string
  readonly requestId: string
  readonly model: string
}

const usage = (step: Step, output: number): unknown => ({
  input_tokens: step.usage.input,
  cache_creation_input_tokens: step.usage.cacheWrite,
  cache_read_input_tokens: step.usage.cacheRead,
  output_tokens: output,
  service_tier: "standard"
})

const toolId = (identity: Identity, index: number): string => `toolu_mock${identity.serial}_${index}`

const content = (block: Block, index: number, identity: Identity): unknown => {
  switch (block.kind) {
    case "text":
      return { type: "text", text: block.text }
    case "thinking":
      return { type: "thinking", thinking: block.text, signature: signature(identity) }
    case "tool":
      return { type: "tool_use", id: toolId(identity, index), name: block.name, input: JSON.parse(block.input) }
  }
}

const signature = (identity: Identity): string => Buffer.from(`mock signature ${identity.serial}`).toString("base64")

export const message = (step: Step, identity: Identity): Readonly<Record<string, unknown>> => ({
  id: `msg_mock${identity.serial}`,
  type: "message",
  role: "assistant",
  model: identity.model,
  content: step.blocks.map((block, index) => content(block, index, identity)),
  stop_reason: step.stopReason,
  stop_sequence: null,
  usage: usage(step, step.usage.output)
})

/** Cuts a text into pieces of about equal length, never through a surrogate pair. */
const pieces = (text: string, count: number): ReadonlyArray<string> => {
  const bounds = Array.from({ length: count + 1 }, (_, index) => {
    const at = Math.round((index * text.length) / count)
    const unit = text.charCodeAt(at)
    return unit >= 0xdc00 && unit <= 0xdfff ? at + 1 : at
  })
  return bounds.slice(1).flatMap((end, index) => {
    const piece = text.slice(bounds[index], end)
    return piece === "" ? [] : [piece]
  })
}

export interface SseEvent {
  readonly type: string
  readonly [field: string]: unknown
}

const startOf = (block: Block, index: number, identity: Identity): unknown => {
  switch (block.kind) {
    case "text":
      return { type: "text", text: "" }
    case "thinking":
      return { type: "thinking", thinking: "", signature: "" }
    case "tool":
      return { type: "tool_use", id: toolId(identity, index), name: block.name, input: {} }
  }
}

const deltaOf = (block: Block, piece: string): unknown => {
  switch (block.kind) {
    case "text":
      return { type: "text_delta", text: piece }
    case "thinking":
      return { type: "thinking_delta", thinking: piece }
    case "tool":
      return { type: "input_json_delta", partial_json: piece }
  }
}

/** The events of a streamed answer with the ms to wait before each. A fault leaves the last block open. */
export function* events(step: Step, identity: Identity): Generator<readonly [event: SseEvent, delay: number]> {
  if (step.fault !== undefined && step.blocks.length === 0) return
  const opening = { ...message(step, identity), content: [], stop_reason: null, usage: usage(step, 1) }
  yield [{ type: "message_start", message: opening }, 0]
  yield [{ type: "ping" }, 0]
  for (const [index, block] of step.blocks.entries()) {
    yield [{ type: "content_block_start", index, content_block: startOf(block, index, identity) }, 0]
    const parts = pieces(block.kind === "tool" ? block.input : block.text, block.pace.deltas)
    for (const [nth, piece] of parts.entries()) {
      yield [{ type: "content_block_delta", index, delta: deltaOf(block, piece) }, nth === 0 ? 0 : block.pace.delay]
    }
    if (step.fault !== undefined && index === step.blocks.length - 1) return
    if (block.kind === "thinking") {
      const delta = { type: "signature_delta", signature: signature(identity) }
      yield [{ type: "content_block_delta", index, delta }, 0]
    }
    yield [{ type: "content_block_stop", index }, 0]
  }
  const delta = { stop_reason: step.stopReason, stop_sequence: null }
  yield [{ type: "message_delta", delta, usage: { output_tokens: step.usage.output } }, 0]
  yield [{ type: "message_stop" }, 0]
}
