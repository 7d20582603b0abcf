/** Behaviours of turns: one at a time, in order, each with its own events. */
import * as assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as AgentEvent from "../../AgentEvent.ts"
import * as Script from "../AgentScript.ts"
import {
  bash,
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

const queueing: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 1: turns run one at a time, in the order they were asked for [cc-43] [asm-51]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const running = yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session)
      const asked = yield* Effect.forEach(["one", "two", "three"], (text) =>
        beside(session.ask(rig.prompt([Script.text(text)])))
      )
      yield* session.interrupt
      const { result } = failure(yield* running, "Interrupted")
      const results = (yield* Effect.all(asked)).map(success)
      assert.deepEqual(
        results.map(({ text }) => text),
        ["one", "two", "three"]
      )
      const marks = (yield* logOf(session)).filter(
        (event) => event._tag === "TurnStarted" || event._tag === "TurnEnded"
      )
      assert.deepEqual(
        marks.map((event) => [event._tag, event.turnId]),
        [result?.turnId, ...results.map(({ turnId }) => turnId)].flatMap((turnId) => [
          ["TurnStarted", turnId],
          ["TurnEnded", turnId]
        ])
      )
    }
  ),

  behaviour("rule 1: turns that are asked for one after the other share the session [cc-46]", {}, function* (rig) {
    const session = yield* open(rig)
    const one = yield* session.ask(rig.prompt([Script.text("one")]))
    const two = yield* session.ask(rig.prompt([Script.text("two")]))
    assert.deepEqual([one.text, two.text], ["one", "two"])
    assert.equal(two.sessionId, one.sessionId)
    assert.notEqual(two.turnId, one.turnId)
    assert.deepEqual(yield* session.history, [one, two])
  }),

  behaviour(
    "rule 1: a turn over the capacity fails with TurnQueueFull and disturbs nobody [asm-51]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig, { turns: { policy: "queue", capacity: 1 } })
      const running = yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session)
      const waiting = yield* beside(session.ask(rig.prompt([Script.text("waited")])))
      const { reason } = yield* fails(session.ask(rig.prompt([Script.text("too many")])), "TurnQueueFull")
      assert.equal(reason.capacity, 1)
      assert.equal(yield* session.interrupt, "Interrupted")
      failure(yield* running, "Interrupted")
      assert.equal(success(yield* waiting).text, "waited")
    }
  ),

  behaviour(
    'rule 1: with policy "reject" another turn fails with TurnRejected and the running one goes on [asm-50]',
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig, { turns: { policy: "reject" } })
      const running = yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session)
      yield* fails(session.ask(rig.prompt([Script.text("no")])), "TurnRejected")
      yield* fails(Stream.runDrain(session.stream(rig.prompt([Script.text("no")]))), "TurnRejected")
      assert.equal((yield* session.status)._tag, "Running")
      yield* session.interrupt
      failure(yield* running, "Interrupted")
      assert.equal((yield* session.ask(rig.prompt([Script.text("yes")]))).text, "yes")
    }
  ),

  behaviour(
    "rule 1: a queued turn that is cancelled is never sent, and the others keep their order [cc-51] [asm-52] [asm-53]",
    { needs: ["silence", "sent"] },
    function* (rig) {
      const session = yield* open(rig)
      const prompts = {
        running: rig.prompt(hanging),
        before: rig.prompt([Script.text("before")]),
        cancelled: rig.prompt([Script.text("cancelled")]),
        after: rig.prompt([Script.text("after")])
      }
      const running = yield* beside(session.ask(prompts.running))
      yield* speaks(session)
      const before = yield* beside(session.ask(prompts.before))
      const cancelled = yield* Effect.forkChild(session.ask(prompts.cancelled), { startImmediately: true })
      const after = yield* beside(session.ask(prompts.after))
      cancelled.interruptUnsafe()
      yield* session.interrupt
      yield* running
      assert.equal(success(yield* before).text, "before")
      assert.equal(success(yield* after).text, "after")
      const sent = yield* rig.sent
      assert.deepEqual(
        sent.filter((text) => Object.values(prompts).includes(text)),
        [prompts.running, prompts.before, prompts.after]
      )
      assert.equal((yield* session.history).length, 3)
    }
  ),

  behaviour("rule 1: two sessions are independent [cc-49]", {}, function* (rig) {
    const [one, two] = yield* Effect.all([open(rig), open(rig)])
    const [first, second] = yield* Effect.all(
      [one.ask(rig.prompt([Script.text("first")])), two.ask(rig.prompt([Script.text("second")]))],
      { concurrency: "unbounded" }
    )
    assert.deepEqual([first.text, second.text], ["first", "second"])
    assert.notEqual(first.sessionId, second.sessionId)
    yield* one.close
    assert.equal((yield* two.ask(rig.prompt([Script.text("still here")]))).text, "still here")
    assert.equal((yield* one.summary).turns, 1)
    assert.equal((yield* two.summary).turns, 2)
  })
]

const boundaries: ReadonlyArray<Behaviour> = [
  behaviour("rule 3: a session starts once and ends once, and so does each of its turns", {}, function* (rig) {
    const session = yield* open(rig)
    const results = [
      yield* session.ask(rig.prompt([Script.text("one")])),
      yield* session.ask(rig.prompt([Script.text("two")]))
    ]
    const log = yield* logOf(session)
    assert.equal(log[0]?._tag, "SessionStarted")
    assert.equal(log.at(-1)?._tag, "SessionEnded")
    assert.equal(only(log, "SessionStarted").length, 1)
    assert.deepEqual(
      only(log, "SessionEnded").map((event) => event.reason),
      ["closed"]
    )
    for (const { turnId } of results) {
      const own = tags(log.filter((event) => event.turnId === turnId))
      assert.equal(own[0], "TurnStarted")
      assert.equal(own.at(-1), "TurnEnded")
      assert.equal(own.filter((tag) => tag === "TurnStarted" || tag === "TurnEnded").length, 2)
    }
  }),

  behaviour("rule 2: what comes after a tool belongs to the same turn [asm-29]", { needs: ["tools"] }, function* (rig) {
    const session = yield* open(rig, { allowedTools: ["Bash"] })
    const result = yield* session.ask(rig.prompt([Script.text("before"), bash("echo here"), Script.text("after")]))
    assert.equal(result.text, "beforeafter")
    assert.deepEqual(
      result.toolCalls.map(({ name, status }) => [name, status]),
      [["Bash", "ok"]]
    )
  }),

  behaviour(
    "rule 2: a turn stream sends nothing until it is run, and each run is another turn [asm-55]",
    { needs: ["sent"] },
    function* (rig) {
      const session = yield* open(rig)
      const prompt = rig.prompt([Script.text("hello")])
      const turn = session.stream(prompt)
      assert.deepEqual(yield* rig.sent, [])
      assert.equal((yield* session.ask(rig.prompt([Script.text("first")]))).text, "first")
      const one = yield* Stream.runCollect(turn)
      const two = yield* Stream.runCollect(turn)
      assert.equal((yield* rig.sent).filter((text) => text === prompt).length, 2)
      assert.notEqual(one[0]?.turnId, two[0]?.turnId)
      assert.deepEqual(tags(two), tags(one))
    }
  ),

  behaviour("rule 3: a turn's stream is its events, TurnEnded last", {}, function* (rig) {
    const session = yield* open(rig)
    const events = yield* Stream.runCollect(session.stream(rig.prompt([Script.text("hello")])))
    assert.equal(events[0]?._tag, "TurnStarted")
    assert.equal(new Set(events.map((event) => event.turnId)).size, 1)
    const last = events.at(-1)
    assert.ok(last?._tag === "TurnEnded")
    assert.equal(last.result.text, "hello")
    assert.deepEqual(yield* session.history, [last.result])
  }),

  behaviour(
    "rule 3: status, summary, history and id answer while a turn runs [asm-57]",
    { needs: ["silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const first = yield* session.ask(rig.prompt([Script.text("first")]))
      yield* beside(session.ask(rig.prompt(hanging)))
      yield* speaks(session, 2)
      assert.equal((yield* session.status)._tag, "Running")
      assert.equal((yield* session.summary).turns, 1)
      assert.deepEqual(yield* session.history, [first])
      assert.ok(Option.isSome(yield* session.id))
      assert.equal((yield* session.health)._tag, "Healthy")
    }
  ),

  behaviour("rule 3: statusChanges tells every change, in order, and ends", {}, function* (rig) {
    const session = yield* open(rig)
    const changes = yield* beside(Stream.runCollect(session.statusChanges))
    const { turnId } = yield* session.ask(rig.prompt([Script.text("hello")]))
    yield* session.close
    const seen = success(yield* changes)
    assert.deepEqual(
      seen.map((status) => status._tag),
      ["Idle", "Running", "Idle", "Closing", "Closed"]
    )
    assert.deepEqual(seen[1], { _tag: "Running", turnId })
    assert.deepEqual(seen.at(-1), { _tag: "Closed", reason: "closed" })
  }),

  behaviour(
    "rule 3: a turn the agent begins by itself is not mixed into the caller's next one [cc-55] [asm-30]",
    { needs: ["agentTurns", "silence"] },
    function* (rig) {
      const session = yield* open(rig)
      const first = rig.prompt([Script.agentTurn(Script.text("by myself")), ...hanging])
      const one = yield* beside(session.ask(first))
      yield* speaks(session)
      const two = yield* beside(Stream.runCollect(session.stream(rig.prompt([Script.text("second")]))))
      yield* session.interrupt
      failure(yield* one, "Interrupted")
      const events = success(yield* two)
      assert.equal(new Set(events.map((event) => event.turnId)).size, 1)
      assert.deepEqual(
        only(events, "TextCompleted").map((event) => event.text),
        ["second"]
      )
      const own = yield* until(
        session,
        (event): event is AgentEvent.TurnStarted => event._tag === "TurnStarted" && event.origin === "agent"
      )
      assert.notEqual(own.turnId, events[0]?.turnId)
      yield* until(
        session,
        (event): event is AgentEvent.TurnEnded => event._tag === "TurnEnded" && event.turnId === own.turnId
      )
      assert.equal(only(yield* logOf(session), "TurnStarted").length, 3)
    }
  )
]

export const turns: ReadonlyArray<Behaviour> = [...queueing, ...boundaries]
