/** Money, limits and retries on the real CLI: what it is capped at, what is stopped, what is told. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Budget from "effect-agent-session/Budget"
import * as Limiter from "effect-agent-session/Limiter"
import * as Retry from "effect-agent-session/Retry"
import * as Session from "effect-agent-session/Session"
import { claude, collect, failure, only, until } from "./support.ts"

const amount = (cost: Option.Option<number> | undefined): number => Option.getOrElse(cost ?? Option.none(), () => 0)

describe("money on the real CLI", () => {
  claude("a budget counts what turns cost, and refuses the next one when it is used up [asm-94]", ({ api, base }) =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ name: "tiny", cap: 0.0001 })
      const session = yield* Session.make({ ...base, budget: yield* Budget.make({ cap: 10, within: budget }) })
      // Its own cap ends the turn of the CLI, after the answer that used it up.
      const first = yield* failure(session.ask("hello"))
      assert.deepInclude(first.reason, { _tag: "LimitReached", which: "budget", budget: "tiny" })
      assert.isAbove(amount(first.result?.cost), 0.0001)
      assert.strictEqual(yield* budget.spent, amount(first.result?.cost))
      const asked = api.requests.length
      const second = yield* failure(session.ask("hello again"))
      assert.deepInclude(second.reason, { _tag: "LimitReached", budget: "tiny" })
      assert.strictEqual(api.requests.length, asked)
    })
  )

  claude(
    "when one session uses the cap up, the turns of the others are interrupted [asm-93]",
    ({ base, bash, running }) =>
      Effect.gen(function* () {
        const budget = yield* Budget.make({ name: "group", cap: 5 })
        const slow = yield* Session.make({ ...base, budget })
        const turn = yield* Effect.forkChild(failure(slow.ask(bash)))
        yield* running
        yield* budget.charge(5)
        const error = yield* Fiber.join(turn)
        assert.deepInclude(error.reason, { _tag: "LimitReached", budget: "group" })
        assert.isAbove(amount(error.result?.cost), 0)
        assert.isAbove(yield* budget.spent, 5)
      })
  )

  claude("rule 6: over a resume, costs go on from where they were, and the cap is for what is new", ({ base }) =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ cap: 1 })
      const costs: Array<number> = []
      const talk = Effect.fnUntraced(function* (start: { readonly resume: string } | "new") {
        const session = yield* Session.make({ ...base, budget, start })
        for (const prompt of ["one", "two"]) costs.push(amount((yield* session.ask(prompt)).cost))
        return Option.getOrThrow(yield* session.id)
      })
      const id = yield* Effect.scoped(talk("new"))
      yield* Effect.scoped(talk({ resume: id }))
      assert.strictEqual(costs.length, 4)
      assert.isTrue(costs.every((cost) => cost > 0))
      assert.closeTo(
        yield* budget.spent,
        costs.reduce((sum, cost) => sum + cost, 0),
        1e-12
      )
    })
  )

  claude("failFast: a login that is not accepted ends the turn at the first answer", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, failFast: true })
      const events = yield* session.subscribe
      const error = yield* failure(session.ask("[[error:401]]"))
      assert.strictEqual(error.reason._tag, "AuthenticationFailed")
      assert.isFalse(error.isRetryable)
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      yield* session.close
      assert.strictEqual(only(yield* collect(events), "Retrying").length, 1)
    })
  )

  claude("what the agent tries again by itself is told, with how long it waits", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const retrying = yield* until(session.stream("[[error:529]] [[text:done]]"), "Retrying")
      assert.deepInclude(retrying, { attempt: 1, status: 529 })
      assert.isAbove(retrying.delayMs, 0)
    })
  )

  claude("a turn that failed before it did anything is asked again [asm-96] [asm-98]", (rig) =>
    Effect.gen(function* () {
      const env = { ...rig.base.env, set: { ...rig.base.env.set, CLAUDE_CODE_MAX_RETRIES: "0" } }
      const limiter = yield* Limiter.make({ turns: 1 })
      const session = yield* Session.make({ ...rig.base, env, limiter })
      yield* session.ask("My name is Alice")
      let tries = 0
      const ask = Effect.suspend(() => session.ask(tries++ === 0 ? "[[error:529]]" : "What is my name?"))
      const { text } = yield* Effect.retry(ask, Retry.schedule({ base: "10 millis" }))
      assert.strictEqual(text, "Your name is Alice.")
      assert.strictEqual(tries, 2)
    })
  )
})
