/** Behaviours of turns that end early, or badly, and of what they cost. */
import * as assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Overloaded, LimitReached } from "../../AgentError.ts"
import * as Script from "../AgentScript.ts"
import {
  type Behaviour,
  behaviour,
  beside,
  failure,
  fails,
  hanging,
  isTag,
  logOf,
  only,
  open,
  part,
  speaks,
  success,
  tags
} from "./contract.ts"

const leaving: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 4: who leaves a turn early leaves nothing of it to the next one [cc-50] [asm-54]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const left = yield* Stream.runCollect(Stream.take(session.stream(rig.prompt(hanging)), 1))
      assert.deepEqual(tags(left), ["TurnStarted"])
      const next = yield* Stream.runCollect(session.stream(rig.prompt([Script.text("next")])))
      assert.equal(new Set(next.map((event) => event.turnId)).size, 1)
      assert.notEqual(next[0]?.turnId, left[0]?.turnId)
      const last = next.at(-1)
      assert.ok(last?._tag === "TurnEnded" && last.result.outcome._tag === "Completed")
      assert.equal(last.result.text, "next")
      assert.equal((yield* session.history)[0]?.outcome._tag, "Interrupted")
    }
  ),

  behaviour(
    "rule 4: a fiber that is interrupted while it waits for a turn stops that turn [asm-54]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const asking = yield* Effect.forkChild(session.ask(rig.prompt(hanging)), { startImmediately: true })
      yield* speaks(session)
      asking.interruptUnsafe()
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
      assert.deepEqual(
        (yield* session.history).map((result) => result.outcome._tag),
        ["Interrupted", "Completed"]
      )
    }
  ),

  behaviour(
    "rule 4: a consumer that fails keeps its own error, and the session goes on [asm-5]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const broken = session.stream(rig.prompt(hanging)).pipe(Stream.mapEffect(() => Effect.fail("my own")))
      assert.equal(yield* Effect.flip(Stream.runDrain(broken)), "my own")
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
    }
  ),

  behaviour(
    "rule 4: who leaves does not wait for the agent to stop; the next turn does [asm-58]",
    { needs: ["ignoresInterrupts"] },
    function* (rig) {
      const session = yield* open(rig, { timeouts: { interrupt: rig.timeouts.interrupt } })
      yield* Stream.runDrain(
        Stream.takeUntil(session.stream(rig.prompt([Script.ignore("interrupts"), ...hanging])), isTag("TextDelta"))
      )
      assert.equal((yield* session.status)._tag, "Running")
      const next = yield* beside(session.ask(rig.prompt([Script.text("next")])))
      assert.equal((yield* session.summary).turns, 0)
      yield* rig.advance(part(rig.timeouts.interrupt, 1.1))
      assert.equal(success(yield* next).text, "next")
    }
  ),

  behaviour(
    "rule 4: an interrupt ends the running turn, its stream normally [cc-81] [asm-85]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const turn = yield* beside(Stream.runCollect(session.stream(rig.prompt(hanging))))
      yield* speaks(session)
      assert.equal(yield* session.interrupt, "Interrupted")
      const last = success(yield* turn).at(-1)
      assert.ok(last?._tag === "TurnEnded")
      assert.equal(last.result.outcome._tag, "Interrupted")
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
    }
  ),

  behaviour(
    "rule 4: ask fails with Interrupted and says what was said until then",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const asking = yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session)
      yield* session.interrupt
      const { result } = failure(yield* asking, "Interrupted")
      assert.ok(result !== undefined && result.text !== "" && "begun".startsWith(result.text), result?.text)
      assert.deepEqual(yield* session.history, [result])
    }
  ),

  behaviour(
    "rule 4: who reads a turn may interrupt it, and still sees its end",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const read = session
        .stream(rig.prompt(hanging))
        .pipe(Stream.tap((event) => (event._tag === "TextDelta" ? session.interrupt : Effect.void)))
      const last = (yield* Stream.runCollect(read)).at(-1)
      assert.ok(last?._tag === "TurnEnded")
      assert.equal(last.result.outcome._tag, "Interrupted")
    }
  ),

  behaviour("rule 4: an interrupt while nothing runs is NotRunning [asm-85]", {}, function* (rig) {
    const session = yield* open(rig)
    assert.equal(yield* session.interrupt, "NotRunning")
    yield* session.ask(rig.prompt([Script.text("one")]))
    assert.equal(yield* session.interrupt, "NotRunning")
    assert.equal((yield* session.ask(rig.prompt([Script.text("two")]))).text, "two")
  }),

  behaviour(
    "rule 4: an agent that ignores the interrupt is replaced, and the conversation goes on [asm-56]",
    { needs: ["ignoresInterrupts"], capabilities: ["resume"] },
    function* (rig) {
      const session = yield* open(rig, { timeouts: { interrupt: rig.timeouts.interrupt } })
      const before = yield* session.ask(rig.prompt([Script.text("before")]))
      const asking = yield* beside(session.ask(rig.prompt([Script.ignore("interrupts"), ...hanging])))
      yield* speaks(session, 2)
      const interrupt = yield* beside(session.interrupt)
      yield* rig.advance(part(rig.timeouts.interrupt, 1.1))
      assert.equal(success(yield* interrupt), "Escalated")
      failure(yield* asking, "Interrupted")
      const after = yield* session.ask(rig.prompt([Script.text("after")]))
      assert.equal(after.text, "after")
      assert.equal(after.sessionId, before.sessionId)
      const codes = only(yield* logOf(session), "Notice").map((event) => event.code)
      assert.ok(codes.includes("process-replaced"), codes.join())
    }
  )
]

const failing: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 5: a turn that fails ends with its reason and with what was said and spent [cc-48] [asm-31]",
    { needs: ["failures"] },
    function* (rig) {
      const session = yield* open(rig)
      const turn = [Script.fail(new Overloaded({ description: "busy", status: 529 }))]
      const asked = yield* fails(session.ask(rig.prompt(turn)), "Overloaded")
      assert.equal(asked.result?.outcome._tag, "Failed")
      const seen: Array<string> = []
      const stream = session
        .stream(rig.prompt(turn))
        .pipe(Stream.tap((event) => Effect.sync(() => seen.push(event._tag))))
      const streamed = yield* fails(Stream.runDrain(stream), "Overloaded")
      assert.equal(streamed.result?.outcome._tag, "Failed")
      assert.equal(seen.at(-1), "TurnEnded")
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
      assert.equal((yield* session.summary).turns, 3)
    }
  ),

  behaviour(
    "rule 5: a turn that stops at a limit is LimitReached and says which [asm-33]",
    { needs: ["failures"] },
    function* (rig) {
      const session = yield* open(rig)
      const turn = [Script.text("so far"), Script.fail(new LimitReached({ which: "turns" }))]
      const { reason, result } = yield* fails(session.ask(rig.prompt(turn)), "LimitReached")
      assert.equal(reason.which, "turns")
      assert.deepEqual(result?.outcome, { _tag: "LimitReached", which: "turns" })
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
    }
  )
]

const spending: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 6: the costs of the turns sum up to the cost of the session [asm-88]",
    { needs: ["spending"], capabilities: ["cost"] },
    function* (rig) {
      const session = yield* open(rig)
      const spend = (inputTokens: number, cost: number) =>
        session.ask(rig.prompt([Script.text("hello"), Script.spent({ inputTokens, outputTokens: 20, cost })]))
      const turns = [yield* spend(1000, 0.25), yield* spend(100, 0.03), yield* spend(500, 0.12)]
      const costs = turns.map((turn) => Option.getOrThrow(turn.cost))
      assert.ok(
        costs.every((cost) => cost > 0),
        costs.join()
      )
      const { cost, usage } = yield* session.summary
      const sum = costs.reduce((total, cost) => total + cost, 0)
      assert.ok(Math.abs(Option.getOrThrow(cost) - sum) < 1e-9, `${sum} is not ${Option.getOrThrow(cost)}`)
      const tokens = turns.reduce((total, turn) => total + turn.usage.inputTokens, 0)
      assert.equal(usage.inputTokens, tokens)
      assert.ok(
        (turns[1]?.usage.inputTokens ?? 0) < (turns[0]?.usage.inputTokens ?? 0),
        "totals were taken for a turn's"
      )
    }
  ),

  behaviour(
    "rule 6: turns that fail count too [asm-91]",
    { needs: ["spending", "failures"], capabilities: ["cost"] },
    function* (rig) {
      const session = yield* open(rig)
      const turn = [
        Script.text("so far"),
        Script.spent({ inputTokens: 1000, outputTokens: 20, cost: 0.5 }),
        Script.fail(new LimitReached({ which: "turns" }))
      ]
      const { result } = yield* fails(session.ask(rig.prompt(turn)), "LimitReached")
      assert.ok(result !== undefined)
      const { cost, turns, usage } = yield* session.summary
      assert.equal(turns, 1)
      assert.ok(Option.getOrThrow(cost) > 0)
      assert.deepEqual(cost, result.cost)
      assert.equal(usage.inputTokens, result.usage.inputTokens)
      assert.ok(usage.inputTokens > 0)
    }
  )
]

const crashing: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 13: a crash ends the running turn and every waiting one with ProcessExited, and what stderr said [cc-52] [asm-39]",
    { needs: ["crash", "silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const crash = [Script.text("so far"), Script.crash({ code: 7, stderr: "out of luck" })]
      const running = yield* beside(Stream.runCollect(session.stream(rig.prompt(crash))))
      const waiting = yield* Effect.forEach(["one", "two"], (text) =>
        beside(session.ask(rig.prompt([Script.text(text)])))
      )
      const { reason, result } = failure(yield* running, "ProcessExited")
      assert.equal(reason.code, 7)
      assert.notEqual(reason.stderrTail, "")
      assert.equal(result?.outcome._tag, "Failed")
      assert.ok("so far".startsWith(result.text))
      for (const exit of yield* Effect.all(waiting)) failure(exit, "ProcessExited")
      const late = rig.prompt([Script.text("too late")])
      const asked = yield* fails(session.ask(late), "ProcessExited")
      const streamed = yield* fails(Stream.runDrain(session.stream(late)), "ProcessExited")
      assert.deepEqual([streamed.sessionId, streamed.phase], [asked.sessionId, asked.phase])
      const log = yield* Stream.runCollect(session.events)
      assert.deepEqual(
        only(log, "SessionEnded").map((event) => [event.reason, event.exit?.code]),
        [["exited", 7]]
      )
      assert.deepEqual(yield* session.status, { _tag: "Closed", reason: "exited" })
      assert.equal((yield* session.health)._tag, "Unhealthy")
      assert.equal(yield* session.interrupt, "NotRunning")
    }
  ),

  behaviour(
    "rule 13: a session that crashed can be resumed, with what it was [asm-101]",
    { needs: ["crash"], capabilities: ["resume"] },
    function* (rig) {
      const session = yield* open(rig)
      const first = yield* session.ask(rig.prompt([Script.text("first")]))
      const error = yield* fails(session.ask(rig.prompt([Script.text("so far"), Script.crash()])), "ProcessExited")
      assert.ok(error.isResumable)
      assert.ok(error.sessionId !== undefined)
      yield* session.close
      const resumed = yield* open(rig, { start: { resume: error.sessionId } })
      const next = yield* resumed.ask(rig.prompt([Script.text("next")]))
      assert.equal(next.text, "next")
      assert.equal(next.sessionId, first.sessionId)
    }
  )
]

const closing: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 3: close ends the running turn and the waiting ones with SessionClosed [cc-54] [asm-15]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const running = yield* beside(Stream.runCollect(session.stream(rig.prompt(hanging))))
      yield* speaks(session)
      const waiting = yield* beside(session.ask(rig.prompt([Script.text("waiting")])))
      yield* session.close
      const { result } = failure(yield* running, "SessionClosed")
      assert.equal(result?.outcome._tag, "Interrupted")
      failure(yield* waiting, "SessionClosed")
      assert.equal((yield* session.history).length, 1)
      const log = yield* Stream.runCollect(session.events)
      assert.equal(only(log, "TurnEnded").length, 1)
      assert.equal(log.at(-1)?._tag, "SessionEnded")
    }
  ),

  behaviour(
    "rule 9: close ends a turn whose agent does not obey [asm-12]",
    { needs: ["ignoresInterrupts"] },
    function* (rig) {
      const session = yield* open(rig)
      const running = yield* beside(session.ask(rig.prompt([Script.ignore("interrupts"), ...hanging])))
      yield* speaks(session)
      yield* session.close
      const { result } = failure(yield* running, "SessionClosed")
      assert.ok(result !== undefined)
      assert.deepEqual(yield* session.status, { _tag: "Closed", reason: "closed" })
    }
  ),

  behaviour("rule 3: who reads a turn may close the session", { needs: ["silence"] }, function* (rig) {
    const session = yield* open(rig)
    const read = session
      .stream(rig.prompt(hanging))
      .pipe(Stream.tap((event) => (event._tag === "TextDelta" ? session.close : Effect.void)))
    yield* fails(Stream.runDrain(read), "SessionClosed")
    assert.equal((yield* session.status)._tag, "Closed")
  }),

  behaviour("rule 3: close may be called any number of times, at once and again [asm-6]", {}, function* (rig) {
    const session = yield* open(rig)
    yield* session.ask(rig.prompt([Script.text("hello")]))
    yield* Effect.all(
      Array.from({ length: 10 }, () => session.close),
      { concurrency: "unbounded", discard: true }
    )
    yield* session.close
    assert.equal(only(yield* Stream.runCollect(session.events), "SessionEnded").length, 1)
  }),

  behaviour("rule 3: a closed session says so, whatever it is asked [asm-120]", {}, function* (rig) {
    const session = yield* open(rig)
    const { text } = yield* session.ask(rig.prompt([Script.text("hello")]))
    yield* session.close
    yield* fails(session.ask(rig.prompt([Script.text("no")])), "SessionClosed")
    yield* fails(Stream.runDrain(session.stream(rig.prompt([Script.text("no")]))), "SessionClosed")
    yield* fails(session.quiescent, "SessionClosed")
    assert.equal(yield* session.interrupt, "NotRunning")
    assert.deepEqual(yield* session.status, { _tag: "Closed", reason: "closed" })
    assert.deepEqual(
      (yield* session.history).map((result) => result.text),
      [text]
    )
  }),

  behaviour(
    "rule 3: the end of the Scope closes the session, whatever runs in it [asm-15]",
    { needs: ["silence"] },
    function* (rig) {
      const { asking, session } = yield* Effect.scoped(
        Effect.gen(function* () {
          const session = yield* open(rig)
          const asking = yield* Effect.forkDetach(session.ask(rig.prompt(hanging)), { startImmediately: true })
          yield* speaks(session)
          return { asking, session }
        })
      )
      failure(yield* Fiber.await(asking), "SessionClosed")
      assert.equal((yield* session.status)._tag, "Closed")
    }
  )
]

export const ends: ReadonlyArray<Behaviour> = [...leaving, ...failing, ...spending, ...crashing, ...closing]
