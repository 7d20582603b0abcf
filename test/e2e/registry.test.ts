import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Context from "effect/Context"
import * as Option from "effect/Option"
import type * as Session from "effect-agent-session/Session"
import * as SessionRegistry from "effect-agent-session/SessionRegistry"
import { claude, failure } from "./support.ts"

const registry = Effect.map(Layer.build(SessionRegistry.layer()), (context) =>
  Context.get(context, SessionRegistry.SessionRegistry)
)

const idOf = (session: Session.Session) => Effect.map(session.id, Option.getOrThrow)

describe("a registry of the real CLI", () => {
  claude("a restarted name goes on with its conversation, an adopted one with the other", (rig) =>
    Effect.gen(function* () {
      const sessions = yield* registry
      const first = yield* sessions.start("one", rig.base)
      yield* first.ask("My name is Alice")
      const second = yield* sessions.restart("one")
      assert.strictEqual(yield* idOf(second), yield* idOf(first))
      assert.strictEqual((yield* second.ask("What is my name?")).text, "Your name is Alice.")

      const other = yield* sessions.start("other", rig.base)
      yield* other.ask("My name is Mike")
      const start = { resume: yield* idOf(other) }
      yield* sessions.stop("other")
      const third = yield* sessions.restart("one", { start })
      assert.strictEqual((yield* third.ask("What is my name?")).text, "Your name is Mike.")
    })
  )

  claude("a cleared conversation that is restarted begins anew", (rig) =>
    Effect.gen(function* () {
      const sessions = yield* registry
      const first = yield* sessions.start("one", rig.base)
      yield* first.ask("My name is Alice")
      yield* first.clear
      const second = yield* sessions.restart("one")
      assert.notStrictEqual((yield* second.ask("What is my name?")).text, "Your name is Alice.")
    })
  )

  claude("rule 19: one conversation has one writer, whatever the name", (rig) =>
    Effect.gen(function* () {
      const sessions = yield* registry
      const first = yield* sessions.start("one", rig.base)
      yield* first.ask("My name is Alice")
      const start = { resume: yield* idOf(first) }
      assert.strictEqual((yield* failure(sessions.start("two", { ...rig.base, start }))).reason._tag, "SessionInUse")
      yield* sessions.stopAll
      const second = yield* sessions.start("two", { ...rig.base, start })
      assert.strictEqual((yield* second.ask("What is my name?")).text, "Your name is Alice.")
    })
  )
})
