import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import type { AgentEvent } from "effect-agent-session/AgentEvent"
import { Backlog, Gate, hardFactor } from "../../src/internal/backlog.ts"
import * as ids from "../../src/internal/ids.ts"
import { joinDeltas } from "../../src/internal/joinDeltas.ts"

const delta = (seq: number, text: string, item = "i"): AgentEvent => ({
  _tag: "TextDelta",
  seq,
  at: 0,
  itemId: ids.itemId(item),
  text,
  raw: { seq }
})

const make = (limit: number) => {
  const gate = new Gate()
  const backlog = new Backlog<AgentEvent, string>({ gate, limit, joiner: joinDeltas, exceeded: (n) => `over ${n}` })
  return { gate, backlog }
}

describe("backlog", () => {
  it.effect("rule 8: what waits is joined without losing a character, and keeps the last seq", () =>
    Effect.gen(function* () {
      const { backlog, gate } = make(1 << 30)
      const words = Array.from({ length: 30_000 }, (_, index) => `w${index} `)
      for (const [seq, word] of words.entries()) backlog.push(delta(seq, word), 100)
      backlog.end()
      gate.update()
      const events = yield* Stream.runCollect(backlog.stream)
      const texts = events.flatMap((event) => (event._tag === "TextDelta" ? [event] : []))
      assert.strictEqual(texts.map(({ text }) => text).join(""), words.join(""))
      assert.isBelow(events.length, 1000, "joined")
      assert.strictEqual(texts.at(-1)?.seq, words.length - 1)
      assert.strictEqual(
        texts.reduce((sum, event) => sum + (event.joined ?? 1), 0),
        words.length
      )
      assert.isUndefined(texts.at(-1)?.raw, "a joined delta has no frame")
    })
  )

  it.effect("rule 8: who keeps up gets each delta as it came, with its frame", () =>
    Effect.gen(function* () {
      const { backlog } = make(1 << 20)
      for (let seq = 0; seq < 10; seq++) backlog.push(delta(seq, "x"), 100)
      backlog.end()
      const events = yield* Stream.runCollect(backlog.stream)
      assert.strictEqual(events.length, 10)
      assert.deepStrictEqual(events[3]?.raw, { seq: 3 })
    })
  )

  it.effect("rule 8: deltas of different items are never joined", () =>
    Effect.gen(function* () {
      const { backlog } = make(1 << 30)
      for (let seq = 0; seq < 2000; seq++) backlog.push(delta(seq, "x", `item-${seq % 2}`), 100)
      backlog.end()
      assert.strictEqual((yield* Stream.runCollect(backlog.stream)).length, 2000)
    })
  )

  it("rule 8: the gate closes at the limit and opens when the reader took", () => {
    const { backlog, gate } = make(1000)
    backlog.push(delta(0, "x"), 999)
    gate.update()
    assert.isTrue(gate.isOpen)
    backlog.push(delta(1, "x"), 1)
    gate.update()
    assert.isFalse(gate.isOpen)
    backlog.leave()
    assert.isTrue(gate.isOpen, "a reader that is gone holds nothing back")
  })

  it.effect("rule 8: a request of ours keeps the gate open up to 8 × the limit, then the reader is cut off", () =>
    Effect.gen(function* () {
      const { backlog, gate } = make(1000)
      gate.hurry()
      backlog.push(delta(0, "x"), 1000 * hardFactor - 1)
      gate.update()
      assert.isTrue(gate.isOpen)
      backlog.push(delta(1, "x"), 1)
      backlog.push(delta(2, "x"), 1)
      gate.update()
      assert.isTrue(gate.isOpen)
      const exit = yield* Effect.exit(Stream.runCollect(backlog.stream))
      assert.deepStrictEqual(exit, Exit.fail(`over ${1000 * hardFactor}`))
    })
  )

  it.effect("rule 8: one item longer than all of that is no reason to cut a reader off", () =>
    Effect.gen(function* () {
      const { backlog, gate } = make(1000)
      gate.hurry()
      backlog.push(delta(0, "x"), 1000 * hardFactor * 2)
      gate.update()
      backlog.end()
      assert.strictEqual((yield* Stream.runCollect(backlog.stream)).length, 1)
    })
  )

  it.effect("a reader that waits is woken, once the chunk is done", () =>
    Effect.gen(function* () {
      const { backlog } = make(1000)
      const fiber = yield* Effect.forkChild(Stream.runCollect(backlog.stream), { startImmediately: true })
      backlog.push(delta(0, "a"), 1)
      backlog.push(delta(1, "b"), 1)
      backlog.wake()
      backlog.end()
      backlog.wake()
      assert.strictEqual((yield* Fiber.join(fiber)).length, 2)
    })
  )

  it.effect("what waits is delivered before the failure", () =>
    Effect.gen(function* () {
      const { backlog } = make(1000)
      backlog.push(delta(0, "a"), 1)
      backlog.end("broken")
      const seen: Array<string> = []
      const exit = yield* Effect.exit(
        Stream.runForEach(backlog.stream, (event) => Effect.sync(() => seen.push(event._tag)))
      )
      assert.deepStrictEqual(seen, ["TextDelta"])
      assert.deepStrictEqual(exit, Exit.fail("broken"))
    })
  )
})
