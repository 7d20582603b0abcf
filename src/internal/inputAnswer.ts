/** Whether an answer fits what was asked: its sort, the questions it names, the schema of a form. */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Input from "../Input.ts"

const wanted: { readonly [K in Input.Request["_tag"]]: Input.Answer["_tag"] } = {
  Question: "Answered",
  Plan: "Approved",
  Form: "Accepted",
  Url: "Accepted",
  Dialog: "Completed"
}

const questionIssue = ({ questions }: Input.Question, { answers }: Input.Answered): string | undefined => {
  for (const [text, answer] of Object.entries(answers)) {
    const question = questions.find((one) => one.question === text)
    if (question === undefined) return `nobody asked ${JSON.stringify(text)}`
    if (typeof answer !== "string" && answer.length !== 1 && question.multiSelect !== true) {
      return `${JSON.stringify(text)} takes one answer`
    }
  }
  return undefined
}

// Loaded here and nowhere else: few sessions ever see a form.
const formSchema = (schema: { readonly [key: string]: unknown }) =>
  Effect.map(
    Effect.promise(() => Promise.all([import("effect/JsonSchema"), import("effect/SchemaRepresentation")])),
    ([JsonSchema, Representation]) =>
      // A pattern of a server may take for ever: it checks it itself. What a JSON Schema becomes needs no services; its
      // type cannot say so.
      Representation.fromJsonSchemaDocument(JsonSchema.fromSchemaDraft2020_12(schema), {
        patterns: "ignore"
      }) as Schema.Codec<unknown>
  )

const formIssue = ({ schema }: Input.Form, { content = {} }: Input.Accepted): Effect.Effect<string | undefined> =>
  schema === undefined
    ? Effect.succeed(undefined)
    : formSchema(schema).pipe(
        Effect.map((form) => {
          const result = Schema.decodeUnknownResult(form, { errors: "all" })(content)
          return Result.isSuccess(result) ? undefined : result.failure.message
        }),
        // A schema that cannot be read binds nobody: the server checks for itself.
        Effect.catchCause(() => Effect.succeed(undefined))
      )

/** Why an answer does not fit; undefined when it does. */
export const issueOf = (request: Input.Request, answer: Input.Answer): Effect.Effect<string | undefined> => {
  if (answer._tag === "Declined" || answer._tag === "Cancelled") return Effect.succeed(undefined)
  if (answer._tag !== wanted[request._tag]) {
    return Effect.succeed(
      `a request of the sort ${request._tag} is answered with ${wanted[request._tag]}, not ${answer._tag}`
    )
  }
  if (request._tag === "Question" && answer._tag === "Answered") return Effect.succeed(questionIssue(request, answer))
  if (request._tag === "Form" && answer._tag === "Accepted") return formIssue(request, answer)
  return Effect.succeed(undefined)
}
