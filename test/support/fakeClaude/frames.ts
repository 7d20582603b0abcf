/** The frames of a turn: system/init, what the model and the tools say, and the result. */
import { randomUUID } from "node:crypto"
import { type Context, send, type Turn, wireId } from "./context.ts"
import { agents, askingTools, capabilities, commands, prices, resolveModel, tools } from "./facts.ts"
import type { Json } from "./arguments.ts"
import { fullNames } from "./mcp.ts"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { isRecord } from "../mockApiReply.ts"

export const currentModel = (context: Context): string => resolveModel(context.old, context.state.model)

/** The model as messages name it: without the mark for the long context. */
export const messageModel = (context: Context): string => currentModel(context).replace("[1m]", "")

/** A server whose program is not there cannot connect; whether others could is not tried. */
const isThere = (config: unknown): boolean =>
  !isRecord(config) || !Path.isAbsolute(String(config["command"])) || Fs.existsSync(String(config["command"]))

export const mcpStatus = (context: Context): ReadonlyArray<Json> => {
  const inProcess = context.state.initialize?.["sdkMcpServers"]
  return [
    ...Object.entries(context.mcpServers).map(([name, config]) => ({
      name,
      status: isThere(config) ? "connected" : "failed",
      config,
      transport: "stdio",
      scope: "dynamic",
      source: "dynamic"
    })),
    ...(Array.isArray(inProcess) ? inProcess : []).map((name: unknown) => ({
      name,
      status: context.state.mcpTools.has(String(name)) ? "connected" : "pending",
      transport: "sdk",
      scope: "dynamic",
      source: "sdk"
    }))
  ]
}

/** The ids of a turn's messages, as the new version repeats them on many frames. */
const ids = (context: Context, turn: Turn): Json =>
  context.old || turn.uuids.length === 0
    ? {}
    : { user_message_uuid: turn.prompts.at(-1)?.uuid ?? turn.uuids.at(-1), user_message_uuids: [...turn.uuids] }

const firstFrameIds = (context: Context, turn: Turn): Json => {
  if (turn.firstFrameSent) return {}
  turn.firstFrameSent = true
  if (context.launch.replay) replayPrompt(context, turn)
  return ids(context, turn)
}

/** The echo of a prompt comes with the first frame of its answer; merged prompts come as one. */
const replayPrompt = (context: Context, turn: Turn): void => {
  const last = turn.prompts.at(-1)
  if (last === undefined || last.origin !== undefined) return
  const content = turn.prompts.length === 1 ? last.content : turn.prompts.map((prompt) => prompt.text).join("\n")
  replay(context, content, last.uuid)
}

export const replay = (context: Context, content: unknown, uuid: string | undefined): void => {
  send(context, {
    type: "user",
    message: { role: "user", content },
    parent_tool_use_id: null,
    ...(uuid === undefined ? {} : { uuid }),
    timestamp: new Date().toISOString(),
    isReplay: true
  })
}

export const init = (context: Context, turn: Turn): void => {
  const { launch, state, old, cwd } = context
  const names = commands(old).map((command) => command["name"])
  const newer = {
    terminal_slash_commands: [],
    capabilities,
    served_by_anthropic: false,
    original_cwd: cwd,
    additional_directories: [],
    messaging_socket_path: "/run/cc-socks/1.sock",
    fast_mode_disabled_reason: "sdk_opt_in_required",
    per_turn_effort_active: true,
    ultrathink_available: false,
    ultrathink_typed_raises: false,
    view_mode: "default",
    ...(turn.uuids.length === 0 || launch.version === "2.1.300" ? {} : { user_message_uuids: [...turn.uuids] })
  }
  send(context, {
    type: "system",
    subtype: "init",
    cwd,
    tools: [
      ...tools,
      ...(launch.asks ? askingTools : []),
      ...(structuredSchema(context) ? ["StructuredOutput"] : []),
      ...fullNames(context)
    ],
    mcp_servers: mcpStatus(context).map(({ name, status, source }) => ({ name, status, source })),
    model: currentModel(context),
    permissionMode: state.mode,
    slash_commands: names,
    apiKeySource: "ANTHROPIC_API_KEY",
    claude_code_version: launch.version,
    output_style: "default",
    agents: agents.map((agent) => agent["name"]),
    skills: [],
    plugins: [],
    analytics_disabled: true,
    product_feedback_disabled: true,
    memory_paths: { auto: `${Path.dirname(context.transcript.path())}/memory/` },
    fast_mode_state: "off",
    ...(old ? {} : newer)
  })
}

export const structuredSchema = (context: Context): Json | undefined => {
  const asked = context.state.initialize?.["jsonSchema"]
  return typeof asked === "object" && asked !== null ? { ...asked } : context.launch.jsonSchema
}

export const streamEvent = (context: Context, turn: Turn, event: Json, extra: Json = {}): void => {
  if (!context.launch.partial) return
  send(context, {
    type: "stream_event",
    event,
    parent_tool_use_id: null,
    ...(event["type"] === "message_start" ? { ttft_ms: Date.now() - turn.startedAt } : {}),
    ...firstFrameIds(context, turn),
    ...(context.old ? {} : extra)
  })
}

/** A block the model has finished, or one that was cut off. It goes into the transcript under the uuid of the frame. */
export const assistant = (context: Context, turn: Turn, message: Json, extra: Json = {}): void => {
  const uuid = context.transcript.append("assistant", message)
  const marks = firstFrameIds(context, turn)
  send(context, {
    type: "assistant",
    message,
    parent_tool_use_id: null,
    uuid,
    ...(context.old ? {} : { timestamp: new Date().toISOString() }),
    ...extra,
    ...marks
  })
}

/** A user message that the program makes: a tool result, or a note to the model. */
export const user = (context: Context, turn: Turn, content: unknown, extra: Json = {}): void => {
  turn.userFrames++
  const message = { role: "user", content }
  const uuid = context.transcript.append("user", message)
  const meta = context.old ? { ...extra, tool_result_meta: undefined } : extra
  send(context, {
    type: "user",
    message,
    parent_tool_use_id: null,
    uuid,
    timestamp: new Date().toISOString(),
    ...meta
  })
}

const add = (usages: Record<string, Record<string, unknown>>, context: Context, usage: Turn["usage"]): void => {
  const price = prices(context.old)
  const model = currentModel(context)
  const sum = (field: string, more: number): number => Number(usages[model]?.[field] ?? 0) + more
  const costUSD = usage.input * price.input + usage.output * price.output
  const newer = { thinkingTokens: 0, canonicalModel: model, provider: "firstParty", costBasis: "list" }
  usages[model] = {
    inputTokens: sum("inputTokens", usage.input),
    outputTokens: sum("outputTokens", usage.output),
    cacheReadInputTokens: sum("cacheReadInputTokens", usage.cacheRead),
    cacheCreationInputTokens: sum("cacheCreationInputTokens", usage.cacheWrite),
    webSearchRequests: 0,
    costUSD: sum("costUSD", costUSD),
    contextWindow: 1_000_000,
    maxOutputTokens: context.old ? 64_000 : 128_000,
    ...(context.old ? {} : newer)
  }
}

/** Counts one call of the model. `inTurn` is false for a call that was cut off: the turn's own usage leaves it out. */
export const spend = (context: Context, turn: Turn, usage: Turn["usage"], inTurn: boolean): void => {
  const price = prices(context.old)
  context.state.costUsd += usage.input * price.input + usage.output * price.output
  add(context.state.modelUsage, context, usage)
  add(context.state.usageSinceResult, context, usage)
  if (!inTurn) return
  turn.usage.input += usage.input
  turn.usage.output += usage.output
  turn.usage.cacheRead += usage.cacheRead
  turn.usage.cacheWrite += usage.cacheWrite
}

const usageOf = (context: Context, usage: Turn["usage"]): Json => ({
  input_tokens: usage.input,
  cache_creation_input_tokens: usage.cacheWrite,
  cache_read_input_tokens: usage.cacheRead,
  output_tokens: usage.output,
  ...(context.old ? {} : { output_tokens_details: { thinking_tokens: 0 } }),
  server_tool_use: { web_search_requests: 0, web_fetch_requests: 0 },
  service_tier: "standard",
  cache_creation: { ephemeral_1h_input_tokens: 0, ephemeral_5m_input_tokens: 0 },
  inference_geo: "",
  iterations: [],
  speed: "standard"
})

const noUsage = (): Turn["usage"] => ({ input: 0, output: 0, cacheRead: 0, cacheWrite: 0 })

/** The fields every result has. `turn` is absent for a failure before the first turn. */
export const resultBase = (context: Context, turn: Turn | undefined): Json => {
  const { state, old } = context
  const duration = turn === undefined ? 0 : Date.now() - turn.startedAt
  state.apiMs += duration
  const newer = {
    fast_mode_disabled_reason: "sdk_opt_in_required",
    safety_stops: 0,
    ...(turn === undefined ? {} : ids(context, turn)),
    queued_turn_count: 0,
    result_index: state.resultIndex,
    model_usage_since_last_result: state.usageSinceResult
  }
  return {
    duration_api_ms: state.apiMs,
    stop_reason: null,
    total_cost_usd: state.costUsd,
    usage: usageOf(context, turn?.usage ?? noUsage()),
    modelUsage: state.modelUsage,
    permission_denials: turn?.denials ?? [],
    fast_mode_state: "off",
    num_turns: turn === undefined ? 0 : 1 + turn.userFrames,
    // The real program does not put the type first, so nobody may count on that.
    type: "result",
    duration_ms: duration,
    uuid: randomUUID(),
    ...(old ? {} : newer)
  }
}

export const sendResult = (context: Context, frame: Json): void => {
  const { state } = context
  state.resultIndex++
  state.usageSinceResult = {}
  state.lastIsError = frame["is_error"] === true
  context.out.line({ ...frame, session_id: wireId(context) })
}
