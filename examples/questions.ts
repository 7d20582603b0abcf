/** The agent asks the user, and an input handler answers: here with the last option, and with "go ahead". */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { Input, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository which tool to call.
const prompt =
  'Ask me. [[tool:AskUserQuestion {"questions":[{"question":"Tabs or spaces?","header":"Indentation","multiSelect":false,"options":[{"label":"Tabs","description":""},{"label":"Spaces","description":""}]}]}]] [[text:Thank you.]]'

const input = Input.handlers({
  question: ({ questions }) =>
    Effect.succeed(
      Input.answer(
        Object.fromEntries(questions.map(({ question, options }) => [question, options.at(-1)?.label ?? ""]))
      )
    ),
  plan: ({ plan }) => Effect.as(Console.log(plan ?? "a plan"), Input.approve({ mode: "acceptEdits" })),
  form: ({ message, server }) => Effect.as(Console.log(server, message), Input.decline()),
  url: ({ url }) => Effect.succeed(url.startsWith("https://example.com/") ? Input.accept() : Input.decline())
})

const program = Effect.gen(function* () {
  const session = yield* Session.make({ input })
  const { toolCalls } = yield* session.ask(prompt)
  for (const { name, status, output } of toolCalls) yield* Console.log(name, status, output)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
