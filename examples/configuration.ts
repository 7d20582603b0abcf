/** An adapter that is told where things are by the configuration of the program. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Config, Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const AppLayer = Session.layer().pipe(Layer.provide(ClaudeAdapter.layerConfig()), Layer.provide(NodeServices.layer))

const Review = ClaudeAdapter.layerConfig({
  apiKey: Config.Redacted("REVIEW_API_KEY"),
  timeouts: { idle: Config.Duration("REVIEW_PATIENCE").pipe(Config.withDefault("10 minutes")) }
})

const program = Effect.gen(function* () {
  const session = yield* Session.Session
  const { text } = yield* session.ask("Hello!")
  yield* Console.log(text)
}).pipe(Effect.provide(AppLayer))

const review = Effect.flatMap(Session.make(), (session) => session.ask("Review the last commit")).pipe(
  Effect.scoped,
  Effect.provide(Review),
  Effect.provide(NodeServices.layer),
  Effect.catchTag("ConfigError", (error) => Console.log(error.message))
)

Effect.andThen(program, review).pipe(NodeRuntime.runMain)
