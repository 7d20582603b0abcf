/** Budgets, limits and retries in sessions, on the mock and in virtual time. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import {
  AgentAdapter,
  AgentError,
  type AgentEvent,
  Budget,
  Limiter,
  Retry,
  Session,
  SessionRegistry,
  StreamSession
} from "effect-agent-session"
import { AgentScript, MockAdapter } from "effect-agent-session/testing"
import { provide, reasonOf, until } from "./support/mock.ts"

const costing = (cost: number, ...rest: ReadonlyArray<AgentScript.Step>): AgentScript.Turn => [
  AgentScript.spent({ cost }),
  ...rest
]

/** One turn of each kind, by its prompt. */
const script: AgentScript.Script = ({ text }) =>
  text === "cheap"
    ? costing(0.25, AgentScript.text("done"))
    : text === "dear"
      ? costing(2, AgentScript.text("done"))
      : text === "long"
        ? costing(0.5, AgentScript.text("so far"), AgentScript.pause("1 hour"))
        : text === "broken"
          ? costing(0.75, AgentScript.fail(new AgentError.TurnFailed({ kind: "x", description: "x" })))
          : [AgentScript.echo]

describe("a budget", () => {
  it.effect("a turn is not sent when nothing is left, and is when there is something again [asm-94]", () =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ name: "review", cap: 1 })
      const mock = yield* MockAdapter.make(script)
      const session = yield* Session.make({ budget }).pipe(Effect.provideService(AgentAdapter.AgentAdapter, mock))
      yield* session.ask("dear")
      assert.strictEqual(yield* budget.spent, 2)
      const error = yield* Effect.flip(session.ask("cheap"))
      assert.deepInclude(error.reason, { _tag: "LimitReached", which: "budget", budget: "review" })
      assert.isDefined(error.sessionId)
      assert.strictEqual((yield* mock.sent).length, 1)
      yield* budget.setCap(3)
      yield* session.ask("cheap")
      assert.strictEqual(yield* budget.spent, 2.25)
    })
  )

  it.effect("failed and interrupted turns count, and what two sessions spend adds up [asm-91] [asm-95]", () =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ cap: 100 })
      const [a, b] = yield* Effect.all([Session.make({ budget }), Session.make({ budget })])
      yield* Effect.all([Effect.ignore(a.ask("broken")), b.ask("cheap")], { concurrency: 2 })
      const turn = yield* Effect.forkChild(Effect.ignore(a.ask("long")))
      yield* until(a, "TextDelta")
      yield* a.interrupt
      yield* Fiber.join(turn)
      assert.strictEqual(yield* budget.spent, 1.5)
      const summaries = yield* Effect.all([a.summary, b.summary])
      assert.deepStrictEqual(
        summaries.map(({ cost }) => cost),
        [Option.some(1.25), Option.some(0.25)]
      )
    }).pipe(provide(script))
  )

  it.effect(
    "a result that uses the cap up interrupts the turns of the others, which tell what they cost [asm-93]",
    () =>
      Effect.gen(function* () {
        const budget = yield* Budget.make({ name: "group", cap: 2 })
        const [a, b, c] = yield* Effect.all([
          Session.make({ budget }),
          Session.make({ budget }),
          Session.make({ budget })
        ])
        const asked = yield* Effect.forkChild(Effect.flip(a.ask("long")), { startImmediately: true })
        const streamed = yield* Effect.forkChild(Effect.flip(Stream.runDrain(b.stream("long"))), {
          startImmediately: true
        })
        yield* until(a, "TextDelta")
        yield* until(b, "TextDelta")
        yield* c.ask("dear")
        for (const error of [yield* Fiber.join(asked), yield* Fiber.join(streamed)]) {
          assert.deepInclude(error.reason, { _tag: "LimitReached", budget: "group" })
          assert.deepStrictEqual(error.result?.outcome, { _tag: "LimitReached", which: "budget" })
          assert.deepStrictEqual(error.result?.cost, Option.some(0.5))
          assert.strictEqual(error.result?.text, "so far")
          assert.isTrue(error.isResumable)
        }
        assert.strictEqual(yield* budget.spent, 3)
        for (const session of [a, b, c]) {
          assert.strictEqual((yield* session.status)._tag, "Idle")
          assert.strictEqual((yield* reasonOf(session.ask("cheap")))._tag, "LimitReached")
        }
      }).pipe(provide(script))
  )

  it.effect("a turn that waits is not sent when the one before it used the cap up", () =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ cap: 1 })
      const mock = yield* MockAdapter.make(script)
      const session = yield* Session.make({ budget }).pipe(Effect.provideService(AgentAdapter.AgentAdapter, mock))
      const [first, second, third] = yield* Effect.all(
        ["dear", "cheap", "cheap"].map((prompt) => Effect.result(session.ask(prompt))),
        { concurrency: 3 }
      )
      assert.strictEqual(first?._tag, "Success")
      for (const turn of [second, third]) {
        assert.strictEqual(turn?._tag === "Failure" ? turn.failure.reason._tag : "", "LimitReached")
      }
      assert.strictEqual((yield* mock.sent).length, 1)
      assert.strictEqual((yield* session.summary).turns, 1)
    })
  )

  it.effect("the budget of the context is that of every session in it, one-shots and named ones too", () =>
    Effect.gen(function* () {
      const budget = yield* Budget.Budget
      yield* StreamSession.ask({ prompt: "cheap" })
      const registry = yield* SessionRegistry.SessionRegistry
      const session = yield* registry.start("a", {})
      yield* session.ask("cheap")
      assert.strictEqual(yield* budget.spent, 0.5)
    }).pipe(
      Effect.provide(SessionRegistry.layer()),
      Effect.provide(Layer.merge(Budget.layer({ cap: 1 }), MockAdapter.layer(script)))
    )
  )

  it.effect("a session that is closed listens to its budget no more", () =>
    Effect.gen(function* () {
      const budget = yield* Budget.make({ cap: 1 })
      const session = yield* Session.make({ budget })
      yield* session.close
      const events: Array<AgentEvent.AgentEvent> = []
      yield* Stream.runForEach(session.events, (event) => Effect.sync(() => events.push(event)))
      yield* budget.charge(5)
      assert.strictEqual(events.at(-1)?._tag, "SessionEnded")
    }).pipe(provide(script))
  )
})

const limited = (resetsAt: number): AgentScript.Turn => [
  AgentScript.fail(new AgentError.RateLimited({ description: "5 hours", resetsAt }))
]

describe("a limiter", () => {
  it.effect("a limit that one session meets holds the turns of the others until it resets", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.make()
      const a = yield* Session.make({ limiter })
      const b = yield* Session.make({ limiter })
      assert.strictEqual((yield* reasonOf(a.ask("limited")))._tag, "RateLimited")
      assert.deepStrictEqual(yield* limiter.heldUntil, Option.some(60_000))
      const turn = yield* Effect.forkChild(b.ask("hello"), { startImmediately: true })
      yield* TestClock.adjust("59 seconds")
      assert.strictEqual((yield* b.status)._tag, "Idle")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* Fiber.join(turn)).outcome._tag, "Completed")
      assert.isTrue(Option.isNone(yield* limiter.heldUntil))
    }).pipe(provide(({ text }) => (text === "limited" ? limited(60_000) : [AgentScript.echo])))
  )

  it.effect("no more turns run at once than it allows; one that is given up gives its place back", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.make({ turns: 2 })
      const sessions = yield* Effect.all(Array.from({ length: 4 }, () => Session.make({ limiter })))
      const turns = yield* Effect.all(
        sessions.map((session) => Effect.forkChild(session.ask("wait"), { startImmediately: true }))
      )
      yield* Effect.yieldNow
      const running = Effect.map(
        Effect.all(sessions.map(({ status }) => status)),
        (statuses) => statuses.filter(({ _tag }) => _tag === "Running").length
      )
      assert.strictEqual(yield* running, 2)
      yield* Effect.all(turns.slice(0, 1).map(Fiber.interrupt))
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* running, 2)
      yield* TestClock.adjust("5 minutes")
      yield* TestClock.adjust("5 minutes")
      yield* Effect.all(turns.slice(1).map(Fiber.join))
    }).pipe(provide([[AgentScript.pause("5 minutes")]]))
  )

  it.effect("a turn that waits for it ends when its session is closed", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.make()
      yield* limiter.hold(1_000_000)
      const session = yield* Session.make({ limiter })
      const turn = yield* Effect.forkChild(Effect.flip(session.ask("hello")), { startImmediately: true })
      yield* session.close
      assert.strictEqual((yield* Fiber.join(turn)).reason._tag, "SessionClosed")
    }).pipe(provide())
  )

  it.effect("what would be refused is refused at once, and waiting turns are counted", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.make()
      yield* limiter.hold(60_000)
      const strict = yield* Session.make({ limiter, turns: { policy: "reject" } })
      const first = yield* Effect.forkChild(strict.ask("one"), { startImmediately: true })
      assert.strictEqual((yield* reasonOf(strict.ask("two")))._tag, "TurnRejected")
      assert.strictEqual((yield* reasonOf(strict.ask(" ")))._tag, "InvalidOptions")
      const session = yield* Session.make({ limiter, turns: { policy: "queue", capacity: 1 } })
      const turns = yield* Effect.all(
        ["a", "b"].map((prompt) => Effect.forkChild(session.ask(prompt), { startImmediately: true }))
      )
      assert.strictEqual((yield* reasonOf(session.ask("c")))._tag, "TurnQueueFull")
      yield* TestClock.adjust("1 minute")
      yield* Effect.all([first, ...turns].map(Fiber.join))
    }).pipe(provide())
  )

  it.effect("an earlier moment changes nothing, one too far away is not believed, and turns must be a number", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.make({ longestHold: "10 seconds" })
      yield* limiter.hold(5000)
      yield* limiter.hold(1000)
      assert.deepStrictEqual(yield* limiter.heldUntil, Option.some(5000))
      yield* limiter.hold(Number.MAX_SAFE_INTEGER)
      assert.deepStrictEqual(yield* limiter.heldUntil, Option.some(10_000))
      assert.strictEqual((yield* reasonOf(Limiter.make({ turns: 0, longestHold: "1 day" })))._tag, "InvalidOptions")
    })
  )

  it.effect("the limiter of the context is that of every session in it", () =>
    Effect.gen(function* () {
      const limiter = yield* Limiter.Limiter
      const session = yield* Session.make()
      yield* Effect.ignore(session.ask("limited"))
      assert.isTrue(Option.isSome(yield* limiter.heldUntil))
    }).pipe(Effect.provide(Layer.merge(Limiter.layer(), MockAdapter.layer([limited(60_000)]))))
  )

  it.effect("with a retry, a limited turn is asked again when the limit has reset [asm-96]", () =>
    Effect.gen(function* () {
      let tries = 0
      const adapter = MockAdapter.layer(() => (tries++ === 0 ? limited(60_000) : [AgentScript.echo]))
      const turn = yield* Effect.gen(function* () {
        const session = yield* Session.make({ limiter: yield* Limiter.make() })
        return yield* Effect.retry(session.ask("hello"), Retry.schedule())
      }).pipe(Effect.scoped, Effect.provide(adapter), Effect.forkChild({ startImmediately: true }))
      yield* TestClock.adjust("62 seconds")
      assert.strictEqual((yield* Fiber.join(turn)).text, "hello")
      assert.strictEqual(tries, 2)
    })
  )
})
