import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Budget } from "effect-agent-session"
import { seeded } from "./support/seeded.ts"

const amounts = Arbitrary.array(Arbitrary.schema(Schema.Number), { maxLength: 30 })

const counts = (amount: number): boolean => Number.isFinite(amount) && amount > 0 && amount < 1e100

describe("Budget", () => {
  it.effect("what is spent and what is left are told [asm-93]", () =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ cap: 1 })
      yield* budget.charge(0.25)
      assert.deepStrictEqual([yield* budget.spent, yield* budget.left, yield* budget.cap], [0.25, 0.75, 1])
      yield* budget.charge(2)
      assert.deepStrictEqual([yield* budget.spent, yield* budget.left], [2.25, 0])
    })
  )

  it.effect.prop(
    "amounts add up, and what is no amount is passed over [asm-93]",
    { amounts },
    ({ amounts }) =>
      Effect.gen(function* () {
        const plain = amounts.filter((amount) => counts(amount) || !(amount > 0) || !Number.isFinite(amount))
        const budget = yield* Budget.make({ cap: 1 })
        yield* Effect.forEach(plain, budget.charge)
        const sum = plain.filter(counts).reduce((total, amount) => total + amount, 0)
        assert.strictEqual(yield* budget.spent, sum)
        assert.strictEqual(yield* budget.left, Math.max(0, 1 - sum))
      }),
    seeded({ runs: 300 })
  )

  it.effect("two who charge at once lose nothing [asm-95]", () =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ cap: 1000 })
      const charge = Effect.andThen(Effect.yieldNow, budget.charge(1))
      yield* Effect.all(
        Array.from({ length: 100 }, () => charge),
        { concurrency: "unbounded", discard: true }
      )
      assert.strictEqual(yield* budget.spent, 100)
    })
  )

  it.effect("a budget within another counts in both, and both limit it", () =>
    Effect.gen(function* () {
      const tenant = yield* Budget.make({ name: "tenant", cap: 3 })
      const group = yield* Budget.make({ name: "group", cap: 2, within: tenant })
      const other = yield* Budget.make({ name: "other", cap: 9, within: tenant })
      yield* group.charge(1.5)
      assert.deepStrictEqual([yield* group.left, yield* other.left, yield* tenant.left], [0.5, 1.5, 1.5])
      yield* other.charge(1.5)
      assert.deepStrictEqual([yield* group.left, yield* other.left, yield* tenant.left], [0, 0, 0])
      assert.deepStrictEqual([yield* group.spent, yield* other.spent, yield* tenant.spent], [1.5, 1.5, 3])
    })
  )

  it.effect("whoever listens is told once when the money runs out, and again after a reset [asm-93]", () =>
    Effect.gen(function* () {
      const tenant = yield* Budget.make({ cap: 10 })
      const budget = yield* Budget.make({ cap: 1, within: tenant })
      let told = 0
      const stop = budget.account.whenUsedUp(() => told++)
      yield* budget.charge(0.999)
      assert.strictEqual(told, 0)
      yield* budget.charge(0.001)
      yield* budget.charge(5)
      assert.strictEqual(told, 1)
      yield* budget.reset
      yield* budget.charge(1)
      assert.strictEqual(told, 2)
      yield* budget.setCap(100)
      yield* tenant.charge(10)
      assert.strictEqual(told, 3, "the outer one counts too")
      stop()
      yield* tenant.reset
      yield* tenant.charge(10)
      assert.strictEqual(told, 3)
    })
  )

  it.effect("a cap that is no amount is InvalidOptions", () =>
    Effect.gen(function* () {
      for (const cap of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
        assert.strictEqual((yield* Effect.flip(Budget.make({ cap }))).reason._tag, "InvalidOptions")
      }
      const budget = yield* Budget.make({ cap: 1 })
      assert.strictEqual((yield* Effect.flip(budget.setCap(0))).reason._tag, "InvalidOptions")
      assert.strictEqual(yield* budget.cap, 1)
    })
  )

  it.effect("changes begins with what was spent, and tells each change", () =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ cap: 1 })
      yield* budget.charge(0.5)
      const seen = yield* Effect.forkChild(Stream.runCollect(Stream.take(budget.changes, 2)))
      yield* Effect.yieldNow
      yield* budget.charge(0.25)
      assert.deepStrictEqual([...(yield* Fiber.join(seen))], [0.5, 0.75])
    })
  )

  it.effect("a layer lies within the one around it", () =>
    Effect.gen(function* () {
      const inner = yield* Budget.Budget
      assert.strictEqual(inner.name, "inner")
      assert.strictEqual(yield* inner.left, 2)
    }).pipe(
      Effect.provide(
        Budget.layer({ name: "inner", cap: 5 }).pipe(Layer.provide(Budget.layer({ name: "outer", cap: 2 })))
      )
    )
  )
})
