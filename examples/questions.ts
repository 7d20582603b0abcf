/** Claude Code asks its questions as a tool, AskUserQuestion: the permission handler answers. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, pipe, Schema } from "effect"
import { Permission, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository which tool to call.
const prompt =
  'Ask me. [[tool:AskUserQuestion {"questions":[{"question":"Tabs or spaces?","header":"Indentation","multiSelect":false,"options":[{"label":"Tabs","description":""},{"label":"Spaces","description":""}]}]}]] [[text:Thank you.]]'

const Questions = Schema.Struct({
  questions: Schema.Array(
    Schema.Struct({ question: Schema.String, options: Schema.Array(Schema.Struct({ label: Schema.String })) })
  )
})

const questions = Permission.forTools("AskUserQuestion")((request) =>
  Effect.map(Schema.decodeUnknownEffect(Questions)(request.input), ({ questions }) => {
    const answers = Object.fromEntries(questions.map(({ question, options }) => [question, options.at(-1)?.label]))
    return Permission.allow({ input: { ...Object(request.input), answers } })
  })
)

const program = Effect.gen(function* () {
  const session = yield* Session.make({ permissions: pipe(questions, Permission.orElse(Permission.denyAll)) })
  const { toolCalls } = yield* session.ask(prompt)
  for (const { name, status, output } of toolCalls) yield* Console.log(name, status, output)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
