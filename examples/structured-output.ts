/** An answer in a form: what the schema makes of it, typed. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Schema } from "effect"
import { StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository what to answer.
const prompt = 'Who wrote Emma? [[tool:StructuredOutput {"name":"Jane Austen","born":1775}]] [[text:There you are.]]'

const Author = Schema.Struct({ name: Schema.String, born: Schema.Int })

const program = Effect.gen(function* () {
  const { output } = yield* StreamSession.ask({ prompt, outputSchema: Author })
  yield* Console.log(output.name, "was born in", output.born)
})

program.pipe(Effect.provide(ClaudeAdapter.layer()), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
