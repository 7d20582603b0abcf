/** Two servers of tools: one draws for the model, the other tells how far it is. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Schema, Stream } from "effect"
import { Prompt, Tool, Toolkit } from "effect/ai"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository which tools to call.
const prompt = 'Work. [[tool:mcp__art__plot {"values":[1,2]}]] [[tool:mcp__jobs__build]] [[text:I worked.]]'

const Plot = Tool.make("plot", {
  parameters: Schema.Struct({ values: Schema.Array(Schema.Finite) }),
  success: Schema.Struct({ png: Schema.String }),
  toModelOutput: ({ png }) => [Prompt.filePart({ mediaType: "image/png", data: png })]
})

const Build = Tool.make("build", { success: Schema.Struct({ done: Schema.Finite }) })
  .annotate(Tool.Title, "Build the site")
  .annotate(Tool.Destructive, false)
  .annotate(Tool.Meta, { "anthropic/alwaysLoad": true })

const Art = Toolkit.make(Plot)
const Jobs = Toolkit.make(Build)

const Handlers = Layer.merge(
  Art.toLayer({ plot: () => Effect.succeed({ png: "iVBORw0KGgo=" }) }),
  Jobs.toLayer({
    build: (_, { preliminary }) => Effect.as(preliminary({ done: 0.5 }), { done: 1 })
  })
)

const program = Effect.gen(function* () {
  const session = yield* Session.make({ tools: { art: Art, jobs: Jobs }, allowedTools: ["mcp__art", "mcp__jobs"] })
  yield* session.stream(prompt).pipe(
    Stream.runForEach((event) => {
      if (event._tag === "ToolProgress") return Console.log("so far", event.output)
      if (event._tag === "ToolEnded") return Console.log(event.status)
      return Effect.void
    })
  )
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide([ClaudeLayer, Handlers]), NodeRuntime.runMain)
