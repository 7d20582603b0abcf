/** Tests of a program that talks to an agent: no process, no network, virtual time. */
import { assert, it } from "@effect/vitest"
import { Effect, Fiber, pipe, Stream } from "effect"
import { AgentError, AgentEvent, Input, Permission, Session } from "effect-agent-session"
import { AgentScript, MockAdapter } from "effect-agent-session/testing"
import { TestClock } from "effect/testing"

const greet = Effect.gen(function* () {
  const session = yield* Session.Session
  yield* session.ask("My name is Alice")
  const { text } = yield* session.ask("What is my name?")
  return text
})

it.effect("the agent is told the name first", () => {
  const script = [[AgentScript.text("Hello, Alice.")], [AgentScript.text("Your name is Alice.")]]
  return Effect.gen(function* () {
    assert.strictEqual(yield* greet, "Your name is Alice.")
    const { sent } = yield* MockAdapter.MockAdapter
    assert.deepStrictEqual(
      (yield* sent).map(({ text }) => text),
      ["My name is Alice", "What is my name?"]
    )
  }).pipe(Effect.provide(Session.layer()), Effect.provide(MockAdapter.layer(script)))
})

it.effect("a silent agent is given up after six minutes", () => {
  const script = [[AgentScript.text("Let me"), AgentScript.silence]]
  return Effect.gen(function* () {
    const session = yield* Session.make()
    const asking = yield* Effect.forkChild(Effect.flip(session.ask("Hello!")))
    yield* session.events.pipe(Stream.filter(AgentEvent.is("TextDelta")), Stream.runHead)
    yield* TestClock.adjust("6 minutes")
    const error = yield* Fiber.join(asking)
    assert.strictEqual(error.reason._tag, "IdleTimeout")
    assert.strictEqual(error.result?.text, "Let me")
  }).pipe(Effect.provide(MockAdapter.layer(script)))
})

it.effect("the agent may read but not write", () => {
  const script = [
    [
      AgentScript.tool("Read", { file_path: "a.txt" }, { asks: true, output: "hello" }),
      AgentScript.tool("Write", { file_path: "a.txt" }, { asks: true })
    ]
  ]
  const permissions = pipe(Permission.allowTools("Read"), Permission.orElse(Permission.denyAll))
  return Effect.gen(function* () {
    const session = yield* Session.make({ permissions })
    const { toolCalls } = yield* session.ask("Work.")
    assert.deepStrictEqual(
      toolCalls.map(({ name, status }) => [name, status]),
      [
        ["Read", "ok"],
        ["Write", "denied"]
      ]
    )
  }).pipe(Effect.provide(MockAdapter.layer(script)))
})

it.effect("the agent asks, and hears the answer", () => {
  const script = [
    [AgentScript.ask("Tabs or spaces?", ["Tabs", "Spaces"]), AgentScript.text("Thank you.")],
    [AgentScript.ask({ _tag: "Plan", plan: "1. Write it." }), AgentScript.text("I begin.")]
  ]
  const input = Input.handlers({ question: () => Effect.succeed(Input.answer({ "Tabs or spaces?": "Tabs" })) })
  return Effect.gen(function* () {
    const session = yield* Session.make({ input })
    yield* session.ask("Ask me.")
    yield* session.ask("Make a plan.")
    const answers = yield* (yield* MockAdapter.MockAdapter).answers
    assert.deepStrictEqual(
      answers.map(({ answer }) => answer),
      [Input.answer({ "Tabs or spaces?": "Tabs" }), Input.decline()]
    )
  }).pipe(Effect.provide(MockAdapter.layer(script)))
})

it.effect("a rate limit is an error with a reason", () => {
  const script = [[AgentScript.fail(new AgentError.RateLimited({ description: "come back later" }))]]
  return Effect.gen(function* () {
    const session = yield* Session.make()
    const caught = yield* session
      .ask("Hello!")
      .pipe(Effect.catchReason("AgentError", "RateLimited", ({ description }) => Effect.succeed({ text: description })))
    assert.strictEqual(caught.text, "come back later")
  }).pipe(Effect.provide(MockAdapter.layer(script)))
})
