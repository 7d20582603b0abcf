import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Session from "effect-agent-session/Session"
import { bodies, claude, collect, failure, left, only, until } from "./support.ts"

/** The CLI is there, but does nothing any more. */
const freeze = (session: ClaudeSession.ClaudeSession) =>
  Effect.map(session.serverInfo, ({ pid = 0 }) => process.kill(pid, "SIGSTOP"))

describe("deadlines, limits and accounts on the real CLI", () => {
  claude(
    "rule 7: a model that falls silent is IdleTimeout, and the session goes on [cc-56] [asm-58] [asm-66]",
    ({ base }) =>
      Effect.gen(function* () {
        const session = yield* Session.make(base)
        const error = yield* failure(
          session.ask("[[text deltas=1:half ;; silence]]", { timeouts: { idle: "2 seconds" } })
        )
        assert.deepInclude(error.reason, { _tag: "IdleTimeout", millis: 2000 })
        assert.strictEqual(error.result?.text, "half")
        assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      })
  )

  claude("rule 7: a turn that talks on and on is TurnTimeout [asm-67]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const timeouts = { turn: "700 millis", idle: "10 seconds" } as const
      const error = yield* failure(session.ask("[[text deltas=10000 delay=20 repeat=1000:0123456789]]", { timeouts }))
      assert.deepInclude(error.reason, { _tag: "TurnTimeout", millis: 700 })
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
    })
  )

  claude(
    "rule 7: a CLI that does not answer is ControlTimeout, and the session is Degraded [cc-80] [asm-74]",
    ({ base, home }) =>
      Effect.gen(function* () {
        const timeouts = { ...base.timeouts, control: "300 millis", shutdown: "1 second" } as const
        const session = yield* ClaudeSession.make({ ...base, timeouts })
        yield* freeze(session)
        const error = yield* failure(session.setModel("haiku"))
        assert.strictEqual(error.phase, "control")
        assert.deepInclude(error.reason, { _tag: "ControlTimeout", request: "set_model", millis: 300 })
        assert.strictEqual((yield* session.health)._tag, "Degraded")
        yield* session.close
        yield* left(home)
      })
  )

  claude(
    "rule 4: a CLI that does not obey is replaced, its Bash is swept, and the conversation goes on [asm-56]",
    ({ api, base, bash, ended, running }) =>
      Effect.gen(function* () {
        const timeouts = { ...base.timeouts, interrupt: "500 millis" } as const
        const session = yield* ClaudeSession.make({ ...base, timeouts })
        yield* session.ask("My name is Alice")
        const id = yield* session.id
        const { pid } = yield* session.serverInfo
        yield* Effect.forkChild(Effect.exit(session.ask(bash)), { startImmediately: true })
        yield* running
        yield* freeze(session)
        assert.strictEqual(yield* session.interrupt, "Escalated")
        yield* ended
        assert.strictEqual((yield* session.ask("[[text:still here]]")).text, "still here")
        assert.include(JSON.stringify(bodies(api).at(-1)), "My name is Alice")
        assert.notStrictEqual((yield* session.serverInfo).pid, pid)
        assert.deepStrictEqual(yield* session.id, id)
      })
  )

  claude("a session that has spent maxBudgetUsd says so, each time [asm-33]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, maxBudgetUsd: 0.0001 })
      const error = yield* failure(session.ask("[[text:dear ;; usage input=100000 output=1000]]"))
      assert.deepInclude(error.reason, { _tag: "LimitReached", which: "budget" })
      assert.isAbove(Option.getOrThrow(error.result?.cost ?? Option.none()), 0.0001)
      assert.strictEqual((yield* failure(session.ask("hi"))).reason._tag, "LimitReached")
    })
  )

  claude("rule 6: what turns cost adds up to what the session cost [asm-88] [asm-91]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      yield* session.ask("[[text:one ;; usage input=1000 output=10 cache-read=500]]")
      yield* Effect.exit(session.ask("[[error:404]]"))
      yield* until(session.stream("[[text deltas=1:two ;; silence]]"), "TextDelta")
      yield* session.ask("[[text:three ;; usage input=2000 output=20]]")
      const history = yield* session.history
      const costs = history.map((turn) => Option.getOrElse(turn.cost, () => 0))
      assert.strictEqual(costs.length, 4)
      assert.isTrue(costs.every((cost) => cost >= 0))
      const { session: total } = yield* session.control("get_usage", {})
      const sum = costs.reduce((all, cost) => all + cost, 0)
      assert.approximately(sum, total?.total_cost_usd ?? -1, 1e-9)
      assert.approximately(Option.getOrThrow((yield* session.summary).cost), sum, 1e-9)
      assert.deepInclude(history[0]?.usage, { inputTokens: 1000, outputTokens: 10, cacheReadTokens: 500 })
    })
  )

  claude("the session's own log tells of everything once, without a gap", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      yield* session.ask("one")
      yield* until(session.stream("[[text deltas=1:two ;; silence]]"), "TextDelta")
      yield* session.ask("three")
      yield* session.close
      const events = yield* collect(session.events)
      assert.deepStrictEqual(
        events.map((event) => event.seq),
        events.map((_, index) => index)
      )
      assert.strictEqual(only(events, "SessionStarted").length, 1)
      assert.strictEqual(only(events, "SessionEnded").length, 1)
      for (const tag of ["TurnStarted", "TurnEnded"] as const) {
        const ids = only(events, tag).map((event) => event.turnId)
        assert.strictEqual(ids.length, 3)
        assert.strictEqual(new Set(ids).size, 3)
      }
      assert.deepStrictEqual(only(events, "Unknown"), [])
      assert.deepStrictEqual(only(events, "Malformed"), [])
    })
  )
})
