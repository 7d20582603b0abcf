/** A session on tape: recorded once, then played without the agent, and with a fault. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { Cassette } from "effect-agent-session/testing"

const greet = Effect.map(StreamSession.ask({ prompt: "Hello!" }), ({ text }) => text)

const record = Effect.gen(function* () {
  const recorder = yield* Cassette.record({ title: "a greeting", secrets: ["swordfish"] })
  const agent = ClaudeAdapter.layer().pipe(Layer.provide(recorder.layer))
  yield* Console.log(yield* Effect.provide(greet, agent))
  yield* Cassette.save("greeting.ndjson", yield* recorder.cassette)
})

const play = Effect.gen(function* () {
  const cassette = yield* Cassette.load("greeting.ndjson")
  const agent = (options?: Cassette.PlayOptions) =>
    ClaudeAdapter.layer({ executable: process.execPath }).pipe(Layer.provide(Cassette.layer(cassette, options)))

  yield* Console.log(yield* Effect.provide(greet, agent()))

  const broken = agent({ timing: "none", faults: [{ at: 5, kill: "SIGKILL" }] })
  const error = yield* Effect.flip(Effect.provide(greet, broken))
  yield* Console.log(error.reason._tag)
})

Effect.andThen(record, play).pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
