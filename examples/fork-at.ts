/** A fork that begins at an earlier message: what came after it was never said there. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.make()
  const { userMessageId } = yield* session.ask("My name is Alice")
  yield* session.ask("My name is Bob")
  const id = yield* Effect.fromOption(yield* session.id)

  const forked = yield* Session.make({ start: { resume: id, fork: true, at: userMessageId } })
  const { text } = yield* forked.ask("What is my name?")
  yield* Console.log(text)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
