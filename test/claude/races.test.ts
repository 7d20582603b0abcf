import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type AgentError, type AgentEvent, StreamSession } from "effect-agent-session"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "../support/fakeRig.ts"

const count = (events: Iterable<AgentEvent.AgentEvent>, tag: AgentEvent.AgentEvent["_tag"]) =>
  [...events].filter((event) => event._tag === tag).length
const slow = (text: string) => `[[text deltas=400 delay=5:${text.repeat(400)}]]`
const bash = '[[tool:Bash {"command":"echo one"}]] [[text:done]]'
const stubborn = `[[fault:ignore-interrupt]] ${slow("word ")}`

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(Effect.exit(effect), { startImmediately: true })

const tagOf = (exit: Exit.Exit<unknown, AgentError.AgentError>) =>
  Option.match(Exit.findErrorOption(exit), { onNone: () => "", onSome: (error) => error.reason._tag })

/** What the fake was sent, process after process. */
const launches = (home: Fake.Home) =>
  Effect.map(home.record, (lines) => lines.filter((line) => line.argv !== undefined).length)

layer(Fake.layer, { excludeTestServices: true })("races on the fake CLI", (it) => {
  it.effect("rule 4: who waits behind a turn whose process is replaced is sent to the new one", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(undefined, { timeouts: { interrupt: "200 millis" } })
      yield* session.ask("My name is Alice")
      yield* fork(session.ask(stubborn))
      const queued = yield* fork(session.ask("[[text:queued]]"))
      yield* Fake.event(session, "TextDelta", (event) => event.text.startsWith("word"))
      const interrupt = yield* fork(session.interrupt)
      const more = yield* fork(session.ask("[[text:more]]"))
      assert.deepStrictEqual(yield* Fiber.join(interrupt), Exit.succeed("Escalated" as const))
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(queued)))
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(more)))
    })
  )

  it.effect("rule 4: a process that answers no request is replaced; who asks meanwhile waits for the new one", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(
        { FAKE_CLAUDE_FAULT: "no-control-reply=set_model,slow-start=300" },
        { timeouts: { control: "100 millis" } }
      )
      yield* session.ask("My name is Alice")
      yield* Effect.exit(session.setModel("a"))
      yield* Effect.exit(session.setModel("b"))
      assert.strictEqual((yield* session.ask("What is my name?")).text, "Your name is Alice.")
      assert.strictEqual(yield* launches(session.home), 2)
    })
  )

  it.effect("a request of a process that is replaced fails with it, and says nothing about the new one", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(
        { FAKE_CLAUDE_FAULT: "no-control-reply=set_model" },
        { timeouts: { interrupt: "200 millis" } }
      )
      yield* session.ask("My name is Alice")
      const pending = yield* fork(session.setModel("a"))
      yield* fork(session.ask(stubborn))
      yield* Fake.event(session, "TextDelta", (event) => event.text.startsWith("word"))
      assert.strictEqual(yield* session.interrupt, "Escalated")
      assert.strictEqual(tagOf(yield* Fiber.join(pending)), "ProcessExited")
      assert.deepStrictEqual(yield* session.health, { _tag: "Healthy" })
    })
  )

  it.effect("what is said into a turn whose process is being replaced is refused for want of a turn", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(
        { FAKE_CLAUDE_FAULT: "slow-start=300" },
        { timeouts: { interrupt: "200 millis" } }
      )
      const running = yield* fork(session.ask(stubborn))
      yield* Fake.event(session, "TextDelta", (event) => event.text.startsWith("word"))
      const interrupt = yield* fork(session.interrupt)
      yield* Effect.repeat(Effect.delay(launches(session.home), "5 millis"), { until: (count) => count === 2 })
      assert.strictEqual(tagOf(yield* Effect.exit(session.steer("hurry"))), "ControlFailed")
      yield* Fiber.awaitAll([running, interrupt])
    })
  )

  it.effect("a request that has no answer yet fails when the session is closed", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open({ FAKE_CLAUDE_FAULT: "no-control-reply=set_model" })
      const pending = yield* fork(session.setModel("a"))
      yield* session.close
      assert.strictEqual(tagOf(yield* Fiber.join(pending)), "ProcessExited")
    })
  )

  it.effect("a new process goes on in the permission mode and with the model that were set meanwhile", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(undefined, {
        permissionMode: "acceptEdits",
        timeouts: { interrupt: "200 millis" }
      })
      yield* session.ask("hello")
      yield* session.setPermissionMode("plan")
      yield* session.setModel("haiku")
      const model = (yield* session.summary).model
      yield* fork(session.ask(stubborn))
      yield* Fake.event(session, "TextDelta", (event) => event.text.startsWith("word"))
      yield* session.interrupt
      yield* session.ask("[[text:here again]]")
      const summary = yield* session.summary
      assert.deepStrictEqual([summary.permissionMode, summary.model], [Option.some("plan"), model])
    })
  )

  it.effect("rule 17: what an agent still says in a turn whose time is up is not in the next one", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(undefined, { timeouts: { interrupt: "200 millis" } })
      const late = yield* fork(session.ask(stubborn, { timeouts: { turn: "300 millis" } }))
      assert.strictEqual(tagOf(yield* Fiber.join(late)), "TurnTimeout")
      const error = yield* Effect.flip(session.ask("[[fault:api-error=529]]"))
      assert.notInclude(error.result?.text ?? "", "word")
      const events = yield* Fake.turn(session, "[[text:mine]]")
      assert.strictEqual(count(events, "Notice"), 0)
    })
  )

  it.effect("rule 7: a request to a process that is replaced fails with it, and does not wait", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(
        { FAKE_CLAUDE_FAULT: "no-control-reply=set_model" },
        { timeouts: { interrupt: "200 millis" } }
      )
      yield* fork(session.ask(stubborn))
      yield* Fake.event(session, "TextDelta")
      const request = yield* fork(session.setModel("a"))
      yield* session.interrupt
      assert.isTrue(Exit.isFailure(yield* Effect.timeout(Fiber.join(request), "2 seconds")))
    })
  )

  it.effect("rule 9: a close in the middle of a replacement leaves no process, and ends the session once", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(
        { FAKE_CLAUDE_FAULT: "slow-start=500" },
        { timeouts: { interrupt: "100 millis", shutdown: "1 second" } }
      )
      yield* session.ask("My name is Alice")
      const turn = yield* fork(session.ask(stubborn))
      const queued = yield* fork(session.ask("[[text:queued]]"))
      yield* Fake.event(session, "TextDelta", (event) => event.text.startsWith("word"))
      const interrupt = yield* fork(session.interrupt)
      yield* Fiber.join(turn)
      while ((yield* launches(session.home)) < 2) yield* Effect.yieldNow
      yield* session.close
      yield* Fiber.join(interrupt)
      assert.strictEqual(tagOf(yield* Fiber.join(queued)), "SessionClosed")
      assert.strictEqual(count(yield* Stream.runCollect(session.events), "SessionEnded"), 1)
    })
  )

  it.effect("an opening that is interrupted in the handshake leaves nothing and frees the conversation", () =>
    Effect.gen(function* () {
      const at = yield* Fake.home
      const start = { sessionId: globalThis.crypto.randomUUID() }
      const opening = yield* fork(ClaudeSession.make({ ...at.options({ FAKE_CLAUDE_FAULT: "no-initialize" }), start }))
      while (Exit.isFailure(yield* Effect.exit(at.record))) yield* Effect.yieldNow
      yield* Fiber.interrupt(opening)
      const session = yield* ClaudeSession.make({ ...at.options(), start })
      assert.strictEqual((yield* session.ask("[[text:mine]]")).text, "mine")
    })
  )

  it.effect("rule 9: a handler and a reader may close the session they belong to", () =>
    Effect.gen(function* () {
      let close: Effect.Effect<void> = Effect.void
      let interrupted = 0
      const session = yield* Fake.open(undefined, {
        permissions: () =>
          Effect.suspend(() => Effect.andThen(close, Effect.never)).pipe(
            Effect.onInterrupt(() => Effect.sync(() => interrupted++))
          )
      })
      close = session.close
      assert.strictEqual(tagOf(yield* Effect.exit(session.ask(bash))), "SessionClosed")
      yield* session.close
      assert.strictEqual(interrupted, 1)

      const other = yield* Fake.open()
      const exit = yield* Effect.exit(Stream.runForEach(other.stream(slow("word ")), () => other.close))
      assert.strictEqual(tagOf(exit), "SessionClosed")
    })
  )

  it.effect(
    "rule 18: a handler that still thinks when the agent goes is interrupted, and the request is withdrawn",
    () =>
      Effect.gen(function* () {
        let interrupted = 0
        const session = yield* Fake.open(undefined, {
          permissions: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
        })
        const asked = yield* fork(session.ask(bash))
        yield* Fake.event(session, "PermissionRequested")
        const { pid } = yield* session.serverInfo
        assert.isDefined(pid)
        process.kill(Number(pid), "SIGKILL")
        assert.strictEqual(tagOf(yield* Fiber.join(asked)), "ProcessExited")
        const events = yield* Stream.runCollect(session.events)
        yield* session.close
        assert.strictEqual(interrupted, 1)
        assert.deepStrictEqual(
          [...events].flatMap((event) => (event._tag === "PermissionResolved" ? [event.by] : [])),
          ["withdrawn"]
        )
      })
  )

  it.effect("rule 7: a request that has no answer yet fails when the session is closed, and does not wait", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open({ FAKE_CLAUDE_FAULT: "no-control-reply=set_model" })
      yield* session.ask("[[fault:tool-child=hold]] [[text:a child holds the pipe]]")
      const request = yield* fork(session.setModel("a"))
      yield* session.close
      assert.isTrue(Exit.isFailure(yield* Effect.timeout(Fiber.join(request), "2 seconds")))
      assert.isTrue(Exit.isFailure(yield* Effect.timeout(Effect.exit(session.setModel("b")), "2 seconds")))
    })
  )

  it.effect("readers of messages end with the session; one that comes later ends at once", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open()
      const reader = yield* fork(Stream.runDrain(session.messages))
      yield* session.ask("[[text:mine]]")
      yield* session.close
      assert.isTrue(Exit.isSuccess(yield* Effect.timeout(Fiber.join(reader), "2 seconds")))
      yield* Effect.timeout(Stream.runDrain(session.messages), "2 seconds")
    })
  )

  it.effect("an agent that dies while nobody reads is known to be dead", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(undefined, { buffer: 64 * 1024 })
      const reader = yield* fork(Stream.runForEach(session.stream("[[fault:flood]] [[text:x]]"), () => Effect.never))
      yield* Fake.event(session, "Notice", (notice) => notice.code === "reader-paused")
      process.kill(Number((yield* session.serverInfo).pid), "SIGKILL")
      yield* Stream.runDrain(session.events)
      assert.strictEqual((yield* session.health)._tag, "Unhealthy")
      yield* Fiber.interrupt(reader)
    })
  )

  it.effect("a scope that is closed while readers are blocked ends them all", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const session = yield* Scope.provide(Fake.open(), scope)
      const readers = [
        yield* fork(Stream.runDrain(session.events)),
        yield* fork(Stream.runDrain(session.statusChanges)),
        yield* fork(Stream.runDrain(session.messages)),
        yield* fork(Stream.runDrain(session.stream(`[[fault:silence]] [[text:x]]`))),
        yield* fork(session.ask("[[text:queued]]"))
      ]
      yield* Fake.event(session, "TurnStarted")
      yield* Scope.close(scope, Exit.void)
      yield* Effect.timeout(Fiber.awaitAll(readers), "2 seconds")
    })
  )

  it.effect("a started one-shot whose scope is closed says so to who waits for its result", () =>
    Effect.gen(function* () {
      const at = yield* Fake.home
      const scope = yield* Scope.make()
      const started = yield* Scope.provide(
        StreamSession.start({ ...at.options(), prompt: "[[fault:silence]] [[text:x]]" }),
        scope
      )
      const result = yield* fork(started.result)
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual(tagOf(yield* Fiber.join(result)), "SessionClosed")
    })
  )
})
