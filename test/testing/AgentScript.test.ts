import { assert, describe, it } from "@effect/vitest"
import { AgentScript } from "effect-agent-session/testing"

describe("AgentScript", () => {
  it("a text is one piece, the pieces that are given, or cut into so many", () => {
    assert.deepStrictEqual(AgentScript.text("hello").pieces, ["hello"])
    assert.deepStrictEqual(AgentScript.text(["hel", "lo"]).pieces, ["hel", "lo"])
    assert.deepStrictEqual(AgentScript.text("abcdefg", { pieces: 3 }).pieces, ["abc", "def", "g"])
    assert.deepStrictEqual(AgentScript.text("ab", { pieces: 5 }).pieces, ["a", "b"])
    assert.deepStrictEqual(AgentScript.text("", { pieces: 3 }).pieces, [])
    assert.deepStrictEqual(AgentScript.reasoning("abcd", { pieces: 2 }).pieces, ["ab", "cd"])
  })

  it("a step is plain data", () => {
    const turn = [
      AgentScript.text("hi", { after: "1 second" }),
      AgentScript.tool("Bash", { command: "ls" }, { output: "README.md", asks: true }),
      AgentScript.task("counting", { lasts: 10 })
    ]
    assert.deepStrictEqual(structuredClone(turn), turn)
  })

  it("a crash has a code, or a signal and no code", () => {
    assert.deepStrictEqual(AgentScript.crash(), { _tag: "Crash", code: 1, signal: null, stderr: "" })
    const killed = AgentScript.crash({ signal: "SIGKILL", stderr: "bye" })
    assert.deepStrictEqual(killed, { _tag: "Crash", code: null, signal: "SIGKILL", stderr: "bye" })
  })
})
