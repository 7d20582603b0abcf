import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import * as ClaudeMessage from "../../src/claude/ClaudeMessage.ts"
import { TextDeltas } from "../../src/claude/internal/textDeltas.ts"
import { bytesOf, int } from "../support/linesRig.ts"
import * as Lines from "../../src/internal/lines.ts"
import { seeded } from "../support/seeded.ts"

const uuid = "8e210fb8-d0b0-4d06-b08a-415351dc9446"

/** A line as the CLI writes it. */
const line = (text: string, fields: ClaudeMessage.JsonObject = {}): string =>
  JSON.stringify({
    type: "stream_event",
    event: { type: "content_block_delta", index: 1, delta: { type: "text_delta", text } },
    session_id: "0d8d142c-6aef-4f0c-a44e-a508d1608d9d",
    parent_tool_use_id: null,
    uuid,
    api_message_id: "msg_30",
    ...fields
  })

/** What is heard of lines, and how many of them were told without a parse. */
const heard = (lines: ReadonlyArray<string>) => {
  const messages: Array<unknown> = []
  let unparsed = 0
  const deltas = new TextDeltas((delta, size) => {
    unparsed++
    const frame = delta.frame()
    assert.strictEqual(delta.text, frame.event.delta.text)
    assert.strictEqual(delta.index, frame.event.index)
    messages.push({ message: frame, size })
  })
  const framer = Lines.make({
    known: (block, start, stop) => deltas.read(block, start, stop),
    frame: (value, size, line) => {
      const message = ClaudeMessage.decode(value)
      deltas.learn(line, message)
      messages.push({ message, size })
    },
    malformed: (bytes, prefix) => messages.push({ bytes, prefix })
  })
  framer.push(bytesOf(lines.map((line) => `${line}\n`).join("")))
  return { messages, unparsed }
}

/** The same with every line parsed. */
const parsed = (lines: ReadonlyArray<string>): ReadonlyArray<unknown> => {
  const messages: Array<unknown> = []
  const framer = Lines.make({
    frame: (value, size) => messages.push({ message: ClaudeMessage.decode(value), size }),
    malformed: (bytes, prefix) => messages.push({ bytes, prefix })
  })
  framer.push(bytesOf(lines.map((line) => `${line}\n`).join("")))
  return messages
}

const assertSame = (lines: ReadonlyArray<string>): number => {
  const { messages, unparsed } = heard(lines)
  assert.deepStrictEqual(messages, parsed(lines))
  return unparsed
}

const edit = Schema.Struct({
  at: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 330 })),
  length: Schema.Literals([0, 1, 2, 9]),
  by: Schema.Literals([
    '"',
    "\\",
    "\\u00e9",
    "\u0001",
    "{",
    "}",
    ",",
    "x",
    '","text":"',
    '"uuid":"',
    "é",
    "漢",
    "\\ud800",
    ""
  ])
})

describe("text deltas", () => {
  it("rule 15: a line like an earlier one is told without a parse, and is the same frame", () => {
    assert.strictEqual(assertSame([line("Hel"), line("lo, "), line('wor\n"ld" \\ é漢😀'), line("")]), 3)
  })

  it("a line of another block, message or subagent is parsed", () => {
    const other = { event: { type: "content_block_delta", index: 2, delta: { type: "text_delta", text: "a" } } }
    assert.strictEqual(assertSame([line("a"), line("b", other)]), 0)
    assert.strictEqual(assertSame([line("a"), line("b", { api_message_id: "msg_31" })]), 0)
    assert.strictEqual(assertSame([line("a"), line("b", { parent_tool_use_id: "toolu_1" })]), 0)
    assert.strictEqual(assertSame([line("a", { parent_tool_use_id: "t" }), line("b", { parent_tool_use_id: "t" })]), 0)
  })

  it("a line whose strings are not where they seem is parsed", () => {
    const twice = (text: string) => line(text).replace('"text":', '"text":"x","text":')
    const uuidTwice = (text: string) => line(text).replace("}}", `}},"uuid":"${uuid}"`)
    assert.strictEqual(assertSame([twice("a"), twice("b"), twice("c")]), 0)
    assert.strictEqual(assertSame([uuidTwice("a"), uuidTwice("b"), uuidTwice("c")]), 0)
  })

  it("a text that closes its own string changes nothing but the frame it stands in", () => {
    const broken = line("a").replace('"text":"a"', '"text":"a","index":"b"')
    assert.strictEqual(assertSame([line("a"), broken, line("b")]), 1)
  })

  it.prop(
    "rule 15: whatever is done to the bytes of a line, it says what a parse of it says",
    {
      texts: Arbitrary.array(Arbitrary.schema(Schema.String), { minLength: 1, maxLength: 4 }),
      edits: Arbitrary.array(Arbitrary.schema(edit), { minLength: 1, maxLength: 3 }),
      target: int(0, 5)
    },
    ({ edits, target, texts }) => {
      const lines = ["first", ...texts].map((text) => line(text))
      const edited = edits.reduce(
        (text, { at, by, length }) => {
          const start = Math.min(at, text.length)
          return text.slice(0, start) + by + text.slice(start + length)
        },
        lines[target % lines.length] ?? ""
      )
      const isOneLine = !edited.includes("\n")
      assertSame(isOneLine ? [...lines, edited, edited, line("last")] : lines)
    },
    seeded({ runs: 600 })
  )
})
