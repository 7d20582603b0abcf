/** Claude Code's own frames, typed, as they come. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Fiber, Layer, Stream } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

const program = Effect.gen(function* () {
  const session = yield* ClaudeSession.make({ partialMessages: false })
  const frames = session.messages.pipe(
    Stream.takeUntil((frame) => frame.type === "result"),
    Stream.runForEach((frame) => Console.log(frame.type, "subtype" in frame ? frame.subtype : ""))
  )
  const watching = yield* Effect.forkChild(frames, { startImmediately: true })
  yield* session.ask("Hello!")
  yield* Fiber.join(watching)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
