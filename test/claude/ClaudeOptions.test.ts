import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { PermissionMode, Start } from "../../src/AgentAdapter.ts"
import { ClaudeOnly, type ResolvedClaudeOptions, validate } from "../../src/claude/ClaudeOptions.ts"
import * as Input from "../../src/Input.ts"
import * as Permission from "../../src/Permission.ts"
import { claude, resolved } from "./resolvedOptions.ts"

const id = "0b5e7a4e-91a5-4d23-8f2b-b1a9a3c0ffee"
const other = "1c6f8b5f-a2b6-4e34-9a3c-c2bab4d1aaaa"

const refused = (options: ResolvedClaudeOptions, says: RegExp): void => {
  const issues = validate(options)
  assert.strictEqual(issues.length, 1, `one issue: ${issues.join(" | ")}`)
  assert.match(issues[0] ?? "", says)
}

const accepted = (options: ResolvedClaudeOptions): void => assert.deepStrictEqual(validate(options), [])

/** What a caller without types may write. */
const untyped = (value: unknown): ResolvedClaudeOptions => claude(value as ClaudeOnly)

describe("validate", () => {
  it("nothing is required: the login is the CLI's own business [cc-33]", () => {
    accepted(resolved())
    accepted(claude({}))
  })

  it("rule 21: every option of Claude's own is checked for its type, and the issue names it [cc-29]", () => {
    const wrong = {
      agent: " ",
      agentProgressSummaries: "yes",
      agents: { critic: { description: "d" } },
      betas: ["zork-2026-01-01"],
      builtInTools: "all",
      debug: " ",
      debugFile: "",
      disableSlashCommands: 1,
      effort: "extreme",
      enableFileCheckpointing: "true",
      excludeDynamicSections: 0,
      files: ["a.txt"],
      forwardSubagentText: "on",
      managedSettings: "{}",
      mcpServers: "all",
      perTaskStopAffordance: 1,
      permissionPromptTool: "stdio",
      planModeInstructions: "",
      plugins: [""],
      projectConfigRoot: "../main",
      promptSuggestions: 1,
      resumeDropsTurn: "",
      sandbox: { enabled: "yes" },
      sessionMirror: "on",
      skills: ["pdf,docx"],
      supportedDialogKinds: "a-kind",
      strictMcpConfig: 1,
      systemPromptSnapshot: "off",
      taskBudget: 0,
      thinking: { type: "enabled", budgetTokens: 0 },
      title: " ",
      toolAliases: { Bash: "" },
      toolConfig: { askUserQuestion: { previewFormat: "pdf" } },
      verbatimPrompts: "yes",
      worktree: "../elsewhere",
      addDirs: "src",
      fallbackModel: 1,
      settingSources: ["home"],
      settings: 7,
      extraArgs: { effort: 3 },
      configDir: false,
      allowDangerouslySkipPermissions: "yes",
      replayUserMessages: 1,
      includeHookEvents: "on"
    } satisfies { readonly [K in keyof Required<ClaudeOnly>]: unknown }
    for (const [name, value] of Object.entries(wrong)) refused(untyped({ [name]: value }), new RegExp(`^${name}`))
  })

  it("all values that are malformed are told at once", () => {
    assert.lengthOf(validate(untyped({ addDirs: "src", fallbackModel: 1 })), 2)
  })

  it("rule 21: what is misspelt inside of an option is refused: half of a sandbox is none [cc-31]", () => {
    const wrong: ReadonlyArray<readonly [unknown, RegExp]> = [
      [{ sandbox: { enabled: true, network: { alowedDomains: ["a.org"] } } }, /^sandbox\.network\.alowedDomains/],
      [{ agents: { critic: { description: "d", prompt: "p", tool: ["Read"] } } }, /^agents\.critic\.tool/],
      [{ thinking: { type: "adaptive", budgetTokens: 2000 } }, /^thinking/],
      [{ plugins: [{ path: ".", skipMcp: true }] }, /^plugins\.0/],
      [{ toolConfig: { askUserQuestion: { format: "html" } } }, /^toolConfig\.askUserQuestion\.format/]
    ]
    for (const [options, says] of wrong) refused(untyped(options), says)
  })

  it("rule 21: the definition of an agent is checked as strictly as the CLI does, which drops it without a word", () => {
    const agent = (over: object): ResolvedClaudeOptions =>
      untyped({ agents: { critic: { description: "d", prompt: "p", ...over } } })
    accepted(agent({}))
    accepted(agent({ model: "opus", effort: 40, maxTurns: 3, mcpServers: ["docs", { local: { command: "x" } }] }))
    refused(agent({ description: 5 }), /^agents\.critic\.description/)
    refused(agent({ effort: "extreme" }), /^agents\.critic\.effort/)
    refused(agent({ maxTurns: 0 }), /^agents\.critic\.maxTurns/)
    refused(agent({ permissionMode: "free" }), /^agents\.critic\.permissionMode/)
    refused(agent({ tools: [""] }), /^agents\.critic\.tools/)
  })

  it("rule 21: a skill is named as its folder is: what would end its rule, or stand for others, is refused", () => {
    accepted(claude({ skills: ["pdf", "plug:docx", "with blank"] }))
    accepted(claude({ skills: "all" }))
    accepted(claude({ skills: [] }))
    for (const name of ["", " pdf", "pdf ", "/pdf", "a,b", "a(b)", "*", "a:*", "a\\b", "a\nb"]) {
      refused(claude({ skills: [name] }), /^skills/)
    }
  })

  it("rule 21: skills need the tool that runs them", () => {
    refused(claude({ skills: ["pdf"], builtInTools: ["Read"] }), /^skills needs the tool Skill/)
    refused(resolved({ disallowedTools: ["Skill"], claude: { skills: "all" } }), /^skills needs the tool Skill/)
    refused(claude({ skills: ["pdf"], disableSlashCommands: true }), /^disableSlashCommands leaves out the skills/)
    accepted(claude({ skills: ["pdf"], builtInTools: ["Read", "Skill"] }))
    accepted(claude({ skills: [], builtInTools: [], disableSlashCommands: true }))
  })

  it("rule 21: built-in tools are names, each there or not there", () => {
    accepted(claude({ builtInTools: "default" }))
    accepted(claude({ builtInTools: [] }))
    refused(claude({ builtInTools: ["Bash(git:*)"] }), /^builtInTools: .* rules belong in allowedTools/)
    refused(claude({ builtInTools: ["Read,Bash"] }), /^builtInTools/)
    refused(
      resolved({ disallowedTools: ["Bash"], claude: { builtInTools: ["Bash", "Read"] } }),
      /"Bash" is in builtInTools and in disallowedTools/
    )
  })

  it("rule 21: one place decides about permissions", () => {
    const permissionPromptTool = "mcp__ask__permit"
    accepted(claude({ permissionPromptTool }))
    refused(resolved({ permissions: Permission.allowAll, claude: { permissionPromptTool } }), /^permissionPromptTool/)
    refused(
      resolved({ input: () => Effect.succeed(Input.decline()), claude: { permissionPromptTool } }),
      /^permissionPromptTool/
    )
  })

  it("rule 21: what is for a new conversation is refused where an earlier one goes on", () => {
    const earlier = { resume: id } as const
    const copy = { resume: id, fork: true } as const
    refused(resolved({ start: earlier, claude: { title: "T" } }), /^title is for a new conversation or a copy/)
    refused(resolved({ start: { continue: true }, claude: { title: "T" } }), /^title/)
    accepted(resolved({ start: copy, claude: { title: "T" } }))
    refused(resolved({ start: copy, claude: { worktree: "fix" } }), /^worktree is for a new conversation/)
    accepted(resolved({ start: { sessionId: id }, claude: { worktree: "fix", title: "T" } }))
  })

  it("rule 21: the turn that is cut off needs the place of the cut", () => {
    refused(claude({ resumeDropsTurn: other }), /^resumeDropsTurn needs start\.at/)
    refused(resolved({ start: { resume: id }, claude: { resumeDropsTurn: other } }), /^resumeDropsTurn/)
    accepted(resolved({ start: { resume: id, at: other }, claude: { resumeDropsTurn: other } }))
  })

  it("rule 21: a system prompt is not given where it would count for nothing", () => {
    const snapshot = { systemPromptSnapshot: true }
    refused(resolved({ start: { resume: id }, systemPrompt: "s", claude: snapshot }), /^systemPromptSnapshot: true/)
    accepted(resolved({ start: { resume: id }, claude: snapshot }))
    accepted(resolved({ systemPrompt: "s", claude: snapshot }))
    const moved = { excludeDynamicSections: true }
    refused(resolved({ systemPrompt: "s", claude: moved }), /^excludeDynamicSections changes nothing/)
    accepted(resolved({ systemPrompt: { append: "s" }, claude: moved }))
  })

  it("rule 21: what repeats the transcript needs one, and a log is not switched off and named", () => {
    refused(resolved({ persist: false, claude: { sessionMirror: true } }), /^sessionMirror repeats what is kept/)
    accepted(claude({ sessionMirror: true }))
    refused(claude({ debug: false, debugFile: "log" }), /^debugFile says debug/)
    accepted(claude({ debug: "api", debugFile: "log" }))
  })

  it("rule 21: the sandbox is said once, and where it can be laid over the settings", () => {
    const sandbox = { enabled: true }
    accepted(claude({ sandbox, settings: { model: "opus" } }))
    accepted(claude({ sandbox, settings: '{"model":"opus"}' }))
    refused(claude({ sandbox, settings: { sandbox: {} } }), /^sandbox and settings\.sandbox/)
    refused(claude({ sandbox, settings: "settings.json" }), /^sandbox cannot be laid over a settings file/)
  })

  it("rule 21: the permission mode is an option, and refused among the settings, where it would be passed over", () => {
    const permissions = { defaultMode: "plan" }
    refused(claude({ settings: { permissions } }), /^settings\.permissions\.defaultMode .* the option permissionMode/)
    refused(claude({ settings: JSON.stringify({ permissions }) }), /^settings\.permissions\.defaultMode/)
    accepted(claude({ settings: { permissions: { allow: ["Read"] } } }))
  })

  it("rule 11: a secret of the environment is in no argument, and is not told in the issue", () => {
    const set = { TOKEN: Redacted.make("s3cret-value"), SHORT: Redacted.make("a") }
    const options = (only: ClaudeOnly): ResolvedClaudeOptions => resolved({ env: { set }, claude: only })
    refused(options({ settings: { apiKeyHelper: "echo s3cret-value" } }), /^settings holds a secret/)
    refused(options({ extraArgs: { "any-later-flag": "s3cret-value" } }), /^extraArgs holds a secret/)
    assert.notInclude(validate(options({ extraArgs: { x: "s3cret-value" } })).join(), "s3cret")
    const headers = { Authorization: Redacted.make("Bearer s3cret-value") }
    const mcpServers = { docs: { type: "http", url: "https://example.com", headers } } as const
    refused(claude({ mcpServers, extraArgs: { auth: "Bearer s3cret-value" } }), /^extraArgs holds a secret/)
    accepted(options({ planModeInstructions: "s3cret-value", fallbackModel: "haiku" }))
    accepted(resolved({ env: { set: { LANG: "haiku-haiku" } }, claude: { fallbackModel: "haiku-haiku" } }))
  })

  it("rule 11: what is too long for a command line is refused by the option's name", () => {
    const long = "x".repeat(200_000)
    refused(claude({ settings: { note: long } }), /^settings is longer than the system takes/)
    refused(claude({ extraArgs: { "any-later-flag": long } }), /^extraArgs is longer/)
    const dirs = Array.from({ length: 3_000 }, (_, index) => `/${index}/${"d".repeat(400)}`)
    refused(claude({ addDirs: dirs, fallbackModel: "haiku" }), /^addDirs is longer/)
    accepted(resolved({ systemPrompt: long, claude: { agents: { a: { description: "d", prompt: long } } } }))
  })

  it("rule 21: resume takes the id of a session and no title [cc-34]", () => {
    accepted(resolved({ start: { resume: id } }))
    accepted(resolved({ start: { resume: id.toUpperCase() } }))
    refused(resolved({ start: { resume: "my refactoring" } }), /^start\.resume must be a session id/)
    refused(resolved({ start: { resume: `${id}/../x` } }), /^start\.resume/)
  })

  it("rule 21: a session id of one's own goes with a new session or a copy, and with nothing else [cc-34]", () => {
    const starts: ReadonlyArray<readonly [boolean, Start]> = [
      [true, { sessionId: id }],
      [true, { resume: id, fork: true, sessionId: other }],
      [true, { continue: true, fork: true, sessionId: other }],
      [false, { resume: id, sessionId: other }],
      [false, { resume: id, fork: false, sessionId: other }],
      [false, { continue: true, sessionId: other }]
    ]
    for (const [good, start] of starts) {
      if (good) accepted(resolved({ start }))
      else refused(resolved({ start }), /^start\.sessionId .* needs fork: true/)
    }
  })

  it("what the CLI can do is not refused: a copy that is not kept, a cut with and without a copy", () => {
    const starts: ReadonlyArray<Start> = [
      { resume: id },
      { resume: id, fork: true },
      { resume: id, at: other },
      { resume: id, at: other, fork: true },
      { continue: true },
      { continue: true, fork: true },
      { sessionId: id },
      "new"
    ]
    for (const start of starts) for (const persist of [true, false]) accepted(resolved({ start, persist }))
  })

  it("rule 21: bypassing permissions needs the option that permits it, which may stand alone [cc-34]", () => {
    const mode = (permissionMode: PermissionMode, permitted?: boolean): ResolvedClaudeOptions =>
      resolved({ permissionMode, claude: { allowDangerouslySkipPermissions: permitted } })
    refused(mode("bypassPermissions"), /needs allowDangerouslySkipPermissions: true/)
    refused(mode("bypassPermissions", false), /needs allowDangerouslySkipPermissions: true/)
    refused(resolved({ permissionMode: "bypassPermissions" }), /needs allowDangerouslySkipPermissions: true/)
    accepted(mode("bypassPermissions", true))
    accepted(mode("default", true))
    accepted(claude({ allowDangerouslySkipPermissions: true }))
    for (const other of ["default", "acceptEdits", "plan", "dontAsk", "auto"] as const) accepted(mode(other))
  })

  it("rule 21: the fallback is another model than the model", () => {
    const models = (model: string | undefined, fallbackModel: string): ResolvedClaudeOptions =>
      resolved({ model, claude: { fallbackModel } })
    accepted(models("opus", "sonnet,haiku"))
    accepted(models(undefined, "sonnet"))
    refused(models("opus", "opus"), /^fallbackModel must differ from model/)
    refused(models("opus", "sonnet, opus"), /^fallbackModel must differ from model/)
    refused(models(undefined, " "), /^fallbackModel is empty/)
  })

  it("rule 21: a rule with commas and blanks in its parentheses is one rule; what the CLI would cut is refused [cc-20]", () => {
    for (const rule of ["Read", "mcp__calc__add", "Bash(git:*)", "Bash(git log --format=%h,%s)", "Bash(echo (a))"]) {
      accepted(resolved({ allowedTools: [rule] }))
    }
    for (const rule of ["Read,Bash", "Read Bash", " Read", "Bash(echo (a,b) c)", "Bash(git log", "Bash(a)\nRead"]) {
      refused(resolved({ allowedTools: [rule] }), /^allowedTools: .* one rule an entry/)
      refused(resolved({ disallowedTools: [rule] }), /^disallowedTools: .* one rule an entry/)
    }
  })

  it("rule 21: no list has an empty entry", () => {
    refused(resolved({ allowedTools: ["Read", ""] }), /^allowedTools has an empty entry/)
    refused(resolved({ disallowedTools: [" "] }), /^disallowedTools has an empty entry/)
    refused(claude({ addDirs: [""] }), /^addDirs has an empty entry/)
    refused(claude({ configDir: "" }), /^configDir is empty/)
    accepted(resolved({ allowedTools: [], disallowedTools: [], claude: { addDirs: [], settingSources: [] } }))
  })

  it("rule 21: a tool is allowed or refused, not both", () => {
    const both = { allowedTools: ["Read", "Bash(rm:*)"], disallowedTools: ["Bash(rm:*)"] }
    refused(resolved(both), /"Bash\(rm:\*\)" is in allowedTools and in disallowedTools/)
    accepted(resolved({ allowedTools: ["Bash"], disallowedTools: ["Bash(rm:*)"] }))
  })

  it("settings are a path, JSON, or an object; text that is neither is refused [cc-25]", () => {
    accepted(claude({ settings: "./settings.json" }))
    accepted(claude({ settings: ' {"model":"opus","permissions":{"allow":["Read"]}} ' }))
    accepted(claude({ settings: { model: "opus", permissions: { allow: ["Read"] } } }))
    refused(claude({ settings: "{bad" }), /^settings begins like JSON/)
    refused(claude({ settings: "{bad}" }), /^settings begins like JSON/)
    refused(claude({ settings: "  " }), /^settings is empty/)
  })

  it("rule 11: settings that go on the command line hold no variables, for there they could be read by all", () => {
    refused(claude({ settings: { env: { API_TOKEN: "s3cret" } } }), /^settings\.env would be visible/)
    refused(claude({ settings: '{"env":{"API_TOKEN":"s3cret"}}' }), /^settings\.env would be visible/)
    refused(claude({ managedSettings: { env: { API_TOKEN: "s3cret" } } }), /^managedSettings\.env would be visible/)
    assert.notInclude(validate(claude({ settings: { env: { API_TOKEN: "s3cret" } } })).join(), "s3cret")
  })

  it("rule 21: a flag that belongs to an option, or to us, is refused, and the issue says whose it is [cc-28]", () => {
    const owners = {
      model: "model",
      resume: "start",
      "fork-session": "start",
      "allowed-tools": "allowedTools",
      allowedTools: "allowedTools",
      "dangerously-skip-permissions": "permissionMode",
      "permission-prompts": "permissions",
      "system-prompt": "systemPrompt",
      "append-system-prompt": "systemPrompt",
      "json-schema": "outputSchema",
      "max-thinking-tokens": "thinking",
      "from-pr": "start",
      agents: "agents",
      effort: "effort",
      name: "title",
      "plugin-dir": "plugins",
      "prompt-suggestions": "promptSuggestions",
      tools: "builtInTools",
      "add-dir": "addDirs"
    }
    for (const [flag, owner] of Object.entries(owners)) {
      refused(claude({ extraArgs: { [flag]: "x" } }), new RegExp(`--${flag} belongs to the option ${owner}: use that`))
    }
    for (const flag of ["print", "verbose", "input-format", "output-format", "background", "sdk-url"]) {
      refused(claude({ extraArgs: { [flag]: true } }), new RegExp(`--${flag} is decided by the adapter`))
    }
    accepted(claude({ extraArgs: { autocompact: "100000", brief: true, "safe-mode": null, "any-later-flag": "" } }))
  })

  it("rule 21: the name of a flag cannot smuggle in anything else", () => {
    for (const flag of ["--effort", "-p", "effort=high", "a b", "", "é"]) {
      refused(claude({ extraArgs: { [flag]: true } }), /is no name of a flag/)
    }
  })

  it("rule 21: text with a NUL is refused before a process is started, by the option's name [asm-117]", () => {
    refused(resolved({ model: "o\0pus" }), /^model holds a NUL/)
    refused(resolved({ start: { resume: id, at: "a\0b" } }), /^start holds a NUL/)
    refused(claude({ addDirs: ["/a\0b"] }), /^addDirs holds a NUL/)
    refused(claude({ configDir: "/a\0b" }), /^configDir holds a NUL/)
    refused(claude({ extraArgs: { "any-later-flag": "\0" } }), /^extraArgs holds a NUL/)
    accepted(resolved({ systemPrompt: "a\0b" }))
  })

  it("rule 21: a variable that an option sets is not set beside it", () => {
    const set = { CLAUDE_CODE_QUESTION_PREVIEW_FORMAT: "markdown" }
    const toolConfig = { askUserQuestion: { previewFormat: "html" } } as const
    refused(resolved({ env: { set }, claude: { toolConfig } }), /^toolConfig and env\.set\.CLAUDE_CODE_QUESTION/)
    accepted(resolved({ env: { set }, claude: { toolConfig: {} } }))
  })

  it("rule 21: the configuration folder is said once", () => {
    const env = (value: string | undefined): ResolvedClaudeOptions =>
      resolved({ env: { set: { CLAUDE_CONFIG_DIR: value } }, claude: { configDir: "/a" } })
    refused(env("/b"), /^configDir and env\.set\.CLAUDE_CONFIG_DIR/)
    refused(env(undefined), /^configDir and env\.set\.CLAUDE_CONFIG_DIR/)
    accepted(resolved({ env: { set: { CLAUDE_CONFIG_DIR: "/b" } } }))
  })

  it("issues of several options come together, each of them a sentence that says what to do", () => {
    const issues = validate(
      resolved({
        start: { resume: "title" },
        permissionMode: "bypassPermissions",
        allowedTools: ["Read", ""],
        claude: { fallbackModel: "", addDirs: [""], settings: "{", extraArgs: { model: "x" } }
      })
    )
    assert.lengthOf(issues, 7)
    for (const issue of issues) assert.match(issue, /:|needs/)
  })
})

describe("ClaudeOnly", () => {
  it.effect("an option that is undefined is an option that is not there", () =>
    Effect.gen(function* () {
      const decode = Schema.decodeUnknownEffect(ClaudeOnly)
      assert.deepStrictEqual(yield* decode({ settings: undefined, addDirs: undefined }), {
        settings: undefined,
        addDirs: undefined
      })
    })
  )
})
