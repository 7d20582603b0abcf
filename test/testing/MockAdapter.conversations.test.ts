import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AgentAdapter, Session, StreamSession } from "effect-agent-session"
import { AgentScript as S, MockAdapter } from "effect-agent-session/testing"
import { of, provide, reasonOf, until } from "../support/mock.ts"

describe("conversations", () => {
  it.effect("they are listed newest first, by folder, with what was said", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      for (const [cwd, prompt] of [
        ["/a", "first"],
        ["/b", "second"],
        ["/a", "third"]
      ] as const) {
        yield* StreamSession.ask({ prompt, cwd })
        yield* TestClock.adjust("1 minute")
      }
      const titles = (query?: AgentAdapter.SessionQuery) =>
        Effect.map(Stream.runCollect(mock.sessions(query)), (found) => found.map(({ title }) => title))
      assert.deepStrictEqual(yield* titles(), ["third", "second", "first"])
      assert.deepStrictEqual(yield* titles({ cwd: "/a" }), ["third", "first"])
      assert.deepStrictEqual(yield* titles({ offset: 1, limit: 1 }), ["second"])
      const [newest] = yield* Stream.runCollect(mock.sessions())
      assert.deepInclude(newest, { cwd: "/a", createdAt: 120_000, updatedAt: 120_000 })
      const messages = yield* Stream.runCollect(mock.transcript(newest?.id ?? ""))
      assert.deepStrictEqual(
        messages.map(({ content, role }) => [role, content]),
        [
          ["user", [{ _tag: "Text", text: "third" }]],
          ["assistant", [{ type: "text", text: "third" }]]
        ]
      )
      assert.strictEqual((yield* reasonOf(Stream.runDrain(mock.transcript("x"))))._tag, "SessionNotFound")
    }).pipe(provide())
  )

  it.effect("continue takes the last one of the folder", () =>
    Effect.gen(function* () {
      const first = yield* StreamSession.ask({ prompt: "one", cwd: "/a" })
      yield* StreamSession.ask({ prompt: "two", cwd: "/b" })
      const session = yield* Session.make({ start: { continue: true }, cwd: "/a" })
      assert.strictEqual(Option.getOrUndefined(yield* session.id), first.sessionId)
    }).pipe(provide())
  )

  it.effect("the last one is the one that was written to last", () =>
    Effect.gen(function* () {
      const first = yield* StreamSession.ask({ prompt: "one" })
      yield* StreamSession.ask({ prompt: "two" })
      yield* StreamSession.ask({ prompt: "again", start: { resume: first.sessionId ?? "" } })
      const session = yield* Session.make({ start: { continue: true } })
      assert.strictEqual(Option.getOrUndefined(yield* session.id), first.sessionId)
    }).pipe(provide())
  )

  it.effect("a fork begins after the message it is told, and the parent stays as it was", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const session = yield* Session.make()
      const id = (yield* session.ask("one")).sessionId ?? ""
      yield* session.ask("two")
      const [, reply] = yield* Stream.runCollect(session.transcript())
      const fork = yield* Session.make({ start: { resume: id, fork: true, at: reply?.id } })
      yield* fork.ask("three")
      const said = (id: string) =>
        Effect.map(Stream.runCollect(mock.transcript(id)), (messages) => messages.map(({ role }) => role).join(" "))
      assert.strictEqual(yield* said(id), "user assistant user assistant")
      assert.strictEqual(yield* said(Option.getOrThrow(yield* fork.id)), "user assistant user assistant")
      const nowhere = Session.make({ start: { resume: id, fork: true, at: "nowhere" } })
      assert.strictEqual((yield* reasonOf(nowhere))._tag, "StartupFailed")
      assert.strictEqual((yield* mock.live).length, 2)
    }).pipe(provide())
  )

  it.effect("rule 19: an id that is taken is SessionInUse, open or not", () =>
    Effect.gen(function* () {
      const sessionId = "00000000-0000-4000-8000-000000000000"
      const session = yield* Session.make({ start: { sessionId } })
      assert.strictEqual((yield* reasonOf(Session.make({ start: { sessionId } })))._tag, "SessionInUse")
      yield* session.ask("hello")
      yield* session.close
      assert.strictEqual((yield* reasonOf(Session.make({ start: { sessionId } })))._tag, "SessionInUse")
      const { sessionId: other = "" } = yield* StreamSession.ask({ prompt: "other" })
      const fork = Session.make({ start: { resume: other, fork: true, sessionId } })
      assert.strictEqual((yield* reasonOf(fork))._tag, "SessionInUse")
      const resumed = yield* Session.make({ start: { resume: sessionId } })
      assert.strictEqual((yield* resumed.ask("again")).sessionId, sessionId)
    }).pipe(provide())
  )

  it.effect("clear begins a new conversation and its script, and the old one can be resumed", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const session = yield* Session.make()
      const before = yield* session.ask("a")
      yield* session.clear
      assert.deepStrictEqual(yield* Stream.runCollect(session.transcript()), [])
      const after = yield* session.ask("b")
      assert.deepStrictEqual([before.text, after.text], ["one", "one"])
      assert.deepStrictEqual<ReadonlyArray<string | undefined>>(yield* mock.live, [after.sessionId])
      const old = yield* Session.make({ start: { resume: before.sessionId ?? "" } })
      assert.strictEqual((yield* old.ask("c")).text, "two")
    }).pipe(provide([[S.text("one")], [S.text("two")]]))
  )

  it.effect("a session that resumes without keeping leaves the conversation as it was", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const { sessionId = "" } = yield* StreamSession.ask({ prompt: "kept" })
      yield* StreamSession.ask({ prompt: "not kept", persist: false, start: { resume: sessionId } })
      assert.strictEqual((yield* Stream.runCollect(mock.transcript(sessionId))).length, 2)
    }).pipe(provide())
  )
})

describe("turns of its own", () => {
  it.effect("when work in the background is over the agent begins a turn by itself", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      assert.strictEqual((yield* session.ask("go")).text, "started")
      assert.strictEqual((yield* session.status)._tag, "Idle")
      yield* TestClock.adjust("1 minute")
      yield* session.quiescent
      assert.deepStrictEqual(
        (yield* session.history).map(({ text, userMessageId }) => [text, userMessageId === undefined]),
        [
          ["started", false],
          ["it is done", true]
        ]
      )
      yield* session.close
      const log = yield* Stream.runCollect(session.events)
      assert.deepInclude(of(log, "TaskEnded")[0], { status: "failed", summary: "3 errors" })
    }).pipe(
      provide([
        [
          S.task("testing", {
            lasts: "1 minute",
            status: "failed",
            summary: "3 errors",
            followedBy: [S.text("it is done")]
          }),
          S.text("started")
        ]
      ])
    )
  )

  it.effect("an interrupt stops the agent's own turn and leaves the caller's, which waits for it, alone", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      yield* session.ask("go")
      const waiting = yield* Effect.forkChild(session.ask("wait"), { startImmediately: true })
      yield* until(session, "TextDelta", 2)
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      assert.strictEqual((yield* Fiber.join(waiting)).text, "mine")
      assert.deepStrictEqual(
        (yield* session.history).map(({ outcome, text }) => [text, outcome._tag]),
        [
          ["first", "Completed"],
          ["own", "Interrupted"],
          ["mine", "Completed"]
        ]
      )
    }).pipe(provide([[S.text("first"), S.agentTurn(S.text("own"), S.silence)], [S.text("mine")]]))
  )

  const busy = ({ text }: S.Asked): S.Turn =>
    text === "go" ? [S.agentTurn(S.text("own"), S.silence), S.text("begun"), S.silence] : [S.echo]

  it.effect("an interrupt of the agent's own turn leaves a prompt alone that was sent already", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      yield* Effect.forkChild(session.ask("go"), { startImmediately: true })
      const waiting = yield* Effect.forkChild(session.ask("sent"), { startImmediately: true })
      yield* session.interrupt
      yield* until(session, "TextDelta", 2)
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      assert.strictEqual((yield* Fiber.join(waiting)).text, "sent")
    }).pipe(provide(busy))
  )

  it.effect("rule 4: a prompt that is left while it waits for the agent's own turn is not acted on", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      yield* Effect.forkChild(session.ask("go"), { startImmediately: true })
      const left = yield* Effect.forkChild(session.ask("left"), { startImmediately: true })
      yield* session.interrupt
      yield* until(session, "TextDelta", 2)
      yield* Fiber.interrupt(left)
      const next = yield* Effect.forkChild(session.ask("next"), { startImmediately: true })
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      assert.strictEqual((yield* Fiber.join(next)).text, "next")
      assert.deepStrictEqual(
        (yield* session.history).map(({ outcome, text }) => [text, outcome._tag]),
        [
          ["begun", "Interrupted"],
          ["", "Interrupted"],
          ["own", "Interrupted"],
          ["next", "Completed"]
        ]
      )
    }).pipe(provide(busy))
  )
})
