/** An agent of one's own that leads the conversation, with few tools and little effort. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

const critic = {
  description: "Reviews a change",
  prompt: "You are a merciless reviewer. Name the file and the line.",
  tools: ["Read", "Grep"]
}

const program = Effect.gen(function* () {
  const session = yield* ClaudeSession.make({
    agents: { critic },
    agent: "critic",
    model: "sonnet",
    effort: "low",
    fallbackModel: "haiku",
    builtInTools: ["Read", "Grep", "Glob"],
    strictMcpConfig: true,
    title: "Review of the last commit"
  })
  const { agents = [] } = yield* session.serverInfo
  yield* Console.log(agents.map(({ name }) => name).join(", "))
  const { text } = yield* session.ask("Review the last commit")
  yield* Console.log(text)
})

program.pipe(
  Effect.catchReason("AgentError", "Unsupported", ({ capability }) =>
    Console.log("not with this version or this model:", capability)
  ),
  Effect.scoped,
  Effect.provide(ClaudeAdapter.layer()),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
