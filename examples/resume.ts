/** A conversation survives the process that had it: keep its id, resume it later. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const remember = Effect.gen(function* () {
  const session = yield* Session.make()
  yield* session.ask("Remember: the code is 12345")
  return yield* Effect.fromOption(yield* session.id)
})

const recall = Effect.fn(function* (id: string) {
  const session = yield* Session.make({ start: { resume: id } })
  const { text } = yield* session.ask("What was the code?")
  yield* Console.log(text)
})

const program = Effect.flatMap(Effect.scoped(remember), recall)

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
