import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { Cassette } from "effect-agent-session/testing"
import * as fs from "node:fs"
import { scenes, summary } from "../support/taskScenes.ts"
import { executable, promised } from "./agents.ts"
import { claude } from "./support.ts"

describe("work in the background and subagents, on the real CLI", () => {
  for (const { name, play, title } of scenes) {
    claude(title, ({ base, cwd }) =>
      Effect.gen(function* () {
        const recorder = yield* Cassette.record({ title: `${name}, Claude Code ${String(promised())}` })
        const agent = ClaudeAdapter.layer({ executable: executable() }).pipe(Layer.provide(recorder.layer))
        const events = yield* play({
          open: (options) => ClaudeSession.make({ ...base, ...options }),
          release: (name) => Effect.sync(() => fs.writeFileSync(`${cwd}/${name}`, ""))
        }).pipe(Effect.provide(agent))
        fs.appendFileSync(`/tmp/K/scenes.txt`, `\n== ${String(promised())} ${name}\n${summary(events).join("\n")}\n`)
        assert.isAbove(events.length, 0)
      })
    )
  }
})
