import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { promised, version } from "./agents.ts"
import { claude, collect, only } from "./support.ts"

describe("the agents of this suite", () => {
  it("the CLI is the real one, of the version that is pinned [cc-104]", () => {
    assert.strictEqual(version(), `${String(promised())} (Claude Code)`)
  })

  claude(
    "a session tells the version of its CLI",
    Effect.fnUntraced(function* ({ base }) {
      const session = yield* ClaudeSession.make(base)
      assert.strictEqual((yield* session.serverInfo).claude_code_version, promised())
      yield* session.close
      const [started] = only(yield* collect(session.events), "SessionStarted")
      assert.strictEqual(started?.agentVersion, promised())
    }),
    { since: "2.1.329" }
  )
})
