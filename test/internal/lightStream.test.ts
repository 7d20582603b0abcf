import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Session } from "effect-agent-session"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as LightStream from "../../src/internal/lightStream.ts"
import * as Mock from "../support/mock.ts"

const collect: (options?: { readonly type: "minor" }) => void = (() => {
  setFlagsFromString("--expose-gc")
  return runInNewContext("gc")
})()

const megabyte = 2 ** 20

/** A frame of its own, which is gone with what it had in hand. */
const load = (hold: (load: object) => void): void => hold(JSON.parse(`[${"0,".repeat(megabyte)}0]`))

/** How much a minor collection leaves of 8 MiB that `hold` was given and nobody has any more. */
const left = (hold: (load: object) => void): number => {
  collect()
  const before = process.memoryUsage().heapUsed
  load(hold)
  collect({ type: "minor" })
  collect({ type: "minor" })
  return (process.memoryUsage().heapUsed - before) / megabyte
}

/** A pull that ends at once, and has hold of something. */
const pullOf = (load: object) => Effect.suspend(() => Cause.done(void load))

describe("light streams", () => {
  it("a stream of Effect keeps what it is made of from the minor collections, which is why these are here", () => {
    assert.isAbove(
      left((load) => void Stream.fromPull(Effect.succeed(pullOf(load)))),
      4
    )
  })

  it("what a stream of one run was made of is garbage when it has begun", () => {
    assert.isBelow(
      left((load) => Effect.runSync(Stream.runDrain(LightStream.once(pullOf(load))))),
      4
    )
  })

  it.effect("a stream of one run is empty the second time", () =>
    Effect.gen(function* () {
      let done = false
      const numbers = LightStream.once<number, never>(
        Effect.suspend(() => {
          if (done) return Cause.done()
          done = true
          return Effect.succeed([1, 2])
        })
      )
      assert.deepStrictEqual(yield* Stream.runCollect(numbers), [1, 2])
      done = false
      assert.deepStrictEqual(yield* Stream.runCollect(numbers), [])
    })
  )

  it("an object whose streams nobody asked for is garbage for a minor collection", () => {
    interface Named {
      readonly name: Stream.Stream<object>
    }
    const withName = LightStream.onDemand<Named, object>({ name: (behind) => Stream.succeed(behind) })
    assert.isBelow(
      left((load) => void withName<Named>({ name: Stream.empty }, load)),
      4
    )
  })

  it.effect("who spreads a session has its streams", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const mine: Session.Session = { ...session, ask: () => Effect.die("not this one") }
      yield* Mock.collect(mine)
      assert.deepStrictEqual(
        Array.from(yield* Stream.runCollect(Stream.take(mine.events, 1)), ({ _tag }) => _tag),
        ["SessionStarted"]
      )
      assert.deepStrictEqual(
        Array.from(yield* Stream.runCollect(Stream.take(mine.statusChanges, 1)), ({ _tag }) => _tag),
        ["Idle"]
      )
    }).pipe(Effect.scoped, Mock.provide())
  )
})
