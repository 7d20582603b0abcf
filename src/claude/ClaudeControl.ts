/**
 * The control protocol of Claude Code, both ways, in the CLI's own spelling: the requests that the CLI sends and what it
 * takes for an answer, the requests that we send and what it answers, and `encodeLine`, which writes them. Measured on
 * Claude Code 2.1.197 and 2.1.329.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import type { Outbound, RequestSubtype } from "./internal/controlOutbound.ts"
import { replies, type Replies } from "./internal/controlReplies.ts"
import { explain, guard } from "./internal/wire.ts"

export * from "./internal/controlHandshake.ts"
export * from "./internal/controlInbound.ts"
export * from "./internal/controlOutbound.ts"
export * from "./internal/controlPermission.ts"
export * from "./internal/controlReplies.ts"
export type { JsonObject, Open, Unrecognized } from "./internal/wire.ts"

/**
 * Reads the payload of a success reply to one of our requests. A missing payload counts as an empty one. Succeeds with
 * the payload itself (the same object); fails with what is wrong with it, which never holds its values.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decodeReply = <Subtype extends RequestSubtype>(
  subtype: Subtype,
  payload: unknown
): Result.Result<Replies[Subtype], string> => {
  const schema = replies[subtype]
  const value = payload ?? {}
  return guard(schema)(value) ? Result.succeed(value) : Result.fail(explain(schema, value) ?? "Does not hold")
}

// Deeper than any message, and far from where the stack ends.
const maxDepth = 500

/** The JSON of a value that has none of its own: what cannot be written (a cycle, a failing getter) becomes null. */
const plain = (value: unknown, above: ReadonlySet<object>): unknown => {
  if (typeof value === "bigint") return String(value)
  if (typeof value !== "object" || value === null) return value
  if (above.has(value) || above.size >= maxDepth) return null
  const inside = new Set(above).add(value)
  if ("toJSON" in value && typeof value.toJSON === "function") return plain(value.toJSON(), inside)
  const get = (key: string | number): unknown => {
    try {
      return plain(Reflect.get(value, key), inside)
    } catch {
      return null
    }
  }
  return Array.isArray(value)
    ? Array.from({ length: value.length }, (_, index) => get(index))
    : Object.fromEntries(Object.keys(value).map((key) => [key, get(key)]))
}

// Legal in JSON, but some line readers, Node's among them, end a line there.
const lineSeparators = /[\u2028\u2029]/g

const line = (json: string): string =>
  json.replace(lineSeparators, (char) => (char === "\u2028" ? "\\u2028" : "\\u2029")) + "\n"

const lastResort = (message: Outbound): Outbound =>
  message.type === "control_response"
    ? {
        type: "control_response",
        response: {
          subtype: "error",
          request_id: message.response.request_id,
          error: "The answer could not be written."
        }
      }
    : { type: "keep_alive" }

/**
 * Writes one message as one line of JSON, newline included. Total: whatever a tool input or a hook answer holds, the
 * result is a valid line, because the CLI ends its process on an invalid one. What JSON cannot say is left out or
 * becomes null (a bigint its digits). A message too long for a string becomes an error reply if it answers something,
 * else a `keep_alive`, which the CLI ignores.
 *
 * @since 0.1.0
 * @category encoding
 */
export const encodeLine = (message: Outbound): string => {
  try {
    return line(JSON.stringify(message))
  } catch {
    try {
      return line(JSON.stringify(plain(message, new Set())))
    } catch {
      return line(JSON.stringify(lastResort(message)))
    }
  }
}
