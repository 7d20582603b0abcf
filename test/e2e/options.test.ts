import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import * as AgentEvent from "effect-agent-session/AgentEvent"
import type { ClaudeOptions } from "effect-agent-session/claude/ClaudeOptions"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Input from "effect-agent-session/Input"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import type { MockApi } from "../support/mockApi.ts"
import { isRecord } from "../support/mockApiReply.ts"
import { bodies, claude, failure, type Rig } from "./support.ts"

const later = { since: "2.1.300" }

/** The first request for an answer that such a session makes. */
const requested = (rig: Pick<Rig, "api" | "base">, options: ClaudeOptions, prompt = "hi") =>
  Effect.gen(function* () {
    const session = yield* ClaudeSession.make({ ...rig.base, ...options })
    yield* session.ask(prompt)
    return bodies(rig.api)[0] ?? {}
  })

/** The names of the tools that the model is offered, without the CLI's stand-in for what it offers later. */
const offered = (body: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  (Array.isArray(body["tools"]) ? body["tools"] : [])
    .flatMap((tool: unknown) => (isRecord(tool) ? [String(tool["name"])] : []))
    .filter((name) => name !== "DeferredToolPlaceholder")

const namesOf = (named: ReadonlyArray<{ readonly name: string }> = []): ReadonlyArray<string> =>
  named.map(({ name }) => name)

const betasOf = (api: MockApi): string =>
  api.requests.find(({ path }) => path.startsWith("/v1/messages?"))?.headers["anthropic-beta"] ?? ""

const writeSkill = (dir: string, name: string): void => {
  fs.mkdirSync(`${dir}/skills/${name}`, { recursive: true })
  const head = `---\nname: ${name}\ndescription: what-${name}-is-for\n---\n`
  fs.writeFileSync(`${dir}/skills/${name}/SKILL.md`, `${head}steps-of-${name}\n`)
}

const writePlugin = (dir: string): void => {
  fs.mkdirSync(`${dir}/.claude-plugin`, { recursive: true })
  fs.mkdirSync(`${dir}/commands`)
  fs.writeFileSync(`${dir}/.claude-plugin/plugin.json`, JSON.stringify({ name: "plug", version: "1.0.0" }))
  fs.writeFileSync(`${dir}/commands/hello.md`, "---\ndescription: says hello\n---\nHello")
  fs.writeFileSync(`${dir}/.mcp.json`, JSON.stringify({ mcpServers: { own: { command: "false" } } }))
}

const servers = (session: ClaudeSession.ClaudeSession) =>
  Effect.map(session.control("mcp_status", {}), ({ mcpServers }) => namesOf(mcpServers))

describe("models", () => {
  claude("effort is in the request", (rig) =>
    Effect.gen(function* () {
      const body = yield* requested(rig, { model: "sonnet", effort: "low" })
      assert.deepInclude(body["output_config"], { effort: "low" })
    })
  )

  claude("rule 21: an effort that the model does not have is Unsupported, and not another one", ({ base }) =>
    Effect.gen(function* () {
      for (const [model, effort] of [
        ["claude-opus-4-6", "xhigh"],
        ["claude-sonnet-4-5", "high"]
      ] as const) {
        const error = yield* failure(ClaudeSession.make({ ...base, model, effort }))
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.include(error.message, `effort "${effort}" with the model ${model}`)
      }
    })
  )

  claude("thinking is in the request: as the model likes, not at all", (rig) =>
    Effect.gen(function* () {
      const model = "claude-opus-4-6"
      const adaptive = yield* requested(rig, { model, thinking: { type: "adaptive" } })
      assert.deepInclude(adaptive["thinking"], { type: "adaptive" })
      const session = yield* ClaudeSession.make({ ...rig.base, model, thinking: { type: "disabled" } })
      yield* session.ask("hi")
      assert.deepStrictEqual(bodies(rig.api).at(-1)?.["thinking"], { type: "disabled" })
    })
  )

  claude("thinking is in the request: for so many tokens", (rig) =>
    Effect.gen(function* () {
      const thinking = { type: "enabled", budgetTokens: 5000 } as const
      const body = yield* requested(rig, { model: "claude-sonnet-4-5", thinking })
      assert.deepInclude(body["thinking"], { type: "enabled", budget_tokens: 5000 })
    })
  )

  claude("rule 21: thinking that the model cannot do as it is asked for is Unsupported", ({ base }) =>
    Effect.gen(function* () {
      for (const [model, thinking] of [
        ["claude-sonnet-4-5", { type: "adaptive" }],
        ["claude-opus-4-6", { type: "enabled", budgetTokens: 5000 }]
      ] as const) {
        const error = yield* failure(ClaudeSession.make({ ...base, model, thinking }))
        assert.strictEqual(error.reason._tag, "Unsupported")
        assert.include(error.message, `thinking of type "${thinking.type}" with the model ${model}`)
      }
    })
  )

  claude(
    "rule 21: a model that always thinks cannot be told not to",
    ({ base }) =>
      Effect.gen(function* () {
        const options = { ...base, model: "sonnet", thinking: { type: "disabled" } } as const
        assert.strictEqual((yield* failure(ClaudeSession.make(options))).reason._tag, "Unsupported")
      }),
    later
  )

  claude("betas and the budget of the task are in the request", (rig) =>
    Effect.gen(function* () {
      const options: ClaudeOptions = { model: "sonnet", betas: ["context-1m-2025-08-07"], taskBudget: 5000 }
      const body = yield* requested(rig, options)
      assert.deepInclude(body["output_config"], { task_budget: { type: "tokens", total: 5000 } })
      assert.include(betasOf(rig.api), "context-1m-2025-08-07")
    })
  )

  claude("the fallback model answers when the main one is overloaded", ({ api, base }) =>
    Effect.gen(function* () {
      const set = { ...base.env.set, CLAUDE_CODE_MAX_RETRIES: "5" }
      const options = { ...base, env: { ...base.env, set }, model: "sonnet", fallbackModel: "haiku" }
      const session = yield* ClaudeSession.make(options)
      const { text } = yield* session.ask("[[error times=3:529]] [[text:here]]")
      assert.strictEqual(text, "here")
      const models = bodies(api).map((body) => String(body["model"]))
      assert.match(models[0] ?? "", /sonnet/)
      assert.match(models.at(-1) ?? "", /haiku/)
    })
  )
})

describe("agents, tools, skills, plugins", () => {
  const critic = { description: "Criticizes", prompt: "You are a merciless critic.", tools: ["Read"] }

  claude("agents of ours are listed; one of them leads, with its prompt and its tools", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, agents: { critic }, agent: "critic" })
      const { agents } = yield* session.serverInfo
      assert.include(namesOf(agents), "critic")
      yield* session.ask("hi")
      const [body = {}] = bodies(api)
      assert.include(JSON.stringify(body["system"]), critic.prompt)
      assert.deepStrictEqual(offered(body), ["Read"])
    })
  )

  claude("rule 21: an agent to lead that there is not is refused, and not passed over", ({ base }) =>
    Effect.gen(function* () {
      const error = yield* failure(ClaudeSession.make({ ...base, agents: { critic }, agent: "crtic" }))
      assert.strictEqual(error.reason._tag, "InvalidOptions")
      assert.match(error.message, /there is no "crtic": there are .*critic/)
    })
  )

  claude("the text of subagents is passed on", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["Agent", "Task"], forwardSubagentText: true })
      const input = { description: "d", prompt: "[[text:from-below]]", subagent_type: "general-purpose" }
      const said = yield* Effect.forkChild(
        session.events.pipe(
          AgentEvent.textDeltasWith({ includeSubagents: true }),
          Stream.takeUntil((text) => text.includes("from-below")),
          Stream.runDrain
        ),
        { startImmediately: true }
      )
      yield* session.ask(`[[tool:Agent ${JSON.stringify(input)}]] [[text:done]]`)
      yield* Fiber.join(said)
    })
  )

  claude("the model is offered the built-in tools that are named, or none", ({ api, base }) =>
    Effect.gen(function* () {
      for (const builtInTools of [["Read", "Write"], []]) {
        const session = yield* ClaudeSession.make({ ...base, builtInTools })
        yield* session.ask("hi")
        assert.sameMembers([...offered(bodies(api).at(-1) ?? {})], builtInTools)
      }
    })
  )

  claude("a call of one tool is a call of another one", ({ base, cwd }) =>
    Effect.gen(function* () {
      fs.writeFileSync(`${cwd}/note`, "the note")
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["Read"], toolAliases: { Bash: "Read" } })
      const call = `[[tool:Bash ${JSON.stringify({ file_path: `${cwd}/note` })}]] [[text:done]]`
      const { toolCalls } = yield* session.ask(call)
      assert.include(JSON.stringify(toolCalls[0]?.output), "the note")
    })
  )

  claude("the model is told how to write previews", ({ api, base }) =>
    Effect.gen(function* () {
      const input: Input.Handler = () => Effect.succeed(Input.decline())
      const formats = ["markdown", "html"] as const
      for (const previewFormat of formats) {
        const session = yield* ClaudeSession.make({
          ...base,
          input,
          toolConfig: { askUserQuestion: { previewFormat } }
        })
        yield* session.ask("hi")
      }
      const [markdown, html] = bodies(api).map((body) => JSON.stringify(body["tools"]))
      assert.notStrictEqual(markdown, html)
      assert.match(html ?? "", /HTML fragment/)
      assert.notMatch(markdown ?? "", /HTML fragment/)
    })
  )

  claude("the model is shown the skills that are named, and may use them", ({ api, base, home }) =>
    Effect.gen(function* () {
      writeSkill(`${home}/.claude`, "sew")
      writeSkill(`${home}/.claude`, "knit")
      const session = yield* ClaudeSession.make({ ...base, skills: ["sew"] })
      const { toolCalls } = yield* session.ask('[[tool:Skill {"skill":"sew"}]] [[text:done]]')
      assert.strictEqual(toolCalls[0]?.status, "ok")
      const sent = JSON.stringify(bodies(api))
      assert.include(sent, "what-sew-is-for")
      assert.include(sent, "steps-of-sew")
      assert.notInclude(sent, "what-knit-is-for")
    })
  )

  claude("a plugin brings its commands and servers, or only its commands", ({ base, home }) =>
    Effect.gen(function* () {
      writePlugin(`${home}/plug`)
      const whole = yield* ClaudeSession.make({ ...base, plugins: ["../plug"] })
      const bare = yield* ClaudeSession.make({ ...base, plugins: [{ path: "../plug", skipMcpDiscovery: true }] })
      for (const session of [whole, bare]) {
        const { commands } = yield* session.serverInfo
        assert.include(namesOf(commands), "plug:hello")
      }
      assert.deepStrictEqual(yield* servers(whole), ["plugin:plug:own"])
      assert.deepStrictEqual(yield* servers(bare), [])
    })
  )

  claude("servers of the project are there, unless only ours count", ({ base, cwd }) =>
    Effect.gen(function* () {
      fs.writeFileSync(`${cwd}/.mcp.json`, JSON.stringify({ mcpServers: { theirs: { command: "false" } } }))
      const settings = { enableAllProjectMcpServers: true }
      const open = yield* ClaudeSession.make({ ...base, settings })
      assert.deepStrictEqual(yield* servers(open), ["theirs"])
      const strict = yield* ClaudeSession.make({ ...base, settings, strictMcpConfig: true })
      assert.deepStrictEqual(yield* servers(strict), [])
    })
  )

  claude("without commands there are no skills either", (rig) =>
    Effect.gen(function* () {
      writeSkill(`${rig.home}/.claude`, "sew")
      const body = yield* requested(rig, { disableSlashCommands: true })
      assert.notInclude(JSON.stringify(body), "what-sew-is-for")
    })
  )
})

describe("settings", () => {
  claude("the sandbox is among the settings that the CLI took", ({ base }) =>
    Effect.gen(function* () {
      const sandbox = { enabled: false, excludedCommands: ["docker"], network: { allowedDomains: ["a.org"] } }
      const session = yield* ClaudeSession.make({ ...base, sandbox, settings: { cleanupPeriodDays: 7 } })
      const { sources } = yield* session.control("get_settings", {})
      assert.deepStrictEqual(sources, [{ source: "flagSettings", settings: { cleanupPeriodDays: 7, sandbox } }])
    })
  )

  claude("rule 21: settings that the CLI drops are refused, and not passed over", ({ base }) =>
    Effect.gen(function* () {
      for (const [settings, at] of [
        [{ effortLevel: 7, model: "opus" }, "settings.effortLevel"],
        [{ permissions: { allow: ["Bash("] } }, "settings.permissions.allow"]
      ] as const) {
        const error = yield* failure(ClaudeSession.make({ ...base, settings }))
        assert.strictEqual(error.reason._tag, "InvalidOptions")
        assert.include(error.message, `${at}: Claude Code did not take it`)
      }
      const managedSettings = { model: "opus" }
      const error = yield* failure(ClaudeSession.make({ ...base, managedSettings }))
      assert.include(error.message, "managedSettings: Claude Code did not take it")
    })
  )

  claude("what managed settings deny is not there", (rig) =>
    Effect.gen(function* () {
      const body = yield* requested(rig, { managedSettings: { permissions: { deny: ["Bash"] } } })
      assert.notInclude(offered(body), "Bash")
      assert.include(offered(body), "Read")
    })
  )

  claude(
    "the settings of the project come from another checkout",
    ({ base, home }) =>
      Effect.gen(function* () {
        writeSkill(`${home}/root/.claude`, "sew")
        const session = yield* ClaudeSession.make({ ...base, projectConfigRoot: `${home}/root` })
        const { commands } = yield* session.serverInfo
        assert.include(namesOf(commands), "sew")
      }),
    later
  )

  claude("the agent works in a worktree of its own", ({ base, cwd }) =>
    Effect.gen(function* () {
      const git = (...args: ReadonlyArray<string>) =>
        execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", ...args], { cwd, stdio: "ignore" })
      git("init", "-q")
      git("commit", "-q", "--allow-empty", "-m", "first")
      const session = yield* ClaudeSession.make({ ...base, worktree: "fix-1" })
      const { toolCalls } = yield* session.ask('[[tool:Bash {"command":"pwd"}]] [[text:done]]')
      assert.match(String(toolCalls[0]?.output), /\/worktrees\/fix-1$/)
    })
  )

  claude("files of the API need the CLI's token, and it says so", ({ base }) =>
    Effect.gen(function* () {
      const error = yield* failure(ClaudeSession.make({ ...base, files: ["file_1:a.txt"] }))
      assert.strictEqual(error.reason._tag, "StartupFailed")
      assert.include(JSON.stringify(error.reason), "CLAUDE_CODE_SESSION_ACCESS_TOKEN")
    })
  )
})

describe("conversations", () => {
  claude("a new conversation has the title", ({ base, home }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, title: "A title of ours" })
      yield* session.ask("hi")
      yield* session.close
      const projects = `${home}/.claude/projects`
      const texts = fs
        .readdirSync(projects, { recursive: true, encoding: "utf8" })
        .filter((file) => file.endsWith(".jsonl"))
        .map((file) => fs.readFileSync(`${projects}/${file}`, "utf8"))
      assert.include(texts.join(), '"customTitle":"A title of ours"')
    })
  )

  claude(
    "a cut that takes off more than its turn is refused",
    ({ base }) =>
      Effect.gen(function* () {
        const ids = yield* Effect.scoped(
          Effect.gen(function* () {
            const session = yield* ClaudeSession.make(base)
            const one = yield* session.ask("one")
            const two = yield* session.ask("two")
            return { resume: String(one.sessionId), at: String(one.userMessageId), two: String(two.userMessageId) }
          })
        )
        const { at, resume, two } = ids
        const error = yield* failure(
          ClaudeSession.make({ ...base, start: { resume, at, fork: true }, resumeDropsTurn: two })
        )
        assert.include(error.message, "Resume rejected by --resume-drops-turn")
      }),
    later
  )

  claude("plan mode has instructions of ours", (rig) =>
    Effect.gen(function* () {
      const body = yield* requested(rig, { permissionMode: "plan", planModeInstructions: "Draw a map first." })
      assert.include(JSON.stringify(body["messages"]), "Draw a map first.")
    })
  )

  claude("what differs by directory is not in the system prompt", (rig) =>
    Effect.gen(function* () {
      const plain = yield* requested(rig, {})
      assert.include(JSON.stringify(plain["system"]), rig.home)
      const session = yield* ClaudeSession.make({ ...rig.base, excludeDynamicSections: true })
      yield* session.ask("hi")
      const body = bodies(rig.api).at(-1)
      assert.notInclude(JSON.stringify(body?.["system"]), rig.home)
      assert.include(JSON.stringify(body?.["messages"]), rig.home)
    })
  )

  claude(
    "a verbatim prompt is no command, and the session can still be cleared",
    ({ api, base }) =>
      Effect.gen(function* () {
        const session = yield* ClaudeSession.make({ ...base, verbatimPrompts: true })
        yield* session.ask("/context")
        assert.include(JSON.stringify(bodies(api).at(-1)?.["messages"]), "/context")
        yield* session.clear
        yield* session.ask("hi")
        assert.notInclude(JSON.stringify(bodies(api).at(-1)?.["messages"]), "/context")
      }),
    later
  )

  claude("files are rewound to where a prompt found them", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["Write"], enableFileCheckpointing: true })
      const input = JSON.stringify({ file_path: `${cwd}/new.txt`, content: "x" })
      const { userMessageId } = yield* session.ask(`[[tool:Write ${input}]] [[text:done]]`)
      assert.isTrue(fs.existsSync(`${cwd}/new.txt`))
      yield* session.control("rewind_files", { user_message_id: String(userMessageId) })
      assert.isFalse(fs.existsSync(`${cwd}/new.txt`))
    })
  )

  claude("the transcript is repeated among the messages", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, sessionMirror: true })
      const mirrored = yield* Effect.forkChild(
        session.messages.pipe(
          Stream.takeUntil((message) => message.type === "transcript_mirror"),
          Stream.runDrain
        ),
        { startImmediately: true }
      )
      yield* session.ask("hi")
      yield* Fiber.join(mirrored)
    })
  )

  claude("a log is written", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({ ...base, debugFile: "debug.log" })
      yield* session.ask("hi")
      yield* session.close
      assert.isAbove(fs.statSync(`${cwd}/debug.log`).size, 0)
    })
  )

  claude(
    "the permission mode is the default one, whatever the CLI would begin with",
    ({ base }) =>
      Effect.gen(function* () {
        const session = yield* ClaudeSession.make(base)
        assert.strictEqual((yield* session.serverInfo).current_permission_mode, "default")
      }),
    later
  )
})
