import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { Answering, bounded } from "../../src/internal/answering.ts"

/** Requests with ids of text; what they hold up, and which were withdrawn. */
const setup = Effect.sync(() => {
  const withdrawn: Array<string> = []
  const later: Array<Effect.Effect<void>> = []
  let held = 0
  const journal = {
    later: (effect: Effect.Effect<void>): void => {
      later.push(effect)
    },
    flush: Effect.suspend(() =>
      Effect.forEach(later.splice(0), (effect) => Effect.forkDetach(effect), { discard: true })
    )
  }
  const turns = {
    hold: (): void => {
      held++
    },
    release: (): void => {
      held--
    }
  }
  const requests = new Answering<string>(journal, turns, (id) => {
    withdrawn.push(id)
  })
  return { requests, flush: journal.flush, held: () => held, withdrawn }
})

/** Work that tells when it begins, and when it is interrupted. */
const work = Effect.sync(() => {
  const begun = Deferred.makeUnsafe<void>()
  const stopped = Deferred.makeUnsafe<void>()
  return {
    begun: Deferred.await(begun),
    stopped: Deferred.await(stopped),
    run: Deferred.succeed(begun, undefined).pipe(
      Effect.andThen(Effect.never),
      Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
    )
  }
})

describe("Answering", () => {
  it.effect("work is answered once, and the idle clock is held until then", () =>
    Effect.gen(function* () {
      const { flush, held, requests } = yield* setup
      const given = yield* Deferred.make<number>()
      const answer = yield* Deferred.make<number>()
      assert.isTrue(requests.ask("a", Deferred.await(given), (value) => Effect.asVoid(Deferred.succeed(answer, value))))
      assert.isFalse(requests.ask("a", Effect.never, () => Effect.void))
      assert.deepStrictEqual([requests.has("a"), held()], [true, 1])
      yield* flush
      yield* Deferred.succeed(given, 7)
      assert.strictEqual(yield* Deferred.await(answer), 7)
      assert.deepStrictEqual([requests.has("a"), held(), requests.withdraw("a")], [false, 0, false])
    })
  )

  it.effect("what is withdrawn is interrupted and gets no answer, the others go on", () =>
    Effect.gen(function* () {
      const { flush, held, requests, withdrawn } = yield* setup
      const one = yield* work
      const two = yield* Deferred.make<void>()
      const answer = yield* Deferred.make<string>()
      const told = (id: string) => () => Effect.asVoid(Deferred.succeed(answer, id))
      requests.ask("one", one.run, told("one"))
      requests.ask("two", Deferred.await(two), told("two"))
      yield* flush
      yield* one.begun
      assert.isTrue(requests.withdraw("one"))
      yield* one.stopped
      assert.deepStrictEqual([held(), withdrawn], [1, ["one"]])
      yield* Deferred.succeed(two, undefined)
      assert.strictEqual(yield* Deferred.await(answer), "two")
    })
  )

  it.effect("what is withdrawn before it began never begins", () =>
    Effect.gen(function* () {
      const { flush, held, requests } = yield* setup
      let began = false
      const done = yield* Deferred.make<void>()
      const begin = Effect.sync(() => {
        began = true
      })
      requests.ask("a", begin, () => Effect.void)
      requests.withdraw("a")
      requests.ask("a", Effect.void, () => Effect.asVoid(Deferred.succeed(done, undefined)))
      yield* flush
      yield* Deferred.await(done)
      assert.deepStrictEqual([began, held()], [false, 0])
    })
  )

  it.effect("work that resists its interruption is not waited for, and its answer is not heard", () =>
    Effect.gen(function* () {
      const { flush, held, requests, withdrawn } = yield* setup
      const begun = yield* Deferred.make<void>()
      const go = yield* Deferred.make<void>()
      const over = yield* Deferred.make<void>()
      let answers = 0
      const stubborn = Effect.uninterruptible(
        Effect.andThen(Deferred.succeed(begun, undefined), Deferred.await(go)).pipe(
          Effect.andThen(Deferred.succeed(over, undefined))
        )
      )
      requests.ask("a", stubborn, () =>
        Effect.sync(() => {
          answers++
        })
      )
      yield* flush
      yield* Deferred.await(begun)
      requests.withdrawAll()
      assert.deepStrictEqual([held(), withdrawn, requests.has("a")], [0, ["a"], false])
      yield* Deferred.succeed(go, undefined)
      yield* Deferred.await(over)
      yield* Effect.yieldNow
      yield* flush
      assert.strictEqual(answers, 0)
    })
  )
})

const why = (reason: "timeout" | "failed"): string => reason

describe("bounded", () => {
  const minute = Duration.minutes(1)

  it.effect("gives what the work gives, and says when it fails, dies or interrupts itself", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* bounded(Effect.succeed("yes"), minute, why), "yes")
      assert.strictEqual(yield* bounded(Effect.fail("no"), minute, why), "failed")
      assert.strictEqual(yield* bounded(Effect.die("no"), minute, why), "failed")
      assert.strictEqual(yield* bounded(Effect.interrupt, minute, why), "failed")
    })
  )

  it.effect("rule 7: what is late is interrupted, and not waited for", () =>
    Effect.gen(function* () {
      const late = yield* work
      const fiber = yield* Effect.forkChild(bounded(late.run, minute, why), { startImmediately: true })
      yield* late.begun
      yield* TestClock.adjust(minute)
      assert.strictEqual(yield* Fiber.join(fiber), "timeout")
      yield* late.stopped
      const stubborn = bounded(Effect.uninterruptible(Effect.never), minute, why)
      const other = yield* Effect.forkChild(stubborn, { startImmediately: true })
      yield* TestClock.adjust(minute)
      assert.strictEqual(yield* Fiber.join(other), "timeout")
    })
  )

  it.effect("its interruption is that of the work, even by whom the work wakes at its beginning", () =>
    Effect.gen(function* () {
      const one = yield* work
      const fiber = yield* Effect.forkChild(bounded(one.run, minute, why))
      yield* one.begun
      fiber.interruptUnsafe()
      yield* one.stopped
    })
  )
})
