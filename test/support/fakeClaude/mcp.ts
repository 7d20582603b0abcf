/** MCP servers that live in the host, spoken to over the control channel: the handshake, the list of tools, calls. */
import { isRecord } from "../mockApiReply.ts"
import type { ToolOutcome } from "./agent.ts"
import type { Json } from "./arguments.ts"
import { Aborted, askHost, type Context, guard, type Turn } from "./context.ts"
import type { Call } from "./permission.ts"

/** A JSON-RPC message to a server. */
const send = async (context: Context, server: string, message: Json): Promise<unknown> => {
  const frame = { ...message, jsonrpc: "2.0" }
  const reply = await askHost(context, { subtype: "mcp_message", server_name: server, message: frame })
  if (reply.kind === "error") throw new Error(reply.error)
  if (reply.kind !== "success" || !isRecord(reply.response)) throw new Error("no reply")
  return reply.response["mcp_response"]
}

const resultOf = (reply: unknown): Json => (isRecord(reply) && isRecord(reply["result"]) ? reply["result"] : {})

const greet = async (context: Context, server: string): Promise<void> => {
  const clientInfo = { name: "claude-code", version: context.launch.version }
  const params = { protocolVersion: "2025-11-25", capabilities: {}, clientInfo }
  try {
    const hello = resultOf(await send(context, server, { method: "initialize", params, id: 0 }))
    if (typeof hello["protocolVersion"] !== "string" || !isRecord(hello["serverInfo"])) return
    await send(context, server, { method: "notifications/initialized" })
    const { tools } = resultOf(await send(context, server, { method: "tools/list", id: 1 }))
    context.state.mcpTools.set(server, Array.isArray(tools) ? tools.filter(isRecord) : [])
  } catch {
    // A server that refuses the handshake has not connected, and has no tools.
  }
}

/** The handshake with the servers of an `initialize` request. The first turn waits for it. */
export const greetServers = async (context: Context, request: Json): Promise<void> => {
  const servers = Array.isArray(request["sdkMcpServers"]) ? request["sdkMcpServers"] : []
  await Promise.all(servers.map((server: unknown) => greet(context, String(server))))
}

export const fullNames = (context: Context): ReadonlyArray<string> =>
  [...context.state.mcpTools].flatMap(([server, tools]) => tools.map(({ name }) => `mcp__${server}__${String(name)}`))

const failed = (message: string): ToolOutcome => ({ content: message, details: `Error: ${message}`, isError: true })

/** As the API of the model has it. */
const block = (block: unknown): unknown =>
  isRecord(block) && block["type"] === "image"
    ? { type: "image", source: { type: "base64", media_type: block["mimeType"], data: block["data"] } }
    : block

/** What the model sees: structured content stands in the place of all text. */
const outcome = (result: Json): ToolOutcome => {
  const content = (Array.isArray(result["content"]) ? result["content"] : []).map(block)
  const texts = content.filter((block) => isRecord(block) && block["type"] === "text")
  if (result["isError"] === true) {
    return failed(texts.map((block) => (isRecord(block) ? String(block["text"]) : "")).join("\n"))
  }
  const structured = result["structuredContent"]
  if (structured === undefined) return { content, details: content, isError: false }
  const text = JSON.stringify(structured)
  const rest = content.filter((block) => !texts.includes(block))
  const shown = rest.length === 0 ? text : [...rest, { type: "text", text }]
  return { content: shown, details: { content: shown, structuredContent: structured }, isError: false }
}

let lastId = 1

export const callMcp = async (
  context: Context,
  turn: Turn,
  call: Call,
  server: string,
  name: string
): Promise<ToolOutcome> => {
  if (!fullNames(context).includes(call.name)) return failed(`No such tool available: ${call.name}`)
  const id = ++lastId
  const params = { name, arguments: call.input, _meta: { "claudecode/toolUseId": call.id, progressToken: id } }
  try {
    const reply = await guard(turn, send(context, server, { method: "tools/call", params, id }))
    if (!isRecord(reply)) return failed("MCP error: the server gave no JSON-RPC reply")
    if (isRecord(reply["error"])) return failed(`MCP error ${reply["error"]["code"]}: ${reply["error"]["message"]}`)
    return outcome(resultOf(reply))
  } catch (error) {
    if (!(error instanceof Aborted)) return failed(String(error))
    const cancelled = { requestId: id, reason: "AbortError: remote-cancel" }
    send(context, server, { method: "notifications/cancelled", params: cancelled }).catch(() => undefined)
    throw error
  }
}
