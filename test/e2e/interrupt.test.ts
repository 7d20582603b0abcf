import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as Session from "effect-agent-session/Session"
import { holds, claude, failure, only, tags, until } from "./support.ts"

const goesOn = (session: Session.Session) =>
  Effect.map(session.ask("[[text:next]]"), ({ text }) => assert.strictEqual(text, "next"))

describe("an interrupt of the real CLI", () => {
  claude("rule 5: in the middle of an answer it ends the turn, which keeps what was said [cc-81]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const events = yield* session.subscribe
      const turn = yield* Effect.forkChild(failure(session.ask("[[text deltas=1:half ;; silence]]")))
      yield* until(events, "TextDelta")
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      const error = yield* Fiber.join(turn)
      assert.strictEqual(error.reason._tag, "Interrupted")
      assert.strictEqual(error.result?.outcome._tag, "Interrupted")
      assert.strictEqual(error.result?.text, "half")
      yield* goesOn(session)
    })
  )

  claude("a stream that is interrupted by us ends, and does not fail", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const events = yield* session.stream("[[text deltas=1:half ;; silence]]").pipe(
        Stream.tap((event) => (event._tag === "TextDelta" ? Effect.forkChild(session.interrupt) : Effect.void)),
        Stream.runCollect
      )
      assert.strictEqual(tags(Array.from(events)).at(-1), "TurnEnded")
      assert.strictEqual(only(Array.from(events), "TurnEnded")[0]?.result.outcome._tag, "Interrupted")
    })
  )

  claude("before the first byte it ends the turn", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const turn = yield* Effect.forkChild(failure(session.ask("[[hang]]")))
      yield* Effect.promise(() => api.waitFor(holds("[[hang]]")))
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      const error = yield* Fiber.join(turn)
      assert.strictEqual(error.reason._tag, "Interrupted")
      assert.strictEqual(error.result?.text, "")
      yield* goesOn(session)
    })
  )

  claude("while Bash runs it ends the turn, and Bash", ({ base, bash, ended, running }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const turn = yield* Effect.forkChild(failure(session.ask(bash)))
      yield* running
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      yield* ended
      const error = yield* Fiber.join(turn)
      assert.strictEqual(error.reason._tag, "Interrupted")
      assert.deepStrictEqual(
        error.result?.toolCalls.map((call) => call.status),
        ["interrupted"]
      )
      yield* goesOn(session)
    })
  )

  claude("rule 18: while it asks, the handler is interrupted and its answer is not sent [cc-84] [asm-80]", ({ base }) =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const withdrawn = yield* Deferred.make<void>()
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: () =>
          Deferred.succeed(asked, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(withdrawn, undefined))
          )
      })
      const events = yield* session.subscribe
      const turn = yield* Effect.forkChild(failure(session.ask(`[[tool:Bash {"command":"touch x"}]] [[text:done]]`)))
      yield* Deferred.await(asked)
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      yield* Deferred.await(withdrawn)
      assert.strictEqual((yield* Fiber.join(turn)).reason._tag, "Interrupted")
      assert.strictEqual((yield* until(events, "PermissionResolved")).by, "withdrawn")
      yield* goesOn(session)
    })
  )

  claude("when nothing runs it does nothing [asm-85]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      assert.strictEqual(yield* session.interrupt, "NotRunning")
      yield* goesOn(session)
      assert.strictEqual(yield* session.interrupt, "NotRunning")
      yield* goesOn(session)
    })
  )
})
