/** One process of the CLI, and what becomes of it when something of ours breaks while it is heard. */
import { assert, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { AgentError } from "effect-agent-session"
import { MockAdapter } from "effect-agent-session/testing"
import * as Args from "../../src/claude/internal/claudeArgs.ts"
import * as Connection from "../../src/claude/internal/connection.ts"
import * as Core from "../../src/internal/core.ts"
import { resolve } from "../../src/internal/resolve.ts"
import * as Fake from "../support/fakeRig.ts"
import * as ToyCore from "../support/toyCore.ts"

const sessionId = "00000000-0000-4000-8000-000000000000"

layer(Fake.layer, { excludeTestServices: true })("a connection to the fake CLI", (it) => {
  it.effect("a defect of ours while a message is heard ends the process, and says so to who waits", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const resolved = yield* resolve(home.options())
      const gone = yield* Deferred.make<AgentError.Reason>()
      let open = false
      const core = yield* Core.make(
        { agent: "claude", capabilities: MockAdapter.capabilities, resolved, host: yield* Effect.context<Core.Host>() },
        () => ToyCore.driver
      )
      const connection = yield* Connection.connect(
        core,
        {
          executable: Fake.fakeClaude,
          args: Args.args(resolved, { sessionId }),
          cwd: home.dir,
          env: Args.env(resolved, process.env),
          stateDir: `${home.dir}/state`,
          initialize: {},
          mcpInFile: false,
          secrets: [],
          sessionId
        },
        {
          message: () => {
            if (open) throw new Error("boom")
          },
          textDelta: () => undefined,
          malformed: () => undefined,
          spawned: () => undefined,
          gone: (reason) => Effect.asVoid(Deferred.succeed(gone, reason()))
        }
      )
      open = true
      yield* Effect.forkChild(Effect.ignore(connection.control("get_session_cost", {})))
      const reason = yield* Deferred.await(gone)
      assert.strictEqual(reason._tag, "ProtocolViolation")
      assert.include(reason.message, "boom")
      assert.isDefined(connection.process.exited())
      assert.strictEqual((yield* Fake.reasonOf(connection.control("get_session_cost", {})))._tag, "ProtocolViolation")
    })
  )
})
