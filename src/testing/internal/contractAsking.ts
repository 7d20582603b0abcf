/** Behaviours of what the agent asks of the user: who answers, what an answer comes to, and what happens without one. */
import * as assert from "node:assert/strict"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { AgentEvent } from "../../AgentEvent.ts"
import * as Input from "../../Input.ts"
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

const questions = { needs: ["questions"], capabilities: ["userQuestions"] } as const
const forms = { needs: ["forms"], capabilities: ["userQuestions"] } as const

const colour = "Which colour?"
const askColour: Script.Turn = [Script.ask(colour, ["Red", "Blue"]), Script.text("done")]

const form: Script.Asks = {
  _tag: "Form",
  server: "people",
  message: "Who are you?",
  schema: {
    type: "object",
    properties: { name: { type: "string", minLength: 1 }, age: { type: "integer", minimum: 0 } },
    required: ["name"]
  }
}
const askForm: Script.Turn = [Script.ask(form), Script.text("done")]

const resolvedBy = (log: ReadonlyArray<AgentEvent>): ReadonlyArray<string> =>
  only(log, "InputResolved").map(({ by }) => by)

/** What became of a turn that asks once, and the events of its session. */
const answered = Effect.fnUntraced(function* (rig: Rig, turn: Script.Turn, input: Input.Handler | undefined) {
  const session = yield* open(rig, { input })
  const result = yield* session.ask(rig.prompt(turn))
  assert.equal(result.text, "done")
  assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  return { call: result.toolCalls[0], log: yield* logOf(session) }
})

const always =
  (answer: Input.Answer): Input.Handler =>
  () =>
    Effect.succeed(answer)

const answers: ReadonlyArray<Behaviour> = [
  behaviour(
    "a question is answered by the input handler, and settled before its tool ends",
    questions,
    function* (rig) {
      const seen: Array<Input.Request> = []
      const { call, log } = yield* answered(rig, askColour, (request) => {
        seen.push(request)
        return Effect.succeed(Input.answer({ [colour]: "Blue" }))
      })
      assert.equal(call?.status, "ok")
      assert.ok(asText(call?.output).includes("Blue"), asText(call?.output))
      const [request] = seen
      assert.ok(request?._tag === "Question")
      assert.deepEqual(
        request.questions.map(({ options, question }) => [question, options.map(({ label }) => label)]),
        [[colour, ["Red", "Blue"]]]
      )
      const [requested] = only(log, "InputRequested")
      assert.equal(requested?.kind, "question")
      assert.equal(requested?.requestId, request.requestId)
      assert.equal(requested?.toolId, call?.toolId)
      const order = tags(log).filter((tag) => tag.startsWith("Input") || tag === "ToolStarted" || tag === "ToolEnded")
      assert.deepEqual(order, ["ToolStarted", "InputRequested", "InputResolved", "ToolEnded"])
      assert.deepEqual(resolvedBy(log), ["handler"])
      assert.deepEqual(only(log, "PermissionRequested"), [])
    }
  ),

  behaviour("a plan is approved by the input handler", questions, function* (rig) {
    const session = yield* open(rig, {
      ...rig.planOptions,
      input: Input.handlers({ plan: () => Effect.succeed(Input.approve()) })
    })
    const result = yield* session.ask(
      rig.prompt([Script.ask({ _tag: "Plan", plan: "1. Begin." }), Script.text("done")])
    )
    assert.equal(result.toolCalls[0]?.status, "ok", asText(result.toolCalls[0]?.output))
    const log = yield* logOf(session)
    assert.deepEqual(
      only(log, "InputRequested").map(({ kind }) => kind),
      ["plan"]
    )
    assert.deepEqual(resolvedBy(log), ["handler"])
  }),

  behaviour("the message of a declined question reaches the agent, and the turn goes on", questions, function* (rig) {
    const { call, log } = yield* answered(rig, askColour, always(Input.decline("none of them")))
    assert.equal(call?.status, "denied")
    assert.ok(asText(call?.output).includes("none of them"), asText(call?.output))
    assert.deepEqual(resolvedBy(log), ["handler"])
  }),

  behaviour("a question that is declined with stopTurn ends the turn", questions, function* (rig) {
    const session = yield* open(rig, { input: always(Input.decline("stop", { stopTurn: true })) })
    failure(yield* Effect.exit(session.ask(rig.prompt(askColour))), "Interrupted")
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  }),

  behaviour(
    "rule 18: an input handler alone answers questions, and permissions are denied",
    { needs: ["questions", "asks"], capabilities: ["userQuestions", "permissionPrompts"] },
    function* (rig) {
      const session = yield* open(rig, { input: always(Input.answer({ [colour]: "Red" })) })
      const result = yield* session.ask(
        rig.prompt([Script.ask(colour, ["Red", "Blue"]), bash("echo one", { asks: true }), Script.text("done")])
      )
      assert.deepEqual(
        result.toolCalls.map(({ status }) => status),
        ["ok", "denied"]
      )
      assert.deepEqual(
        only(yield* logOf(session), "PermissionResolved").map(({ by }) => by),
        ["default"]
      )
    }
  )
]

const mishaps: ReadonlyArray<Behaviour> = [
  behaviour("an input handler that fails declines, and the session goes on", questions, function* (rig) {
    const { call, log } = yield* answered(rig, askColour, () => Effect.fail("no idea"))
    assert.equal(call?.status, "denied")
    assert.deepEqual(resolvedBy(log), ["default"])
  }),

  behaviour("an input handler that dies declines, and the session goes on", questions, function* (rig) {
    const { call, log } = yield* answered(rig, askColour, () => {
      throw new Error("boom")
    })
    assert.equal(call?.status, "denied")
    assert.deepEqual(resolvedBy(log), ["default"])
  }),

  behaviour("an answer to another question than was asked is declined, and told", questions, function* (rig) {
    const { call, log } = yield* answered(rig, askColour, always(Input.answer({ "Which size?": "L" })))
    assert.equal(call?.status, "denied")
    assert.deepEqual(resolvedBy(log), ["default"])
    assert.ok(only(log, "Notice").some(({ code, text }) => code === "input-invalid" && text.includes("Which size?")))
  }),

  behaviour("rule 7: an input handler that is late declines, and nobody waits for its end", questions, function* (rig) {
    const session = yield* open(rig, {
      input: () => Effect.uninterruptible(Effect.never),
      timeouts: { permission: rig.timeouts.permission }
    })
    const turn = yield* beside(session.ask(rig.prompt(askColour)))
    yield* until(session, isTag("InputRequested"))
    yield* rig.advance(part(rig.timeouts.permission, 1.1))
    assert.equal(success(yield* turn).toolCalls[0]?.status, "denied")
    assert.deepEqual(resolvedBy(yield* logOf(session)), ["timeout"])
  }),

  behaviour("an interrupt withdraws a question, and interrupts its handler", questions, function* (rig) {
    const asked = yield* Deferred.make<void>()
    const stopped = yield* Deferred.make<void>()
    const session = yield* open(rig, {
      input: () =>
        Deferred.succeed(asked, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
        )
    })
    const turn = yield* beside(session.ask(rig.prompt(askColour)))
    yield* Deferred.await(asked)
    assert.equal(yield* session.interrupt, "Interrupted")
    failure(yield* turn, "Interrupted")
    yield* Deferred.await(stopped)
    assert.equal((yield* until(session, isTag("InputResolved"))).by, "withdrawn")
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  })
]

const servers: ReadonlyArray<Behaviour> = [
  behaviour("a form of a server is filled in by the input handler", forms, function* (rig) {
    const { call, log } = yield* answered(rig, askForm, (request) => {
      assert.ok(request._tag === "Form")
      assert.equal(request.message, "Who are you?")
      return Effect.succeed(Input.accept({ name: "Alice", age: 7 }))
    })
    assert.ok(asText(call?.output).includes("Alice"), asText(call?.output))
    assert.deepEqual(
      only(log, "InputRequested").map(({ kind }) => kind),
      ["form"]
    )
    assert.deepEqual(resolvedBy(log), ["handler"])
  }),

  behaviour("content that does not fit its form is declined, and told", forms, function* (rig) {
    const { call, log } = yield* answered(rig, askForm, always(Input.accept({ name: "", age: "seven" })))
    assert.ok(asText(call?.output).includes("decline"), asText(call?.output))
    assert.deepEqual(resolvedBy(log), ["default"])
    assert.ok(only(log, "Notice").some(({ code, text }) => code === "input-invalid" && text.includes("age")))
  }),

  behaviour("without an input handler a form is declined", forms, function* (rig) {
    const { call, log } = yield* answered(rig, askForm, undefined)
    assert.ok(asText(call?.output).includes("decline"), asText(call?.output))
    assert.deepEqual(resolvedBy(log), ["default"])
  }),

  behaviour("a page of a server is opened with the consent of the input handler", forms, function* (rig) {
    const asks: Script.Asks = { _tag: "Url", server: "people", message: "Log in", url: "https://example.com/login" }
    const { call, log } = yield* answered(rig, [Script.ask(asks), Script.text("done")], (request) =>
      Effect.succeed(request._tag === "Url" && request.url === asks.url ? Input.accept() : Input.decline())
    )
    assert.ok(asText(call?.output).includes("accept"), asText(call?.output))
    assert.deepEqual(
      only(log, "InputRequested").map(({ kind }) => kind),
      ["url"]
    )
  })
]

export const asking: ReadonlyArray<Behaviour> = [...answers, ...mishaps, ...servers]
