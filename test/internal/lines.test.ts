import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Lines from "../../src/internal/lines.ts"
import { collectGarbage } from "../support/garbage.ts"
import {
  bytesOf,
  cut,
  expected,
  framed,
  framedOwn,
  framedText,
  int,
  oneOf,
  open,
  output,
  pushFresh,
  rawBytes,
  sizes,
  withinWork
} from "../support/linesRig.ts"
import { seeded } from "../support/seeded.ts"

const tenMegabytes = 10 * 1024 * 1024

describe("lines", () => {
  describe("any chunking", () => {
    it.prop(
      "rule 16: the same bytes give the same frames, however they are cut [asm-18] [asm-20] [cc-7]",
      { output, sizes },
      ({ output, sizes }) => assert.deepStrictEqual(framed(cut(output, sizes)), expected(output)),
      seeded({ runs: 500 })
    )

    it.prop(
      "rule 16: a cap changes nothing about that, the lines over it are reported with their true length",
      { output, sizes, cap: int(1, 900) },
      ({ cap, output, sizes }) => {
        assert.deepStrictEqual(framed(cut(output, sizes), cap), expected(output, cap))
        assert.deepStrictEqual(framed([output], cap), expected(output, cap))
      },
      seeded({ runs: 500 })
    )

    it.prop(
      "rule 16: chunks whose memory is given back early give the same frames",
      { output, sizes, cap: int(1, 900) },
      ({ cap, output, sizes }) => {
        assert.deepStrictEqual(framedOwn(cut(output, sizes)), expected(output))
        assert.deepStrictEqual(framedOwn(cut(output, sizes), cap), expected(output, cap))
      },
      seeded({ runs: 500 })
    )

    it.prop(
      "bytes that are no text are cut and replaced the same way, and nothing throws",
      { bytes: rawBytes, sizes: Arbitrary.array(int(1, 5), { minLength: 1 }), cap: int(1, 60) },
      ({ bytes, cap, sizes }) => {
        assert.deepStrictEqual(framed(cut(bytes, sizes)), expected(bytes))
        assert.deepStrictEqual(framed(cut(bytes, sizes), cap), expected(bytes, cap))
      },
      seeded({ runs: 500 })
    )

    it.prop(
      "a line that arrives byte by byte is the same line, valid UTF-8 or not",
      { unit: rawBytes, isBroken: oneOf([0, 1]), cap: oneOf([100, 4_500, 5_999, 20_000]) },
      ({ cap, isBroken, unit }) => {
        const middle = Buffer.alloc(6_000, Buffer.concat([Buffer.from("x"), unit.filter((byte) => byte !== 10)]))
        const bytes = Buffer.concat([
          Buffer.from('{"text":"'),
          middle,
          Buffer.from(isBroken === 1 ? "\r\n" : '"}\n'),
          Buffer.from('{"next":1}')
        ])
        assert.deepStrictEqual(framed(cut(bytes, [1]), cap), expected(bytes, cap))
      },
      seeded({ runs: 40 })
    )

    it("a character of two, three or four bytes survives a cut at each of its bytes [asm-18] [cc-7]", () => {
      const value = { text: "é€漢😀" }
      const bytes = bytesOf(`${JSON.stringify(value)}\n`)
      for (let at = 0; at <= bytes.length; at++) {
        const outcomes = framed([bytes.subarray(0, at), bytes.subarray(at)])
        assert.deepStrictEqual(outcomes, [{ value, size: JSON.stringify(value).length }])
      }
    })

    it("lines over 64 KiB and over 1 MiB come out whole, wherever their characters were cut [asm-19]", () => {
      const values = ["plain words ", "漢€é", "😀", '\u2028\\"'].flatMap((unit) => [
        { text: unit.repeat(70_000) },
        { text: unit.repeat(700_000) }
      ])
      const bytes = bytesOf(values.map((value) => JSON.stringify(value)).join("\r\n"))
      for (const size of [4_093, 65_536, 1_048_577, bytes.length]) {
        let index = 0
        const framer = Lines.make({
          frame: (value, size) => {
            const sent = values[index++]
            assert.isTrue(value["text"] === sent?.text)
            assert.strictEqual(size, JSON.stringify(sent).length)
          },
          malformed: (bytes, prefix) => assert.fail(`malformed: ${bytes} ${prefix}`)
        })
        for (const chunk of cut(bytes, [size])) framer.push(chunk)
        framer.end()
        assert.strictEqual(index, values.length)
      }
    })

    it("a chunk that is a view into a larger buffer is read within its bounds", () => {
      const whole = bytesOf('{"a":1}\n{"b":2}\n{"c":3}\n')
      assert.deepStrictEqual(framed([new Uint8Array(whole.buffer, 8, 8)]), [{ value: { b: 2 }, size: 7 }])
    })
  })

  describe("lines", () => {
    it("complete lines arrive with their chunk, the rest waits for its newline [cc-1]", () => {
      const { framer, outcomes } = open()
      framer.push(bytesOf('{"a":1}\n{"b":2}\npart'))
      assert.strictEqual(outcomes.length, 2)
      framer.push(bytesOf("ial"))
      assert.strictEqual(outcomes.length, 2)
    })

    it("no bytes and no newline yield nothing [cc-1]", () => {
      assert.deepStrictEqual(framed([]), [])
      assert.deepStrictEqual(framedText(""), [])
    })

    it("empty and whitespace-only lines are skipped [cc-2] [asm-20]", () => {
      assert.deepStrictEqual(framedText("\n"), [])
      assert.deepStrictEqual(framedText('\n\r\n \t\r\n\n{"a":1}\n\n  \n{"b":2}\n\r\n   '), [
        { value: { a: 1 }, size: 7 },
        { value: { b: 2 }, size: 7 }
      ])
    })

    it("one object over three chunks is delivered once, when it is complete [cc-3]", () => {
      const { framer, outcomes } = open()
      framer.push(bytesOf('{"type":'))
      framer.push(bytesOf('"result"'))
      assert.deepStrictEqual(outcomes, [])
      framer.push(bytesOf("}\n"))
      assert.deepStrictEqual(outcomes, [{ value: { type: "result" }, size: 17 }])
      framer.end()
      assert.strictEqual(outcomes.length, 1)
    })

    it("CRLF ends a line and is not a part of it, a lone CR inside ends nothing [cc-7] [asm-20]", () => {
      assert.deepStrictEqual(framedText('{"a":1}\r\nno frame\r\n{"a":\r1}\r\nno\rframe\r\n'), [
        { value: { a: 1 }, size: 7 },
        { bytes: 8, prefix: "no frame" },
        { value: { a: 1 }, size: 8 },
        { bytes: 8, prefix: "no\rframe" }
      ])
    })

    it("the last line counts without its newline [asm-20]", () => {
      assert.deepStrictEqual(framedText('{"a":1}\n{"b":2}'), [
        { value: { a: 1 }, size: 7 },
        { value: { b: 2 }, size: 7 }
      ])
      assert.deepStrictEqual(framedText('{"a":1}\n{"b":'), [
        { value: { a: 1 }, size: 7 },
        { bytes: 5, prefix: '{"b":' }
      ])
    })

    it("size counts UTF-16 units, bytes counts bytes", () => {
      assert.deepStrictEqual(framedText('{"t":"😀é"}\n😀é\n'), [
        { value: { t: "😀é" }, size: 11 },
        { bytes: 6, prefix: "😀é" }
      ])
    })
  })

  describe("what is no frame", () => {
    it("rule 14: a line that is not JSON is Malformed, and the lines after it arrive [asm-21]", () => {
      assert.deepStrictEqual(framedText('{"a":1}\nwarning: slow\n{"b":2}\n{"c":\n{"d":4} {}\n{"e":5}\n'), [
        { value: { a: 1 }, size: 7 },
        { bytes: 13, prefix: "warning: slow" },
        { value: { b: 2 }, size: 7 },
        { bytes: 5, prefix: '{"c":' },
        { bytes: 10, prefix: '{"d":4} {}' },
        { value: { e: 5 }, size: 7 }
      ])
    })

    it.each(["1", "-1.5e3", '"{}"', "[{}]", "[]", "null", "true"])(
      "rule 14: JSON that is not an object is Malformed: %s [asm-21]",
      (line) => assert.deepStrictEqual(framedText(`${line}\n`), [{ bytes: line.length, prefix: line }])
    )

    it("invalid UTF-8 becomes U+FFFD, in a frame and in a prefix, and the byte count stays true", () => {
      const bytes = Buffer.concat([Buffer.from('{"t":"'), Buffer.from([0xff, 0xe2, 0x82]), Buffer.from('"}\n')])
      assert.deepStrictEqual(framed([bytes]), [{ value: { t: "\uFFFD\uFFFD" }, size: 10 }])
      assert.deepStrictEqual(framed([Buffer.from([0xff, 0x41, 0xf0, 0x9f, 10])]), [
        { bytes: 4, prefix: "\uFFFDA\uFFFD" }
      ])
    })

    it("half a character after nothing but blanks is something, also at the end of many small chunks", () => {
      const bytes = Buffer.concat([Buffer.alloc(6_000, " "), Buffer.from([0xe2])])
      for (const size of [1, 10_000]) {
        assert.deepStrictEqual(framed(cut(bytes, [size])), [{ bytes: 6_001, prefix: " ".repeat(200) }])
      }
    })

    it("a prefix has at most 200 characters and no half of one", () => {
      assert.deepStrictEqual(framedText(`${"x".repeat(300)}\n`), [{ bytes: 300, prefix: "x".repeat(200) }])
      assert.deepStrictEqual(framedText(`x${"😀".repeat(300)}\n`), [{ bytes: 1201, prefix: `x${"😀".repeat(99)}` }])
      assert.deepStrictEqual(framedText(`x${"😀".repeat(300)}\n`, 10), [{ bytes: 1201, prefix: `x${"😀".repeat(99)}` }])
      assert.deepStrictEqual(framedText(`${"漢".repeat(199)}😀\n`, 10), [{ bytes: 601, prefix: "漢".repeat(199) }])
    })

    it("JSON nested a million deep does not throw, whatever becomes of it, and the next line arrives", () => {
      const depth = 1_000_000
      const lines = [
        `{"a":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}`,
        `{"a":${"[".repeat(depth)}${"]".repeat(depth)}}`,
        `{"a":${"[".repeat(depth)}`,
        "[".repeat(depth)
      ]
      const outcomes = framedText(lines.map((line) => `${line}\n`).join("") + '{"next":1}\n')
      assert.strictEqual(outcomes.length, lines.length + 1)
      assert.deepStrictEqual(outcomes.at(-1), { value: { next: 1 }, size: 10 })
    })

    it("a sink that throws is not answered with a Malformed for a line that was fine", () => {
      const malformed: Array<string> = []
      const framer = Lines.make({
        frame: () => {
          throw new Error("from the sink")
        },
        malformed: (_, prefix) => malformed.push(prefix)
      })
      assert.throws(() => framer.push(bytesOf('{"a":1}\n')), "from the sink")
      assert.deepStrictEqual(malformed, [])
    })
  })

  describe("the cap", () => {
    it("rule 16: a line over the cap is skipped and the next line arrives [cc-5] [asm-19]", () => {
      const long = JSON.stringify({ text: "x".repeat(2_000) })
      const lines = bytesOf(`{"a":1}\n${long}\n{"b":2}\n`)
      for (const size of [1, 100, 1_900, 5_000]) {
        assert.deepStrictEqual(framed(cut(lines, [size]), 1_000), [
          { value: { a: 1 }, size: 7 },
          { bytes: long.length, prefix: long.slice(0, 200) },
          { value: { b: 2 }, size: 7 }
        ])
      }
    })

    it("a line over the cap that never ends is reported at the end [cc-5]", () => {
      assert.deepStrictEqual(framedText("x".repeat(2_000), 1_000), [{ bytes: 2_000, prefix: "x".repeat(200) }])
    })

    it("the cap is for a line, not for a chunk: 20 lines of 300 B pass a cap of 2,000 [cc-4]", () => {
      const line = JSON.stringify({ text: "x".repeat(289) })
      const outcomes = framedText(`${line}\n`.repeat(20), 2_000)
      assert.deepStrictEqual(
        outcomes.map((outcome) => ("size" in outcome ? outcome.size : -1)),
        Array.from({ length: 20 }, () => 300)
      )
    })

    it("a line of exactly the cap passes with either line end, one byte more does not [cc-6]", () => {
      for (const text of ["é", "é".repeat(600)]) {
        const line = JSON.stringify({ text })
        const bytes = 11 + 2 * text.length
        for (const end of ["\n", "\r\n", "", "\r"]) {
          for (const size of [1, 4, 5_000]) {
            const chunks = () => cut(bytesOf(line + end), [size])
            assert.deepStrictEqual(framed(chunks(), bytes), [{ value: { text }, size: line.length }])
            assert.deepStrictEqual(framed(chunks(), bytes - 1), [{ bytes, prefix: line.slice(0, 200) }])
          }
        }
      }
    })

    it("the default cap is 64 MiB [cc-6]", () => {
      assert.strictEqual(Lines.defaultMaxLineBytes, 64 * 1024 * 1024)
      const chunk = Buffer.alloc(1024 * 1024, " ")
      const { framer, outcomes } = open()
      framer.push(bytesOf('{"a":'))
      for (let count = 0; count < 64; count++) framer.push(chunk)
      framer.push(bytesOf('1}\n{"b":2}\n'))
      assert.deepStrictEqual(outcomes, [
        { bytes: 64 * 1024 * 1024 + 7, prefix: `{"a":${" ".repeat(195)}` },
        { value: { b: 2 }, size: 7 }
      ])
    })

    it("rule 16: while a line is skipped, none of its chunks is kept", async () => {
      const { framer, outcomes } = open(16 * 1024)
      const alive = pushFresh(framer, 1_000, 512)
      await collectGarbage()
      assert.isBelow(alive(), 20)
      framer.push(bytesOf('\n{"a":1}\n'))
      assert.deepStrictEqual(outcomes, [
        { bytes: 512_000, prefix: "x".repeat(200) },
        { value: { a: 1 }, size: 7 }
      ])
    })

    it("rule 16: while a line is skipped, its text is not kept either", async () => {
      const { framer } = open(16 * 1024 * 1024)
      await collectGarbage()
      const before = process.memoryUsage().heapUsed
      pushFresh(framer, 64, 512 * 1024)
      await collectGarbage()
      assert.isBelow(process.memoryUsage().heapUsed - before, 10 * 1024 * 1024)
    })

    it("rule 16: the memory of a chunk of its own is given back as soon as nothing of it is held", () => {
      const { framer, outcomes } = open(2 * 1024 * 1024)
      const push = (text: string): number => {
        const chunk = bytesOf(text).slice()
        framer.push(chunk, true)
        return chunk.length
      }
      const middle = "x".repeat(1024 * 1024)
      assert.strictEqual(push('{"a":1}\n{"b'), 0)
      assert.strictEqual(push('":"'), 3)
      assert.strictEqual(push('"}\n{"c":"'), 0)
      assert.strictEqual(push(middle), 0)
      assert.strictEqual(push("x"), 0)
      assert.strictEqual(push('"}\n'), 0)
      assert.deepStrictEqual(outcomes, [
        { value: { a: 1 }, size: 7 },
        { value: { b: "" }, size: 8 },
        { value: { c: `${middle}x` }, size: middle.length + 9 }
      ])
    })

    it("the memory of what others have too is left alone", () => {
      const { framer } = open()
      const bytes = bytesOf('{"a":1}\n{"b":2}\n').slice()
      framer.push(bytes.subarray(0, 8), true)
      assert.strictEqual(bytes.length, 16)
      framer.push(bytes)
      assert.strictEqual(bytes.length, 16)
    })

    it("a line that arrives in crumbs does not keep an object for each", async () => {
      const { framer } = open()
      const alive = pushFresh(framer, 20_000, 1)
      await collectGarbage()
      assert.isBelow(alive(), 5_000)
    })

    it("the prefix of a long Malformed line does not keep the line", async () => {
      const lines = 20
      const { framer, outcomes } = open()
      await collectGarbage()
      const before = process.memoryUsage().heapUsed
      for (let count = 0; count < lines; count++) framer.push(bytesOf(`${"x".repeat(2 * 1024 * 1024)}\n`))
      await collectGarbage()
      assert.strictEqual(outcomes.length, lines)
      assert.isBelow(process.memoryUsage().heapUsed - before, 10 * 1024 * 1024)
    })
  })

  describe("work", () => {
    for (const [title, bytes] of [
      ["one line", bytesOf(`${JSON.stringify({ text: "x".repeat(tenMegabytes) })}\n`)],
      ["lines of 260 B", bytesOf(`${JSON.stringify({ text: "x".repeat(248) })}\n`.repeat(tenMegabytes / 260))]
    ] as const) {
      for (const size of [64, 65_536]) {
        it(`rule 16: 10 MB as ${title} in chunks of ${size} B are looked at a fixed number of times [asm-28]`, () => {
          let characters = 0
          withinWork(5 * bytes.length, () => {
            const framer = Lines.make({
              frame: (_, size) => {
                characters += size + 1
              },
              malformed: (bytes) => assert.fail(`malformed: ${bytes}`)
            })
            for (const chunk of cut(bytes, [size])) framer.push(chunk)
            framer.end()
          })
          assert.strictEqual(characters, bytes.length)
        })
      }
    }

    it("a flood of lines that are no frames is looked at a fixed number of times too", () => {
      const bytes = bytesOf("{no\n".repeat(50_000))
      let count = 0
      withinWork(10 * bytes.length, () => {
        const framer = Lines.make({ frame: () => assert.fail("a frame"), malformed: () => count++ })
        for (const chunk of cut(bytes, [65_536])) framer.push(chunk)
        framer.end()
      })
      assert.strictEqual(count, 50_000)
    })
  })
})
