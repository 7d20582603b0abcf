/** A session a key, opened when it is first used and closed when nobody has used it for a while. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, LayerMap } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

class Sessions extends LayerMap.Service<Sessions>()("app/Sessions", {
  lookup: (user: string) => Session.layer({ metadata: { user } }),
  idleTimeToLive: "10 minutes",
  dependencies: [ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))]
}) {}

const answer = Effect.fn(function* (user: string, prompt: string) {
  const ask = Effect.flatMap(Session.Session, (session) => session.ask(prompt))
  const { text } = yield* Effect.provide(ask, Sessions.get(user))
  return text
})

const program = Effect.gen(function* () {
  yield* answer("alice", "My name is Alice")
  yield* answer("mike", "My name is Mike")
  yield* Console.log(yield* answer("alice", "What is my name?"))
})

program.pipe(Effect.provide(Sessions.layer), NodeRuntime.runMain)
