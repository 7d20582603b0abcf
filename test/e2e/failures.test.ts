import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Session from "effect-agent-session/Session"
import { isSince } from "./agents.ts"
import { claude, collect, failure, only, type Rig } from "./support.ts"

/** The CLI tries ten times by itself, for minutes; once is enough here. */
const impatient = ({ base }: Rig) => ({
  ...base,
  env: { ...base.env, set: { ...base.env.set, CLAUDE_CODE_MAX_RETRIES: "1" } }
})

const goesOn = (session: Session.Session) =>
  Effect.map(session.ask("[[text:next]]"), ({ text }) => assert.strictEqual(text, "next"))

describe("failures of the API, as the real CLI tells them", () => {
  claude("rule 5: 401 is AuthenticationFailed, after the CLI's own attempts", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make(impatient(rig))
      const events = yield* session.subscribe
      const error = yield* failure(session.ask("[[error:401]]"))
      assert.strictEqual(error.reason._tag, "AuthenticationFailed")
      assert.strictEqual(error.phase, "turn")
      assert.isFalse(error.isRetryable)
      assert.strictEqual(error.result?.outcome._tag, "Failed")
      yield* goesOn(session)
      yield* session.close
      const retries = only(yield* collect(events), "Retrying")
      assert.deepStrictEqual(
        retries.map(({ attempt, max, status }) => ({ attempt, max, status })),
        [{ attempt: 1, max: 1, status: 401 }]
      )
    })
  )

  claude("404 is ModelNotFound", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make(impatient(rig))
      assert.strictEqual((yield* failure(session.ask("[[error:404]]"))).reason._tag, "ModelNotFound")
      yield* goesOn(session)
    })
  )

  claude("529 is Overloaded, and worth another try", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make(impatient(rig))
      const error = yield* failure(session.ask("[[error:529]]"))
      assert.deepInclude(error.reason, { _tag: "Overloaded", ...(isSince("2.1.329") ? { status: 529 } : {}) })
      assert.isTrue(error.isRetryable)
      yield* goesOn(session)
    })
  )

  claude("429 is RateLimited", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make(impatient(rig))
      const error = yield* failure(session.ask("[[error x-should-retry=false:429]]"))
      assert.strictEqual(error.reason._tag, "RateLimited")
      yield* goesOn(session)
    })
  )

  claude("a prompt that does not fit is PromptTooLong", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make(impatient(rig))
      const error = yield* failure(session.ask("[[error:400 prompt is too long: 300000 tokens > 200000 maximum]]"))
      assert.strictEqual(error.reason._tag, "PromptTooLong")
    })
  )

  claude("a failure that the CLI gets over is told, and the turn completes [asm-46]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const events = yield* collect(session.stream("[[error times=1:529]] [[text:after all]]"))
      assert.deepStrictEqual(
        only(events, "Retrying").map(({ attempt, status }) => ({ attempt, status })),
        [{ attempt: 1, status: 529 }]
      )
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "after all")
    })
  )

  claude("rule 17: an answer that broke off and came again is said once", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const events = yield* collect(session.stream("[[text:half ;; cut times=1]] [[text:whole]]"))
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "whole")
      for (const { itemId, text } of only(events, "TextCompleted")) {
        const pieces = only(events, "TextDelta").filter((delta) => delta.itemId === itemId)
        assert.strictEqual(pieces.map((delta) => delta.text).join(""), text)
      }
    })
  )
})
