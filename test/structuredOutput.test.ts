/** Answers in a form: what the agent is asked for, what becomes of its answer, and the turn that repairs one. */
import { assert, describe, it, layer } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import { Session, StreamSession } from "effect-agent-session"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { AgentScript, MockAdapter } from "effect-agent-session/testing"
import * as Fake from "./support/fakeRig.ts"
import { reasonOf } from "./support/mock.ts"

const Author = Schema.Struct({ name: Schema.String, born: Schema.Int })
const emma = { name: "Jane Austen", born: 1775 }
const wrong = { name: "Jane Austen", born: "1775" }
const spent = AgentScript.spent({ inputTokens: 10, outputTokens: 2, cost: 0.5 })

const asked = <const O extends Session.Session>(session: O) => session.ask("Who wrote Emma?")

describe("structured output on a mock", () => {
  it.effect("an answer that is not there, or does not fit, is StructuredOutputInvalid with what was said", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ outputSchema: Author })
      const absent = yield* reasonOf(asked(session))
      assert.deepInclude(absent, { _tag: "StructuredOutputInvalid", text: "Jane." })
      assert.include(absent.message, "there is none in that form")
      const invalid = yield* reasonOf(asked(session))
      assert.deepInclude(invalid, { _tag: "StructuredOutputInvalid", text: "Here." })
      assert.include(invalid.message, '["born"]')
      assert.strictEqual((yield* session.summary).turns, 2)
    }).pipe(
      Effect.scoped,
      Effect.provide(
        MockAdapter.layer([
          [AgentScript.text("Jane.")],
          [AgentScript.text("Here."), AgentScript.output(wrong)],
          [AgentScript.output(emma)]
        ])
      )
    )
  )

  it.effect("repairOutput spends one more turn, which is told what is wrong, and counts both", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ outputSchema: Author, repairOutput: true })
      const result = yield* asked(session)
      assert.deepStrictEqual(result.output, emma)
      assert.deepStrictEqual([result.usage.inputTokens, result.usage.outputTokens], [20, 4])
      assert.deepStrictEqual(result.cost, Option.some(1))
      const { sent } = yield* MockAdapter.MockAdapter
      const [first, second, ...more] = yield* sent
      assert.strictEqual(first?.text, "Who wrote Emma?")
      assert.include(second?.text, '["born"]')
      assert.deepStrictEqual(more, [])
      const { cost, turns } = yield* session.summary
      assert.deepStrictEqual([turns, cost], [2, Option.some(1)])
    }).pipe(
      Effect.scoped,
      Effect.provide(
        MockAdapter.layer([
          [AgentScript.output(wrong), spent],
          [AgentScript.output(emma), spent]
        ])
      )
    )
  )

  it.effect("there is one repair and no second one", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ outputSchema: Author, repairOutput: true })
      assert.strictEqual((yield* reasonOf(asked(session)))._tag, "StructuredOutputInvalid")
      assert.strictEqual((yield* session.summary).turns, 2)
    }).pipe(Effect.scoped, Effect.provide(MockAdapter.layer([[AgentScript.output(wrong)]])))
  )

  it.effect("what fits needs no repair, nor does another failure", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ outputSchema: Author, repairOutput: true })
      assert.deepStrictEqual((yield* asked(session)).output, emma)
      assert.notStrictEqual((yield* reasonOf(session.ask(""))).message, "")
      assert.strictEqual((yield* session.summary).turns, 1)
    }).pipe(Effect.scoped, Effect.provide(MockAdapter.layer([[AgentScript.output(emma)]])))
  )

  it.effect("a one-shot is repaired too", () =>
    Effect.gen(function* () {
      const { output } = yield* StreamSession.ask({ prompt: "Who?", outputSchema: Author, repairOutput: true })
      assert.deepStrictEqual(output, emma)
    }).pipe(Effect.provide(MockAdapter.layer([[AgentScript.output(wrong)], [AgentScript.output(emma)]])))
  )
})

class Years extends Context.Service<Years, { readonly zero: number }>()("test/Years") {}

const Dated = Schema.Int.pipe(
  Schema.decodeTo(Schema.Int, {
    decode: SchemaGetter.transformEffect((year: number) => Effect.map(Years, ({ zero }) => year - zero)),
    encode: SchemaGetter.transform((year: number) => year)
  })
)

const answering = (input: unknown): string => `[[tool:StructuredOutput ${JSON.stringify(input)}]] [[text:There.]]`

interface Tree {
  readonly name: string
  readonly children: ReadonlyArray<Tree>
}
const Tree: Schema.Codec<Tree> = Schema.Struct({
  name: Schema.String,
  children: Schema.Array(Schema.suspend((): Schema.Codec<Tree> => Tree))
}).annotate({ identifier: "Tree" })

layer(Fake.layer, { excludeTestServices: true })("structured output on the fake CLI", (it) => {
  const schemaOf = (record: ReadonlyArray<{ readonly [key: string]: unknown }>): string =>
    JSON.stringify(record.find((line) => JSON.stringify(line).includes("jsonSchema")))

  it.effect("the schema is one that Anthropic's models take: what is optional is nullable, and is left out again", () =>
    Effect.gen(function* () {
      const outputSchema = Schema.Struct({ name: Schema.String, born: Schema.optionalKey(Schema.Int) })
      const home = yield* Fake.home
      const session = yield* ClaudeSession.make({ ...home.options(), outputSchema })
      const { output } = yield* session.ask(answering({ name: "Homer", born: null }))
      assert.deepStrictEqual(output, { name: "Homer" })
      const sent = schemaOf(yield* home.record)
      assert.include(sent, '"required":["name","born"]')
      assert.include(sent, '"type":"null"')
    })
  )

  it.effect("an answer that is no object is asked for inside of one", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const outputSchema = Schema.Union([Schema.Literals(["yes", "no"]), Schema.Int])
      const session = yield* ClaudeSession.make({ ...home.options(), outputSchema })
      assert.strictEqual((yield* session.ask(answering({ answer: "yes" }))).output, "yes")
      assert.strictEqual((yield* session.ask(answering({ answer: 7 }))).output, 7)
      assert.include(schemaOf(yield* home.record), '"type":"object","properties":{"answer"')
    })
  )

  it.effect("what the JSON Schema cannot say is checked here, and repaired there", () =>
    Effect.gen(function* () {
      const Even = Schema.Int.check(Schema.makeFilter((n) => n % 2 === 0 || "must be even"))
      const home = yield* Fake.home
      const outputSchema = Schema.Struct({ even: Even })
      const session = yield* ClaudeSession.make({ ...home.options(), outputSchema, repairOutput: true })
      // The script goes on in the next turn.
      const { output } = yield* session.ask(
        `[[tool:StructuredOutput {"even":1}]] [[tool:StructuredOutput {"even":2}]] [[text:There.]]`
      )
      assert.deepStrictEqual(output, { even: 2 })
      assert.strictEqual((yield* session.history).length, 2)
      assert.include(JSON.stringify(yield* home.record), "must be even")
    })
  )

  it.effect("a schema may need services, for an answer to a prompt of its own too", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const { output } = yield* StreamSession.ask({
        ...home.options(),
        prompt: answering({ year: 1775 }),
        outputSchema: Schema.Struct({ year: Dated })
      })
      assert.deepStrictEqual(output, { year: 75 })
    }).pipe(Effect.provideService(Years, { zero: 1700 }))
  )

  it.effect("rule 21: a schema that refers to itself is InvalidOptions", () =>
    Effect.gen(function* () {
      const reason = yield* Fake.reasonOf(ClaudeSession.make({ outputSchema: Tree }))
      assert.strictEqual(reason._tag, "InvalidOptions")
      assert.include(reason.message, "Recursive")
    })
  )
})
