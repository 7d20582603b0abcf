/** A tool that runs in your process and uses a service of yours. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Context, Effect, Layer, Schema } from "effect"
import { Tool, Toolkit } from "effect/ai"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository which tools to call.
const prompt =
  'How many? [[tool:mcp__tools__count {"item":"pears"}]] [[tool:mcp__tools__count {"item":"figs"}]] [[text:I looked.]]'

class Stock extends Context.Service<Stock, { readonly of: (item: string) => number | undefined }>()("app/Stock") {}

const Count = Tool.make("count", {
  description: "How many of an item are in stock.",
  parameters: Schema.Struct({ item: Schema.String }),
  success: Schema.Struct({ item: Schema.String, left: Schema.Int }),
  failure: Schema.String
}).annotate(Tool.Readonly, true)

const Shop = Toolkit.make(Count)

const ShopLayer = Shop.toLayer(
  Effect.gen(function* () {
    const stock = yield* Stock
    return {
      count: ({ item }) => {
        const left = stock.of(item)
        return left === undefined ? Effect.fail(`We never had ${item}.`) : Effect.succeed({ item, left })
      }
    }
  })
)

const program = Effect.gen(function* () {
  const session = yield* Session.make({ tools: Shop, allowedTools: ["mcp__tools__count"] })
  const { toolCalls } = yield* session.ask(prompt)
  for (const { name, output, status } of toolCalls) yield* Console.log(name, status, output)
})

const StockLayer = Layer.succeed(Stock, { of: (item) => (item === "pears" ? 7 : undefined) })
const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(
  Effect.scoped,
  Effect.provide([ClaudeLayer, ShopLayer.pipe(Layer.provide(StockLayer))]),
  NodeRuntime.runMain
)
