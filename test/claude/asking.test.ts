/** What the fake CLI asks for: forms of wire frames that a real one sends seldom, or not on demand. */
import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type AgentEvent, Input, Permission } from "effect-agent-session"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "../support/fakeRig.ts"

const only = <Tag extends AgentEvent.AgentEvent["_tag"]>(
  events: Iterable<AgentEvent.AgentEvent>,
  tag: Tag
): ReadonlyArray<AgentEvent.Of<Tag>> => [...events].filter((event): event is AgentEvent.Of<Tag> => event._tag === tag)

const dialog = (kind: string): string =>
  `[[tool:Dialog {"dialog_kind":"${kind}","payload":{"title":"Sure?"}}]] [[text:done]]`

layer(Fake.layer, { excludeTestServices: true })("what the fake CLI asks", (it) => {
  it.effect("a dialog of a declared kind is answered by the input handler", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const asked: Array<Input.Request> = []
      const session = yield* ClaudeSession.make({
        ...home.options(),
        supportedDialogKinds: ["confirm"],
        input: (request) => {
          asked.push(request)
          return Effect.succeed(Input.complete({ choice: "yes" }))
        }
      })
      const events = yield* Stream.runCollect(session.stream(dialog("confirm")))
      const [request] = asked
      assert(request?._tag === "Dialog")
      assert.deepStrictEqual([request.kind, request.payload], ["confirm", { title: "Sure?" }])
      assert.strictEqual(only(events, "InputRequested")[0]?.kind, "dialog")
      assert.include(JSON.stringify(only(events, "ToolEnded")[0]?.output), "completed")
      assert.include(JSON.stringify(only(events, "ToolEnded")[0]?.output), "choice")
    })
  )

  it.effect("a dialog that is declined, or answered with something else, is cancelled", () =>
    Effect.gen(function* () {
      for (const answer of [Input.decline(), Input.cancel, Input.approve()]) {
        const home = yield* Fake.home
        const session = yield* ClaudeSession.make({
          ...home.options(),
          supportedDialogKinds: ["confirm"],
          input: () => Effect.succeed(answer)
        })
        const { toolCalls } = yield* session.ask(dialog("confirm"))
        assert.include(JSON.stringify(toolCalls[0]?.output), "cancelled")
      }
    })
  )

  it.effect("a dialog of a kind that was not declared is nobody's to answer", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const session = yield* ClaudeSession.make({
        ...home.options(),
        input: () => Effect.die(new Error("it must not be asked"))
      })
      const events = yield* Stream.runCollect(session.stream(dialog("confirm")))
      assert.deepStrictEqual(only(events, "InputRequested"), [])
      assert.include(JSON.stringify(only(events, "ToolEnded")[0]?.output), "no dialog can be shown")
    })
  )

  it.effect("a question that the agent takes back interrupts its handler, and is not answered", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const session = yield* ClaudeSession.make({ ...home.options(), input: () => Effect.never })
      const events = yield* Stream.runCollect(
        session.stream('[[fault:withdraw-ask]] [[tool:Elicit {"message":"m","mcp_server_name":"s"}]] [[text:done]]')
      )
      assert.deepStrictEqual(
        only(events, "InputResolved").map(({ by }) => by),
        ["withdrawn"]
      )
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "done")
    })
  )

  it.effect("what a subagent asks for belongs to its call, and ToolStarted comes first", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const agents: Array<string | undefined> = []
      const session = yield* ClaudeSession.make({
        ...home.options(),
        partialMessages: false,
        permissions: (request) => {
          agents.push(request.agentId)
          return Effect.succeed(Permission.allow())
        }
      })
      const inner = JSON.stringify({ prompt: '[[tool:Write {"file_path":"inner","content":"x"}]] [[text:in]]' })
      const events = [...(yield* Stream.runCollect(session.stream(`[[tool:Agent ${inner}]] [[text:done]]`)))]
      const asks = only(events, "PermissionRequested")
      assert.isNotEmpty(asks)
      for (const { toolId } of asks) {
        const started = events.findIndex((event) => event._tag === "ToolStarted" && event.toolId === toolId)
        const asked = events.findIndex((event) => event._tag === "PermissionRequested" && event.toolId === toolId)
        assert.isTrue(started !== -1 && started < asked, String(toolId))
      }
      const [agent, write] = only(events, "ToolStarted")
      assert.deepStrictEqual([agent?.name, write?.name], ["Agent", "Write"])
      assert.strictEqual(write?.parentToolId, agent?.toolId)
    })
  )

  it.effect("a handler that is not asked in another mode is told so when the mode changes [asm-84]", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const session = yield* ClaudeSession.make({ ...home.options(), permissions: Permission.allowAll })
      yield* session.setPermissionMode("dontAsk")
      yield* session.close
      const notices = only(yield* Stream.runCollect(session.events), "Notice")
      assert.deepStrictEqual(
        notices.filter(({ code }) => code === "permissions-unasked").map(({ level }) => level),
        ["warning"]
      )
    })
  )

  it.effect("rule 18: an allow that changes the input to no object is a denial", () =>
    Effect.gen(function* () {
      const home = yield* Fake.home
      const session = yield* ClaudeSession.make({
        ...home.options(),
        permissions: () => Effect.succeed(Permission.allow({ input: "ls" }))
      })
      const { toolCalls } = yield* session.ask('[[tool:Bash {"command":"ls"}]] [[text:done]]')
      assert.strictEqual(toolCalls[0]?.status, "denied")
      assert.include(String(toolCalls[0]?.output), "no object")
    })
  )
})
