import { assert, describe, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AgentError, type AgentEvent, Permission } from "effect-agent-session"
import * as ClaudeMessage from "effect-agent-session/claude/ClaudeMessage"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "../support/fakeRig.ts"

const tags = (events: ReadonlyArray<AgentEvent.AgentEvent>) => events.map((event) => event._tag)
const count = (events: ReadonlyArray<AgentEvent.AgentEvent>, tag: AgentEvent.AgentEvent["_tag"]) =>
  tags(events).filter((other) => other === tag).length
const textOf = (events: ReadonlyArray<AgentEvent.AgentEvent>) =>
  events.flatMap((event) => (event._tag === "TextDelta" ? [event.text] : [])).join("")
const slow = (text: string) => `[[text deltas=400 delay=5:${text.repeat(400)}]]`

layer(Fake.layer, { excludeTestServices: true })("ClaudeSession on the fake CLI", (it) => {
  describe("handshake", () => {
    it.effect(
      "rule 7: a program that never answers is given up with its last words, and is gone [cc-37] [asm-69]",
      () =>
        Effect.gen(function* () {
          const reason = yield* Fake.reasonOf(
            Fake.open({ FAKE_CLAUDE_FAULT: "no-initialize" }, { timeouts: { startup: "300 millis" } })
          )
          assert.strictEqual(reason._tag, "HandshakeTimeout")
        })
    )

    it.effect("a program that ends at once fails with its code and its last words [cc-100]", () =>
      Effect.gen(function* () {
        const reason = yield* Fake.reasonOf(Fake.open({ FAKE_CLAUDE_FAULT: "exit-at-start=3" }))
        assert.strictEqual(reason._tag, "StartupFailed")
        assert.include(reason.message, "code 3")
        assert.include(reason.message, "cannot start")
      })
    )

    it.effect("open returns after the reply, the id is known and SessionStarted is logged [cc-35] [cc-39]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        assert.isTrue(Option.isSome(yield* session.id))
        assert.isDefined((yield* session.serverInfo).models)
        assert.deepStrictEqual(yield* session.status, { _tag: "Idle" })
        const started = yield* Fake.event(session, "SessionStarted")
        assert.isFalse(started.resumed)
      })
    )
  })

  describe("turns", () => {
    it.effect(
      "rule 2: the result of a background task does not end our turn, nor does its text get into it [cc-55]",
      () =>
        Effect.gen(function* () {
          const session = yield* Fake.open()
          for (const fault of ["foreign-result", "foreign-result=inside"]) {
            const events = yield* Fake.turn(session, `[[fault:${fault}]] [[text:mine]]`)
            assert.strictEqual(textOf(events), "mine", fault)
            assert.strictEqual(count(events, "TurnEnded"), 1, fault)
          }
          const foreign = (yield* session.history).filter((result) => result.userMessageId === undefined)
          assert.strictEqual(foreign.length, 2)
        })
    )

    it.effect("rule 2: on the old version too, a foreign result does not end our turn", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: "2.1.197" })
        const result = yield* session.ask("[[fault:foreign-result=inside]] [[text:mine]]")
        assert.include(result.text, "mine")
        assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      })
    )

    it.effect("rule 2: a second result for the same turn changes nothing", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const first = yield* session.ask("[[fault:duplicate-result]] [[text:one]]")
        const second = yield* session.ask("[[text:two]]")
        assert.deepStrictEqual([first.text, second.text], ["one", "two"])
        assert.strictEqual((yield* session.history).length, 2)
      })
    )

    it.effect("rule 14: a result whose fields drifted still ends its turn [cc-18] [cc-74]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const events = yield* Fake.turn(session, "[[fault:drifted-result]] [[text:said]]")
        assert.strictEqual(tags(events).at(-1), "TurnEnded")
        assert.isTrue(events.some((event) => event._tag === "Unknown" && event.issue !== undefined))
        assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      })
    )

    it.effect(
      "rule 2: a turn the agent begins by itself is its own, and what follows a result is not ours [asm-30]",
      () =>
        Effect.gen(function* () {
          const session = yield* Fake.open()
          const own = yield* session.ask("[[fault:background-task]] [[text:mine]]")
          assert.strictEqual(own.text, "mine")
          const started = yield* Fake.event(session, "TurnStarted", (event) => event.origin === "agent")
          yield* Fake.event(session, "TurnEnded", (event) => event.turnId === started.turnId)
          assert.strictEqual((yield* session.ask("[[text:after]]")).text, "after")
        })
    )

    it.effect("rule 5: an API failure comes as success with is_error and is a failure [cc-48] [asm-32]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const reasons = yield* Effect.forEach(["401", "404", "429", "529"], (status) =>
          Fake.reasonOf(session.ask(`[[fault:api-error=${status}]]`))
        )
        assert.deepStrictEqual(
          reasons.map((reason) => reason._tag),
          ["AuthenticationFailed", "ModelNotFound", "RateLimited", "Overloaded"]
        )
      })
    )

    it.effect("a retry of the agent is told and the turn goes on [asm-46]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const events = yield* Fake.turn(session, "[[error times=2:529]] [[text:at last]]")
        assert.isAbove(count(events, "Retrying"), 0)
        assert.include(textOf(events), "at last")
      })
    )

    it.effect("limits are failures that carry what was said and spent [asm-33]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const error = yield* Effect.flip(session.ask("[[fault:max-turns=1]] [[text:so far]]"))
        assert.deepStrictEqual(error.reason, new AgentError.LimitReached({ which: "turns" }))
        assert.strictEqual(error.result?.text, "so far")
        const budget = yield* Fake.reasonOf(session.ask("[[fault:budget]] [[text:so far]]"))
        assert.deepStrictEqual(budget, new AgentError.LimitReached({ which: "budget" }))
      })
    )

    it.effect("rule 17: with partial messages off, text comes from the whole blocks, once", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { partialMessages: false })
        const events = yield* Fake.turn(session, "[[text:Hello big world]]")
        assert.strictEqual(textOf(events), "Hello big world")
        assert.strictEqual(count(events, "TextDelta"), 1)
        assert.strictEqual(count(events, "TextCompleted"), 1)
      })
    )

    it.effect("thinking is reasoning, and is not among the text", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const events = yield* Fake.turn(session, "[[thinking:let me see ;; text:42]]")
        assert.strictEqual(textOf(events), "42")
        const reasoning = events.find((event) => event._tag === "ReasoningCompleted")
        assert.strictEqual(reasoning?._tag === "ReasoningCompleted" ? reasoning.text : "", "let me see")
      })
    )
  })

  describe("disturbances", () => {
    it.effect(
      "rule 14: garbage, unknown and broken frames are told and the turn goes on [asm-21] [asm-22] [asm-23] [cc-10]",
      () =>
        Effect.gen(function* () {
          const session = yield* Fake.open()
          const events = yield* Fake.turn(
            session,
            "[[fault:garbage,non-object,unknown-type,unknown-subtype,broken-known,half-line,json-stderr]] [[text:intact text]]"
          )
          assert.strictEqual(textOf(events), "intact text")
          assert.isAbove(count(events, "Malformed"), 1)
          assert.isTrue(events.some((event) => event._tag === "Unknown" && event.issue === undefined))
          assert.isTrue(events.some((event) => event._tag === "Unknown" && event.issue !== undefined))
          assert.strictEqual(events.at(-1)?._tag, "TurnEnded")
        })
    )

    it.effect("rule 16: a line of two megabytes is one frame [asm-19]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const events = yield* Fake.turn(session, "[[fault:huge-line=2000000]] [[text:after it]]")
        assert.include(textOf(events), "after it")
        assert.strictEqual(count(events, "Malformed"), 0)
      })
    )

    it.effect("rule 13: a flood on stderr does not stop the agent", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        assert.strictEqual(
          (yield* session.ask("[[fault:stderr-flood=2000000]] [[text:still here]]")).text,
          "still here"
        )
      })
    )

    it.effect("an unknown request of the agent is answered with an error, so that it does not hang [asm-83]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        assert.strictEqual((yield* session.ask("[[fault:unknown-control-request]] [[text:fine]]")).text, "fine")
      })
    )

    it.effect(
      "a crash ends the running turn and each queued one with the code and the last words [cc-52] [asm-39] [cc-101]",
      () =>
        Effect.gen(function* () {
          const session = yield* Fake.open()
          const turns = yield* Effect.forEach(["[[fault:crash=7]] [[text:x]]", "b", "c"], (prompt) =>
            Effect.forkChild(Effect.flip(session.ask(prompt)), { startImmediately: true })
          )
          for (const fiber of turns) {
            const { reason } = yield* Fiber.join(fiber)
            assert.strictEqual(reason._tag, "ProcessExited")
            if (reason._tag === "ProcessExited") {
              assert.strictEqual(reason.code, 7)
              assert.notStrictEqual(reason.stderrTail, "")
            }
          }
          const later = yield* Fake.reasonOf(session.ask("d"))
          assert.strictEqual(later._tag, "ProcessExited")
          assert.deepStrictEqual(yield* session.status, { _tag: "Closed", reason: "exited" })
          assert.strictEqual((yield* session.health)._tag, "Unhealthy")
        })
    )

    it.effect("a death by signal is told as a signal, with what was said until then", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const error = yield* Effect.flip(session.ask("[[fault:kill]] [[text:some words]]"))
        assert.strictEqual(error.reason._tag === "ProcessExited" ? error.reason.signal : "", "SIGKILL")
        assert.notStrictEqual(error.result?.text, "")
      })
    )

    it.effect("rule 17: what was said before a crash is complete as far as it came", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const events = yield* Fake.turn(session, "[[fault:delta-no-snapshot]] [[text:one two three]]")
        const completed = events.find((event) => event._tag === "TextCompleted")
        assert.strictEqual(completed?._tag === "TextCompleted" ? completed.text : "", textOf(events))
      })
    )

    it.effect("an agent that closes its stdout is over", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { timeouts: { shutdown: "1 second" } })
        const exit = yield* Effect.exit(session.ask("[[fault:close-stdout]] [[text:x]]"))
        assert.isTrue(Exit.isFailure(exit))
      })
    )
  })

  describe("interrupt and leaving", () => {
    it.effect(
      "rule 4: a stream that is left early interrupts the agent, and the next turn gets only its own [cc-50] [asm-54]",
      () =>
        Effect.gen(function* () {
          const session = yield* Fake.open()
          yield* Stream.runDrain(Stream.take(session.stream(slow("old ")), 4))
          const events = yield* Fake.turn(session, "[[text:new]]")
          assert.strictEqual(textOf(events), "new")
          assert.deepStrictEqual(
            (yield* session.history).map((result) => result.outcome._tag),
            ["Interrupted", "Completed"]
          )
        })
    )

    it.effect("rule 4: an agent that ignores the interrupt is replaced, and the conversation goes on [asm-56]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { timeouts: { interrupt: "300 millis" } })
        yield* session.ask("My name is Alice")
        const id = yield* session.id
        const fiber = yield* Effect.forkChild(Fake.turn(session, `[[fault:ignore-interrupt]] ${slow("word ")}`))
        yield* Fake.event(session, "TextDelta", (event) => event.text.startsWith("word"))
        assert.strictEqual(yield* session.interrupt, "Escalated")
        assert.strictEqual(tags(yield* Fiber.join(fiber)).at(-1), "TurnEnded")
        assert.strictEqual((yield* session.ask("[[text:here again]]")).text, "here again")
        assert.strictEqual((yield* session.ask("What is my name?")).text, "Your name is Alice.")
        assert.deepStrictEqual(yield* session.id, id)
      })
    )

    it.effect("rule 8: an interrupt settles though nobody reads what floods in", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { buffer: 256 * 1024 })
        yield* Effect.forkChild(
          Stream.runForEach(session.stream("[[fault:flood]] [[text:x]]"), () => Effect.never),
          { startImmediately: true }
        )
        yield* Fake.event(session, "Notice", (notice) => notice.code === "reader-paused")
        assert.strictEqual(yield* session.interrupt, "Interrupted")
      })
    )

    it.effect("rule 8: no character is lost when the reader is slow", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { buffer: 64 * 1024 })
        let text = ""
        yield* session.stream("[[fault:flood=20000]] [[text:x]]").pipe(
          Stream.runForEachArray((events) =>
            Effect.andThen(
              Effect.sync(() => (text += textOf(events))),
              Effect.yieldNow
            )
          )
        )
        const [result] = yield* session.history
        assert.strictEqual(text, result?.text)
        assert.isAbove(text.length, 20_000)
      })
    )
  })

  describe("permissions", () => {
    const bash = '[[tool:Bash {"command":"echo one"}]] [[text:done]]'

    it.effect(
      "rule 18: without a handler the surface is not offered and the agent denies by itself [cc-22] [asm-76]",
      () =>
        Effect.gen(function* () {
          const session = yield* Fake.open()
          const events = yield* Fake.turn(session, bash)
          assert.strictEqual(count(events, "PermissionRequested"), 0)
          const ended = events.find((event) => event._tag === "ToolEnded")
          assert.strictEqual(ended?._tag === "ToolEnded" ? ended.status : "", "denied")
          assert.notInclude(JSON.stringify((yield* session.home.record)[0]?.argv), "permission-prompt-tool")
        })
    )

    it.effect("rule 18: an allow always echoes the input, also on the old version [asm-78]", () =>
      Effect.gen(function* () {
        for (const version of ["2.1.329", "2.1.197"]) {
          const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: version }, { permissions: Permission.allowAll })
          const { toolCalls } = yield* session.ask(bash)
          assert.deepStrictEqual([toolCalls[0]?.status, toolCalls[0]?.output], ["ok", "one"], version)
        }
      })
    )

    it.effect("rule 18: a handler that fails, dies or is late denies, and the session goes on [cc-92] [asm-77]", () =>
      Effect.gen(function* () {
        const handlers: ReadonlyArray<Permission.Handler> = [
          () => Effect.fail("no"),
          () => Effect.die(new Error("bug")),
          () => Effect.never
        ]
        for (const permissions of handlers) {
          const session = yield* Fake.open(undefined, { permissions, timeouts: { permission: "200 millis" } })
          const { text, toolCalls } = yield* session.ask(bash)
          assert.deepStrictEqual([toolCalls[0]?.status, text], ["denied", "done"])
        }
      })
    )

    it.effect("rule 18: a request that is taken back interrupts its handler and gets no answer [cc-84] [asm-80]", () =>
      Effect.gen(function* () {
        const thinking = yield* Deferred.make<void>()
        const interrupted = yield* Deferred.make<void>()
        const session = yield* Fake.open(undefined, {
          permissions: () =>
            Effect.andThen(Deferred.succeed(thinking, undefined), Effect.never).pipe(
              Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
            )
        })
        const turn = yield* Effect.forkChild(Fake.turn(session, bash), { startImmediately: true })
        yield* Deferred.await(thinking)
        // The CLI takes back what it asked when its turn is stopped.
        yield* session.interrupt
        const resolved = (yield* Fiber.join(turn)).flatMap((event) =>
          event._tag === "PermissionResolved" ? [event.by] : []
        )
        assert.deepStrictEqual(resolved, ["withdrawn"])
        yield* Deferred.await(interrupted)
        const answers = (yield* session.home.record).filter((line) => JSON.stringify(line).includes("behavior"))
        assert.strictEqual(answers.length, 0)
      })
    )

    it.effect("requests run side by side and answers find theirs, in reverse order too [asm-81]", () =>
      Effect.gen(function* () {
        const order: Array<string> = []
        const session = yield* Fake.open(undefined, {
          permissions: (request) => {
            const first = JSON.stringify(request.input).includes("first")
            return Effect.sync(() => {
              order.push(first ? "first" : "second")
              return first ? Permission.deny("not the first") : Permission.allow()
            }).pipe(Effect.delay(first ? "100 millis" : "1 millis"))
          }
        })
        const { toolCalls } = yield* session.ask(
          '[[fault:parallel-asks]] [[tool:Bash {"command":"echo first"} ;; tool:Bash {"command":"echo second"}]] [[text:done]]'
        )
        assert.deepStrictEqual(order, ["second", "first"])
        assert.deepStrictEqual(
          toolCalls.map((call) => call.status),
          ["denied", "ok"]
        )
      })
    )

    it.effect("rule 18: what is no decision, or changes the input to no object, denies", () =>
      Effect.gen(function* () {
        const undecided: Permission.Policy = () => Effect.succeed(undefined)
        // As JavaScript would pass it: a policy that leaves the request to nobody.
        const handlers = [
          undecided as Permission.Handler,
          () => Effect.succeed(Permission.allow({ input: "echo safe" }))
        ]
        for (const permissions of handlers) {
          const session = yield* Fake.open(undefined, { permissions })
          const { text, toolCalls } = yield* session.ask(bash)
          assert.deepStrictEqual([toolCalls[0]?.status === "ok", text], [false, "done"])
        }
      })
    )

    it.effect("deny with stopTurn ends the turn as an interrupt of ours [asm-79]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, {
          permissions: () => Effect.succeed(Permission.deny("stop", { stopTurn: true }))
        })
        assert.strictEqual((yield* Fake.reasonOf(session.ask(bash)))._tag, "Interrupted")
        assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      })
    )

    it.effect("rule 7: the idle clock stands still while a handler thinks", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, {
          permissions: () => Effect.delay(Effect.succeed(Permission.allow()), "700 millis"),
          timeouts: { idle: "300 millis" }
        })
        assert.strictEqual((yield* session.ask(bash)).text, "done")
      })
    )
  })

  describe("control", () => {
    it.effect("model and mode change when the agent says so, not before [cc-82] [asm-86]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        yield* session.setPermissionMode("acceptEdits")
        yield* session.setModel("haiku")
        const { model, permissionMode } = yield* session.summary
        assert.deepStrictEqual(permissionMode, Option.some("acceptEdits"))
        assert.isTrue(Option.isSome(model))
        const refused = yield* Fake.reasonOf(session.setPermissionMode("bypassPermissions"))
        assert.strictEqual(refused._tag, "ControlFailed")
        assert.deepStrictEqual((yield* session.summary).permissionMode, Option.some("acceptEdits"))
      })
    )

    it.effect("a request this version does not know is Unsupported", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: "2.1.197" })
        assert.strictEqual((yield* Fake.reasonOf(session.control("list_models", {})))._tag, "Unsupported")
      })
    )

    it.effect(
      "rule 7: a request without an answer fails and health is Degraded; the second replaces the process [cc-101]",
      () =>
        Effect.gen(function* () {
          const session = yield* Fake.open(
            { FAKE_CLAUDE_FAULT: "no-control-reply=set_model" },
            { timeouts: { control: "200 millis" } }
          )
          yield* session.ask("My name is Alice")
          assert.strictEqual((yield* Fake.reasonOf(session.setModel("a")))._tag, "ControlTimeout")
          assert.strictEqual((yield* session.health)._tag, "Degraded")
          assert.strictEqual((yield* Fake.reasonOf(session.setModel("b")))._tag, "ControlTimeout")
          yield* Fake.event(session, "Notice", (notice) => notice.code === "process-replaced")
          assert.strictEqual((yield* session.ask("What is my name?")).text, "Your name is Alice.")
        })
    )

    it.effect("rule 8: after a replaced process a slow reader holds the agent back again", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { buffer: 64 * 1024, timeouts: { interrupt: "200 millis" } })
        yield* Effect.forkChild(Fake.turn(session, `[[fault:ignore-interrupt]] ${slow("word ")}`))
        yield* Fake.event(session, "TextDelta")
        assert.strictEqual(yield* session.interrupt, "Escalated")
        yield* Effect.forkChild(
          Stream.runForEach(session.stream("[[fault:flood]] [[text:x]]"), () => Effect.never),
          { startImmediately: true }
        )
        yield* Fake.event(session, "Notice", (notice) => notice.code === "reader-paused")
        assert.strictEqual(yield* session.interrupt, "Interrupted")
      })
    )

    it.effect("clear forgets the conversation, also where answers have a form [cc-102]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(undefined, { outputSchema: Schema.Struct({ word: Schema.String }) })
        yield* Fake.turn(session, "My name is Alice")
        const before = yield* session.id
        yield* session.clear
        assert.notDeepEqual(yield* session.id, before)
      })
    )

    it.effect("quiescent waits for the turn that runs, and fails when the session is over", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        yield* session.quiescent
        yield* Effect.forkChild(session.ask("[[text deltas=20 delay=5:one two three]]"), { startImmediately: true })
        yield* session.quiescent
        assert.strictEqual((yield* session.history).length, 1)
        yield* session.close
        assert.strictEqual((yield* Fake.reasonOf(session.quiescent))._tag, "SessionClosed")
      })
    )

    it.effect("what did not change is no news", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const first = yield* Fake.turn(session, "[[text:one]]")
        const second = yield* Fake.turn(session, "[[text:two]]")
        assert.deepStrictEqual([count(first, "SessionUpdated"), count(second, "SessionUpdated")], [1, 0])
      })
    )

    it.effect("messages are the frames as they came, replies included, none lost", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open()
        const reader = yield* Effect.forkChild(
          session.messages.pipe(
            Stream.takeUntil((message) => !ClaudeMessage.isUnknown(message) && message.type === "result"),
            Stream.runCollect
          ),
          { startImmediately: true }
        )
        yield* session.ask("[[text:Hello world]]")
        const types = (yield* Fiber.join(reader)).map((message) =>
          ClaudeMessage.isUnknown(message) ? "?" : message.type
        )
        assert.includeMembers([...types], ["system", "stream_event", "assistant", "result"])
      })
    )
  })

  describe("conversations", () => {
    it.effect("rule 20: resume and continue go on, fork leaves the parent alone [asm-102]", () =>
      Effect.gen(function* () {
        const first = yield* Fake.open()
        yield* first.ask("My name is Alice")
        const id = Option.getOrThrow(yield* first.id)
        yield* first.close
        const at = first.home.options()
        for (const start of [{ resume: id }, { continue: true }] as const) {
          const session = yield* ClaudeSession.make({ ...at, start })
          assert.strictEqual((yield* session.ask("What is my name?")).text, "Your name is Alice.")
          assert.deepStrictEqual(yield* session.id, Option.some(id))
          yield* session.close
        }
        const fork = yield* ClaudeSession.make({ ...at, start: { resume: id, fork: true } })
        assert.strictEqual((yield* fork.ask("What is my name?")).text, "Your name is Alice.")
        assert.notDeepEqual(yield* fork.id, Option.some(id))
      })
    )

    it.effect("rule 20: an unknown id is SessionNotFound before anything is started [cc-41] [asm-99]", () =>
      Effect.gen(function* () {
        const at = yield* Fake.home
        const reason = yield* Fake.reasonOf(
          ClaudeSession.make({ ...at.options(), start: { resume: "11111111-1111-4111-8111-111111111111" } })
        )
        assert.strictEqual(reason._tag, "SessionNotFound")
        const nothing = yield* Fake.reasonOf(ClaudeSession.make({ ...at.options(), start: { continue: true } }))
        assert.strictEqual(nothing._tag, "SessionNotFound")
        assert.isTrue(Exit.isFailure(yield* Effect.exit(at.record)), "nothing ran")
      })
    )

    it.effect("rule 20: another conversation than the one asked for is ContinuityLost", () =>
      Effect.gen(function* () {
        const first = yield* Fake.open()
        yield* first.ask("My name is Alice")
        const id = Option.getOrThrow(yield* first.id)
        yield* first.close
        const session = yield* ClaudeSession.make({
          ...first.home.options({ FAKE_CLAUDE_FAULT: "session-id-drift" }),
          start: { resume: id }
        })
        assert.strictEqual((yield* Fake.reasonOf(session.ask("What is my name?")))._tag, "ContinuityLost")
      })
    )

    it.effect("rule 19: a conversation is open once; closing frees it", () =>
      Effect.gen(function* () {
        const first = yield* Fake.open()
        yield* first.ask("hello")
        const start = { resume: Option.getOrThrow(yield* first.id) }
        const again = ClaudeSession.make({ ...first.home.options(), start })
        assert.strictEqual((yield* Fake.reasonOf(again))._tag, "SessionInUse")
        yield* first.close
        yield* (yield* again).close
      })
    )

    it.effect("rule 6: a resumed conversation bills the first turn for itself alone", () =>
      Effect.gen(function* () {
        const first = yield* Fake.open()
        const one = yield* first.ask("My name is Alice")
        const start = { resume: Option.getOrThrow(yield* first.id) }
        yield* first.close
        const session = yield* ClaudeSession.make({ ...first.home.options(), start })
        const two = yield* session.ask("What is my name?")
        assert.closeTo(
          Option.getOrThrow(two.cost),
          Option.getOrThrow(one.cost),
          Option.getOrThrow(one.cost) / 2,
          "not twice as much"
        )
      })
    )

    it.effect("rule 11: prompts, system prompts and secrets are not on the command line [cc-17] [asm-117]", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open({ ANTHROPIC_API_KEY: "sk-ant-secret" }, { systemPrompt: "You are terse." })
        yield* session.ask('--model=x $(rm -rf /) "quoted"')
        const lines = (yield* session.home.record).map((line) => JSON.stringify(line))
        const argv = JSON.stringify((yield* session.home.record)[0]?.argv)
        assert.notInclude(argv, "terse")
        assert.notInclude(argv, "secret")
        assert.notInclude(argv, "quoted")
        assert.isTrue(lines.some((line) => line.includes("You are terse.")))
      })
    )

    it.effect("rule 12: the environment is whole, without what would make it a nested agent [cc-13] [cc-14]", () =>
      Effect.gen(function* () {
        const at = yield* Fake.home
        const { env } = at.options({ ONLY: "this", CLAUDE_CODE_ENTRYPOINT: "test" })
        const session = yield* ClaudeSession.make({ cwd: at.dir, env: { base: { only: ["PATH"] }, set: env.set } })
        yield* session.ask("hello")
        const seen = (yield* at.record)[0]?.env
        assert.isObject(seen)
        assert.containsAllKeys(seen, ["PATH", "ONLY", "CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS"])
        assert.notProperty(seen, "CLAUDECODE")
        assert.notProperty(seen, "NODE_OPTIONS")
        assert.notProperty(seen, "VITEST")
      })
    )
  })

  describe("close", () => {
    it.effect("rule 9: a tool in a session of its own does not survive an agent that ignores everything", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open(
          { FAKE_CLAUDE_FAULT: "ignore-eof,ignore-term" },
          { permissions: Permission.allowAll, timeouts: { shutdown: "2 seconds" } }
        )
        yield* Effect.forkChild(Effect.exit(session.ask('[[tool:Bash {"command":"exec sleep 1000"}]]')))
        yield* Fake.event(session, "PermissionResolved")
        yield* session.close
        const children = (yield* session.home.record).flatMap((line) =>
          typeof line.child === "number" ? [line.child] : []
        )
        for (const pid of children) assert.throws(() => process.kill(pid, 0))
      })
    )

    it.effect(
      "a stream that runs fails with SessionClosed, once; close may be called any number of times [cc-54] [asm-6]",
      () =>
        Effect.gen(function* () {
          const session = yield* Fake.open()
          const fiber = yield* Effect.forkChild(Effect.flip(Stream.runDrain(session.stream(slow("word ")))))
          yield* Fake.event(session, "TextDelta")
          yield* Effect.all(
            Array.from({ length: 10 }, () => session.close),
            { concurrency: "unbounded" }
          )
          assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "SessionClosed")
          const events = yield* Stream.runCollect(session.events)
          assert.strictEqual(count(events, "SessionEnded"), 1)
          assert.strictEqual(events.at(-1)?._tag, "SessionEnded")
          assert.strictEqual((yield* Fake.reasonOf(session.ask("more")))._tag, "SessionClosed")
        })
    )
  })
})
