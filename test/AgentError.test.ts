import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AgentError, AgentEvent } from "effect-agent-session"

const error = new AgentError.AgentError({
  agent: "claude",
  sessionId: AgentEvent.SessionId.make("s1"),
  phase: "turn",
  reason: new AgentError.ProcessExited({ code: 1, signal: null, stderrTail: "panic: out of cheese\n" })
})

// One of each: a reason that is added and not listed here is a type error.
const reasons: { readonly [Tag in AgentError.Reason["_tag"]]: Extract<AgentError.Reason, { readonly _tag: Tag }> } = {
  ExecutableNotFound: new AgentError.ExecutableNotFound({ lookedIn: ["/bin"], install: "Install it with npm" }),
  SpawnFailed: new AgentError.SpawnFailed({ description: "EACCES" }),
  StartupFailed: new AgentError.StartupFailed({
    description: "it ended with code 1",
    stderrTail: "bad flag. Sorry.\n"
  }),
  HandshakeTimeout: new AgentError.HandshakeTimeout({ millis: 60_000, stderrTail: "" }),
  ProcessExited: new AgentError.ProcessExited({ code: null, signal: "SIGKILL", stderrTail: "" }),
  ProtocolViolation: new AgentError.ProtocolViolation({ description: "a reply of unknown form" }),
  BacklogExceeded: new AgentError.BacklogExceeded({ limit: 10 }),
  ControlFailed: new AgentError.ControlFailed({ request: "steer", description: "no turn runs" }),
  ControlTimeout: new AgentError.ControlTimeout({ request: "interrupt", millis: 30_000 }),
  IdleTimeout: new AgentError.IdleTimeout({ millis: 360_000 }),
  TurnTimeout: new AgentError.TurnTimeout({ millis: 1_000 }),
  PermissionTimeout: new AgentError.PermissionTimeout({ millis: 1_000 }),
  Interrupted: new AgentError.Interrupted(),
  TurnRejected: new AgentError.TurnRejected(),
  TurnQueueFull: new AgentError.TurnQueueFull({ capacity: 16 }),
  AuthenticationFailed: new AgentError.AuthenticationFailed({ description: "no key." }),
  RateLimited: new AgentError.RateLimited({ description: "five hours" }),
  Overloaded: new AgentError.Overloaded({ description: "529" }),
  BillingError: new AgentError.BillingError({ description: "credit is used up" }),
  ModelNotFound: new AgentError.ModelNotFound({ description: "gpt-0" }),
  PromptTooLong: new AgentError.PromptTooLong({ description: "" }),
  LimitReached: new AgentError.LimitReached({ which: "turns" }),
  Refused: new AgentError.Refused({ description: "policy" }),
  StructuredOutputInvalid: new AgentError.StructuredOutputInvalid({ text: "", issue: "Expected string" }),
  TurnFailed: new AgentError.TurnFailed({ kind: "error_during_execution", description: "it broke" }),
  SessionClosed: new AgentError.SessionClosed(),
  SessionExists: new AgentError.SessionExists({ name: "main" }),
  SessionNotFound: new AgentError.SessionNotFound({ id: "to continue", lookedIn: ["/a"] }),
  SessionInUse: new AgentError.SessionInUse({ id: "s1" }),
  RegistryFull: new AgentError.RegistryFull({ maxSessions: 3 }),
  CrashLoop: new AgentError.CrashLoop({ restarts: 5 }),
  ContinuityLost: new AgentError.ContinuityLost({ expected: "s1", actual: "nothing on disk" }),
  InvalidOptions: new AgentError.InvalidOptions({ issues: ["cwd: must be text"] }),
  Unsupported: new AgentError.Unsupported({ capability: "list" }),
  StoreFailed: new AgentError.StoreFailed({ description: "disk full" }),
  HistoryFailed: new AgentError.HistoryFailed({ description: "EACCES" })
}

const steps =
  "Answer|Ask|Check|Choose|Clear|Close|Correct|Find|Install|Log|Look|Open|Raise|Read|Reword|Run|Try|Update|Use|Wait"

const told = (reason: AgentError.Reason): string => new AgentError.AgentError({ phase: "turn", reason }).message

describe("AgentError", () => {
  it.each(Object.values(reasons))("$_tag says what happened, then what to do next", (reason) => {
    assert.match(reason.message, new RegExp(`^[^A-Z].+[^.](\\. (${steps})|; (${steps.toLowerCase()})) .*[^.]$`))
    assert.notMatch(reason.message, /undefined|null|: \.|: $/)
    assert.strictEqual(told(reason), `agent (turn): ${reason.message}`)
  })

  it("a process that ended, nobody knows how, is told so", () => {
    const ended = (code: number | null, signal: string | null) =>
      new AgentError.ProcessExited({ code, signal, stderrTail: "" }).message
    assert.include(ended(null, null), "its process ended, nobody knows how. Open")
    assert.include(ended(0, null), "its process ended with code 0. Open")
    assert.include(ended(null, "SIGTERM"), "its process ended with SIGTERM. Open")
  })

  it("a rate limit says until when, as far as it is known", () => {
    const limited = (resetsAt?: number) =>
      new AgentError.RateLimited({ description: "five hours", ...(resetsAt === undefined ? {} : { resetsAt }) }).message
    assert.include(limited(Date.UTC(2030, 0, 2)), "five hours. Wait until 2030-01-02T00:00:00.000Z, then ask again")
    assert.include(limited(), "five hours. Wait a while, then ask again")
    assert.include(limited(Number.MAX_VALUE), "Wait a while")
  })

  it("the agent's last words are told where they are known", () => {
    const stderrTail = "panic: out of cheese.\n"
    for (const reason of [
      new AgentError.ControlTimeout({ request: "interrupt", millis: 1, stderrTail }),
      new AgentError.IdleTimeout({ millis: 1, stderrTail }),
      new AgentError.SessionNotFound({ id: "s1", lookedIn: ["/a"], stderrTail }),
      new AgentError.SessionInUse({ id: "s1", stderrTail })
    ]) {
      assert.include(reason.message, "; its last words: panic: out of cheese. ")
    }
    assert.notInclude(reasons.IdleTimeout.message, "last words")
    assert.notInclude(new AgentError.IdleTimeout({ millis: 1, stderrTail: "\n" }).message, "last words")
  })

  it("places and ids are told, many places in short", () => {
    assert.include(reasons.SessionNotFound.message, "there is no session to continue; looked in /a. ")
    assert.include(reasons.ContinuityLost.message, "session s1, it came up with nothing on disk. ")
    const lookedIn = ["/a", "/b", "/c", "/d", "/e"]
    const lost = new AgentError.SessionNotFound({ id: "s1", lookedIn })
    assert.include(lost.message, "/a, /b, /c and 2 more places")
  })

  it("the limit that was reached is the one to raise", () => {
    assert.include(reasons.LimitReached.message, "Raise maxTurns,")
    assert.include(new AgentError.LimitReached({ which: "budget" }).message, "Raise maxBudgetUsd,")
  })

  it("says what happened, to whom, in which phase, and what to do next", () => {
    assert.include(error.message, "claude (turn)")
    assert.include(error.message, "code 1")
    assert.include(error.message, "out of cheese")
    assert.include(error.message, "resume")
  })

  it("knows what can be tried again and what can be resumed", () => {
    const of = (reason: AgentError.Reason) => new AgentError.AgentError({ phase: "turn", reason })
    assert.isTrue(of(new AgentError.RateLimited({ description: "" })).isRetryable)
    assert.isFalse(of(new AgentError.AuthenticationFailed({ description: "" })).isRetryable)
    assert.isTrue(of(new AgentError.IdleTimeout({ millis: 1 })).isResumable)
    assert.isFalse(of(new AgentError.InvalidOptions({ issues: [] })).isResumable)
  })

  it.effect("one cause is caught by its tag", () =>
    Effect.gen(function* () {
      const caught = yield* Effect.fail(error).pipe(
        Effect.catchReason("AgentError", "ProcessExited", (reason) => Effect.succeed(reason.code))
      )
      assert.strictEqual(caught, 1)
    })
  )

  it.effect("goes to JSON and comes back as an instance", () =>
    Effect.gen(function* () {
      const codec = Schema.toCodecJson(AgentError.AgentError)
      const json: unknown = JSON.parse(JSON.stringify(yield* Schema.encodeEffect(codec)(error)))
      const back = yield* Schema.decodeUnknownEffect(codec)(json)
      assert.instanceOf(back, AgentError.AgentError)
      assert.strictEqual(back.message, error.message)
      assert.isTrue(AgentError.isAgentError(back))
    })
  )
})
