import { assert, describe, it } from "@effect/vitest"
import * as Option from "effect/Option"
import * as Usage from "effect-agent-session/Usage"

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
})
