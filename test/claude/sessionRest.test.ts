import { assert, describe, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Stream from "effect/Stream"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { ChildProcess } from "effect/process"
import { type AgentEvent, Permission, type Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "../support/fakeRig.ts"

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(Effect.exit(effect), { startImmediately: true })

const failure = (exit: Exit.Exit<unknown, unknown>) => {
  const error = Exit.isFailure(exit) ? Option.getOrUndefined(Exit.findErrorOption(exit)) : undefined
  return typeof error === "object" && error !== null && "reason" in error ? error.reason : undefined
}

const tagOf = (exit: Exit.Exit<unknown, unknown>): unknown => {
  const reason = failure(exit)
  return typeof reason === "object" && reason !== null && "_tag" in reason ? reason._tag : exit._tag
}

/** Who asked for each turn, and what was said in it. */
const turns = (session: Session.Session) =>
  Effect.map(session.history, (history) =>
    history.map(({ text, userMessageId }) => [userMessageId === undefined ? "agent" : "caller", text])
  )

const ownEnded = (session: Session.Session) =>
  Effect.gen(function* () {
    const { turnId } = yield* Fake.event(session, "TurnStarted", (event) => event.origin === "agent")
    return yield* Fake.event(session, "TurnEnded", (event) => event.turnId === turnId)
  })

const ids = (events: Iterable<AgentEvent.AgentEvent>) =>
  [...events].flatMap((event) =>
    event._tag === "SessionUpdated" && event.changes.sessionId !== undefined ? [event.changes.sessionId] : []
  )

const everyVersion = ["2.1.197", "2.1.300", "2.1.329"] as const

const bash = '[[tool:Bash {"command":"echo here"}]] [[text:done]]'
const spoken = "[[text deltas=200 delay=5:" + "word ".repeat(200) + "]]"

layer(Fake.layer, { excludeTestServices: true })("the rest of a session, on the fake CLI", (it) => {
  describe("steer", () => {
    it.effect("what is said while a tool runs is taken into the turn, which stays one", () =>
      Effect.gen(function* () {
        const asked = yield* Deferred.make<void>()
        const go = yield* Deferred.make<void>()
        const session = yield* Fake.open(undefined, {
          permissions: () =>
            Effect.andThen(Deferred.succeed(asked, undefined), Effect.as(Deferred.await(go), Permission.allow()))
        })
        const answer = yield* fork(session.ask(bash))
        yield* Deferred.await(asked)
        yield* session.steer("[[text:as you wish]]")
        yield* Deferred.succeed(go, undefined)
        yield* Fiber.join(answer)
        yield* session.quiescent
        assert.deepStrictEqual(yield* turns(session), [["caller", "as you wish"]])
      })
    )

    it.effect("what is said too late is a turn of the agent's own, before the next one of ours", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const first = yield* fork(session.ask("[[text deltas=40 delay=5:" + "a ".repeat(40) + "]]"))
        yield* Fake.event(session, "TextDelta")
        yield* session.steer("[[text:late]]")
        const next = yield* fork(session.ask("[[text:next]]"))
        yield* Fiber.join(first)
        yield* Fiber.join(next)
        assert.deepStrictEqual(yield* turns(session), [
          ["caller", "a ".repeat(40)],
          ["agent", "late"],
          ["caller", "next"]
        ])
        yield* session.close
        const marks = [...(yield* Stream.runCollect(session.events))].filter(
          (event) => event._tag === "TurnStarted" || event._tag === "TurnEnded"
        )
        assert.deepStrictEqual(
          marks.map((event) => event._tag),
          ["TurnStarted", "TurnEnded", "TurnStarted", "TurnEnded", "TurnStarted", "TurnEnded"]
        )
      })
    )

    it.effect("an interrupt stops what was said into the turn too", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const first = yield* fork(session.ask(spoken))
        yield* Fake.event(session, "TextDelta")
        yield* session.steer("[[text:late]]")
        assert.strictEqual(yield* session.interrupt, "Interrupted")
        assert.strictEqual(tagOf(yield* Fiber.join(first)), "Interrupted")
        assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
        assert.strictEqual((yield* session.history).length, 2)
      })
    )

    it.effect("without a turn, or into one that is being stopped, it is refused", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { timeouts: { interrupt: "200 millis" } })
        assert.strictEqual((yield* Fake.reasonOf(session.steer("now?")))._tag, "ControlFailed")
        assert.strictEqual((yield* Fake.reasonOf(session.steer([])))._tag, "InvalidOptions")
        yield* fork(session.ask(`[[fault:ignore-interrupt]] ${spoken}`))
        yield* Fake.event(session, "TextDelta")
        const stopping = yield* fork(session.interrupt)
        assert.strictEqual((yield* Fake.reasonOf(session.steer("now?")))._tag, "ControlFailed")
        yield* Fiber.join(stopping)
      })
    )

    it.effect("a CLI that does not tell what becomes of a prompt is not steered", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: "2.1.197" })
        assert.isFalse(session.capabilities.steer)
        yield* fork(session.ask(spoken))
        yield* Fake.event(session, "TextDelta")
        assert.strictEqual((yield* Fake.reasonOf(session.steer("now?")))._tag, "Unsupported")
      })
    )
  })

  describe("clear", () => {
    for (const version of everyVersion) {
      it.effect(`on ${version} the session goes on with a new id, which is told once`, () =>
        Effect.gen(function* () {
          const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: version })
          const before = yield* session.ask("My name is Alice")
          yield* session.clear
          const after = yield* session.ask("What is my name?")
          assert.notInclude(after.text, "Alice")
          assert.notStrictEqual(after.sessionId, before.sessionId)
          assert.deepStrictEqual(yield* session.id, Option.fromUndefinedOr(after.sessionId))
          yield* session.close
          const told = new Set<string | undefined>(ids(yield* Stream.runCollect(session.events)))
          assert.deepStrictEqual([...told].at(-1), after.sessionId)
          assert.isAtMost(told.size, 2)
        })
      )

      it.effect(`rule 20: on ${version} a conversation that is cleared as soon as it is resumed is not lost`, () =>
        Effect.gen(function* () {
          const at = yield* Fake.home
          const options = at.options({ FAKE_CLAUDE_VERSION: version })
          const first = yield* ClaudeSession.make(options)
          const { sessionId = "" } = yield* first.ask("My name is Alice")
          yield* first.close
          const session = yield* ClaudeSession.make({ ...options, start: { resume: sessionId } })
          yield* session.clear
          assert.strictEqual((yield* session.ask("[[text:new]]")).text, "new")
          assert.strictEqual((yield* session.ask("[[text:newer]]")).text, "newer")
        })
      )
    }

    it.effect("rule 19: what was left may be opened by another session, what is open now may not", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const options = session.home.options()
        const { sessionId: before = "" } = yield* session.ask("My name is Alice")
        yield* session.clear
        const { sessionId: after = "" } = yield* session.ask("[[text:new]]")
        const left = yield* ClaudeSession.make({ ...options, start: { resume: before } })
        assert.include((yield* left.ask("What is my name?")).text, "Alice")
        const reason = yield* Fake.reasonOf(ClaudeSession.make({ ...options, start: { resume: after } }))
        assert.strictEqual(reason._tag, "SessionInUse")
      })
    )

    it.effect("a process that is replaced after it begins the new conversation, and not the old one", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { timeouts: { interrupt: "200 millis" } })
        yield* session.ask("My name is Alice")
        yield* session.clear
        const id = yield* session.id
        yield* fork(session.ask("[[fault:ignore-interrupt,stuck]]"))
        yield* Fake.event(session, "TurnStarted")
        assert.strictEqual(yield* session.interrupt, "Escalated")
        const { sessionId, text } = yield* session.ask("What is my name?")
        assert.notInclude(text, "Alice")
        assert.deepStrictEqual(id, Option.fromUndefinedOr(sessionId))
      })
    )
  })

  describe("turns the CLI begins by itself", () => {
    for (const version of everyVersion) {
      it.effect(`rule 2: on ${version} none is mixed with ours, before, in or after it`, () =>
        Effect.gen(function* () {
          const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: version })
          const one = yield* session.ask("[[fault:background-task]] [[text:one]]")
          yield* ownEnded(session)
          const two = yield* session.ask("[[text:two]]")
          assert.deepStrictEqual([one.text, two.text], ["one", "two"])
          const history = yield* turns(session)
          assert.deepStrictEqual([history.length, history[0], history[2]], [3, ["caller", "one"], ["caller", "two"]])
          assert.strictEqual(history[1]?.[0], "agent")
        })
      )
    }

    it.effect("rule 2: on 2.1.300, whose beginnings name no prompt, each turn has its own events", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: "2.1.300" })
        for (const fault of ["foreign-result", "foreign-result=inside"]) {
          const events = yield* Fake.turn(session, `[[fault:${fault}]] [[text:mine]]`)
          const said = events.flatMap((event) => (event._tag === "TextCompleted" ? [event.text] : []))
          assert.deepStrictEqual(said, ["mine"], fault)
        }
        const history = yield* turns(session)
        assert.strictEqual(history.filter(([who]) => who === "agent").length, 2)
      })
    )

    it.effect("quiescent waits for the turn that follows work in the background", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        yield* session.ask("[[fault:background-task]] [[text:mine]]")
        yield* Fake.event(session, "TaskEnded")
        yield* session.quiescent
        assert.deepStrictEqual(
          (yield* turns(session)).map(([who]) => who),
          ["caller", "agent"]
        )
      })
    )
  })

  describe("execute", () => {
    it.effect("runs where the agent runs, with what the adapter was built with", () =>
      Effect.gen(function* () {
        const at = yield* Fake.home
        const files = new Map([["/memory/notes.txt", "remember"]])
        const memory = Layer.effect(
          FileSystem.FileSystem,
          Effect.map(FileSystem.FileSystem, (real) => ({
            ...real,
            readFileString: (path: string, encoding?: string) => {
              const text = files.get(path)
              return text === undefined ? real.readFileString(path, encoding) : Effect.succeed(text)
            },
            writeFileString: (path: string, text: string) => Effect.sync(() => void files.set(path, text))
          }))
        )
        const session = yield* Effect.provide(
          ClaudeSession.make(at.options()),
          ClaudeAdapter.layer({ executable: Fake.fakeClaude }).pipe(
            Layer.provide(memory.pipe(Layer.provideMerge(NodeServices.layer)))
          )
        )
        const seen = yield* session.execute(
          Effect.gen(function* () {
            const fs = yield* FileSystem.FileSystem
            const path = yield* Path.Path
            yield* fs.writeFileString(path.join("/memory", "more.txt"), "more")
            const child = yield* ChildProcess.make("true")
            return [yield* fs.readFileString("/memory/notes.txt"), Number(yield* child.exitCode)]
          }).pipe(Effect.scoped)
        )
        assert.deepStrictEqual(seen, ["remember", 0])
        assert.strictEqual(files.get("/memory/more.txt"), "more")
        const own = yield* Effect.exit(session.execute(Effect.fail("mine")))
        assert.deepStrictEqual(own, Exit.fail("mine"))
      })
    )
  })

  describe("robustness", () => {
    it.effect("rule 4: a first turn that is wedged before anything is on disk begins anew under the same id", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { timeouts: { interrupt: "200 millis" } })
        const id = yield* session.id
        const asked = yield* fork(session.ask("[[fault:ignore-interrupt,stuck]]"))
        yield* Fake.event(session, "TurnStarted")
        assert.strictEqual(yield* session.interrupt, "Escalated")
        assert.strictEqual(tagOf(yield* Fiber.join(asked)), "Interrupted")
        const { sessionId, text } = yield* session.ask("[[text:here]]")
        assert.deepStrictEqual([text, Option.some(sessionId)], ["here", id])
      })
    )

    it.effect("rule 20: a copy whose first turn is wedged is copied again, and knows what it should", () =>
      Effect.gen(function* () {
        const first = yield* Fake.open(undefined)
        const { sessionId: resume = "" } = yield* first.ask("My name is Alice")
        yield* first.close
        const session = yield* ClaudeSession.make({
          ...first.home.options(),
          start: { resume, fork: true },
          timeouts: { interrupt: "200 millis" }
        })
        yield* fork(session.ask("[[fault:ignore-interrupt,stuck]]"))
        yield* Fake.event(session, "TurnStarted")
        assert.strictEqual(yield* session.interrupt, "Escalated")
        const { sessionId, text } = yield* session.ask("What is my name?")
        assert.include(text, "Alice")
        assert.notStrictEqual<string | undefined>(sessionId, resume)
      })
    )

    it.effect("a CLI that dies while it is asked what a resumed conversation cost fails the opening", () =>
      Effect.gen(function* () {
        const at = yield* Fake.home
        const first = yield* ClaudeSession.make(at.options())
        const { sessionId = "" } = yield* first.ask("My name is Alice")
        yield* first.close
        const start = { resume: sessionId }
        const dying = at.options({ FAKE_CLAUDE_FAULT: "exit-at-request=get_usage" })
        const reason = yield* Fake.reasonOf(ClaudeSession.make({ ...dying, start }))
        assert.strictEqual(reason._tag, "ProcessExited")
        const again = yield* ClaudeSession.make({ ...at.options(), start })
        assert.include((yield* again.ask("What is my name?")).text, "Alice")
      })
    )

    it.effect("rule 8: an interrupt settles though no consumer ever wakes, of the turn or of the frames", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { buffer: 64 * 1024 })
        const asleep = <A, E>(stream: Stream.Stream<A, E>) => fork(Stream.runForEach(stream, () => Effect.never))
        const frames = yield* asleep(session.messages)
        yield* asleep(session.events)
        yield* asleep(session.stream("[[fault:flood]] [[text:x]]"))
        yield* Fake.event(session, "Notice", (notice) => notice.code === "reader-paused")
        assert.strictEqual(yield* session.interrupt, "Interrupted")
        // What it has not read holds the agent back, as it should, until it leaves.
        yield* Fiber.interrupt(frames)
        assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      })
    )
  })
})
