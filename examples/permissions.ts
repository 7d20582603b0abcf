/** Ready-made policies: what only looks is allowed, some commands and files too, the rest is denied. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, pipe } from "effect"
import { Permission, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository which tools to call.
const prompt = `Look around.
  [[tool:Read {"file_path":${JSON.stringify(process.argv[1])}}]] [[tool:Bash {"command":"mkdir new"}]] [[text:I looked around.]]`

const permissions = pipe(
  Permission.denyTools("Edit(.github/**)", "Bash(git push:*)"),
  Permission.orElse(Permission.readOnly),
  Permission.orElse(Permission.allowTools("Edit(src/**)", "Bash(git:*)", "Bash(npm run test)", "mcp__issues")),
  Permission.orElse(Permission.denyAll)
)

const program = Effect.gen(function* () {
  const session = yield* Session.make({ permissions })
  const { toolCalls } = yield* session.ask(prompt)
  for (const { name, status } of toolCalls) yield* Console.log(name, status)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
