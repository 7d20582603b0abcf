import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import { type AgentError, Session } from "effect-agent-session"
import type { SessionOptions } from "effect-agent-session/AgentAdapter"
import { resolve } from "../../src/internal/resolve.ts"

/** As a value that comes from outside, which no compiler looked at. */
const outside = (json: string): SessionOptions => JSON.parse(json)

const issues = (options: SessionOptions) =>
  Effect.map(Effect.flip(resolve(options)), ({ reason }: AgentError.AgentError) =>
    reason._tag === "InvalidOptions" ? reason.issues.join("\n") : reason._tag
  )

describe("resolve", () => {
  it.effect("fills every default in", () =>
    Effect.gen(function* () {
      const options = yield* resolve({})
      assert.deepStrictEqual(options.start, "new")
      assert.deepStrictEqual(options.turns, { policy: "queue", capacity: 16 })
      assert.strictEqual(options.buffer, 2 * 1024 * 1024)
      assert.isTrue(options.persist && options.partialMessages)
      assert.strictEqual(Duration.toMillis(options.timeouts.idle), 360_000)
      assert.isFalse(Duration.isFinite(options.timeouts.turn))
    })
  )

  it.effect(
    "rule 21: values are checked, one sentence an issue, and not repeated [cc-29] [cc-30] [cc-34] [asm-68]",
    () =>
      Effect.gen(function* () {
        assert.include(yield* issues(outside('{"maxTurns":0,"model":5}')), "maxTurns")
        assert.include(yield* issues(outside('{"model":"","buffer":-1}')), "buffer")
        assert.notInclude(yield* issues(outside('{"model":{"secret":"sk-ant-1"}}')), "sk-ant-1")
        assert.include(yield* issues(outside('{"timeouts":{"idle":"soon"}}')), "timeouts.idle")
        assert.include(yield* issues(outside('{"permissions":5}')), "permissions: must be a function")
        assert.include(yield* issues(outside('{"timeouts":{"turn":0}}')), "timeouts.turn must be a duration greater")
        assert.include(yield* issues(outside('{"timeouts":{"turn":-1}}')), "timeouts.turn must be a duration greater")
      })
  )

  it.effect("rule 21: an option nobody knows is refused, also among the deadlines", () =>
    Effect.gen(function* () {
      assert.include(yield* issues(outside('{"modle":"opus"}')), "modle: there is no such option")
      assert.include(yield* issues(outside('{"timeouts":{"idel":5}}')), "timeouts.idel")
    })
  )

  it.effect("rule 21: what a start lacks is said in words", () =>
    Effect.gen(function* () {
      const said = (start: string) => issues(outside(`{"start":${start}}`))
      assert.include(yield* said('{"fork":true}'), "fork needs resume or continue")
      assert.include(yield* said('{"sessionId":"x"}'), "sessionId must be a UUID")
      assert.include(yield* said('{"continue":true,"at":"m"}'), "needs resume")
      assert.include(yield* said('{"resume":"a","continue":true}'), "exclude one another")
      assert.include(yield* said("{}"), "needs sessionId, resume or continue")
      assert.include(yield* said("5"), "start")
    })
  )

  it.effect("overrides lie over the options, deadline by deadline; undefined says nothing", () =>
    Effect.gen(function* () {
      const options = yield* resolve({ model: "opus", timeouts: { idle: "1 second" } }).pipe(
        Effect.provideService(Session.Overrides, { model: undefined, timeouts: { control: "2 seconds" }, maxTurns: 3 })
      )
      assert.deepStrictEqual([options.model, options.maxTurns], ["opus", 3])
      assert.strictEqual(Duration.toMillis(options.timeouts.idle), 1000)
      assert.strictEqual(Duration.toMillis(options.timeouts.control), 2000)
    })
  )
})
