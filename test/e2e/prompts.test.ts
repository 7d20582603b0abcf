import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as AiPrompt from "effect/ai/Prompt"
import * as AgentEvent from "effect-agent-session/AgentEvent"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Prompt from "effect-agent-session/Prompt"
import * as Session from "effect-agent-session/Session"
import * as fs from "node:fs"
import { bodies, claude, failure } from "./support.ts"

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64"
)
const pdf = Buffer.from("%PDF-1.1\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>")

describe("prompts of the real CLI", () => {
  claude("pictures, documents and several texts get to the model, as bytes, files and URLs", ({ api, base, cwd }) =>
    Effect.gen(function* () {
      fs.writeFileSync(`${cwd}/shot`, png)
      fs.writeFileSync(`${cwd}/paper.pdf`, pdf)
      fs.writeFileSync(`${cwd}/notes.md`, "# für dich")
      const session = yield* Session.make(base)
      const files = yield* Effect.forEach(["shot", "paper.pdf", "notes.md"], (name) => Prompt.file(`${cwd}/${name}`))
      yield* session.ask([
        Prompt.text("first text"),
        Prompt.image("image/png", png.toString("base64")),
        ...files,
        Prompt.image("image/png", { url: "https://example.com/a.png" }),
        Prompt.document("application/pdf", { url: "https://example.com/a.pdf" }),
        Prompt.text("[[text:seen]]")
      ])
      const sent = JSON.stringify(bodies(api)[0]?.["messages"])
      assert.strictEqual(sent.split('"media_type":"image/png"').length, 3)
      for (const expected of [
        '"first text"',
        JSON.stringify({ type: "base64", media_type: "application/pdf", data: pdf.toString("base64") }),
        '"title":"paper.pdf"',
        JSON.stringify({ type: "text", media_type: "text/plain", data: "# für dich" }),
        '"title":"notes.md"',
        '"url":"https://example.com/a.png"',
        '"url":"https://example.com/a.pdf"'
      ]) {
        assert.include(sent, expected)
      }
    })
  )

  claude("what the CLI would replace by a sentence of its own is not sent", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      for (const part of [Prompt.image("image/bmp", png), Prompt.image("image/png", Buffer.from("garbage"))]) {
        assert.strictEqual((yield* failure(session.ask([Prompt.text("look"), part]))).reason._tag, "InvalidOptions")
      }
      assert.strictEqual((yield* failure(session.ask(""))).reason._tag, "InvalidOptions")
      const large = yield* failure(session.ask("x".repeat(33 * 1024 * 1024)))
      assert.strictEqual(large.reason._tag, "PromptTooLong")
      assert.strictEqual(bodies(api).length, 0)
      assert.strictEqual((yield* session.ask("[[text:still here]]")).text, "still here")
    })
  )

  claude(
    "a prompt that may be sent and is too long for the model is PromptTooLong",
    ({ base }) =>
      Effect.gen(function* () {
        const session = yield* Session.make(base)
        const error = yield* failure(session.ask("word ".repeat(2_000_000)))
        assert.strictEqual(error.reason._tag, "PromptTooLong")
      }),
    { since: "2.1.300" }
  )

  claude("a conversation of effect/ai goes on", ({ api, base }) =>
    Effect.gen(function* () {
      const prompt = yield* Effect.fromResult(
        Prompt.fromAi(
          AiPrompt.make([
            { role: "user", content: [{ type: "text", text: "I am Alice" }] },
            { role: "assistant", content: [{ type: "text", text: "Hello" }] },
            { role: "user", content: [{ type: "text", text: "Who am I?" }] }
          ])
        )
      )
      const session = yield* Session.make(base)
      yield* session.stream(prompt).pipe(AgentEvent.text)
      const sent = JSON.stringify(bodies(api)[0]?.["messages"])
      assert.include(sent, "I am Alice")
      assert.include(sent, "Who am I?")
    })
  )
})

describe("answers in a form of the real CLI", () => {
  claude("an answer has the form that its schema asks for: optional fields, records, dates", ({ api, base }) =>
    Effect.gen(function* () {
      const outputSchema = Schema.Struct({
        city: Schema.String,
        mayor: Schema.optionalKey(Schema.String),
        people: Schema.Record(Schema.String, Schema.Finite),
        founded: Schema.DateFromString
      })
      const session = yield* Session.make({ ...base, outputSchema })
      const answer = { city: "Bern", mayor: null, people: [{ "0": "2024", "1": 134_000 }], founded: "1191-01-01" }
      const { output } = yield* session.ask(`[[tool:StructuredOutput ${JSON.stringify(answer)}]] [[text:done]]`)
      assert.deepStrictEqual(output, { city: "Bern", people: { "2024": 134_000 }, founded: new Date("1191-01-01") })
      const tools = JSON.stringify(bodies(api)[0]?.["tools"])
      assert.include(tools, "StructuredOutput")
      assert.include(tools, "founded")
    })
  )

  claude("an answer that is no object has its form too", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, outputSchema: Schema.Literals(["yes", "no"]) })
      const { output } = yield* session.ask(`[[tool:StructuredOutput {"answer":"no"}]] [[text:done]]`)
      assert.strictEqual(output, "no")
    })
  )

  claude("what only the schema knows is repaired in one more turn, and both are paid for", ({ api, base }) =>
    Effect.gen(function* () {
      const Even = Schema.Int.check(Schema.makeFilter((n) => n % 2 === 0 || "must be even"))
      const outputSchema = Schema.Struct({ even: Even })
      const session = yield* ClaudeSession.make({ ...base, outputSchema, repairOutput: true })
      const result = yield* session.ask(
        `[[tool:StructuredOutput {"even":1}]] [[text:so]] [[tool:StructuredOutput {"even":2}]] [[text:so]]`
      )
      assert.strictEqual(result.output.even, 2)
      assert.include(JSON.stringify(bodies(api).at(-1)), "must be even")
      const turns = yield* session.history
      assert.strictEqual(turns.length, 2)
      const spent = turns.reduce((sum, turn) => sum + turn.usage.inputTokens, 0)
      assert.strictEqual(result.usage.inputTokens, spent)
      assert.closeTo(Option.getOrThrow(result.cost), Option.getOrThrow((yield* session.summary).cost), 1e-9)
    })
  )
})
