import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Usage from "effect-agent-session/Usage"
import { seeded } from "./support/seeded.ts"

const report = (costUsd: number, inputTokens = 0): Usage.Report => ({
  costUsd,
  models: { opus: { inputTokens, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd } },
  turn: undefined
})

const costs = (ledger: Usage.Ledger, reports: ReadonlyArray<Usage.Report>) => {
  const deltas: Array<number> = []
  let state = ledger
  for (const next of reports) {
    const step = Usage.advance(state, next)
    deltas.push(Option.getOrElse(step.cost, () => Number.NaN))
    state = step.ledger
  }
  return { deltas, state }
}

const near = (actual: ReadonlyArray<number>, expected: ReadonlyArray<number>) => {
  assert.strictEqual(actual.length, expected.length)
  for (const [index, value] of expected.entries()) assert.closeTo(actual[index] ?? Number.NaN, value, 1e-9)
}

describe("Usage", () => {
  it("rule 6: three turns with running totals become three costs [asm-88]", () => {
    const { deltas, state } = costs(Usage.ledger(), [report(0.25), report(0.28), report(0.4)])
    near(deltas, [0.25, 0.03, 0.12])
    near([Option.getOrElse(state.cost, () => 0)], [0.4])
  })

  it("rule 6: a resumed conversation is not billed again for what it cost before [asm-89]", () => {
    near(costs(Usage.ledger(report(0.4)), [report(0.43)]).deltas, [0.03])
  })

  it("rule 6: a total that went down began again and is never subtracted [asm-90]", () => {
    near(costs(Usage.ledger(), [report(0.4), report(0.03), report(0.05)]).deltas, [0.4, 0.03, 0.02])
  })

  it("rule 6: the deltas of any totals that grow add up to the last total", () => {
    let seed = 7
    const random = () => (seed = (seed * 48271) % 2147483647) / 2147483647
    for (let run = 0; run < 200; run++) {
      let cost = 0
      let tokens = 0
      const reports = Array.from({ length: 1 + Math.floor(random() * 20) }, () =>
        report((cost += random()), (tokens += Math.floor(random() * 1000)))
      )
      const { deltas, state } = costs(Usage.ledger(), reports)
      assert.closeTo(
        deltas.reduce((a, b) => a + b, 0),
        cost,
        1e-6
      )
      assert.strictEqual(state.usage.inputTokens, tokens)
      assert.isTrue(deltas.every((delta) => delta >= 0))
    }
  })

  it("an agent that tells no cost has none, which is not zero [asm-40]", () => {
    const { cost, usage } = Usage.advance(Usage.ledger(), {
      costUsd: undefined,
      models: undefined,
      turn: { inputTokens: 3, outputTokens: 1, cacheReadTokens: 9, cacheWriteTokens: 0 }
    })
    assert.isTrue(Option.isNone(cost))
    assert.strictEqual(usage.inputTokens, 3, "cached input is not counted as input")
    assert.strictEqual(usage.cacheReadTokens, 9)
  })

  it("models are kept apart and added up", () => {
    const model = (inputTokens: number) => ({
      inputTokens,
      outputTokens: 1,
      cacheReadTokens: 0,
      cacheWriteTokens: 0,
      costUsd: 0.1
    })
    const sum = Usage.add(Usage.fromModels({ a: model(1), b: model(2) }), Usage.fromModels({ b: model(3) }))
    assert.strictEqual(sum.inputTokens, 6)
    assert.strictEqual(sum.models.b?.inputTokens, 5)
  })

  const amount = Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1000 })))
  const turn = Arbitrary.all({ a: amount, b: amount, restarts: Arbitrary.schema(Schema.Boolean) })

  it.prop(
    "rule 6: over restarts and resumes, what turns cost adds up to what was spent, by model too [asm-88] [asm-89] [asm-90]",
    { base: amount, turns: Arbitrary.array(turn, { maxLength: 20 }) },
    ({ base, turns }) => {
      const model = (units: number): Usage.ModelUsage => ({
        inputTokens: units * 10,
        outputTokens: units * 2,
        cacheReadTokens: 0,
        cacheWriteTokens: 0,
        costUsd: units
      })
      // A conversation that is resumed begins with what it had cost; a process that starts anew begins at nothing.
      let totals = { a: base, b: 0 }
      const report = (): Usage.Report => ({
        costUsd: totals.a + totals.b,
        models: { a: model(totals.a), b: model(totals.b) },
        turn: undefined
      })
      let ledger = Usage.ledger(report())
      const spent = { a: 0, b: 0 }
      let sum = 0
      for (const { a, b, restarts } of turns) {
        // A total that starts again is seen to do so when it is lower than before.
        if (restarts && a < totals.a && b < totals.b) totals = { a: 0, b: 0 }
        totals = { a: totals.a + a, b: totals.b + b }
        spent.a += a
        spent.b += b
        const step = Usage.advance(ledger, report())
        ledger = step.ledger
        sum += Option.getOrElse(step.cost, () => 0)
        assert.strictEqual(Option.getOrUndefined(step.cost), a + b)
      }
      assert.strictEqual(sum, spent.a + spent.b)
      assert.strictEqual(ledger.usage.models["a"]?.costUsd ?? 0, spent.a)
      assert.strictEqual(ledger.usage.models["b"]?.costUsd ?? 0, spent.b)
      assert.strictEqual(ledger.usage.inputTokens, (spent.a + spent.b) * 10)
    },
    seeded({ runs: 500 })
  )
})
