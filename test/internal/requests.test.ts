import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { Backlog, Gate } from "../../src/internal/backlog.ts"
import { type Request, Requests } from "../../src/internal/requests.ts"

const make = () => {
  const gate = new Gate()
  const told: Array<string> = []
  const requests = new Requests<string, string>(gate, (resume) => resume())
  const request = (id: string): Request<string, never> => ({
    id,
    send: Effect.sync(() => void told.push(`send ${id}`)),
    deadline: Duration.seconds(30),
    late: () => `late ${id}`,
    cancel: Effect.sync(() => void told.push(`cancel ${id}`))
  })
  const start = (id: string) => Effect.forkChild(Effect.exit(requests.run(request(id))), { startImmediately: true })
  return { gate, request, requests, start, told }
}

describe("requests", () => {
  it.effect("each answer finds its request, whatever the order [asm-81] [cc-47]", () =>
    Effect.gen(function* () {
      const { requests, start } = make()
      const a = yield* start("a")
      const b = yield* start("b")
      assert.isTrue(requests.answer("b", Exit.succeed("B")))
      assert.isTrue(requests.answer("a", Exit.succeed("A")))
      assert.deepStrictEqual(yield* Fiber.join(a), Exit.succeed("A"))
      assert.deepStrictEqual(yield* Fiber.join(b), Exit.succeed("B"))
      assert.strictEqual(requests.size, 0)
    })
  )

  it.effect(
    "rule 7: no answer in time fails the request, tells the agent, and a late answer finds nobody [asm-74]",
    () =>
      Effect.gen(function* () {
        const { requests, start, told } = make()
        const fiber = yield* start("a")
        yield* TestClock.adjust("30 seconds")
        assert.deepStrictEqual(yield* Fiber.join(fiber), Exit.fail("late a"))
        assert.deepStrictEqual(told, ["send a", "cancel a"])
        assert.isFalse(requests.answer("a", Exit.succeed("A")))
        assert.strictEqual(requests.size, 0)
      })
  )

  it.effect("rule 7: no answer in time fails the request, also when the agent takes no cancel either", () =>
    Effect.gen(function* () {
      const { request, requests } = make()
      const deaf = { ...request("a"), cancel: Effect.never }
      const late = yield* Effect.forkChild(Effect.exit(requests.run(deaf)), { startImmediately: true })
      yield* TestClock.adjust("30 seconds")
      assert.deepStrictEqual(late.pollUnsafe(), Exit.succeed(Exit.fail("late a")))
      const left = yield* Effect.forkChild(requests.run(deaf), { startImmediately: true })
      left.interruptUnsafe()
      assert.isDefined(left.pollUnsafe())
      assert.strictEqual(requests.size, 0)
    })
  )

  it.effect("all fail at once when the agent is gone, and later ones without being sent [asm-75]", () =>
    Effect.gen(function* () {
      const { requests, start, told } = make()
      const a = yield* start("a")
      const b = yield* start("b")
      requests.failAll(() => "gone")
      assert.deepStrictEqual(yield* Fiber.join(a), Exit.fail("gone"))
      assert.deepStrictEqual(yield* Fiber.join(b), Exit.fail("gone"))
      assert.deepStrictEqual(yield* Fiber.join(yield* start("c")), Exit.fail("gone"))
      assert.notInclude(told, "send c")
    })
  )

  it.effect("a request whose caller is interrupted is cancelled at the agent", () =>
    Effect.gen(function* () {
      const { requests, start, told } = make()
      yield* Fiber.interrupt(yield* start("a"))
      assert.deepStrictEqual(told, ["send a", "cancel a"])
      assert.strictEqual(requests.size, 0)
    })
  )

  it.effect("rule 8: while a request waits the pipe stays open, then the reader counts again", () =>
    Effect.gen(function* () {
      const { gate, requests, start } = make()
      const backlog = new Backlog<string, string>({ gate, limit: 10, exceeded: String })
      backlog.push("x", 10)
      gate.update()
      assert.isFalse(gate.isOpen)
      const fiber = yield* start("a")
      assert.isTrue(gate.isOpen)
      requests.answer("a", Exit.succeed("A"))
      yield* Fiber.join(fiber)
      assert.isFalse(gate.isOpen)
    })
  )
})
