import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber } from "effect"
import { Session } from "effect-agent-session"
import { AgentScript as S } from "effect-agent-session/testing"
import { TestClock } from "effect/testing"
import { provide, reasonOf, until } from "../support/mock.ts"

const script = ({ text }: S.Asked): S.Turn =>
  text === "go" ? [S.agentTurn(S.text("own"), S.silence), S.text("x"), S.pause("1 second")] : [S.echo]

describe("a process that has to go", () => {
  it.effect("rule 4: takes the prompt with it that waited behind a turn of the agent's own, and that is told", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      yield* Effect.forkChild(session.ask("go"), { startImmediately: true })
      const sent = yield* Effect.forkChild(reasonOf(session.ask("sent")), { startImmediately: true })
      yield* until(session, "TextDelta", 1)
      yield* TestClock.adjust("1 second")
      yield* until(session, "TextDelta", 2)
      const stop = yield* Effect.forkChild(session.interrupt, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(stop), "Escalated")
      const reason = yield* Fiber.join(sent).pipe(
        Effect.timeoutOption("1 minute"),
        Effect.forkChild({ startImmediately: true })
      )
      yield* TestClock.adjust("1 minute")
      const settled = yield* Fiber.join(reason)
      assert.strictEqual(settled._tag, "Some")
      assert.strictEqual((yield* session.ask("again")).text, "again")
    }).pipe(provide(script, { obeysInterrupt: false }))
  )
})
