/** Behaviours of deadlines, of readers that are slow or absent, and of observers. */
import * as assert from "node:assert/strict"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { AgentAdapter } from "../../AgentAdapter.ts"
import type { AgentEvent } from "../../AgentEvent.ts"
import * as Permission from "../../Permission.ts"
import * as Script from "../AgentScript.ts"
import {
  bash,
  type Behaviour,
  behaviour,
  beside,
  failure,
  hanging,
  isTag,
  logOf,
  only,
  open,
  part,
  speaks,
  success,
  until
} from "./contract.ts"

const millis = (duration: Duration.Input): number => Duration.toMillis(Duration.fromInputUnsafe(duration))

/** Reads one event and then no more, until `go`. */
const slowly = (turn: Stream.Stream<AgentEvent, unknown>, go: Deferred.Deferred<void>) => {
  let first = true
  return Stream.runCollect(
    Stream.tap(Stream.rechunk(turn, 1), () => {
      const wait = first ? Deferred.await(go) : Effect.void
      first = false
      return wait
    })
  )
}

const deadlines: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 7: an agent that falls silent ends the turn with IdleTimeout, and the session goes on [cc-56] [asm-58] [asm-66]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig, { timeouts: { idle: rig.timeouts.idle, interrupt: rig.timeouts.interrupt } })
      const asking = yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session)
      yield* rig.advance(part(rig.timeouts.idle, 1.1))
      const { message, reason, result } = failure(yield* asking, "IdleTimeout")
      assert.equal(reason.millis, millis(rig.timeouts.idle))
      assert.ok(message.includes("timeouts.idle"), message)
      assert.equal(result?.outcome._tag, "Failed")
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
    }
  ),

  behaviour(
    "rule 7: each sign of life starts the idle clock again [cc-56] [asm-66]",
    { needs: ["pace"] },
    function* (rig) {
      const session = yield* open(rig, { timeouts: { idle: rig.timeouts.idle } })
      const every = part(rig.timeouts.idle, 0.6)
      const asking = yield* beside(session.ask(rig.prompt([Script.text(["a", "b", "c", "d"], { every })])))
      for (const count of [1, 2, 3]) {
        yield* until(session, isTag("TextDelta"), count)
        yield* rig.advance(every)
      }
      assert.equal(success(yield* asking).text, "abcd")
    }
  ),

  behaviour("rule 7: a turn that goes on and on ends with TurnTimeout [asm-67]", { needs: ["pace"] }, function* (rig) {
    const { turn } = rig.timeouts
    const session = yield* open(rig, { timeouts: { interrupt: rig.timeouts.interrupt } })
    const pieces = Array.from({ length: 40 }, (_, at) => `${at} `)
    const chatter = rig.prompt([Script.text(pieces, { every: part(turn, 0.2) })])
    const asking = yield* beside(session.ask(chatter, { timeouts: { turn } }))
    for (const count of [1, 2, 3, 4, 5]) {
      yield* until(session, isTag("TextDelta"), count)
      yield* rig.advance(part(turn, 0.2))
    }
    const { message, reason, result } = failure(yield* asking, "TurnTimeout")
    assert.equal(reason.millis, millis(turn))
    assert.ok(message.includes("timeouts.turn"), message)
    assert.ok(result !== undefined && result.text.startsWith("0 1 "))
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  }),

  behaviour(
    "rule 7: the idle clock stands still while a permission handler thinks [asm-70]",
    { needs: ["asks"], capabilities: ["permissionPrompts"] },
    function* (rig) {
      const decision = yield* Deferred.make<Permission.Decision>()
      const session = yield* open(rig, {
        permissions: () => Deferred.await(decision),
        timeouts: { idle: rig.timeouts.idle }
      })
      const asking = yield* beside(session.ask(rig.prompt([bash("echo here", { asks: true }), Script.text("done")])))
      yield* until(session, isTag("PermissionRequested"))
      yield* rig.advance(part(rig.timeouts.idle, 2.5))
      assert.equal((yield* session.status)._tag, "Running")
      yield* Deferred.succeed(decision, Permission.allow())
      assert.equal(success(yield* asking).text, "done")
    }
  ),

  behaviour(
    "rule 7: a request that is not answered fails with ControlTimeout, and health says so [cc-80] [asm-74]",
    { needs: ["ignoresRequests"], capabilities: ["setModel"] },
    function* (rig) {
      const session = yield* open(rig, { timeouts: { control: rig.timeouts.control } })
      yield* session.ask(rig.prompt([Script.ignore("requests"), Script.text("hello")]))
      assert.equal((yield* session.health)._tag, "Healthy")
      const asking = yield* beside(session.setModel("other"))
      yield* rig.advance(part(rig.timeouts.control, 1.1))
      const { message, reason } = failure(yield* asking, "ControlTimeout")
      assert.equal(reason.millis, millis(rig.timeouts.control))
      assert.ok(message.includes("timeouts.control"), message)
      assert.equal((yield* session.health)._tag, "Degraded")
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
    }
  ),

  behaviour(
    "rule 7: a second request in a row without an answer replaces the agent's process",
    { needs: ["ignoresRequests"], capabilities: ["setModel", "resume"] },
    function* (rig) {
      const session = yield* open(rig, { timeouts: { control: rig.timeouts.control } })
      yield* session.ask(rig.prompt([Script.ignore("requests"), Script.text("hello")]))
      for (const _ of [1, 2]) {
        const asking = yield* beside(session.setModel("other"))
        yield* rig.advance(part(rig.timeouts.control, 1.1))
        failure(yield* asking, "ControlTimeout")
      }
      yield* until(
        session,
        (event): event is typeof event => event._tag === "Notice" && event.code === "process-replaced"
      )
      yield* session.setModel("other")
      assert.equal((yield* session.health)._tag, "Healthy")
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
    }
  ),

  behaviour(
    "rule 7: an agent that never answers the handshake fails the opening with HandshakeTimeout [cc-37] [asm-69]",
    { needs: ["startups"] },
    function* (rig) {
      const adapter = yield* rig.startup("silent")
      const opening = yield* beside(
        Effect.provideService(open(rig, { timeouts: { startup: rig.timeouts.startup } }), AgentAdapter, adapter)
      )
      yield* rig.advance(part(rig.timeouts.startup, 1.1))
      const { message, phase, reason } = failure(yield* opening, "HandshakeTimeout")
      assert.equal(reason.millis, millis(rig.timeouts.startup))
      assert.equal(phase, "handshake")
      assert.ok(message.includes("timeouts.startup"), message)
    }
  ),

  behaviour(
    "rule 7: quiescent waits for the turn and for work in the background",
    { needs: ["tasks"] },
    function* (rig) {
      const session = yield* open(rig)
      yield* session.quiescent
      const lasts = part(rig.timeouts.idle, 0.5)
      yield* session.ask(rig.prompt([Script.task("counting", { lasts }), Script.text("begun")]))
      const quiet = yield* beside(session.quiescent)
      assert.equal((yield* session.status)._tag, "Idle")
      assert.equal(only(yield* Stream.runCollect(Stream.take(session.events, 4)), "TaskEnded").length, 0)
      yield* rig.advance(lasts)
      success(yield* quiet)
      const log = yield* logOf(session)
      assert.equal(only(log, "TaskStarted").length, 1)
      assert.equal(only(log, "TaskEnded").length, 1)
    }
  )
]

const readers: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 8: requests are answered while nobody reads the turn",
    { needs: ["silence"], capabilities: ["setModel"] },
    function* (rig) {
      const session = yield* open(rig)
      const go = yield* Deferred.make<void>()
      const turn = yield* beside(slowly(session.stream(rig.prompt(hanging)), go))
      yield* speaks(session)
      yield* session.setModel("sonnet")
      assert.equal(yield* session.interrupt, "Interrupted")
      yield* Deferred.succeed(go, undefined)
      assert.equal(success(yield* turn).at(-1)?._tag, "TurnEnded")
    }
  ),

  behaviour(
    "rule 8: permission is asked for and given while nobody reads the turn",
    { needs: ["asks"], capabilities: ["permissionPrompts"] },
    function* (rig) {
      const session = yield* open(rig, { permissions: Permission.allowAll })
      const go = yield* Deferred.make<void>()
      const prompt = rig.prompt([bash("echo here", { asks: true }), Script.text("done")])
      const turn = yield* beside(slowly(session.stream(prompt), go))
      const ended = yield* until(session, isTag("TurnEnded"))
      assert.equal(ended.result.text, "done")
      yield* Deferred.succeed(go, undefined)
      assert.deepEqual(success(yield* turn).at(-1), ended)
    }
  ),

  behaviour("rule 8: not a character is lost on a slow reader", { needs: ["flood"] }, function* (rig) {
    const session = yield* open(rig)
    const go = yield* Deferred.make<void>()
    const text = Array.from({ length: 5_000 }, (_, at) => `piece ${at} of 5,000; \n`).join("")
    const turn = yield* beside(slowly(session.stream(rig.prompt([Script.text(text, { pieces: 5_000 })])), go))
    yield* until(session, isTag("TurnEnded"))
    yield* Deferred.succeed(go, undefined)
    const events = success(yield* turn)
    const said = only(events, "TextDelta").map((event) => event.text)
    assert.equal(said.join(""), text)
    assert.ok(said.length < 4_000, "what waited was not joined")
  }),

  behaviour(
    "rule 8: when too much waits the agent is held back, and goes on when it is read",
    { needs: ["flood"] },
    function* (rig) {
      const session = yield* open(rig, { buffer: 64 * 1024 })
      const go = yield* Deferred.make<void>()
      const text = "0123456789".repeat(40_000)
      const turn = yield* beside(slowly(session.stream(rig.prompt([Script.text(text, { pieces: 2_000 })])), go))
      yield* until(session, (event): event is typeof event => event._tag === "Notice" && event.code === "reader-paused")
      assert.equal((yield* session.status)._tag, "Running")
      yield* Deferred.succeed(go, undefined)
      const events = success(yield* turn)
      assert.equal(
        only(events, "TextDelta")
          .map((event) => event.text)
          .join(""),
        text
      )
      assert.equal(events.at(-1)?._tag, "TurnEnded")
    }
  ),

  behaviour("rule 8: an interrupt ends a turn whose reader stays away", { needs: ["flood"] }, function* (rig) {
    const session = yield* open(rig, { buffer: 64 * 1024 })
    const go = yield* Deferred.make<void>()
    const turn = [Script.text("0123456789".repeat(40_000), { pieces: 2_000 }), Script.silence]
    const reading = yield* beside(slowly(session.stream(rig.prompt(turn)), go))
    yield* until(session, (event): event is typeof event => event._tag === "Notice" && event.code === "reader-paused")
    assert.equal(yield* session.interrupt, "Interrupted")
    yield* Deferred.succeed(go, undefined)
    yield* reading
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  })
]

const observers: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 8: observers see the same events in the same order, numbered without a gap [asm-62] [asm-64]",
    { needs: ["tools"] },
    function* (rig) {
      const session = yield* open(rig, { allowedTools: ["Bash"] })
      const early = yield* beside(Stream.runCollect(session.events))
      const subscribed = yield* session.subscribe
      yield* session.ask(rig.prompt([Script.text("one"), bash("echo here"), Script.text("two")]))
      const late = yield* beside(Stream.runCollect(session.events))
      yield* session.ask(rig.prompt([Script.text("three")]))
      yield* session.close
      const log = success(yield* early)
      assert.deepEqual(
        log.map((event) => event.seq),
        log.map((_, at) => at)
      )
      assert.deepEqual(success(yield* late), log)
      assert.deepEqual(yield* Stream.runCollect(subscribed), log)
      assert.deepEqual(yield* Stream.runCollect(session.events), log)
    }
  ),

  behaviour("rule 8: what a turn streams is what observers see of it", {}, function* (rig) {
    const session = yield* open(rig)
    const events = yield* Stream.runCollect(session.stream(rig.prompt([Script.text("hello")])))
    const id = Option.getOrUndefined(yield* session.id)
    assert.ok(id !== undefined && events.every((event) => event.sessionId === id))
    const log = yield* logOf(session)
    assert.deepEqual(
      log.filter((event) => event.turnId === events[0]?.turnId),
      events
    )
  }),

  behaviour(
    "rule 8: an observer that falls behind is told what it missed, and holds nobody up [asm-62]",
    { needs: ["flood"] },
    function* (rig) {
      const session = yield* open(rig)
      const go = yield* Deferred.make<void>()
      const behind = yield* beside(slowly(session.events, go))
      const text = "0123456789".repeat(500)
      assert.equal((yield* session.ask(rig.prompt([Script.text(text, { pieces: 5_000 })]))).text, text)
      yield* session.close
      yield* Deferred.succeed(go, undefined)
      const seen = success(yield* behind)
      const missed = only(seen, "Notice").find((event) => event.code === "events-missed")
      assert.ok(missed !== undefined, "it was not told")
      assert.ok(seen.length < 2_000)
      assert.equal(seen.at(-1)?._tag, "SessionEnded")
      const after = seen.slice(seen.indexOf(missed))
      assert.deepEqual(
        after.map((event) => event.seq),
        after.map((_, at) => missed.seq + at)
      )
    }
  )
]

export const waiting: ReadonlyArray<Behaviour> = [...deadlines, ...readers, ...observers]
