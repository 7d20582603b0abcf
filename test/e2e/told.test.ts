/** What the CLI tells beside its answers. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Session from "effect-agent-session/Session"
import { claude, collect, only } from "./support.ts"

describe("beside the answers", () => {
  claude("a compaction is told, with what it made of the context", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      for (const prompt of ["one", "two", "/compact"]) yield* Effect.ignore(session.ask(prompt))
      yield* session.close
      const [compacted] = only(yield* collect(session.events), "Compacted")
      assert.strictEqual(compacted?.trigger, "manual")
    })
  )

  claude(
    "a denial by the rules of the CLI is a notice",
    ({ base }) =>
      Effect.gen(function* () {
        const session = yield* Session.make({ ...base, allowedTools: [], disallowedTools: ["Bash(touch:*)"] })
        const events = yield* Stream.runCollect(session.stream('[[tool:Bash {"command":"touch x"}]] [[text:done]]'))
        assert.deepStrictEqual(
          only(events, "ToolEnded").map(({ status }) => status),
          ["denied"]
        )
        assert.deepStrictEqual(
          only(events, "Notice").map(({ code }) => code),
          ["permission-denied"]
        )
      }),
    { since: "2.1.300" }
  )
})
