import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { Journal } from "../../src/internal/journal.ts"

describe("journal", () => {
  it.effect("rule 3: SessionStarted is the first event, whatever came before the session was open", () =>
    Effect.gen(function* () {
      const journal = new Journal({ clock: yield* Clock.Clock, scope: yield* Effect.scope, buffer: 1000 })
      journal.emit({ _tag: "Malformed", bytes: 1, prefix: "x" })
      journal.begin({ _tag: "SessionStarted", agent: "mock", resumed: false })
      journal.emit({ _tag: "Notice", level: "info", code: "c", text: "t" })
      journal.log.end()
      const events = yield* Stream.runCollect(journal.log.subscribe())
      assert.deepStrictEqual(
        events.map(({ _tag, seq }) => [_tag, seq]),
        [
          ["SessionStarted", 0],
          ["Malformed", 1],
          ["Notice", 2]
        ]
      )
    })
  )

  it.effect.each([
    ["flush", (journal: Journal): Effect.Effect<void> | undefined => journal.flush],
    ["flushed", (journal: Journal) => journal.flushed()]
  ] as const)("what was put off is done, also when who flushes is interrupted by whom it wakes (%s)", ([, flush]) =>
    Effect.gen(function* () {
      const journal = new Journal({ clock: yield* Clock.Clock, scope: yield* Effect.scope, buffer: 1000 })
      let done = false
      const flushing = yield* Effect.forkChild(
        Effect.withFiber((fiber) => {
          journal.wake(() => fiber.interruptUnsafe())
          journal.later(Effect.sync(() => void (done = true)))
          return flush(journal) ?? Effect.void
        }),
        { startImmediately: true }
      )
      yield* Fiber.await(flushing)
      assert.isTrue(done)
    })
  )

  it.effect("a chunk that put nothing off still wakes who waits", () =>
    Effect.gen(function* () {
      const journal = new Journal({ clock: yield* Clock.Clock, scope: yield* Effect.scope, buffer: 1000 })
      let woken = 0
      journal.wake(() => void woken++)
      assert.isUndefined(journal.flushed())
      assert.strictEqual(woken, 1)
    })
  )
})
