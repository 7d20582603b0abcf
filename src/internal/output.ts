/**
 * The form of an answer: the JSON Schema an agent is given, what its JSON becomes, and the one more turn for an answer
 * that does not fit.
 */
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Output, OutputForm, ResolvedOptions, ResolvedOutput } from "../AgentAdapter.ts"
import { type AgentError, StructuredOutputInvalid } from "../AgentError.ts"
import type { TurnResult } from "../Turn.ts"
import * as Usage from "../Usage.ts"

interface Formed<R> {
  readonly jsonSchema: { readonly [key: string]: unknown }
  readonly decode: (json: unknown) => Effect.Effect<unknown, Schema.SchemaError, R>
}

// Named schemas are told apart from the schema itself; an agent wants one self-contained document.
const plain = <R>(schema: Schema.Decoder<unknown, R>): Formed<R> => {
  const { definitions, schema: root } = Schema.toJsonSchemaDocument(schema)
  return {
    jsonSchema: Object.keys(definitions).length === 0 ? root : { ...root, $defs: definitions },
    decode: Schema.decodeUnknownEffect(schema)
  }
}

const key = "answer"

/** The input of a tool, which an answer is to Claude, must be an object. */
const inObject = <R>({ decode, jsonSchema }: Formed<R>): Formed<R> => {
  if (jsonSchema["type"] === "object") return { decode, jsonSchema }
  const { $defs, ...schema } = jsonSchema
  return {
    jsonSchema: {
      type: "object",
      properties: { [key]: schema },
      required: [key],
      additionalProperties: false,
      ...($defs === undefined ? {} : { $defs })
    },
    decode: (json) => decode(typeof json === "object" && json !== null && key in json ? json[key] : json)
  }
}

// `effect/ai` is loaded by who needs it: it is most of what importing it would cost everybody.
const anthropic = <R>(schema: Schema.Decoder<unknown, R>): Effect.Effect<Formed<R>> =>
  Effect.map(
    Effect.promise(() => import("effect/ai/AnthropicStructuredOutput")),
    ({ toCodecAnthropic }) => {
      const { codec, jsonSchema } = toCodecAnthropic(schema)
      return inObject({ jsonSchema, decode: Schema.decodeUnknownEffect(codec) })
    }
  )

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))

/** Fails with what is wrong with a schema that no agent can be given. */
export const resolveOutput = <R>(
  schema: Schema.Decoder<unknown, R>,
  form: OutputForm | undefined,
  context: Context.Context<R>
): Effect.Effect<ResolvedOutput, ReadonlyArray<string>> =>
  Effect.suspend(() => (form === "anthropic" ? anthropic(schema) : Effect.sync(() => plain(schema)))).pipe(
    Effect.catchDefect((defect) => Effect.fail([`outputSchema has no JSON Schema: ${messageOf(defect)}`])),
    Effect.map(({ decode, jsonSchema }) => ({
      jsonSchema,
      decode: (json) =>
        decode(json).pipe(
          Effect.mapError((error) => error.message),
          Effect.provideContext(context)
        )
    }))
  )

/** The result with what `outputSchema` makes of the agent's JSON, if there is a schema. */
export const decodeOutput = <O>(
  { outputSchema }: ResolvedOptions,
  result: TurnResult,
  fail: (reason: StructuredOutputInvalid) => AgentError
): Effect.Effect<TurnResult<Output<O>>, AgentError> => {
  const { output, text } = result
  const decoded: Effect.Effect<TurnResult, AgentError> =
    outputSchema === undefined
      ? Effect.succeed(result)
      : (output === undefined ? Effect.fail("there is none in that form") : outputSchema.decode(output)).pipe(
          Effect.mapBoth({
            onSuccess: (output) => ({ ...result, output }),
            onFailure: (issue) => fail(new StructuredOutputInvalid({ text, issue }))
          })
        )
  return decoded as Effect.Effect<TurnResult<Output<O>>, AgentError>
}

/** What both turns were spent on, as one result. */
const together = (first: TurnResult, second: TurnResult): TurnResult => ({
  ...second,
  usage: Usage.add(first.usage, second.usage),
  cost: Option.isNone(first.cost)
    ? second.cost
    : Option.some(first.cost.value + Option.getOrElse(second.cost, () => 0)),
  startedAt: first.startedAt,
  durationMs: second.startedAt + second.durationMs - first.startedAt
})

const request = (issue: string): string =>
  `Your answer does not have the form that was asked for: ${issue}\nGive the same answer once more, in that form.`

/** An answer that does not fit is asked for once more, in a turn that says what is wrong with it. */
export const repaired = (
  ask: Effect.Effect<TurnResult, AgentError>,
  again: (prompt: string) => Effect.Effect<TurnResult, AgentError>
): Effect.Effect<TurnResult, AgentError> =>
  Effect.catch(ask, (error) => {
    const { reason, result } = error
    if (reason._tag !== "StructuredOutputInvalid" || result === undefined) return Effect.fail(error)
    return Effect.map(again(request(reason.issue)), (second) => together(result, second))
  })
