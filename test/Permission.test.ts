import { assert, describe, it } from "@effect/vitest"
import { pipe } from "effect"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { AgentEvent, Permission } from "effect-agent-session"

const request = (tool: string): Permission.Request => ({
  requestId: AgentEvent.RequestId.make("r1"),
  sessionId: undefined,
  toolId: undefined,
  tool,
  input: {},
  suggestions: [],
  reason: undefined,
  agentId: undefined
})

describe("Permission", () => {
  it.effect("policies answer in order, the handler at the end answers the rest", () =>
    Effect.gen(function* () {
      const handler = pipe(Permission.allowTools("Read"), Permission.orElse(Permission.denyAll))
      assert.strictEqual((yield* handler(request("Read")))._tag, "Allow")
      assert.strictEqual((yield* handler(request("Bash")))._tag, "Deny")
    })
  )

  it.effect("denyTools says which tool", () =>
    Effect.gen(function* () {
      const decision = yield* Permission.denyTools("Bash")(request("Bash"))
      assert.deepStrictEqual(decision, Permission.deny("Bash is not allowed here."))
      assert.isUndefined(yield* Permission.denyTools("Bash")(request("Read")))
    })
  )

  it.effect("rule 7: withTimeout denies when nobody answers", () =>
    Effect.gen(function* () {
      const handler = Permission.withTimeout("1 minute")(() => Effect.never)
      const fiber = yield* Effect.forkChild(handler(request("Bash")), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(fiber))._tag, "Deny")
    })
  )
})
