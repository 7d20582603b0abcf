/** A failure as the last event: the stream itself cannot fail. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Stream } from "effect"
import { AgentEvent, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const events = StreamSession.stream({ prompt: "Hello!", errors: "event" })

events.pipe(
  Stream.filter(AgentEvent.is("ErrorOccurred")),
  Stream.runForEach(({ error }) => Console.log(error.reason._tag, "-", error.reason.message)),
  Effect.provide(ClaudeAdapter.layer({ executable: "./not-here/claude" })),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
