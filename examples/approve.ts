/** An approval flow on the terminal: yes, always, or no and why. Without a terminal it is no. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Layer, pipe, Semaphore, Stream, Terminal } from "effect"
import { AgentEvent, Permission, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

// The brackets tell the fake agent of this repository which tools to call.
const prompt =
  'Make a folder. [[tool:Bash {"command":"mkdir -p new"}]] [[tool:Bash {"command":"rm -rf old && mkdir old"}]] [[text:I did what I could.]]'

const readLine = Effect.gen(function* () {
  const terminal = yield* Terminal.Terminal
  return process.stdin.isTTY ? yield* terminal.readLine : "n there is no terminal"
})

const approve = Effect.gen(function* () {
  // Requests come at the same time; a person reads one question after the other.
  const oneAtATime = yield* Semaphore.make(1)
  const handler: Permission.Handler<Terminal.Terminal> = (request) =>
    Effect.gen(function* () {
      yield* Console.log(`May it run ${request.tool} ${JSON.stringify(request.input)}?`)
      if (request.reason !== undefined) yield* Console.log(`It asks because: ${JSON.stringify(request.reason)}`)
      yield* Console.log(request.suppressAlways === true ? "[y]es, [n]o <why>" : "[y]es, [a]lways, [n]o <why>")
      const [answer = "", ...why] = (yield* readLine).split(" ")
      if (answer === "y") return Permission.allow()
      if (answer === "a" && request.suppressAlways !== true) return Permission.allow({ updates: request.suggestions })
      return Permission.deny(why.length === 0 ? "The user said no." : `The user said no: ${why.join(" ")}`)
    }).pipe(oneAtATime.withPermits(1))
  return handler
})

const program = Effect.gen(function* () {
  const permissions = pipe(
    Permission.readOnly,
    Permission.orElse(Permission.allowTools("Bash(mkdir:*)", "Bash(git status)")),
    Permission.orElse(yield* approve),
    Permission.withTimeout("5 minutes")
  )
  const session = yield* Session.make({ permissions })
  yield* session.stream(prompt).pipe(
    Stream.filter(AgentEvent.is("ToolEnded")),
    Stream.runForEach(({ output, status }) => Console.log(status, output))
  )
})

const ClaudeLayer = ClaudeAdapter.layer().pipe(Layer.provideMerge(NodeServices.layer))

program.pipe(Effect.scoped, Effect.provide(ClaudeLayer), NodeRuntime.runMain)
