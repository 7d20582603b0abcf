/**
 * Whatever the bytes are that an agent says, and however they are cut: they are read as they would be one line at a
 * time. `FUZZ_SEED` looks elsewhere, `FUZZ_TIMES` looks longer.
 */
import { Buffer } from "node:buffer"
import { assert, describe, it } from "@effect/vitest"
import * as ClaudeMessage from "../src/claude/ClaudeMessage.ts"
import { TextDeltas } from "../src/claude/internal/textDeltas.ts"
import * as Lines from "../src/internal/lines.ts"
import * as Frames from "./fixtures/claude-frames.ts"
import { damaged, heardOf, isSame, pieces } from "./support/damage.ts"
import { collectGarbage } from "./support/linesRig.ts"
import * as Random from "./support/random.ts"
import { seed } from "./support/seeded.ts"

const times = Number(process.env["FUZZ_TIMES"] ?? 1)

const drifted = Object.values(Frames.drifted).map(({ frame }) => frame)
const corpus = [Frames.frames, Frames.novel, Frames.foreign, drifted]
  .flatMap((group) => Object.values(group))
  .map((frame) => Buffer.from(JSON.stringify(frame)))

const words = ["a", "plain words ", '"quoted"', "\n", "\\", "é", "漢字", "😀", "\u2028", "\u0000", "{}", " "]

const delta = (random: Random.Random, index: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: "stream_event",
      event: {
        type: "content_block_delta",
        index,
        delta: { type: "text_delta", text: `${random.pick(words)}${random.pick(words)}` }
      },
      session_id: "3f1f7f0e-5a51-4a0e-9a57-0d6a8a4c2b11",
      parent_tool_use_id: null,
      uuid: `8e210fb8-d0b0-4d06-b08a-${random.below(2 ** 40).toString(16).padStart(12, "0")}`
    })
  )

/** Reads as `connection.ts` does, and compares each thing that is heard, in order, with what has to be. */
const reads = (random: Random.Random, lines: ReadonlyArray<Buffer>): { chunks: number; unparsed: number } => {
  const bytes = Buffer.concat(lines)
  const maxLineBytes = random.chance(0.1) ? 1 + random.below(600) : undefined
  const expected = heardOf(bytes, maxLineBytes)
  let at = 0
  let unparsed = 0
  const next = (): { readonly text: string; readonly value: unknown } => {
    const heard = expected[at++]
    if (heard === undefined || !("text" in heard)) throw new Error(`line ${at} is heard as a frame`)
    return heard
  }
  const deltas = new TextDeltas((delta, size) => {
    unparsed++
    const { text, value } = next()
    const frame = delta.frame()
    const isWhole = size === text.length && isSame(frame, value) && ClaudeMessage.decode(value) === value
    if (!isWhole || delta.text !== frame.event.delta.text || delta.index !== frame.event.index) {
      throw new Error(`another delta than ${text}`)
    }
  })
  const framer = Lines.make(
    {
      known: (block, start, stop) => deltas.read(block, start, stop),
      frame: (value, size, line) => {
        const { text, value: wanted } = next()
        if (line !== text || size !== text.length || !isSame(value, wanted)) throw new Error(`another frame than ${text}`)
        const message = ClaudeMessage.decode(value)
        if (ClaudeMessage.isUnknown(message) ? message.raw !== value : message !== value) {
          throw new Error(`decoded to something else: ${text}`)
        }
        deltas.learn(line, message)
      },
      malformed: (bytes, prefix) => {
        const heard = expected[at++]
        if (!isSame(heard, { bytes, prefix })) throw new Error(`line ${at} is heard as Malformed`)
      }
    },
    { maxLineBytes }
  )
  let chunks = 0
  for (const piece of pieces(bytes, random)) {
    framer.push(piece)
    chunks++
  }
  framer.end()
  if (at !== expected.length) throw new Error(`${expected.length - at} lines were lost`)
  return { chunks, unparsed }
}

const talk = Random.make(seed)
const deltas = Array.from({ length: 1000 }, (_, index) => delta(talk, index % 20 === 0 ? 1 : 0))
const ends = ["\n", "\n", "\n", "\r\n", "\n\n"].map((end) => Buffer.from(end))

describe("lines, decoding and the shortcut of text deltas", () => {
  it(
    "rule 14: a million damaged lines, cut anywhere: nothing throws, and each line is heard as it would be alone",
    async () => {
      const wanted = 1_000_000 * times
      let [rounds, mutations, whole, chunks, unparsed] = [0, 0, 0, 0, 0]
      let heap = 0
      // Half of the time would go into stacks of errors that nobody reads.
      const { stackTraceLimit } = Error
      Error.stackTraceLimit = 0
      for (; mutations < wanted; rounds++) {
        const name = `${seed} ${rounds}`
        const random = Random.make(name)
        const lines: Array<Buffer> = []
        for (let left = 1 + random.below(120); left > 0; left--) {
          const line = random.pick(random.chance(0.9) ? deltas : corpus)
          const isDamaged = random.chance(0.85)
          if (isDamaged) mutations++
          else whole++
          lines.push(isDamaged ? damaged(line ?? Buffer.of(0), random) : (line ?? Buffer.of(0)), random.pick(ends) ?? Buffer.of(10))
        }
        try {
          const told = reads(random, lines)
          chunks += told.chunks
          unparsed += told.unparsed
        } catch (error) {
          assert.fail(`round ${name}: ${String(error)}`)
        }
        if (rounds === 500) {
          await collectGarbage()
          heap = process.memoryUsage().heapUsed
        }
      }
      Error.stackTraceLimit = stackTraceLimit
      await collectGarbage()
      const grown = process.memoryUsage().heapUsed - heap
      console.log(
        `lines, FUZZ_SEED=${seed}: ${mutations} damaged and ${whole} whole lines in ${chunks} chunks, ` +
          `${unparsed} read by the shortcut, the heap grew by ${(grown / 2 ** 20).toFixed(1)} MB`
      )
      assert.isAbove(unparsed, whole / 10, "the shortcut was taken")
      assert.isBelow(grown, 16 * 2 ** 20)
    },
    600_000
  )
})
