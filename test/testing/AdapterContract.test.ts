import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { AdapterContract } from "effect-agent-session/testing"
import { makeMockRig } from "../support/rigs.ts"

describe("AdapterContract on MockAdapter [asm-121]", () => {
  for (const behaviour of AdapterContract.behaviours) {
    it.effect(behaviour.title, () =>
      Effect.gen(function* () {
        const { layer, rig } = yield* makeMockRig
        yield* Effect.provide(behaviour.run(rig), layer)
      })
    )
  }
})
