/** What happens in a turn, event by event. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Stream } from "effect"
import { type AgentEvent, Permission, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository what to do.
const prompt = 'Work. [[thinking:Hm. ;; tool:Bash {"command":"echo hello"}]] [[text:It says hello.]]'

const show = (event: AgentEvent.AgentEvent): Effect.Effect<void> => {
  switch (event._tag) {
    case "TextDelta":
      return Console.log("text", event.text)
    case "ReasoningCompleted":
      return Console.log("thought", event.text)
    case "ToolStarted":
      return Console.log("tool", event.name, event.kind, event.input)
    case "ToolEnded":
      return Console.log("tool is over", event.status, event.output)
    case "TurnEnded":
      return Console.log("turn is over", event.result.outcome._tag, event.result.durationMs, "ms")
    default:
      return Effect.void
  }
}

const program = Effect.gen(function* () {
  const session = yield* Session.make({ permissions: Permission.allowAll })
  yield* session.stream(prompt).pipe(Stream.runForEach(show))
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
