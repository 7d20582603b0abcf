import { assert, describe, it } from "@effect/vitest"
import { Prompt } from "effect-agent-session"
import { content, refused } from "../../src/claude/internal/promptBlocks.ts"

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
const blocks = (...parts: ReadonlyArray<Prompt.Part>) => content(parts)

describe("the blocks of a prompt", () => {
  it("rule 17: one text is sent as it is, several are blocks", () => {
    assert.strictEqual(blocks(Prompt.text(" hi\n")), " hi\n")
    assert.deepStrictEqual(blocks(Prompt.text("a"), Prompt.text("b")), [
      { type: "text", text: "a" },
      { type: "text", text: "b" }
    ])
  })

  it("pictures and documents: bytes and base64 come to the same, URLs go as they are, text of any sort is plain", () => {
    const bytes = Uint8Array.from(Buffer.from(pixel, "base64"))
    const image = { type: "image", source: { type: "base64", media_type: "image/png", data: pixel } } as const
    const text = { type: "text", media_type: "text/plain", data: "# für" } as const
    assert.deepStrictEqual(
      blocks(
        Prompt.image("image/png", pixel),
        Prompt.image("image/png", bytes),
        Prompt.image("image/png", { url: "https://example.com/a.png" }),
        Prompt.document("application/pdf", "JVBERg==", { title: "a.pdf" }),
        Prompt.document("application/pdf", { url: "https://example.com/a.pdf" }),
        Prompt.document("text/markdown", "# für"),
        Prompt.document("text/plain", new TextEncoder().encode("# für"))
      ),
      [
        image,
        image,
        { type: "image", source: { type: "url", url: "https://example.com/a.png" } },
        {
          type: "document",
          source: { type: "base64", media_type: "application/pdf", data: "JVBERg==" },
          title: "a.pdf"
        },
        { type: "document", source: { type: "url", url: "https://example.com/a.pdf" } },
        { type: "document", source: text },
        { type: "document", source: text }
      ]
    )
  })
})

describe("what Claude Code does not take", () => {
  const cases: ReadonlyArray<readonly [string, Prompt.Part, string]> = [
    ["a picture of another type", Prompt.image("image/bmp", pixel), "not image/bmp"],
    ["a picture of nothing", Prompt.image("image/png", ""), "it is empty"],
    ["a picture of no bytes", Prompt.image("image/png", new Uint8Array()), "it is empty"],
    ["a picture that is no base64", Prompt.image("image/png", "***"), "must be base64"],
    ["a picture that is none", Prompt.image("image/png", "Z2FyYmFnZQ=="), "no PNG, JPEG, GIF or WebP"],
    ["a picture that is a PDF", Prompt.image("image/png", "JVBERi0xLjc="), "no PNG, JPEG, GIF or WebP"],
    ["a picture from a file", Prompt.image("image/png", { url: "file:///a.png" }), "http or https"],
    ["a picture from nowhere", Prompt.image("image/png", { url: "a.png" }), "http or https"],
    ["a document of another type", Prompt.document("application/zip", "UEs="), "not application/zip"],
    ["a PDF that is no base64", Prompt.document("application/pdf", "%PDF-"), "must be base64"],
    ["a text from somewhere", Prompt.document("text/plain", { url: "https://a/b" }), "given as it is"],
    ["a text that is none", Prompt.document("text/plain", Uint8Array.of(0xff, 0xfe)), "no text in UTF-8"]
  ]
  it.each(cases)("%s is InvalidOptions", (_, part, words) => {
    const reason = refused([Prompt.text("look"), part])
    assert.strictEqual(reason?._tag, "InvalidOptions")
    assert.include(reason?.message, `part 1 of the prompt (${part._tag})`)
    assert.include(reason?.message, words)
  })

  it("what it takes: a picture of another sort than it says, too", () => {
    const taken = [
      Prompt.text("look"),
      Prompt.image("image/jpeg", pixel),
      Prompt.image("image/webp", { url: "https://example.com/a" }),
      Prompt.document("application/pdf", { url: "http://example.com/a" }),
      Prompt.document("text/csv", "a,b"),
      Prompt.document("text/plain", "")
    ]
    assert.isUndefined(refused(taken))
  })

  it("more than a request takes is PromptTooLong; pictures count each for themselves", () => {
    const mega = 1024 * 1024
    const picture = (size: number) => {
      const bytes = new Uint8Array(size)
      bytes.set(Buffer.from(pixel, "base64"))
      return Prompt.image("image/png", bytes)
    }
    const over: ReadonlyArray<ReadonlyArray<Prompt.Part>> = [
      [Prompt.text("x".repeat(33 * mega))],
      [Prompt.text("ü".repeat(17 * mega))],
      [Prompt.document("text/plain", "x".repeat(20 * mega)), Prompt.text("y".repeat(13 * mega))],
      [Prompt.document("application/pdf", new Uint8Array(25 * mega))],
      [Prompt.text("look"), picture(25 * mega)]
    ]
    for (const prompt of over) assert.strictEqual(refused(prompt)?._tag, "PromptTooLong")
    assert.isUndefined(refused([picture(20 * mega), picture(20 * mega), Prompt.text("x".repeat(31 * mega))]))
  })
})
