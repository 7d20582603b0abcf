import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Outlet } from "../../src/internal/outlet.ts"

const outletOf = () => new Outlet(() => {}, true)
const bytes = (text: string) => Buffer.from(text)

/** A reader that waits, and what it heard. */
const listening = Effect.fnUntraced(function* (outlet: Outlet) {
  const heard: Array<string> = []
  const reader = yield* Effect.forkChild(
    outlet.wait((chunks) => void heard.push(...chunks.map(String))),
    { startImmediately: true }
  )
  return { heard, reader }
})

describe("outlet", () => {
  it.effect("a reader that waits hears what comes, and waits on", () =>
    Effect.gen(function* () {
      const outlet = outletOf()
      const { heard, reader } = yield* listening(outlet)
      outlet.push(bytes("one"))
      outlet.push(bytes("two"))
      assert.deepStrictEqual(heard, ["one", "two"])
      assert.isUndefined(reader.pollUnsafe())
      outlet.end()
      yield* Fiber.join(reader)
    })
  )

  it.effect("what is said while it hears is kept, and it is woken for that", () =>
    Effect.gen(function* () {
      const outlet = outletOf()
      const reader = yield* Effect.forkChild(
        outlet.wait(() => void outlet.push(bytes("more"))),
        { startImmediately: true }
      )
      outlet.push(bytes("one"))
      yield* Fiber.join(reader)
      assert.strictEqual(String(outlet.take()?.[0]), "more")
    })
  )

  it.effect("a reader that is woken while it hears looks again", () =>
    Effect.gen(function* () {
      const outlet = outletOf()
      const reader = yield* Effect.forkChild(
        outlet.wait(() => {
          outlet.wake()
          return undefined
        }),
        { startImmediately: true }
      )
      outlet.push(bytes("one"))
      yield* Fiber.join(reader)
    })
  )

  it.effect("nothing is heard for a reader that has left; the next one gets it", () =>
    Effect.gen(function* () {
      const outlet = outletOf()
      const { heard, reader } = yield* listening(outlet)
      yield* Fiber.interrupt(reader)
      outlet.push(bytes("one"))
      assert.deepStrictEqual(heard, [])
      assert.strictEqual(String(outlet.take()?.[0]), "one")
    })
  )
})
