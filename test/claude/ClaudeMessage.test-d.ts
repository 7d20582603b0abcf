import { describe, expectTypeOf, it } from "vitest"
import type * as ClaudeControl from "../../src/claude/ClaudeControl.ts"
import * as ClaudeMessage from "../../src/claude/ClaudeMessage.ts"

describe("ClaudeMessage", () => {
  it("an Unknown has to be ruled out before the type tells", () => {
    const message = ClaudeMessage.decode(null)
    if (message.type === "result") {
      expectTypeOf(message).toEqualTypeOf<ClaudeMessage.Result | ClaudeMessage.Unknown>()
      if (!ClaudeMessage.isUnknown(message)) expectTypeOf(message.is_error).toEqualTypeOf<boolean>()
    }
  })

  it("a block is narrowed by its type alone, and what is left is the unknown one", () => {
    const name = (block: ClaudeMessage.ContentBlock): string => {
      switch (block.type) {
        case "text":
          expectTypeOf(block).toEqualTypeOf<ClaudeMessage.TextBlock>()
          return block.text
        case "tool_use":
        case "server_tool_use":
        case "mcp_tool_use":
          return block.name
        case "thinking":
        case "redacted_thinking":
        case "tool_result":
        case "mcp_tool_result":
        case "web_search_tool_result":
        case "web_fetch_tool_result":
        case "code_execution_tool_result":
        case "bash_code_execution_tool_result":
        case "text_editor_code_execution_tool_result":
        case "tool_search_tool_result":
        case "image":
        case "document":
        case "container_upload":
        case "compaction":
          return block.type
        default:
          expectTypeOf(block).toEqualTypeOf<ClaudeMessage.UnknownBlock>()
          expectTypeOf(block["anything"]).toEqualTypeOf<unknown>()
          return block.type
      }
    }
    expectTypeOf(name).returns.toEqualTypeOf<string>()
  })

  it("deltas, requests and replies are narrowed too", () => {
    const text = (event: ClaudeMessage.ApiEvent): string | undefined =>
      event.type === "content_block_delta" && event.delta.type === "text_delta" ? event.delta.text : undefined
    const tool = (request: ClaudeControl.InboundRequest): string | undefined =>
      request.subtype === "can_use_tool" ? request.tool_name : undefined
    const error = (reply: ClaudeControl.ControlResponse["response"]): string | undefined =>
      reply.subtype === "error" ? reply.error : undefined
    expectTypeOf([text, tool, error]).not.toBeAny()
  })

  it("an allow without the input and a request with a wrong field do not compile", () => {
    // @ts-expect-error 2.1.197 takes an allow without the input for a denial
    const allow: ClaudeControl.PermissionResult = { behavior: "allow" }
    // @ts-expect-error the wire says `dry_run`
    const rewind: ClaudeControl.Request = { subtype: "rewind_files", user_message_id: "u", dryRun: true }
    const interrupt: ClaudeControl.Request<"interrupt"> = { subtype: "interrupt", cancel_queued: true }
    expectTypeOf([allow, rewind, interrupt]).not.toBeAny()
  })
})
