import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { AgentError } from "effect-agent-session"
import { FrameReaders } from "../../src/claude/internal/frameReaders.ts"
import * as ToyCore from "../support/toyCore.ts"

describe("the readers of frames", () => {
  it.effect("who comes after the end gets it as it first was", () =>
    Effect.gen(function* () {
      const { core } = yield* ToyCore.make
      const error = core.turns.error("turn", new AgentError.ProcessExited({ code: 1, signal: null, stderrTail: "" }))
      const exceeded = () => error
      const failed = new FrameReaders({ journal: core.journal, buffer: 64, exceeded })
      failed.end(error)
      failed.end()
      assert.strictEqual(yield* Effect.flip(Stream.runDrain(failed.stream)), error)
      const ended = new FrameReaders({ journal: core.journal, buffer: 64, exceeded })
      ended.end()
      ended.end(error)
      assert.deepStrictEqual(yield* Stream.runCollect(ended.stream), [])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
