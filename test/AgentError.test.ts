import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AgentError, AgentEvent } from "effect-agent-session"

const error = new AgentError.AgentError({
  agent: "claude",
  sessionId: AgentEvent.SessionId.make("s1"),
  phase: "turn",
  reason: new AgentError.ProcessExited({ code: 1, signal: null, stderrTail: "panic: out of cheese\n" })
})

describe("AgentError", () => {
  it("says what happened, to whom, in which phase, and what to do next", () => {
    assert.include(error.message, "claude (turn)")
    assert.include(error.message, "code 1")
    assert.include(error.message, "out of cheese")
    assert.include(error.message, "resume")
  })

  it("knows what can be tried again and what can be resumed", () => {
    const of = (reason: AgentError.Reason) => new AgentError.AgentError({ phase: "turn", reason })
    assert.isTrue(of(new AgentError.RateLimited({ description: "" })).isRetryable)
    assert.isFalse(of(new AgentError.AuthenticationFailed({ description: "" })).isRetryable)
    assert.isTrue(of(new AgentError.IdleTimeout({ millis: 1 })).isResumable)
    assert.isFalse(of(new AgentError.InvalidOptions({ issues: [] })).isResumable)
  })

  it.effect("one cause is caught by its tag", () =>
    Effect.gen(function* () {
      const caught = yield* Effect.fail(error).pipe(
        Effect.catchReason("AgentError", "ProcessExited", (reason) => Effect.succeed(reason.code))
      )
      assert.strictEqual(caught, 1)
    })
  )

  it.effect("goes to JSON and comes back as an instance", () =>
    Effect.gen(function* () {
      const codec = Schema.toCodecJson(AgentError.AgentError)
      const json: unknown = JSON.parse(JSON.stringify(yield* Schema.encodeEffect(codec)(error)))
      const back = yield* Schema.decodeUnknownEffect(codec)(json)
      assert.instanceOf(back, AgentError.AgentError)
      assert.strictEqual(back.message, error.message)
      assert.isTrue(AgentError.isAgentError(back))
    })
  )
})
