import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Prompt } from "effect-agent-session"

// What untyped code may hand over.
const from = (value: unknown) => Prompt.from(value as Prompt.Input)

describe("Prompt.from", () => {
  it("rule 17: text arrives as it is, whatever it begins with or holds [asm-117]", () => {
    for (const text of ["  lead and trail\n", "-p --flag", "$(rm) `x` \"q\" 'q'", "\u0000\n\r\n", "😀".repeat(9)]) {
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

  it("pictures of earlier messages stay, where they stood", () => {
    const picture = Prompt.image("image/png", "AAAA")
    const prompt = Result.getOrThrow(
      Prompt.from([
        { role: "user", content: [Prompt.text("Look"), picture, Prompt.text("at that")] },
        { role: "assistant", content: "A dot" },
        { role: "user", content: "Sure?" }
      ])
    )
    assert.deepStrictEqual(prompt, [
      Prompt.text("<conversation>\n<user>\nLook"),
      picture,
      Prompt.text("at that\n</user>\n<assistant>\nA dot\n</assistant>\n</conversation>"),
      Prompt.text("Sure?")
    ])
  })

  it.each([
    ["nothing", ""],
    ["white space", " \n\t"],
    ["empty parts", [Prompt.text(""), Prompt.text(" ")]]
  ])("a prompt of %s says nothing and is refused", (_, prompt) => {
    assert.include(Result.getOrThrow(Result.flip(Prompt.from(prompt))), "this one is empty")
  })

  it("refuses nothing, mixtures, and a last word that is not the user's", () => {
    assert.isTrue(Result.isFailure(Prompt.from([])))
    assert.isTrue(Result.isFailure(Prompt.from([{ role: "assistant", content: "Hello" }])))
    assert.isTrue(Result.isFailure(from([Prompt.text("look"), { role: "user", content: "Hello" }])))
  })

  it("keeps parts in order", () => {
    const parts = [Prompt.text("look"), Prompt.image("image/png", "AAAA"), Prompt.document("text/plain", "hi")]
    assert.deepStrictEqual(Result.getOrThrow(Prompt.from(parts)), parts)
  })

  it.each([
    ["not undefined", undefined],
    ["not null", null],
    ["not number", 7],
    ["not object", { text: "hi" }],
    ["not object", new Set([Prompt.text("hi")])],
    ["[0] Expected a part, as Prompt.text", ["hi"]],
    ["[0] Expected a part, as Prompt.text", [undefined]],
    ["[0] Expected a part, as Prompt.text", [null]],
    ["[1.text] Expected string", [Prompt.text("hi"), { _tag: "Text", text: 7 }]],
    ["[0.text] Missing key", [{ _tag: "Text" }]],
    ["[0.data] Missing key", [{ _tag: "Image", mediaType: "image/png" }]],
    [
      "[0.data] Expected base64 text, the bytes as a Uint8Array, or { url }",
      [{ _tag: "Image", mediaType: "image/png", data: [1, 2] }]
    ],
    ["[0.mediaType] Expected string", [{ _tag: "Document", mediaType: 7, data: "" }]],
    ["[0.title] Expected string", [{ _tag: "Document", mediaType: "text/plain", data: "", title: 7 }]],
    ["[0] Expected a part, as Prompt.text", [{ _tag: "Video", data: "" }]],
    ["[0.role] Expected", [{ role: "system", content: "hi" }]],
    ["[0.content] Missing key", [{ role: "user" }]],
    ["[0.content] Expected string | array", [{ role: "user", content: 7 }]],
    ["[0.content.0.text] Expected string", [{ role: "user", content: [{ _tag: "Text", text: 7 }] }]]
  ])("what is no prompt is a failure in words: %s: %j", (words, value) => {
    const failure = Result.getOrThrow(Result.flip(from(value)))
    assert.include(failure, "a prompt is text, a list of parts, or a list of messages")
    assert.include(failure, words)
    assert.isBelow(failure.length, 300)
  })

  it("bytes are data as good as base64 text, and other fields do no harm", () => {
    const parts = [
      Prompt.image("image/png", new Uint8Array([1, 2, 3])),
      Prompt.document("application/pdf", Buffer.from("x"), { title: "x.pdf" }),
      { ...Prompt.text("look"), id: 7 }
    ]
    assert.deepStrictEqual(Result.getOrThrow(Prompt.from(parts)), parts)
  })
})

describe("the schemas of prompts", () => {
  it.effect("every input goes to JSON and comes back", () =>
    Effect.gen(function* () {
      const codec = Schema.toCodecJson(Prompt.Input)
      const inputs: ReadonlyArray<Prompt.Input> = [
        "",
        [Prompt.text("look"), Prompt.image("image/png", "AAAA"), Prompt.document("text/plain", "hi", { title: "t" })],
        [Prompt.image("image/png", { url: "https://example.com/a.png" })],
        [{ role: "user", content: [Prompt.text("Who am I?")] }]
      ]
      for (const input of inputs) {
        const json: unknown = JSON.parse(JSON.stringify(yield* Schema.encodeEffect(codec)(input)))
        assert.deepStrictEqual(yield* Schema.decodeUnknownEffect(codec)(json), input)
      }
    })
  )

  it.effect("bytes become base64 text in JSON", () =>
    Effect.gen(function* () {
      const json = yield* Schema.encodeEffect(Schema.toCodecJson(Prompt.Part))(
        Prompt.image("image/png", new Uint8Array([1, 2, 3]))
      )
      assert.deepStrictEqual(json, { _tag: "Image", mediaType: "image/png", data: "AQID" })
    })
  )

  it("a message of nobody known is refused", () => {
    assert.isTrue(Result.isSuccess(Schema.decodeUnknownResult(Prompt.Message)({ role: "user", content: "hi" })))
    assert.isTrue(Result.isFailure(Schema.decodeUnknownResult(Prompt.Message)({ role: "system", content: "hi" })))
  })
})
