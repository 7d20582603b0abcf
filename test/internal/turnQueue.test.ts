import { assert, describe, it } from "@effect/vitest"
import * as TurnQueue from "../../src/internal/turnQueue.ts"

const queue = { policy: "queue", capacity: 2 } as const
const run = (inputs: ReadonlyArray<TurnQueue.Input<string>>, policy: TurnQueue.Policy = queue) => {
  let state: TurnQueue.State<string> = TurnQueue.initial
  const actions: Array<string> = []
  for (const input of inputs) {
    const [next, done] = TurnQueue.step(state, input, policy)
    state = next
    for (const action of done)
      actions.push(`${action._tag} ${action.turn}${action._tag === "Reject" ? ` ${action.why}` : ""}`)
  }
  return { state, actions }
}
const submit = (turn: string) => ({ _tag: "Submitted", turn }) as const
const left = (turn: string) => ({ _tag: "Left", turn }) as const
const ended = (turn: string) => ({ _tag: "Ended", turn }) as const

describe("turnQueue", () => {
  it("rule 1: one turn is sent, the next when it ended, in order [asm-51]", () => {
    assert.deepStrictEqual(run([submit("a"), submit("b"), submit("c"), ended("a"), ended("b")]).actions, [
      "Send a",
      "Send b",
      "Send c"
    ])
  })

  it("rule 1: a queued turn that is left is never sent [cc-51] [asm-52]", () => {
    assert.deepStrictEqual(run([submit("a"), submit("b"), left("b"), ended("a")]).actions, ["Send a", "Drop b"])
  })

  it("rule 1: the queue is bounded, and reject means at once [asm-50] [asm-51]", () => {
    assert.strictEqual(run(["a", "b", "c", "d"].map(submit)).actions.at(-1), "Reject d full")
    assert.strictEqual(
      run([submit("a"), submit("b")], { policy: "reject", capacity: 2 }).actions.at(-1),
      "Reject b busy"
    )
  })

  it("rule 4: a running turn that is left is interrupted once, and the next waits for its end", () => {
    assert.deepStrictEqual(run([submit("a"), submit("b"), left("a"), left("a")]).actions, ["Send a", "Interrupt a"])
    assert.strictEqual(run([submit("a"), submit("b"), left("a"), ended("a")]).actions.at(-1), "Send b")
  })

  it("rule 2: turns of ours wait while the agent runs one of its own", () => {
    assert.deepStrictEqual(run([{ _tag: "AgentBegan" }, submit("a")]).actions, [])
    assert.deepStrictEqual(run([{ _tag: "AgentBegan" }, submit("a"), { _tag: "AgentEnded" }]).actions, ["Send a"])
  })

  it("the end of a turn that does not run changes nothing", () => {
    assert.deepStrictEqual(run([submit("a"), submit("b"), ended("b")]).actions, ["Send a"])
  })

  it("closing refuses what waits and what comes", () => {
    assert.deepStrictEqual(run([submit("a"), submit("b"), { _tag: "Closed" }, submit("c"), ended("a")]).actions, [
      "Send a",
      "Reject b closed",
      "Reject c closed"
    ])
  })

  it("rule 3: whatever happens, at most one turn runs and each sent turn was waiting before", () => {
    let seed = 11
    const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n
    for (let round = 0; round < 500; round++) {
      let state: TurnQueue.State<number> = TurnQueue.initial
      let next = 0
      const known = new Map<number, "waiting" | "sent" | "over">()
      for (let at = 0; at < 40; at++) {
        const inputs: ReadonlyArray<TurnQueue.Input<number>> = [
          { _tag: "Submitted", turn: next++ },
          { _tag: "Left", turn: random(next) },
          { _tag: "Ended", turn: random(next) },
          { _tag: "AgentBegan" },
          { _tag: "AgentEnded" }
        ]
        const input = inputs[random(inputs.length)] ?? { _tag: "AgentEnded" }
        if (input._tag === "Submitted") known.set(input.turn, "waiting")
        const running = state.running?.turn
        const [after, actions] = TurnQueue.step(state, input, queue)
        if (input._tag === "Ended" && input.turn === running) known.set(input.turn, "over")
        for (const action of actions) {
          if (action._tag === "Send") {
            assert.strictEqual(known.get(action.turn), "waiting")
            assert.isFalse(after.agentBusy)
            known.set(action.turn, "sent")
          } else if (action._tag === "Interrupt") assert.strictEqual(action.turn, running)
          else known.set(action.turn, "over")
        }
        assert.isAtMost(after.waiting.length, queue.capacity)
        assert.strictEqual([...known.values()].filter((status) => status === "sent").length, after.running ? 1 : 0)
        state = after
      }
    }
  })
})
