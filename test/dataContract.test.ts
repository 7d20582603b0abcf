/** What is stored or sent can be read back: events, errors and results, through JSON text, without loss but `raw`. */
import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import * as Schema from "effect/Schema"
import { AgentAdapter, AgentError, AgentEvent, Session, SessionRegistry, Turn } from "effect-agent-session"
import { seeded } from "./support/seeded.ts"

interface Text<A> {
  readonly of: (value: A) => string
  readonly read: (text: string) => A
}

/** As a file or a socket would have it. */
const textOf = <A>(schema: Schema.Codec<A, unknown>): Text<A> => {
  const json = Schema.toCodecJson(schema)
  const encode = Schema.encodeUnknownSync(json)
  const decode = Schema.decodeUnknownSync(json)
  return { of: (value) => JSON.stringify(encode(value)), read: (text) => decode(JSON.parse(text)) }
}

const event = textOf(AgentEvent.AgentEvent)
const error = textOf(AgentError.AgentError)
const result = textOf(Turn.TurnResult)

const holdsMinusZero = (value: unknown): boolean =>
  Object.is(value, -0) ||
  (typeof value === "object" && value !== null && Object.values(value).some((part) => holdsMinusZero(part)))

/** JSON has no minus zero: what holds one cannot come back as it was. */
const any = <A>(schema: Schema.Codec<A, unknown>): Arbitrary.Arbitrary<A> =>
  Arbitrary.schema(schema).pipe(Arbitrary.filter((value) => !holdsMinusZero(value)))

const withoutRaw = ({ raw: _raw, ...rest }: AgentEvent.AgentEvent): object => rest

const started = AgentEvent.SessionId.make("s1")
const call = (input: unknown): AgentEvent.AgentEvent => ({
  _tag: "ToolStarted",
  seq: 1,
  at: 2,
  sessionId: started,
  toolId: AgentEvent.ToolId.make("t1"),
  name: "Bash",
  kind: "execute",
  input
})

describe("data contract", () => {
  it.prop(
    "every event comes back from JSON as it was, but its raw frame",
    { value: any(AgentEvent.AgentEvent) },
    ({ value }) => assert.deepStrictEqual({ ...event.read(event.of(value)) }, withoutRaw(value)),
    seeded({ runs: 3000 })
  )

  it.prop(
    "every error comes back from JSON as it was, with its result and its words",
    { value: any(AgentError.AgentError) },
    ({ value }) => {
      const back = error.read(error.of(value))
      assert.deepStrictEqual(back, value)
      assert.strictEqual(back.message, value.message)
      assert.strictEqual(back.isResumable, value.isResumable)
    },
    seeded({ runs: 3000 })
  )

  it.prop(
    "every result comes back from JSON as it was",
    { value: any(Turn.TurnResult) },
    ({ value }) => assert.deepStrictEqual(result.read(result.of(value)), value),
    seeded({ runs: 1000 })
  )

  const summary = textOf(Session.SessionSummary)
  it.prop(
    "every summary of a session comes back from JSON as it was",
    { value: any(Session.SessionSummary) },
    ({ value }) => assert.deepStrictEqual(summary.read(summary.of(value)), value),
    seeded({ runs: 500 })
  )

  const state = textOf(
    Schema.Struct({ status: Session.SessionStatus, health: Session.Health, capabilities: AgentAdapter.Capabilities })
  )
  it.prop(
    "every status, health and manifest comes back from JSON as it was",
    { status: any(Session.SessionStatus), health: any(Session.Health), capabilities: any(AgentAdapter.Capabilities) },
    (value) => assert.deepStrictEqual(state.read(state.of(value)), value),
    seeded({ runs: 500 })
  )

  const registry = textOf(
    Schema.Struct({ entry: SessionRegistry.SessionEntry, change: SessionRegistry.RegistryChange })
  )
  it.prop(
    "every entry and change of a registry comes back from JSON as it was",
    { entry: any(SessionRegistry.SessionEntry), change: any(SessionRegistry.RegistryChange) },
    (value) => assert.deepStrictEqual(registry.read(registry.of(value)), value),
    seeded({ runs: 500 })
  )

  it("the raw frame is not kept", () => {
    const text = event.of({ ...call({}), raw: { secret: "the whole frame" } })
    assert.notInclude(text, "secret")
  })

  it("a number that JSON cannot say, as a frame with 1e999 brings it, does not keep an event from being stored", () => {
    const input: unknown = JSON.parse('{"lines":1e999,"list":[-1e999]}')
    const back = event.read(event.of(call(input)))
    assert.deepStrictEqual({ ...back }, call({ lines: null, list: [null] }))
  })

  it("what a handler put into an answer is stored, whatever it is", () => {
    const loop: Record<string, unknown> = { text: "a", none: undefined, big: 1n, at: new Date(0) }
    loop["self"] = loop
    const back = event.read(event.of({ ...call(loop), raw: loop }))
    const input = { text: "a", big: "1", at: String(new Date(0)), self: "[circular]" }
    assert.deepStrictEqual({ ...back }, call(input))
  })

  it("a value that is missing stays missing", () => {
    const back = event.read(event.of(call(undefined)))
    assert.deepStrictEqual({ ...back }, call(undefined))
  })
})
