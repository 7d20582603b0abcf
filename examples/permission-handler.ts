/** A policy of your own: it reads the input, changes it, leaves the rest to another one, which asks a service. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Context, Effect, Layer, pipe, Schema } from "effect"
import { Permission, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository which tools to call.
const prompt =
  'Work. [[tool:Bash {"command":"pwd"}]] [[tool:Write {"file_path":"a.txt","content":"a"}]] [[text:I worked.]]'

class Approvals extends Context.Service<Approvals, { readonly ask: (question: string) => Effect.Effect<boolean> }>()(
  "app/Approvals"
) {}

const BashInput = Schema.Struct({ command: Schema.String })

const bash = Permission.forTools("Bash")((request) =>
  Effect.map(Schema.decodeUnknownEffect(BashInput)(request.input), ({ command }) =>
    ["pwd", "git status"].includes(command) ? Permission.allow({ input: { command, timeout: 10_000 } }) : undefined
  )
)

const askSomeone: Permission.Handler<Approvals> = (request) =>
  Effect.gen(function* () {
    const approvals = yield* Approvals
    const yes = yield* approvals.ask(`May the agent use ${request.tool}?`)
    return yes ? Permission.allow() : Permission.deny("The user said no.")
  })

const permissions = pipe(bash, Permission.orElse(askSomeone), Permission.withTimeout("5 minutes"))

const program = Effect.gen(function* () {
  const session = yield* Session.make({ permissions })
  const { toolCalls } = yield* session.ask(prompt)
  for (const { name, status } of toolCalls) yield* Console.log(name, status)
})

const ApprovalsLayer = Layer.succeed(Approvals, { ask: (question) => Effect.as(Console.log(question), false) })
const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide([ClaudeLayer, ApprovalsLayer]), NodeRuntime.runMain)
