import { assert, describe, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Session } from "effect-agent-session"
import * as LightStream from "../../src/internal/lightStream.ts"
import { collectGarbage } from "../support/garbage.ts"
import * as Mock from "../support/mock.ts"

describe("a stream of one run", () => {
  it.live("does not hold what it was made of when it has begun", () =>
    Effect.gen(function* () {
      const { load, stream } = (() => {
        const load = { held: true }
        const pull = Effect.suspend(() => Cause.done(void load.held))
        return { load: new WeakRef(load), stream: LightStream.once(pull) }
      })()
      yield* Stream.runDrain(stream)
      yield* Effect.promise(collectGarbage)
      assert.isUndefined(load.deref())
      yield* Stream.runDrain(stream)
    })
  )

  it.effect("is empty the second time", () =>
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
})

describe("streams on demand", () => {
  const getterOf = (session: object) => Object.getOwnPropertyDescriptor(session, "events")?.get

  it.effect("all sessions have one getter, which reaches none of them", () =>
    Effect.gen(function* () {
      const one = yield* Session.make()
      assert.isDefined(getterOf(one))
      assert.strictEqual(getterOf(one), getterOf(yield* Session.make()))
    }).pipe(Effect.scoped, Mock.provide())
  )

  it.effect("who spreads a session has them, and who assigns one has that", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const mine: Session.Session = { ...session, ask: () => Effect.die("not this one") }
      yield* Mock.collect(mine)
      const [first] = yield* Stream.runCollect(Stream.take(mine.events, 1))
      assert.strictEqual(first?._tag, "SessionStarted")
      const [now] = yield* Stream.runCollect(Stream.take(mine.statusChanges, 1))
      assert.strictEqual(now?._tag, "Idle")
      const assigned = Object.assign(session, { events: Stream.empty })
      assert.deepStrictEqual(yield* Stream.runCollect(assigned.events), [])
    }).pipe(Effect.scoped, Mock.provide())
  )

  for (const [name, streamOf] of [
    ["stream", (session: Session.Session) => session.stream("late")],
    ["events", (session: Session.Session) => session.events],
    ["statusChanges", (session: Session.Session) => session.statusChanges]
  ] as const) {
    it.live(`${name} of a session that is over does not hold the session`, () =>
      Effect.gen(function* () {
        const { kept, session } = yield* Effect.scoped(
          Effect.map(Session.make(), (session) => ({ kept: streamOf(session), session: new WeakRef(session) }))
        )
        yield* Effect.promise(collectGarbage)
        assert.isUndefined(session.deref())
        yield* Effect.exit(Stream.runDrain<unknown, unknown, never>(kept))
      }).pipe(Mock.provide())
    )
  }
})
