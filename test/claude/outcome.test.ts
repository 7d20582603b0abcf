import { assert, describe, it } from "@effect/vitest"
import { endOf } from "../../src/claude/internal/outcome.ts"

const nothing = { error: undefined, status: undefined, resetsAt: undefined }

describe("how a turn ended", () => {
  it("rule 14: an error of a kind that nobody knows fails the turn, under its own name [asm-34]", () => {
    const end = endOf({ type: "result", subtype: "error_moon_phase", is_error: true }, nothing)
    assert.strictEqual(end.outcome._tag, "Failed")
    assert.deepInclude(end.reason?.(), { _tag: "TurnFailed", kind: "error_moon_phase" })
  })

  it("a conversation that fits into no request any more is PromptTooLong, whoever noticed", () => {
    for (const terminal_reason of ["prompt_too_long", "blocking_limit"] as const) {
      const end = endOf(
        { type: "result", subtype: "success", is_error: true, result: "too long", terminal_reason },
        nothing
      )
      assert.strictEqual(end.outcome._tag, "Failed")
      assert.strictEqual(end.reason?.()._tag, "PromptTooLong", terminal_reason)
    }
  })
})
