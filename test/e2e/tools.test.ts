/** Tools of ours on the real CLI. */
import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Schema from "effect/Schema"
import * as AiPrompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type { ToolServer } from "effect-agent-session/AgentAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Permission from "effect-agent-session/Permission"
import * as Session from "effect-agent-session/Session"
import { isRecord } from "../support/mockApiReply.ts"
import { bodies, claude, collect, failure, only, type Rig, until } from "./support.ts"

const Add = Tool.make("add", {
  description: "Adds two numbers.",
  parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
  success: Schema.Struct({ sum: Schema.Finite }),
  failure: Schema.String
})
  .annotate(Tool.Readonly, true)
  .annotate(Tool.Meta, { "anthropic/alwaysLoad": true })
const AddKit = Toolkit.make(Add)
type AddHandler = Toolkit.HandlersFrom<(typeof AddKit)["tools"]>["add"]

const adding = (add: AddHandler): ToolServer => Effect.provide(AddKit, AddKit.toLayer({ add }))

const sum: AddHandler = ({ a, b }) => Effect.succeed({ sum: a + b })

const addOnce = '[[tool:mcp__math__add {"a":2,"b":3}]] [[text:done]]'

const lending = (base: Rig["base"], add: AddHandler) =>
  Session.make({ ...base, tools: { math: adding(add) }, allowedTools: ["mcp__math"] })

/** What the model was told of the last call. */
const toldLast = (api: Rig["api"]): string => JSON.stringify(bodies(api).at(-1)?.["messages"])

describe("tools of ours on the real CLI", () => {
  claude("the model is shown the tool with its schema, and gets its structured result", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* lending(base, sum)
      const events = yield* collect(session.stream(addOnce))
      const [first] = bodies(api)
      const shown = Array.isArray(first?.["tools"]) ? first["tools"].filter(isRecord) : []
      const tool = shown.find(({ name }) => name === "mcp__math__add")
      assert.include(JSON.stringify(tool), "Adds two numbers.")
      assert.include(JSON.stringify(tool?.["input_schema"]), '"required":["a","b"]')
      assert.strictEqual(only(events, "ToolEnded")[0]?.output, '{"sum":5}')
      assert.include(toldLast(api), '{\\"sum\\":5}')
    })
  )

  claude("an image reaches the model as one", ({ api, base }) =>
    Effect.gen(function* () {
      const png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
      const Draw = Tool.make("draw", {
        success: Schema.Void,
        toModelOutput: () => [
          AiPrompt.textPart({ text: "a dot" }),
          AiPrompt.filePart({ mediaType: "image/png", data: png })
        ]
      })
      const DrawKit = Toolkit.make(Draw)
      const session = yield* Session.make({
        ...base,
        tools: Effect.provide(DrawKit, DrawKit.toLayer({ draw: () => Effect.void })),
        allowedTools: ["mcp__tools__draw"]
      })
      yield* session.ask("[[tool:mcp__tools__draw]] [[text:done]]")
      assert.include(toldLast(api), `{"type":"base64","media_type":"image/png","data":"${png}"}`)
      assert.include(toldLast(api), "a dot")
    })
  )

  claude("failures, defects and wrong parameters are errors that the model can read", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* lending(base, ({ a }) =>
        a === 0 ? Effect.die(new Error("secret")) : Effect.fail("too big")
      )
      const expected = [
        ['{"a":1,"b":1}', "too big"],
        ['{"a":0,"b":1}', "The tool add failed unexpectedly."],
        ['{"a":1,"b":"two"}', "The parameters of add are wrong"]
      ] as const
      for (const [parameters, said] of expected) {
        const { text, toolCalls } = yield* session.ask(`[[tool:mcp__math__add ${parameters}]] [[text:done]]`)
        assert.deepStrictEqual([text, toolCalls[0]?.status], ["done", "error"])
        assert.include(toldLast(api), said)
        assert.notInclude(toldLast(api), "secret")
      }
    })
  )

  claude("rule 8: an interrupt interrupts the handler; the next call runs", ({ base }) =>
    Effect.gen(function* () {
      const began = yield* Latch.make()
      const interrupted = yield* Deferred.make<void>()
      let calls = 0
      const session = yield* lending(base, (parameters, context) =>
        ++calls > 1
          ? sum(parameters, context)
          : Effect.andThen(began.open, Effect.never).pipe(
              Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
            )
      )
      const turn = yield* Effect.forkChild(failure(session.ask(addOnce)))
      yield* began.await
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      yield* Deferred.await(interrupted)
      assert.strictEqual((yield* Fiber.join(turn)).reason._tag, "Interrupted")
      const { toolCalls } = yield* session.ask(addOnce)
      assert.strictEqual(toolCalls[0]?.output, '{"sum":5}')
    })
  )

  claude("calls of a tool that only reads run at the same time", ({ base }) =>
    Effect.gen(function* () {
      const both = yield* Latch.make()
      let begun = 0
      const session = yield* lending(base, (parameters, context) =>
        Effect.andThen(++begun === 2 ? both.open : Effect.void, Effect.andThen(both.await, sum(parameters, context)))
      )
      const call = (b: number) => `tool:mcp__math__add {"a":2,"b":${b}}`
      const { toolCalls } = yield* session.ask(`[[${call(3)} ;; ${call(4)}]] [[text:done]]`)
      assert.deepStrictEqual(toolCalls.map(({ output }) => output).toSorted(), ['{"sum":5}', '{"sum":6}'])
    })
  )

  claude("what a tool gives before its end is told while it runs", ({ base }) =>
    Effect.gen(function* () {
      const heard = yield* Deferred.make<void>()
      const session = yield* lending(base, (parameters, { preliminary }) =>
        preliminary({ sum: 0 }).pipe(
          Effect.andThen(Deferred.await(heard)),
          Effect.as({ sum: parameters.a + parameters.b })
        )
      )
      const turn = yield* Effect.forkChild(session.ask(addOnce), { startImmediately: true })
      const progress = yield* until(session.events, "ToolProgress")
      assert.deepStrictEqual(progress.output, { sum: 0 })
      yield* Deferred.succeed(heard, undefined)
      assert.strictEqual((yield* Fiber.join(turn)).toolCalls[0]?.toolId, progress.toolId)
    })
  )

  claude("a tool of ours is asked about like any other, unless a rule allows it", ({ base }) =>
    Effect.gen(function* () {
      const asked: Array<Permission.Request> = []
      const session = yield* ClaudeSession.make({
        ...base,
        tools: { math: adding(sum) },
        allowedTools: [],
        permissions: (request) => {
          asked.push(request)
          return Effect.succeed(Permission.allow({ input: { a: 20, b: 3 } }))
        }
      })
      const { toolCalls } = yield* session.ask(addOnce)
      assert.deepStrictEqual(
        asked.map(({ input, tool }) => [tool, input]),
        [["mcp__math__add", { a: 2, b: 3 }]]
      )
      assert.strictEqual(toolCalls[0]?.output, '{"sum":23}')
    })
  )

  claude("a resumed conversation has the tools of its session", ({ base }) =>
    Effect.gen(function* () {
      const first = yield* lending(base, sum)
      const { sessionId } = yield* first.ask("[[text:hello]]")
      yield* first.close
      const session = yield* Session.make({
        ...base,
        tools: { math: adding(sum) },
        allowedTools: ["mcp__math"],
        start: { resume: sessionId ?? "" }
      })
      assert.strictEqual((yield* session.ask(addOnce)).toolCalls[0]?.output, '{"sum":5}')
    })
  )
})
