/** Each turn knows what was said before. Turns that are asked for at the same time wait for one another. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Option, Stream } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.make()
  yield* Stream.runDrain(session.stream("My name is Alice"))

  const answers = yield* Effect.all([session.ask("What is my name?"), session.ask("Thank you!")], {
    concurrency: "unbounded"
  })
  for (const { text } of answers) yield* Console.log(text)

  const { turns, usage, cost } = yield* session.summary
  yield* Console.log(turns, "turns,", usage.outputTokens, "tokens out, $", Option.getOrUndefined(cost))
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
