/** What Claude Code keeps on disk: listed, read, searched and tidied up, without starting it. */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Console, Effect, Stream } from "effect"
import { StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeHistory from "effect-agent-session/claude/ClaudeHistory"

const talk = Effect.gen(function* () {
  const { sessionId } = yield* StreamSession.ask({ prompt: "Remember: the code is 12345" })
  return yield* Effect.fromNullishOr(sessionId)
}).pipe(Effect.provide(ClaudeAdapter.layer()))

const list = ClaudeHistory.sessions({ cwd: ".", limit: 10 }).pipe(
  Stream.runForEach(({ title, updatedAt }) => Console.log(new Date(updatedAt).toLocaleDateString(), title))
)

const read = (id: string) =>
  ClaudeHistory.messages(id).pipe(Stream.runForEach(({ content, role }) => Console.log(role, JSON.stringify(content))))

const search = ClaudeHistory.search("the CODE", { limit: 1 }).pipe(
  Stream.runForEach(({ excerpt, session }) => Console.log(session.title, "…", excerpt))
)

const tidy = Effect.fn(function* (id: string) {
  yield* ClaudeHistory.rename(id, "The code")
  yield* ClaudeHistory.tag(id, "secrets")
  const copy = yield* ClaudeHistory.fork(id)
  yield* ClaudeHistory.archive(copy)
  yield* ClaudeHistory.remove(id)
})

const program = Effect.gen(function* () {
  const id = yield* talk
  yield* list
  yield* read(id)
  yield* search
  yield* tidy(id)
  yield* list
})

program.pipe(Effect.provide(NodeServices.layer), NodeRuntime.runMain)
