/**
 * A field of any value, which may be missing: `undefined` is left out when encoded, since JSON cannot say it.
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

export const anyValue = Schema.optionalKey(Schema.Unknown).pipe(
  Schema.decodeTo(Schema.Unknown, {
    decode: SchemaGetter.withDefault<unknown>(Effect.succeed(undefined)),
    encode: SchemaGetter.transformOptional(Option.filter((value) => value !== undefined))
  })
)
