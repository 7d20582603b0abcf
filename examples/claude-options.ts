/** Options that only Claude Code has, in a one-shot: any opener will do. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import { AgentEvent, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

const open = ClaudeSession.make({ model: "sonnet", fallbackModel: "haiku", addDirs: [".."], settingSources: [] })

StreamSession.streamWith(open, { prompt: "What is in there?" }).pipe(
  AgentEvent.text,
  Effect.flatMap((text) => Console.log(text)),
  Effect.provide(ClaudeAdapter.layer()),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
