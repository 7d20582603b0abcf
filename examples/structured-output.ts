/** An answer in a form: what the schema makes of it, typed; and one more turn for an answer that does not fit. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Schema } from "effect"
import { Session, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository what to answer.
const prompt = 'Who wrote Emma? [[tool:StructuredOutput {"name":"Jane Austen","born":1775}]] [[text:There you are.]]'
const wrong =
  'And Evelina? [[tool:StructuredOutput {"name":"","born":1752}]] [[tool:StructuredOutput {"name":"Frances Burney","born":1752}]]'

const Author = Schema.Struct({
  name: Schema.String.check(Schema.makeFilter((name) => name !== "" || "must not be empty")),
  born: Schema.Int
})

const once = Effect.gen(function* () {
  const { output } = yield* StreamSession.ask({ prompt, outputSchema: Author })
  yield* Console.log(output.name, "was born in", output.born)
})

const repaired = Effect.gen(function* () {
  const session = yield* Session.make({ outputSchema: Author, repairOutput: true })
  const { output } = yield* session.ask(wrong)
  const turns = yield* session.history
  yield* Console.log(output.name, "after", turns.length, "turns")
})

const program = Effect.andThen(once, Effect.scoped(repaired))

program.pipe(Effect.provide(ClaudeAdapter.layer()), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
