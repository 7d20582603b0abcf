/** Asks again what may succeed, waits for limits, and lets the sessions of one login share what they met. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Limiter, Retry, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.make({ failFast: true })
  const { text } = yield* session
    .ask("Explain OTP in one line")
    .pipe(Effect.retry(Retry.schedule({ times: 5, longest: "1 hour" })))
  yield* Console.log(text)
})

const AppLayer = Layer.merge(ClaudeAdapter.layer(), Limiter.layer({ turns: 4 })).pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(AppLayer), NodeRuntime.runMain)
