/** A prompt of several parts, one with files, one with what was said before, and one of `effect/ai`. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, FileSystem } from "effect"
import * as AiPrompt from "effect/ai/Prompt"
import { Prompt, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="

const program = Effect.gen(function* () {
  const picture = [Prompt.text("What is in this picture?"), Prompt.image("image/png", pixel)]
  const seen = yield* StreamSession.ask({ prompt: picture })
  yield* Console.log(seen.text)

  const fs = yield* FileSystem.FileSystem
  yield* fs.writeFileString("notes.md", "Buy milk.")
  const notes = yield* Prompt.file("notes.md")
  const read = yield* StreamSession.ask({ prompt: [notes, Prompt.text("What is to do?")] })
  yield* Console.log(read.text)

  const messages = [
    { role: "user", content: "My name is Alice" },
    { role: "assistant", content: "Hello, Alice." },
    { role: "user", content: "Now in French, please." }
  ] as const
  const known = yield* StreamSession.ask({ prompt: messages })
  yield* Console.log(known.text)

  const prompt = yield* Effect.fromResult(Prompt.fromAi(AiPrompt.make("Explain OTP in one line")))
  const told = yield* StreamSession.ask({ prompt })
  yield* Console.log(told.text)

  const tooMuch = yield* Effect.flip(StreamSession.ask({ prompt: "word ".repeat(10_000_000) }))
  yield* Console.log(tooMuch.reason._tag)
})

program.pipe(Effect.provide(ClaudeAdapter.layer()), Effect.provide(NodeServices.layer), NodeRuntime.runMain)
