import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as ToyCore from "../support/toyCore.ts"

describe("core", () => {
  it.effect("before it is ended, an agent is asked to stop what it is at, ours or its own, and nothing else", () =>
    Effect.gen(function* () {
      const { core } = yield* ToyCore.make
      assert.isUndefined(core.quiet())
      yield* Effect.forkChild(core.session.ask("ours"), { startImmediately: true })
      assert.isDefined(core.quiet())
      core.turns.turnEnded(ToyCore.completed)
      assert.isUndefined(core.quiet())
      core.turns.agentBegan()
      assert.isDefined(core.quiet())
      core.turns.agentTurnEnded(ToyCore.completed)
      assert.isUndefined(core.quiet())
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
