/** Behaviours of what a session can do besides its turns: steer, clear, execute, and many who look on. */
import * as assert from "node:assert/strict"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Path from "effect/Path"
import * as Stream from "effect/Stream"
import type * as AgentEvent from "../../AgentEvent.ts"
import * as Script from "../AgentScript.ts"
import {
  type Behaviour,
  behaviour,
  beside,
  failure,
  fails,
  hanging,
  logOf,
  only,
  open,
  speaks,
  success,
  tags,
  until
} from "./contract.ts"

const isCleared = (event: AgentEvent.AgentEvent): event is AgentEvent.SessionUpdated =>
  event._tag === "SessionUpdated" && event.changes.sessionId !== undefined

const steering: ReadonlyArray<Behaviour> = [
  behaviour(
    "steer without a turn is refused, and so is a prompt that is none",
    { capabilities: ["steer"] },
    function* (rig) {
      const session = yield* open(rig)
      const { message } = yield* fails(session.steer("now?"), "ControlFailed")
      assert.ok(message.includes("no turn runs"), message)
      yield* fails(session.steer([]), "InvalidOptions")
      assert.equal((yield* session.history).length, 0)
    }
  ),

  behaviour(
    "what is said into a turn that is interrupted is not done afterwards",
    { needs: ["silence"], capabilities: ["steer"] },
    function* (rig) {
      const session = yield* open(rig)
      const running = yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session)
      yield* session.steer(rig.prompt([Script.text("steered")]))
      assert.equal(yield* session.interrupt, "Interrupted")
      failure(yield* running, "Interrupted")
      yield* session.quiescent
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
      assert.equal(only(yield* logOf(session), "TurnStarted").length, 2)
    }
  )
]

const clearing: ReadonlyArray<Behaviour> = [
  behaviour(
    "a clear waits for its turn, and tells the new id before the next turn",
    { needs: ["silence"], capabilities: ["clear"] },
    function* (rig) {
      const session = yield* open(rig)
      const running = yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session)
      const before = yield* session.id
      const cleared = yield* beside(session.clear)
      const next = yield* beside(session.ask(rig.prompt([Script.text("next")])))
      assert.deepEqual(yield* session.id, before)
      yield* session.interrupt
      failure(yield* running, "Interrupted")
      success(yield* cleared)
      const { sessionId, text, turnId } = success(yield* next)
      assert.equal(text, "next")
      const log = yield* logOf(session)
      const told = log.findLast(isCleared)
      assert.equal(told?.changes.sessionId, sessionId)
      const begun = log.findIndex((event) => event._tag === "TurnStarted" && event.turnId === turnId)
      assert.ok(told !== undefined && log.indexOf(told) < begun)
      assert.notDeepEqual(yield* session.id, before)
    }
  ),

  behaviour(
    'with policy "reject" a clear is refused while a turn runs',
    { needs: ["silence"], capabilities: ["clear"] },
    function* (rig) {
      const session = yield* open(rig, { turns: { policy: "reject" } })
      yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session)
      const before = yield* session.id
      yield* fails(session.clear, "TurnRejected")
      assert.deepEqual(yield* session.id, before)
    }
  )
]

const lookingOn: ReadonlyArray<Behaviour> = [
  behaviour("execute runs an effect with the host of the agent, and fails as it does", {}, function* (rig) {
    const session = yield* open(rig)
    assert.equal(yield* session.execute(Effect.map(Path.Path, (path) => path.join("a", "b"))), "a/b")
    assert.deepEqual(yield* Effect.exit(session.execute(Effect.fail("mine"))), Exit.fail("mine"))
  }),

  behaviour("rule 8: fifty subscribers get the same events, each its own", {}, function* (rig) {
    const session = yield* open(rig)
    const streams = yield* Effect.replicateEffect(session.subscribe, 50)
    const readers = yield* Effect.forEach(streams, (events) =>
      Effect.forkChild(Stream.runCollect(events), { startImmediately: true })
    )
    assert.equal((yield* session.ask(rig.prompt([Script.text("hello")]))).text, "hello")
    yield* session.close
    const [first, ...others] = yield* Fiber.joinAll(readers)
    assert.equal(first?.at(-1)?._tag, "SessionEnded")
    for (const other of others) assert.deepEqual(tags(other), tags(first ?? []))
  }),

  behaviour(
    "rule 8: an interrupt settles though the consumer of the turn never wakes",
    { needs: ["flood", "silence"], capabilities: ["interrupt"] },
    function* (rig) {
      const session = yield* open(rig)
      const text = "0123456789".repeat(500)
      const prompt = rig.prompt([Script.text(text, { pieces: 5_000 }), Script.silence])
      yield* beside(Stream.runForEach(session.stream(prompt), () => Effect.never))
      yield* speaks(session)
      assert.equal(yield* session.interrupt, "Interrupted")
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
    }
  ),

  behaviour(
    "rule 3: a summary does not wait for a turn, a request or a reader",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const go = yield* Deferred.make<void>()
      yield* beside(Stream.runForEach(session.stream(rig.prompt(hanging)), () => Deferred.await(go)))
      yield* until(session, (event): event is AgentEvent.TextDelta => event._tag === "TextDelta")
      const { last, turns } = yield* session.summary
      assert.deepEqual([turns, last._tag], [0, "None"])
      yield* session.interrupt
      assert.equal((yield* session.summary).turns, 1)
      yield* Deferred.succeed(go, undefined)
    }
  )
]

export const rest: ReadonlyArray<Behaviour> = [...steering, ...clearing, ...lookingOn]
