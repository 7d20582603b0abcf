/** What can be said about a session before it starts. Everything is optional. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.make({
    cwd: process.cwd(),
    model: "sonnet",
    systemPrompt: { append: "Answer in one sentence." },
    permissionMode: "acceptEdits",
    allowedTools: ["Read", "Bash(git:*)"],
    disallowedTools: ["WebFetch"],
    env: { set: { DISABLE_AUTOUPDATER: "1", NODE_ENV: undefined } },
    maxTurns: 20,
    maxBudgetUsd: 0.5,
    persist: false,
    partialMessages: false,
    turns: { policy: "reject" },
    timeouts: { startup: "20 seconds", idle: "2 minutes", turn: "10 minutes" }
  })
  const { text } = yield* session.ask("Hello!")
  yield* Console.log(text)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
