/** Changes settings in mid-conversation, and asks Claude Code about itself. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Option } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

const program = Effect.gen(function* () {
  const session = yield* ClaudeSession.make()
  yield* session.ask("Hello!")

  yield* session.setModel("opus")
  yield* session.setPermissionMode("acceptEdits")
  const { model, permissionMode } = yield* session.summary
  yield* Console.log(Option.getOrThrow(model), Option.getOrThrow(permissionMode))

  const { commands = [], models = [] } = yield* session.serverInfo
  yield* Console.log(commands.length, "commands,", models.length, "models")

  const { mcpServers = [] } = yield* session.control("mcp_status", {})
  yield* Console.log(mcpServers.length, "MCP servers")
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
