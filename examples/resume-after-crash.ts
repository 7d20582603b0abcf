/** The agent's process dies in the middle of a turn; another one goes on with the conversation. */
import { Console, Effect } from "effect"
import { type AgentError, Session } from "effect-agent-session"
import { AgentScript, MockAdapter } from "effect-agent-session/testing"

const first = Effect.gen(function* () {
  const session = yield* Session.make()
  yield* session.ask("My name is Alice")
  return yield* session.ask("What is my name?")
})

const goOn = Effect.fn(function* (error: AgentError.AgentError) {
  if (!error.isResumable || error.sessionId === undefined) return yield* error
  yield* Console.log(error.message)
  const session = yield* Session.make({ start: { resume: error.sessionId } })
  return yield* session.ask("What is my name?")
})

const program = Effect.scoped(first).pipe(
  Effect.catchTag("AgentError", goOn),
  Effect.flatMap(({ text }) => Console.log(text))
)

const script = [
  [AgentScript.text("Hello, Alice.")],
  [AgentScript.text("Your na"), AgentScript.crash({ signal: "SIGKILL" })],
  [AgentScript.text("Your name is Alice.")]
]

program.pipe(Effect.scoped, Effect.provide(MockAdapter.layer(script)), Effect.runPromise)
