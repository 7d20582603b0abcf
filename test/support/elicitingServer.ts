/**
 * An MCP server on stdio that asks the user: its tool `ask` sends its arguments as the parameters of `elicitation/create`,
 * and gives what came of it as text.
 */
import { createInterface } from "node:readline"
import { isRecord } from "./mockApiReply.ts"

const send = (message: { readonly [key: string]: unknown }): void => {
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`)
}

/** Calls of `ask` that wait, by the id of the request to the user. */
const waiting = new Map<unknown, unknown>()

const tool = {
  name: "ask",
  description: "Asks the user.",
  inputSchema: { type: "object", additionalProperties: true }
}

const onRequest = (id: unknown, method: unknown, params: unknown): void => {
  switch (method) {
    case "initialize":
      return send({
        id,
        result: {
          protocolVersion: isRecord(params) ? params["protocolVersion"] : "2025-11-25",
          capabilities: { tools: {} },
          serverInfo: { name: "people", version: "1.0.0" }
        }
      })
    case "tools/list":
      return send({ id, result: { tools: [tool] } })
    case "tools/call": {
      const request = `ask-${waiting.size + 1}`
      waiting.set(request, id)
      return send({ id: request, method: "elicitation/create", params: isRecord(params) ? params["arguments"] : {} })
    }
    default:
      return send({ id, error: { code: -32601, message: `no method ${String(method)}` } })
  }
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const message: unknown = JSON.parse(line)
  if (!isRecord(message) || message["id"] === undefined) return
  if (message["method"] !== undefined) return onRequest(message["id"], message["method"], message["params"])
  const call = waiting.get(message["id"])
  if (call === undefined) return
  const text = JSON.stringify(message["result"] ?? message["error"])
  send({ id: call, result: { content: [{ type: "text", text }] } })
})
