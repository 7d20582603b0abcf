/** Hooks: one rewrites a command before it runs, one asks a service about a prompt, and each can be tried alone. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Context, Effect, Layer } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeHook from "effect-agent-session/claude/ClaudeHook"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

// The brackets tell the fake agent of this repository which tool to call.
const prompt = 'Clean up. [[tool:Bash {"command":"rm -r logs"}]] [[text:All gone.]]'

class Secrets extends Context.Service<Secrets, { readonly isIn: (text: string) => Effect.Effect<boolean> }>()(
  "app/Secrets"
) {}

const dryRun = ClaudeHook.on("PreToolUse", { matcher: "Bash" }, ({ tool_input }) =>
  Effect.succeed(ClaudeHook.rewriteInput({ ...tool_input, command: `echo 'would run: ${tool_input["command"]}'` }))
)

const noSecrets = ClaudeHook.on("UserPromptSubmit", { timeout: "5 seconds" }, ({ prompt }) =>
  Effect.gen(function* () {
    const secrets = yield* Secrets
    return (yield* secrets.isIn(prompt)) ? ClaudeHook.block("There is a secret in it.") : ClaudeHook.pass
  })
)

const program = Effect.gen(function* () {
  const session = yield* ClaudeSession.make({ hooks: [dryRun, noSecrets], allowedTools: ["Bash(echo:*)"] })
  const { toolCalls } = yield* session.ask(prompt)
  yield* Console.log(toolCalls[0]?.output)
  const { text } = yield* session.ask("My password is hunter2")
  yield* Console.log(text)
})

const tried = Effect.gen(function* () {
  const output = yield* ClaudeHook.run(dryRun, {
    tool_name: "Bash",
    tool_input: { command: "rm -r logs" },
    tool_use_id: "toolu_1"
  })
  yield* Console.log(output._tag)
})

const SecretsLayer = Layer.succeed(Secrets, { isIn: (text) => Effect.succeed(text.includes("hunter2")) })
const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

Effect.andThen(program, tried).pipe(Effect.scoped, Effect.provide([ClaudeLayer, SecretsLayer]), NodeRuntime.runMain)
