import { assert, describe, it } from "@effect/vitest"
import { pipe } from "effect"
import * as Deferred from "effect/Deferred"
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

  it.effect("policies compose to a policy, in order, which leaves what none of them answers", () =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const policy = pipe(
        Permission.allowTools("Read"),
        Permission.orElse(Permission.denyTools("Bash", "Read")),
        Permission.orElse((request: Permission.Request) =>
          Effect.sync(() => {
            asked.push(request.tool)
            return undefined
          })
        )
      )
      assert.strictEqual((yield* policy(request("Read")))?._tag, "Allow")
      assert.strictEqual((yield* policy(request("Bash")))?._tag, "Deny")
      assert.isUndefined(yield* policy(request("Write")))
      assert.deepStrictEqual(asked, ["Write"])
      const handler = Permission.orElse(policy, Permission.allowAll)
      assert.strictEqual((yield* handler(request("Bash")))._tag, "Deny")
      assert.strictEqual((yield* handler(request("Write")))._tag, "Allow")
    })
  )

  it.effect("orElse: the failure of a policy is not an answer, the next one is not asked", () =>
    Effect.gen(function* () {
      const handler = Permission.orElse(() => Effect.fail("broken"), Permission.allowAll)
      assert.strictEqual(yield* Effect.flip(handler(request("Bash"))), "broken")
    })
  )

  it.effect("forTools asks a policy or a handler about the named tools only", () =>
    Effect.gen(function* () {
      const some = Permission.forTools("Bash", "Write")(Permission.denyAll)
      assert.strictEqual((yield* some(request("Bash")))?._tag, "Deny")
      assert.strictEqual((yield* some(request("Write")))?._tag, "Deny")
      assert.isUndefined(yield* some(request("Read")))
      const inner = Permission.forTools("Bash")(some)
      assert.strictEqual((yield* inner(request("Bash")))?._tag, "Deny")
      assert.isUndefined(yield* inner(request("Write")))
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

  it.effect("rule 7: withTimeout does not wait for a handler that resists its interruption", () =>
    Effect.gen(function* () {
      const go = yield* Deferred.make<Permission.Decision>()
      const handler = Permission.withTimeout("1 minute")(() => Effect.uninterruptible(Deferred.await(go)))
      const asked = yield* Effect.forkChild(handler(request("Bash")), { startImmediately: true })
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(asked))._tag, "Deny")
      yield* Deferred.succeed(go, Permission.allow())
    })
  )

  it.effect("rule 7: withTimeout on a policy denies too, so the next one is not asked", () =>
    Effect.gen(function* () {
      const slow = Permission.withTimeout(
        Permission.forTools("Bash")(() => Effect.never),
        "1 minute"
      )
      const handler = Permission.orElse(slow, Permission.allowAll)
      assert.strictEqual((yield* handler(request("Read")))._tag, "Allow")
      const fiber = yield* Effect.forkChild(handler(request("Bash")), { startImmediately: true })
      yield* TestClock.adjust("59 seconds")
      assert.isUndefined(fiber.pollUnsafe())
      yield* TestClock.adjust("1 second")
      assert.deepStrictEqual(yield* Fiber.join(fiber), Permission.deny("Nobody answered in time."))
    })
  )

  it.effect("withTimeout leaves an answer in time as it is, none too", () =>
    Effect.gen(function* () {
      const policy = pipe(Permission.allowTools("Read"), Permission.withTimeout("1 minute"))
      assert.deepStrictEqual(yield* policy(request("Read")), Permission.allow())
      assert.isUndefined(yield* policy(request("Bash")))
    })
  )
})
