/** What the real CLI said of work in the background and subagents, in both versions, played to the session again. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { Cassette } from "effect-agent-session/testing"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { faults, scenes, summary } from "../support/taskScenes.ts"

const folder = fileURLToPath(new URL("../fixtures/tasks", import.meta.url))

const recorded = ["2.1.197", "2.1.329"].flatMap((version) =>
  scenes.flatMap((scene) => {
    const file = `${folder}/${version}/${scene.name}`
    return existsSync(`${file}.ndjson`) ? [{ scene, version, file }] : []
  })
)

describe("recorded work in the background and subagents", () => {
  it("each scene is there in each version that tells of it", () => {
    assert.strictEqual(recorded.length, scenes.length + scenes.filter(({ since }) => since === undefined).length)
  })

  for (const { file, scene, version } of recorded) {
    it.effect(`${version}: ${scene.title}`, () =>
      Effect.gen(function* () {
        const agent = ClaudeAdapter.layer({ executable: process.execPath }).pipe(
          Layer.provide(Cassette.layer(yield* Cassette.load(`${file}.ndjson`), { timing: "none" }))
        )
        const events = yield* scene
          .play({
            open: (options) => ClaudeSession.make(options),
            release: () => Effect.void
          })
          .pipe(Effect.provide(agent))
        assert.deepStrictEqual(faults(scene, events), [])
        assert.strictEqual(`${summary(events).join("\n")}\n`, readFileSync(`${file}.txt`, "utf8"))
      }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
    )
  }
})
