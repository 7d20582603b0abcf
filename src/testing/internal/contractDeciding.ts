/** Behaviours of permission: who is asked, what a decision changes, and what happens when nobody decides. */
import * as assert from "node:assert/strict"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { AgentEvent, RequestId } from "../../AgentEvent.ts"
import * as Permission from "../../Permission.ts"
import type { Session } from "../../Session.ts"
import * as Script from "../AgentScript.ts"
import {
  asText,
  bash,
  type Behaviour,
  behaviour,
  beside,
  failure,
  isTag,
  logOf,
  only,
  open,
  part,
  type Rig,
  success,
  tags,
  until
} from "./contract.ts"

const asking = { needs: ["asks"], capabilities: ["permissionPrompts"] } as const

/** Asks whether it may say "one", and goes on whatever the answer is. */
const askOnce: Script.Turn = [bash("echo one", { asks: true }), Script.text("done")]

/** What became of a turn that asks once, and the events of its session. */
const decided = Effect.fnUntraced(function* (rig: Rig, permissions: Permission.Handler) {
  const session = yield* open(rig, { permissions })
  const result = yield* session.ask(rig.prompt(askOnce))
  const next = yield* session.ask(rig.prompt([Script.text("next")]))
  assert.equal(next.text, "next")
  return { call: result.toolCalls[0], result, log: yield* logOf(session) }
})

const resolvedBy = (log: ReadonlyArray<AgentEvent>): ReadonlyArray<string> =>
  only(log, "PermissionResolved").map((event) => event.by)

const answers: ReadonlyArray<Behaviour> = [
  behaviour("rule 18: a tool that is allowed runs, and its question is settled first", asking, function* (rig) {
    const seen: Array<Permission.Request> = []
    const { call, log, result } = yield* decided(rig, (request) => {
      seen.push(request)
      return Effect.succeed(Permission.allow())
    })
    assert.equal(call?.status, "ok")
    assert.ok(asText(call?.output).includes("one"))
    assert.equal(result.text, "done")
    assert.deepEqual(
      seen.map(({ tool }) => tool),
      ["Bash"]
    )
    assert.ok(asText(seen[0]?.input).includes("echo one"))
    const order = tags(log).filter((tag) => tag.startsWith("Permission") || tag === "ToolEnded")
    assert.deepEqual(order, ["PermissionRequested", "PermissionResolved", "ToolEnded"])
    const [requested] = only(log, "PermissionRequested")
    const [resolved] = only(log, "PermissionResolved")
    assert.equal(resolved?.requestId, requested?.requestId)
    assert.equal(seen[0]?.requestId, requested?.requestId)
    assert.equal(requested?.toolId, call?.toolId)
    assert.deepEqual(resolvedBy(log), ["handler"])
  }),

  behaviour(
    "rule 18: a tool runs with the input that the handler changed [cc-92] [asm-78]",
    { needs: ["asks"], capabilities: ["permissionPrompts", "permissionEditInput"] },
    function* (rig) {
      const { call } = yield* decided(rig, () => Effect.succeed(Permission.allow({ input: { command: "echo two" } })))
      assert.equal(call?.status, "ok")
      assert.ok(asText(call?.output).includes("two"), asText(call?.output))
    }
  ),

  behaviour("rule 18: the message of a denial reaches the agent as the tool's result [cc-92]", asking, function* (rig) {
    const { call, log, result } = yield* decided(rig, () => Effect.succeed(Permission.deny("not on a Sunday")))
    assert.equal(call?.status, "denied")
    assert.ok(asText(call?.output).includes("not on a Sunday"), asText(call?.output))
    assert.equal(result.text, "done")
    assert.deepEqual(resolvedBy(log), ["handler"])
  }),

  behaviour("rule 18: a denial with stopTurn ends the turn [asm-79]", asking, function* (rig) {
    const session = yield* open(rig, {
      permissions: () => Effect.succeed(Permission.deny("stop it", { stopTurn: true }))
    })
    const { result } = failure(yield* Effect.exit(session.ask(rig.prompt(askOnce))), "Interrupted")
    assert.equal(result?.outcome._tag, "Interrupted")
    assert.equal(result.text, "")
    assert.equal(result.toolCalls.length, 1)
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  }),

  behaviour(
    "rule 18: without a handler nobody is asked, and the agent does without the tool [cc-89] [asm-76]",
    { needs: ["asks"] },
    function* (rig) {
      const session = yield* open(rig)
      const result = yield* session.ask(rig.prompt(askOnce))
      assert.equal(result.text, "done")
      assert.equal(result.toolCalls[0]?.status, "denied")
      const log = yield* logOf(session)
      assert.deepEqual(
        tags(log).filter((tag) => tag.startsWith("Permission")),
        []
      )
    }
  )
]

const mishaps: ReadonlyArray<Behaviour> = [
  behaviour("rule 18: a handler that fails denies, and the session goes on [cc-92] [asm-77]", asking, function* (rig) {
    const { call, log, result } = yield* decided(rig, () => Effect.fail("no idea"))
    assert.equal(call?.status, "denied")
    assert.equal(result.text, "done")
    assert.deepEqual(resolvedBy(log), ["default"])
  }),

  behaviour("rule 18: a handler that dies denies, and the session goes on [cc-92] [asm-77]", asking, function* (rig) {
    const { call, log } = yield* decided(rig, () => {
      throw new Error("boom")
    })
    assert.equal(call?.status, "denied")
    assert.deepEqual(resolvedBy(log), ["default"])
  }),

  behaviour(
    "rule 18: a handler that is late denies, and the session goes on [asm-70] [asm-77]",
    asking,
    function* (rig) {
      const session = yield* open(rig, {
        permissions: () => Effect.never,
        timeouts: { permission: rig.timeouts.permission }
      })
      const turn = yield* beside(session.ask(rig.prompt(askOnce)))
      yield* until(session, isTag("PermissionRequested"))
      yield* rig.advance(part(rig.timeouts.permission, 1.1))
      const result = success(yield* turn)
      assert.equal(result.toolCalls[0]?.status, "denied")
      assert.equal(result.text, "done")
      assert.deepEqual(resolvedBy(yield* logOf(session)), ["timeout"])
    }
  ),

  behaviour("rule 18: a handler may interrupt the turn", asking, function* (rig) {
    const opened = yield* Deferred.make<Session>()
    const session = yield* open(rig, {
      permissions: () =>
        Deferred.await(opened).pipe(
          Effect.flatMap((session) => session.interrupt),
          Effect.as(Permission.allow())
        )
    })
    yield* Deferred.succeed(opened, session)
    failure(yield* Effect.exit(session.ask(rig.prompt(askOnce))), "Interrupted")
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  }),

  behaviour("rule 18: a handler may close the session", asking, function* (rig) {
    const opened = yield* Deferred.make<Session>()
    const session = yield* open(rig, {
      permissions: () =>
        Deferred.await(opened).pipe(
          Effect.flatMap((session) => session.close),
          Effect.as(Permission.allow())
        )
    })
    yield* Deferred.succeed(opened, session)
    failure(yield* Effect.exit(session.ask(rig.prompt(askOnce))), "SessionClosed")
    yield* session.close
    assert.equal((yield* session.status)._tag, "Closed")
  })
]

/** A handler whose answers are given from outside, and what it was asked. */
const byHand = Effect.gen(function* () {
  const asked = yield* Queue.unbounded<Permission.Request>()
  const answers = new Map<RequestId, Deferred.Deferred<Permission.Decision>>()
  let interrupted = 0
  const handler: Permission.Handler = (request) =>
    Effect.suspend(() => {
      const answer = Deferred.makeUnsafe<Permission.Decision>()
      answers.set(request.requestId, answer)
      Queue.offerUnsafe(asked, request)
      return Deferred.await(answer)
    }).pipe(
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          interrupted++
        })
      )
    )
  const answer = ({ requestId }: Permission.Request, decision: Permission.Decision) =>
    Effect.suspend(() => {
      const waiting = answers.get(requestId)
      assert.ok(waiting !== undefined, "the handler was not asked")
      return Deferred.succeed(waiting, decision)
    })
  return { handler, asked: Queue.take(asked), answer, interrupted: () => interrupted }
})

const pending: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 18: two questions at once are answered in any order, each its own [asm-81]",
    { needs: ["asks", "parallelAsks"], capabilities: ["permissionPrompts"] },
    function* (rig) {
      const { answer, asked, handler } = yield* byHand
      const session = yield* open(rig, { permissions: handler })
      const tools = Script.tools(bash("echo one", { asks: true }), bash("echo two", { asks: true }))
      const turn = yield* beside(session.ask(rig.prompt([tools, Script.text("done")])))
      const one = yield* asked
      const two = yield* asked
      yield* answer(two, Permission.allow())
      yield* answer(one, Permission.deny("only the second"))
      const calls = success(yield* turn).toolCalls
      assert.deepEqual(
        calls.map(({ status }) => status),
        ["denied", "ok"]
      )
      assert.ok(asText(calls[1]?.output).includes("two"))
      const resolved = only(yield* logOf(session), "PermissionResolved")
      assert.deepEqual(
        resolved.map((event) => event.requestId),
        [two.requestId, one.requestId]
      )
    }
  ),

  behaviour(
    "rule 18: an interrupt ends a turn that waits for a decision, and its handler [cc-83] [cc-84]",
    asking,
    function* (rig) {
      const { asked, handler, interrupted } = yield* byHand
      const session = yield* open(rig, { permissions: handler })
      const turn = yield* beside(session.ask(rig.prompt(askOnce)))
      yield* asked
      assert.equal(yield* session.interrupt, "Interrupted")
      failure(yield* turn, "Interrupted")
      const resolved = yield* until(session, isTag("PermissionResolved"))
      assert.equal(resolved.by, "withdrawn")
      assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
      assert.equal(interrupted(), 1)
    }
  ),

  behaviour(
    "rule 18: a question that the agent takes back interrupts its handler, and is not answered [cc-84] [asm-80]",
    { needs: ["asks", "withdraws"], capabilities: ["permissionPrompts"] },
    function* (rig) {
      const { asked, handler, interrupted } = yield* byHand
      const session = yield* open(rig, { permissions: handler })
      const withdrawAfter = part(rig.timeouts.idle, 0.2)
      const tool = bash("echo one", { asks: true, withdrawAfter })
      const turn = yield* beside(Effect.exit(session.ask(rig.prompt([tool, Script.text("done")]))))
      yield* asked
      yield* rig.advance(withdrawAfter)
      yield* turn
      assert.equal(interrupted(), 1)
      assert.deepEqual(resolvedBy(yield* logOf(session)), ["withdrawn"])
    }
  ),

  behaviour(
    "rule 18: requests of ours are answered while a decision is pending [cc-83]",
    { needs: ["asks"], capabilities: ["permissionPrompts", "setModel"] },
    function* (rig) {
      const { answer, asked, handler } = yield* byHand
      const session = yield* open(rig, { permissions: handler })
      const turn = yield* beside(session.ask(rig.prompt(askOnce)))
      const request = yield* asked
      yield* session.setModel("sonnet")
      assert.ok(Option.getOrElse((yield* session.summary).model, () => "").includes("sonnet"))
      yield* answer(request, Permission.allow())
      assert.equal(success(yield* turn).text, "done")
    }
  ),

  behaviour("rule 18: a session that closes takes its questions back [asm-75]", asking, function* (rig) {
    const { asked, handler, interrupted } = yield* byHand
    const session = yield* open(rig, { permissions: handler })
    const turn = yield* beside(session.ask(rig.prompt(askOnce)))
    yield* asked
    yield* session.close
    failure(yield* turn, "SessionClosed")
    assert.equal(interrupted(), 1)
    assert.deepEqual(resolvedBy(yield* Stream.runCollect(session.events)), ["withdrawn"])
  })
]

export const deciding: ReadonlyArray<Behaviour> = [...answers, ...mishaps, ...pending]
