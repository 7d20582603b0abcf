import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { AgentAdapter, AgentError, AgentEvent, StreamSession } from "effect-agent-session"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "./support/fakeRig.ts"

const slow = `[[text deltas=400 delay=5:${"word ".repeat(400)}]]`
const tags = (events: ReadonlyArray<AgentEvent.AgentEvent>) => events.map((event) => event._tag)

/** The processes that a home's sessions ran, by what they recorded. */
const started = (home: Fake.Home) =>
  home.record.pipe(
    Effect.map((lines) => lines.filter((line) => "argv" in line).length),
    Effect.catchDefect(() => Effect.succeed(0))
  )

/** What is still alive of this home: the fake has its record in the environment. */
const alive = Effect.fnUntraced(function* (home: Fake.Home) {
  const fs = yield* FileSystem.FileSystem
  const pids = (yield* Effect.orDie(fs.readDirectory("/proc"))).filter((name) => /^\d+$/.test(name))
  const mine = yield* Effect.filter(pids, (pid) =>
    fs.readFileString(`/proc/${pid}/environ`).pipe(
      Effect.map((environ) => environ.includes(home.dir)),
      Effect.orElseSucceed(() => false)
    )
  )
  return mine.length
})

layer(Fake.layer, { excludeTestServices: true })("StreamSession", (it) => {
  it.effect("a run begins with the session, ends with the turn, and leaves no process [asm-1]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const events = yield* Stream.runCollect(StreamSession.stream({ prompt: "[[text:hi]]", ...home.options() }))
      assert.strictEqual(events[0]?._tag, "SessionStarted")
      assert.strictEqual(events[1]?._tag, "TurnStarted")
      assert.strictEqual(events.at(-1)?._tag, "TurnEnded")
      assert.strictEqual(yield* alive(home), 0)
    })
  )

  it.effect("nothing is started before it is run, and each run is an agent of its own [asm-2] [asm-3]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const stream = StreamSession.stream({ prompt: "[[text:hi]]", ...home.options() })
      assert.strictEqual(yield* started(home), 0)
      yield* Stream.runDrain(stream)
      yield* Stream.runDrain(stream)
      assert.strictEqual(yield* started(home), 2)
    })
  )

  it.effect("leaving early, failing, dying and being interrupted all leave no process [asm-4] [asm-5]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const stream = StreamSession.stream({ prompt: slow, ...home.options() })
      yield* Stream.runDrain(Stream.take(stream, 3))
      assert.strictEqual(yield* alive(home), 0)

      const failed = yield* Effect.exit(Stream.runForEach(stream, () => Effect.fail("consumer")))
      assert.deepStrictEqual(failed, Exit.fail("consumer"))
      const died = yield* Effect.exit(Stream.runForEach(stream, () => Effect.die("bug")))
      assert.isTrue(Exit.hasDies(died))
      assert.strictEqual(yield* alive(home), 0)

      const first = yield* Deferred.make<void>()
      const fiber = yield* Effect.forkChild(Stream.runForEach(stream, () => Deferred.succeed(first, undefined)))
      yield* Deferred.await(first)
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(yield* alive(home), 0)
    })
  )

  it.effect("it may be read in another fiber than the one that built it [asm-11]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const stream = StreamSession.stream({ prompt: "[[text:hi]]", ...home.options() })
      const fiber = yield* Effect.forkChild(AgentEvent.text(stream))
      assert.strictEqual(yield* Fiber.join(fiber), "hi")
    })
  )

  it.effect("an adapter from the context is borrowed: it serves the next run [asm-8]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const adapter = yield* AgentAdapter.AgentAdapter
      yield* Stream.runDrain(StreamSession.stream({ prompt: "[[text:hi]]", ...home.options() }))
      assert.strictEqual(yield* AgentAdapter.AgentAdapter, adapter)
      const { text } = yield* StreamSession.ask({ prompt: "[[text:again]]", ...home.options() })
      assert.strictEqual(text, "again")
    })
  )

  it.effect("what streamWith opens it closes", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const open = ClaudeSession.make({ ...home.options(), addDirs: [home.dir] })
      const events = yield* Stream.runCollect(StreamSession.streamWith(open, { prompt: "[[text:hi]]" }))
      assert.strictEqual(events[0]?._tag, "SessionStarted")
      assert.strictEqual(yield* alive(home), 0)
    })
  )

  it.effect("a failure fails the stream, after TurnEnded", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const events: Array<AgentEvent.AgentEvent> = []
      const error = yield* Effect.flip(
        StreamSession.stream({ prompt: "[[text:so far]] [[fault:crash=3]]", ...home.options() }).pipe(
          Stream.runForEach((event) => Effect.sync(() => events.push(event)))
        )
      )
      assert.strictEqual(error.reason._tag, "ProcessExited")
      assert.strictEqual(tags(events).at(-1), "TurnEnded")
      assert.isDefined(error.result)
    })
  )

  it.effect("with errors: event, each of the four causes is one last event and a normal end", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const options = { errors: "event", ...home.options() } as const
      const streams = {
        adapter: StreamSession.stream({ ...options, prompt: "x", start: { continue: true } }),
        killed: StreamSession.stream({ ...options, prompt: "[[fault:kill]] [[text:x]]" }),
        defect: StreamSession.streamWith(Effect.die(new Error("bug in an opener")), { prompt: "x", errors: "event" }),
        idle: StreamSession.stream({ ...options, prompt: "[[fault:silence]]", timeouts: { idle: "200 millis" } })
      }
      const expected = {
        adapter: "SessionNotFound",
        killed: "ProcessExited",
        defect: "TurnFailed",
        idle: "IdleTimeout"
      }
      for (const [cause, stream] of Object.entries(streams)) {
        const events = yield* Stream.runCollect(stream)
        const last = events.at(-1)
        assert.strictEqual(events.filter((event) => event._tag === "ErrorOccurred").length, 1, cause)
        assert.strictEqual(
          last?._tag === "ErrorOccurred" ? last.error.reason._tag : "",
          Object.entries(expected).find(([name]) => name === cause)?.[1]
        )
      }
      assert.strictEqual(yield* alive(home), 0)
    })
  )

  it.effect("rule 7: a turn that chatters for ever ends at timeouts.turn [asm-67]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const error = yield* Effect.flip(
        StreamSession.ask({ prompt: slow, ...home.options(), timeouts: { turn: "300 millis" } })
      )
      assert.deepStrictEqual(error.reason, new AgentError.TurnTimeout({ millis: 300 }))
    })
  )

  it.effect("ask decodes the structured answer, and a wrong one is typed [asm-49]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const outputSchema = Schema.Struct({ word: Schema.String })
      const ask = (answer: string) =>
        StreamSession.ask({
          prompt: `[[tool:StructuredOutput ${answer}]] [[text:done]]`,
          ...home.options(),
          outputSchema
        })
      assert.deepStrictEqual((yield* ask('{"word":"yes"}')).output, { word: "yes" })
      const missing = yield* Fake.reasonOf(
        StreamSession.ask({ prompt: "[[text:no tool]]", ...home.options(), outputSchema })
      )
      assert.strictEqual(missing._tag, "StructuredOutputInvalid")
    })
  )

  it.effect("rule 8: start is hot: its result comes though nobody reads, and the events are there afterwards", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const one = yield* StreamSession.start({ prompt: "[[text:hi]]", ...home.options() })
      assert.strictEqual((yield* one.result).text, "hi")
      const events = yield* Stream.runCollect(one.events)
      assert.strictEqual(events[0]?._tag, "SessionStarted")
      assert.strictEqual(events.at(-1)?._tag, "TurnEnded")
      assert.strictEqual(one.meta.agent, "claude")
      assert.notStrictEqual(one.meta.sessionKey, "")
    })
  )

  it.effect("rule 8: an error that came before its reader is delivered, behind what was said [cc-53]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const one = yield* StreamSession.start({ prompt: "[[fault:delta-no-snapshot=3]] [[text:hi]]", ...home.options() })
      assert.strictEqual((yield* Fake.reasonOf(one.result))._tag, "ProcessExited")
      const seen: Array<AgentEvent.AgentEvent> = []
      const read = Stream.runForEach(one.events, (event) => Effect.sync(() => seen.push(event)))
      assert.strictEqual((yield* Fake.reasonOf(read))._tag, "ProcessExited")
      assert.includeMembers(tags(seen), ["SessionStarted", "TextDelta", "TurnEnded"])
      assert.strictEqual((yield* Fake.reasonOf(read))._tag, "ProcessExited")
    })
  )

  it.effect("who goes on reading a start later gets the rest", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const one = yield* StreamSession.start({ prompt: "[[text:hi]]", ...home.options() })
      yield* Stream.runDrain(Stream.takeUntil(one.events, (event) => event._tag === "SessionStarted"))
      yield* one.result
      assert.strictEqual((yield* Stream.runCollect(one.events)).at(-1)?._tag, "TurnEnded")
    })
  )

  it.effect("close ends a start at once, any number of times, from anywhere; nothing is left [asm-6] [asm-7]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const one = yield* StreamSession.start({ prompt: slow, ...home.options() })
      yield* Effect.all(
        Array.from({ length: 10 }, () => one.close),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(yield* alive(home), 0)
      assert.strictEqual((yield* Fake.reasonOf(one.result))._tag, "SessionClosed")
      assert.isTrue(Exit.isFailure(yield* Effect.exit(Stream.runDrain(one.events))))
    })
  )

  it.effect("a missing option or a bad value is InvalidOptions before anything is started [asm-10]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const bad = [
        { prompt: [], ...home.options() },
        { prompt: "x", ...home.options(), maxTurns: 0 },
        { prompt: "x", ...home.options(), timeouts: { idle: 0 } },
        { prompt: "x", ...home.options(), start: { sessionId: "not-a-uuid" } },
        { prompt: "x", ...home.options(), cwd: "" }
      ]
      for (const options of bad) {
        assert.strictEqual((yield* Fake.reasonOf(StreamSession.ask(options)))._tag, "InvalidOptions")
      }
      assert.strictEqual(yield* started(home), 0)
    })
  )
})
