/**
 * With `RECORD_TASKS=1` the scenes are recorded too, for test/claude/tasks.test.ts: once on the pinned version, and once on
 * the oldest one (see scripts/drift for DRIFT_EXECUTABLE and DRIFT_VERSION).
 */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { Cassette } from "effect-agent-session/testing"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { faults, scenes, summary } from "../support/taskScenes.ts"
import { executable, promised } from "./agents.ts"
import { claude } from "./support.ts"

const version = String(promised())

const folder = fileURLToPath(new URL(`../fixtures/tasks/${version}`, import.meta.url))

const long = new Set(["commands", "models", "slash_commands", "skills", "agents", "tools", "modelUsage", "usage"])

/** Without what is long and of which nothing here depends. */
const shortened = (line: string): string => {
  if (!line.startsWith("{")) return line
  const frame: unknown = JSON.parse(line)
  return JSON.stringify(frame, (key, value: unknown) => (long.has(key) ? undefined : value))
}

describe("work in the background and subagents, on the real CLI", () => {
  for (const scene of scenes) {
    claude(
      scene.title,
      ({ base, cwd, home }) =>
        Effect.gen(function* () {
          const recorder = yield* Cassette.record({
            title: `${scene.title}, Claude Code ${version}`,
            paths: { [home]: "/home/user" },
            redact: shortened
          })
          const agent = ClaudeAdapter.layer({ executable: executable() }).pipe(Layer.provide(recorder.layer))
          const events = yield* scene
            .play({
              open: (options) => ClaudeSession.make({ ...base, ...options }),
              release: (name) => Effect.sync(() => fs.writeFileSync(`${cwd}/${name}`, ""))
            })
            .pipe(Effect.provide(agent))
          assert.deepStrictEqual(faults(scene, events), [], summary(events).join("\n"))
          if (process.env["RECORD_TASKS"] === undefined) return
          fs.mkdirSync(folder, { recursive: true })
          yield* Cassette.save(`${folder}/${scene.name}.ndjson`, yield* recorder.cassette)
          fs.writeFileSync(`${folder}/${scene.name}.txt`, `${summary(events).join("\n")}\n`)
        }),
      { since: scene.since ?? "0.0.0" }
    )
  }
})
