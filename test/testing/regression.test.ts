/**
 * What two versions of the real CLI said, played to the adapter in virtual time: what it makes of it must not change; and
 * whatever goes wrong at whatever line, every turn ends once and the session closes.
 */
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { TestClock } from "effect/testing"
import { type AgentEvent, Session } from "effect-agent-session"
import type { TimeoutOptions } from "effect-agent-session/AgentAdapter"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { Cassette } from "effect-agent-session/testing"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { type Open, type Scenario, scenarios, type Told } from "../support/cassetteScenarios.ts"

const folder = fileURLToPath(new URL("../fixtures/cassettes", import.meta.url))

const versions = fs.readdirSync(folder).toSorted()

const cassetteOf = (version: string, { name }: Scenario): Effect.Effect<Cassette.Cassette> =>
  Effect.orDie(Cassette.fromText(fs.readFileSync(`${folder}/${version}/${name}.ndjson`, "utf8")))

/** A session and all that it ever told. */
interface Log {
  readonly session: Session.Session
  readonly events: ReadonlyArray<AgentEvent.AgentEvent>
  readonly history: Effect.Success<Session.Session["history"]>
  readonly cost: number
}

/** Nothing ends of itself here while the test waits for the disk: virtual time is fast. */
const patient = { startup: "10 days", control: "10 days", idle: "10 days", interrupt: "10 days" } as const

interface Play extends Cassette.PlayOptions {
  readonly timeouts?: TimeoutOptions | undefined
}

/** The disk and the pipes get their turn. */
const breath = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Time passes as long as the effect runs. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.raceFirst(effect, Effect.forever(Effect.andThen(TestClock.adjust("1 minute"), Effect.promise(breath))))

/** Runs a scenario on a recording, and closes what it opened. */
const play = Effect.fnUntraced(function* (
  scenario: Scenario,
  cassette: Cassette.Cassette,
  { timeouts = patient, ...options }: Play
) {
  const files = yield* FileSystem.FileSystem
  const home = yield* files.makeTempDirectoryScoped({ prefix: "effect-agent-session-cassette-" })
  const sessions: Array<Session.Session> = []
  const open: Open = Effect.fnUntraced(function* (asked) {
    const start = asked?.start
    if (typeof start === "object" && start.resume !== undefined) {
      // What the recorded CLI wrote down is looked for before one is started.
      yield* Effect.orDie(
        Effect.andThen(
          files.makeDirectory(`${home}/projects/any`, { recursive: true }),
          files.writeFileString(`${home}/projects/any/${start.resume}.jsonl`, '{"type":"user"}\n')
        )
      )
    }
    const session = yield* Session.make({
      ...asked,
      cwd: home,
      env: { base: "none", set: { CLAUDE_CONFIG_DIR: home } },
      timeouts: { ...timeouts, shutdown: "20 millis" }
    })
    sessions.push(session)
    return session
  })
  const agent = ClaudeAdapter.layer({ executable: process.execPath, stateDir: `${home}/state` }).pipe(
    Layer.provide(Cassette.layer(cassette, options))
  )
  return yield* inTime(
    Effect.gen(function* () {
      const exit = yield* Effect.exit(scenario.run(open))
      const logs = yield* Effect.forEach(
        sessions,
        Effect.fnUntraced(function* (session) {
          yield* session.close
          const events = Array.from(yield* Stream.runCollect(session.events))
          const { cost } = yield* session.summary
          return { session, events, history: yield* session.history, cost: Option.getOrElse(cost, () => 0) }
        })
      )
      return { exit, logs }
    }).pipe(Effect.scoped, Effect.provide(agent))
  )
}, Effect.scoped)

const toldOf = ({ history }: Log): ReadonlyArray<Told> =>
  history.map(({ outcome, text, toolCalls }) => ({
    outcome: outcome._tag,
    // 2.1.197 says so where the later one says nothing.
    text: text === "(no content)" ? "" : text,
    calls: toolCalls.map(({ name, status }) => [name, status] as const)
  }))

/** What each process spent, by the totals of its results. They begin anew after a clear, and go on after a resume. */
const costsOf = (cassette: Cassette.Cassette): ReadonlyArray<number> => {
  let total = 0
  return cassette.runs.map(({ entries }) => {
    let cost = 0
    for (const entry of entries) {
      const found = entry._tag === "Said" ? /"total_cost_usd":([\d.e-]+)/.exec(entry.line) : null
      if (found === null) continue
      const now = Number(found[1])
      cost += now < total ? now : now - total
      total = now
    }
    return cost
  })
}

/** The rules that hold whatever happens: each thing begins and ends once, and each turn keeps to itself. */
const holds = ({ events, history }: Log): void => {
  const count = (tag: AgentEvent.AgentEvent["_tag"], turnId?: string): number =>
    events.filter((event) => event._tag === tag && (turnId === undefined || event.turnId === turnId)).length
  assert.deepStrictEqual([count("SessionStarted"), count("SessionEnded")], [1, 1])
  assert.deepStrictEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index)
  )
  const turns = [...new Set(events.flatMap(({ turnId }) => turnId ?? []))]
  assert.deepStrictEqual<ReadonlyArray<string>>(
    turns,
    history.map(({ turnId }) => turnId)
  )
  let running: string | undefined
  for (const event of events) {
    if (event._tag === "TurnStarted") {
      assert.isUndefined(running)
      running = event.turnId
    }
    if (event.turnId !== undefined) assert.strictEqual(event.turnId, running, event._tag)
    if (event._tag === "TurnEnded") running = undefined
  }
  for (const turnId of turns) {
    assert.deepStrictEqual([count("TurnStarted", turnId), count("TurnEnded", turnId)], [1, 1])
  }
}

const test = (title: string, effect: Effect.Effect<void, unknown, NodeServices.NodeServices>) =>
  it.effect(title, () => Effect.provide(effect, NodeServices.layer), 120_000)

describe.each(versions)("recordings of Claude Code %s", (version) => {
  for (const scenario of scenarios) {
    for (const timing of ["recorded", "none"] as const) {
      test(
        `${scenario.name}: what is told is what it was (timing: ${timing})`,
        Effect.gen(function* () {
          const cassette = yield* cassetteOf(version, scenario)
          const odd: Array<string> = []
          const { exit, logs } = yield* play(scenario, cassette, {
            timing,
            strange: (line) => odd.push(`strange: ${line}`),
            missing: (line) => odd.push(`missing: ${line}`)
          })
          assert.strictEqual(exit._tag, "Success")
          assert.deepStrictEqual(odd, [])
          assert.deepStrictEqual(logs.map(toldOf), scenario.told)
          const costs = costsOf(cassette)
          for (const [index, log] of logs.entries()) {
            assert.closeTo(log.cost, costs[index] ?? 0, 1e-9)
            holds(log)
            for (const { _tag } of log.events) assert.notInclude(["Unknown", "Malformed", "ErrorOccurred"], _tag)
          }
        })
      )
    }

    test(
      `${scenario.name}: whatever goes wrong at whatever line, each turn ends once and the session closes`,
      Effect.gen(function* () {
        const cassette = yield* cassetteOf(version, scenario)
        for (const [number, { entries }] of cassette.runs.entries()) {
          const lines = entries.filter(({ _tag }) => _tag === "Said").length
          for (let at = 1; at <= lines; at++) {
            const faults: ReadonlyArray<Cassette.Fault> = [
              { at, kill: at % 2 === 0 ? "SIGKILL" : 1 },
              { at, stall: true },
              { at, garbage: '{"type":"assistant","message' },
              { at, delay: "2 hours" }
            ]
            for (const fault of faults) {
              const { logs } = yield* play(scenario, cassette, {
                timing: "none",
                timeouts: { idle: "1 hour", control: "1 hour", startup: "1 hour", interrupt: "1 hour" },
                faults: cassette.runs.map((_, run) => (run === number ? [fault] : []))
              })
              logs.forEach(holds)
            }
          }
        }
      })
    )
  }
})
