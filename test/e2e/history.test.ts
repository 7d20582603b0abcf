/** What we read from files of the real CLI beside what the official SDK reads from the same files. */
import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { AgentAdapter, type BaseOptions, type TranscriptMessage } from "effect-agent-session/AgentAdapter"
import * as ClaudeHistory from "effect-agent-session/claude/ClaudeHistory"
import * as Session from "effect-agent-session/Session"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { claude, failure, type Rig } from "./support.ts"

type Json = { readonly [key: string]: unknown }

const sdk = fileURLToPath(new URL("../agents/node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs", import.meta.url))

const script = `
import(process.argv[1]).then(async (sdk) => {
  const result = await sdk[process.argv[2]](...JSON.parse(process.argv[3]))
  process.stdout.write(JSON.stringify(result ?? null))
})`

/** A function of the SDK, in a process of its own: it looks at the environment once. */
const theirs = <A>(rig: Rig, name: string, ...args: ReadonlyArray<unknown>): A =>
  JSON.parse(
    execFileSync(process.execPath, ["-e", script, sdk, name, JSON.stringify(args)], {
      cwd: rig.cwd,
      encoding: "utf8",
      env: { HOME: rig.home, PATH: "/usr/bin:/bin" }
    })
  )

const options = (rig: Rig) => ({ configDir: `${rig.home}/.claude` })

/** Ours, in their words. */
const listed = (info: ClaudeHistory.SessionInfo): Json =>
  JSON.parse(
    JSON.stringify({
      sessionId: info.id,
      summary: info.title,
      fileSize: info.fileSize,
      customTitle: info.customTitle,
      firstPrompt: info.firstPrompt,
      gitBranch: info.gitBranch,
      cwd: info.cwd,
      tag: info.tag,
      createdAt: info.createdAt,
      archived: info.archived
    })
  )

/** Theirs, without the time of the last change: it is rounded where ours is cut. */
const inTheirWords = ({ lastModified, ...info }: Json): Json => {
  assert.isNumber(lastModified)
  return info
}

const said = ({ message, type, uuid }: Json): Json => ({ type, uuid, message })

const ours = (message: ClaudeHistory.Message): Json => said(message.raw)

const talk = Effect.fnUntraced(function* (rig: Rig, prompts: ReadonlyArray<string>, more: Partial<BaseOptions> = {}) {
  return yield* Effect.scoped(
    Effect.gen(function* () {
      const session = yield* Session.make({ ...rig.base, ...more })
      const results = yield* Effect.forEach(prompts, (prompt) => session.ask(prompt))
      return { id: Option.getOrThrow(yield* session.id), results }
    })
  )
})

const toolUse = '[[tool:Bash {"command":"echo one"} ;; tool:Bash {"command":"echo two"}]] [[text:done]]'

const same = Effect.fnUntraced(function* (rig: Rig, id: string) {
  const messages = yield* Stream.runCollect(ClaudeHistory.messages(id, options(rig)))
  const expected = theirs<ReadonlyArray<Json>>(rig, "getSessionMessages", id)
  assert.deepStrictEqual(messages.map(ours), expected.map(said))
  assert.isAbove(messages.length, 0)
  const withSystem = yield* Stream.runCollect(ClaudeHistory.messages(id, { ...options(rig), system: true }))
  assert.deepStrictEqual(
    withSystem.map(({ id }) => id),
    theirs<ReadonlyArray<Json>>(rig, "getSessionMessages", id, { includeSystemMessages: true }).map(({ uuid }) => uuid)
  )
  const page = yield* Stream.runCollect(ClaudeHistory.messages(id, { ...options(rig), offset: 1, limit: 2 }))
  assert.deepStrictEqual(page.map(ours), messages.slice(1, 3).map(ours))
  const info = yield* ClaudeHistory.info(id, options(rig))
  assert.deepStrictEqual(listed(Option.getOrThrow(info)), inTheirWords(theirs(rig, "getSessionInfo", id)))
  return messages
})

describe("history of the real CLI", () => {
  claude("a conversation reads as the official SDK reads it", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* talk(rig, ["My name is Alice", toolUse, "What is my name?"])
      const messages = yield* same(rig, id)
      assert.strictEqual(messages[0]?.role, "user")
    })
  )

  claude("a branched conversation reads as the branch that was written last", (rig) =>
    Effect.gen(function* () {
      const { id, results } = yield* talk(rig, ["My name is Alice", "And I live in Rome", "Good bye"])
      const messages = yield* same(rig, id)
      const at = messages.find(({ role }) => role === "assistant")?.id
      assert.isDefined(at)
      yield* talk(rig, ["What is my name?"], { start: { resume: id, at } })
      const branched = yield* same(rig, id)
      assert.notDeepEqual(
        branched.map(({ id }) => id),
        messages.map(({ id }) => id)
      )
      const branches = yield* ClaudeHistory.branches(id, options(rig))
      assert.strictEqual(branches.length, 2)
      const old = yield* Stream.runCollect(ClaudeHistory.messages(id, { ...options(rig), leaf: branches[1]?.id }))
      assert.deepStrictEqual(
        old.map(({ id }) => id),
        messages.map(({ id }) => id)
      )
      assert.strictEqual(results.length, 3)
    })
  )

  claude("a compacted conversation reads as the official SDK reads it", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* talk(rig, ["one", "two", "three", "/compact", "four"])
      yield* same(rig, id)
    })
  )

  claude("conversations are listed as the official SDK lists them, by page too", (rig) =>
    Effect.gen(function* () {
      for (const prompt of ["first", "a second one", "the third\nof them"]) yield* talk(rig, [prompt])
      const all = yield* Stream.runCollect(ClaudeHistory.sessions({ ...options(rig), cwd: rig.cwd }))
      assert.strictEqual(all.length, 3)
      assert.deepStrictEqual(
        all.map(listed),
        theirs<ReadonlyArray<Json>>(rig, "listSessions", { dir: rig.cwd }).map(inTheirWords)
      )
      const everywhere = yield* Stream.runCollect(ClaudeHistory.sessions(options(rig)))
      assert.deepStrictEqual(everywhere.map(listed), theirs<ReadonlyArray<Json>>(rig, "listSessions").map(inTheirWords))
      const page = yield* Stream.runCollect(ClaudeHistory.sessions({ ...options(rig), offset: 1, limit: 1 }))
      assert.deepStrictEqual(
        page.map(listed),
        theirs<ReadonlyArray<Json>>(rig, "listSessions", { offset: 1, limit: 1 }).map(inTheirWords)
      )
      const byPeople = yield* Stream.runCollect(ClaudeHistory.sessions({ ...options(rig), programmatic: false }))
      assert.deepStrictEqual(
        byPeople.map(listed),
        theirs<ReadonlyArray<Json>>(rig, "listSessions", { includeProgrammatic: false }).map(inTheirWords)
      )
    })
  )

  claude("a session and its adapter tell the same, in the form of every agent [cc-103]", (rig) =>
    Effect.gen(function* () {
      const { configDir } = options(rig)
      const adapter = yield* AgentAdapter
      const session = yield* Session.make(rig.base)
      assert.deepStrictEqual(yield* Stream.runCollect(session.transcript({ configDir })), [])
      yield* session.ask("My name is Alice")
      const id = Option.getOrThrow(yield* session.id)
      // An older CLI writes a moment later than it answers.
      yield* session.close
      const messages = yield* Stream.runCollect(ClaudeHistory.messages(id, { configDir }))
      const said = messages.map(({ content, id, role }) => ({ content, id, role }))
      const of = (found: ReadonlyArray<TranscriptMessage>) =>
        found.map(({ content, id, role }) => ({ content, id, role }))
      assert.deepStrictEqual(of(yield* Stream.runCollect(session.transcript({ configDir }))), said)
      assert.deepStrictEqual(of(yield* Stream.runCollect(adapter.transcript(id, { configDir }))), said)
      const [last] = yield* Stream.runCollect(adapter.sessions({ configDir, cwd: rig.cwd, limit: 1 }))
      assert.strictEqual(last?.id, id)
    })
  )

  claude("a title, a tag and an archive mark are what the official SDK sees too", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* talk(rig, ["first"])
      const infoOf = () => theirs<Json>(rig, "getSessionInfo", id)
      yield* ClaudeHistory.rename(id, "Taxes", options(rig))
      yield* ClaudeHistory.tag(id, "home", options(rig))
      yield* ClaudeHistory.archive(id, options(rig))
      assert.deepInclude(infoOf(), { customTitle: "Taxes", summary: "Taxes", tag: "home", archived: true })
      yield* same(rig, id)
      yield* ClaudeHistory.tag(id, undefined, options(rig))
      yield* ClaudeHistory.unarchive(id, options(rig))
      assert.deepInclude(infoOf(), { archived: false })
      assert.notProperty(infoOf(), "tag")
      yield* same(rig, id)
      const { results } = yield* talk(rig, ["What is my name?"], { start: { resume: id } })
      assert.strictEqual(results.length, 1)
      yield* same(rig, id)
    })
  )

  claude("a copy reads as its original, can be resumed, and leaves it alone", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* talk(rig, ["My name is Alice", toolUse])
      const original = yield* same(rig, id)
      const copy = yield* ClaudeHistory.fork(id, options(rig))
      const copied = yield* same(rig, copy)
      assert.deepStrictEqual(
        copied.map(({ content }) => content),
        original.map(({ content }) => content)
      )
      const { results } = yield* talk(rig, ["What is my name?"], { start: { resume: copy } })
      assert.strictEqual(results[0]?.text, "Your name is Alice.")
      const upTo = original[1]?.id
      const part = yield* ClaudeHistory.fork(id, { ...options(rig), upTo, title: "A part" })
      assert.strictEqual((yield* same(rig, part)).length, 2)
      assert.deepStrictEqual((yield* same(rig, id)).map(ours), original.map(ours))
    })
  )

  claude("a conversation that is removed is gone for the official SDK too", (rig) =>
    Effect.gen(function* () {
      const id = yield* Effect.scoped(
        Effect.gen(function* () {
          const session = yield* Session.make(rig.base)
          yield* session.ask("first")
          const id = Option.getOrThrow(yield* session.id)
          const inUse = yield* failure(ClaudeHistory.remove(id, options(rig)))
          assert.strictEqual(inUse.reason._tag, "SessionInUse")
          return id
        })
      )
      yield* ClaudeHistory.remove(id, options(rig))
      assert.isNull(theirs(rig, "getSessionInfo", id))
      assert.isTrue(Option.isNone(yield* ClaudeHistory.info(id, options(rig))))
      assert.deepStrictEqual(
        fs
          .readdirSync(`${rig.home}/.claude/projects`)
          .flatMap((project) =>
            fs.readdirSync(`${rig.home}/.claude/projects/${project}`).filter((name) => name.includes(id))
          ),
        []
      )
    })
  )

  claude(
    "a session reads its own conversation, which is empty before its first turn [cc-103]",
    (rig) =>
      Effect.gen(function* () {
        const session = yield* Session.make(rig.base)
        assert.deepStrictEqual(yield* Stream.runCollect(session.transcript()), [])
        yield* session.ask("My name is Alice")
        yield* session.ask("What is my name?")
        const messages = yield* Stream.runCollect(session.transcript())
        assert.deepStrictEqual(
          messages.map(({ role }) => role),
          ["user", "assistant", "user", "assistant"]
        )
        const page = yield* Stream.runCollect(session.transcript({ offset: 2, limit: 1 }))
        assert.deepStrictEqual(page, messages.slice(2, 3))
        yield* session.clear
        assert.notInclude(JSON.stringify(yield* Stream.runCollect(session.transcript())), "Alice")
        const kept = yield* Session.make({ ...rig.base, persist: false })
        yield* kept.ask("hello")
        assert.strictEqual((yield* failure(Stream.runDrain(kept.transcript()))).reason._tag, "Unsupported")
      }),
    // An older CLI writes a moment later than it answers.
    { since: "2.1.329" }
  )

  claude("an adapter lists and reads conversations in the form of every agent", (rig) =>
    Effect.gen(function* () {
      const { id } = yield* talk(rig, ["My name is Alice"])
      const adapter = yield* AgentAdapter
      assert.isTrue(adapter.capabilities.list && adapter.capabilities.history)
      const sessions = yield* Stream.runCollect(adapter.sessions({ ...options(rig), cwd: rig.cwd }))
      assert.deepStrictEqual(
        sessions.map(({ cwd, id, title }) => ({ cwd, id, title })),
        [{ cwd: rig.cwd, id, title: "My name is Alice" }]
      )
      const messages = yield* Stream.runCollect(adapter.transcript(id, options(rig)))
      assert.deepStrictEqual(
        messages.map(({ content, role }) => [role, role === "user" ? content : "…"]),
        [
          ["user", "My name is Alice"],
          ["assistant", "…"]
        ]
      )
      const unknown = "3b0e5a8c-5a1e-4a8f-9d57-0c1de1b0f001"
      const error = yield* failure(Stream.runDrain(adapter.transcript(unknown, options(rig))))
      assert.strictEqual(error.reason._tag, "SessionNotFound")
    })
  )
})
