import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Session from "effect-agent-session/Session"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { holds, claude, failure, isGone, left, remnants, type Rig, until } from "./support.ts"

/** Closes the session while a prompt is at the point that `reached` waits for: nothing may be left. */
const closesDuring = (
  title: string,
  prompt: (rig: Rig) => string,
  reached: (rig: Rig, session: Session.Session) => Effect.Effect<unknown>
): void =>
  claude(title, (rig) =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const session = yield* ClaudeSession.make(rig.base).pipe(Scope.provide(scope))
      const turn = yield* Effect.forkChild(failure(session.ask(prompt(rig))), { startImmediately: true })
      yield* reached(rig, session)
      yield* Scope.close(scope, Exit.void)
      yield* left(rig.home)
      const error = yield* Fiber.join(turn)
      assert.strictEqual(error.reason._tag, "SessionClosed")
      assert.strictEqual(error.result?.outcome._tag, "Interrupted")
    })
  )

describe("the close of a session of the real CLI", () => {
  claude("the check itself finds what lives on in a session of its own", ({ base, home }) =>
    Effect.gen(function* () {
      const child = spawn("setsid", ["sleep", "600"], { env: { ...base.env.set }, stdio: "ignore" })
      yield* Effect.promise(() => once(child, "spawn"))
      const exited = once(child, "exit")
      assert.deepStrictEqual(
        remnants(home).map(({ pid }) => pid),
        [child.pid]
      )
      child.kill("SIGKILL")
      yield* Effect.promise(() => exited)
      assert.isTrue(isGone(child.pid ?? 0))
    })
  )

  claude("rule 9: when it is idle, nothing is left", ({ base, home }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      yield* session.ask("hi")
      assert.isAbove(remnants(home).length, 0)
      yield* session.close
      yield* left(home)
      assert.deepStrictEqual(yield* session.status, { _tag: "Closed", reason: "closed" })
    })
  )

  claude("rule 9: before it was ever used, nothing is left", ({ base, home }) =>
    Effect.gen(function* () {
      yield* Effect.scoped(Session.make(base))
      yield* left(home)
    })
  )

  closesDuring(
    "rule 9: in the middle of an answer, nothing is left [cc-54]",
    () => "[[text deltas=1:half ;; silence]]",
    (_, session) => until(session.events, "TextDelta")
  )

  closesDuring(
    "rule 9: before the first byte, nothing is left",
    () => "[[hang]]",
    ({ api }) => Effect.promise(() => api.waitFor(holds("[[hang]]")))
  )

  closesDuring(
    "rule 9: while Bash runs, nothing is left [asm-13]",
    ({ bash }) => bash,
    ({ running }) => running
  )

  claude("rule 9: while it asks, nothing is left, and the handler is interrupted [asm-15]", ({ base, home }) =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: () =>
          Deferred.succeed(asked, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
          )
      })
      const turn = yield* Effect.forkChild(failure(session.ask(`[[tool:Bash {"command":"touch x"}]]`)))
      yield* Deferred.await(asked)
      yield* session.close
      yield* left(home)
      yield* Deferred.await(interrupted)
      const error = yield* Fiber.join(turn)
      assert.strictEqual(error.reason._tag, "SessionClosed")
      assert.deepStrictEqual(
        error.result?.toolCalls.map((call) => call.status),
        ["interrupted"]
      )
    })
  )

  claude("rule 9: while Bash runs in the background, nothing is left", ({ background, base, home, running }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      yield* session.ask(background)
      const pid = yield* running
      assert.isFalse(isGone(pid))
      yield* session.close
      yield* left(home)
    })
  )

  claude("rule 9: any number of closes at once are one [asm-6]", ({ base, bash, home, running }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      yield* Effect.forkChild(Effect.exit(session.ask(bash)))
      yield* running
      yield* Effect.all(
        Array.from({ length: 10 }, () => Effect.andThen(session.close, left(home))),
        { concurrency: "unbounded" }
      )
      yield* session.close
      assert.strictEqual((yield* failure(session.ask("hi"))).reason._tag, "SessionClosed")
    })
  )

  claude("rule 9: a fiber that is interrupted while it opens a session leaves nothing", ({ base, home }) =>
    Effect.gen(function* () {
      const opening = yield* Effect.forkChild(Effect.scoped(Session.make(base)), { startImmediately: true })
      yield* Effect.suspend(() => (remnants(home).length > 0 ? Effect.void : Effect.fail("not yet"))).pipe(
        Effect.eventually
      )
      yield* Fiber.interrupt(opening)
      yield* left(home)
    })
  )
})
