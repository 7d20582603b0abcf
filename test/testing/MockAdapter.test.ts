import { assert, describe, it } from "@effect/vitest"
import { Duration, Effect, Exit, Fiber, FileSystem, Layer, Option, Path, Schema, Stream } from "effect"
import { ChildProcess } from "effect/process"
import { TestClock } from "effect/testing"
import { AgentAdapter, AgentError, Permission, Session, StreamSession } from "effect-agent-session"
import { AgentScript as S, MockAdapter } from "effect-agent-session/testing"
import { provide, reasonOf, until } from "../support/mock.ts"

describe("records", () => {
  it.effect("what reached the agents can be looked at, over all sessions", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const session = yield* Session.make({
        model: "sonnet",
        permissions: () => Effect.succeed(Permission.allow({ input: { command: "pwd" } }))
      })
      yield* session.ask("go")
      yield* StreamSession.ask({
        prompt: [
          { _tag: "Text", text: "two" },
          { _tag: "Image", mediaType: "image/png", data: "" }
        ]
      })
      const [one, two] = yield* mock.sent
      assert.deepInclude(one, { text: "go", steered: false })
      assert.ok(one !== undefined && two !== undefined)
      assert.strictEqual(two.text, "two")
      assert.strictEqual(two.parts.length, 2)
      assert.notStrictEqual(one.sessionId, two.sessionId)
      assert.deepStrictEqual(
        (yield* mock.opened).map(({ model }) => model),
        ["sonnet", undefined]
      )
      const [decided] = yield* mock.decisions
      assert.deepInclude(decided, { tool: "Bash", input: { command: "ls" } })
      assert.deepStrictEqual(decided?.decision, Permission.allow({ input: { command: "pwd" } }))
      assert.deepStrictEqual(
        (yield* mock.calls).map(({ input, tool }) => [tool, input]),
        [["Bash", { command: "pwd" }]]
      )
      assert.deepStrictEqual(yield* mock.live, [one.sessionId])
      yield* session.close
      assert.deepStrictEqual(yield* mock.live, [])
    }).pipe(provide([[S.tool("Bash", { command: "ls" }, { asks: true })]]))
  )

  it.effect("AgentAdapter and MockAdapter are one instance", () =>
    Effect.gen(function* () {
      assert.strictEqual<AgentAdapter.AgentAdapter>(yield* AgentAdapter.AgentAdapter, yield* MockAdapter.MockAdapter)
    }).pipe(provide())
  )

  it.effect("a refused opening is recorded and holds nothing", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const reason = yield* reasonOf(Session.make({ start: { continue: true } }))
      assert.strictEqual(reason._tag, "SessionNotFound")
      assert.strictEqual((yield* mock.opened).length, 1)
      assert.deepStrictEqual(yield* mock.live, [])
    }).pipe(provide())
  )

  it.effect("steering is recorded as such; while nothing runs it is refused", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const session = yield* Session.make()
      assert.strictEqual((yield* reasonOf(session.steer("now?")))._tag, "ControlFailed")
      yield* Effect.forkChild(session.ask("go"), { startImmediately: true })
      yield* until(session, "TurnStarted")
      yield* session.steer("left")
      assert.deepStrictEqual(
        (yield* mock.sent).map(({ steered, text }) => [text, steered]),
        [
          ["go", false],
          ["left", true]
        ]
      )
    }).pipe(provide([[S.silence]]))
  )
})

describe("config", () => {
  it.effect("rule 21: what the agent cannot do is Unsupported, by option and by call [asm-122]", () =>
    Effect.gen(function* () {
      const refused = (options: AgentAdapter.SessionOptions) =>
        Effect.map(reasonOf(Effect.scoped(Session.make<AgentAdapter.SessionOptions>(options))), (reason) => {
          assert.strictEqual(reason._tag, "Unsupported", JSON.stringify(options))
        })
      const id = "00000000-0000-4000-8000-000000000000"
      yield* refused({ permissions: Permission.allowAll })
      yield* refused({ permissionMode: "plan" })
      yield* refused({ outputSchema: Schema.String })
      yield* refused({ start: { sessionId: id } })
      yield* refused({ start: { resume: id } })
      yield* refused({ start: { continue: true } })
      const session = yield* Session.make()
      for (const call of [
        session.setModel("x"),
        session.setPermissionMode("plan"),
        session.clear,
        session.steer("x")
      ]) {
        assert.strictEqual((yield* reasonOf(call))._tag, "Unsupported")
      }
      const mock = yield* MockAdapter.MockAdapter
      assert.strictEqual((yield* reasonOf(Stream.runDrain(mock.sessions())))._tag, "Unsupported")
      assert.strictEqual((yield* reasonOf(Stream.runDrain(mock.transcript(id))))._tag, "Unsupported")
    }).pipe(
      provide(undefined, {
        capabilities: {
          permissionPrompts: false,
          setMode: false,
          structuredOutput: false,
          ownSessionId: false,
          resume: false,
          setModel: "none",
          clear: false,
          steer: false,
          list: false,
          history: false
        }
      })
    )
  )

  it.effect("rule 21: a fork, and a place in it, need agents that can", () =>
    Effect.gen(function* () {
      for (const [fork, start] of [
        ["none", { resume: "x", fork: true }],
        ["head", { resume: "x", fork: true, at: "m" }]
      ] as const) {
        const mock = yield* MockAdapter.make(undefined, { capabilities: { fork } })
        const opening = Effect.provideService(Session.make({ start }), AgentAdapter.AgentAdapter, mock)
        assert.strictEqual((yield* reasonOf(opening))._tag, "Unsupported")
      }
    })
  )

  it.effect("rule 4: agents that do not obey are replaced, with a start of its own", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const session = yield* Session.make()
      const asking = yield* Effect.forkChild(Effect.flip(session.ask("go")), { startImmediately: true })
      yield* until(session, "TextDelta")
      const interrupting = yield* Effect.forkChild(session.interrupt, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(asking)).reason._tag, "Interrupted")
      yield* TestClock.adjust("1 second")
      assert.strictEqual(yield* Fiber.join(interrupting), "Escalated")
      assert.strictEqual(yield* mock.interrupts, 1)
      assert.strictEqual((yield* session.ask("go")).text, "fresh")
    }).pipe(
      provide([[S.text("begun"), S.silence], [S.text("fresh")]], {
        obeysInterrupt: false,
        startup: (attempt) => (attempt === 0 ? {} : { delay: "1 second" })
      })
    )
  )

  it.effect("rule 4: when there is nothing to go on with, the session is over, typed", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ persist: false })
      yield* session.ask("first")
      yield* Effect.forkChild(Effect.flip(session.ask("go")), { startImmediately: true })
      yield* until(session, "TextDelta", 2)
      const waiting = yield* Effect.forkChild(Effect.flip(session.ask("later")), { startImmediately: true })
      yield* Effect.forkChild(session.interrupt, { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual((yield* Fiber.join(waiting)).reason._tag, "ContinuityLost")
      assert.deepStrictEqual(yield* session.status, { _tag: "Closed", reason: "failed" })
    }).pipe(provide([[S.text("first")], [S.text("begun"), S.silence]], { obeysInterrupt: false }))
  )

  it.effect("a start takes its time, fails, or never answers", () =>
    Effect.gen(function* () {
      const opening = yield* Effect.forkChild(Effect.exit(Session.make({ timeouts: { startup: "10 seconds" } })), {
        startImmediately: true
      })
      yield* TestClock.adjust("3 seconds")
      assert.isTrue(Exit.isSuccess(yield* Fiber.join(opening)))
      assert.strictEqual((yield* reasonOf(Session.make()))._tag, "StartupFailed")
      const silent = yield* Effect.forkChild(reasonOf(Session.make({ timeouts: { startup: "10 seconds" } })), {
        startImmediately: true
      })
      yield* TestClock.adjust("10 seconds")
      const reason = yield* Fiber.join(silent)
      assert.deepInclude(reason, { _tag: "HandshakeTimeout", millis: 10_000 })
      assert.strictEqual((yield* Session.make()).agent, "mock")
    }).pipe(
      provide(undefined, {
        startup: (attempt) => {
          if (attempt === 0) return { delay: "3 seconds" }
          if (attempt === 1) return { fails: new AgentError.StartupFailed({ description: "no", stderrTail: "" }) }
          return attempt === 2 ? "silent" : {}
        }
      })
    )
  )

  it.effect("rule 7: requests are answered late, or never", () =>
    Effect.gen(function* () {
      for (const control of ["silent", { delay: "1 minute" }, { delay: "20 seconds" }] as const) {
        const mock = yield* MockAdapter.make(undefined, { control })
        const session = yield* Effect.provideService(Session.make(), AgentAdapter.AgentAdapter, mock)
        const setting = yield* Effect.forkChild(Effect.exit(session.setModel("opus")), { startImmediately: true })
        yield* TestClock.adjust("30 seconds")
        const answered = control !== "silent" && control.delay === "20 seconds"
        assert.strictEqual(Exit.isSuccess(yield* Fiber.join(setting)), answered)
        assert.strictEqual((yield* session.health)._tag, answered ? "Healthy" : "Degraded")
        assert.deepStrictEqual((yield* session.summary).model, Option.some(answered ? "opus" : "mock"))
      }
    })
  )

  it.effect("the name is in events and errors", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      assert.strictEqual(session.agent, "codex")
      yield* session.close
      assert.strictEqual((yield* Effect.flip(session.ask("x"))).agent, "codex")
    }).pipe(provide(undefined, { name: "codex" }))
  )
})

describe("use", () => {
  it.effect("a program with a Session in a Layer runs on it", () =>
    Effect.gen(function* () {
      const session = yield* Session.Session
      yield* session.ask("My name is Alice")
      assert.strictEqual((yield* session.ask("What is my name?")).text, "Alice")
    }).pipe(
      Effect.provide(Session.layer().pipe(Layer.provide(MockAdapter.layer([[S.text("Hello")], [S.text("Alice")]]))))
    )
  )

  it.effect("its host has no files and runs no programs, and knows paths", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const { found, joined, spawned } = yield* session.execute(
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const path = yield* Path.Path
          return {
            found: yield* Effect.exit(fs.readFileString("/etc/passwd")),
            joined: path.join("a", "b"),
            spawned: yield* Effect.exit(Effect.scoped(ChildProcess.make("ls")))
          }
        })
      )
      assert.isTrue(Exit.isFailure(found))
      assert.strictEqual(joined, "a/b")
      assert.isTrue(Exit.isFailure(spawned))
    }).pipe(provide())
  )

  it.effect("an answer that fits outputSchema is decoded; without a schema the agent gives none", () =>
    Effect.gen(function* () {
      const typed = yield* Session.make({ outputSchema: Schema.Struct({ when: Schema.DurationFromMillis }) })
      assert.deepStrictEqual((yield* typed.ask("go")).output, { when: Duration.seconds(1) })
      const untyped = yield* Session.make()
      assert.isUndefined((yield* untyped.ask("go")).output)
    }).pipe(provide([[S.output({ when: 1000 })]]))
  )
})
