/** A Scope closes its sessions; to be done earlier, close one by hand. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.make()
  yield* session.ask("Hello!")
  yield* session.close

  const { _tag } = yield* session.status
  const error = yield* Effect.flip(session.ask("Are you there?"))
  yield* Console.log(_tag, "-", error.message)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
