import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AgentError, AgentEvent, Usage } from "effect-agent-session"

const item = AgentEvent.ItemId.make("i1")
const tool = AgentEvent.ToolId.make("tool-1")
const turnId = AgentEvent.TurnId.make("t1")
const common = { seq: 1, at: 1000, turnId }
const subagent = { ...common, parentToolId: tool }

const ended: AgentEvent.AgentEvent = {
  ...common,
  _tag: "TurnEnded",
  result: {
    turnId,
    outcome: { _tag: "Completed" },
    text: "",
    output: undefined,
    toolCalls: [],
    usage: Usage.empty,
    cost: Option.none(),
    startedAt: 0,
    durationMs: 0
  }
}

const events: ReadonlyArray<AgentEvent.AgentEvent> = [
  { ...common, _tag: "TextDelta", itemId: item, text: " Hel" },
  { ...common, _tag: "TextDelta", itemId: item, text: "lo\n" },
  { ...subagent, _tag: "TextDelta", itemId: AgentEvent.ItemId.make("sub"), text: "inner" },
  { ...common, _tag: "TextCompleted", itemId: item, text: " Hello\n" },
  { ...subagent, _tag: "TextCompleted", itemId: AgentEvent.ItemId.make("sub"), text: "inner" },
  { ...common, _tag: "ReasoningCompleted", itemId: AgentEvent.ItemId.make("r"), text: "hm" },
  { ...common, _tag: "ToolStarted", toolId: tool, name: "Bash", kind: "execute", input: 1 },
  { ...common, _tag: "ToolEnded", toolId: tool, status: "error", output: "no" },
  ended,
  { ...common, _tag: "TextCompleted", itemId: item, text: "after" }
]
const stream = Stream.fromIterable(events)

describe("AgentEvent stream helpers", () => {
  it.effect("rule 17: textDeltas keeps every space and looks at the main thread [asm-25]", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* Stream.runCollect(AgentEvent.textDeltas(stream)), [" Hel", "lo\n"])
      const all = AgentEvent.textDeltasWith({ includeSubagents: true })(stream)
      assert.deepStrictEqual(yield* Stream.runCollect(all), [" Hel", "lo\n", "inner"])
    })
  )

  it.effect("accumulated gives the running text of each item [cc-60]", () =>
    Effect.gen(function* () {
      const running = yield* Stream.runCollect(AgentEvent.accumulated(stream))
      assert.deepStrictEqual(
        running.map(({ text }) => text),
        [" Hel", " Hello\n", "after"]
      )
    })
  )

  it.effect("text, reasoning and completed collect what was said [cc-58] [cc-62]", () =>
    Effect.gen(function* () {
      const turn = AgentEvent.untilTurnEnded(stream)
      assert.strictEqual(yield* AgentEvent.text(turn), " Hello\n")
      assert.strictEqual(yield* AgentEvent.textWith({ includeSubagents: true })(turn), " Hello\ninner")
      assert.strictEqual(yield* AgentEvent.reasoning(turn), "hm")
      assert.deepStrictEqual(yield* Stream.runCollect(AgentEvent.completed(turn)), [" Hello\n"])
      assert.strictEqual(yield* AgentEvent.text(Stream.empty), "")
    })
  )

  it.effect("toolCalls pairs starts with ends; an end without a start is left out [cc-59]", () =>
    Effect.gen(function* () {
      const calls = yield* Stream.runCollect(AgentEvent.toolCalls(stream))
      assert.deepStrictEqual(calls, [{ toolId: tool, name: "Bash", input: 1, status: "error", output: "no" }])
      const orphan = Stream.fromIterable(events.filter((event) => event._tag !== "ToolStarted"))
      assert.deepStrictEqual(yield* Stream.runCollect(AgentEvent.toolCalls(orphan)), [])
    })
  )

  it.effect("result is that of the first turn that ends, none without one [cc-61]", () =>
    Effect.gen(function* () {
      assert.isTrue(Option.isSome(yield* AgentEvent.result(stream)))
      assert.isTrue(Option.isNone(yield* AgentEvent.result(Stream.fromIterable(events.slice(0, 3)))))
    })
  )

  it.effect("untilTurnEnded includes the end and pulls nothing after it [cc-63]", () =>
    Effect.gen(function* () {
      const pulled: Array<string> = []
      const source = Stream.fromIterable(events).pipe(
        Stream.rechunk(1),
        Stream.tap((event) => Effect.sync(() => pulled.push(event._tag)))
      )
      const turn = yield* Stream.runCollect(AgentEvent.untilTurnEnded(source))
      assert.strictEqual(turn.at(-1)?._tag, "TurnEnded")
      assert.strictEqual(pulled.at(-1), "TurnEnded")
    })
  )
})

describe("AgentEvent schema", () => {
  it.effect("events go to JSON and come back without loss, raw excepted", () =>
    Effect.gen(function* () {
      const codec = Schema.toCodecJson(AgentEvent.AgentEvent)
      const failed: AgentEvent.AgentEvent = {
        ...common,
        _tag: "ErrorOccurred",
        error: new AgentError.AgentError({ phase: "turn", reason: new AgentError.IdleTimeout({ millis: 5 }) })
      }
      for (const event of [...events, failed]) {
        const encoded = yield* Schema.encodeEffect(codec)({ ...event, raw: { secret: 1 } })
        assert.notInclude(JSON.stringify(encoded), "secret")
        const back = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(JSON.stringify(encoded)))
        if (back._tag === "ErrorOccurred") assert.strictEqual(back.error.message, failed.error.message)
        else assert.deepStrictEqual(back, event)
      }
    })
  )
})
