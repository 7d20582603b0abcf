import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { AgentError, AgentEvent, Retry, Turn, Usage } from "effect-agent-session"
import { seeded } from "./support/seeded.ts"

const turnId = AgentEvent.TurnId.make("t1")

const resultWith = (...toolCalls: ReadonlyArray<readonly [string, Turn.ToolStatus]>): Turn.TurnResult => ({
  turnId,
  outcome: { _tag: "Failed" },
  text: "",
  output: undefined,
  toolCalls: toolCalls.map(([name, status], index) => ({
    toolId: AgentEvent.ToolId.make(`tool-${index}`),
    name,
    status,
    input: {},
    output: ""
  })),
  usage: Usage.empty,
  cost: Option.none(),
  startedAt: 0,
  durationMs: 0
})

const failure = (reason: AgentError.Reason, result?: Turn.TurnResult): AgentError.AgentError =>
  new AgentError.AgentError({ agent: "mock", phase: "turn", reason, ...(result === undefined ? {} : { result }) })

const overloaded = (result?: Turn.TurnResult) => failure(new AgentError.Overloaded({ description: "busy" }), result)
const limited = (resetsAt: number) => failure(new AgentError.RateLimited({ description: "5 hours", resetsAt }))

/** Fails as told, one after the other, then succeeds; notes when it was tried. */
const attempts = (...errors: ReadonlyArray<AgentError.AgentError>) => {
  const times: Array<number> = []
  const effect = Effect.suspend(() => {
    const error = errors[times.length]
    return Effect.flatMap(
      Effect.clockWith((clock) => clock.currentTimeMillis),
      (now) => {
        times.push(now)
        return error === undefined ? Effect.succeed("done") : Effect.fail(error)
      }
    )
  })
  return { times, effect }
}

const run = Effect.fnUntraced(function* (
  errors: ReadonlyArray<AgentError.AgentError>,
  options?: Retry.Options,
  advance: Duration.Input = "1 hour"
) {
  const { effect, times } = attempts(...errors)
  const fiber = yield* Effect.forkChild(Effect.retry(effect, Retry.schedule(options)), { startImmediately: true })
  yield* TestClock.adjust(advance)
  return { exit: yield* Effect.result(Fiber.join(fiber)), times }
})

describe("Retry", () => {
  it.effect("n retries are n + 1 attempts, and then the error itself [asm-96]", () =>
    Effect.gen(function* () {
      const { exit, times } = yield* run([overloaded(), overloaded(), overloaded(), overloaded()], { times: 2 })
      assert.strictEqual(times.length, 3)
      assert.strictEqual(exit._tag === "Failure" ? exit.failure.reason._tag : "", "Overloaded")
    })
  )

  it.effect("what may succeed is tried again, further apart each time [asm-96]", () =>
    Effect.gen(function* () {
      const { exit, times } = yield* run([overloaded(), overloaded(), overloaded()])
      assert.strictEqual(exit._tag, "Success")
      const [a = 0, b = 0, c = 0, d = 0] = times
      assert.isTrue(b - a >= 800 && b - a <= 1000 && c - b >= 1600 && c - b <= 2000 && d - c >= 3200 && d - c <= 4000)
    })
  )

  it.effect("a limit that says when it resets is waited for, and not a moment less [asm-96]", () =>
    Effect.gen(function* () {
      const { exit, times } = yield* run([limited(90_000)])
      assert.strictEqual(exit._tag, "Success")
      assert.isTrue((times[1] ?? 0) >= 90_000 && (times[1] ?? 0) <= 91_000)
    })
  )

  it.effect("a limit that resets too late is not waited for", () =>
    Effect.gen(function* () {
      const { exit, times } = yield* run([limited(600_000)])
      assert.strictEqual(exit._tag, "Failure")
      assert.strictEqual(times.length, 1)
      assert.strictEqual((yield* run([limited(1_200_000 + 3_600_000)], { longest: "1 hour" })).exit._tag, "Success")
    })
  )

  it.effect("what cannot succeed is not tried again [asm-96]", () =>
    Effect.gen(function* () {
      const hopeless: ReadonlyArray<AgentError.Reason> = [
        new AgentError.AuthenticationFailed({ description: "no key" }),
        new AgentError.LimitReached({ which: "budget" }),
        new AgentError.InvalidOptions({ issues: ["model: no"] }),
        new AgentError.Interrupted({}),
        new AgentError.Unsupported({ capability: "steer" })
      ]
      for (const reason of hopeless) {
        const { times } = yield* run([failure(reason)])
        assert.strictEqual(times.length, 1, reason._tag)
      }
    })
  )

  it.effect("a turn that ran a tool is not repeated, unless told to be [asm-97]", () =>
    Effect.gen(function* () {
      const did = overloaded(resultWith(["Read", "ok"], ["Bash", "ok"]))
      assert.strictEqual((yield* run([did])).times.length, 1)
      assert.strictEqual((yield* run([did], { afterSideEffects: true })).times.length, 2)
      assert.strictEqual((yield* run([overloaded(resultWith(["Read", "ok"], ["Bash", "denied"]))])).times.length, 2)
      assert.strictEqual((yield* run([overloaded(resultWith(["Bash", "interrupted"]))])).times.length, 1)
    })
  )

  it.prop(
    "no wait is longer than the longest, shorter than it must be, or negative [asm-96]",
    {
      attempt: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 60 }))),
      now: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
      resetsAt: Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000_000 }))),
      chance: Arbitrary.schema(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 })))
    },
    ({ attempt, chance, now, resetsAt }) => {
      const options = { times: 100, longest: "10 seconds" } as const
      const wait = Option.map(Retry.waitFor(overloaded(), attempt, now, chance, options), Duration.toMillis)
      assert.isTrue(Option.isSome(wait) && wait.value >= 0 && wait.value <= 10_000)
      const reset = Option.map(Retry.waitFor(limited(resetsAt), attempt, now, chance, options), Duration.toMillis)
      if (Option.isNone(reset)) assert.isAbove(resetsAt - now, 10_000)
      else assert.isTrue(now + reset.value >= resetsAt && reset.value <= 11_000)
    },
    seeded()
  )
})
