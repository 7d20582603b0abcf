/** A test without a process: the agent does what a script says. */
import { Effect } from "effect"
import { Session } from "effect-agent-session"
import { AgentScript, MockAdapter } from "effect-agent-session/testing"

const greet = Effect.gen(function* () {
  const session = yield* Session.Session
  yield* session.ask("My name is Alice")
  const { text } = yield* session.ask("What is my name?")
  return text
})

const script = [[AgentScript.text("Hello, Alice.")], [AgentScript.text("Your name is Alice.")]]

greet
  .pipe(Effect.provide(Session.layer()), Effect.provide(MockAdapter.layer(script)), Effect.runPromise)
  .then(console.log)
