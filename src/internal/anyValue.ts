/**
 * Fields of any value, which came from an agent or from a handler of the user: whatever they hold, what is encoded is
 * JSON, so that no event is ever too odd to be stored.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

const isPlain = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** As `JSON.stringify` would have it, but what it refuses becomes text. */
const toJson = (value: unknown, within: ReadonlyArray<object> = []): unknown => {
  switch (typeof value) {
    case "string":
    case "boolean":
      return value
    case "number":
      return Number.isFinite(value) ? value : null
    case "object": {
      if (value === null) return null
      if (within.includes(value)) return "[circular]"
      const path = [...within, value]
      if (Array.isArray(value)) return value.map((part) => toJson(part, path))
      if (!isPlain(value)) return String(value)
      return Object.fromEntries(
        Object.entries(value)
          .filter(([, part]) => part !== undefined)
          .map(([name, part]) => [name, toJson(part, path)])
      )
    }
    case "undefined":
      return null
    default:
      return String(value)
  }
}

/** Any value. */
export const storable = Schema.Unknown.pipe(
  Schema.decodeTo(Schema.Unknown, {
    decode: SchemaGetter.passthrough(),
    encode: SchemaGetter.transform((value) => toJson(value))
  })
)

/** Any value, which may be missing: `undefined` is left out when encoded, since JSON cannot say it. */
export const anyValue = Schema.optionalKey(Schema.Unknown).pipe(
  Schema.decodeTo(Schema.Unknown, {
    decode: SchemaGetter.withDefault<unknown>(Effect.succeed(undefined)),
    encode: SchemaGetter.transformOptional((value) =>
      Option.map(
        Option.filter(value, (held) => held !== undefined),
        (held) => toJson(held)
      )
    )
  })
)
