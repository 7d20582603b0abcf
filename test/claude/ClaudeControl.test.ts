import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as ClaudeControl from "../../src/claude/ClaudeControl.ts"
import * as ClaudeMessage from "../../src/claude/ClaudeMessage.ts"
import { frames } from "../fixtures/claude-frames.ts"
import { seeded } from "../support/seeded.ts"

const { decodeReply, encodeLine, initializeResponse } = ClaudeControl

const reply = (response: ClaudeControl.ReplyPayload): ClaudeControl.OutboundReply => ({
  type: "control_response",
  response: { subtype: "success", request_id: "r1", response }
})

const prompt = (text: string): ClaudeControl.UserPrompt => ({
  type: "user",
  message: { role: "user", content: text },
  parent_tool_use_id: null,
  session_id: ""
})

/** The payload as the CLI reads it from one line, after checking that it is one. */
const written = (response: object): unknown => {
  const line = encodeLine(reply({ ...response }))
  assert.isTrue(line.endsWith("\n"))
  assert.notInclude(line.slice(0, -1), "\n")
  return JSON.parse(line).response.response
}

describe("ClaudeControl", () => {
  describe("encodeLine", () => {
    it("[cc-76] every message is one line with the exact JSON", () => {
      assert.deepStrictEqual(
        [
          encodeLine({ type: "control_request", request_id: "r1", request: { subtype: "interrupt" } }),
          encodeLine({
            type: "control_request",
            request_id: "r2",
            request: { subtype: "rewind_files", user_message_id: "u", dry_run: true }
          }),
          encodeLine({
            type: "control_request",
            request_id: "r3",
            request: { subtype: "set_permission_mode", mode: "acceptEdits" }
          }),
          encodeLine(reply({ behavior: "deny", message: "no", interrupt: true })),
          encodeLine({ type: "control_response", response: { subtype: "error", request_id: "r1", error: "no\nway" } }),
          encodeLine({ type: "control_cancel_request", request_id: "r1" }),
          encodeLine(prompt("two\nlines"))
        ],
        [
          '{"type":"control_request","request_id":"r1","request":{"subtype":"interrupt"}}\n',
          '{"type":"control_request","request_id":"r2","request":{"subtype":"rewind_files","user_message_id":"u","dry_run":true}}\n',
          '{"type":"control_request","request_id":"r3","request":{"subtype":"set_permission_mode","mode":"acceptEdits"}}\n',
          '{"type":"control_response","response":{"subtype":"success","request_id":"r1","response":{"behavior":"deny","message":"no","interrupt":true}}}\n',
          '{"type":"control_response","response":{"subtype":"error","request_id":"r1","error":"no\\nway"}}\n',
          '{"type":"control_cancel_request","request_id":"r1"}\n',
          '{"type":"user","message":{"role":"user","content":"two\\nlines"},"parent_tool_use_id":null,"session_id":""}\n'
        ]
      )
    })

    it("rule 14: text that ends lines elsewhere stays on one line and comes back whole", () => {
      for (const text of [
        "a\u2028b\u2029c",
        "\u0085 \r\n \r \n",
        "\ud800 alone \udfff",
        "\u0000",
        "emoji 🙂",
        "\\u2028"
      ]) {
        const line = encodeLine(prompt(text))
        assert.notMatch(line.slice(0, -1), /[\n\r\u2028\u2029]/)
        assert.notMatch(line, /\p{Surrogate}/u)
        assert.strictEqual(JSON.parse(line).message.content, text)
      }
    })

    it("rule 14: what JSON cannot write is left out or null, and the rest is still sent", () => {
      const cycle: Record<string, unknown> = { kept: 1 }
      cycle.self = cycle
      const failing = {
        kept: 1,
        get broken(): never {
          throw new Error("getter")
        }
      }
      const refusing = {
        toJSON: () => {
          throw new Error("toJSON")
        }
      }
      const at = new Date(0)
      assert.deepStrictEqual(written({ cycle }), { cycle: { kept: 1, self: null } })
      assert.deepStrictEqual(written({ failing, list: [1, 2n, at] }), {
        failing: { kept: 1, broken: null },
        list: [1, "2", at.toISOString()]
      })
      assert.deepStrictEqual(written({ refusing, kept: 1 }), { refusing: null, kept: 1 })
      assert.deepStrictEqual(written({ fn: () => 1, gone: undefined, symbol: Symbol("s"), nan: Number.NaN }), {
        nan: null
      })
      const shared = { a: 1 }
      assert.deepStrictEqual(written({ first: shared, second: shared, big: 1n }), {
        first: shared,
        second: shared,
        big: "1"
      })
    })

    it("rule 14: an input nested without end is cut, not thrown", () => {
      let deep: unknown = "bottom"
      for (let n = 0; n < 200_000; n++) deep = [deep]
      const line = encodeLine(reply({ deep }))
      assert.isBelow(line.length, 5_000)
      assert.strictEqual(JSON.parse(line).response.request_id, "r1")
    })

    it("rule 14: an answer that cannot be written at all says so to whoever asked", () => {
      const trap = (): never => {
        throw new Error("trap")
      }
      const hostile = new Proxy({}, { ownKeys: trap, has: trap, get: trap })
      assert.deepStrictEqual(written({ hostile, kept: 1 }), { hostile: null, kept: 1 })
      const unwritable = { ownKeys: trap }
      assert.deepStrictEqual(JSON.parse(encodeLine(new Proxy(reply({}), unwritable))), {
        type: "control_response",
        response: { subtype: "error", request_id: "r1", error: "The answer could not be written." }
      })
      assert.strictEqual(encodeLine(new Proxy(prompt("x"), unwritable)), '{"type":"keep_alive"}\n')
    })

    it.prop(
      "rule 14: any JSON in an answer comes out as it went in",
      { payload: Schema.Record(Schema.String, Schema.Json) },
      ({ payload }) => {
        assert.deepStrictEqual(
          JSON.parse(encodeLine(reply(payload))).response.response,
          JSON.parse(JSON.stringify(payload))
        )
      },
      seeded()
    )
  })

  describe("decodeReply", () => {
    it("[cc-78] a reply without a payload counts as an empty one", () => {
      for (const subtype of Object.keys(ClaudeControl.replies) as Array<ClaudeControl.RequestSubtype>) {
        assert.deepStrictEqual(decodeReply(subtype, undefined), Result.succeed({}))
      }
    })

    it("[cc-78] rule 15: a payload that holds is returned as it is, unknown fields and all", () => {
      const payload = { still_queued: ["u1"], cancelled: [], moon: { full: true } }
      const result = decodeReply("interrupt", payload)
      assert.isTrue(Result.isSuccess(result) && result.success === payload)
    })

    it("[cc-78] rule 14: a payload that does not hold fails with the place and without the value", () => {
      const result = decodeReply("mcp_status", { mcpServers: [{ name: "ok" }, { name: { secret: "hunter2" } }] })
      assert.isTrue(Result.isFailure(result))
      if (Result.isFailure(result)) {
        assert.include(result.failure, `["mcpServers"][1]["name"]`)
        assert.notInclude(result.failure, "hunter2")
      }
      assert.isTrue(Result.isFailure(decodeReply("get_usage", 5)))
      assert.isTrue(Result.isFailure(decodeReply("stop_task", [])))
    })

    it("both versions' payloads hold", () => {
      const old = { commands: [{ name: "loop", description: "d", argumentHint: "" }], agents: [], models: [], pid: 5 }
      const now = {
        ...old,
        claude_code_version: "2.1.329",
        current_permission_mode: "default",
        capabilities: ["ui_surface_v1"],
        sdk_mcp_manifests_parked: { calc: "parked" },
        account: { tokenSource: "none", apiKeySource: "ANTHROPIC_API_KEY", apiProvider: "firstParty" }
      }
      const usage = {
        session: { total_cost_usd: 0, model_usage: {} },
        subscription_type: null,
        rate_limits_available: false,
        rate_limits: null,
        behaviors: null
      }
      for (const payload of [old, now])
        assert.deepStrictEqual(decodeReply("initialize", payload), Result.succeed(payload))
      assert.deepStrictEqual(decodeReply("get_usage", usage), Result.succeed(usage))
      assert.deepStrictEqual(decodeReply("rewind_files", { canRewind: true, skippedLinks: 0 })._tag, "Success")
    })

    it("rule 14: a drifted handshake keeps the fields that hold", () => {
      const whole = { pid: 5, moon: 1 }
      assert.strictEqual<unknown>(initializeResponse(whole), whole)
      assert.deepStrictEqual(initializeResponse({ pid: "5", output_style: "default", commands: [{ title: "x" }] }), {
        output_style: "default"
      })
      for (const payload of [undefined, null, "text", []]) assert.deepStrictEqual(initializeResponse(payload), {})
    })
  })

  describe("what the CLI asks", () => {
    it("[cc-77] requests, replies and withdrawals are told apart by their type", () => {
      const types = ["may a tool run, new", "reply, new", "withdrawal", "keep alive"].map((name) => {
        const message = ClaudeMessage.decode(frames[name])
        return ClaudeMessage.isUnknown(message) ? "unknown" : message.type
      })
      assert.deepStrictEqual(types, ["control_request", "control_response", "control_cancel_request", "keep_alive"])
    })

    it("a suggestion that may be sent back is told from one that we do not know", () => {
      const message = ClaudeMessage.decode(frames["may a tool run, old"])
      if (ClaudeMessage.isUnknown(message) || message.type !== "control_request") return assert.fail("not a request")
      const { request } = message
      if (request.subtype !== "can_use_tool") return assert.fail("not about a tool")
      const suggestions = [...(request.permission_suggestions ?? []), { type: "moonRules" }, null, { type: "setMode" }]
      assert.deepStrictEqual(suggestions.map(ClaudeControl.isPermissionUpdate), [true, true, true, false, false, false])
    })
  })
})
