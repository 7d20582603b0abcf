/** Hooks on the fake CLI: when they are called, what their answers do, and what happens without one. */
import { assert, describe, layer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { type AgentEvent, Permission } from "effect-agent-session"
import * as ClaudeHook from "effect-agent-session/claude/ClaudeHook"
import * as Fake from "../support/fakeRig.ts"

const bash = (command: string): string => `[[tool:Bash ${JSON.stringify({ command })}]] [[text:done]]`

const outputOf = (events: ReadonlyArray<AgentEvent.AgentEvent>): unknown =>
  events.find((event) => event._tag === "ToolEnded")?.output
const statusOf = (events: ReadonlyArray<AgentEvent.AgentEvent>): unknown =>
  events.find((event) => event._tag === "ToolEnded")?.status

const initializeOf = (record: ReadonlyArray<{ readonly [key: string]: unknown }>): string =>
  JSON.stringify(record.find((line) => JSON.stringify(line).includes('"initialize"')))

const rewriting = ClaudeHook.on("PreToolUse", { matcher: "Bash" }, ({ tool_input }) =>
  Effect.succeed(ClaudeHook.rewriteInput({ ...tool_input, command: "echo rewritten" }))
)

const denying = ClaudeHook.on("PreToolUse", () => Effect.succeed(ClaudeHook.deny("not here")))

const allowed = { allowedTools: ["Bash"] }

layer(Fake.layer, { excludeTestServices: true })("hooks on the fake CLI", (it) => {
  describe("answers", () => {
    it.effect("a hook changes what a tool is called with, and the rules decide about that", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open({}, { hooks: [rewriting], allowedTools: ["Bash(echo rewritten)"] })
        assert.strictEqual(outputOf(yield* Fake.turn(session, bash("echo original"))), "rewritten")
      })
    )

    for (const version of ["2.1.329", "2.1.197"]) {
      it.effect(`a denied call does not run, its status is denied, and the turn goes on, with ${version}`, () =>
        Effect.gen(function* () {
          const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: version }, { hooks: [denying], ...allowed })
          const events = yield* Fake.turn(session, bash("echo original"))
          assert.include(String(outputOf(events)), "not here")
          assert.strictEqual(statusOf(events), "denied")
          assert.strictEqual((yield* session.history)[0]?.text, "done")
        })
      )
    }

    it.effect("a denial may end the turn, which is completed then", () =>
      Effect.gen(function* () {
        const hook = ClaudeHook.on("PreToolUse", () => Effect.succeed(ClaudeHook.deny("no", { stopTurn: true })))
        const session = yield* Fake.open({}, { hooks: [hook], ...allowed })
        const { outcome, text, toolCalls } = yield* session.ask(bash("echo original"))
        assert.deepStrictEqual([outcome._tag, text, toolCalls[0]?.status], ["Completed", "", "denied"])
        assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      })
    )

    it.effect("an allowed call runs and nobody is asked; asking asks about what is allowed [cc-91]", () =>
      Effect.gen(function* () {
        const asked: Array<Permission.Request> = []
        const permissions: Permission.Handler = (request) => {
          asked.push(request)
          return Effect.succeed(Permission.allow())
        }
        const hook = ClaudeHook.on("PreToolUse", ({ tool_input }) =>
          Effect.succeed(tool_input["command"] === "echo a" ? ClaudeHook.allow() : ClaudeHook.ask("who knows"))
        )
        const session = yield* Fake.open({}, { hooks: [hook], permissions, allowedTools: ["Bash(echo b)"] })
        yield* session.ask(bash("echo a"))
        assert.strictEqual(asked.length, 0)
        yield* session.ask(bash("echo b"))
        assert.deepStrictEqual(
          asked.map((request) => request.reason),
          ["who knows"]
        )
      })
    )

    it.effect("a prompt is blocked, and one that may not stop yet goes on", () =>
      Effect.gen(function* () {
        const hooks = [
          ClaudeHook.on("UserPromptSubmit", ({ prompt }) =>
            Effect.succeed(prompt === "bad" ? ClaudeHook.block("not that word") : ClaudeHook.pass)
          ),
          ClaudeHook.on("Stop", ({ stop_hook_active }) =>
            Effect.succeed(stop_hook_active ? ClaudeHook.pass : ClaudeHook.block("one more thing"))
          )
        ]
        const session = yield* Fake.open({}, { hooks })
        assert.include((yield* session.ask("bad")).text, "not that word")
        assert.include((yield* session.ask("good")).text, "one more thing")
      })
    )

    it.effect("a turn is stopped after a tool ran", () =>
      Effect.gen(function* () {
        const hook = ClaudeHook.on("PostToolUse", () => Effect.succeed(ClaudeHook.stop("enough")))
        const session = yield* Fake.open({}, { hooks: [hook], ...allowed })
        const { text, toolCalls } = yield* session.ask(bash("echo a"))
        assert.deepStrictEqual([text, toolCalls[0]?.status], ["", "ok"])
      })
    )
  })

  it.effect("a hook knows its session, its directory and the call it is about [cc-90]", () =>
    Effect.gen(function* () {
      const told: Array<unknown> = []
      const hook = ClaudeHook.on("PreToolUse", ({ cwd, session_id, tool_use_id }) =>
        Effect.sync(() => {
          told.push([session_id, cwd, tool_use_id])
          return ClaudeHook.pass
        })
      )
      const session = yield* Fake.open({}, { hooks: [hook], ...allowed })
      const call = (yield* Fake.turn(session, bash("echo a"))).find((event) => event._tag === "ToolStarted")
      assert.deepStrictEqual(told, [[call?.sessionId, session.home.dir, call?.toolId]])
    })
  )

  describe("registration", () => {
    it.effect("each hook goes into the handshake, with its matcher and with time to spare [cc-85]", () =>
      Effect.gen(function* () {
        const hooks = [
          ClaudeHook.on("PreToolUse", { matcher: "Bash|Write", timeout: "5 seconds" }, () =>
            Effect.succeed(ClaudeHook.pass)
          ),
          ClaudeHook.on("PreToolUse", { timeout: "Infinity" }, () => Effect.succeed(ClaudeHook.pass)),
          ClaudeHook.on("Stop", () => Effect.succeed(ClaudeHook.pass))
        ]
        const session = yield* Fake.open({}, { hooks })
        const told = initializeOf(yield* session.home.record)
        assert.include(
          told,
          '"PreToolUse":[{"matcher":"Bash|Write","hookCallbackIds":["hook_0"],"timeout":15,"onFailure":"block"},' +
            '{"hookCallbackIds":["hook_1"],"timeout":2000000,"onFailure":"block"}]'
        )
        assert.include(told, '"Stop":[{"hookCallbackIds":["hook_2"],"timeout":70}]')
      })
    )

    it.effect("a hook whose matcher does not match is not called", () =>
      Effect.gen(function* () {
        const hook = ClaudeHook.on("PreToolUse", { matcher: "Write|Edit" }, () => Effect.succeed(ClaudeHook.deny("no")))
        const session = yield* Fake.open({}, { hooks: [hook], ...allowed })
        assert.strictEqual(outputOf(yield* Fake.turn(session, bash("echo a"))), "a")
      })
    )

    it.effect("rule 21: what would never be called is refused before anything is started [cc-31]", () =>
      Effect.gen(function* () {
        const pass = () => Effect.succeed(ClaudeHook.pass)
        const hooks = [
          ClaudeHook.on("PreToolUse", { matcher: "(" }, pass),
          ClaudeHook.on("PreToolUse", { timeout: 0 }, pass),
          ClaudeHook.on("PreTool" as "PreToolUse", pass)
        ]
        const reason = yield* Fake.reasonOf(Fake.open({}, { hooks }))
        assert.strictEqual(reason._tag, "InvalidOptions")
        for (const issue of ["hooks.0.matcher", "hooks.1.timeout", 'hooks.2: there is no hook event "PreTool"']) {
          assert.include(reason.message, issue)
        }
      })
    )

    it.effect("another process of the session calls the same hooks", () =>
      Effect.gen(function* () {
        const session = yield* Fake.open({}, { hooks: [rewriting], timeouts: { interrupt: "200 millis" }, ...allowed })
        yield* Effect.forkChild(
          Fake.turn(session, `[[fault:ignore-interrupt]] [[text deltas=400 delay=5:${"word ".repeat(400)}]]`)
        )
        yield* Fake.event(session, "TextDelta")
        assert.strictEqual(yield* session.interrupt, "Escalated")
        assert.strictEqual(outputOf(yield* Fake.turn(session, bash("echo original"))), "rewritten")
      })
    )
  })

  describe("without an answer", () => {
    const failing: ReadonlyArray<readonly [string, () => Effect.Effect<ClaudeHook.Pass, unknown>]> = [
      ["fails", () => Effect.fail("broken")],
      ["dies", () => Effect.die("broken")],
      [
        "throws",
        () => {
          throw new Error("broken")
        }
      ],
      ["is late", () => Effect.never],
      ["is late and resists its interruption", () => Effect.uninterruptible(Effect.never)],
      // What untyped code may answer.
      ["answers what the event does not honour", () => Effect.succeed({ _tag: "Block" } as unknown as ClaudeHook.Pass)]
    ]
    for (const [how, handler] of failing) {
      it.effect(`rule 18: a hook that ${how} denies the call, and a Notice says so [cc-87] [asm-87]`, () =>
        Effect.gen(function* () {
          const hook = ClaudeHook.on("PreToolUse", { timeout: "100 millis" }, handler)
          const session = yield* Fake.open({}, { hooks: [hook], ...allowed })
          const events = yield* Fake.turn(session, bash("echo original"))
          assert.strictEqual(statusOf(events), "denied")
          assert.include(String(outputOf(events)), "The hook for PreToolUse")
          assert.isTrue(events.some((event) => event._tag === "Notice" && event.code === "hook-failed"))
        })
      )
    }

    it.effect("where nothing can be refused it goes on, and a Notice says so", () =>
      Effect.gen(function* () {
        const hooks = [
          ClaudeHook.on("PostToolUse", () => Effect.fail("broken")),
          ClaudeHook.on("Stop", { timeout: "100 millis" }, () => Effect.never)
        ]
        const session = yield* Fake.open({}, { hooks, ...allowed })
        const events = yield* Fake.turn(session, bash("echo a"))
        assert.strictEqual(outputOf(events), "a")
        const notices = events.flatMap((event) => (event._tag === "Notice" ? [event.text] : []))
        assert.deepStrictEqual(notices, [
          "The hook for PostToolUse failed.",
          "The hook for Stop did not answer in time."
        ])
        assert.strictEqual((yield* session.history)[0]?.text, "done")
      })
    )

    for (const version of ["2.1.329", "2.1.197"]) {
      for (const drift of ["input", "id"]) {
        it.effect(`a call whose ${drift} cannot be read is denied all the same, by ${version} [cc-88]`, () =>
          Effect.gen(function* () {
            const hook = ClaudeHook.on("PreToolUse", () => Effect.succeed(ClaudeHook.allow()))
            const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: version }, { hooks: [hook], ...allowed })
            const events = yield* Fake.turn(session, `[[fault:drifted-hook=${drift}]] ${bash("echo original")}`)
            assert.include(String(outputOf(events)), "could not be read")
            assert.isTrue(events.some((event) => event._tag === "Notice" && event.code === "hook-failed"))
          })
        )
      }
    }

    it.effect("a raw answer that cannot be read refuses; 2.1.197 runs the tool", () =>
      Effect.gen(function* () {
        const hook = ClaudeHook.on("PreToolUse", () =>
          Effect.succeed(ClaudeHook.raw({ hookSpecificOutput: { permissionDecision: "maybe" } }))
        )
        const outputs = yield* Effect.forEach(["2.1.329", "2.1.197"], (version) =>
          Effect.flatMap(Fake.open({ FAKE_CLAUDE_VERSION: version }, { hooks: [hook], ...allowed }), (session) =>
            Effect.map(Fake.turn(session, bash("echo ran")), (events) => String(outputOf(events)))
          )
        )
        assert.include(outputs[0], "hook error")
        assert.strictEqual(outputs[1], "ran")
      })
    )
  })

  describe("while it runs", () => {
    it.effect(
      "rule 7: the idle clock stands still while a hook thinks",
      () =>
        Effect.gen(function* () {
          const hook = ClaudeHook.on("PreToolUse", () => Effect.delay(Effect.succeed(ClaudeHook.allow()), "4 seconds"))
          const session = yield* Fake.open({}, { hooks: [hook], timeouts: { idle: "3 seconds" }, ...allowed })
          assert.strictEqual((yield* session.ask(bash("echo a"))).toolCalls[0]?.status, "ok")
        }),
      30_000
    )

    it.effect("hooks of one event run at the same time", () =>
      Effect.gen(function* () {
        const first = yield* Deferred.make<void>()
        const second = yield* Deferred.make<void>()
        const hooks = [
          ClaudeHook.on("PreToolUse", () =>
            Effect.as(Effect.andThen(Deferred.succeed(first, undefined), Deferred.await(second)), ClaudeHook.pass)
          ),
          ClaudeHook.on("PreToolUse", () =>
            Effect.as(Effect.andThen(Deferred.succeed(second, undefined), Deferred.await(first)), ClaudeHook.pass)
          )
        ]
        const session = yield* Fake.open({}, { hooks, ...allowed })
        assert.strictEqual((yield* session.ask(bash("echo a"))).toolCalls[0]?.status, "ok")
      })
    )

    it.effect("an interrupt takes the call back: the hook is interrupted and gives no answer", () =>
      Effect.gen(function* () {
        const running = yield* Deferred.make<void>()
        const interrupted = yield* Deferred.make<void>()
        const hook = ClaudeHook.on("PreToolUse", () =>
          Deferred.succeed(running, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
          )
        )
        const session = yield* Fake.open({}, { hooks: [hook], ...allowed })
        const turn = yield* Effect.forkChild(Effect.exit(session.ask(bash("echo a"))))
        yield* Deferred.await(running)
        assert.strictEqual(yield* session.interrupt, "Interrupted")
        yield* Deferred.await(interrupted)
        yield* Fiber.join(turn)
        assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
        const answers = (yield* session.home.record).filter((line) =>
          JSON.stringify(line).includes("permissionDecision")
        )
        assert.deepStrictEqual(answers, [])
      })
    )

    it.effect("closing the session does not wait for a hook that resists its interruption", () =>
      Effect.gen(function* () {
        const running = yield* Deferred.make<void>()
        const hook = ClaudeHook.on("PreToolUse", () =>
          Effect.uninterruptible(Effect.andThen(Deferred.succeed(running, undefined), Effect.never))
        )
        const session = yield* Fake.open({}, { hooks: [hook], ...allowed })
        yield* Effect.forkChild(Effect.exit(session.ask(bash("echo a"))))
        yield* Deferred.await(running)
        yield* session.close
        assert.strictEqual((yield* session.status)._tag, "Closed")
      })
    )
  })
})
