import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ToyCore from "../support/toyCore.ts"

const call = (id: string, parent: string | null = null) => ({
  type: "assistant",
  message: {
    id: `msg-${id}`,
    content: [{ type: "tool_use", id, name: parent === null ? "Agent" : "Bash", input: {} }]
  },
  parent_tool_use_id: parent,
  session_id: "s"
})

const answer = (id: string, parent: string | null = null) => ({
  type: "user",
  message: { role: "user", content: [{ type: "tool_result", tool_use_id: id, content: "done" }] },
  parent_tool_use_id: parent,
  session_id: "s"
})

const task = (subtype: string, more: object) => ({
  type: "system",
  subtype,
  task_id: "task",
  tool_use_id: "agent",
  session_id: "s",
  ...more
})

/** A session whose agent launches a subagent in the background, which calls a tool. */
const launched = Effect.gen(function* () {
  const { core, events, hear } = yield* ToyCore.make
  const begin = (prompt: string) => Effect.forkChild(core.session.ask(prompt), { startImmediately: true })
  const end = Effect.suspend(() => {
    core.turns.turnEnded(ToyCore.completed)
    return core.journal.flush
  })
  yield* begin("launch it")
  yield* hear(call("agent"), task("task_started", { is_backgrounded: true }), answer("agent"), call("tool", "agent"))
  /** The events about the tool of the subagent. */
  const seen = Effect.gen(function* () {
    yield* core.session.close
    const all = [...(yield* Stream.runCollect(core.session.events))]
    return all.filter((event) => event.parentToolId === "agent")
  })
  return { hear, begin, end, seen, events }
})

describe("a subagent in the background", () => {
  const test = (title: string, body: (at: Effect.Success<typeof launched>) => Effect.Effect<void, unknown>) =>
    it.effect(title, () => Effect.flatMap(launched, body).pipe(Effect.scoped, Effect.provide(NodeServices.layer)))

  test("what it is at stays open when the turn that launched it ends", ({ end, hear, seen }) =>
    Effect.gen(function* () {
      yield* end
      yield* hear(answer("tool", "agent"), task("task_notification", { status: "completed" }))
      const ended = (yield* seen).filter((event) => event._tag === "ToolEnded")
      assert.deepStrictEqual(
        ended.map((event) => [event.toolId, event.status]),
        [["tool", "ok"]]
      )
    }))

  test("what it is at ends with it", ({ end, hear, seen }) =>
    Effect.gen(function* () {
      yield* end
      yield* hear(task("task_notification", { status: "stopped" }))
      const ended = (yield* seen).filter((event) => event._tag === "ToolEnded")
      assert.deepStrictEqual(
        ended.map((event) => event.status),
        ["interrupted"]
      )
    }))

  test("what it is at ends with the process", ({ end, events, seen }) =>
    Effect.gen(function* () {
      yield* end
      events.gone()
      const ended = (yield* seen).filter((event) => event._tag === "ToolEnded")
      assert.deepStrictEqual(
        ended.map((event) => event.status),
        ["interrupted"]
      )
    }))

  test("rule 2: what it does is no part of a later turn", ({ begin, end, hear, seen }) =>
    Effect.gen(function* () {
      yield* end
      yield* begin("another")
      yield* hear(answer("tool", "agent"), call("more", "agent"))
      yield* end
      const events = yield* seen
      assert.deepStrictEqual(
        events.map((event) => [event._tag, event.turnId !== undefined]),
        [
          ["ToolStarted", true],
          ["ToolEnded", false],
          ["ToolStarted", false]
        ]
      )
    }))
})
