import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { frames } from "../fixtures/claude-frames.ts"
import * as ToyCore from "../support/toyCore.ts"

const notice = (level: string, code: string) => ({ _tag: "Notice", level, code })

/** The event that a frame becomes, as far as it matters. */
const told: { readonly [frame: string]: object } = {
  "rate limit": { _tag: "RateLimited", status: "allowed_warning", window: "five_hour", resetsAt: 1795230466000 },
  "tool progress": { _tag: "ToolProgress", toolId: "toolu_01", elapsedMs: 30_000 },
  "api retry": { _tag: "Retrying", attempt: 1, max: 2, delayMs: 1250, status: 429 },
  "compact boundary": { _tag: "Compacted", trigger: "auto", before: 985_000, after: 900 },
  "permission denied": notice("warning", "permission-denied"),
  informational: notice("info", "informational"),
  notification: notice("info", "stop-hook"),
  "refusal, with fallback": notice("warning", "model_refusal_fallback"),
  "refusal, without fallback": notice("warning", "model_refusal_no_fallback"),
  "writes lost": notice("error", "session_writes_lost")
}

describe("frames", () => {
  it.effect("what is told by the way is an event of its kind, with its frame", () =>
    Effect.gen(function* () {
      const { core, hear } = yield* ToyCore.make
      const heard = Object.keys(told).map((name) => frames[name] ?? {})
      yield* hear(...heard)
      yield* core.session.close
      const events = yield* Stream.runCollect(core.session.events)
      const between = events.filter(({ _tag }) => _tag !== "SessionStarted" && _tag !== "SessionEnded")
      assert.strictEqual(between.length, heard.length)
      Object.values(told).forEach((expected, index) =>
        assert.deepInclude(between[index], { ...expected, raw: heard[index] })
      )
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )
})
