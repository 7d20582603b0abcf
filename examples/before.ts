/** What `after.ts` replaces: one prompt to Claude Code, by hand. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { type Cause, Console, Data, Effect, Fiber, Queue, Stream } from "effect"
import { ChildProcess } from "effect/process"

class AgentFailed extends Data.TaggedError("AgentFailed")<{ readonly message: string }> {}
const failed = (message: string) => new AgentFailed({ message })

const ask = Effect.fn(function* (prompt: string) {
  const input = yield* Queue.unbounded<string, Cause.Done>()
  const child = yield* ChildProcess.make(
    process.env.CLAUDE_CODE_PATH ?? "claude",
    ["-p", "--input-format=stream-json", "--output-format=stream-json", "--verbose", "--include-partial-messages"],
    { stdin: { stream: Stream.encodeText(Stream.fromQueue(input)) }, forceKillAfter: "5 seconds" }
  )
  let stderr = ""
  const drain = yield* child.stderr.pipe(
    Stream.decodeText,
    Stream.runForEach((text) => Effect.sync(() => void (stderr = (stderr + text).slice(-8192)))),
    Effect.forkScoped
  )
  const exited = Effect.gen(function* () {
    const code = yield* Effect.option(child.exitCode)
    yield* Fiber.await(drain)
    return yield* failed(`ended with ${JSON.stringify(code)}: ${stderr}`)
  })
  yield* Queue.offer(input, JSON.stringify({ type: "user", message: { role: "user", content: prompt } }) + "\n")
  return child.stdout.pipe(
    Stream.decodeText,
    Stream.splitLines,
    Stream.mapEffect((line) => Effect.try({ try: () => JSON.parse(line), catch: () => failed(`not JSON: ${line}`) })),
    Stream.concat(Stream.fromEffect(exited)),
    Stream.timeoutOrElse({ duration: "2 minutes", orElse: () => Stream.fail(failed("silent for 2 minutes")) }),
    Stream.tap((frame) => (frame.type === "result" && frame.is_error ? failed(frame.result) : Effect.void)),
    Stream.takeUntil((frame) => frame.type === "result"),
    Stream.filter((frame) => frame.type === "stream_event" && frame.event.delta?.type === "text_delta"),
    Stream.map((frame): string => frame.event.delta.text)
  )
}, Stream.unwrap)

ask("Hello!").pipe(
  Stream.runForEach((text) => Console.log(text)),
  Effect.provide(NodeServices.layer),
  NodeRuntime.runMain
)
