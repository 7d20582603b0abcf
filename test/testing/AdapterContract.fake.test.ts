import { describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { AdapterContract } from "effect-agent-session/testing"
import * as Fake from "../support/fakeRig.ts"
import { fakeCan, makeFakeRig } from "../support/rigs.ts"

const behaviours = AdapterContract.behaviours.filter(
  AdapterContract.applies({ can: fakeCan }, ClaudeAdapter.capabilities)
)

layer(Fake.layer, { excludeTestServices: true })((it) => {
  describe("AdapterContract on the fake CLI [asm-121]", () => {
    for (const behaviour of behaviours) {
      it.effect(behaviour.title, () => Effect.flatMap(makeFakeRig, behaviour.run))
    }
  })
})
