/** A conversation that was had elsewhere goes on under a name, and the changes of the registry tell of it. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Fiber, Layer, Stream } from "effect"
import { SessionRegistry, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

const adopt = Effect.fn(function* (name: string, id: string) {
  const registry = yield* SessionRegistry.SessionRegistry
  return yield* registry.restart(name, { start: { resume: id } })
})

const watch = Effect.gen(function* () {
  const registry = yield* SessionRegistry.SessionRegistry
  yield* registry.changes.pipe(
    Stream.takeUntil(({ _tag }) => _tag === "Stopped" || _tag === "Failed"),
    Stream.runForEach((change) => Console.log(change._tag, change.name))
  )
})

const program = Effect.gen(function* () {
  const registry = yield* SessionRegistry.SessionRegistry
  const watching = yield* Effect.forkChild(watch, { startImmediately: true })

  yield* registry.start("docs")
  const elsewhere = yield* StreamSession.ask({ prompt: "Remember: the code is 12345" })
  const session = yield* adopt("docs", elsewhere.sessionId ?? "")
  const { text } = yield* session.ask("What was the code?")
  yield* registry.stop("docs")

  yield* Fiber.join(watching)
  yield* Console.log(text)
})

const AppLayer = SessionRegistry.layer().pipe(
  Layer.provideMerge(ClaudeAdapter.layer()),
  Layer.provide(NodeServices.layer)
)

program.pipe(Effect.provide(AppLayer), NodeRuntime.runMain)
