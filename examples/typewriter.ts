/** Text as it is written: one prompt, one stream. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Stream } from "effect"
import { AgentEvent, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

StreamSession.stream({ prompt: "Explain OTP in one line" }).pipe(
  AgentEvent.textDeltas,
  Stream.runForEach((text) => Effect.sync(() => process.stdout.write(text))),
  Effect.provide(ClaudeAdapter.layer()),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
