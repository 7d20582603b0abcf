/**
 * Tools of ours as an MCP server: what a JSON-RPC message of the CLI asks for, and what is answered. Pure; the calls run
 * elsewhere. Effect's own McpServer is not used: it answers no cancelled request, which the control channel wants, drops
 * preliminary results, and takes 80 ms more to load.
 */
import type { ResolvedTool, ToolAnswer } from "../../AgentAdapter.ts"
import { isObject, type JsonObject } from "./wire.ts"

type Id = string | number

/** What a message wants of us. */
export type Asked =
  | { readonly _tag: "Answer"; readonly reply: JsonObject }
  | { readonly _tag: "Cancel"; readonly id: Id; readonly reply: JsonObject }
  | {
      readonly _tag: "Call"
      readonly id: Id
      readonly tool: ResolvedTool
      readonly parameters: unknown
      readonly toolId: string | undefined
      readonly progressToken: Id | undefined
    }

/** The servers that the tools make up. */
export const names = (tools: ReadonlyArray<ResolvedTool>): ReadonlyArray<string> => [
  ...new Set(tools.map(({ server }) => server))
]

/** The newest first. */
const versions: ReadonlyArray<unknown> = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]

const isId = (value: unknown): value is Id => typeof value === "string" || typeof value === "number"

const ok = (id: Id, result: JsonObject): JsonObject => ({ jsonrpc: "2.0", id, result })

const error = (id: Id | null, code: number, message: string): JsonObject => ({
  jsonrpc: "2.0",
  id,
  error: { code, message }
})

/** A notification has no answer in JSON-RPC, and must have one here. */
const taken = ok(0, {})

/** The answer to a call that the CLI gave up. */
export const cancelled = (id: Id): JsonObject => error(id, -32_800, "The call was cancelled.")

const described = ({ description, hints, meta, name, parameters, result, title }: ResolvedTool): JsonObject => ({
  name,
  ...(title === undefined ? {} : { title }),
  ...(description === undefined ? {} : { description }),
  inputSchema: parameters,
  ...(result === undefined ? {} : { outputSchema: result }),
  annotations: {
    ...(title === undefined ? {} : { title }),
    readOnlyHint: hints.readOnly,
    destructiveHint: hints.destructive,
    idempotentHint: hints.idempotent,
    openWorldHint: hints.openWorld
  },
  ...(meta === undefined ? {} : { _meta: meta })
})

/** A value as the model reads it. */
const shown = (value: unknown): string => (typeof value === "string" ? value : (JSON.stringify(value) ?? ""))

const call = (tools: ReadonlyArray<ResolvedTool>, id: Id, params: JsonObject): Asked => {
  const tool = tools.find(({ name }) => name === params["name"])
  if (tool === undefined) {
    return { _tag: "Answer", reply: error(id, -32_602, `There is no tool ${shown(params["name"])}.`) }
  }
  const meta = isObject(params["_meta"]) ? params["_meta"] : {}
  const toolId = meta["claudecode/toolUseId"]
  const token = meta["progressToken"]
  return {
    _tag: "Call",
    id,
    tool,
    parameters: params["arguments"],
    toolId: typeof toolId === "string" ? toolId : undefined,
    progressToken: isId(token) ? token : undefined
  }
}

const request = (
  server: string,
  tools: ReadonlyArray<ResolvedTool>,
  method: unknown,
  id: Id,
  params: JsonObject
): Asked => {
  const answer = (result: JsonObject): Asked => ({ _tag: "Answer", reply: ok(id, result) })
  switch (method) {
    case "initialize": {
      const { protocolVersion } = params
      return answer({
        protocolVersion: versions.includes(protocolVersion) ? protocolVersion : versions[0],
        capabilities: { tools: {} },
        serverInfo: { name: server, version: "1.0.0" }
      })
    }
    case "ping":
      return answer({})
    case "tools/list":
      return answer({ tools: tools.map(described) })
    case "tools/call":
      return call(tools, id, params)
    default:
      return { _tag: "Answer", reply: error(id, -32_601, `There is no method ${shown(method)}.`) }
  }
}

/** Reads a message for the server of these tools. */
export const asked = (server: string, tools: ReadonlyArray<ResolvedTool>, message: JsonObject): Asked => {
  const { id, method } = message
  const params = isObject(message["params"]) ? message["params"] : {}
  if (method === undefined) return { _tag: "Answer", reply: taken }
  if (isId(id)) return request(server, tools, method, id, params)
  if (id !== undefined) return { _tag: "Answer", reply: error(null, -32_600, "The id is no string and no number.") }
  const { requestId } = params
  return method === "notifications/cancelled" && isId(requestId)
    ? { _tag: "Cancel", id: requestId, reply: taken }
    : { _tag: "Answer", reply: taken }
}

const text = (value: unknown): JsonObject => ({ type: "text", text: shown(value) })

type Part = NonNullable<ToolAnswer["content"]>[number]

const block = (part: Part): JsonObject => {
  if (part.type === "text") return text(part.text)
  const { data, fileName, mediaType } = part
  if (data instanceof URL) {
    return { type: "resource_link", uri: data.href, name: fileName ?? data.href, mimeType: mediaType }
  }
  const base64 = typeof data === "string" ? data : Buffer.from(data).toString("base64")
  const [kind] = mediaType.split("/", 1)
  if (kind === "image" || kind === "audio") return { type: kind, data: base64, mimeType: mediaType }
  const uri = `file:///${encodeURIComponent(fileName ?? "result")}`
  return { type: "resource", resource: { uri, mimeType: mediaType, blob: base64 } }
}

/**
 * What came of a call. Where there is structured content, the CLI shows the model that in place of all text: it is left
 * out when the tool says by itself what the model sees.
 */
export const succeeded = (id: Id, { content, value }: ToolAnswer): JsonObject => {
  if (content !== undefined) return ok(id, { content: content.map(block) })
  const blocks = value === undefined ? [] : [text(value)]
  return ok(id, { content: blocks, ...(isObject(value) ? { structuredContent: value } : {}) })
}

export const failed = (id: Id, message: string): JsonObject => ok(id, { content: [text(message)], isError: true })

export const progress = (progressToken: Id, count: number, value: unknown): JsonObject => ({
  jsonrpc: "2.0",
  method: "notifications/progress",
  params: { progressToken, progress: count, message: shown(value) }
})
