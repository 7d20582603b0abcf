/**
 * The turn machine against an agent that does whatever an agent may do, in any order: what must hold of every history is
 * checked at the end of each. `FUZZ_SEED` looks elsewhere, `FUZZ_TIMES` looks longer.
 */
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { AgentError, AgentEvent, Prompt } from "effect-agent-session"
import { MockAdapter } from "effect-agent-session/testing"
import * as Core from "../../src/internal/core.ts"
import type { TurnEnd } from "../../src/internal/liveTurn.ts"
import { resolve } from "../../src/internal/resolve.ts"
import * as Random from "../support/random.ts"
import { seed } from "../support/seeded.ts"
import { completed } from "../support/toyCore.ts"

const histories = 1500 * Number(process.env["FUZZ_TIMES"] ?? 1)
const steps = 40

const failed: TurnEnd = { outcome: { _tag: "Failed" } }

/** An agent that is at one thing at a time: a turn of its own, or the oldest prompt it was sent. */
class Agent {
  readonly sent: Array<string> = []
  readonly inbox: Array<string> = []
  own = 0
  atOwn = false
  interrupts = 0
  /** Prompts that came while it was at a turn of its own. */
  pushed = 0
  replacements = 0
  /** A process that has ended says nothing more. */
  alive = true

  get at(): string | undefined {
    return this.atOwn ? `own ${this.own}` : this.inbox[0]
  }

  restart(): void {
    this.inbox.length = 0
    this.atOwn = false
    this.replacements++
  }
}

interface Call {
  readonly prompt: string
  readonly fiber: Fiber.Fiber<Result.Result<unknown, AgentError.AgentError>>
  cancelled: boolean
}

const history = Effect.fnUntraced(function* (random: Random.Random) {
  const agent = new Agent()
  const calls: Array<Call> = []
  const interrupts: Array<Call["fiber"]> = []
  const log: Array<string> = []
  const capacity = random.below(4)
  const core: Core.Core = yield* Core.make(
    {
      agent: "toy",
      capabilities: MockAdapter.capabilities,
      resolved: yield* resolve({
        turns: random.chance(0.8) ? { policy: "queue", capacity } : { policy: "reject" },
        timeouts: { idle: "1 minute", turn: "5 minutes", interrupt: "5 seconds" }
      }),
      host: yield* Effect.context<Core.Host>()
    },
    (core): Core.Driver => ({
      send: ({ prompt }) =>
        Effect.suspend(() => {
          const text = Prompt.textOf(prompt)
          agent.sent.push(text)
          if (agent.atOwn) agent.pushed++
          if (random.chance(0.05)) {
            return Effect.fail(
              core.turns.error("turn", new AgentError.ControlFailed({ request: "send", description: "no" }))
            )
          }
          agent.inbox.push(text)
          return Effect.void
        }),
      interrupt: () => Effect.sync(() => void agent.interrupts++),
      replace: Effect.suspend(() => {
        agent.restart()
        agent.alive = random.chance(0.9)
        return !agent.alive
          ? Effect.fail(core.turns.error("control", new AgentError.ContinuityLost({ expected: "a", actual: "b" })))
          : Effect.void
      }),
      setModel: () => Effect.void,
      setPermissionMode: () => Effect.void,
      steer: () => Effect.void,
      clear: Effect.void,
      transcript: () => Stream.empty,
      closeItems: () => undefined,
      shutdown: Effect.void
    })
  )
  const { session, turns } = core
  const events: Array<AgentEvent.AgentEvent> = []
  const watcher = yield* Effect.forkChild(
    Stream.runForEach(yield* session.subscribe, (event) => Effect.sync(() => events.push(event))),
    { startImmediately: true }
  )
  yield* core.opened({ resumed: false })

  const does = (act: () => void): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!agent.alive || core.isClosing()) return Effect.void
      core.journal.tick()
      turns.touch()
      act()
      return core.journal.flush
    })

  const exit = (reason: AgentError.Reason): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (!agent.alive) return Effect.void
      agent.alive = false
      return core.exited(reason)
    })

  const finish = (end: TurnEnd): Effect.Effect<void> =>
    does(() => {
      if (agent.atOwn) {
        agent.atOwn = false
        turns.agentTurnEnded(end)
      } else if (agent.inbox.length > 0) {
        agent.inbox.shift()
        turns.turnEnded(end)
      }
    })

  const moves: ReadonlyArray<readonly [string, () => Effect.Effect<unknown>]> = [
    [
      "ask",
      () => {
        const prompt = `prompt ${calls.length}`
        const how = random.below(3)
        const effect: Effect.Effect<unknown, AgentError.AgentError> =
          how === 0
            ? session.ask(prompt)
            : how === 1
              ? Stream.runDrain(session.stream(prompt))
              : Stream.runDrain(Stream.take(session.stream(prompt), 2))
        return Effect.map(Effect.forkChild(Effect.result(effect), { startImmediately: true }), (fiber) => {
          calls.push({ prompt, fiber, cancelled: false })
        })
      }
    ],
    [
      "cancel",
      () => {
        const call = random.pick(calls)
        if (call === undefined) return Effect.void
        call.cancelled = true
        return Fiber.interrupt(call.fiber)
      }
    ],
    [
      "interrupt",
      () =>
        Effect.map(Effect.forkChild(Effect.result(session.interrupt), { startImmediately: true }), (fiber) => {
          interrupts.push(fiber)
        })
    ],
    [
      "say",
      () =>
        does(() => {
          const { at } = agent
          if (at === undefined) return
          core.journal.emit({ _tag: "TextDelta", itemId: AgentEvent.ItemId.make("i"), text: `<${at}>` })
        })
    ],
    ["finish", () => finish(random.chance(0.8) ? completed : failed)],
    ["finish", () => finish(completed)],
    [
      "begin",
      () =>
        does(() => {
          // It may begin before it has read what was sent.
          if (agent.atOwn || (agent.inbox.length > 0 && random.chance(0.7))) return
          agent.own++
          agent.atOwn = true
          turns.agentBegan()
        })
    ],
    ["foreign", () => (agent.atOwn ? Effect.void : does(() => turns.agentTurnEnded(completed)))],
    [
      "late",
      () => (agent.inbox.length > 0 || turns.caller !== undefined ? Effect.void : does(() => turns.turnEnded(failed)))
    ],
    ["wait", () => TestClock.adjust(random.pick(["1 second", "5 seconds", "30 seconds", "61 seconds"]) ?? "1 second")],
    [
      "silent",
      () =>
        random.chance(0.08) ? Effect.forkChild(Effect.andThen(core.unanswered("x"), core.unanswered("x"))) : Effect.void
    ],
    [
      "exit",
      () =>
        random.chance(0.02)
          ? exit(new AgentError.ProcessExited({ code: 1, signal: null, stderrTail: "" }))
          : Effect.void
    ],
    ["close", () => (random.chance(0.02) ? session.close : Effect.void)]
  ]

  const often: ReadonlyArray<string> = ["ask", "ask", "say", "finish"]
  for (let step = 0; step < steps; step++) {
    const wanted = random.chance(0.4) ? random.pick(often) : undefined
    const found = moves.find(([name]) => name === wanted) ?? random.pick(moves)
    const [name, move] = found ?? ["nothing", () => Effect.void]
    log.push(name)
    yield* move()
    // Fibers run as far as they can, as they would between two chunks.
    yield* Effect.yieldNow
  }
  for (let left = agent.inbox.length + 1 + calls.length; left > 0; left--) {
    yield* finish(completed)
    yield* TestClock.adjust("6 seconds")
  }
  // An agent that answers everything leaves nobody waiting; a session that is over does not either.
  const waiting = calls.filter(({ fiber }) => fiber.pollUnsafe() === undefined).map(({ prompt }) => prompt)
  yield* session.close
  yield* TestClock.adjust("10 minutes")
  const unsettled = [...calls.map(({ fiber }) => fiber), ...interrupts].filter(
    (fiber) => fiber.pollUnsafe() === undefined
  ).length
  yield* Fiber.await(watcher)
  return { agent, calls, events, log, unsettled, waiting, results: yield* session.history }
})

const labels = (text: string): ReadonlyArray<string> => [...new Set(text.match(/<[^>]*>/g))]

const check = ({
  agent,
  calls,
  events,
  results,
  unsettled,
  waiting
}: Effect.Success<ReturnType<typeof history>>): void => {
  assert.strictEqual(unsettled, 0, "every call settles")
  assert.deepStrictEqual(waiting, [], "nobody waits for an agent that has answered")
  assert.strictEqual(agent.pushed, 0, "nothing is sent while the agent is at a turn of its own")

  assert.deepStrictEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index),
    "numbers have no gap"
  )
  const tags = events.map(({ _tag }) => _tag)
  assert.strictEqual(tags.filter((tag) => tag === "SessionStarted").length, 1, "one start of the session")
  assert.strictEqual(tags.filter((tag) => tag === "SessionEnded").length, 1, "one end of the session")
  assert.strictEqual(tags.at(-1), "SessionEnded")

  const open = new Set<string>()
  const begun = new Set<string>()
  let ours = 0
  for (const event of events) {
    const { turnId } = event
    if (turnId === undefined) continue
    if (event._tag === "TurnStarted") {
      assert.isFalse(begun.has(turnId), "a turn starts once")
      begun.add(turnId)
      open.add(turnId)
      if (event.origin === "caller") ours++
    } else assert.isTrue(open.has(turnId), `${event._tag} lies within its turn`)
    if (event._tag === "TurnEnded") open.delete(turnId)
  }
  assert.strictEqual(open.size, 0, "every turn ends")
  assert.strictEqual(results.length, begun.size, "every turn has a result")

  assert.strictEqual(new Set(agent.sent).size, agent.sent.length, "no prompt is sent twice")
  assert.strictEqual(ours, agent.sent.length, "what is sent is a turn, and what is a turn is sent")
  const asked = new Set(calls.map(({ prompt }) => prompt))
  assert.isTrue(agent.sent.every((prompt) => asked.has(prompt)))

  for (const result of results) {
    const said = labels(result.text)
    assert.isAtMost(said.length, 1, `the text of a turn is its own: ${result.text}`)
  }
}

describe("the turn machine", () => {
  it.effect(
    "rule 3: whatever happens in whatever order, each turn starts and ends once, holds only what is its own, and every call settles",
    () =>
      Effect.gen(function* () {
        let events = 0
        let replaced = 0
        for (let index = 0; index < histories; index++) {
          const name = `${seed} ${index}`
          const told = yield* Effect.scoped(history(Random.make(name)))
          try {
            check(told)
          } catch (error) {
            assert.fail(`history ${name}: ${String(error)}\n${told.log.join(" ")}`)
          }
          events += told.events.length
          replaced += told.agent.replacements
        }
        process.stdout.write(
          `turn machine, FUZZ_SEED=${seed}: ${histories} histories, ${events} events, ${replaced} replacements\n`
        )
        assert.isAbove(replaced, 0)
      }).pipe(Effect.provide(NodeServices.layer)),
    120_000
  )
})
