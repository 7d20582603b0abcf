/** The same as `before.ts`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Stream } from "effect"
import { AgentEvent, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const ask = (prompt: string) => AgentEvent.textDeltas(StreamSession.stream({ prompt }))

ask("Hello!").pipe(
  Stream.runForEach((text) => Console.log(text)),
  Effect.provide(ClaudeAdapter.layer()),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
