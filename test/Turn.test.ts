import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import { AgentEvent, Turn, Usage } from "effect-agent-session"

const turnId = AgentEvent.TurnId.make("t1")
const common = { seq: 0, at: 1000, turnId }
const item = AgentEvent.ItemId.make("i1")
const tool = AgentEvent.ToolId.make("tool-1")

const result: Turn.TurnResult = {
  turnId,
  outcome: { _tag: "Completed" },
  text: "Hello world",
  output: undefined,
  toolCalls: [{ toolId: tool, name: "Bash", input: { command: "ls" }, status: "ok", output: "src" }],
  usage: Usage.empty,
  cost: Option.some(0.1),
  startedAt: 1000,
  durationMs: 5
}

const events: ReadonlyArray<AgentEvent.AgentEvent> = [
  { ...common, _tag: "TurnStarted", origin: "caller" },
  { ...common, _tag: "TextDelta", itemId: item, text: "Hello " },
  { ...common, _tag: "TextCompleted", itemId: item, text: "Hello " },
  { ...common, _tag: "ToolStarted", toolId: tool, name: "Bash", kind: "execute", input: { command: "ls" } },
  { ...common, _tag: "TextCompleted", itemId: item, text: "secret", parentToolId: tool },
  { ...common, _tag: "ToolEnded", toolId: tool, status: "ok", output: "src" },
  { ...common, _tag: "TextCompleted", itemId: item, text: "world" },
  { ...common, _tag: "TurnEnded", result }
]

describe("Turn.fold", () => {
  it("gives the result that was live [asm-44]", () => {
    assert.deepStrictEqual(Option.getOrThrow(Turn.fold(events)), result)
  })

  it("of no events is none, not an exception [asm-45]", () => {
    assert.isTrue(Option.isNone(Turn.fold([])))
  })

  it("of a turn that never ended is Failed and keeps what was said [asm-47]", () => {
    const folded = Option.getOrThrow(Turn.fold(events.slice(0, -1)))
    assert.strictEqual(folded.outcome._tag, "Failed")
    assert.strictEqual(folded.text, "Hello world")
  })

  it("leaves out the text of subagents [asm-48]", () => {
    assert.notInclude(Option.getOrThrow(Turn.fold(events)).text, "secret")
  })

  it("marks a tool whose end was not seen as unknown", () => {
    const [call] = Option.getOrThrow(Turn.fold(events.slice(0, 4))).toolCalls
    assert.strictEqual(call?.status, "unknown")
  })

  it("ignores events of other turns", () => {
    const other = AgentEvent.TurnId.make("t2")
    const folded = Turn.fold([
      ...events.slice(0, 3),
      { seq: 0, at: 0, turnId: other, _tag: "TextCompleted", itemId: item, text: "foreign" },
      ...events.slice(3)
    ])
    assert.strictEqual(Option.getOrThrow(folded).text, "Hello world")
  })
})
