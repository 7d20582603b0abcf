/** Errors: one reason is handled, the rest is tried again while that makes sense. */
import { Console, Effect, Schedule } from "effect"
import { AgentError, Session } from "effect-agent-session"
import { AgentScript, MockAdapter } from "effect-agent-session/testing"

const program = Effect.gen(function* () {
  const session = yield* Session.make()
  const { text } = yield* session.ask("Explain OTP in one line").pipe(
    Effect.tapError((error) => Console.log(error.message, "- said so far:", error.result?.text)),
    Effect.retry({ while: (error) => error.isRetryable, schedule: Schedule.exponential("10 millis"), times: 3 }),
    Effect.catchReason("AgentError", "RateLimited", (reason) => Effect.succeed({ text: `limited: ${reason.resetsAt}` }))
  )
  yield* Console.log(text)
})

const script = [
  [AgentScript.text("OTP is"), AgentScript.fail(new AgentError.Overloaded({ description: "529", status: 529 }))],
  [AgentScript.text("OTP keeps processes alive.")]
]

program.pipe(Effect.scoped, Effect.provide(MockAdapter.layer(script)), Effect.runPromise)
