/** Sessions as services: several at once, each with its own options and its own agent. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Config, Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

class Writer extends Session.Service<Writer>()("app/Writer", { model: "opus" }) {}

class Reviewer extends ClaudeSession.Service<Reviewer>()("app/Reviewer", { settingSources: [] }) {
  static readonly configured = Layer.unwrap(
    Effect.map(Config.String("REVIEW_MODEL").pipe(Config.withDefault("haiku")), (model) =>
      Reviewer.layerWith({ model })
    )
  )
}

const program = Effect.gen(function* () {
  const writer = yield* Writer
  const reviewer = yield* Reviewer
  const { text } = yield* writer.ask("Write a haiku")
  const review = yield* reviewer.ask(`Review this: ${text}`)
  yield* Console.log(review.text)
})

const AppLayer = Layer.mergeAll(Writer.layer, Reviewer.configured).pipe(
  Layer.provide(ClaudeAdapter.layer()),
  Layer.provide(NodeServices.layer)
)

program.pipe(Effect.provide(AppLayer), NodeRuntime.runMain)
