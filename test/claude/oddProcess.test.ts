/** What a session makes of a CLI that ends, falls silent or repeats itself where it should not. */
import { Buffer } from "node:buffer"
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Scope from "effect/Scope"
import type { AgentEvent } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import type { JsonObject } from "effect-agent-session/claude/ClaudeMessage"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "../support/fakeRig.ts"
import * as MemoryProcess from "../support/memoryProcess.ts"

const sessionId = "0d8d142c-6aef-4f0c-a44e-a508d1608d9d"

/** Frames of a turn, by the id of its prompt. */
const init = (uuid: unknown): JsonObject => ({
  type: "system",
  subtype: "init",
  session_id: sessionId,
  model: "opus",
  user_message_uuids: [uuid]
})
const says = (text: string, usage?: JsonObject): JsonObject => ({
  type: "assistant",
  message: { id: "msg_1", type: "message", role: "assistant", content: [{ type: "text", text }], usage },
  parent_tool_use_id: null
})
const result = (uuid: unknown, fields: JsonObject = {}): JsonObject => ({
  type: "result",
  subtype: "success",
  is_error: false,
  num_turns: 1,
  session_id: sessionId,
  user_message_uuids: [uuid],
  ...fields
})
const reply = (id: unknown, fields: JsonObject = { subtype: "success", response: {} }): JsonObject => ({
  type: "control_response",
  response: { request_id: id, ...fields }
})

interface Cli extends Omit<MemoryProcess.MemoryProcess, "say"> {
  readonly say: (...frames: ReadonlyArray<JsonObject>) => void
  readonly sayBytes: (bytes: Uint8Array) => void
}

interface Behaviour {
  readonly turn: (cli: Cli, uuid: unknown) => void
  readonly initialize?: (cli: Cli, id: unknown) => void
}

/** What the sessions sent, and how to open one of them. */
const rig = Effect.fnUntraced(function* ({ initialize = (cli, id) => cli.say(reply(id)), turn }: Behaviour) {
  const fs = yield* FileSystem.FileSystem
  const dir = yield* Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "effect-agent-session-odd-" }))
  const heard: Array<unknown> = []
  const spawner = MemoryProcess.spawner((process) => {
    const sayBytes = process.say
    const say: Cli["say"] = (...frames) =>
      sayBytes(Buffer.from(frames.map((frame) => `${JSON.stringify(frame)}\n`).join("")))
    const cli: Cli = { ...process, say, sayBytes }
    return (line) => {
      heard.push(line.type)
      if (line.type === "user") turn(cli, line.uuid)
      else if (line.type === "control_request") initialize(cli, line.request_id)
    }
  })
  const adapter = ClaudeAdapter.layer({ executable: process.execPath, stateDir: dir }).pipe(
    Layer.provide(Layer.succeed(ChildProcessSpawner, spawner))
  )
  const open = ClaudeSession.make({
    cwd: dir,
    env: { set: { HOME: dir, CLAUDE_CONFIG_DIR: dir } },
    start: { sessionId }
  }).pipe(Effect.provide(adapter))
  return { heard, open }
})

const test = (title: string, effect: Effect.Effect<void, unknown, NodeServices.NodeServices | Scope.Scope>) =>
  it.effect(title, () => Effect.provide(effect, NodeServices.layer), 30_000)

const ended = (session: ClaudeSession.ClaudeSession): Effect.Effect<AgentEvent.Of<"SessionEnded">> =>
  Fake.event(session, "SessionEnded")

describe("a turn and the end of its process", () => {
  test(
    "an exit without a result is an error, also with code 0 [asm-35]",
    Effect.gen(function* () {
      const { open } = yield* rig({
        turn: (cli, uuid) => {
          cli.say(init(uuid), says("half"))
          cli.exit(0)
        }
      })
      const session = yield* open
      const error = yield* Effect.flip(session.ask("x"))
      assert.strictEqual(error.reason._tag === "ProcessExited" ? error.reason.code : undefined, 0)
      assert.strictEqual(error.result?.text, "half")
    })
  )

  for (const [how, exit, tag] of [
    [3, { code: 3, signal: null }, "[asm-36]"],
    ["SIGKILL", { code: null, signal: "SIGKILL" }, "[asm-37]"]
  ] as const) {
    test(
      `a result stands, though ${how} ends the process behind it; the session is over, and says how ${tag}`,
      Effect.gen(function* () {
        const { open } = yield* rig({
          turn: (cli, uuid) => {
            cli.say(init(uuid), says("done"), result(uuid))
            cli.exit(how)
          }
        })
        const session = yield* open
        assert.strictEqual((yield* session.ask("x")).text, "done")
        assert.deepStrictEqual((yield* ended(session)).exit, exit)
        assert.strictEqual((yield* Fake.reasonOf(session.ask("y")))._tag, "ProcessExited")
      })
    )
  }

  test(
    "a result of an error says more than the exit code behind it [asm-38]",
    Effect.gen(function* () {
      const { open } = yield* rig({
        turn: (cli, uuid) => {
          cli.say(init(uuid), result(uuid, { subtype: "error_max_turns", is_error: true }))
          cli.exit(1)
        }
      })
      const session = yield* open
      assert.strictEqual((yield* Fake.reasonOf(session.ask("x")))._tag, "LimitReached")
    })
  )

  test(
    "a process that closes its stdout behind a result and stays: the result is there, then it is killed [asm-14]",
    Effect.gen(function* () {
      const { open } = yield* rig({
        turn: (cli, uuid) => {
          cli.say(init(uuid), says("done"), result(uuid))
          cli.closeStdout()
        }
      })
      const session = yield* open
      assert.strictEqual((yield* session.ask("x")).text, "done")
      assert.deepStrictEqual((yield* ended(session)).exit, { code: null, signal: "SIGKILL" })
    })
  )

  test(
    "a result that is there counts, though half a line is all that comes behind it [asm-71]",
    Effect.gen(function* () {
      const { open } = yield* rig({
        turn: (cli, uuid) => {
          cli.say(init(uuid), says("done"), result(uuid))
          cli.sayBytes(Buffer.from('{"type":"assi'))
        }
      })
      const session = yield* open
      assert.strictEqual((yield* session.ask("x")).text, "done")
    })
  )
})

describe("the handshake", () => {
  test(
    "one that is refused is an error with what was said, and the next opening is free [cc-42]",
    Effect.gen(function* () {
      let refused = 0
      const { open } = yield* rig({
        turn: (cli, uuid) => cli.say(init(uuid), says("hi"), result(uuid)),
        initialize: (cli, id) =>
          cli.say(refused++ === 0 ? reply(id, { subtype: "error", error: "not today" }) : reply(id))
      })
      const error = yield* Effect.flip(open)
      assert.include(error.message, "not today")
      const session = yield* open
      assert.strictEqual((yield* session.ask("x")).text, "hi")
    })
  )

  test(
    "nothing but the handshake is sent before it is answered [asm-73]",
    Effect.gen(function* () {
      const before: Array<ReadonlyArray<unknown>> = []
      const { heard, open } = yield* rig({
        turn: (cli, uuid) => cli.say(init(uuid), result(uuid)),
        initialize: (cli, id) => {
          setImmediate(() => {
            before.push([...heard])
            cli.say(reply(id))
          })
        }
      })
      const session = yield* open
      yield* session.ask("x")
      assert.deepStrictEqual(before, [["control_request"]])
      assert.deepStrictEqual(heard, ["control_request", "user"])
    })
  )
})

describe("what comes twice, or to nobody", () => {
  test(
    "replies that nobody waits for reach nobody, and the frames beside them do [cc-79]",
    Effect.gen(function* () {
      let handshake: unknown
      const { open } = yield* rig({
        turn: (cli, uuid) => cli.say(init(uuid), reply(handshake), reply("stray"), says("hi"), result(uuid)),
        initialize: (cli, id) => {
          handshake = id
          cli.say(reply("early"), reply(id))
        }
      })
      const session = yield* open
      const events = yield* Fake.turn(session, "x")
      assert.deepStrictEqual(
        events.map(({ _tag }) => _tag).filter((tag) => tag !== "UsageUpdated"),
        ["TurnStarted", "SessionUpdated", "TextDelta", "TextCompleted", "TurnEnded"]
      )
    })
  )

  test(
    "an init that comes byte by byte, and twice, is one beginning and one piece of news [asm-42]",
    Effect.gen(function* () {
      const { open } = yield* rig({
        turn: (cli, uuid) => {
          for (const byte of Buffer.from(`${JSON.stringify(init(uuid))}\n`)) cli.sayBytes(Buffer.of(byte))
          cli.say(init(uuid), says("hi"), result(uuid))
        }
      })
      const session = yield* open
      const tags = (yield* Fake.turn(session, "x")).map(({ _tag }) => _tag)
      assert.strictEqual(tags.filter((tag) => tag === "SessionUpdated").length, 1)
      assert.strictEqual(tags.filter((tag) => tag === "TurnStarted").length, 1)
      assert.deepStrictEqual(
        (yield* session.history).map(({ text }) => text),
        ["hi"]
      )
    })
  )

  test(
    "the session's id is known while a turn runs [asm-41]",
    Effect.gen(function* () {
      let finish = (): void => {}
      const { open } = yield* rig({
        turn: (cli, uuid) => {
          cli.say(init(uuid))
          finish = () => cli.say(result(uuid))
        }
      })
      const session = yield* open
      const turn = yield* Effect.forkChild(session.ask("x"), { startImmediately: true })
      const { changes } = yield* Fake.event(session, "SessionUpdated")
      assert.strictEqual((yield* session.status)._tag, "Running")
      assert.deepStrictEqual(yield* session.id, Option.fromNullishOr(changes.sessionId))
      finish()
      yield* Fiber.join(turn)
    })
  )

  test(
    "tokens are those of the result, not of each message it is repeated on, and those of the cache are apart [asm-92]",
    Effect.gen(function* () {
      const usage = { input_tokens: 10, output_tokens: 2, cache_read_input_tokens: 4, cache_creation_input_tokens: 7 }
      const { open } = yield* rig({
        turn: (cli, uuid) => cli.say(init(uuid), says("a", usage), says("b", usage), result(uuid, { usage }))
      })
      const session = yield* open
      const { usage: told } = yield* session.ask("x")
      assert.deepStrictEqual(
        [told.inputTokens, told.outputTokens, told.cacheReadTokens, told.cacheWriteTokens],
        [10, 2, 4, 7]
      )
    })
  )
})
