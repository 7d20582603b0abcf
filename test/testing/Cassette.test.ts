/** Recordings of the fake CLI, played back to the adapter that made them. */
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { TestClock } from "effect/testing"
import { type AgentEvent, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { Cassette } from "effect-agent-session/testing"
import * as Fake from "../support/fakeRig.ts"

const recordTurns = Effect.fnUntraced(function* (
  prompts: ReadonlyArray<string>,
  options: Cassette.RecordOptions = {},
  variables?: { readonly [name: string]: string }
) {
  const home = yield* Fake.home
  const recorder = yield* Cassette.record(options)
  const adapter = ClaudeAdapter.layer({ executable: Fake.fakeClaude }).pipe(Layer.provide(recorder.layer))
  const results = yield* Effect.gen(function* () {
    const session = yield* Session.make(home.options(variables))
    return yield* Effect.forEach(prompts, (prompt) => Effect.result(session.ask(prompt)))
  }).pipe(Effect.scoped, Effect.provide(adapter))
  return { cassette: yield* recorder.cassette, results }
})

const player = (cassette: Cassette.Cassette, options: Cassette.PlayOptions = { timing: "none" }) =>
  ClaudeAdapter.layer({ executable: process.execPath }).pipe(Layer.provide(Cassette.layer(cassette, options)))

const playTurns = (cassette: Cassette.Cassette, prompts: ReadonlyArray<string>, options?: Cassette.PlayOptions) =>
  Effect.gen(function* () {
    const session = yield* Session.make()
    const events: Array<AgentEvent.AgentEvent> = []
    for (const prompt of prompts) {
      yield* Effect.ignore(Stream.runForEach(session.stream(prompt), (event) => Effect.sync(() => events.push(event))))
    }
    return { events, history: yield* session.history, id: yield* session.id }
  }).pipe(Effect.scoped, Effect.provide(player(cassette, options)))

const bash = '[[tool:Bash {"command":"echo one"}]] [[text:done]]'

const test = (title: string, effect: Effect.Effect<void, unknown, NodeServices.NodeServices | Scope.Scope>) =>
  it.effect(title, () => Effect.provide(effect, NodeServices.layer))

describe("Cassette", () => {
  test(
    "a session that is played says what it said, with ids of today",
    Effect.gen(function* () {
      const { cassette, results } = yield* recordTurns(["My name is Alice", bash, "What is my name?"])
      const { history, id } = yield* playTurns(cassette, ["My name is Alice", bash, "What is my name?"])
      assert.deepStrictEqual(
        history.map(({ cost, text, toolCalls, usage }) => ({ cost, text, toolCalls, usage })),
        results.map((result) => {
          assert.strictEqual(result._tag, "Success")
          if (result._tag === "Failure") throw result.failure
          const { cost, text, toolCalls, usage } = result.success
          return { cost, text, toolCalls, usage }
        })
      )
      assert.strictEqual(history[0]?.sessionId, id._tag === "Some" ? id.value : "")
      assert.notInclude(Cassette.toText(cassette), String(history[0]?.sessionId))
    })
  )

  test(
    "what looks like a secret, and what is said to be one, is not on it",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(
        ['the key is sk-ant-abcdef123456 and the words are swordfish and fr"iend'],
        {
          secrets: ["swordfish", 'fr"iend'],
          redact: (line) => line.replaceAll("Alice", "Bob")
        }
      )
      const text = Cassette.toText(cassette)
      assert.notInclude(text, "abcdef123456")
      assert.notInclude(text, "swordfish")
      assert.notInclude(text, "iend")
      assert.include(text, "[redacted]")
    })
  )

  test(
    "a recording comes back from its text and from its file; what is none is told by its line",
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const dir = yield* fs.makeTempDirectoryScoped()
      const { cassette } = yield* recordTurns(["Hello!"], { title: "a greeting" })
      assert.deepStrictEqual(yield* Cassette.fromText(Cassette.toText(cassette)), cassette)
      yield* Cassette.save(`${dir}/a.ndjson`, cassette)
      assert.deepStrictEqual(yield* Cassette.load(`${dir}/a.ndjson`), cassette)
      assert.deepStrictEqual(yield* fs.readDirectory(dir), ["a.ndjson"])
      for (const [text, issue] of [
        ["", "does not begin"],
        ['{"cassette":1,"title":"x"}\n{"odd":1}\n', "line 2"],
        ['{"cassette":1,"title":"x"}\n{"_tag":"Said","at":0,"line":""}\n', "before a run"]
      ] as const) {
        const error = yield* Effect.flip(Cassette.fromText(text))
        assert.strictEqual(error.reason._tag, "StoreFailed")
        assert.include(error.message, issue)
      }
      assert.strictEqual((yield* Effect.flip(Cassette.load(`${dir}/none`))).reason._tag, "StoreFailed")
    }).pipe(Effect.scoped)
  )

  test(
    "a process that is killed at a line ends the turn with its signal, and one that ends with its code",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(["Hello!"])
      for (const kill of ["SIGKILL", 3] as const) {
        const { history } = yield* playTurns(cassette, ["Hello!"], { timing: "none", faults: [{ at: 4, kill }] })
        assert.strictEqual(history[0]?.outcome._tag, "Failed")
      }
      const error = yield* Effect.gen(function* () {
        const session = yield* Session.make()
        return yield* Effect.flip(session.ask("Hello!"))
      }).pipe(Effect.scoped, Effect.provide(player(cassette, { timing: "none", faults: [{ at: 4, kill: "SIGKILL" }] })))
      assert.strictEqual(error.reason._tag, "ProcessExited")
      assert.strictEqual(error.reason._tag === "ProcessExited" ? error.reason.signal : "", "SIGKILL")
    })
  )

  test(
    "garbage is told, and the turn completes",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(["Hello!"])
      const faults = [
        { at: 4, garbage: "not json" },
        { at: 5, garbage: '{"type":"news"}' }
      ]
      const { events, history } = yield* playTurns(cassette, ["Hello!"], { timing: "none", faults })
      assert.strictEqual(history[0]?.outcome._tag, "Completed")
      const tags = events.map(({ _tag }) => _tag)
      assert.includeMembers(tags, ["Malformed", "Unknown"])
    })
  )

  test(
    "an agent that stalls ends the turn by the idle clock, in virtual time [asm-72]",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(["Hello!"])
      const error = yield* Effect.gen(function* () {
        const session = yield* Session.make({ timeouts: { idle: "2 minutes", interrupt: "1 second" } })
        const turn = yield* Effect.forkChild(Effect.flip(session.ask("Hello!")))
        yield* Fake.event(session, "TurnStarted")
        yield* TestClock.adjust("2 minutes")
        return yield* Fiber.join(turn)
      }).pipe(Effect.scoped, Effect.provide(player(cassette, { timing: "none", faults: [{ at: 4, stall: true }] })))
      assert.strictEqual(error.reason._tag, "IdleTimeout")
    })
  )

  test(
    "the agent takes as long as it did, by the Clock of the test",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(["Hello!"])
      const [run] = cassette.runs
      const prompt = (run?.entries ?? []).findIndex((entry) => entry._tag === "Sent" && entry.line.includes("Hello!"))
      const slow = {
        ...cassette,
        runs: [
          {
            args: run?.args ?? [],
            entries: (run?.entries ?? []).map((entry, index) =>
              Object.assign({}, entry, { at: index <= prompt ? 0 : 60_000 })
            )
          }
        ]
      }
      const took = yield* Effect.gen(function* () {
        const session = yield* Session.make({ timeouts: { idle: "10 days" } })
        const before = yield* Clock.currentTimeMillis
        // Nothing tells that the agent has heard the prompt, so time goes on in small steps until it has answered.
        yield* Effect.raceFirst(session.ask("Hello!"), Effect.forever(TestClock.adjust("1 second")))
        return (yield* Clock.currentTimeMillis) - before
      }).pipe(Effect.scoped, Effect.provide(player(slow, {})))
      assert.isAtLeast(took, 60_000)
    })
  )

  test(
    "a line that was not sent before is told, and so is one that is not sent any more",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(["Hello!", "And again!"])
      const strange: Array<string> = []
      const missing: Array<string> = []
      const agent = player(cassette, {
        timing: "none",
        strange: (line) => strange.push(line),
        missing: (line) => missing.push(line)
      })
      yield* Effect.gen(function* () {
        const session = yield* Session.make({ timeouts: { control: "1 second" } })
        yield* session.ask("Hello!")
        const refused = yield* Effect.forkChild(Effect.flip(session.setPermissionMode("plan")), {
          startImmediately: true
        })
        yield* Effect.raceFirst(Fiber.await(refused), Effect.forever(TestClock.adjust("1 second")))
      }).pipe(Effect.scoped, Effect.provide(agent))
      assert.strictEqual(missing.length, 1)
      assert.include(strange[0], "set_permission_mode")
      assert.include(missing[0], "And again!")
    })
  )

  test(
    "one process more than recorded cannot be started",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(["Hello!"])
      const error = yield* Effect.gen(function* () {
        const session = yield* Session.make()
        yield* session.ask("Hello!")
        yield* session.close
        return yield* Effect.flip(Session.make())
      }).pipe(Effect.scoped, Effect.provide(player(cassette)))
      assert.strictEqual(error.reason._tag, "SpawnFailed")
    })
  )

  test(
    "a session that is closed ends as the recorded one did, and not before",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(["Hello!"])
      const tags = cassette.runs[0]?.entries.map(({ _tag }) => _tag) ?? []
      assert.deepStrictEqual(
        tags.filter((tag) => tag === "Closed" || tag === "Exited"),
        ["Closed", "Exited"]
      )
      const events = yield* Effect.gen(function* () {
        const session = yield* Session.make()
        yield* session.ask("Hello!")
        yield* session.close
        return Array.from(yield* Stream.runCollect(session.events))
      }).pipe(Effect.scoped, Effect.provide(player(cassette)))
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "SessionEnded" ? event.reason : [])),
        ["closed"]
      )
    })
  )

  test(
    "replies to what the agent asked find their place in any order",
    Effect.gen(function* () {
      const asked = (id: string) => JSON.stringify({ type: "control_request", request_id: id })
      const reply = (id: string) => JSON.stringify({ type: "control_response", response: { request_id: id } })
      const at = 0
      const cassette: Cassette.Cassette = {
        cassette: 1,
        title: "two requests",
        runs: [
          {
            args: [],
            entries: [
              { _tag: "Said", at, line: asked("one") },
              { _tag: "Said", at, line: asked("two") },
              { _tag: "Sent", at, line: reply("one") },
              { _tag: "Said", at, line: "first" },
              { _tag: "Sent", at, line: reply("two") },
              { _tag: "Said", at, line: "last", cut: true },
              { _tag: "Exited", at, code: 0, signal: null }
            ]
          }
        ]
      }
      const strange: Array<string> = []
      const said = yield* Effect.gen(function* () {
        const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
        const handle = yield* spawner.spawn(ChildProcess.make("any"))
        const bytes = new TextEncoder().encode(`${reply("two")}\n${reply("one")}\n`)
        // In pieces that end within a line.
        yield* Stream.run(Stream.make(bytes.slice(0, 10), bytes.slice(10)), handle.stdin)
        return yield* Stream.mkString(Stream.decodeText(handle.stdout))
      }).pipe(Effect.scoped, Effect.provide(Cassette.layer(cassette, { strange: (line) => strange.push(line) })))
      assert.strictEqual(said, `${asked("one")}\n${asked("two")}\nfirst\nlast`)
      assert.deepStrictEqual(strange, [])
    })
  )

  test(
    "folders of this machine are written otherwise, in the name of a project too",
    Effect.gen(function* () {
      const { cassette } = yield* recordTurns(["In /opt/home/a.txt, /opt/homes, /x/-opt-home-work and C:\\me\\b"], {
        paths: { "/opt/home": "/home/user", "C:\\me": "C:\\user" }
      })
      const prompt = cassette.runs[0]?.entries.find((entry) => entry._tag === "Sent" && entry.line.includes("In /"))
      assert.include(
        prompt?._tag === "Sent" ? prompt.line : "",
        String.raw`In /home/user/a.txt, /opt/homes, /x/-home-user-work and C:\\user\\b`
      )
    })
  )
})
