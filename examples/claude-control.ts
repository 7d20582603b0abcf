/** Asks Claude Code about itself in mid-conversation, and tells it what the options did not. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

const program = Effect.gen(function* () {
  const session = yield* ClaudeSession.make({ enableFileCheckpointing: true })
  const { userMessageId = "" } = yield* session.ask("Hello!")

  const models = yield* session.supportedModels
  const { percentage } = yield* session.contextUsage({ detail: "summary" })
  yield* Console.log(models.length, "models,", percentage, "% of the context window")

  yield* session.setMaxThinkingTokens(8_000)
  yield* session.rename("A greeting")

  const { errors } = yield* session.mcp.setServers({ files: { command: "npx", args: ["-y", "my-files-server"] } })
  for (const [server, why] of Object.entries(errors)) yield* Console.log(server, "did not connect:", why)

  yield* session.rewindFiles(userMessageId, { dryRun: true }).pipe(
    Effect.flatMap(({ filesChanged = [] }) => Console.log("it would change", filesChanged)),
    Effect.catchReason("AgentError", "ControlFailed", ({ description }) => Console.log(description))
  )

  const { text } = yield* session.control("get_session_cost", {})
  yield* Console.log(text)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
