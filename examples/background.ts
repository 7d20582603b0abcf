/** A one-shot that runs by itself while the program does something else. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const review = yield* StreamSession.start({ prompt: "Review the last commit" })
  yield* Console.log("meanwhile,", review.meta.agent, "is at work")

  const { text } = yield* review.result
  yield* Console.log(text)
  yield* review.close
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
