/** A session with options. It ends with the Scope it was opened in. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.make({
    model: "sonnet",
    systemPrompt: "You are a TypeScript expert",
    timeouts: { turn: "2 minutes" }
  })
  const { text } = yield* session.ask("Hello!")
  yield* Console.log(text)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
