/** Looks on: everything that happens in a session, whoever asks. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Fiber, Layer, Stream } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const program = Effect.gen(function* () {
  const session = yield* Session.make()
  const log = session.events.pipe(
    Stream.filter((event) => event._tag !== "TextDelta"),
    Stream.runForEach((event) => Console.log(event.seq, event._tag))
  )
  const watching = yield* Effect.forkChild(log)
  yield* session.ask("Hello!")
  yield* session.close
  yield* Fiber.join(watching)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
