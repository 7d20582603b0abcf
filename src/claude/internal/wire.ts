/**
 * The building blocks of wire Schemas: optional fields, tagged unions with an open tail, and their checks. None of
 * them transforms or fills in anything, so a value that holds is passed on as it was parsed.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import * as SchemaParser from "effect/SchemaParser"
import * as Holds from "../../internal/holds.ts"
import { isObject } from "../../internal/jsonObject.ts"

export { isObject }

/**
 * An open enum: the values known today for the editor, any string on the wire.
 *
 * @since 0.1.0
 * @category models
 */
export type Open<Known extends string> = Known | (string & {})

// Ambient, so it exists as a type only: an opaque string that TypeScript knows to differ from every literal. A branded
// string does not do: it stays comparable with literals, and a union that has one is not narrowed at all.
declare enum Opaque {
  Tag = "a tag that this version does not know"
}

/**
 * The tag of a union member that this version does not know: some string, but none of the known ones, so that comparing
 * a tag with a known name rules the unknown member out.
 *
 * @since 0.1.0
 * @category models
 */
export type Unrecognized = Opaque

/**
 * A JSON object whose shape is not ours to know.
 *
 * @since 0.1.0
 * @category models
 */
export interface JsonObject {
  readonly [key: string]: unknown
}

export const JsonObject: Schema.Codec<JsonObject> = Schema.Record(Schema.String, Schema.Unknown)

// One instance per kind of field: the parsers that Schema derives are cached per AST node, and most fields share one.
export const nullableString = Schema.NullOr(Schema.String)
export const strings = Schema.Array(Schema.String)
export const unknowns = Schema.Array(Schema.Unknown)
export const optionalString = Schema.optionalKey(Schema.String)
export const optionalNumber = Schema.optionalKey(Schema.Number)
export const optionalBoolean = Schema.optionalKey(Schema.Boolean)
export const optionalUnknown = Schema.optionalKey(Schema.Unknown)
export const optionalStrings = Schema.optionalKey(strings)
export const optionalUnknowns = Schema.optionalKey(unknowns)
export const optionalNullableString = Schema.optionalKey(nullableString)
export const optionalNullableNumber = Schema.optionalKey(Schema.NullOr(Schema.Number))

/** What almost every frame carries. Neither is needed to understand a frame, so neither can make it Unknown. */
export const frameFields = { uuid: optionalString, session_id: optionalString }

/** A type guard that says what the Schema says. */
export const guard = <A>(schema: Schema.Codec<A>): ((value: unknown) => value is A) => {
  // At first use: modules load faster, and most kinds of frames never come.
  let holds: Holds.Check | undefined
  return (value): value is A => (holds ??= Holds.check(schema.ast))(value)
}

const format = SchemaIssue.makeFormatterDefault()

/** What is wrong with a value, by path and expectation, never with the value itself; `undefined` when it holds. */
export const explain = (schema: Schema.Codec<unknown>, value: unknown): string | undefined => {
  const result = SchemaParser.decodeUnknownResult(schema)(value)
  return Result.isFailure(result) ? format(result.failure) : undefined
}

/** The fields that hold, of an object that must be read although as a whole it may not hold. */
export const holding = (fields: { readonly [key: string]: Schema.Constraint }, value: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(fields).flatMap(([key, field]) =>
      Object.hasOwn(value, key) && SchemaParser.is(field)(value[key]) ? [[key, value[key]]] : []
    )
  )

/**
 * A union told apart by one string field, with an open tail: a known tag is checked against its own member alone, an
 * unknown one is accepted as it is. (A catch-all member in a `Schema.Union` would accept broken known members too, and
 * is slow.) The members are asked for at first use, so that they may refer to the union.
 */
export const openUnion = <A>(
  key: string,
  members: () => { readonly [tag: string]: Schema.Codec<A> }
): Schema.Codec<A> => {
  let checks: Map<string, { readonly schema: Schema.Codec<A>; readonly is: (value: unknown) => value is A }> | undefined
  const find = (tag: string) => {
    checks ??= new Map(Object.entries(members()).map(([tag, schema]) => [tag, { schema, is: guard(schema) }]))
    return checks.get(tag)
  }
  const isMember = (value: unknown): value is A => {
    if (!isObject(value)) return false
    const tag = value[key]
    if (typeof tag !== "string") return false
    const member = find(tag)
    return member === undefined || member.is(value)
  }
  const schema = Schema.declareConstructor<A>()(
    [],
    () => (value, ast, options) => {
      if (isMember(value)) return Effect.succeed(value)
      const tag = isObject(value) ? value[key] : undefined
      const member = typeof tag === "string" ? find(tag) : undefined
      return member === undefined
        ? Effect.fail(new SchemaIssue.InvalidType(ast, value, options))
        : SchemaParser.decodeUnknownEffect(member.schema)(value, options)
    },
    { expected: `an object with a string "${key}"` }
  )
  Holds.declare(schema.ast, isMember)
  return schema
}
