import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Session from "effect-agent-session/Session"
import * as fs from "node:fs"
import { bodies, claude, collect, failure, left, only, type Rig } from "./support.ts"

/** Another program in the place of the CLI. */
const program = ({ home }: Rig, lines: ReadonlyArray<string>): string => {
  const file = `${home}/claude`
  fs.writeFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"), { mode: 0o755 })
  return file
}

const withProgram = (executable: string) => Effect.provide(ClaudeAdapter.layer({ executable }))

describe("a start that fails", () => {
  claude("a program that is not there is ExecutableNotFound, with the place and the way out [cc-36] [asm-16]", (rig) =>
    Effect.gen(function* () {
      const missing = `${rig.home}/nothing/claude`
      const error = yield* failure(Session.make(rig.base)).pipe(withProgram(missing))
      assert.strictEqual(error.phase, "resolve")
      assert(error.reason._tag === "ExecutableNotFound")
      assert.deepStrictEqual(error.reason.lookedIn, [missing])
      assert.include(error.message, "npm install")
    })
  )

  claude("rule 21: options that cannot be are refused before anything is started [cc-34] [asm-10]", (rig) =>
    Effect.gen(function* () {
      for (const options of [
        { start: { sessionId: "my-session" } },
        { permissionMode: "bypassPermissions" },
        { maxTurns: 0 },
        { timeouts: { startup: "0 seconds" } }
      ] as const) {
        const error = yield* failure(Session.make({ ...rig.base, ...options }))
        assert.strictEqual(error.phase, "resolve")
        assert.strictEqual(error.reason._tag, "InvalidOptions")
      }
      assert.isFalse(fs.existsSync(`${rig.home}/.claude`))
    })
  )

  claude("a folder that is not there is SpawnFailed, and not a missing program [asm-16]", (rig) =>
    Effect.gen(function* () {
      const cwd = `${rig.home}/nowhere`
      const error = yield* failure(Session.make({ ...rig.base, cwd }))
      assert.strictEqual(error.reason._tag, "SpawnFailed")
      assert.include(error.message, cwd)
    })
  )

  claude("a program that ends at once is StartupFailed, with its last words [cc-8]", (rig) =>
    Effect.gen(function* () {
      const file = program(rig, ["echo 'the library libfoo is missing' >&2", "exit 3"])
      const error = yield* failure(Session.make(rig.base)).pipe(withProgram(file))
      assert.strictEqual(error.phase, "handshake")
      assert(error.reason._tag === "StartupFailed")
      assert.include(error.reason.description, "code 3")
      assert.include(error.reason.stderrTail, "the library libfoo is missing")
      yield* left(rig.home)
    })
  )

  claude("rule 21: an argument that the CLI does not know is Unsupported, by its name [asm-116]", (rig) =>
    Effect.gen(function* () {
      const error = yield* failure(ClaudeSession.make({ ...rig.base, extraArgs: { "no-such-flag": null } }))
      assert.strictEqual(error.reason._tag, "Unsupported")
      assert.include(error.message, "extraArgs: this version of Claude Code does not know --no-such-flag")
      yield* left(rig.home)
    })
  )

  claude(
    "rule 7: a program that never answers is HandshakeTimeout, and gone afterwards [cc-9] [cc-37] [asm-69]",
    (rig) =>
      Effect.gen(function* () {
        const file = program(rig, ["echo 'I am thinking' >&2", "trap '' TERM", "while :; do sleep 1; done"])
        const timeouts = { ...rig.base.timeouts, startup: "500 millis", shutdown: "1 second" } as const
        const error = yield* failure(Session.make({ ...rig.base, timeouts })).pipe(withProgram(file))
        assert(error.reason._tag === "HandshakeTimeout")
        assert.strictEqual(error.reason.millis, 500)
        assert.include(error.reason.stderrTail, "I am thinking")
        yield* left(rig.home)
      })
  )
})

describe("an end that nobody asked for", () => {
  claude(
    "a killed CLI is ProcessExited, and its Bash is swept [cc-39] [asm-39]",
    ({ base, bash, ended, home, running }) =>
      Effect.gen(function* () {
        const session = yield* ClaudeSession.make(base)
        const { pid } = yield* session.serverInfo
        const events = yield* session.subscribe
        yield* running.pipe(Effect.andThen(Effect.sync(() => process.kill(pid ?? 0, "SIGKILL"))), Effect.forkChild)
        const error = yield* failure(session.ask(bash))
        assert.strictEqual(error.phase, "turn")
        assert.deepInclude(error.reason, { _tag: "ProcessExited", code: null, signal: "SIGKILL" })
        assert.isTrue(error.isRetryable && error.isResumable)
        assert.deepStrictEqual(
          error.result?.toolCalls.map((call) => call.status),
          ["unknown"]
        )
        yield* ended
        const last = (yield* collect(events)).at(-1)
        assert.deepInclude(last, { _tag: "SessionEnded", reason: "exited", exit: { code: null, signal: "SIGKILL" } })
        yield* session.close
        yield* left(home)
        const closed = yield* failure(session.ask("hi"))
        assert.strictEqual(closed.reason._tag, "ProcessExited")
      })
  )

  claude("every turn that runs or waits gets one end when the CLI dies [cc-52]", ({ base, bash, running }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const { pid } = yield* session.serverInfo
      yield* running.pipe(Effect.andThen(Effect.sync(() => process.kill(pid ?? 0, "SIGKILL"))), Effect.forkChild)
      const errors = yield* Effect.all(
        [bash, "two", "three"].map((prompt) => failure(session.ask(prompt))),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(
        errors.map((error) => error.reason._tag),
        ["ProcessExited", "ProcessExited", "ProcessExited"]
      )
    })
  )

  claude(
    "what was said before the CLI died is there when the session is resumed [asm-101]",
    ({ api, base, bash, running }) =>
      Effect.gen(function* () {
        const session = yield* ClaudeSession.make(base)
        const { pid } = yield* session.serverInfo
        yield* session.ask("My name is Alice")
        const turn = yield* Effect.forkChild(failure(session.ask(bash)))
        yield* running
        process.kill(pid ?? 0, "SIGKILL")
        yield* Fiber.join(turn)
        yield* session.close
        const id = Option.getOrThrow(yield* session.id)
        const next = yield* Session.make({ ...base, start: { resume: id } })
        assert.strictEqual((yield* next.ask("[[text:still here]]")).text, "still here")
        assert.include(JSON.stringify(bodies(api).at(-1)), "My name is Alice")
        yield* next.close
        assert.strictEqual(only(yield* collect(next.events), "TurnEnded").length, 1)
      })
  )
})
