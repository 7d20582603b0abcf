import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { AgentError, BacklogExceeded } from "effect-agent-session/AgentError"
import type { AgentEvent } from "effect-agent-session/AgentEvent"
import { Backlog } from "../../src/internal/backlog.ts"
import { DeltaRun, modelOf } from "../../src/internal/deltaRun.ts"
import * as ids from "../../src/internal/ids.ts"
import { Journal } from "../../src/internal/journal.ts"
import * as Turn from "../../src/Turn.ts"
import { int } from "../support/linesRig.ts"
import { seeded } from "../support/seeded.ts"

const window = 1024

const exceeded = (limit: number) =>
  new AgentError({ agent: "toy", phase: "turn", reason: new BacklogExceeded({ limit }) })

const step = Schema.Struct({
  does: Schema.Literals(["text", "text", "text", "reasoning", "notice", "turn", "no turn", "session"]),
  name: Schema.Literals(["a", "a", "a", "b"]),
  parent: Schema.Literals(["", "", "tool"]),
  texts: Schema.Array(Schema.String),
  times: Schema.Literals([1, 2, 63, 64, 65, 200]),
  longer: Schema.Literals([0, 0, 2000]),
  later: Schema.Literals([0, 0, 7, 0.5, 70_000])
})

describe("deltas in the log", () => {
  it.effect.prop(
    "rule 8: a late reader gets what one got who kept up, and the turn, whatever was said in whatever order",
    { steps: Arbitrary.array(Arbitrary.schema(step), { minLength: 1, maxLength: 16 }), wakesAt: int(0, 16) },
    ({ steps, wakesAt }) =>
      Effect.gen(function* () {
        const limit = Number.POSITIVE_INFINITY
        const journal = new Journal({ clock: yield* Clock.Clock, scope: yield* Effect.scope, buffer: limit })
        const backlog = new Backlog<AgentEvent, AgentError>({ gate: journal.gate, limit, exceeded })
        const keepsUp = yield* Stream.toPull(journal.log.subscribe())
        const sleeps = yield* Stream.toPull(journal.log.subscribe())
        const said: Array<object> = []
        const seen: Array<AgentEvent> = []
        const tell = (event: object, parent: string, emit: (parent: ids.ToolId | undefined) => void): void => {
          const { at, current, sessionId } = journal
          said.push({
            ...event,
            seq: said.length,
            at,
            ...(sessionId === undefined ? {} : { sessionId }),
            ...(current === undefined ? {} : { turnId: current.id }),
            ...(parent === "" ? {} : { parentToolId: parent })
          })
          emit(parent === "" ? undefined : ids.toolId(parent))
        }

        const started = { _tag: "SessionStarted", agent: "toy", resumed: false } as const
        tell(started, "", () => journal.begin({ ...started }))
        for (const [at, { does, later, longer, name, parent, texts, times }] of steps.entries()) {
          yield* TestClock.adjust(later)
          journal.tick()
          if (does === "session") journal.sessionId = ids.sessionId(name)
          else if (does === "no turn") journal.current = undefined
          else if (does === "turn") {
            const id = ids.turnId(name)
            journal.current = { id, folding: Turn.begin(id, 0), backlog, scale: { weight: 0 } }
          } else if (does === "notice") {
            const notice = { _tag: "Notice", level: "info", code: "c", text: name } as const
            tell(notice, parent, (parentId) => journal.emit({ ...notice }, parentId))
          } else {
            const tag = does === "text" ? "TextDelta" : "ReasoningDelta"
            for (let time = 0; time < times; time++) {
              const text = (texts[time % texts.length] ?? `text ${time}`) + "+".repeat(longer)
              // A chunk may come while others of the same text are told.
              if (time % 10 === 9) journal.at += later
              const delta = { _tag: tag, itemId: ids.itemId(name), text }
              tell(delta, parent, (parentId) => journal.text(tag, delta.itemId, text, parentId))
            }
          }
          if (seen.length < said.length) seen.push(...(yield* keepsUp))
          if (at === wakesAt) {
            const [first, ...rest] = yield* sleeps
            const left = said.slice(-window)
            assert.deepStrictEqual(said.length > window ? rest : [first, ...rest], left)
          }
        }
        journal.log.end()
        backlog.end()
        assert.deepStrictEqual(seen, said)
        assert.deepStrictEqual(yield* Stream.runCollect(journal.log.subscribe()), said.slice(-window))
        const ofTurns: ReadonlyArray<object> = yield* Stream.runCollect(backlog.stream)
        assert.deepStrictEqual(
          ofTurns,
          said.filter((event) => "turnId" in event)
        )
      }),
    seeded({ runs: 200 })
  )

  it.effect("rule 8: long texts push what is older out of their own run too", () =>
    Effect.gen(function* () {
      const journal = new Journal({ clock: yield* Clock.Clock, scope: yield* Effect.scope, buffer: 1000 })
      journal.begin({ _tag: "SessionStarted", agent: "toy", resumed: false })
      const item = ids.itemId("a")
      for (const letter of "abc") journal.text("TextDelta", item, letter.repeat(1024 * 1024))
      journal.log.end()
      const left = yield* Stream.runCollect(journal.log.subscribe())
      assert.deepStrictEqual(
        left.map(({ seq }) => seq),
        [2, 3]
      )
    })
  )

  it.effect("rule 17: pieces are told late as they came, whether the whole says the same or something else", () =>
    Effect.gen(function* () {
      const journal = new Journal({ clock: yield* Clock.Clock, scope: yield* Effect.scope, buffer: 1000 })
      journal.begin({ _tag: "SessionStarted", agent: "toy", resumed: false })
      const item = ids.itemId("a")
      const pieces = ["what is said first, ", "second, ", "and last"]
      const [first = "", second = "", last = ""] = pieces
      const run = journal.text("TextDelta", item, first)
      assert.strictEqual(journal.text("TextDelta", item, second), run)
      assert.strictEqual(run.shareWith(`before ${first}${second}${last}`, 7), 7 + first.length + second.length)
      assert.strictEqual(journal.text("TextDelta", item, last), run)
      assert.strictEqual(run.shareWith("something else that is as long as all of it", 0), pieces.join("").length)
      journal.log.end()
      const [, ...deltas] = yield* Stream.runCollect(journal.log.subscribe())
      assert.deepStrictEqual(
        deltas.map((event) => ("text" in event ? event.text : event)),
        pieces
      )
    })
  )

  it("a reader who keeps the deltas of a run that grows keeps their texts, and not all that came before each", () => {
    const run = new DeltaRun(modelOf("TextDelta", ids.itemId("a"), undefined, undefined, undefined), 0, 0, "")
    const kept: Array<AgentEvent> = []
    const before = process.memoryUsage().heapUsed
    for (let index = 1; index < 63; index++) {
      run.push(index, String.fromCharCode(64 + index).repeat(128 * 1024))
      run.addTo(kept, index)
    }
    // The texts are 8 MiB; all that came before each would be 250.
    assert.isBelow(process.memoryUsage().heapUsed - before, 100 * 1024 * 1024)
    assert.strictEqual(kept.length, 62)
  })
})
