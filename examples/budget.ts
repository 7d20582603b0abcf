/** Three sessions share two budgets; when one of them has used the money up, the turns of the others are stopped. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Budget, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const review = Effect.fn(function* (budget: Budget.Budget, prompt: string) {
  const session = yield* Session.make({ budget, allowedTools: ["Bash"] })
  return yield* session.ask(prompt).pipe(
    Effect.map(({ text }) => `done: ${text}`),
    Effect.catchReason("AgentError", "LimitReached", (reason) => Effect.succeed(`stopped: ${reason.budget}`))
  )
}, Effect.scoped)

const program = Effect.gen(function* () {
  const tenant = yield* Budget.make({ name: "acme", cap: 0.001 })
  const reviews = yield* Budget.make({ name: "reviews", cap: 5, within: tenant })

  // What the agent of this repository's tests takes for "run a command of a minute".
  const endless = '[[tool:Bash {"command":"echo working && sleep 60"}]] [[text:done]]'
  const outcomes = yield* Effect.all(
    [
      review(reviews, endless),
      review(reviews, endless),
      Effect.forEach(["one", "two", "three"], (prompt) => review(reviews, prompt))
    ],
    { concurrency: "unbounded" }
  )
  yield* Effect.forEach(outcomes.flat(), (outcome) => Console.log(outcome))
  yield* Console.log("left", yield* tenant.left, yield* reviews.left)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.provide(ClaudeLayer), NodeRuntime.runMain)
