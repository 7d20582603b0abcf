import { assert, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "../support/fakeRig.ts"

const old = { FAKE_CLAUDE_VERSION: "2.1.197" }

const requests = (session: { readonly home: Fake.Home }, subtype: string) =>
  Effect.map(session.home.record, (lines) =>
    lines.flatMap(({ in: line }) => {
      const request = typeof line === "object" && line !== null && "request" in line ? line.request : undefined
      const isIt =
        typeof request === "object" && request !== null && "subtype" in request && request.subtype === subtype
      return isIt ? [request] : []
    })
  )

/** A command in the background that ends when it is killed. */
const background = `[[tool:Bash ${JSON.stringify({ command: "sleep 600; true", run_in_background: true })}]] [[text:started]]`

layer(Fake.layer, { excludeTestServices: true })("what a session can be told and asked, on the fake CLI", (it) => {
  it.effect("what an old version cannot do is Unsupported, and models are those of its handshake", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(old)
      for (const request of [
        session.mcp.readResource("words", "ui://words"),
        session.settings.update("localSettings", { outputStyle: "Concise" }),
        session.taskOutput("task")
      ]) {
        assert.strictEqual((yield* Fake.reasonOf<unknown, never>(request))._tag, "Unsupported")
      }
      const { models } = yield* session.serverInfo
      assert.deepStrictEqual(yield* session.supportedModels, models)
    }).pipe(Effect.scoped)
  )

  it.effect("a task that runs nowhere is not asked to stop", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open()
      assert.strictEqual((yield* Fake.reasonOf(session.stopTask("nobody")))._tag, "ControlFailed")
      assert.deepStrictEqual(yield* requests(session, "stop_task"), [])
    }).pipe(Effect.scoped)
  )

  it.effect("rule 7: a stop without an answer fails in time, and the task still runs", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(
        { FAKE_CLAUDE_FAULT: "no-control-reply=stop_task" },
        { allowedTools: ["Bash"], timeouts: { control: "200 millis" } }
      )
      yield* session.ask(background)
      const [task] = yield* session.tasks
      assert.strictEqual((yield* Fake.reasonOf(session.stopTask(String(task?.taskId))))._tag, "ControlTimeout")
      assert.deepStrictEqual(yield* session.tasks, task === undefined ? [] : [task])
    }).pipe(Effect.scoped)
  )

  it.effect(
    "rule 3: a task that the end of the session ends is told as stopped, and whoever stops it hears of it",
    () =>
      Effect.gen(function* () {
        const session = yield* Fake.open({ FAKE_CLAUDE_FAULT: "exit-at-request=stop_task" }, { allowedTools: ["Bash"] })
        yield* session.ask(background)
        const [task] = yield* session.tasks
        yield* Effect.exit(session.stopTask(String(task?.taskId)))
        const { status, taskId } = yield* Fake.event(session, "TaskEnded")
        assert.deepStrictEqual([taskId, status], [task?.taskId, "stopped"])
        assert.deepStrictEqual(yield* session.tasks, [])
      }).pipe(Effect.scoped)
  )

  it.effect("settings that the CLI says yes to and does not take are an error", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open()
      const reason = yield* Fake.reasonOf(session.settings.apply({ effortLevel: 3 }))
      assert.strictEqual(reason._tag, "ControlFailed")
      assert.include(reason.message, "effortLevel")
    }).pipe(Effect.scoped)
  )

  it.effect("rule 21: what makes no sense is refused before it is sent", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(old)
      for (const request of [
        session.setMaxThinkingTokens(-1),
        session.setMaxThinkingTokens(1.5),
        session.mcp.setServers({ "a b": { command: "x" } }),
        session.mcp.setServers({ empty: { command: "" } })
      ]) {
        assert.strictEqual((yield* Fake.reasonOf<unknown, never>(request))._tag, "InvalidOptions")
      }
      assert.deepStrictEqual(yield* requests(session, "mcp_set_servers"), [])
      assert.deepStrictEqual(yield* requests(session, "set_max_thinking_tokens"), [])
    }).pipe(Effect.scoped)
  )

  it.effect("rule 4: a process that takes the place of another is told what was set", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open({}, { timeouts: { interrupt: "200 millis" } })
      yield* session.ask("hi")
      yield* session.setMaxThinkingTokens(1_000)
      yield* session.mcp.setServers({ words: { command: "words" } })
      yield* replaced(session)
      const thinking = yield* requests(session, "set_max_thinking_tokens")
      const servers = yield* requests(session, "mcp_set_servers")
      assert.deepStrictEqual([thinking.length, servers.length], [2, 2])
      assert.deepStrictEqual([thinking[0], servers[0]], [thinking[1], servers[1]])
    }).pipe(Effect.scoped)
  )

  it.effect("rule 7: a request that waits while its process is replaced fails, and is not held against the next", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open(
        { FAKE_CLAUDE_FAULT: "no-control-reply=get_usage" },
        { timeouts: { interrupt: "200 millis", control: "10 minutes" } }
      )
      yield* session.ask("hi")
      const waiting = yield* Effect.forkChild(Fake.reasonOf(session.usage), { startImmediately: true })
      yield* replaced(session)
      assert.include(["ControlFailed", "ProcessExited"], (yield* Fiber.join(waiting))._tag)
      assert.strictEqual((yield* session.health)._tag, "Healthy")
    }).pipe(Effect.scoped)
  )
})

/** A turn that does not obey: the process is replaced. */
const replaced = (session: ClaudeSession.ClaudeSession) =>
  Effect.gen(function* () {
    yield* Effect.forkChild(Effect.exit(session.ask("[[fault:ignore-interrupt]] [[text:half ;; silence]]")), {
      startImmediately: true
    })
    yield* Fake.event(session, "TextDelta", ({ text }) => "half".includes(text))
    yield* session.interrupt
    yield* Fake.event(session, "Notice", ({ code }) => code === "process-replaced")
  })
