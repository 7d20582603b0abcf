/** What subagents and commands in the background do, told apart from the answer; and how one is stopped. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, Stream } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"

// The brackets tell the fake agent of this repository which tools to call.
const build = `Start the build.
  [[tool:Bash {"command":"sleep 600; true","description":"the build","run_in_background":true}]] [[text:It runs.]]`

const program = Effect.gen(function* () {
  const session = yield* ClaudeSession.make({ allowedTools: ["Bash"], forwardSubagentText: true })

  yield* session.events.pipe(
    Stream.runForEach((event) => {
      if (event._tag === "TaskStarted") return Console.log("begun:", event.description)
      if (event._tag === "TaskEnded") return Console.log("over:", event.status)
      if (event._tag === "ToolStarted" && event.parentToolId !== undefined)
        return Console.log("a subagent:", event.name)
      return Effect.void
    }),
    Effect.forkChild({ startImmediately: true })
  )

  const { text } = yield* session.ask(build)
  yield* Console.log(text)

  for (const { taskId } of yield* session.tasks) yield* session.stopTask(taskId)
  yield* session.quiescent
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provide(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
