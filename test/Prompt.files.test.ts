/** Parts from files, and prompts of `effect/ai`. */
import { assert, describe, it } from "@effect/vitest"
import * as AiPrompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import * as Result from "effect/Result"
import { Prompt } from "effect-agent-session"

const bytes = (...parts: ReadonlyArray<string | number>): Uint8Array =>
  Uint8Array.from(
    parts.flatMap((part) => (typeof part === "number" ? [part] : Array.from(part, (char) => char.charCodeAt(0))))
  )

const png = bytes(0x89, "PNG\r\n", 0x1a, "\n", 1, 2)

const files: { readonly [path: string]: Uint8Array } = {
  "/a/shot.png": png,
  "/a/lies.txt": png,
  "photo.jpg": bytes(0xff, 0xd8, 0xff, 0xe0),
  "dance.gif": bytes("GIF89a"),
  "new.webp": bytes("RIFF", 0, 0, 0, 0, "WEBPVP8 "),
  "/a/paper.pdf": bytes("%PDF-1.7\n"),
  "C:\\a\\notes.md": new TextEncoder().encode("# Notizen für dich\n"),
  "empty.txt": new Uint8Array(),
  "sound.wav": bytes("RIFF", 0, 0, 0, 0, "WAVEfmt "),
  "latin1.txt": bytes("caf", 0xe9)
}

const disk = FileSystem.layerNoop({
  readFile: (path) =>
    files[path] === undefined
      ? Effect.fail(
          PlatformError.systemError({
            _tag: "NotFound",
            module: "FileSystem",
            method: "readFile",
            pathOrDescriptor: path
          })
        )
      : Effect.succeed(files[path])
})

describe("Prompt.file", () => {
  it.effect("a file is what its bytes say, whatever its name is", () =>
    Effect.gen(function* () {
      const parts = yield* Effect.forEach(Object.keys(files).slice(0, 7), Prompt.file)
      assert.deepStrictEqual(parts, [
        Prompt.image("image/png", png),
        Prompt.image("image/png", png),
        Prompt.image("image/jpeg", files["photo.jpg"] ?? png),
        Prompt.image("image/gif", files["dance.gif"] ?? png),
        Prompt.image("image/webp", files["new.webp"] ?? png),
        Prompt.document("application/pdf", files["/a/paper.pdf"] ?? png, { title: "paper.pdf" }),
        Prompt.document("text/plain", "# Notizen für dich\n", { title: "notes.md" })
      ])
    }).pipe(Effect.provide(disk))
  )

  it.effect("what is none of these, or not there, is InvalidOptions with the name of the file", () =>
    Effect.gen(function* () {
      for (const path of ["sound.wav", "latin1.txt", "/not/here"]) {
        const { reason } = yield* Effect.flip(Prompt.file(path))
        assert.strictEqual(reason._tag, "InvalidOptions")
        assert.include(reason.message, path)
      }
    }).pipe(Effect.provide(disk))
  )
})

describe("Prompt.fromAi", () => {
  it("a text is a message of the user", () => {
    assert.deepStrictEqual(Result.getOrThrow(Prompt.fromAi(AiPrompt.make("hi"))), [
      { role: "user", content: [Prompt.text("hi")] }
    ])
  })

  it("files become images and documents; what was done becomes text; what was thought is left out", () => {
    const prompt = AiPrompt.make([
      {
        role: "user",
        content: [
          { type: "text", text: "look" },
          { type: "file", mediaType: "image/png", data: new URL("https://example.com/a.png") },
          { type: "file", mediaType: "application/pdf", fileName: "a.pdf", data: png }
        ]
      },
      {
        role: "assistant",
        content: [
          { type: "reasoning", text: "hm" },
          { type: "tool-call", id: "1", name: "Add", params: { a: 1 } }
        ]
      },
      { role: "tool", content: [{ type: "tool-result", id: "1", name: "Add", isFailure: false, result: { sum: 1 } }] },
      { role: "user", content: [{ type: "text", text: "and now?" }] }
    ])
    const messages = Result.getOrThrow(Prompt.fromAi(prompt))
    assert.deepStrictEqual(messages, [
      {
        role: "user",
        content: [
          Prompt.text("look"),
          Prompt.image("image/png", { url: "https://example.com/a.png" }),
          Prompt.document("application/pdf", png, { title: "a.pdf" })
        ]
      },
      { role: "assistant", content: [Prompt.text('<tool_call name="Add">{"a":1}</tool_call>')] },
      { role: "assistant", content: [Prompt.text('<tool_result name="Add">{"sum":1}</tool_result>')] },
      { role: "user", content: [Prompt.text("and now?")] }
    ])
    assert.isTrue(Result.isSuccess(Prompt.from(messages)))
  })

  it("a system message, and a last word that is not the user's, are refused in words", () => {
    const system = AiPrompt.make([{ role: "system", content: "be brief" }])
    const answered = AiPrompt.make([{ role: "assistant", content: [{ type: "text", text: "hi" }] }])
    for (const [prompt, words] of [
      [system, "systemPrompt"],
      [answered, "the last message"],
      [AiPrompt.make([]), "at least one part"]
    ] as const) {
      const { reason } = Result.getOrThrow(Result.flip(Prompt.fromAi(prompt)))
      assert.strictEqual(reason._tag, "InvalidOptions")
      assert.include(reason.message, words)
    }
  })
})
