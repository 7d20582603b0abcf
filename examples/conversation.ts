/** A conversation as a Layer: the session is open as long as the Layer is. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.Session
  yield* session.ask("My name is Alice")
  const { text } = yield* session.ask("What is my name?")
  yield* Console.log(text)
})

const AppLayer = Session.layer({ model: "sonnet" }).pipe(
  Layer.provide(ClaudeAdapter.layer()),
  Layer.provide(NodeServices.layer)
)

program.pipe(Effect.provide(AppLayer), NodeRuntime.runMain)
