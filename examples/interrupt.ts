/** Stops a turn; the session goes on. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Stream } from "effect"
import { AgentEvent, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository what to say: one word every 20 ms.
const prompt = `Count. [[text deltas=100 delay=20:${Array.from({ length: 100 }, (_, index) => index).join(" ")}]]`

const program = Effect.gen(function* () {
  const session = yield* Session.make()

  yield* Effect.forkChild(AgentEvent.result(session.stream(prompt)))
  yield* session.events.pipe(Stream.filter(AgentEvent.is("TextDelta")), Stream.take(3), Stream.runDrain)
  yield* Console.log(yield* session.interrupt)

  yield* session.stream(prompt).pipe(AgentEvent.textDeltas, Stream.take(3), Stream.runDrain)

  const { text } = yield* session.ask("Are you there?")
  yield* Console.log(text)
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
