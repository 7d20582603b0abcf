/** Sessions by name: started once however many ask, listed, stopped, gone with the Layer. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { SessionRegistry } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const answer = Effect.fn(function* (user: string, prompt: string) {
  const registry = yield* SessionRegistry.SessionRegistry
  const session = yield* registry.getOrStart(user, { model: "sonnet" })
  const { text } = yield* session.ask(prompt)
  return text
})

const program = Effect.gen(function* () {
  const registry = yield* SessionRegistry.SessionRegistry
  yield* answer("alice", "My name is Alice")
  yield* answer("mike", "My name is Mike")
  yield* Console.log(yield* answer("alice", "What is my name?"))

  for (const { agent, name, status } of yield* registry.list) yield* Console.log(name, agent, status._tag)
  yield* registry.stop("alice")
  yield* registry.stopAll
})

const AppLayer = SessionRegistry.layer({ sessions: { reviewer: { model: "opus" } }, maxSessions: 100 }).pipe(
  Layer.provide(ClaudeAdapter.layer()),
  Layer.provide(NodeServices.layer)
)

program.pipe(Effect.provide(AppLayer), NodeRuntime.runMain)
