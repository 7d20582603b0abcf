import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { Tool, Toolkit } from "effect/ai"
import type { PermissionMode } from "effect-agent-session/AgentAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as fs from "node:fs"
import { fileURLToPath } from "node:url"
import { claude, failure, only, until } from "./support.ts"

const later = { since: "2.1.329" }

const words = {
  command: process.execPath,
  args: [fileURLToPath(new URL("../support/mcpWords.ts", import.meta.url))],
  env: { MCP_TOKEN: Redacted.make("token") }
}

/** A server that runs from when the file is there. */
const lateServer = (file: string) => ({
  command: "sh",
  args: ["-c", `test -f ${file} && exec ${words.command} ${words.args.join(" ")}`]
})

const Greet = Tool.make("greet", { success: Schema.String })
const Greetings = Toolkit.make(Greet)

const statuses = (session: ClaudeSession.ClaudeSession) =>
  Effect.map(session.mcp.status, (servers) => Object.fromEntries(servers.map(({ name, status }) => [name, status])))

const write = (file: string, text: string): string =>
  `[[tool:Write ${JSON.stringify({ file_path: file, content: text })}]] [[text:done]]`

describe("what a session with Claude Code can be told and asked, on the real CLI", () => {
  claude("account, models, commands and agents are told", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      assert.strictEqual((yield* session.accountInfo).apiKeySource, "ANTHROPIC_API_KEY")
      assert.include(
        (yield* session.supportedModels).map(({ value }) => value),
        "sonnet"
      )
      assert.isAbove((yield* session.supportedCommands).length, 0)
      assert.include(
        (yield* session.supportedAgents).map(({ name }) => name),
        "general-purpose"
      )
    })
  )

  claude("MCP servers are set, each failure is told, and what is not named again is removed", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const set = yield* session.mcp.setServers({ words, broken: { command: "false" } })
      assert.deepStrictEqual(set.added, ["words", "broken"])
      assert.deepStrictEqual(Object.keys(set.errors), ["broken"])
      assert.deepStrictEqual(yield* statuses(session), { words: "connected", broken: "failed" })
      assert.deepStrictEqual((yield* session.mcp.setServers({ words })).removed, ["broken"])
      assert.deepStrictEqual((yield* session.mcp.setServers({})).removed, ["words"])
      assert.deepStrictEqual(yield* session.mcp.status, [])
    })
  )

  claude("the tools of the session stay when MCP servers are set", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, tools: Greetings, allowedTools: ["mcp__tools__greet"] })
      const { added, errors, removed } = yield* session.mcp.setServers({ words })
      assert.deepStrictEqual({ added, errors, removed }, { added: ["words"], errors: {}, removed: [] })
      yield* session.mcp.setServers({})
      const { toolCalls } = yield* session.ask("[[tool:mcp__tools__greet {}]] [[text:done]]")
      assert.deepStrictEqual(
        toolCalls.map(({ name, status }) => [name, status]),
        [["mcp__tools__greet", "ok"]]
      )
      const { reason } = yield* failure(session.mcp.setServers({ tools: words }))
      assert.strictEqual(reason._tag, "InvalidOptions")
    }).pipe(Effect.provide(Greetings.toLayer({ greet: () => Effect.succeed("Hello!") })))
  )

  claude("an MCP server is taken away and brought back, and its tools with it", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["mcp__words"] })
      yield* session.mcp.setServers({ words })
      const upper = `[[tool:mcp__words__upper {"text":"abc"}]] [[text:done]]`
      assert.strictEqual((yield* session.mcp.toggle("words", false)).status, "disabled")
      // 2.1.197 still runs a tool of such a server when a model calls one.
      if ((yield* session.serverInfo).claude_code_version !== undefined) {
        assert.strictEqual((yield* session.ask(upper)).toolCalls[0]?.status, "error")
      }
      assert.strictEqual((yield* session.mcp.toggle("words", true)).status, "connected")
      assert.strictEqual((yield* session.ask(upper)).toolCalls[0]?.status, "ok")
      const { reason } = yield* failure(session.mcp.toggle("nobody", true))
      assert.strictEqual(reason._tag, "ControlFailed")
    })
  )

  claude("an MCP server is connected anew, or it is told why not", ({ base, home }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      yield* session.mcp.setServers({ late: lateServer(`${home}/up`) })
      assert.strictEqual((yield* failure(session.mcp.reconnect("late"))).reason._tag, "ControlFailed")
      fs.writeFileSync(`${home}/up`, "")
      assert.strictEqual((yield* session.mcp.reconnect("late")).status, "connected")
    })
  )

  claude("a tool of an MCP server is called without a turn", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      yield* session.mcp.setServers({ words })
      const { content } = yield* session.mcp.call("mcp__words__upper", { text: "abc" }, { timeout: "10 seconds" })
      assert.deepStrictEqual(content, [{ type: "text", text: "ABC token" }])
      assert.strictEqual((yield* failure(session.mcp.call("mcp__nobody__x"))).reason._tag, "ControlFailed")
      assert.deepStrictEqual(
        api.requests.filter(({ path }) => path.startsWith("/v1/messages?")),
        []
      )
    })
  )

  claude("a resource of an MCP server is read", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      yield* session.mcp.setServers({ words })
      const resource = session.mcp.readResource("words", "ui://words")
      if ((yield* session.serverInfo).claude_code_version === undefined) {
        return assert.strictEqual((yield* failure(resource)).reason._tag, "Unsupported")
      }
      assert.deepStrictEqual(yield* resource, [{ uri: "ui://words", mimeType: "text/html", text: "<b>words</b>" }])
      const { reason } = yield* failure(session.mcp.readResource("words", "file:///etc/hosts"))
      assert.strictEqual(reason._tag, "ControlFailed")
    })
  )

  claude("files are rewound to where a prompt found them, after a look at what that would change", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["Write"], enableFileCheckpointing: true })
      const file = `${cwd}/new.txt`
      const { userMessageId } = yield* session.ask(write(file, "one\ntwo\n"))
      const dry = yield* session.rewindFiles(String(userMessageId), { dryRun: true })
      assert.deepStrictEqual([dry.filesChanged, dry.insertions, dry.deletions], [[file], 0, 2])
      assert.isTrue(fs.existsSync(file))
      yield* session.rewindFiles(String(userMessageId))
      assert.isFalse(fs.existsSync(file))
      for (const dryRun of [false, true]) {
        const { reason } = yield* failure(session.rewindFiles(crypto.randomUUID(), { dryRun }))
        assert.strictEqual(reason._tag, "ControlFailed")
      }
    })
  )

  claude("files are not rewound without checkpoints, and that is an error", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["Write"] })
      const { userMessageId } = yield* session.ask(write(`${cwd}/new.txt`, "x"))
      const { message, reason } = yield* failure(session.rewindFiles(String(userMessageId)))
      assert.strictEqual(reason._tag, "ControlFailed")
      assert.include(message, "not enabled")
    })
  )

  claude("a command in the background is stopped, and its end is awaited", (rig) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(rig.base)
      yield* session.ask(rig.background)
      yield* rig.running
      const [task] = yield* session.tasks
      assert.deepInclude(task, { kind: "local_bash", background: true })
      const taskId = String(task?.taskId)
      assert.strictEqual((yield* session.stopTask(taskId)).status, "stopped")
      yield* rig.ended
      assert.deepStrictEqual(yield* session.tasks, [])
      yield* session.quiescent
      assert.strictEqual((yield* session.history).length, 1)
      const { message, reason } = yield* failure(session.stopTask(taskId))
      assert.strictEqual(reason._tag, "ControlFailed")
      assert.include(message, taskId)
    })
  )

  claude("what a command in the background wrote is told", (rig) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(rig.base)
      yield* session.ask(rig.background)
      yield* rig.running
      const [task] = yield* session.tasks
      const output = session.taskOutput(String(task?.taskId))
      yield* rig.release
      yield* session.quiescent
      if ((yield* session.serverInfo).claude_code_version === undefined) {
        return assert.strictEqual((yield* failure(output)).reason._tag, "Unsupported")
      }
      assert.include((yield* output).output, "released")
      assert.strictEqual((yield* failure(session.taskOutput("nobody"))).reason._tag, "ControlFailed")
    })
  )

  claude("context, usage and settings are told", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const { cost } = yield* session.ask("hi")
      const context = yield* session.contextUsage({ detail: "summary" })
      assert.isAbove(context.totalTokens ?? 0, 0)
      assert.isAbove(context.maxTokens ?? 0, context.totalTokens ?? 0)
      assert.isAbove((yield* session.contextUsage()).totalTokens ?? 0, 0)
      const { session: used } = yield* session.usage
      assert.strictEqual(used?.total_cost_usd, cost._tag === "Some" ? cost.value : undefined)
      assert.isObject((yield* session.settings.read).applied)
    })
  )

  claude("settings are laid over others and taken away again, and one that was not taken is an error", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const laid = yield* session.settings.apply({ language: "french", effortLevel: "low" })
      assert.deepInclude(laid.effective, { language: "french", effortLevel: "low" })
      assert.deepInclude(laid.applied, { effort: "low" })
      const { message, reason } = yield* failure(session.settings.apply({ effortLevel: 3 }))
      assert.strictEqual(reason._tag, "ControlFailed")
      assert.include(message, "effortLevel")
      assert.notProperty((yield* session.settings.apply({ language: null })).effective, "language")
    })
  )

  claude("a settings file is written to, as far as the CLI lets it", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const update = session.settings.update("localSettings", { outputStyle: "Concise" })
      if ((yield* session.serverInfo).claude_code_version === undefined) {
        return assert.strictEqual((yield* failure(update)).reason._tag, "Unsupported")
      }
      yield* update
      assert.include(fs.readFileSync(`${cwd}/.claude/settings.local.json`, "utf8"), "Concise")
      const { reason } = yield* failure(session.settings.update("localSettings", { model: "opus" }))
      assert.strictEqual(reason._tag, "ControlFailed")
    })
  )

  claude("thinking is limited, from the next request on", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, model: "claude-haiku-4-5" })
      const thinking = Effect.map(session.ask("hi"), () => {
        const body = api.requests.findLast(({ path }) => path.startsWith("/v1/messages?"))?.body
        return typeof body === "object" && body !== null && "thinking" in body ? body.thinking : undefined
      })
      yield* session.setMaxThinkingTokens(2_000)
      assert.deepInclude(yield* thinking, { budget_tokens: 2_000 })
      const { reason } = yield* failure(session.setMaxThinkingTokens(-1))
      assert.strictEqual(reason._tag, "InvalidOptions")
    })
  )

  claude("skills that appear are found when they are read again", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      fs.mkdirSync(`${cwd}/.claude/skills/greet`, { recursive: true })
      fs.writeFileSync(`${cwd}/.claude/skills/greet/SKILL.md`, "---\nname: greet\ndescription: greets\n---\nSay hi.\n")
      assert.include(
        (yield* session.reloadSkills).map(({ name }) => name),
        "greet"
      )
      const { error_count: errors } = yield* session.reloadPlugins
      assert.strictEqual(errors, 0)
      assert.include(
        (yield* session.supportedCommands).map(({ name }) => name),
        "greet"
      )
    })
  )

  claude("a conversation is renamed, which is told once and kept", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      yield* session.ask("hi")
      yield* session.rename("A greeting")
      assert.strictEqual((yield* failure(session.rename(""))).reason._tag, "ControlFailed")
      yield* session.close
      const events = Array.from(yield* Stream.runCollect(session.events))
      assert.deepStrictEqual(
        only(events, "SessionUpdated").flatMap(({ changes }) => changes.title ?? []),
        ["A greeting"]
      )
    })
  )

  claude("requests are answered in the middle of a turn", (rig) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(rig.base)
      const events = yield* session.subscribe
      yield* Effect.forkChild(session.ask(rig.bash), { startImmediately: true })
      yield* rig.running
      yield* session.mcp.status
      yield* session.settings.apply({ language: "french" })
      yield* session.contextUsage({ detail: "summary" })
      yield* rig.release
      yield* until(events, "TurnEnded")
    })
  )

  claude(
    "a command that the turn waits for goes on in the background",
    (rig) =>
      Effect.gen(function* () {
        const session = yield* ClaudeSession.make(rig.base)
        const events = yield* session.subscribe
        const turn = yield* Effect.forkChild(session.ask(rig.bash), { startImmediately: true })
        const { background, taskId, toolId } = yield* until(events, "TaskStarted")
        assert.isFalse(background)
        assert.deepStrictEqual(yield* session.backgroundTasks(toolId), [taskId])
        assert.deepInclude((yield* session.tasks)[0], { taskId, background: true })
        const { reason } = yield* failure(session.backgroundTasks(toolId))
        assert.strictEqual(reason._tag, "ControlFailed")
        assert.deepStrictEqual(yield* session.backgroundTasks(), [])
        yield* until(events, "TurnEnded")
        yield* rig.release
        yield* session.quiescent
        assert.strictEqual((yield* session.history).length, 2)
        void turn
      }),
    later
  )

  claude("a permission mode that there is not is refused, also where the CLI takes any", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const mode: PermissionMode = JSON.parse('"strange"')
      const { reason } = yield* failure(session.setPermissionMode(mode))
      assert.strictEqual(reason._tag, "InvalidOptions")
    })
  )
})
