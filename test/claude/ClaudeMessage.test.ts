import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import * as ClaudeMessage from "../../src/claude/ClaudeMessage.ts"
import * as Holds from "../../src/internal/holds.ts"
import { openUnion } from "../../src/claude/internal/wire.ts"
import { drifted, foreign, frames, novel } from "../fixtures/claude-frames.ts"
import { seeded } from "../support/seeded.ts"

const { decode, isUnknown } = ClaudeMessage

const known = { ...frames, ...novel }

const assertUnknown = (message: ClaudeMessage.ClaudeMessage): ClaudeMessage.Unknown => {
  if (!isUnknown(message)) assert.fail(`a ${message.type} was understood`)
  return message
}

type Kind = Exclude<ClaudeMessage.KnownMessage["type"], "system"> | `system/${ClaudeMessage.SystemMessage["subtype"]}`

/** Every kind of message there is: the compiler sees to it that none is missing. */
const kinds: { readonly [K in Kind]: true } = {
  "system/init": true,
  "system/status": true,
  "system/session_state_changed": true,
  "system/session_title_changed": true,
  "system/thinking_tokens": true,
  "system/api_retry": true,
  "system/compact_boundary": true,
  "system/permission_denied": true,
  "system/control_request_progress": true,
  "system/commands_changed": true,
  "system/model_refusal_fallback": true,
  "system/model_refusal_no_fallback": true,
  "system/task_started": true,
  "system/task_progress": true,
  "system/task_updated": true,
  "system/task_notification": true,
  "system/background_tasks_changed": true,
  "system/hook_started": true,
  "system/hook_progress": true,
  "system/hook_response": true,
  "system/informational": true,
  "system/notification": true,
  "system/local_command_output": true,
  "system/plugin_install": true,
  "system/files_persisted": true,
  "system/memory_recall": true,
  "system/mirror_error": true,
  "system/elicitation_complete": true,
  "system/session_writes_lost": true,
  "system/worker_shutting_down": true,
  assistant: true,
  user: true,
  stream_event: true,
  result: true,
  rate_limit_event: true,
  command_lifecycle: true,
  tool_progress: true,
  conversation_reset: true,
  auth_status: true,
  tool_use_summary: true,
  prompt_suggestion: true,
  active_goal: true,
  transcript_mirror: true,
  keep_alive: true,
  control_request: true,
  control_response: true,
  control_cancel_request: true
}

const isObject = (value: unknown): value is ClaudeMessage.JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** Every object inside a value, the value first. */
const objectsIn = (value: unknown): ReadonlyArray<object> =>
  typeof value === "object" && value !== null ? [value, ...Object.values(value).flatMap(objectsIn)] : []

/** A copy of a frame in which the `at`-th leaf or branch (counted over the whole frame) is another value. */
const replaced = (frame: ClaudeMessage.JsonObject, at: number, value: unknown): unknown => {
  const copy = structuredClone(frame)
  const places = objectsIn(copy).flatMap((object) => Object.keys(object).map((key) => ({ object, key })))
  const place = places[at % places.length]
  if (place !== undefined) Reflect.set(place.object, place.key, value)
  return copy
}

describe("ClaudeMessage", () => {
  describe("what holds", () => {
    it.each(Object.entries(frames))("[cc-66] %s is returned as it is", (_, frame) => {
      const copy = structuredClone(frame)
      assert.strictEqual<unknown>(decode(frame), frame)
      assert.deepStrictEqual(frame, copy)
    })

    it("every kind of message has a frame to show it", () => {
      const shown = Object.values(frames).map((_) => (_.type === "system" ? `system/${String(_.subtype)}` : _.type))
      assert.sameMembers([...new Set(shown)], Object.keys(kinds))
    })

    it("[asm-24] the content of a user message decodes as a string and as blocks", () => {
      const contents = [frames["user, text"], frames["user, replay"]].map((frame) => {
        const message = decode(frame)
        return !isUnknown(message) && message.type === "user" ? typeof message.message.content : "unknown"
      })
      assert.deepStrictEqual(contents, ["string", "object"])
    })

    it("[asm-25] rule 17: spaces, escapes and empty text reach the reader as sent", () => {
      for (const text of [" ", "  lead", "a\\n b", "", "\ud800", "tail\n\n"]) {
        const frame = JSON.parse(
          JSON.stringify({
            type: "stream_event",
            event: { type: "content_block_delta", index: 0, delta: { type: "text_delta", text } }
          })
        )
        const message = decode(frame)
        if (isUnknown(message) || message.type !== "stream_event") return assert.fail("not a stream event")
        if (message.event.type !== "content_block_delta" || message.event.delta.type !== "text_delta") {
          return assert.fail("not a text delta")
        }
        assert.strictEqual(message.event.delta.text, text)
      }
    })

    it("[cc-70] a tool's input keeps its keys, whatever they are called", () => {
      const input = { type: "tool_use", subtype: "x", camelCase: 1, snake_case: 2, __proto__x: null, nested: { id: 5 } }
      const frame = {
        type: "assistant",
        message: { id: "m", content: [{ type: "tool_use", id: "t", name: "Any", input }] }
      }
      const message = decode(frame)
      if (isUnknown(message) || message.type !== "assistant") return assert.fail("not an assistant message")
      const block = message.message.content[0]
      assert.strictEqual(block?.type === "tool_use" ? block.input : undefined, input)
    })

    it("[cc-72] a result without usage, cost or turns is still a result", () => {
      assert.isFalse(isUnknown(decode({ type: "result", subtype: "success", is_error: false })))
      assert.isFalse(isUnknown(decode({ type: "result", subtype: "success", is_error: true, usage: null })))
    })

    it("ids of frames are not needed to understand them", () => {
      for (const frame of Object.values(frames)) {
        if (frame.subtype === "init") continue
        const { uuid: _uuid, session_id: _session, ...bare } = frame
        assert.strictEqual<unknown>(decode(bare), bare)
      }
    })
  })

  describe("what is new", () => {
    it.each(Object.entries(novel))("[asm-22] [cc-69] rule 14: %s stays in its frame as it came", (_, frame) => {
      const copy = structuredClone(frame)
      assert.strictEqual<unknown>(decode(frame), frame)
      assert.deepStrictEqual(frame, copy)
    })

    it.each(Object.entries(foreign))("[asm-22] [cc-67] rule 14: %s is Unknown without an issue", (_, frame) => {
      const message = assertUnknown(decode(frame))
      assert.strictEqual(message.raw, frame)
      assert.strictEqual(message.type, frame.type)
      assert.strictEqual(message.subtype, frame.subtype)
      assert.isFalse("issue" in message)
    })

    it("[cc-68] rule 14: an enum takes a value that nobody has seen", () => {
      const frame = {
        ...frames["result, new"],
        stop_reason: "bored",
        terminal_reason: "moon_phase",
        subtype: "error_x"
      }
      const message = decode(frame)
      if (isUnknown(message) || message.type !== "result") return assert.fail("not a result")
      assert.strictEqual(message.stop_reason, "bored")
    })

    it("rule 14: what is not an object, or has no type, is Unknown with an issue", () => {
      for (const value of [
        null,
        undefined,
        true,
        5,
        "text",
        [],
        [frames["keep alive"]],
        {},
        { type: 5 },
        { Type: "x" }
      ]) {
        const message = assertUnknown(decode(value))
        assert.strictEqual(message.raw, value)
        assert.isString(message.issue)
        assert.isUndefined(message.type)
      }
    })
  })

  describe("what has drifted", () => {
    it.each(Object.entries(drifted))("[asm-23] rule 14: %s is Unknown with the issue", (_, { at, frame, secret }) => {
      const copy = structuredClone(frame)
      const message = assertUnknown(decode(frame))
      assert.strictEqual(message.raw, frame)
      assert.deepStrictEqual(frame, copy)
      assert.strictEqual(message.type, frame.type)
      assert.include(message.issue, at)
      if (secret !== undefined) assert.notInclude(message.issue, secret)
    })

    it("an Unknown names the kind of event, request or reply it was", () => {
      const kinds = ["a text delta without a text", "a permission request without an input"] as const
      assert.deepStrictEqual(
        kinds.map((name) => assertUnknown(decode(drifted[name]?.frame)).subtype),
        ["content_block_delta", "can_use_tool"]
      )
      assert.strictEqual(assertUnknown(decode(drifted["a reply whose error is an object"]?.frame)).subtype, "error")
    })

    it("rule 14: blocks nested deeper than the stack make an Unknown, not an exception", () => {
      let content: unknown = "bottom"
      for (let n = 0; n < 100_000; n++) content = [{ type: "tool_result", tool_use_id: "t", content }]
      const frame = { type: "user", message: { role: "user", content } }
      const message = assertUnknown(decode(frame))
      assert.strictEqual(message.raw, frame)
      assert.isString(message.issue)
    })

    it("[cc-74] rule 14: a drifted result keeps what holds, so that it can end its turn", () => {
      const frame = { ...frames["result, new"], usage: "much", num_turns: "1", moon: true }
      assertUnknown(decode(frame))
      const result = ClaudeMessage.recoverResult(frame)
      assert.isFalse(result?.is_error)
      assert.strictEqual(result?.result, "Hello world")
      assert.deepStrictEqual(result?.user_message_uuids, frames["result, new"]?.user_message_uuids)
      assert.isFalse(result !== undefined && ("usage" in result || "num_turns" in result))
      assert.isFalse(result === undefined || isUnknown(decode(result)))
    })

    it("[cc-74] rule 5: a result without a usable is_error failed, unless it says success", () => {
      const errors = [{ subtype: "success" }, { subtype: "error_max_turns" }, { is_error: "no" }, {}].map(
        (fields) => ClaudeMessage.recoverResult({ type: "result", ...fields })?.is_error
      )
      assert.deepStrictEqual(errors, [false, true, true, true])
      assert.isTrue(ClaudeMessage.recoverResult({ type: "result", subtype: "success", is_error: true })?.is_error)
      for (const other of [null, [], { type: "assistant" }]) assert.isUndefined(ClaudeMessage.recoverResult(other))
    })

    it("rule 14: the id of a control frame is known whether it holds or not", () => {
      const id = (frame: unknown) => ClaudeMessage.requestId(decode(frame))
      assert.strictEqual(id(frames["hook callback"]), frames["hook callback"]?.request_id)
      assert.strictEqual(id(drifted["a permission request without an input"]?.frame), frames.elicitation?.request_id)
      assert.strictEqual(id(drifted["a reply whose error is an object"]?.frame), "req_7")
      assert.strictEqual(id(frames.withdrawal), "852b7b20")
      for (const none of [frames["keep alive"], drifted["a request without an id"]?.frame, null]) {
        assert.isUndefined(id(none))
      }
    })
  })

  describe("any value", () => {
    it.prop(
      "rule 14: random JSON never throws and is never lost",
      { value: Schema.Json },
      ({ value }) => {
        const message = decode(value)
        assert.strictEqual(isUnknown(message) ? message.raw : message, value)
      },
      seeded()
    )

    it.prop(
      "rule 14: random JSON under a known type never throws and is never lost",
      { name: Schema.Literals(Object.keys(known)), fields: Schema.Record(Schema.String, Schema.Json) },
      ({ fields, name }) => {
        const frame = { ...fields, type: known[name]?.type, subtype: known[name]?.subtype ?? null }
        const message = decode(frame)
        assert.strictEqual(isUnknown(message) ? message.raw : message, frame)
      },
      seeded()
    )

    it.prop(
      "rule 14: a known frame with one random value in it is either whole or Unknown with an issue",
      { name: Schema.Literals(Object.keys(known)), at: Schema.Int, value: Schema.Json },
      ({ at, name, value }) => {
        const frame = replaced(known[name] ?? {}, Math.abs(at), value)
        const message = decode(frame)
        if (!isUnknown(message)) return assert.strictEqual<unknown>(message, frame)
        assert.strictEqual(message.raw, frame)
        const sameKind = isObject(frame) && frame.type === known[name]?.type && frame.subtype === known[name]?.subtype
        if (sameKind) assert.isString(message.issue)
      },
      seeded({ runs: 500 })
    )

    it.prop(
      "rule 15: a frame that holds does so with any extra fields, and is returned as it is",
      { name: Schema.Literals(Object.keys(known)), extra: Schema.Record(Schema.String, Schema.Json) },
      ({ extra, name }) => {
        const added = Object.fromEntries(Object.entries(extra).map(([key, value]) => [`x_${key}`, value]))
        const frame = structuredClone(known[name] ?? {})
        // A map from names to something may not get an entry of another kind: that is not an extra field.
        const maps = new Set<object>([frame.modelUsage].filter(isObject))
        for (const object of objectsIn(frame)) {
          if (!Array.isArray(object) && !maps.has(object)) Object.assign(object, added)
        }
        assert.strictEqual<unknown>(decode(frame), frame)
      },
      seeded({ runs: 300 })
    )
  })
})

describe("checks", () => {
  const wire = Object.entries(ClaudeMessage).flatMap(([name, value]) =>
    Schema.isSchema(value) ? [{ name, holds: Holds.check(value.ast), is: Schema.is(value) }] : []
  )

  const assertAgree = (value: unknown): void => {
    for (const { holds, is, name } of wire) {
      if (holds(value) !== is(value)) assert.fail(`${name} of ${JSON.stringify(value)}: the check says ${holds(value)}`)
    }
  }

  it.prop(
    "rule 15: the check of every Schema of the wire says of any frame, and any part of one, what the Schema says",
    { name: Schema.Literals(Object.keys(known)), at: Schema.Int, value: Schema.Json },
    ({ at, name, value }) => {
      assert.isAtLeast(wire.length, Object.keys(kinds).length)
      const frame = known[name] ?? {}
      for (const variant of [frame, replaced(frame, Math.abs(at), value)]) objectsIn(variant).forEach(assertAgree)
    },
    seeded({ runs: 60 })
  )

  it.prop(
    "rule 15: a check says what the Schema says of values that no frame has",
    { value: Schema.Json },
    ({ value }) => {
      for (const some of [value, undefined, Number.NaN, [value], { type: value }]) assertAgree(some)
    },
    seeded({ runs: 100 })
  )

  it("an open union checks the members it knows and lets the others pass", () => {
    type Shape = { readonly kind: "circle"; readonly r: number } | { readonly kind: ClaudeMessage.Unrecognized }
    const Shape = openUnion<Shape>("kind", () => ({
      circle: Schema.Struct({ kind: Schema.Literal("circle"), r: Schema.Number })
    }))
    const isShape = Schema.is(Shape)
    const verdicts = [{ kind: "circle", r: 1 }, { kind: "circle" }, { kind: "square" }, { kind: 5 }, {}, null, []]
    assert.deepStrictEqual(verdicts.map(isShape), [true, false, true, false, false, false, false])
    const value = { kind: "square", side: 5 }
    assert.strictEqual<unknown>(Schema.decodeUnknownSync(Shape)(value), value)
  })
})
