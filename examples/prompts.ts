/** A prompt of several parts, and one with what was said before. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect } from "effect"
import { Prompt, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

const program = Effect.gen(function* () {
  const picture = [Prompt.text("What is in this picture?"), Prompt.image("image/png", pixel)]
  const seen = yield* StreamSession.ask({ prompt: picture })
  yield* Console.log(seen.text)

  const messages = [
    { role: "user", content: "My name is Alice" },
    { role: "assistant", content: "Hello, Alice." },
    { role: "user", content: "Now in French, please." }
  ] as const
  const known = yield* StreamSession.ask({ prompt: messages })
  yield* Console.log(known.text)
})

program.pipe(Effect.provide(ClaudeAdapter.layer()), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
