import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { EventLog } from "../../src/internal/eventLog.ts"

const make = (window = 8, maxSize = 1000) =>
  new EventLog<string>({ window, maxSize, lagged: (missed, next) => `missed ${missed} before ${next}` })

describe("eventLog", () => {
  it.effect("a late reader begins with what is left, then goes on live [asm-64]", () =>
    Effect.gen(function* () {
      const log = make()
      log.append("a", 1)
      const fiber = yield* Effect.forkChild(Stream.runCollect(log.subscribe()), { startImmediately: true })
      log.append("b", 1)
      log.wake()
      log.end()
      log.wake()
      assert.deepStrictEqual(yield* Fiber.join(fiber), ["a", "b"])
    })
  )

  it.effect("rule 8: a reader that falls behind is told how much it missed and goes on", () =>
    Effect.gen(function* () {
      const log = make(4)
      const reader = log.subscribe()
      for (const item of "abcdefghij") log.append(item, 1)
      log.end()
      assert.deepStrictEqual(yield* Stream.runCollect(reader), ["missed 6 before g", "g", "h", "i", "j"])
    })
  )

  it.effect("many readers see the same, one that sleeps holds nobody up [asm-62]", () =>
    Effect.gen(function* () {
      const log = make(16)
      const readers = yield* Effect.forEach([1, 2, 3], () =>
        Effect.forkChild(Stream.runCollect(log.subscribe()), { startImmediately: true })
      )
      log.subscribe()
      for (const item of "abc") {
        log.append(item, 1)
        log.wake()
      }
      log.end()
      log.wake()
      for (const fiber of readers) assert.deepStrictEqual(yield* Fiber.join(fiber), ["a", "b", "c"])
    })
  )

  it.effect("heavy items push older ones out, the last one stays", () =>
    Effect.gen(function* () {
      const log = make(8, 10)
      log.append("small", 1)
      log.append("huge", 100)
      log.end()
      assert.deepStrictEqual(yield* Stream.runCollect(log.subscribe()), ["huge"])
    })
  )

  it.effect("nothing is lost or mixed up while the log grows, also when old items went before", () =>
    Effect.gen(function* () {
      for (const [window, maxSize, kept] of [
        [64, 1000, 64],
        [64, 40, 40],
        [1024, 1000, 300]
      ] as const) {
        const log = make(window, maxSize)
        const items = Array.from({ length: 300 }, (_, at) => String(at))
        // So that what is oldest is not at the beginning of the first slots.
        log.append("heavy", maxSize)
        for (const item of items) log.append(item, 1)
        log.end()
        assert.deepStrictEqual(yield* Stream.runCollect(log.subscribe()), items.slice(-kept))
      }
    })
  )
})
