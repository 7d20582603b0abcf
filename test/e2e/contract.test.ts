/** The adapter contract on the real CLI: every behaviour that a model's answers can bring about. */
import { describe, layer } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { AdapterContract } from "effect-agent-session/testing"
import * as MockApi from "../support/mockApi.ts"
import { render } from "../support/promptScript.ts"
import { executable, isSince } from "./agents.ts"
import { services } from "./recording.ts"

const can: ReadonlySet<AdapterContract.Ability> = new Set([
  "tools",
  "asks",
  "questions",
  "lends",
  "silence",
  "reasoning",
  "spending",
  "output",
  "pace",
  "flood"
])

// The real CLI lets harmless commands pass; one that also writes a file is asked about.
const asking = (prompt: string): string =>
  prompt.replaceAll(/"command":"(echo [^"]+)"/g, '"command":"$1 && touch asked"')

const makeRig = Effect.fnUntraced(function* (asks: boolean) {
  const files = yield* FileSystem.FileSystem
  const api = yield* MockApi.scoped
  const home = yield* files.makeTempDirectoryScoped({ prefix: "claude-e2e-" })
  let prompts = 0
  const rig: AdapterContract.Rig = {
    name: "claude",
    can,
    options: { cwd: home, env: { base: "none", set: api.env(home) } },
    prompt: (turn) => `#${++prompts}# ${asks ? asking(render(turn)) : render(turn)}`,
    advance: (duration) => Effect.sleep(duration),
    timeouts: {
      startup: "30 seconds",
      idle: "2 seconds",
      turn: "3 seconds",
      control: "10 seconds",
      permission: "1 second",
      interrupt: "5 seconds"
    },
    startup: () => Effect.die("not among the abilities of this rig"),
    sent: Effect.succeed([]),
    planOptions: { permissionMode: "plan" }
  }
  return rig
})

const live = Layer.suspend(() => ClaudeAdapter.layer({ executable: executable() })).pipe(Layer.provideMerge(services))

// 2.1.197 does not say what became of a prompt, and tells a call that it refused itself as one that failed.
const isNew = isSince("2.1.329")
const behaviours = AdapterContract.behaviours
  .filter(AdapterContract.applies({ can }, { ...ClaudeAdapter.capabilities, steer: isNew }))
  .filter(({ title }) => isNew || !title.startsWith("rule 18: without a handler nobody is asked"))

layer(live, { excludeTestServices: true, timeout: Duration.seconds(60) })((it) => {
  describe("AdapterContract on the real CLI", () => {
    for (const behaviour of behaviours) {
      it.effect(behaviour.title, () => Effect.flatMap(makeRig(behaviour.needs.includes("asks")), behaviour.run))
    }
  })
})
