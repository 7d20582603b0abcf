import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Permission from "effect-agent-session/Permission"
import * as Session from "effect-agent-session/Session"
import * as fs from "node:fs"
import { isSince } from "./agents.ts"
import { bodies, claude, collect, only } from "./support.ts"

const touch = (name: string): string => `[[tool:Bash {"command":"touch ${name}"}]] [[text:done]]`

describe("permissions of the real CLI", () => {
  claude("rule 18: an allowed call runs with the input it was asked for [asm-78]", ({ base, cwd }) =>
    Effect.gen(function* () {
      const asked: Array<Permission.Request> = []
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: (request) => {
          asked.push(request)
          return Effect.succeed(Permission.allow())
        }
      })
      const events = yield* collect(session.stream(touch("allowed")))
      assert.isTrue(fs.existsSync(`${cwd}/allowed`))
      assert.strictEqual(asked.length, 1)
      const [request] = asked
      assert.strictEqual(request?.tool, "Bash")
      assert.deepInclude(request?.input, { command: "touch allowed" })
      assert.strictEqual(request?.toolId, only(events, "ToolStarted")[0]?.toolId)
      assert.strictEqual(only(events, "PermissionRequested")[0]?.requestId, request?.requestId)
      const resolved = only(events, "PermissionResolved")[0]
      assert.strictEqual(resolved?.requestId, request?.requestId)
      assert.strictEqual(resolved?.by, "handler")
      assert.deepStrictEqual(resolved?.decision, { _tag: "Allow" })
      assert.strictEqual(only(events, "ToolEnded")[0]?.status, "ok")
    })
  )

  claude("a call runs with the input that the handler put in its place [cc-89]", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: () => Effect.succeed(Permission.allow({ input: { command: "touch changed" } }))
      })
      const result = yield* session.ask(touch("original"))
      assert.strictEqual(result.toolCalls[0]?.status, "ok")
      assert.deepStrictEqual(fs.readdirSync(cwd), ["changed"])
    })
  )

  claude("rule 8: a decision is taken while nobody reads events [cc-83]", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, allowedTools: [], permissions: Permission.allowAll })
      assert.strictEqual((yield* session.ask(touch("allowed"))).text, "done")
      assert.deepStrictEqual(fs.readdirSync(cwd), ["allowed"])
    })
  )

  claude("a denied call does not run; the model hears why, and the turn goes on", ({ api, base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: () => Effect.succeed(Permission.deny("not on a Sunday"))
      })
      const result = yield* session.ask(touch("denied"))
      assert.strictEqual(result.text, "done")
      assert.strictEqual(result.toolCalls[0]?.status, "denied")
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
      assert.include(JSON.stringify(bodies(api).at(-1)), "not on a Sunday")
    })
  )

  claude("a denial may end the turn, and the session goes on [asm-79]", ({ api, base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: () => Effect.succeed(Permission.deny("stop it", { stopTurn: true }))
      })
      const events = yield* collect(session.stream(touch("denied")))
      const last = events.at(-1)
      assert(last?._tag === "TurnEnded")
      assert.strictEqual(last.result.outcome._tag, "Interrupted")
      assert.strictEqual(bodies(api).length, 1)
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
    })
  )

  claude("rule 18: a handler that dies denies, and the session lives [cc-92] [asm-77]", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: () => Effect.die(new Error("the handler is broken"))
      })
      const events = yield* collect(session.stream(touch("denied")))
      const resolved = only(events, "PermissionResolved")[0]
      assert.strictEqual(resolved?.by, "default")
      assert.strictEqual(resolved?.decision?._tag, "Deny")
      assert.strictEqual(only(events, "ToolEnded")[0]?.status, "denied")
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "done")
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
    })
  )

  claude("a handler that is late denies", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        timeouts: { ...base.timeouts, permission: "100 millis" },
        permissions: () => Effect.never
      })
      const events = yield* collect(session.stream(touch("denied")))
      assert.strictEqual(only(events, "PermissionResolved")[0]?.by, "timeout")
      assert.strictEqual(only(events, "ToolEnded")[0]?.status, "denied")
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
    })
  )

  claude("rule 18: without a handler the agent denies by itself [asm-76]", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, allowedTools: [] })
      const events = yield* collect(session.stream(touch("denied")))
      assert.deepStrictEqual(only(events, "PermissionRequested"), [])
      // 2.1.197 tells what it refuses itself as what failed.
      assert.strictEqual(only(events, "ToolEnded")[0]?.status, isSince("2.1.329") ? "denied" : "error")
      assert.strictEqual(only(events, "TurnEnded")[0]?.result.text, "done")
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
    })
  )

  claude("a tool of disallowedTools is refused without a question", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        disallowedTools: ["Bash"],
        permissions: () => Effect.die(new Error("it must not be asked"))
      })
      const events = yield* collect(session.stream(touch("denied")))
      assert.deepStrictEqual(only(events, "PermissionRequested"), [])
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
    })
  )
})
