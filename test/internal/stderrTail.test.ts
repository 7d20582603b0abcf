import { assert, describe, it } from "@effect/vitest"
import * as StderrTail from "../../src/internal/stderrTail.ts"

const tailOf = (chunks: ReadonlyArray<string>, secrets: ReadonlyArray<string> = []): string => {
  const tail = StderrTail.make(secrets)
  for (const chunk of chunks) tail.push(Buffer.from(chunk))
  return tail.read()
}

const kib16 = 16 * 1024

describe("stderr tail", () => {
  it("rule 13: little text is kept whole, and reading does not consume it", () => {
    const tail = StderrTail.make([])
    assert.strictEqual(tail.read(), "")
    tail.push(Buffer.from("one\n"))
    tail.push(Buffer.from("two"))
    assert.strictEqual(tail.read(), "one\ntwo")
    assert.strictEqual(tail.read(), "one\ntwo")
  })

  it("rule 13: of much text the end is kept, whatever the chunks are [asm-27]", () => {
    const text = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`).join("")
    for (const size of [1, 7, 4_096, 20_480, 65_536, text.length]) {
      const tail = StderrTail.make([])
      const bytes = Buffer.from(text)
      for (let at = 0; at < bytes.length; at += size) tail.push(bytes.subarray(at, at + size))
      assert.strictEqual(tail.read(), text.slice(-kib16), `chunks of ${size}`)
    }
  })

  it("rule 13: the bound is in bytes and cuts no character [asm-26]", () => {
    for (const shift of ["", "a", "ab", "abc"]) {
      const read = tailOf([shift, "𝄞".repeat(10_000), shift])
      assert.isAtMost(Buffer.byteLength(read), kib16)
      assert.isAtLeast(Buffer.byteLength(read), kib16 - 3)
      assert.match(read, /^𝄞+[abc]*$/u)
    }
  })

  it("rule 13: half a character at the end and bytes that are no text do no harm [asm-26]", () => {
    const tail = StderrTail.make([])
    tail.push(Buffer.from([0x6f, 0x6b, 0xff, 0xe2, 0x82]))
    assert.strictEqual(tail.read(), "ok\ufffd")
  })

  it("rule 13: given secrets are cut out everywhere, the longer one first", () => {
    const read = tailOf(["a hunter2", "2 b hunt", "er2 c"], ["hunter2", "hunter22"])
    assert.strictEqual(read, "a [redacted] b [redacted] c")
  })

  it("rule 13: a secret that is too short to be one does not eat the text", () => {
    assert.strictEqual(tailOf(["10 of 11"], ["", "1"]), "10 of 11")
  })

  it.each([
    ["key sk-ant-api03-AbC_123-xyz rejected", "key [redacted] rejected"],
    ["Authorization: Bearer abc.def-123", "Authorization: Bearer [redacted]"],
    ["ANTHROPIC_API_KEY=abc123 claude", "ANTHROPIC_API_KEY=[redacted] claude"],
    ["OPENAI_API_KEY='abc123'", "OPENAI_API_KEY='[redacted]'"],
    ['{"apiKey":"abc123","x":1}', '{"apiKey":"[redacted]","x":1}'],
    ["x-api-key: abc123", "x-api-key: [redacted]"],
    ["CLAUDE_CODE_OAUTH_TOKEN=abc123", "CLAUDE_CODE_OAUTH_TOKEN=[redacted]"],
    ["https://host/?access_token=abc123", "https://host/?access_token=[redacted]"],
    ["max_tokens=4096, Unexpected token: }", "max_tokens=4096, Unexpected token: }"]
  ])("rule 13: what looks like a key is cut out: %s", (text, clean) => {
    assert.strictEqual(tailOf([text]), clean)
  })

  it("rule 13: a secret that the bound has cut in two leaves nothing behind", () => {
    const secret = "s3cret".repeat(50)
    for (let before = 0; before < 400; before += 7) {
      const read = tailOf(["x".repeat(30_000), secret, "y".repeat(kib16 + 4_096 - before)], [secret])
      assert.notInclude(read, "s3cret", `${before} characters of it are kept`)
    }
  })

  it("rule 13: a long line without a match costs one pass", () => {
    const started = performance.now()
    tailOf(["API_KEY Bearer TOKEN ".repeat(1_000), "A".repeat(20_000), "_TOKEN ".repeat(3_000)])
    assert.isBelow(performance.now() - started, 10_000)
  })
})
