import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as StreamSession from "effect-agent-session/StreamSession"
import * as fs from "node:fs"
import { claude, collect, failure, left, only, remnants, tags } from "./support.ts"

describe("a one-shot on the real CLI", () => {
  claude("it starts, answers, and leaves nothing [asm-1]", ({ base, home }) =>
    Effect.gen(function* () {
      const events = yield* collect(StreamSession.stream({ ...base, prompt: "[[text:Hello]]" }))
      yield* left(home)
      assert.strictEqual(tags(events)[0], "SessionStarted")
      assert.strictEqual(tags(events).at(-1), "TurnEnded")
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "Hello")
    })
  )

  claude(
    "nothing is started before the stream runs, and each run is an agent of its own [asm-2] [asm-3]",
    ({ base, home }) =>
      Effect.gen(function* () {
        const stream = StreamSession.stream({ ...base, prompt: "[[text:Hello]]" })
        yield* left(home)
        const runs = yield* Effect.all([collect(stream), collect(stream)], { concurrency: 2 })
        yield* left(home)
        assert.deepStrictEqual(
          runs.map((events) => only(events, "TurnEnded")[0]?.result.text),
          ["Hello", "Hello"]
        )
        assert.notStrictEqual(runs[0]?.[0]?.sessionId, runs[1]?.[0]?.sessionId)
      })
  )

  for (const [when, prompt] of [
    ["as soon as it has begun", "[[text deltas=1:half ;; silence]]"],
    ["before the first byte", "[[hang]]"]
  ] as const) {
    claude(`a reader that leaves ${when} leaves nothing behind [asm-4]`, ({ base, home }) =>
      Effect.gen(function* () {
        const events = yield* collect(StreamSession.stream({ ...base, prompt }).pipe(Stream.take(1)))
        yield* left(home)
        assert.deepStrictEqual(tags(events), ["SessionStarted"])
      })
    )
  }

  claude(
    "a reader that fails while Bash runs keeps its failure, and leaves nothing [asm-5]",
    ({ base, bash, home, running }) =>
      Effect.gen(function* () {
        const error = yield* StreamSession.stream({ ...base, prompt: bash }).pipe(
          Stream.mapEffect((event) =>
            event._tag === "ToolStarted" ? Effect.andThen(running, Effect.fail("mine" as const)) : Effect.void
          ),
          Stream.runDrain,
          Effect.flip
        )
        yield* left(home)
        assert.strictEqual(error, "mine")
      })
  )

  claude("a reader that is interrupted while Bash runs leaves nothing [asm-5]", ({ base, bash, home, running }) =>
    Effect.gen(function* () {
      const reader = yield* Effect.forkChild(collect(StreamSession.stream({ ...base, prompt: bash })))
      yield* running
      yield* Fiber.interrupt(reader)
      yield* left(home)
    })
  )

  claude("a failure is the last event when errors are events", ({ base }) =>
    Effect.gen(function* () {
      const seen = yield* collect(StreamSession.stream({ ...base, prompt: "[[error:404]]", errors: "event" }))
      assert.deepStrictEqual(tags(seen).slice(-2), ["TurnEnded", "ErrorOccurred"])
      assert.strictEqual(only(seen, "ErrorOccurred")[0]?.error.reason._tag, "ModelNotFound")
    })
  )

  claude("a start that fails is an event too, and the only one", ({ base }) =>
    Effect.gen(function* () {
      const options = { ...base, start: { continue: true }, prompt: "hi", errors: "event" } as const
      const seen = yield* collect(StreamSession.stream(options))
      assert.deepStrictEqual(tags(seen), ["ErrorOccurred"])
      assert.strictEqual(only(seen, "ErrorOccurred")[0]?.error.reason._tag, "SessionNotFound")
    })
  )

  claude("a failure fails the stream after the turn's last event", ({ base }) =>
    Effect.gen(function* () {
      const seen: Array<string> = []
      const error = yield* failure(
        StreamSession.stream({ ...base, prompt: "[[error:404]]" }).pipe(
          Stream.runForEach((event) => Effect.sync(() => seen.push(event._tag)))
        )
      )
      assert.strictEqual(error.reason._tag, "ModelNotFound")
      assert.strictEqual(seen.at(-1), "TurnEnded")
    })
  )

  claude("it can be asked for its result alone", ({ base, home }) =>
    Effect.gen(function* () {
      const { output } = yield* StreamSession.ask({
        ...base,
        outputSchema: Schema.Struct({ city: Schema.String }),
        prompt: `[[tool:StructuredOutput {"city":"Bern"}]] [[text:done]]`
      })
      yield* left(home)
      assert.strictEqual(output.city, "Bern")
    })
  )

  claude("rule 8: a started one runs while nobody reads, and its events wait", ({ base, home }) =>
    Effect.gen(function* () {
      const started = yield* StreamSession.start({ ...base, prompt: "[[text deltas=50:Hello]]" })
      assert.strictEqual((yield* started.result).text, "Hello")
      const events = yield* collect(started.events)
      assert.strictEqual(
        only(events, "TextDelta")
          .map((event) => event.text)
          .join(""),
        "Hello"
      )
      yield* started.close
      yield* left(home)
    })
  )

  claude("options that only this CLI has reach a one-shot by its opener", ({ base, cwd, home }) =>
    Effect.gen(function* () {
      const open = ClaudeSession.make({ ...base, settings: { permissions: { deny: ["Bash"] } } })
      const prompt = `[[tool:Bash {"command":"touch denied"}]] [[text:done]]`
      const events = yield* collect(StreamSession.streamWith(open, { prompt }))
      yield* left(home)
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "done")
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
    })
  )

  claude("two at once know nothing of one another [cc-49]", ({ base, home }) =>
    Effect.gen(function* () {
      const texts = yield* Effect.all(
        ["one", "two"].map((word) => StreamSession.ask({ ...base, prompt: `[[text:${word}]]` })),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        texts.map((result) => result.text),
        ["one", "two"]
      )
      assert.deepStrictEqual(remnants(home), [])
    })
  )
})
