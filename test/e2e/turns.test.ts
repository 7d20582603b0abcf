import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Prompt from "effect-agent-session/Prompt"
import * as Session from "effect-agent-session/Session"
import { bodies, claude, collect, failure, only, tags, until } from "./support.ts"

describe("a turn of the real CLI", () => {
  claude("an answer comes piece by piece, and the pieces are the answer [cc-48] [asm-43]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const events = yield* collect(session.stream("[[text deltas=5:Hello,  wonderful\n world ]]"))
      assert.strictEqual(tags(events)[0], "TurnStarted")
      const pieces = only(events, "TextDelta").map((event) => event.text)
      assert.strictEqual(pieces.length, 5)
      assert.strictEqual(pieces.join(""), "Hello,  wonderful\n world ")
      assert.deepStrictEqual(
        only(events, "TextCompleted").map((event) => event.text),
        ["Hello,  wonderful\n world "]
      )
      const last = events.at(-1)
      assert(last?._tag === "TurnEnded")
      assert.strictEqual(last.result.outcome._tag, "Completed")
      assert.strictEqual(last.result.text, "Hello,  wonderful\n world ")
      assert.strictEqual(last.result.stopReason, "end_turn")
      assert.deepInclude(last.result.usage, { inputTokens: 10, outputTokens: 20 })
    })
  )

  claude("rule 17: without partial messages the text comes in one piece [asm-43]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, partialMessages: false })
      const events = yield* collect(session.stream("[[text deltas=5:Hello world]]"))
      assert.deepStrictEqual(
        only(events, "TextDelta").map((event) => event.text),
        ["Hello world"]
      )
      assert.deepStrictEqual(
        only(events, "TextCompleted").map((event) => event.text),
        ["Hello world"]
      )
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "Hello world")
    })
  )

  claude("thinking is told apart from the answer", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const events = yield* collect(session.stream("[[thinking:let me see ;; text:42]]"))
      const thought = only(events, "ReasoningDelta").map((event) => event.text)
      assert.strictEqual(thought.join(""), "let me see")
      assert.deepStrictEqual(
        only(events, "ReasoningCompleted").map((event) => event.text),
        ["let me see"]
      )
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "42")
    })
  )

  claude("rule 2: a tool runs in the middle of a turn, which goes on to its result [asm-29]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const events = yield* collect(
        session.stream(`[[text:Look: ;; tool:Bash {"command":"echo from the shell"}]] [[text:done]]`)
      )
      const kinds = new Set(["ToolInputDelta", "ToolStarted", "ToolEnded", "TextCompleted", "TurnEnded"])
      assert.deepStrictEqual(
        tags(events).filter((tag, index, all) => kinds.has(tag) && all[index - 1] !== tag),
        ["TextCompleted", "ToolInputDelta", "ToolStarted", "ToolEnded", "TextCompleted", "TurnEnded"]
      )
      const input = only(events, "ToolInputDelta").map((event) => event.json)
      assert.deepStrictEqual(JSON.parse(input.join("")), { command: "echo from the shell" })
      const result = only(events, "TurnEnded")[0]?.result
      assert.strictEqual(result?.text, "Look:done")
      assert.deepStrictEqual(
        result?.toolCalls.map(({ input, name, output, status }) => ({ input, name, output, status })),
        [{ name: "Bash", input: { command: "echo from the shell" }, status: "ok", output: "from the shell" }]
      )
    })
  )

  claude("a conversation is one process, and remembers [cc-46]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const { pid } = yield* session.serverInfo
      yield* session.ask("My name is Alice")
      const { text } = yield* session.ask("What is my name?")
      assert.strictEqual(text, "Your name is Alice.")
      assert.strictEqual((yield* session.serverInfo).pid, pid)
      const summary = yield* session.summary
      assert.strictEqual(summary.turns, 2)
      assert.deepInclude(summary.usage, { inputTokens: 20, outputTokens: 40 })
    })
  )

  claude(
    "rule 4: after a stream that was left early the next turn gets only its own events [cc-50] [asm-54]",
    ({ base }) =>
      Effect.gen(function* () {
        const session = yield* Session.make(base)
        const first = yield* until(session.stream("[[text deltas=100 delay=20:first first first]]"), "TextDelta")
        const events = yield* collect(session.stream("[[text:second]]"))
        const turns = new Set(events.map((event) => event.turnId))
        assert.strictEqual(turns.size, 1)
        assert.isFalse(turns.has(first.turnId))
        assert.strictEqual(
          only(events, "TextDelta")
            .map((event) => event.text)
            .join(""),
          "second"
        )
        assert.deepStrictEqual(
          (yield* session.history).map((turn) => turn.outcome._tag),
          ["Interrupted", "Completed"]
        )
      })
  )

  claude("rule 1: three turns at once are answered one after the other, each with its own [cc-43]", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const results = yield* Effect.all(
        ["one", "two", "three"].map((word) => session.ask(`[[text:${word}]]`)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        results.map((result) => result.text),
        ["one", "two", "three"]
      )
      assert.strictEqual(bodies(api).length, 3)
    })
  )

  claude(
    "rule 1: a queued turn that is cancelled is never sent [cc-51] [asm-52]",
    ({ api, base, bash, release, running }) =>
      Effect.gen(function* () {
        const session = yield* Session.make(base)
        const first = yield* Effect.forkChild(session.ask(bash))
        yield* running
        const second = yield* Effect.forkChild(session.ask("[[text:never asked]]"), { startImmediately: true })
        yield* Fiber.interrupt(second)
        yield* release
        assert.strictEqual((yield* Fiber.join(first)).text, "done")
        assert.strictEqual((yield* session.ask("[[text:third]]")).text, "third")
        assert.notInclude(JSON.stringify(api.requests), "never asked")
      })
  )

  claude("a turn that reaches maxTurns says so, and the session goes on [asm-33]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, maxTurns: 1 })
      const error = yield* failure(session.ask(`[[text:half ;; tool:Bash {"command":"true"}]] [[text:never]]`))
      assert.deepInclude(error.reason, { _tag: "LimitReached", which: "turns" })
      assert.strictEqual(error.result?.text, "half")
      assert.isTrue(Option.isSome(error.result?.cost ?? Option.none()))
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
    })
  )

  claude("what is said into a running turn is part of it", ({ base, bash, release, running }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      if (!session.capabilities.steer) return
      const turn = yield* Effect.forkChild(session.ask(bash))
      yield* running
      const taken = yield* session.messages.pipe(
        Stream.filter((message) => "type" in message && message.type === "command_lifecycle"),
        Stream.take(1),
        Stream.runDrain,
        Effect.forkChild({ startImmediately: true })
      )
      yield* session.steer("[[text:as you wish]]")
      yield* Fiber.join(taken)
      yield* release
      assert.strictEqual((yield* Fiber.join(turn)).text, "as you wish")
      assert.strictEqual((yield* session.summary).turns, 1)
    })
  )

  claude("a cleared session goes on with a new id and knows nothing [cc-102]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      yield* session.ask("My name is Alice")
      const before = yield* session.id
      yield* session.clear
      const { sessionId, text } = yield* session.ask("What is my name?")
      assert.strictEqual(text, "I do not know your name.")
      const after = yield* session.id
      assert.notStrictEqual(Option.getOrThrow(after), Option.getOrThrow(before))
      assert.strictEqual(sessionId, Option.getOrThrow(after))
    })
  )

  claude(
    "rule 2: a turn that the agent begins by itself is nobody's answer [cc-55] [asm-30]",
    ({ background, base, release, running }) =>
      Effect.gen(function* () {
        const session = yield* Session.make(base)
        const events = yield* session.subscribe
        const { turnId } = yield* session.ask(background)
        yield* running
        yield* release
        const own = events.pipe(Stream.filter((event) => event._tag !== "TurnStarted" || event.origin === "agent"))
        const started = yield* until(own, "TurnStarted")
        assert.notStrictEqual(started.turnId, turnId)
        assert.strictEqual((yield* session.ask("[[text:mine]]")).text, "mine")
        yield* session.quiescent
        assert.deepStrictEqual(
          (yield* session.history).map((turn) => [turn.userMessageId !== undefined, turn.text]),
          [
            [true, "done"],
            [false, "Noted."],
            [true, "mine"]
          ]
        )
      })
  )

  claude("rule 8: a reader that stays away holds the agent back, and misses no character [asm-28]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, buffer: 16_384 })
      const observed = yield* session.subscribe
      const paused = yield* Effect.forkChild(
        until(
          observed.pipe(Stream.filter((event) => event._tag !== "Notice" || event.code === "reader-paused")),
          "Notice"
        ),
        { startImmediately: true }
      )
      let text = ""
      yield* session.stream("[[text deltas=400 repeat=40000:0123456789]]").pipe(
        Stream.rechunk(1),
        Stream.runForEach((event) => {
          if (event._tag === "TextDelta") text += event.text
          return event._tag === "TurnStarted" ? Fiber.join(paused) : Effect.void
        })
      )
      assert.strictEqual(text, "0123456789".repeat(40_000))
    })
  )

  claude("what a subagent says and does is told apart from the answer [cc-65] [asm-48]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, allowedTools: ["Bash", "Agent"] })
      const input = {
        description: "look",
        subagent_type: "general-purpose",
        run_in_background: false,
        prompt: `[[tool:Bash {"command":"echo from below"}]] [[text:inner]]`
      }
      const events = yield* collect(session.stream(`[[tool:Agent ${JSON.stringify(input)}]] [[text:outer]]`))
      const result = only(events, "TurnEnded")[0]?.result
      assert.strictEqual(result?.text, "outer")
      assert.deepStrictEqual(
        result?.toolCalls.map(({ name, status }) => [name, status]),
        [["Agent", "ok"]]
      )
      assert.include(JSON.stringify(result?.toolCalls[0]?.output), "inner")
      const below = only(events, "ToolStarted").find((event) => event.name === "Bash")
      assert.strictEqual(below?.parentToolId, result?.toolCalls[0]?.toolId)
    })
  )

  claude("a picture in a prompt reaches the model", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
      const { text } = yield* session.ask([Prompt.text("[[text:a dot]]"), Prompt.image("image/png", png)])
      assert.strictEqual(text, "a dot")
      assert.include(JSON.stringify(bodies(api)[0]?.["messages"]), '"media_type":"image/png"')
    })
  )
})
