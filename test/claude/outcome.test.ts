import { assert, describe, it } from "@effect/vitest"
import { endOf } from "../../src/claude/internal/outcome.ts"

const nothing = { error: undefined, status: undefined, resetsAt: undefined }

describe("how a turn ended", () => {
  it("a conversation that fits into no request any more is PromptTooLong, whoever noticed", () => {
    for (const terminal_reason of ["prompt_too_long", "blocking_limit"] as const) {
      const end = endOf(
        { type: "result", subtype: "success", is_error: true, result: "too long", terminal_reason },
        nothing
      )
      assert.strictEqual(end.outcome._tag, "Failed")
      assert.strictEqual(end.reason?._tag, "PromptTooLong", terminal_reason)
    }
  })
})
