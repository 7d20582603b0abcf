/**
 * The fake `claude` in TypeScript, for machines without a C compiler: the same bytes as `fakeCli.c` (which describes
 * it) for the same knobs. Writes block, as they do there: what the reader does not take is not produced.
 */
import { Buffer } from "node:buffer"
import { writeSync } from "node:fs"
import { setImmediate, setTimeout } from "node:timers/promises"
import { blockLines, deltaText, fromEnv, toolText } from "./knobs.ts"

const linesPerWrite = 256

if (process.argv.includes("--version")) {
  writeSync(1, "2.1.329 (Claude Code)\n")
  process.exit(0)
}

const knobs = fromEnv(process.env)

const sessionId = process.argv.reduce(
  (id, token) => (token.startsWith("--session-id=") ? token.slice(13) : id),
  "b0000000-0000-4000-8000-000000000000"
)

// --- output: `process.stdout` is never touched, it would make the pipe non-blocking ---

let frames = 0
let out: Array<string | Buffer> = []

const writeAll = (bytes: Buffer): void => {
  for (let at = 0; at < bytes.length;) {
    try {
      at += writeSync(1, bytes, at)
    } catch {
      process.exit(0)
    }
  }
}

const flush = (): void => {
  writeAll(Buffer.concat(out.map((part) => (typeof part === "string" ? Buffer.from(part) : part))))
  out = []
}

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, "0")

const endFrame = (): void => {
  out.push(`,"session_id":"${sessionId}","uuid":"00000000-0000-4000-8000-${hex(frames++, 12)}"}\n`)
}

// --- input ---

const queue: Array<string> = []
const state = { inputEnded: false, turnRunning: false, interrupted: false }
let wake: () => void = () => {}

const answer = (id: string, payload: string): void => {
  out.push(`{"type":"control_response","response":{"subtype":"success","request_id":"${id}"${payload}}}\n`)
  flush()
}

const initialized =
  ',"response":{"commands":[],"agents":[],"output_style":"default",' +
  `"available_output_styles":["default"],"models":[],"account":{},"pid":${process.pid},` +
  '"claude_code_version":"2.1.329","capabilities":[]}'

const handleLine = (line: string): void => {
  const frame = JSON.parse(line)
  if (frame.type === "user") {
    queue.push(frame.uuid ?? "")
  } else if (frame.type === "control_request") {
    const subtype = frame.request?.subtype
    if (subtype === "interrupt") state.interrupted = state.turnRunning
    answer(frame.request_id, subtype === "initialize" ? initialized : "")
  }
}

let partial = ""
process.stdin.setEncoding("utf8")
process.stdin.on("data", (chunk: string) => {
  const lines = (partial + chunk).split("\n")
  partial = lines.pop() ?? ""
  lines.forEach(handleLine)
  wake()
})
process.stdin.on("end", () => {
  state.inputEnded = true
  wake()
})

// --- deltas ---

const deltaHead = '{"type":"stream_event","event":{"type":"content_block_delta","index":'
const deltaStart = ',"delta":{"type":"text_delta","text":"'
const deltaTail = (index: number, line: number): string =>
  `"}},"session_id":"${sessionId}","parent_tool_use_id":null,"uuid":"${hex(index, 8)}-0000-4000-9000-${hex(line, 12)}"}\n`
const uuidFromEnd = 36 + 3

const texts = Array.from({ length: blockLines }, (_, line) => deltaText(knobs, line))
const tails = texts.map((text, line) => Buffer.concat([Buffer.from(deltaStart), text, Buffer.from(deltaTail(0, line))]))
const tailsLength = tails.reduce((sum, tail) => sum + tail.length, 0)

/** All lines of a block, and where each ends. */
const renderBlock = (index: number): { bytes: Buffer; ends: Array<number> } => {
  const head = Buffer.from(`${deltaHead}${index}`)
  const digits = Buffer.from(hex(index, 8))
  const bytes = Buffer.allocUnsafe(head.length * blockLines + tailsLength)
  let at = 0
  const ends = tails.map((tail) => {
    at += head.copy(bytes, at)
    at += tail.copy(bytes, at)
    digits.copy(bytes, at - uuidFromEnd)
    return at
  })
  return { bytes, ends }
}

/** Sends the deltas of one block, at most `wanted`; returns how many it sent and their text. */
const sendBlock = async (index: number, wanted: number): Promise<{ sent: number; text: Buffer }> => {
  const { bytes, ends } = renderBlock(index)
  let line = 0
  while (line < wanted && !state.interrupted) {
    const next = Math.min(line + linesPerWrite, wanted)
    writeAll(bytes.subarray(ends[line - 1] ?? 0, ends[next - 1]))
    line = next
    await setImmediate()
    if (state.inputEnded && knobs.n < 0) state.interrupted = true
  }
  return { sent: line, text: Buffer.concat(texts.slice(0, line)) }
}

/** The same with a rate: one write per delta, each stamped with the time it was sent. */
const sendBlockPaced = async (index: number, wanted: number): Promise<{ sent: number; text: Buffer }> => {
  const start = process.hrtime.bigint()
  const sent: Array<Buffer> = []
  while (sent.length < wanted && !state.interrupted) {
    const due = start + BigInt(Math.trunc((sent.length * 1e9) / knobs.rate))
    const early = Number(due - process.hrtime.bigint())
    await (early > 0 ? setTimeout(early / 1e6) : setImmediate())
    if (state.inputEnded && knobs.n < 0) state.interrupted = true
    if (state.interrupted || process.hrtime.bigint() < due) continue
    const line = sent.length
    const text = Buffer.concat([Buffer.from(`@${process.hrtime.bigint()} `), texts[line] ?? Buffer.alloc(0)])
    sent.push(text)
    out.push(`${deltaHead}${index}${deltaStart}`, text, deltaTail(index, line))
    flush()
  }
  return { sent: sent.length, text: Buffer.concat(sent) }
}

// --- turns ---

const assistant = (messageId: string, block: ReadonlyArray<string | Buffer>, aborted = false): void => {
  out.push(
    `{"type":"assistant","message":{"id":"${messageId}","type":"message","role":"assistant",` +
      '"model":"claude-bench","content":[{',
    ...block,
    '}],"stop_reason":null,"stop_sequence":null,"usage":{"input_tokens":10,"output_tokens":1}},' +
      `"parent_tool_use_id":null${aborted ? ',"aborted":true' : ""}`
  )
  endFrame()
}

const streamEvent = (event: string): void => {
  out.push(`{"type":"stream_event","event":${event},"parent_tool_use_id":null`)
  endFrame()
}

const sendToolCalls = async (turn: number): Promise<void> => {
  const body = knobs.nbig > 0 ? toolText(knobs).json : Buffer.alloc(0)
  for (let call = 0; call < knobs.nbig; call++) {
    const toolId = `toolu_${turn}_${call}`
    assistant(`msg_${turn}_${call}`, [
      `"type":"tool_use","id":"${toolId}","name":"Read","input":{"file_path":"/bench/${call}"}`
    ])
    flush()
    out.push(
      `{"type":"user","message":{"role":"user","content":[{"tool_use_id":"${toolId}",` +
        '"type":"tool_result","is_error":false,"content":"',
      body,
      '"}]},"parent_tool_use_id":null'
    )
    endFrame()
    flush()
    await setImmediate()
  }
}

let totalSent = 0

const runTurn = async (turn: number, userUuid: string): Promise<void> => {
  const prompts = userUuid === "" ? "" : `,"user_message_uuids":["${userUuid}"]`
  const messageId = `msg_${turn}`
  let sent = 0
  let text: Buffer = Buffer.alloc(0)
  state.turnRunning = true
  state.interrupted = false

  out.push(
    '{"type":"system","subtype":"init","cwd":"/bench","tools":["Bash","Read"],"mcp_servers":[],' +
      '"model":"claude-bench","permissionMode":"default","slash_commands":[],"apiKeySource":"none",' +
      '"claude_code_version":"2.1.329","output_style":"default","agents":[],"skills":[],"plugins":[],' +
      '"capabilities":[],"analytics_disabled":true,"product_feedback_disabled":true,' +
      `"memory_paths":{"auto":"/bench/memory"},"fast_mode_state":"off"${prompts}`
  )
  endFrame()
  await sendToolCalls(turn)

  streamEvent(
    `{"type":"message_start","message":{"id":"${messageId}","type":"message","role":"assistant",` +
      '"model":"claude-bench","content":[],"stop_reason":null,"stop_sequence":null,' +
      '"usage":{"input_tokens":10,"output_tokens":1}}}'
  )
  for (let index = 0; !state.interrupted && (knobs.n < 0 || sent < knobs.n); index++) {
    streamEvent(`{"type":"content_block_start","index":${index},"content_block":{"type":"text","text":""}}`)
    flush()
    const left = knobs.n < 0 ? blockLines : Math.min(blockLines, knobs.n - sent)
    const block = await (knobs.rate > 0 ? sendBlockPaced(index, left) : sendBlock(index, left))
    sent += block.sent
    text = block.text
    assistant(messageId, ['"type":"text","text":"', text, '"'], state.interrupted)
    streamEvent(`{"type":"content_block_stop","index":${index}}`)
  }

  if (state.interrupted) {
    out.push(
      '{"type":"user","message":{"role":"user","content":[{"type":"text",' +
        '"text":"[Request interrupted by user]"}]},"parent_tool_use_id":null'
    )
    endFrame()
  } else {
    streamEvent(
      '{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},' +
        `"usage":{"output_tokens":${sent}}}`
    )
    streamEvent('{"type":"message_stop"}')
  }
  totalSent += sent
  out.push(
    `{"type":"result","subtype":"${state.interrupted ? "error_during_execution" : "success"}","is_error":${state.interrupted},` +
      `"duration_ms":1,"duration_api_ms":1,"num_turns":1,"stop_reason":${state.interrupted ? "null" : '"end_turn"'},` +
      '"total_cost_usd":0,"usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":0,' +
      `"output_tokens":${sent}},"modelUsage":{"claude-bench":{"inputTokens":${10 * (turn + 1)},` +
      `"outputTokens":${totalSent},"cacheReadInputTokens":0,"cacheCreationInputTokens":0,"webSearchRequests":0,` +
      '"costUSD":0,"contextWindow":200000,"maxOutputTokens":64000}},"permission_denials":[],' +
      `"terminal_reason":"${state.interrupted ? "aborted_streaming" : "completed"}",`,
    ...(state.interrupted ? ['"errors":["interrupted"]'] : ['"result":"', text, '"']),
    userUuid === "" ? "" : `,"user_message_uuid":"${userUuid}"${prompts}`,
    `,"result_index":${turn}`
  )
  endFrame()
  flush()
  state.turnRunning = false
}

for (let turn = 0; ;) {
  const userUuid = queue.shift()
  if (userUuid !== undefined) await runTurn(turn++, userUuid)
  else if (state.inputEnded) process.exit(0)
  else await new Promise<void>((resolve) => (wake = resolve))
}
