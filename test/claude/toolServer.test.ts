/** What the MCP server of our tools answers, message by message. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { ResolvedTool, ToolAnswer } from "effect-agent-session/AgentAdapter"
import * as ToolServer from "../../src/claude/internal/toolServer.ts"

const add: ResolvedTool = {
  server: "math",
  name: "add",
  title: "Sum",
  description: "Adds.",
  parameters: { type: "object" },
  result: { type: "object" },
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  meta: { "anthropic/alwaysLoad": true },
  call: () => Effect.succeed({ value: 5 })
}

const asked = (message: Record<string, unknown>): ToolServer.Asked => ToolServer.asked("math", [add], message)

/** The result, or the error, of a message that is answered at once. */
const answer = (message: Record<string, unknown>): unknown => {
  const { _tag, ...rest } = asked(message)
  assert.strictEqual(_tag, "Answer")
  if (!("reply" in rest)) return undefined
  const { jsonrpc, ...reply } = rest.reply
  assert.strictEqual(jsonrpc, "2.0")
  return reply
}

describe("toolServer", () => {
  it("agrees on the protocol version it is asked for, where it knows it, else on its newest", () => {
    const initialize = (protocolVersion: unknown) =>
      answer({ id: 0, method: "initialize", params: { protocolVersion } })
    const agreed = (protocolVersion: string) => ({
      id: 0,
      result: { protocolVersion, capabilities: { tools: {} }, serverInfo: { name: "math", version: "1.0.0" } }
    })
    assert.deepStrictEqual(initialize("2025-06-18"), agreed("2025-06-18"))
    assert.deepStrictEqual(initialize("2099-01-01"), agreed("2025-11-25"))
    assert.deepStrictEqual(initialize(undefined), agreed("2025-11-25"))
  })

  it("rule 14: a name or a method that is no text is answered with an error like any other", () => {
    const odd = { toString: 1, valueOf: 1 }
    const code = (message: Record<string, unknown>): unknown => {
      const { error } = Object(answer(message))
      return error?.code
    }
    assert.strictEqual(code({ id: 1, method: "tools/call", params: { name: odd } }), -32_602)
    assert.strictEqual(code({ id: 1, method: odd }), -32_601)
  })

  it("lists tools with their schemas, annotations and metadata [cc-93]", () => {
    assert.deepStrictEqual(answer({ id: "a", method: "tools/list" }), {
      id: "a",
      result: {
        tools: [
          {
            name: "add",
            title: "Sum",
            description: "Adds.",
            inputSchema: { type: "object" },
            outputSchema: { type: "object" },
            annotations: {
              title: "Sum",
              readOnlyHint: true,
              destructiveHint: false,
              idempotentHint: true,
              openWorldHint: false
            },
            _meta: { "anthropic/alwaysLoad": true }
          }
        ]
      }
    })
  })

  it("answers a ping, and every notification too, since the CLI waits for it [cc-93] [cc-97]", () => {
    assert.deepStrictEqual(answer({ id: 7, method: "ping" }), { id: 7, result: {} })
    assert.deepStrictEqual(answer({ method: "notifications/initialized" }), { id: 0, result: {} })
    assert.deepStrictEqual(answer({ method: "notifications/cancelled" }), { id: 0, result: {} })
    assert.deepStrictEqual(answer({ id: 3, result: {} }), { id: 0, result: {} })
  })

  it("refuses what it does not know with the errors of JSON-RPC [cc-93]", () => {
    const unknown = { code: -32_601, message: "There is no method tasks/list." }
    assert.deepStrictEqual(answer({ id: 1, method: "tasks/list" }), { id: 1, error: unknown })
    const invalid = { code: -32_600, message: "The id is no string and no number." }
    assert.deepStrictEqual(answer({ id: null, method: "ping" }), { id: null, error: invalid })
    const missing = { code: -32_602, message: "There is no tool subtract." }
    assert.deepStrictEqual(answer({ id: 2, method: "tools/call", params: { name: "subtract" } }), {
      id: 2,
      error: missing
    })
  })

  it("reads a call with its parameters, the id of the model's call and the token for progress", () => {
    const params = {
      name: "add",
      arguments: { a: 1 },
      _meta: { "claudecode/toolUseId": "toolu_1", progressToken: 9 }
    }
    assert.deepStrictEqual(asked({ id: 4, method: "tools/call", params }), {
      _tag: "Call",
      id: 4,
      tool: add,
      parameters: { a: 1 },
      toolId: "toolu_1",
      progressToken: 9
    })
    assert.deepInclude(asked({ id: 4, method: "tools/call", params: { name: "add" } }), {
      toolId: undefined,
      progressToken: undefined
    })
  })

  it("reads which call was given up", () => {
    const given = asked({ method: "notifications/cancelled", params: { requestId: 4 } })
    assert.deepInclude(given, { _tag: "Cancel", id: 4 })
  })

  it("a result is text, and structured where it is an object [cc-95]", () => {
    const result = (answer: ToolAnswer) => ToolServer.succeeded(1, answer)["result"]
    const text = (text: string) => ({ type: "text", text })
    assert.deepStrictEqual(result({ value: "hello" }), { content: [text("hello")] })
    assert.deepStrictEqual(result({ value: 5 }), { content: [text("5")] })
    assert.deepStrictEqual(result({ value: [1] }), { content: [text("[1]")] })
    assert.deepStrictEqual(result({ value: { a: 1 } }), { content: [text('{"a":1}')], structuredContent: { a: 1 } })
    assert.deepStrictEqual(result({ value: null }), { content: [text("null")] })
    assert.deepStrictEqual(result({ value: undefined }), { content: [] })
  })

  it("what the model is shown in place of the result comes without it", () => {
    const file = (mediaType: string, data: string | Uint8Array | URL, fileName?: string) =>
      ({
        "~effect/ai/Prompt/Part": "~effect/ai/Prompt/Part",
        type: "file",
        options: {},
        mediaType,
        data,
        fileName
      }) as const
    const { result } = ToolServer.succeeded(1, {
      value: { a: 1 },
      content: [
        file("image/png", new Uint8Array([104, 105])),
        file("audio/wav", "aGk="),
        file("application/pdf", "aGk=", "my report.pdf"),
        file("text/html", new URL("https://example.com/a"))
      ]
    })
    assert.deepStrictEqual(result, {
      content: [
        { type: "image", data: "aGk=", mimeType: "image/png" },
        { type: "audio", data: "aGk=", mimeType: "audio/wav" },
        {
          type: "resource",
          resource: { uri: "file:///my%20report.pdf", mimeType: "application/pdf", blob: "aGk=" }
        },
        {
          type: "resource_link",
          uri: "https://example.com/a",
          name: "https://example.com/a",
          mimeType: "text/html"
        }
      ]
    })
  })

  it("a failure is a result that says so, and progress counts up", () => {
    assert.deepStrictEqual(ToolServer.failed(1, "no"), {
      jsonrpc: "2.0",
      id: 1,
      result: { content: [{ type: "text", text: "no" }], isError: true }
    })
    assert.deepStrictEqual(ToolServer.progress("t", 2, { done: 3 })["params"], {
      progressToken: "t",
      progress: 2,
      message: '{"done":3}'
    })
  })
})
