import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { BaseOptions } from "effect-agent-session/AgentAdapter"
import * as Session from "effect-agent-session/Session"
import * as fs from "node:fs"
import { bodies, claude, collect, failure, left, only, type Rig } from "./support.ts"

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

const unknownId = "3b0e5a8c-5a1e-4a8f-9d57-0c1de1b0f001"

const ownId = "7f6d1c1e-93a5-4b1c-8f0d-2f6d0a8f4c11"

/** Every conversation on disk, by id. */
const conversations = ({ home }: Rig): ReadonlyMap<string, string> => {
  const projects = `${home}/.claude/projects`
  if (!fs.existsSync(projects)) return new Map()
  return new Map(
    fs.readdirSync(projects).flatMap((project) =>
      fs
        .readdirSync(`${projects}/${project}`)
        .filter((name) => name.endsWith(".jsonl"))
        .map((name): [string, string] => [
          name.replace(/\.jsonl$/, ""),
          fs.readFileSync(`${projects}/${project}/${name}`, "utf8")
        ])
    )
  )
}

/** A conversation that knows a name, and is closed. */
const earlier = (rig: Rig, options: Partial<BaseOptions> = {}) =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* Session.make({ ...rig.base, ...options })
      const result = yield* session.ask("My name is Alice")
      const id = Option.getOrThrow(yield* session.id)
      return { id, result, cost: Option.getOrThrow(result.cost) }
    })
  )

const asksForName = (session: Session.Session) =>
  Effect.map(session.ask("What is my name?"), (result) => {
    assert.strictEqual(result.text, "Your name is Alice.")
    return result
  })

describe("conversations of the real CLI", () => {
  claude("a resumed conversation goes on under its id, in its file [cc-102]", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* earlier(rig)
      const session = yield* Session.make({ ...rig.base, start: { resume: id } })
      const { sessionId } = yield* asksForName(session)
      assert.strictEqual(sessionId, id)
      assert.deepStrictEqual([...conversations(rig).keys()], [id])
      yield* session.close
      const [started] = only(yield* collect(session.events), "SessionStarted")
      assert.isTrue(started?.resumed)
    })
  )

  claude("rule 6: the first turn after a resume costs what it costs, not what went before", (rig) =>
    Effect.gen(function* () {
      const first = yield* earlier(rig)
      assert.isAbove(first.cost, 0)
      const session = yield* Session.make({ ...rig.base, start: { resume: first.id } })
      const second = yield* asksForName(session)
      const third = yield* asksForName(session)
      for (const turn of [second, third]) {
        assert.approximately(Option.getOrThrow(turn.cost), first.cost, 1e-9)
        assert.deepInclude(turn.usage, { inputTokens: 10, outputTokens: 20 })
      }
      const summary = yield* session.summary
      assert.approximately(Option.getOrThrow(summary.cost), 2 * first.cost, 1e-9)
      assert.deepInclude(summary.usage, { inputTokens: 20, outputTokens: 40 })
    })
  )

  claude("the last conversation of the folder is continued", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* earlier(rig)
      const session = yield* Session.make({ ...rig.base, start: { continue: true } })
      assert.strictEqual((yield* asksForName(session)).sessionId, id)
      assert.deepStrictEqual([...conversations(rig).keys()], [id])
    })
  )

  claude("a fork knows what its parent knew, and leaves it as it is [asm-102]", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* earlier(rig)
      const parent = conversations(rig).get(id)
      assert.isDefined(parent)
      const session = yield* Session.make({ ...rig.base, start: { resume: id, fork: true } })
      const fork = Option.getOrThrow(yield* session.id)
      assert.match(fork, uuid)
      assert.notStrictEqual(fork, id)
      assert.strictEqual((yield* asksForName(session)).sessionId, fork)
      yield* session.close
      assert.strictEqual(conversations(rig).get(id), parent)
      assert.deepStrictEqual(new Set(conversations(rig).keys()), new Set([id, fork]))
    })
  )

  claude("rule 6: a fork is not billed for its parent", (rig) =>
    Effect.gen(function* () {
      const first = yield* earlier(rig)
      const session = yield* Session.make({ ...rig.base, start: { resume: first.id, fork: true } })
      const turn = yield* asksForName(session)
      assert.approximately(Option.getOrThrow(turn.cost), first.cost, 1e-9)
      assert.deepInclude(turn.usage, { inputTokens: 10, outputTokens: 20 })
    })
  )

  claude("a fork of the last conversation may have an id of ours", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* earlier(rig)
      const session = yield* Session.make({ ...rig.base, start: { continue: true, fork: true, sessionId: ownId } })
      assert.strictEqual((yield* asksForName(session)).sessionId, ownId)
      assert.deepStrictEqual(new Set(conversations(rig).keys()), new Set([id, ownId]))
    })
  )

  claude("the id is known before the first turn, and stays [cc-102]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      const id = Option.getOrThrow(yield* session.id)
      assert.match(id, uuid)
      assert.strictEqual((yield* session.ask("hi")).sessionId, id)
      assert.strictEqual((yield* session.ask("hi")).sessionId, id)
    })
  )

  claude("a new conversation may have an id of ours, once", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* earlier(rig, { start: { sessionId: ownId } })
      assert.strictEqual(id, ownId)
      assert.deepStrictEqual([...conversations(rig).keys()], [ownId])
      const error = yield* failure(Session.make({ ...rig.base, start: { sessionId: ownId } }))
      assert.deepInclude(error.reason, { _tag: "SessionInUse", id: ownId })
    })
  )

  claude("a conversation that is not kept leaves no file, and cannot be resumed", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* earlier(rig, { persist: false })
      assert.deepStrictEqual([...conversations(rig).keys()], [])
      const error = yield* failure(Session.make({ ...rig.base, start: { resume: id } }))
      assert.deepInclude(error.reason, { _tag: "SessionNotFound", id })
    })
  )

  claude("rule 20: an id that nobody knows is SessionNotFound, before anything is started [asm-99]", (rig) =>
    Effect.gen(function* () {
      const error = yield* failure(Session.make({ ...rig.base, start: { resume: unknownId } }))
      assert.strictEqual(error.phase, "resolve")
      assert(error.reason._tag === "SessionNotFound")
      assert.strictEqual(error.reason.id, unknownId)
      assert.isAbove(error.reason.lookedIn.length, 0)
      assert.isFalse(fs.existsSync(`${rig.home}/.claude`))
    })
  )

  claude("rule 20: nothing to continue is SessionNotFound, never a fresh start", (rig) =>
    Effect.gen(function* () {
      const error = yield* failure(Session.make({ ...rig.base, start: { continue: true } }))
      assert.strictEqual(error.reason._tag, "SessionNotFound")
      assert.isFalse(fs.existsSync(`${rig.home}/.claude`))
    })
  )

  claude("what the CLI refuses to resume is told in its own words, and nothing is left [cc-41]", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* earlier(rig)
      const error = yield* failure(Session.make({ ...rig.base, start: { resume: id, at: unknownId } }))
      assert.strictEqual(error.phase, "handshake")
      assert(error.reason._tag === "StartupFailed")
      assert.include(error.reason.description, `No message found with message.uuid of: ${unknownId}`)
      assert.include(error.reason.stderrTail, unknownId)
      yield* left(rig.home)
    })
  )

  claude("rule 19: a conversation that is open is SessionInUse until it is closed", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make(rig.base)
      yield* session.ask("My name is Alice")
      const id = Option.getOrThrow(yield* session.id)
      const error = yield* failure(Session.make({ ...rig.base, start: { resume: id } }))
      assert.deepInclude(error.reason, { _tag: "SessionInUse", id })
      yield* session.close
      yield* asksForName(yield* Session.make({ ...rig.base, start: { resume: id } }))
    })
  )

  claude("a conversation is gone on with from any of its messages", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* Effect.scoped(
        Effect.gen(function* () {
          const session = yield* Session.make(rig.base)
          yield* session.ask("My name is Alice")
          yield* session.ask("My name is Bob")
          return { id: Option.getOrThrow(yield* session.id) }
        })
      )
      const answer = (conversations(rig).get(id) ?? "")
        .split("\n")
        .filter((line) => line !== "")
        .map((line): { readonly type?: string; readonly uuid?: string } => JSON.parse(line))
        .find((record) => record.type === "assistant")
      const at = answer?.uuid ?? ""
      const session = yield* Session.make({ ...rig.base, start: { resume: id, at, fork: true } })
      yield* asksForName(session)
      assert.notInclude(JSON.stringify(bodies(rig.api).at(-1)), "Bob")
    })
  )
})
