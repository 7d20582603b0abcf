/** Behaviours of what is said: not a character added or lost, nothing unknown thrown away, one result for one turn. */
import * as assert from "node:assert/strict"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AgentEvent } from "../../AgentEvent.ts"
import { fold } from "../../Turn.ts"
import * as Script from "../AgentScript.ts"
import { asText, bash, type Behaviour, behaviour, fails, logOf, only, open } from "./contract.ts"

/** The text of each item of the main thread, put together from its pieces, and as it was said to be complete. */
const items = (events: ReadonlyArray<AgentEvent>) => {
  const pieces = new Map<string, string>()
  for (const { itemId, text } of only(events, "TextDelta")) pieces.set(itemId, (pieces.get(itemId) ?? "") + text)
  const whole = new Map(only(events, "TextCompleted").map(({ itemId, text }) => [`${itemId}`, text]))
  return { pieces, whole }
}

const said: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 17: the pieces of an item are its text, white space and all [asm-25] [asm-43]",
    { needs: ["tools"] },
    function* (rig) {
      const session = yield* open(rig, { allowedTools: ["Bash"] })
      const texts = [
        "  two leading spaces, \\n as it is,\n\n",
        "\ttab; größer 🙂 als \u{1F468}\u200D\u{1F469}\u200D\u{1F467}\n  "
      ]
      const [one = "", two = ""] = texts
      const turn = [Script.text(one, { pieces: 9 }), bash("echo here"), Script.text(two, { pieces: 5 })]
      const events = yield* Stream.runCollect(session.stream(rig.prompt(turn)))
      const { pieces, whole } = items(events)
      assert.deepEqual([...whole.values()], texts)
      assert.deepEqual([...pieces.values()], texts)
      assert.deepEqual([...pieces.keys()], [...whole.keys()])
      const last = events.at(-1)
      assert.ok(last?._tag === "TurnEnded")
      assert.equal(last.result.text, texts.join(""))
    }
  ),

  behaviour("rule 17: without partial messages each text comes whole, once [asm-43]", {}, function* (rig) {
    const session = yield* open(rig, { partialMessages: false })
    const text = "one piece, however it was written"
    const events = yield* Stream.runCollect(session.stream(rig.prompt([Script.text(text, { pieces: 7 })])))
    assert.deepEqual(
      only(events, "TextDelta").map((event) => event.text),
      [text]
    )
    assert.deepEqual(
      only(events, "TextCompleted").map((event) => event.text),
      [text]
    )
  }),

  behaviour(
    "rule 17: what a subagent says is marked, and is not in the result [asm-48]",
    { needs: ["subagents"] },
    function* (rig) {
      const session = yield* open(rig, { allowedTools: ["Agent"] })
      const tool = Script.tool("Agent", { prompt: "go" }, { inside: [Script.text("from below")], output: "found" })
      const events = yield* Stream.runCollect(session.stream(rig.prompt([tool, Script.text("from above")])))
      const last = events.at(-1)
      assert.ok(last?._tag === "TurnEnded")
      assert.equal(last.result.text, "from above")
      const [call] = last.result.toolCalls
      assert.equal(last.result.toolCalls.length, 1)
      assert.deepEqual(
        only(events, "TextCompleted").map((event) => [event.text, event.parentToolId]),
        [
          ["from below", call?.toolId],
          ["from above", undefined]
        ]
      )
    }
  ),

  behaviour("rule 17: thinking is told apart from text [cc-58]", { needs: ["reasoning"] }, function* (rig) {
    const session = yield* open(rig)
    const turn = [Script.reasoning("let me see", { pieces: 2 }), Script.text("42")]
    const events = yield* Stream.runCollect(session.stream(rig.prompt(turn)))
    assert.deepEqual(
      only(events, "ReasoningCompleted").map((event) => event.text),
      ["let me see"]
    )
    assert.equal(
      only(events, "ReasoningDelta")
        .map((event) => event.text)
        .join(""),
      "let me see"
    )
    const last = events.at(-1)
    assert.ok(last?._tag === "TurnEnded" && last.result.text === "42")
  }),

  behaviour(
    "rule 17: the result lists every tool call, in order, with what came of it [cc-59] [cc-62]",
    { needs: ["tools"] },
    function* (rig) {
      const session = yield* open(rig, { allowedTools: ["Bash"] })
      const turn = [bash("echo one"), bash("echo two"), Script.text("done")]
      const { toolCalls } = yield* session.ask(rig.prompt(turn))
      assert.deepEqual(
        toolCalls.map(({ input, name, status }) => [name, input, status]),
        [
          ["Bash", { command: "echo one" }, "ok"],
          ["Bash", { command: "echo two" }, "ok"]
        ]
      )
      assert.ok(asText(toolCalls[0]?.output).includes("one"))
      assert.ok(asText(toolCalls[1]?.output).includes("two"))
    }
  )
]

const kept: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 17: a result can be folded from the events of its turn [asm-44]",
    { needs: ["tools"] },
    function* (rig) {
      const session = yield* open(rig, { allowedTools: ["Bash"] })
      const result = yield* session.ask(rig.prompt([Script.text("a"), bash("echo here"), Script.text("b")]))
      assert.deepEqual(fold(yield* logOf(session)), Option.some(result))
    }
  ),

  behaviour("rule 17: events can be written as JSON and read again", { needs: ["tools"] }, function* (rig) {
    const session = yield* open(rig, { allowedTools: ["Bash"] })
    yield* session.ask(rig.prompt([Script.text("a"), bash("echo here"), Script.text("b")]))
    const log = yield* logOf(session)
    const codec = Schema.fromJsonString(Schema.toCodecJson(Schema.Array(AgentEvent)))
    const read = yield* Schema.decodeUnknownEffect(codec)(yield* Schema.encodeEffect(codec)(log))
    assert.deepEqual(
      read,
      log.map(({ raw: _raw, ...event }) => event)
    )
  }),

  behaviour(
    "rule 14: a frame nobody knows is kept, and ends nothing [asm-22]",
    { needs: ["unknownFrames"] },
    function* (rig) {
      const session = yield* open(rig)
      const frame = { type: "from_the_future", answer: 42 }
      const result = yield* session.ask(rig.prompt([Script.text("a"), Script.unknown(frame), Script.text("b")]))
      assert.equal(result.text, "ab")
      const found = only(yield* logOf(session), "Unknown")
      assert.ok(found.length > 0, "it was not told")
      assert.ok(found.every((event) => event.type !== "" && typeof event.raw === "object" && event.raw !== null))
    }
  ),

  behaviour(
    "rule 14: a line that is no frame is told, and ends nothing [asm-21]",
    { needs: ["malformed"] },
    function* (rig) {
      const session = yield* open(rig)
      const line = "Warning: this is not JSON"
      const result = yield* session.ask(rig.prompt([Script.text("a"), Script.malformed(line), Script.text("b")]))
      assert.equal(result.text, "ab")
      const found = only(yield* logOf(session), "Malformed")
      assert.ok(found.length > 0, "it was not told")
      assert.ok(found.every((event) => event.bytes > 0 && event.prefix !== ""))
    }
  )
]

const Answer = Schema.Struct({ answer: Schema.Finite })

const structured: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 17: the structured answer is what outputSchema makes of it [asm-49]",
    { needs: ["output"], capabilities: ["structuredOutput"] },
    function* (rig) {
      const session = yield* open(rig, { outputSchema: Answer })
      const result = yield* session.ask(rig.prompt([Script.output({ answer: 42 })]))
      assert.deepEqual(result.output, { answer: 42 })
    }
  ),

  behaviour(
    "rule 17: an answer that does not fit outputSchema fails with StructuredOutputInvalid [asm-49]",
    { needs: ["output"], capabilities: ["structuredOutput"] },
    function* (rig) {
      const session = yield* open(rig, { outputSchema: Answer })
      const asked = session.ask(rig.prompt([Script.output({ answer: "many" })]))
      const { result } = yield* fails(asked, "StructuredOutputInvalid")
      assert.ok(result !== undefined)
    }
  )
]

export const data: ReadonlyArray<Behaviour> = [...said, ...kept, ...structured]
