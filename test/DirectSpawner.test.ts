/** The spawner that hears agents itself, between an adapter and the services of Node. */
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ChildProcess, ChildProcessSpawner } from "effect/process"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as DirectSpawner from "effect-agent-session/DirectSpawner"
import { Cassette } from "effect-agent-session/testing"
import * as Fake from "./support/fakeRig.ts"

/** The spawner of Node, and the programs that it was asked for. */
const watched = Effect.gen(function* () {
  const spawner = yield* ChildProcessSpawner.ChildProcessSpawner
  const asked: Array<string> = []
  const watching = ChildProcessSpawner.make((command) => {
    asked.push(command._tag === "StandardCommand" ? command.command : command._tag)
    return spawner.spawn(command)
  })
  return { asked, layer: Layer.succeed(ChildProcessSpawner.ChildProcessSpawner, watching) }
})

describe("DirectSpawner", () => {
  it.live("agents are started by it, and everything else by the spawner beneath", () =>
    Effect.gen(function* () {
      const { asked, layer } = yield* watched
      const adapter = ClaudeAdapter.layer({ executable: Fake.fakeClaude }).pipe(
        Layer.provide(DirectSpawner.layer),
        Layer.provide(layer)
      )
      const home = yield* Fake.home
      yield* Effect.gen(function* () {
        const session = yield* Session.make(home.options())
        assert.strictEqual((yield* session.ask("[[text:hello]]")).text, "hello")
        assert.notInclude(asked, Fake.fakeClaude)
        const said = yield* session.execute(
          Effect.flatMap(ChildProcessSpawner.ChildProcessSpawner, (spawner) =>
            spawner.string(ChildProcess.make("echo", ["from beneath"]))
          )
        )
        assert.strictEqual(said.trim(), "from beneath")
        assert.include(asked, "echo")
      }).pipe(Effect.scoped, Effect.provide(adapter))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("what wraps it sees all that passes: a cassette that was recorded on it plays", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const recorder = yield* Effect.provide(Cassette.record(), DirectSpawner.layer)
      const ask = Effect.flatMap(Session.make(home.options()), (session) => session.ask("[[text:hello]]")).pipe(
        Effect.scoped
      )
      const live = yield* Effect.provide(
        ask,
        ClaudeAdapter.layer({ executable: Fake.fakeClaude }).pipe(Layer.provide(recorder.layer))
      )
      const cassette = yield* recorder.cassette
      const played = yield* Effect.provide(
        ask,
        ClaudeAdapter.layer({ executable: process.execPath }).pipe(
          Layer.provide(Cassette.layer(cassette, { timing: "none" }))
        )
      )
      assert.strictEqual(live.text, "hello")
      assert.strictEqual(played.text, live.text)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
