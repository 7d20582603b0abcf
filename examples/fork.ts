/** A fork knows what was said so far and has an id of its own; the conversation it comes from stays as it is. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.make()
  yield* session.ask("My name is Mike")
  const id = yield* Effect.fromOption(yield* session.id)

  const forked = yield* Session.make({ start: { resume: id, fork: true } })
  const { sessionId, text } = yield* forked.ask("What is my name?")
  yield* Console.log(text)
  yield* Console.log(sessionId === id ? "the same conversation" : "a conversation of its own")
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
