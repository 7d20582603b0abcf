/**
 * Whatever the bytes are that an agent says, and however they are cut: they are read as they would be one line at a
 * time. `FUZZ_SEED` looks elsewhere, `FUZZ_TIMES` looks longer.
 */
import { Buffer } from "node:buffer"
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { AgentEvent } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as ClaudeMessage from "../src/claude/ClaudeMessage.ts"
import { TextDeltas } from "../src/claude/internal/textDeltas.ts"
import * as Lines from "../src/internal/lines.ts"
import * as Frames from "./fixtures/claude-frames.ts"
import * as Babbler from "./support/babbler.ts"
import { damaged, type Heard, heardOf, isSame, pieces } from "./support/damage.ts"
import { collectGarbage } from "./support/garbage.ts"
import * as MemoryProcess from "./support/memoryProcess.ts"
import * as Random from "./support/random.ts"
import { seed } from "./support/seeded.ts"

const times = Number(process.env["FUZZ_TIMES"] ?? 1)

const drifted = Object.values(Frames.drifted).map(({ frame }) => frame)
const corpus = [Frames.frames, Frames.novel, Frames.foreign, drifted]
  .flatMap((group) => Object.values(group))
  .map((frame) => Buffer.from(JSON.stringify(frame)))

const words = ["a", "plain words ", '"quoted"', "\n", "\\", "é", "漢字", "😀", "\u2028", "\u0000", "{}", " "]

const delta = (random: Random.Random, index: number): Buffer =>
  Buffer.from(
    JSON.stringify({
      type: "stream_event",
      event: {
        type: "content_block_delta",
        index,
        delta: { type: "text_delta", text: `${random.pick(words)}${random.pick(words)}` }
      },
      session_id: "3f1f7f0e-5a51-4a0e-9a57-0d6a8a4c2b11",
      parent_tool_use_id: null,
      uuid: `8e210fb8-d0b0-4d06-b08a-${random
        .below(2 ** 40)
        .toString(16)
        .padStart(12, "0")}`
    })
  )

interface Told {
  /** Lines that are something. */
  readonly heard: number
  readonly chunks: number
  /** Lines that were told without a parse. */
  readonly unparsed: number
}

/** Reads as `connection.ts` does, and compares each thing that is heard, in order, with what has to be. */
const reads = (random: Random.Random, lines: ReadonlyArray<Buffer>): Told => {
  const bytes = Buffer.concat(lines)
  const maxLineBytes = random.chance(0.1) ? 1 + random.below(600) : undefined
  const expected = heardOf(bytes, maxLineBytes)
  let at = 0
  let unparsed = 0
  const next = (): { readonly text: string; readonly value: unknown } => {
    const heard = expected[at++]
    if (heard === undefined || !("text" in heard)) throw new Error(`line ${at} is heard as a frame`)
    return heard
  }
  const deltas = new TextDeltas((delta, size) => {
    unparsed++
    const { text, value } = next()
    const frame = delta.frame()
    const isWhole = size === text.length && isSame(frame, value) && ClaudeMessage.decode(value) === value
    if (!isWhole || delta.text !== frame.event.delta.text || delta.index !== frame.event.index) {
      throw new Error(`another delta than ${text}`)
    }
  })
  const framer = Lines.make(
    {
      known: (block, start, stop) => deltas.read(block, start, stop),
      frame: (value, size, line) => {
        const { text, value: wanted } = next()
        if (line !== text || size !== text.length || !isSame(value, wanted))
          throw new Error(`another frame than ${text}`)
        const message = ClaudeMessage.decode(value)
        const kept: unknown = ClaudeMessage.isUnknown(message) ? message.raw : message
        if (kept !== value) {
          throw new Error(`decoded to something else: ${text}`)
        }
        deltas.learn(line, message)
      },
      malformed: (bytes, prefix) => {
        const heard = expected[at++]
        if (!isSame(heard, { bytes, prefix })) throw new Error(`line ${at} is heard as Malformed`)
      }
    },
    { maxLineBytes }
  )
  let chunks = 0
  for (const piece of pieces(bytes, random)) {
    framer.push(piece)
    chunks++
  }
  framer.end()
  if (at !== expected.length) throw new Error(`${expected.length - at} lines were lost`)
  return { heard: at, chunks, unparsed }
}

const talk = Random.make(seed)
const deltas = Array.from({ length: 1000 }, (_, index) => delta(talk, index % 20 === 0 ? 1 : 0))
const ends = ["\n", "\n", "\n", "\r\n", "\n\n"].map((end) => Buffer.from(end))

describe("lines, decoding and the shortcut of text deltas", () => {
  it("rule 14: a million damages to lines that are cut anywhere: nothing throws, and each line is heard as it would be alone", async () => {
    const wanted = 1_000_000 * times
    let [rounds, mutations, heard, chunks, unparsed] = [0, 0, 0, 0, 0]
    let heap = 0
    // Half of the time would go into stacks of errors that nobody reads.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    for (; mutations < wanted; rounds++) {
      const name = `${seed} ${rounds}`
      const random = Random.make(name)
      const lines: Array<Buffer> = []
      for (let left = 1 + random.below(120); left > 0; left--) {
        let line = random.pick(random.chance(0.9) ? deltas : corpus) ?? Buffer.of(0)
        for (let damages = random.below(5); damages > 0; damages--) {
          line = damaged(line, random)
          mutations++
        }
        lines.push(line, random.pick(ends) ?? Buffer.of(10))
      }
      try {
        const told = reads(random, lines)
        heard += told.heard
        chunks += told.chunks
        unparsed += told.unparsed
      } catch (error) {
        assert.fail(`round ${name}: ${String(error)}`)
      }
      if (rounds === 500) {
        await collectGarbage()
        heap = process.memoryUsage().heapUsed
      }
    }
    Error.stackTraceLimit = stackTraceLimit
    await collectGarbage()
    const grown = process.memoryUsage().heapUsed - heap
    // oxlint-disable-next-line no-console -- counted and printed, so that a run of CI says what it did
    console.log(
      `lines, FUZZ_SEED=${seed}: ${mutations} damages to ${heard} lines in ${chunks} chunks, ` +
        `${unparsed} told without a parse, the heap grew by ${(grown / 2 ** 20).toFixed(1)} MB`
    )
    assert.isAbove(unparsed, heard / 20, "the shortcut was taken")
    assert.isBelow(grown, 16 * 2 ** 20)
  }, 600_000)
})

/** Lines that say nothing about a turn, its text or its conversation. */
const isHarmless = (line: Buffer): boolean =>
  heardOf(line).every((heard) => {
    if (!("value" in heard)) return true
    const message = ClaudeMessage.decode(heard.value)
    if (ClaudeMessage.isUnknown(message)) return message.type !== "result"
    return message.type === "rate_limit_event" || message.type === "control_response" || message.type === "keep_alive"
  })

/** Lines that neither begin nor end a turn, nor give the conversation another id. */
const isOfNoTurn = (line: Buffer): boolean =>
  !/"(?:result|init|conversation_reset|command_lifecycle)"/.test(line.toString())

const noises = (random: Random.Random, damage: number): ReadonlyArray<Buffer> => {
  const lines = Array.from({ length: 40 }, () => {
    const line = random.pick(corpus) ?? Buffer.of(0)
    return random.chance(0.7) ? damaged(line, random) : line
  })
  return lines.filter(damage === 0 ? isHarmless : isOfNoTurn)
}

/** After so many turns of the event loop all that was said has been heard. */
const enough = 5000

const play = Effect.fnUntraced(function* (random: Random.Random) {
  const fs = yield* FileSystem.FileSystem
  const dir = yield* fs.makeTempDirectoryScoped({ prefix: "effect-agent-session-fuzz-" })
  const damage = random.chance(0.4) ? 0 : random.next() * 0.3
  const babbler = Babbler.make({ random, damage, noise: noises(random, damage) })
  const adapter = ClaudeAdapter.layer({ executable: process.execPath, stateDir: dir }).pipe(
    Layer.provide(Layer.succeed(ChildProcessSpawner, MemoryProcess.spawner(babbler.behave)))
  )
  const events: Array<AgentEvent.AgentEvent> = []
  const exits: Array<Exit.Exit<unknown, unknown>> = []
  const history = yield* Effect.gen(function* () {
    const session = yield* ClaudeSession.make({
      cwd: dir,
      env: { set: { HOME: dir, CLAUDE_CONFIG_DIR: dir } },
      timeouts: { idle: "1 minute", interrupt: "2 seconds" }
    })
    const watcher = yield* Effect.forkChild(
      Stream.runForEach(yield* session.subscribe, (event) => Effect.sync(() => events.push(event))),
      { startImmediately: true }
    )
    for (let left = 1 + random.below(4); left > 0; left--) {
      const asked = yield* Effect.forkChild(session.ask(`turn ${left}`), { startImmediately: true })
      for (let turns = 0; asked.pollUnsafe() === undefined; turns++) {
        // Time passes only for one who has nothing more to hear.
        if (babbler.isSilent() || turns > enough) yield* TestClock.adjust("1 second")
        yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      }
      exits.push(yield* Fiber.await(asked))
    }
    yield* session.close
    yield* Fiber.await(watcher)
    return yield* session.history
  }).pipe(Effect.scoped, Effect.provide(adapter))
  return { babbler, damage, events, exits, history }
})

type Played = Effect.Success<ReturnType<typeof play>>

const textOf = (events: ReadonlyArray<AgentEvent.AgentEvent>): string =>
  events.map((event) => (event._tag === "TextDelta" ? event.text : "")).join("")

/** The pieces of text that a reader of these bytes must have heard. */
const piecesOf = (heard: ReadonlyArray<Heard>): ReadonlyArray<string> =>
  heard.flatMap((heard) => {
    const message = "value" in heard ? ClaudeMessage.decode(heard.value) : undefined
    if (message === undefined || ClaudeMessage.isUnknown(message) || message.type !== "stream_event") return []
    const { event, parent_tool_use_id } = message
    if (typeof parent_tool_use_id === "string" || event.type !== "content_block_delta") return []
    return event.delta.type === "text_delta" ? [event.delta.text] : []
  })

const check = ({ babbler, damage, events, exits, history }: Played): void => {
  for (const exit of exits) assert.isFalse(Exit.hasDies(exit), "nothing throws")
  assert.deepStrictEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index),
    "numbers have no gap"
  )
  assert.strictEqual(events[0]?._tag, "SessionStarted")
  assert.strictEqual(events.at(-1)?._tag, "SessionEnded")

  const open = new Set<string>()
  const begun = new Map<string, ReadonlyArray<AgentEvent.AgentEvent>>()
  for (const event of events) {
    const { turnId } = event
    if (turnId === undefined) continue
    if (event._tag === "TurnStarted") {
      assert.isFalse(begun.has(turnId), "a turn begins once")
      begun.set(turnId, [])
      open.add(turnId)
    } else assert.isTrue(open.has(turnId), `${event._tag} lies within its turn`)
    if (event._tag === "TurnEnded") open.delete(turnId)
  }
  assert.strictEqual(open.size, 0, "every turn ends")

  const ours = history.filter(({ userMessageId }) => userMessageId !== undefined)
  assert.deepStrictEqual(
    ours.map(({ userMessageId }) => String(userMessageId)),
    babbler.turns.map(({ uuid }) => uuid),
    "each prompt that was sent is one turn"
  )
  for (const [index, { text }] of ours.entries()) {
    for (const [other, { texts }] of babbler.turns.entries()) {
      const foreign =
        other === index ? undefined : texts.find((piece) => text.includes(piece.slice(0, piece.indexOf(">") + 1)))
      assert.isUndefined(foreign, "no text of another turn")
    }
  }

  const heard = babbler.said().map((said) => heardOf(said))
  const text = textOf(events)
  let at = 0
  for (const piece of heard.flatMap(piecesOf)) {
    const found = text.indexOf(piece, at)
    assert.isAtLeast(found, 0, `no text is lost: ${JSON.stringify(piece)}`)
    at = found + piece.length
  }
  const told = events.filter(({ _tag }) => _tag === "Malformed").length
  const broken = heard.flat().filter((line) => !("value" in line)).length
  assert.isAtLeast(told, broken, "each broken line is told")
  assert.isAtMost(told, broken + (damage > 0 ? heard.length : 0))
  if (damage > 0) return

  assert.deepStrictEqual(
    ours.map(({ outcome, text }) => [outcome._tag, text]),
    babbler.turns.map(({ texts }) => ["Completed", texts.join("")]),
    "broken lines take nothing from those beside them"
  )
  for (const event of events) {
    if (event._tag !== "TextCompleted") continue
    assert.strictEqual(
      textOf(events.filter((delta) => delta._tag === "TextDelta" && delta.itemId === event.itemId)),
      event.text
    )
  }
}

describe("a session with an agent that talks nonsense", () => {
  it.effect(
    "rule 14: whatever is said, each turn begins and ends once and has its own text, all of it, and every call settles",
    () =>
      Effect.gen(function* () {
        const sessions = 250 * times
        let [heard, broken] = [0, 0]
        const outcomes: { [outcome: string]: number } = {}
        for (let index = 0; index < sessions; index++) {
          const name = `${seed} session ${index}`
          const played = yield* Effect.scoped(play(Random.make(name)))
          try {
            check(played)
          } catch (error) {
            assert.fail(`${name}: ${String(error)}`)
          }
          heard += played.events.length
          broken += played.events.filter(({ _tag }) => _tag === "Malformed" || _tag === "Unknown").length
          for (const { outcome } of played.history) outcomes[outcome._tag] = (outcomes[outcome._tag] ?? 0) + 1
        }
        const turns = Object.entries(outcomes).map(([outcome, count]) => `${count} ${outcome}`)
        // oxlint-disable-next-line no-console -- counted and printed, so that a run of CI says what it did
        console.log(
          `sessions, FUZZ_SEED=${seed}: ${sessions} sessions, turns: ${turns.join(", ")}; ${heard} events, ${broken} of them for lines nobody understands`
        )
        assert.containsAllKeys(outcomes, ["Completed", "Failed"])
      }).pipe(Effect.provide(NodeServices.layer)),
    600_000
  )

  it.effect(
    "rule 8: nobody reads, so no more of it is taken than the buffer holds",
    () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const dir = yield* fs.makeTempDirectoryScoped({ prefix: "effect-agent-session-fuzz-" })
        const random = Random.make(seed)
        const lines = Array.from({ length: 200 }, () => {
          const line = random.pick(deltas) ?? Buffer.of(0)
          return random.chance(0.5) ? damaged(line, random) : line
        })
        // The same piece each time: what grows is what we make of it.
        const piece = Buffer.concat(lines.flatMap((line) => [line, Buffer.of(10)]))
        const count = 100
        let unread = (): number => 0
        const spawner = MemoryProcess.spawner((process) => {
          unread = process.unread
          return ({ request_id, type }) => {
            if (type === "control_request") {
              const response = { subtype: "success", request_id, response: {} }
              process.say(Buffer.from(`${JSON.stringify({ type: "control_response", response })}\n`))
            } else for (let left = count; left > 0; left--) process.say(piece)
          }
        })
        const adapter = ClaudeAdapter.layer({ executable: process.execPath, stateDir: dir }).pipe(
          Layer.provide(Layer.succeed(ChildProcessSpawner, spawner))
        )
        const buffer = 256 * 1024
        const session = yield* ClaudeSession.make({
          cwd: dir,
          env: { set: { HOME: dir, CLAUDE_CONFIG_DIR: dir } },
          buffer
        }).pipe(Effect.provide(adapter))
        const asleep = Stream.runForEach(session.stream("go"), () => Effect.never)
        yield* Effect.forkChild(asleep, { startImmediately: true })
        yield* session.events.pipe(
          Stream.filter((event) => event._tag === "Notice" && event.code === "reader-paused"),
          Stream.runHead
        )
        const taken = (count - unread()) * piece.length
        assert.isBelow(taken, 4 * buffer, `${taken} of ${count * piece.length} bytes`)
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    60_000
  )
})
