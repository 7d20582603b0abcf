import { describe, layer } from "@effect/vitest"
import { Effect } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { AdapterContract } from "effect-agent-session/testing"
import * as Fake from "../support/fakeRig.ts"
import { fakeCan, makeFakeRig } from "../support/rigs.ts"

const behaviours = AdapterContract.behaviours.filter(
  AdapterContract.applies({ can: fakeCan }, ClaudeAdapter.capabilities)
)

describe.each([
  ["AdapterContract on the fake CLI [asm-121]", Fake.layer],
  ["AdapterContract on the fake CLI, on the direct spawner", Fake.layerDirect]
])("%s", (_, host) => {
  layer(host, { excludeTestServices: true })((it) => {
    for (const behaviour of behaviours) {
      it.effect(behaviour.title, () => Effect.flatMap(makeFakeRig, behaviour.run))
    }
  })
})
