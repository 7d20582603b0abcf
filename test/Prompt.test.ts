import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import { Prompt } from "effect-agent-session"

describe("Prompt.from", () => {
  it("rule 17: text arrives as it is, whatever it begins with or holds [asm-117]", () => {
    for (const text of ["", "  lead and trail\n", "-p --flag", "$(rm) `x` \"q\" 'q'", "\u0000\n\r\n", "😀".repeat(9)]) {
      assert.deepStrictEqual(Result.getOrThrow(Prompt.from(text)), [Prompt.text(text)])
    }
  })

  it("earlier messages become context in front of the last one", () => {
    const prompt = Result.getOrThrow(
      Prompt.from([
        { role: "user", content: "I am Alice" },
        { role: "assistant", content: "Hello" },
        { role: "user", content: [Prompt.text("Who am I?")] }
      ])
    )
    assert.strictEqual(prompt.length, 2)
    assert.include(Prompt.textOf(prompt), "<user>\nI am Alice\n</user>")
    assert.deepStrictEqual(prompt[1], Prompt.text("Who am I?"))
  })

  it("refuses nothing, mixtures, and a last word that is not the user's", () => {
    assert.isTrue(Result.isFailure(Prompt.from([])))
    assert.isTrue(Result.isFailure(Prompt.from([{ role: "assistant", content: "Hello" }])))
  })

  it("keeps parts in order", () => {
    const parts = [Prompt.text("look"), Prompt.image("image/png", "AAAA"), Prompt.document("text/plain", "hi")]
    assert.deepStrictEqual(Result.getOrThrow(Prompt.from(parts)), parts)
  })
})
