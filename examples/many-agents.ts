/** Many agents at once in one program, which hears their pipes itself. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer } from "effect"
import { StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as DirectSpawner from "effect-agent-session/DirectSpawner"

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(DirectSpawner.layer), Layer.provide(NodeServices.layer))

const files = ["src/index.ts", "src/Session.ts", "README.md"]

const reviews = Effect.forEach(
  files,
  (file) => Effect.map(StreamSession.ask({ prompt: `Review ${file}` }), ({ text }) => `${file}: ${text}`),
  { concurrency: "unbounded" }
)

Effect.flatMap(
  reviews,
  Effect.forEach((review) => Console.log(review))
).pipe(Effect.provide(ClaudeLayer), NodeRuntime.runMain)
