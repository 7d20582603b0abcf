/** Tools of ours as adapters get them. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as References from "effect/References"
import * as Schema from "effect/Schema"
import * as AiPrompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type { ResolvedTool, SessionOptions, Tools, ToolServer } from "effect-agent-session/AgentAdapter"
import { resolve } from "../../src/internal/resolve.ts"

const Add = Tool.make("add", {
  description: "Adds two numbers.",
  parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
  success: Schema.Finite
})

/** The first tool of the options, once resolved. */
const first = Effect.fnUntraced(function* <R>(tools: Tools<R>) {
  const { tools: resolved = [] } = yield* resolve<SessionOptions<R>>({ tools })
  const [tool] = resolved
  return tool ?? (yield* Effect.die(new Error("there is no tool")))
})

/** One tool with its handler. */
const made = <T extends Tool.Any>(tool: T, handler: Toolkit.HandlersFrom<Toolkit.ToolsByName<[T]>>[T["name"]]) => {
  const toolkit: Toolkit.Any = Toolkit.make(tool)
  // The handlers of an erased tool have no type of their own.
  const erased = toolkit as Toolkit.Toolkit<Record<string, Tool.Any>>
  return first(
    Effect.provide(
      erased,
      erased.toLayer({ [tool.name]: handler as Toolkit.HandlersFrom<Record<string, Tool.Any>>[string] })
    )
  )
}

const issues = (options: SessionOptions): Effect.Effect<string> =>
  resolve(options).pipe(
    Effect.flip,
    Effect.orDie,
    Effect.map(({ reason }) => (reason._tag === "InvalidOptions" ? reason.issues.join("\n") : reason._tag))
  )

const failureOf = (tool: ResolvedTool, parameters: unknown = {}): Effect.Effect<string> =>
  Effect.orDie(Effect.flip(tool.call(parameters)))

describe("resolveTools", () => {
  it.effect("a toolkit is the server `tools`; what it says about a tool is kept", () =>
    Effect.gen(function* () {
      const annotated = Add.annotate(Tool.Title, "Sum")
        .annotate(Tool.Readonly, true)
        .annotate(Tool.Destructive, false)
        .annotate(Tool.Meta, { "anthropic/alwaysLoad": true })
      const tool = yield* made(annotated, ({ a, b }) => Effect.succeed(a + b))
      assert.deepInclude(tool, { server: "tools", name: "add", title: "Sum", description: "Adds two numbers." })
      assert.deepStrictEqual(tool.hints, { readOnly: true, destructive: false, idempotent: false, openWorld: true })
      assert.deepStrictEqual(tool.meta, { "anthropic/alwaysLoad": true })
      assert.deepInclude(tool.parameters, { type: "object", required: ["a", "b"] })
      assert.isUndefined(tool.result)
      assert.deepStrictEqual(yield* tool.call({ a: 2, b: 3 }), { value: 5, content: undefined })
    })
  )

  it.effect("handlers and what they need come from the context in which the session is opened [cc-96]", () =>
    Effect.gen(function* () {
      class Stock extends Context.Service<Stock, { readonly of: (item: string) => number }>()("test/Stock") {}
      const toolkit = Toolkit.make(
        Tool.make("count", {
          parameters: Schema.Struct({ item: Schema.String }),
          success: Schema.Finite,
          dependencies: [Stock]
        })
      )
      const handlers = toolkit.toLayer({ count: ({ item }) => Effect.map(Stock, (stock) => stock.of(item)) })
      const stock = Layer.succeed(Stock, { of: (item) => item.length })
      const { tools } = yield* resolve({ tools: toolkit }).pipe(Effect.provide([handlers, stock]))
      assert.strictEqual((yield* tools![0]!.call({ item: "pear" })).value, 4)
    })
  )

  it.effect("a Schema speaks JSON with the agent, whatever it decodes to: dates, classes, numbers that are none", () =>
    Effect.gen(function* () {
      class Span extends Schema.Class<Span>("Span")({ from: Schema.Date, days: Schema.Number }) {}
      const later = Tool.make("later", { parameters: Span, success: Schema.Struct({ to: Schema.Date }) })
      const tool = yield* made(later, ({ days, from }) =>
        Effect.succeed({ to: new Date(from.getTime() + days * 86_400_000) })
      )
      assert.strictEqual(tool.parameters["type"], "object")
      assert.deepInclude(tool.result, { type: "object", required: ["to"] })
      const { value } = yield* tool.call({ from: "2026-01-01T00:00:00.000Z", days: 2 })
      assert.deepStrictEqual(value, { to: "2026-01-03T00:00:00.000Z" })
    })
  )

  it.effect("parameters without a Schema reach the handler as they are", () =>
    Effect.gen(function* () {
      const raw = Tool.dynamic("raw", { parameters: { type: "object" }, success: Schema.Unknown })
      const tool = yield* made(raw, (parameters: unknown) => Effect.succeed(parameters))
      assert.deepStrictEqual(tool.parameters, { type: "object" })
      assert.deepStrictEqual((yield* tool.call({ a: [1, "b"] })).value, { a: [1, "b"] })
    })
  )

  it.effect("what the model is shown in place of the result is passed on, and then no result is promised", () =>
    Effect.gen(function* () {
      const draw = Tool.make("draw", {
        success: Schema.Struct({ png: Schema.String }),
        toModelOutput: ({ png }) => [AiPrompt.filePart({ mediaType: "image/png", data: png })]
      })
      const tool = yield* made(draw, () => Effect.succeed({ png: "aGk=" }))
      const { content, value } = yield* tool.call({})
      assert.deepStrictEqual(value, { png: "aGk=" })
      assert.deepInclude(content?.[0], { type: "file", mediaType: "image/png", data: "aGk=" })
      assert.isUndefined(tool.result)
    })
  )

  it.effect("a preliminary result goes out before the last one", () =>
    Effect.gen(function* () {
      const heard: Array<unknown> = []
      const tool = yield* made(Add, ({ a, b }, { preliminary }) => Effect.as(preliminary(a), a + b))
      const { value } = yield* tool.call(
        { a: 2, b: 3 },
        { onPreliminary: (early) => Effect.sync(() => void heard.push(early)) }
      )
      assert.deepStrictEqual([heard, value], [[2], 5])
    })
  )

  it.effect("the handler knows which call it answers", () =>
    Effect.gen(function* () {
      const who = Tool.make("who", { success: Schema.String })
      const tool = yield* made(who, (_, { toolCallId }) => Effect.succeed(toolCallId ?? "nobody"))
      assert.strictEqual((yield* tool.call({}, { toolId: "toolu_1" })).value, "toolu_1")
    })
  )

  it.effect("wrong parameters are a text that says where, and the handler is not called [cc-94]", () =>
    Effect.gen(function* () {
      for (const failureMode of ["error", "return"] as const) {
        const tool = yield* made(Tool.make("add", { parameters: Add.parametersSchema, failureMode }), () =>
          Effect.die("it must not be called")
        )
        const text = yield* failureOf(tool, { a: 1, b: "two" })
        assert.include(text, "The parameters of add are wrong")
        assert.include(text, '["b"]')
      }
    })
  )

  it.effect("a failure is told by its message, else as its Schema encodes it [cc-95]", () =>
    Effect.gen(function* () {
      class Sold extends Schema.TaggedError<Sold>()("Sold", { item: Schema.String }) {}
      class Late extends Schema.TaggedError<Late>()("Late", { message: Schema.String }) {}
      const failure = Schema.Union([Schema.String, Sold, Late])
      for (const failureMode of ["error", "return"] as const) {
        const buy = Tool.make("buy", { parameters: Schema.Struct({ how: Schema.String }), failure, failureMode })
        const tool = yield* made(buy, ({ how }) =>
          Effect.fail(
            how === "text" ? "no" : how === "tagged" ? new Sold({ item: "pear" }) : new Late({ message: "too late" })
          )
        )
        assert.strictEqual(yield* failureOf(tool, { how: "text" }), "no")
        assert.deepStrictEqual(JSON.parse(yield* failureOf(tool, { how: "tagged" })), { _tag: "Sold", item: "pear" })
        assert.strictEqual(yield* failureOf(tool, { how: "error" }), "too late")
      }
    })
  )

  it.effect("a defect, a wrong result and one that is no JSON are tool errors that tell nothing of ours [cc-95]", () =>
    Effect.gen(function* () {
      const logged: Array<unknown> = []
      const logger = Logger.make(({ message }) => void logged.push(message))
      const circular: Array<unknown> = []
      circular.push(circular)
      const dies = yield* made(Add, () => Effect.die(new Error("secret")))
      const throws = yield* made(Add, () => {
        throw new Error("secret")
      })
      const stops = yield* made(Add, () => Effect.interrupt)
      const odd = yield* made(Tool.make("odd", { success: Schema.Unknown }), () => Effect.succeed(circular))
      for (const tool of [dies, throws, stops, odd]) {
        const text = yield* failureOf(tool, tool === odd ? {} : { a: 1, b: 2 }).pipe(
          Effect.provideService(References.CurrentLoggers, new Set([logger]))
        )
        assert.strictEqual(text, `The tool ${tool.name} failed unexpectedly.`)
      }
      assert.include(JSON.stringify(logged), "mcp__tools__add died")
      const wrong = yield* made(Add, () => Effect.succeed(Number.NaN))
      assert.strictEqual(yield* failureOf(wrong, { a: 1, b: 2 }), "The tool add gave no result of its form.")
    })
  )

  it.effect("an interrupted call interrupts the handler", () =>
    Effect.gen(function* () {
      const began = yield* Deferred.make<void>()
      const ended = yield* Deferred.make<void>()
      const tool = yield* made(Add, () =>
        Effect.andThen(Deferred.succeed(began, undefined), Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(ended, undefined))
        )
      )
      const fiber = yield* Effect.forkChild(tool.call({ a: 1, b: 2 }))
      yield* Deferred.await(began)
      yield* Fiber.interrupt(fiber)
      yield* Deferred.await(ended)
    })
  )

  it.effect("rule 21: what cannot be lent is refused, a sentence an issue", () =>
    Effect.gen(function* () {
      const withHandlers = (tool: Tool.Any): ToolServer => ({ tools: { [tool.name]: tool }, handle: () => Effect.void })
      const of = (tool: Tool.Any) => issues({ tools: withHandlers(tool) })
      assert.include(yield* of(Tool.make("add two")), "tools.tools.add two: a name is made of")
      assert.include(yield* of(Tool.make("a".repeat(60))), "longer than the 64 characters")
      assert.include(yield* of(Tool.make("add", { needsApproval: true })), "let `permissions` decide")
      assert.include(yield* of(Tool.make("add", { parameters: Schema.String })), "must be an object")
      const provided = Tool.providerDefined({ id: "openai.search", customName: "search", providerName: "search" })
      assert.include(yield* of(provided(undefined)), "a tool of a model's provider")
      assert.include(
        yield* issues({ tools: { "my server": withHandlers(Add) } }),
        "tools.my server: the name of a server"
      )
      assert.include(yield* issues({ tools: { a__b: withHandlers(Add) } }), "tools.a__b: the name of a server")
      const outside: SessionOptions = JSON.parse('{"tools":{"math":{"add":1}}}')
      assert.include(yield* issues(outside), "tools.math: must be a toolkit of effect/ai")
    })
  )
})
