/**
 * What becomes of every option, in one table: a flag, a field of the `initialize` request, a variable of the environment,
 * a part of another option, or something we do ourselves. An option without a row does not compile. Pure.
 */
import type { Start } from "../../AgentAdapter.ts"
import type { InitializeFields } from "../ClaudeControl.ts"
import type { ClaudeOnly, ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import * as Hooks from "./hooks.ts"
import * as McpServers from "./mcpServers.ts"
import type { Thinking } from "./optionModels.ts"
import * as ToolServer from "./toolServer.ts"
import { isObject } from "./wire.ts"

/** what the caller knows about conversations, so that everything here stays pure */
export interface Ids {
  /** the id that a new session or a copy gets, when `start` names none */
  readonly sessionId: string
  /**
   * the conversation that `start.continue` stands for; without it the CLI chooses, and where it finds nothing it begins
   * anew without a word
   */
  readonly resumed?: string | undefined
}

type Known = Omit<ResolvedClaudeOptions, "claude"> & ClaudeOnly

export type Values = { readonly [K in keyof Known]-?: NonNullable<Known[K]> }

export type OptionName = keyof Values

/** every option at one level */
export type AllOptions = { readonly [K in OptionName]?: Values[K] | undefined }

/** `flags`: the names, without dashes, of the flags that this option is in charge of */
export type Mapping<Value> =
  | {
      readonly to: "argv"
      readonly flags: ReadonlyArray<string>
      readonly tokens: (value: Value, ids: Ids) => ReadonlyArray<string>
    }
  | {
      readonly to: "initialize"
      readonly flags: ReadonlyArray<string>
      readonly fields: (value: Value, all: AllOptions) => InitializeFields
    }
  | { readonly to: "env"; readonly variables: (value: Value) => Readonly<Record<string, string>> }
  | { readonly to: "option"; readonly option: OptionName }
  | { readonly to: "local" }

// One token per flag: several flags take any number of values and would swallow what follows.
const valueOf = (flag: string, ...aliases: ReadonlyArray<string>): Mapping<string | number> => ({
  to: "argv",
  flags: [flag, ...aliases],
  tokens: (value) => [`--${flag}=${value}`]
})

const listOf = (flag: string, ...aliases: ReadonlyArray<string>): Mapping<ReadonlyArray<string>> => ({
  to: "argv",
  flags: [flag, ...aliases],
  tokens: (values) => (values.length === 0 ? [] : [`--${flag}=${values.join(",")}`])
})

const eachOf = (flag: string): Mapping<ReadonlyArray<string>> => ({
  to: "argv",
  flags: [flag],
  tokens: (values) => values.map((value) => `--${flag}=${value}`)
})

const jsonOf = (flag: string, ...aliases: ReadonlyArray<string>): Mapping<string | object> => ({
  to: "argv",
  flags: [flag, ...aliases],
  tokens: (value) => [`--${flag}=${typeof value === "string" ? value : JSON.stringify(value)}`]
})

const flagWhen = (condition: boolean, flag: string): Mapping<boolean> => ({
  to: "argv",
  flags: [flag],
  tokens: (value) => (value === condition ? [`--${flag}`] : [])
})

const fieldWhenTrue = (
  field: {
    readonly [K in keyof InitializeFields]-?: true extends InitializeFields[K] ? K : never
  }[keyof InitializeFields],
  ...flags: ReadonlyArray<string>
): Mapping<boolean> => ({
  to: "initialize",
  flags,
  fields: (value) => (value ? { [field]: true } : {})
})

const local: Mapping<unknown> = { to: "local" }

const beginsAnew = (start: Start): boolean => start === "new" || (!start.resume && !start.continue)

const startTokens = (start: Start, { resumed, sessionId }: Ids): ReadonlyArray<string> => {
  if (start === "new") return [`--session-id=${sessionId}`]
  const own = `--session-id=${start.sessionId ?? sessionId}`
  if (beginsAnew(start)) return [own]
  const earlier = start.resume ?? resumed
  return [
    earlier === undefined ? "--continue" : `--resume=${earlier}`,
    ...(start.at === undefined ? [] : [`--resume-session-at=${start.at}`]),
    ...(start.fork === true ? ["--fork-session", own] : [])
  ]
}

const thinkingTokens = (thinking: Thinking): ReadonlyArray<string> => {
  if (thinking.type === "disabled") return ["--thinking=disabled"]
  const { display } = thinking
  return [
    thinking.type === "enabled" ? `--max-thinking-tokens=${thinking.budgetTokens}` : "--thinking=adaptive",
    ...(display === undefined ? [] : [`--thinking-display=${display}`])
  ]
}

// Without the flag the CLI denies by itself and asks nobody.
const surface: Mapping<unknown> = {
  to: "argv",
  flags: ["permission-prompts"],
  tokens: () => ["--permission-prompt-tool=stdio"]
}

export const table: { readonly [K in OptionName]: Mapping<Values[K]> } = {
  start: {
    to: "argv",
    flags: ["session-id", "resume", "continue", "fork-session", "resume-session-at", "from-pr"],
    tokens: startTokens
  },
  resumeDropsTurn: valueOf("resume-drops-turn"),
  persist: flagWhen(false, "no-session-persistence"),
  model: valueOf("model"),
  fallbackModel: valueOf("fallback-model"),
  effort: valueOf("effort"),
  thinking: {
    to: "argv",
    flags: ["thinking", "max-thinking-tokens", "thinking-display"],
    tokens: thinkingTokens
  },
  betas: listOf("betas"),
  taskBudget: valueOf("task-budget"),
  agent: valueOf("agent"),
  agents: { to: "initialize", flags: ["agents"], fields: (agents) => ({ agents }) },
  permissionMode: valueOf("permission-mode", "dangerously-skip-permissions"),
  allowDangerouslySkipPermissions: flagWhen(true, "allow-dangerously-skip-permissions"),
  permissions: surface,
  input: { ...surface, flags: [] },
  permissionPromptTool: valueOf("permission-prompt-tool"),
  allowedTools: listOf("allowedTools", "allowed-tools"),
  disallowedTools: listOf("disallowedTools", "disallowed-tools"),
  builtInTools: {
    to: "argv",
    flags: ["tools"],
    tokens: (tools) => [`--tools=${tools === "default" ? tools : tools.join(",")}`]
  },
  toolAliases: { to: "initialize", flags: [], fields: (toolAliases) => ({ toolAliases }) },
  toolConfig: {
    to: "env",
    variables: ({ askUserQuestion }): Readonly<Record<string, string>> =>
      askUserQuestion?.previewFormat === undefined
        ? {}
        : { CLAUDE_CODE_QUESTION_PREVIEW_FORMAT: askUserQuestion.previewFormat }
  },
  // The model is shown these; that it may use them is said in `allowedTools`.
  skills: { to: "initialize", flags: [], fields: (skills) => (skills === "all" ? {} : { skills }) },
  plugins: {
    to: "argv",
    flags: ["plugin-dir", "plugin-dir-no-mcp"],
    tokens: (plugins) =>
      plugins.map((plugin) =>
        typeof plugin === "string"
          ? `--plugin-dir=${plugin}`
          : `--plugin-dir${plugin.skipMcpDiscovery === true ? "-no-mcp" : ""}=${plugin.path}`
      )
  },
  disableSlashCommands: flagWhen(true, "disable-slash-commands"),
  // Where they are not taken in the handshake they go into a file: see `mcpServers.ts`.
  mcpServers: {
    to: "initialize",
    flags: ["mcp-config", "await-initialize"],
    fields: (servers) => (Object.keys(servers).length === 0 ? {} : { mcpServers: McpServers.config(servers) })
  },
  strictMcpConfig: flagWhen(true, "strict-mcp-config"),
  sandbox: { to: "option", option: "settings" },
  addDirs: eachOf("add-dir"),
  worktree: { to: "argv", flags: ["worktree", "tmux"], tokens: (name) => [`--worktree=${name}`] },
  files: eachOf("file"),
  projectConfigRoot: valueOf("project-config-root"),
  maxTurns: valueOf("max-turns"),
  maxBudgetUsd: valueOf("max-budget-usd"),
  settingSources: {
    to: "argv",
    flags: ["setting-sources"],
    tokens: (sources) => [`--setting-sources=${sources.join(",")}`]
  },
  settings: jsonOf("settings"),
  managedSettings: jsonOf("managed-settings", "managed-settings-in-initialize"),
  partialMessages: flagWhen(true, "include-partial-messages"),
  replayUserMessages: flagWhen(true, "replay-user-messages"),
  includeHookEvents: flagWhen(true, "include-hook-events"),
  sessionMirror: flagWhen(true, "session-mirror"),
  debug: {
    to: "argv",
    flags: ["debug"],
    tokens: (debug) => (debug === false ? [] : [debug === true ? "--debug" : `--debug=${debug}`])
  },
  debugFile: valueOf("debug-file"),
  systemPrompt: {
    to: "initialize",
    flags: ["system-prompt", "system-prompt-file", "append-system-prompt", "append-system-prompt-file"],
    // A resumed conversation keeps the prompt it began with, and a new one is passed over, unless the snapshot is off.
    fields: (prompt, { start = "new" }) => ({
      ...(typeof prompt === "string" ? { systemPrompt: [prompt] } : { appendSystemPrompt: prompt.append }),
      ...(beginsAnew(start) ? {} : { systemPromptSnapshot: false })
    })
  },
  systemPromptSnapshot: {
    to: "initialize",
    flags: ["system-prompt-snapshot"],
    fields: (systemPromptSnapshot) => ({ systemPromptSnapshot })
  },
  excludeDynamicSections: fieldWhenTrue("excludeDynamicSections", "exclude-dynamic-system-prompt-sections"),
  planModeInstructions: {
    to: "initialize",
    flags: ["plan-mode-instructions"],
    fields: (planModeInstructions) => ({ planModeInstructions })
  },
  title: { to: "initialize", flags: ["name"], fields: (title) => ({ title }) },
  promptSuggestions: fieldWhenTrue("promptSuggestions", "prompt-suggestions"),
  supportedDialogKinds: { to: "initialize", flags: [], fields: (supportedDialogKinds) => ({ supportedDialogKinds }) },
  agentProgressSummaries: fieldWhenTrue("agentProgressSummaries"),
  forwardSubagentText: fieldWhenTrue("forwardSubagentText", "forward-subagent-text"),
  perTaskStopAffordance: fieldWhenTrue("perTaskStopAffordance"),
  outputSchema: {
    to: "initialize",
    flags: ["json-schema"],
    fields: ({ jsonSchema }) => (isObject(jsonSchema) ? { jsonSchema } : {})
  },
  configDir: { to: "env", variables: (dir) => ({ CLAUDE_CONFIG_DIR: dir }) },
  enableFileCheckpointing: {
    to: "env",
    variables: (enabled): Readonly<Record<string, string>> =>
      enabled ? { CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING: "true" } : {}
  },
  // Said in every prompt.
  verbatimPrompts: local,
  env: local,
  cwd: local,
  turns: local,
  buffer: local,
  metadata: local,
  timeouts: local,
  repairOutput: local,
  failFast: local,
  budget: local,
  limiter: local,
  tools: {
    to: "initialize",
    flags: [],
    fields: (tools) => (tools.length === 0 ? {} : { sdkMcpServers: ToolServer.names(tools) })
  },
  hooks: { to: "initialize", flags: [], fields: Hooks.registration },
  // Last, and none of ours may be among them: of two equal flags the CLI takes the last.
  extraArgs: {
    to: "argv",
    flags: [],
    tokens: (flags) =>
      Object.entries(flags).map(([flag, value]) => (typeof value === "string" ? `--${flag}=${value}` : `--${flag}`))
  }
}
