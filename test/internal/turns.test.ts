import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { type AgentAdapter, AgentError, type AgentEvent, Prompt } from "effect-agent-session"
import { MockAdapter } from "effect-agent-session/testing"
import * as Core from "../../src/internal/core.ts"
import * as ids from "../../src/internal/ids.ts"
import { resolve } from "../../src/internal/resolve.ts"
import type { TurnEnd } from "../../src/internal/liveTurn.ts"
import { completed } from "../support/toyCore.ts"

const failed: TurnEnd = { outcome: { _tag: "Failed" } }

/** A session with an agent that notes what it is told, and does what `over` says. */
const open = Effect.fnUntraced(function* (
  over: (core: Core.Core) => Partial<Core.Driver> = () => ({}),
  options: AgentAdapter.SessionOptions = {}
): Effect.fn.Return<
  Core.Core & { readonly told: Array<string>; readonly does: (act: () => void) => Effect.Effect<void> },
  AgentError.AgentError,
  Core.Host | Scope.Scope
> {
  const told: Array<string> = []
  const core = yield* Core.make(
    {
      agent: "toy",
      capabilities: MockAdapter.capabilities,
      resolved: yield* resolve(options),
      host: yield* Effect.context<Core.Host>()
    },
    (core): Core.Driver => ({
      send: ({ prompt }) => Effect.sync(() => told.push(Prompt.textOf(prompt))),
      interrupt: () => Effect.sync(() => told.push("interrupt")),
      replace: Effect.sync(() => told.push("replace")),
      setModel: () => Effect.void,
      setPermissionMode: () => Effect.void,
      steer: () => Effect.void,
      clear: Effect.void,
      transcript: () => Stream.empty,
      closeItems: () => undefined,
      shutdown: Effect.void,
      ...over(core)
    })
  )
  yield* core.opened({ resumed: false })
  const does = (act: () => void): Effect.Effect<void> =>
    Effect.suspend(() => {
      core.journal.tick()
      core.turns.touch()
      act()
      return core.journal.flush
    })
  return Object.assign(core, { told, does })
})

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.forkChild(Effect.result(effect), { startImmediately: true })

/** A reader of one turn; what it got is in `events`. */
const read = Effect.fnUntraced(function* (stream: Stream.Stream<AgentEvent.AgentEvent, AgentError.AgentError>) {
  const events: Array<AgentEvent.AgentEvent> = []
  const fiber = yield* fork(Stream.runForEach(stream, (event) => Effect.sync(() => events.push(event))))
  return { events, fiber }
})

const ends = (events: Iterable<AgentEvent.AgentEvent>) =>
  [...events].flatMap((event) => (event._tag === "TurnEnded" ? [event] : []))

const silentTwice = (core: Core.Core) => Effect.andThen(core.unanswered("set_model"), core.unanswered("set_model"))

/** A replacement that lasts until the latch is opened. */
const replacing = (told: () => Array<string>) => {
  const done = Deferred.makeUnsafe<void>()
  return {
    done: Deferred.succeed(done, undefined),
    replace: Effect.andThen(
      Effect.sync(() => told().push("replace")),
      Deferred.await(done)
    )
  }
}

describe("turns", () => {
  const test = (name: string, body: () => Effect.Effect<void, unknown, Core.Host | Scope.Scope>) =>
    it.effect(name, () => Effect.provide(Effect.scoped(body()), NodeServices.layer))

  test("rule 3: a crash while the agent runs a turn of its own ends both, each under its own id", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const { events, fiber } = yield* read(core.session.stream("mine"))
      yield* core.does(() => core.turns.agentBegan())
      yield* core.exited(new AgentError.TurnFailed({ kind: "crash", description: "gone" }))
      yield* Fiber.join(fiber)
      assert.strictEqual(events.at(-1)?._tag, "TurnEnded")
      const ended = ends(yield* Stream.runCollect(core.session.events))
      assert.strictEqual(ended.length, 2)
      for (const { result, turnId } of ended) assert.strictEqual(turnId, result.turnId)
    }))

  test("rule 3: a turn whose time is up in the middle of the agent's own leaves that one whole", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const { events } = yield* read(core.session.stream("mine", { timeouts: { turn: "1 minute" } }))
      yield* core.does(() => core.turns.agentBegan())
      const own = core.turns.running?.turnId
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(events.at(-1)?._tag, "TurnEnded")
      yield* core.does(() => core.journal.emit({ _tag: "Notice", level: "info", code: "own", text: "" }))
      yield* core.does(() => core.turns.agentTurnEnded(completed))
      yield* core.session.close
      const all = yield* Stream.runCollect(core.session.events)
      assert.strictEqual([...all].find((event) => event._tag === "Notice" && event.code === "own")?.turnId, own)
      for (const { result, turnId } of ends(all)) assert.strictEqual(turnId, result.turnId)
    }))

  test("rule 6: what a turn of the agent's own cost is known also when its time was up", () =>
    Effect.gen(function* () {
      const core = yield* open()
      yield* core.does(() => core.turns.agentBegan())
      yield* TestClock.adjust("6 minutes")
      yield* core.does(() =>
        core.turns.agentTurnEnded({ ...failed, report: { costUsd: 2, models: undefined, turn: undefined } })
      )
      assert.deepStrictEqual((yield* core.session.summary).cost, Option.some(2))
    }))

  test("rule 7: a turn that the handler stopped can still be interrupted, and that has its deadline", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const ask = yield* fork(core.session.ask("mine"))
      const { running } = core.turns
      assert.isDefined(running)
      running.interrupted = true
      const interrupt = yield* fork(core.session.interrupt)
      yield* TestClock.adjust("5 seconds")
      assert.deepStrictEqual(core.told, ["mine", "interrupt", "replace"])
      assert.deepStrictEqual(yield* Fiber.join(interrupt), Result.succeed("Escalated" as const))
      yield* Fiber.join(ask)
    }))

  test("rule 4: a turn that is asked for while the process is replaced waits for the new one", () =>
    Effect.gen(function* () {
      const slow = replacing(() => core.told)
      const core: Effect.Success<ReturnType<typeof open>> = yield* open(() => ({ replace: slow.replace }))
      yield* silentTwice(core)
      const ask = yield* fork(core.session.ask("mine"))
      assert.deepStrictEqual(core.told, ["replace"])
      yield* slow.done
      assert.deepStrictEqual(core.told, ["replace", "mine"])
      yield* core.does(() => core.turns.turnEnded(completed))
      assert.strictEqual((yield* Fiber.join(ask))._tag, "Success")
    }))

  test("rule 4: two reasons to replace the process replace it once, and the queue goes on", () =>
    Effect.gen(function* () {
      const slow = replacing(() => core.told)
      const core: Effect.Success<ReturnType<typeof open>> = yield* open(() => ({ replace: slow.replace }))
      yield* fork(core.session.ask("first"))
      const second = yield* fork(core.session.ask("second"))
      const interrupt = yield* fork(core.session.interrupt)
      yield* silentTwice(core)
      yield* TestClock.adjust("5 seconds")
      yield* slow.done
      assert.deepStrictEqual(yield* Fiber.join(interrupt), Result.succeed("Escalated" as const))
      assert.deepStrictEqual(core.told, ["first", "interrupt", "replace", "second"])
      yield* core.does(() => core.turns.turnEnded(completed))
      assert.strictEqual((yield* Fiber.join(second))._tag, "Success")
    }))

  test("rule 4: a replaced process ends what it ran of ours and of its own", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const mine = yield* fork(core.session.ask("mine"))
      yield* core.does(() => core.turns.agentBegan())
      yield* silentTwice(core)
      assert.strictEqual((yield* Fiber.join(mine))._tag, "Failure")
      assert.deepStrictEqual(yield* core.session.status, { _tag: "Idle" })
      const next = yield* fork(core.session.ask("next"))
      assert.deepStrictEqual(core.told, ["mine", "replace", "next"])
      yield* core.does(() => core.turns.turnEnded(completed))
      assert.strictEqual((yield* Fiber.join(next))._tag, "Success")
    }))

  test("rule 4: two interrupts at once are one for the agent, and both know how it ended", () =>
    Effect.gen(function* () {
      const core = yield* open()
      yield* fork(core.session.ask("mine"))
      const both = [yield* fork(core.session.interrupt), yield* fork(core.session.interrupt)]
      yield* core.does(() => core.turns.turnEnded(failed))
      for (const fiber of both) {
        const outcome = yield* Fiber.join(fiber)
        assert.strictEqual(outcome._tag === "Success" ? outcome.success : "", "Interrupted")
      }
      assert.deepStrictEqual(core.told, ["mine", "interrupt"])
    }))

  test("an interrupt that comes when the turn has ended by itself finds nothing running", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const ask = yield* fork(core.session.ask("mine"))
      const interrupt = yield* fork(core.session.interrupt)
      yield* core.does(() => core.turns.turnEnded(completed))
      const late = yield* fork(core.session.interrupt)
      for (const fiber of [interrupt, late]) {
        const outcome = yield* Fiber.join(fiber)
        assert.strictEqual(outcome._tag === "Success" ? outcome.success : "", "NotRunning")
      }
      assert.strictEqual((yield* Fiber.join(ask))._tag, "Success")
    }))

  test("rule 1: a turn that waits behind the agent's own is sent when that ends, or never when it is left", () =>
    Effect.gen(function* () {
      const core = yield* open()
      yield* core.does(() => core.turns.agentBegan())
      const left = yield* fork(core.session.ask("left"))
      yield* fork(core.session.ask("waits"))
      yield* Fiber.interrupt(left)
      yield* core.does(() => core.turns.agentTurnEnded(completed))
      assert.deepStrictEqual(core.told, ["waits"])
    }))

  test("rule 4: who left while the agent was at a turn of its own is interrupted again when that ends", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const mine = yield* fork(core.session.ask("mine"))
      yield* core.does(() => core.turns.agentBegan())
      yield* Fiber.interrupt(mine)
      assert.deepStrictEqual(core.told, ["mine", "interrupt"])
      yield* core.does(() => core.turns.agentTurnEnded(failed))
      assert.deepStrictEqual(core.told, ["mine", "interrupt", "interrupt"])
    }))

  test("rule 4: a turn that is given up as soon as it starts is interrupted, and the next one is sent", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const started = core.session.events.pipe(
        Stream.filter((event) => event._tag === "TurnStarted"),
        Stream.runHead
      )
      yield* Effect.raceFirst(started, core.session.ask("mine"))
      const next = yield* fork(core.session.ask("next"))
      assert.deepStrictEqual(core.told, ["mine", "interrupt"])
      yield* core.does(() => core.turns.turnEnded(failed))
      assert.deepStrictEqual(core.told, ["mine", "interrupt", "next"])
      yield* core.does(() => core.turns.turnEnded(completed))
      assert.strictEqual((yield* Fiber.join(next))._tag, "Success")
    }))

  test("rule 7: a new process is healthy: only its own silence counts [cc-101]", () =>
    Effect.gen(function* () {
      const core = yield* open()
      yield* silentTwice(core)
      assert.deepStrictEqual(yield* core.session.health, { _tag: "Healthy" })
      yield* core.unanswered("set_model")
      assert.deepStrictEqual(core.told, ["replace"])
    }))

  test("quiescent fails when the agent went with work in the background, and waits for nothing", () =>
    Effect.gen(function* () {
      const core = yield* open()
      yield* core.does(() => core.quiescence.background(ids.taskId("task"), true))
      const waits = yield* fork(core.session.quiescent)
      yield* core.exited(new AgentError.TurnFailed({ kind: "crash", description: "gone" }))
      assert.strictEqual((yield* Fiber.join(waits))._tag, "Failure")
      yield* core.session.close
      assert.strictEqual((yield* Effect.flip(core.session.quiescent)).reason._tag, "SessionClosed")
    }))

  test("rule 4: a defect while the process is replaced ends the session, and nobody waits for it", () =>
    Effect.gen(function* () {
      const core = yield* open(() => ({ replace: Effect.die(new Error("no room")) }))
      const mine = yield* fork(core.session.ask("mine"))
      const queued = yield* fork(core.session.ask("queued"))
      const quiet = yield* fork(core.session.quiescent)
      yield* silentTwice(core)
      assert.strictEqual((yield* Fiber.join(mine))._tag, "Failure")
      assert.strictEqual((yield* Fiber.join(quiet))._tag, "Failure")
      const outcome = yield* Fiber.join(queued)
      assert.include(outcome._tag === "Failure" ? outcome.failure.message : "", "no room")
      yield* core.session.close
      assert.deepStrictEqual(yield* core.session.status, { _tag: "Closed", reason: "failed" })
    }))

  test("rule 9: a defect while the agent is ended leaves nobody waiting", () =>
    Effect.gen(function* () {
      const core = yield* open(() => ({ shutdown: Effect.die(new Error("stuck")) }))
      const mine = yield* fork(core.session.ask("mine"))
      yield* core.session.close
      assert.strictEqual((yield* Fiber.join(mine))._tag, "Failure")
      assert.deepStrictEqual(yield* core.session.status, { _tag: "Closed", reason: "closed" })
    }))

  test("rule 3: an agent that goes on with a turn of its own ends ours first, and the next of ours waits", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const mine = yield* fork(core.session.ask("mine"))
      yield* fork(core.session.ask("next"))
      yield* core.does(() => core.turns.turnEnded(completed, true))
      assert.strictEqual((yield* Fiber.join(mine))._tag, "Success")
      assert.deepStrictEqual(core.told, ["mine"])
      assert.strictEqual(core.turns.running?.origin, "agent")
      yield* core.does(() => core.turns.agentTurnEnded(completed))
      assert.deepStrictEqual(core.told, ["mine", "next"])
      yield* core.session.close
      const marks = [...(yield* Stream.runCollect(core.session.events))].flatMap((event) =>
        event._tag === "TurnStarted" ? [event.origin] : event._tag === "TurnEnded" ? ["end"] : []
      )
      assert.deepStrictEqual(marks, ["caller", "end", "agent", "end", "caller", "end"])
    }))

  test("quiescent waits for a turn that is about to begin, and not for one that never does", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const task = ids.taskId("task")
      const endTask = () => {
        core.quiescence.expects(task)
        core.quiescence.background(task, false)
      }
      yield* core.does(() => core.quiescence.background(task, true))
      const begins = yield* fork(core.session.quiescent)
      yield* core.does(endTask)
      yield* TestClock.adjust("4 seconds")
      yield* core.does(() => {
        core.quiescence.began()
        core.turns.agentBegan()
      })
      yield* TestClock.adjust("4 seconds")
      assert.isUndefined(begins.pollUnsafe())
      yield* core.does(() => core.turns.agentTurnEnded(completed))
      yield* Fiber.join(begins)

      yield* core.does(() => core.quiescence.background(task, true))
      const never = yield* fork(core.session.quiescent)
      yield* core.does(endTask)
      assert.isUndefined(never.pollUnsafe())
      yield* TestClock.adjust("5 seconds")
      yield* Fiber.join(never)
    }))

  test("a turn that cannot be sent fails for its caller, and the next one is sent [asm-59]", () =>
    Effect.gen(function* () {
      const sent: Array<string> = []
      const core = yield* open((core) => ({
        send: ({ prompt }) =>
          Effect.suspend(() => {
            sent.push(Prompt.textOf(prompt))
            return sent.length === 1
              ? Effect.fail(
                  core.turns.error("turn", new AgentError.ControlFailed({ request: "send", description: "" }))
                )
              : Effect.void
          })
      }))
      const first = yield* fork(core.session.ask("first"))
      const second = yield* fork(core.session.ask("second"))
      const refused = yield* Fiber.join(first)
      assert.strictEqual(Result.isFailure(refused) ? refused.failure.reason._tag : "", "ControlFailed")
      yield* core.does(() => core.turns.turnEnded(completed))
      assert.isTrue(Result.isSuccess(yield* Fiber.join(second)))
      assert.deepStrictEqual(sent, ["first", "second"])
    }))

  test("quiescent waits for the turns that wait, too [asm-65]", () =>
    Effect.gen(function* () {
      const core = yield* open()
      for (const prompt of ["one", "two", "three"]) yield* fork(core.session.ask(prompt))
      const quiet = yield* fork(core.session.quiescent)
      for (const _ of ["one", "two"]) yield* core.does(() => core.turns.turnEnded(completed))
      assert.isUndefined(quiet.pollUnsafe())
      yield* core.does(() => core.turns.turnEnded(completed))
      assert.isTrue(Result.isSuccess(yield* Fiber.join(quiet)))
      assert.deepStrictEqual(core.told, ["one", "two", "three"])
    }))

  test("rule 7: a deadline does nothing to a turn that has ended, and an infinite one never comes [asm-68]", () =>
    Effect.gen(function* () {
      const core = yield* open(undefined, { timeouts: { idle: "Infinity", turn: "Infinity" } })
      const timed = yield* fork(core.session.ask("timed", { timeouts: { turn: "1 minute" } }))
      yield* core.does(() => core.turns.turnEnded(completed))
      assert.isTrue(Result.isSuccess(yield* Fiber.join(timed)))
      const endless = yield* fork(core.session.ask("endless"))
      yield* TestClock.adjust("1000 days")
      assert.isUndefined(endless.pollUnsafe())
      yield* core.does(() => core.turns.turnEnded(completed))
      assert.isTrue(Result.isSuccess(yield* Fiber.join(endless)))
      assert.deepStrictEqual(core.told, ["timed", "endless"])
    }))

  test("quiescent waits as long as the agent says that it is at something", () =>
    Effect.gen(function* () {
      const core = yield* open()
      yield* core.does(() => core.quiescence.works(true))
      const quiet = yield* fork(core.session.quiescent)
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(quiet.pollUnsafe())
      yield* core.does(() => core.quiescence.works(false))
      yield* Fiber.join(quiet)
    }))

  test("history keeps the last 1,000 turns, oldest first; the summary counts them all", () =>
    Effect.gen(function* () {
      const core = yield* open()
      for (let turn = 0; turn < 1003; turn++) {
        const fiber = yield* fork(core.session.ask("x"))
        yield* core.does(() => core.turns.turnEnded({ ...completed, fallbackText: String(turn) }))
        yield* Fiber.join(fiber)
      }
      const history = yield* core.session.history
      assert.deepStrictEqual([history.length, history[0]?.text, history.at(-1)?.text], [1000, "3", "1002"])
      assert.strictEqual((yield* core.session.summary).turns, 1003)
    }))

  test("history keeps fewer turns when they are heavy, and the last one always", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const megabyte = 1024 * 1024
      const lengths: Array<number> = []
      for (const weight of [20, 5, 20, 40, 1]) {
        const fiber = yield* fork(core.session.ask("x"))
        yield* core.does(() => {
          core.journal.emit(
            { _tag: "Notice", level: "info", code: "c", text: "" },
            undefined,
            undefined,
            weight * megabyte
          )
          core.turns.turnEnded(completed)
        })
        yield* Fiber.join(fiber)
        lengths.push((yield* core.session.history).length)
      }
      assert.deepStrictEqual(lengths, [1, 2, 2, 1, 1])
    }))

  test("rule 7: a request that the agent makes twice holds the idle clock no longer than it is answered", () =>
    Effect.gen(function* () {
      const core = yield* open()
      const ask = yield* fork(core.session.ask("mine"))
      const request = {
        requestId: ids.requestId("r"),
        sessionId: undefined,
        toolId: undefined,
        tool: "Bash",
        input: {},
        reason: undefined,
        suggestions: [],
        agentId: undefined
      }
      yield* core.does(() => {
        core.decisions.request(request, () => Effect.void)
        core.decisions.request(request, () => Effect.void)
      })
      yield* TestClock.adjust("6 minutes")
      const outcome = yield* Fiber.join(ask)
      assert.strictEqual(outcome._tag === "Failure" ? outcome.failure.reason._tag : "", "IdleTimeout")
    }))

  test("a thousand turns leave nothing behind: no fiber, no hold, no open gate", () =>
    Effect.gen(function* () {
      const core: Effect.Success<ReturnType<typeof open>> = yield* open(
        () => ({
          send: () => Effect.void,
          interrupt: () => core.does(() => core.turns.turnEnded(failed))
        }),
        { buffer: 1024 }
      )
      const { state } = core.scope
      const finalizers = () => (state._tag === "Open" ? state.finalizers?.size : 0)
      const before = finalizers()
      for (let turn = 0; turn < 1000; turn++) {
        const fiber = yield* fork(turn % 2 === 0 ? core.session.ask("x") : Stream.runDrain(core.session.stream("x")))
        if (turn % 3 === 0) yield* core.session.interrupt
        else if (turn % 3 === 1) yield* Fiber.interrupt(fiber)
        else yield* core.does(() => core.turns.turnEnded(completed))
        yield* Fiber.await(fiber)
      }
      assert.strictEqual((yield* core.session.history).length, 1000)
      assert.strictEqual(finalizers(), before)
      yield* fork(Stream.runForEach(core.session.stream("sleeper"), () => Effect.never))
      yield* core.does(() => {
        core.journal.emit({ _tag: "Notice", level: "info", code: "long", text: "" }, undefined, undefined, 4096)
        core.journal.gate.update()
      })
      assert.isFalse(core.journal.gate.isOpen)
    }))
})
