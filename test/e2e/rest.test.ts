import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Stream from "effect/Stream"
import { ChildProcess } from "effect/process"
import type { AgentEvent } from "effect-agent-session/AgentEvent"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Session from "effect-agent-session/Session"
import { claude, failure, only, until } from "./support.ts"

const slow = `[[text deltas=100 delay=20:${"word ".repeat(100)}]]`

/** Who asked for each turn, and what was said in it. */
const turns = (session: Session.Session) =>
  Effect.map(session.history, (history) =>
    history.map(({ text, userMessageId }) => [userMessageId === undefined ? "agent" : "caller", text])
  )

const log = (session: Session.Session): Effect.Effect<ReadonlyArray<AgentEvent>> =>
  Effect.andThen(
    session.close,
    Effect.map(Stream.runCollect(session.events), (events) => Array.from(events))
  )

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

describe("the rest of a session, on the real CLI", () => {
  claude(
    "what is said into a turn too late is a turn of the agent's own, before the next of ours",
    Effect.fnUntraced(function* ({ base }) {
      const session = yield* Session.make(base)
      const events = yield* session.subscribe
      const first = yield* fork(session.ask(slow))
      yield* until(events, "TextDelta")
      yield* session.steer("[[text:late]]")
      const next = yield* fork(session.ask("[[text:next]]"))
      yield* Fiber.join(first)
      yield* Fiber.join(next)
      assert.deepStrictEqual(yield* turns(session), [
        ["caller", "word ".repeat(100)],
        ["agent", "late"],
        ["caller", "next"]
      ])
    }),
    { since: "2.1.329" }
  )

  claude(
    "an interrupt stops what was said into the turn too",
    Effect.fnUntraced(function* ({ base }) {
      const session = yield* Session.make(base)
      const events = yield* session.subscribe
      yield* fork(Effect.exit(session.ask(slow)))
      yield* until(events, "TextDelta")
      yield* session.steer("[[text:late]]")
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      yield* session.quiescent
      assert.deepStrictEqual(
        (yield* session.history).map(({ outcome }) => outcome._tag),
        ["Interrupted", "Completed"]
      )
    }),
    { since: "2.1.329" }
  )

  claude("quiescent waits for work in the background and for the turn that follows it", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make(rig.base)
      yield* session.ask(rig.background)
      yield* rig.running
      const quiet = yield* fork(session.quiescent)
      yield* rig.release
      yield* Fiber.join(quiet)
      assert.deepStrictEqual(
        (yield* turns(session)).map(([who]) => who),
        ["caller", "agent"]
      )
    })
  )

  claude("rule 19: after a clear the old conversation may be opened by another session, the new one not", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const { sessionId: before = "" } = yield* session.ask("My name is Alice")
      yield* session.clear
      const cleared = Option.getOrThrow(yield* session.id)
      assert.notStrictEqual<string>(cleared, before)
      const { sessionId: after = "", text } = yield* session.ask("What is my name?")
      assert.strictEqual<string>(cleared, after)
      assert.strictEqual(text, "I do not know your name.")
      const old = yield* Session.make({ ...base, start: { resume: before } })
      assert.strictEqual((yield* old.ask("What is my name?")).text, "Your name is Alice.")
      const error = yield* failure(Session.make({ ...base, start: { resume: after } }))
      assert.strictEqual(error.reason._tag, "SessionInUse")
      const told = only(yield* log(session), "SessionUpdated").flatMap(({ changes }) => changes.sessionId ?? [])
      assert.deepStrictEqual<ReadonlyArray<string>>(told, [before, after])
    })
  )

  claude("rule 20: a conversation that is cleared as soon as it is resumed is not lost", ({ base }) =>
    Effect.gen(function* () {
      const first = yield* Session.make(base)
      const { sessionId: resume = "" } = yield* first.ask("My name is Alice")
      yield* first.close
      const session = yield* Session.make({ ...base, start: { resume } })
      yield* session.clear
      assert.strictEqual((yield* session.ask("What is my name?")).text, "I do not know your name.")
    })
  )

  claude("rule 2: what a subagent does in the background is its own, after the turn that launched it", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...rig.base, allowedTools: ["Bash", "Agent"] })
      const input = {
        description: "a subagent",
        prompt: rig.bash,
        subagent_type: "general-purpose",
        run_in_background: true
      }
      const agent = `[[tool:Agent ${JSON.stringify(input).replaceAll("]]", "]\\u005d")}]] [[text:launched]] [[text:Noted.]]`
      const { turnId } = yield* session.ask(agent)
      yield* rig.running
      const { text } = yield* session.ask("[[text:mine]]")
      assert.strictEqual(text, "mine")
      yield* rig.release
      yield* session.quiescent
      const events = yield* log(session)
      const bash = only(events, "ToolStarted").find(({ name }) => name === "Bash")
      assert.isDefined(bash?.parentToolId)
      const ended = only(events, "ToolEnded").filter(({ toolId }) => toolId === bash?.toolId)
      assert.deepStrictEqual(
        ended.map(({ status, turnId }) => [status, turnId]),
        [["ok", undefined]]
      )
      assert.isTrue([undefined, turnId].includes(bash?.turnId))
    })
  )

  claude("execute runs where the agent runs", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const { pid } = yield* session.serverInfo
      const seen = yield* session.execute(
        Effect.gen(function* () {
          const files = yield* FileSystem.FileSystem
          const path = yield* Path.Path
          const note = path.join(base.cwd, "note.txt")
          yield* files.writeFileString(note, "remember")
          const child = yield* ChildProcess.make("kill", ["-0", String(pid)])
          return [yield* files.readFileString(note), Number(yield* child.exitCode)]
        }).pipe(Effect.scoped)
      )
      assert.deepStrictEqual(seen, ["remember", 0])
    })
  )

  claude("rule 8: an interrupt settles though no consumer of turn or frames ever wakes", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, buffer: 16_384 })
      const frames = yield* fork(Stream.runForEach(session.messages, () => Effect.never))
      yield* fork(Stream.runForEach(session.events, () => Effect.never))
      const events = yield* session.subscribe
      const turn = yield* fork(
        Stream.runForEach(
          session.stream(`[[text deltas=4000:${"word ".repeat(4_000)} ;; silence]]`),
          () => Effect.never
        )
      )
      yield* Stream.runHead(Stream.filter(events, (event) => event._tag === "Notice" && event.code === "reader-paused"))
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      yield* Fiber.interrupt(turn)
      yield* Fiber.interrupt(frames)
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
    })
  )
})
