import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { AgentEvent, Input } from "effect-agent-session"
import { issueOf } from "../src/internal/inputAnswer.ts"

const requestId = AgentEvent.RequestId.make("r1")

const question = (multiSelect = false): Input.Question => ({
  _tag: "Question",
  requestId,
  questions: [{ question: "Which?", options: [{ label: "A" }, { label: "B" }], multiSelect }]
})
const plan: Input.Plan = { _tag: "Plan", requestId, plan: "1. Begin." }
const url: Input.Url = { _tag: "Url", requestId, server: "s", message: "m", url: "https://example.com" }
const dialog: Input.Dialog = { _tag: "Dialog", requestId, kind: "k", payload: {} }
const form = (schema?: Input.Form["schema"]): Input.Form => ({
  _tag: "Form",
  requestId,
  server: "s",
  message: "m",
  ...(schema === undefined ? {} : { schema })
})

const requests: ReadonlyArray<Input.Request> = [question(), plan, form(), url, dialog]

describe("handlers", () => {
  it.effect("each sort of request goes to its handler", () =>
    Effect.gen(function* () {
      const handler = Input.handlers({
        question: () => Effect.succeed(Input.answer({ "Which?": "A" })),
        plan: () => Effect.succeed(Input.approve({ mode: "acceptEdits" })),
        form: () => Effect.succeed(Input.accept({ name: "Alice" })),
        url: () => Effect.succeed(Input.accept()),
        dialog: () => Effect.succeed(Input.complete(1))
      })
      const answers = yield* Effect.forEach(requests, handler)
      assert.deepStrictEqual(
        answers.map(({ _tag }) => _tag),
        ["Answered", "Approved", "Accepted", "Accepted", "Completed"]
      )
      for (const [index, request] of requests.entries()) {
        assert.isUndefined(yield* issueOf(request, answers[index] ?? Input.cancel))
      }
    })
  )

  it.effect("what has no handler is declined, and declineAll declines everything", () =>
    Effect.gen(function* () {
      for (const handler of [Input.handlers({}), Input.declineAll]) {
        const answers = yield* Effect.forEach(requests, handler)
        assert.deepStrictEqual(
          answers,
          requests.map(() => Input.decline())
        )
      }
    })
  )
})

describe("Answer", () => {
  it("every answer comes back from JSON as it was", () => {
    const answers: ReadonlyArray<Input.Answer> = [
      Input.answer({ "Which?": "A", "What?": ["B", "C"] }),
      Input.approve(),
      Input.approve({ mode: "plan" }),
      Input.accept(),
      Input.accept({ name: "Alice" }),
      Input.complete({ x: 1 }),
      Input.decline(),
      Input.decline("no", { stopTurn: true }),
      Input.cancel
    ]
    for (const answer of answers) {
      assert.deepStrictEqual(Schema.decodeUnknownSync(Input.Answer)(JSON.parse(JSON.stringify(answer))), answer)
    }
  })
})

describe("whether an answer fits", () => {
  it.effect("only the answers to its own sort do, and a refusal does everywhere", () =>
    Effect.gen(function* () {
      const answers = [Input.answer({}), Input.approve(), Input.accept({}), Input.complete(1)]
      const fitting = yield* Effect.forEach(requests, (request) =>
        Effect.map(
          Effect.forEach(answers, (answer) => issueOf(request, answer)),
          (issues) => answers.filter((_, index) => issues[index] === undefined).map(({ _tag }) => _tag)
        )
      )
      assert.deepStrictEqual(fitting, [["Answered"], ["Approved"], ["Accepted"], ["Accepted"], ["Completed"]])
      for (const request of requests) {
        for (const answer of [Input.decline(), Input.cancel]) assert.isUndefined(yield* issueOf(request, answer))
      }
    })
  )

  it.effect(
    "an answer names a question that was asked, and takes several labels only where several may be chosen",
    () =>
      Effect.gen(function* () {
        assert.isUndefined(yield* issueOf(question(), Input.answer({})))
        assert.isUndefined(yield* issueOf(question(), Input.answer({ "Which?": "any other text" })))
        assert.isUndefined(yield* issueOf(question(), Input.answer({ "Which?": ["A"] })))
        assert.isUndefined(yield* issueOf(question(true), Input.answer({ "Which?": ["A", "B"] })))
        assert.include(yield* issueOf(question(), Input.answer({ "Which?": ["A", "B"] })), "Which?")
        assert.include(yield* issueOf(question(), Input.answer({ "What?": "A" })), "What?")
      })
  )

  it.effect("content fits the schema of its form, field by field", () =>
    Effect.gen(function* () {
      const schema = {
        type: "object",
        properties: {
          name: { type: "string", minLength: 2, maxLength: 5 },
          age: { type: "integer", minimum: 0 },
          weight: { type: "number", maximum: 500 },
          happy: { type: "boolean" },
          size: { type: "string", enum: ["S", "M"], enumNames: ["small", "middling"] },
          colours: { type: "array", items: { type: "string", enum: ["red", "blue"] }, maxItems: 1 },
          code: { type: "string", pattern: "^(a+)+$" }
        },
        required: ["name"]
      }
      const fits = (content: Record<string, unknown>) => issueOf(form(schema), Input.accept(content))
      assert.isUndefined(
        yield* fits({ name: "Alice", age: 7, weight: 1.5, happy: true, size: "S", colours: ["red"], code: "AB" })
      )
      assert.isUndefined(yield* fits({ name: "Al" }))
      // A pattern that takes for ever is the server's to try.
      assert.isUndefined(yield* fits({ name: "Al", code: `${"a".repeat(60)}!` }))
      const wrong: ReadonlyArray<readonly [field: string, value: unknown]> = [
        ["name", "A"],
        ["name", "Alexander"],
        ["name", undefined],
        ["age", 1.5],
        ["age", -1],
        ["weight", 501],
        ["happy", "yes"],
        ["size", "L"],
        ["colours", ["red", "blue"]],
        ["colours", "red"]
      ]
      for (const [field, value] of wrong) assert.include(yield* fits({ name: "Alice", [field]: value }), field)
      assert.include(yield* issueOf(form(schema), Input.accept()), "name")
    })
  )

  it.effect("a schema that cannot be read binds nobody, and no schema neither", () =>
    Effect.gen(function* () {
      assert.isUndefined(yield* issueOf(form(), Input.accept({ any: 1 })))
      assert.isUndefined(yield* issueOf(form({ $ref: "https://example.com/schema" }), Input.accept({ any: 1 })))
    })
  )
})
