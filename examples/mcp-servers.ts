/** MCP servers that Claude Code starts or calls itself. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Redacted, Stream } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

const token = Redacted.make(process.env["ISSUES_TOKEN"] ?? "none")

const program = Effect.gen(function* () {
  const session = yield* ClaudeSession.make({
    mcpServers: {
      files: { command: "/opt/files/server", args: ["--root", "."], env: { LOG: "off" } },
      issues: { type: "http", url: "https://issues.example.com/mcp", headers: { authorization: token } }
    },
    allowedTools: ["mcp__issues__search"]
  })
  yield* session
    .stream("Which issues are open?")
    .pipe(
      Stream.runForEach((event) =>
        event._tag === "Notice" && event.code === "mcp-server-missing" ? Console.log(event.text) : Effect.void
      )
    )
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
