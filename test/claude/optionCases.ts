/**
 * Every option of Claude's own with a value, and where it has to be seen when the CLI is started with it. An option
 * without a case does not compile.
 */
import type { InitializeFields } from "../../src/claude/ClaudeControl.ts"
import type { ClaudeOnly } from "../../src/claude/ClaudeOptions.ts"

export interface Seen {
  readonly argv?: ReadonlyArray<string>
  readonly initialize?: InitializeFields
  readonly env?: Readonly<Record<string, string>>
  /** In every prompt. */
  readonly prompt?: Readonly<Record<string, unknown>>
}

/** How MCP servers get there depends on the version: test/claude/mcpServers.test.ts. */
export type Name = Exclude<keyof ClaudeOnly, "mcpServers">

type Cases = { readonly [K in Name]-?: readonly [value: NonNullable<ClaudeOnly[K]>, seen: Seen] }

const critic = { description: "Criticizes", prompt: "You are strict.\0", tools: ["Read"], effort: "low" } as const
const sandbox = { enabled: true, network: { allowedDomains: ["example.org"] } }

export const cases: Cases = {
  effort: ["high", { argv: ["--effort=high"] }],
  thinking: [{ type: "adaptive", display: "omitted" }, { argv: ["--thinking=adaptive", "--thinking-display=omitted"] }],
  fallbackModel: ["haiku,opus", { argv: ["--fallback-model=haiku,opus"] }],
  betas: [["context-1m-2025-08-07"], { argv: ["--betas=context-1m-2025-08-07"] }],
  taskBudget: [5000, { argv: ["--task-budget=5000"] }],
  agent: ["critic", { argv: ["--agent=critic"] }],
  agents: [{ critic }, { initialize: { agents: { critic } } }],
  supportedDialogKinds: [["a-kind"], { initialize: { supportedDialogKinds: ["a-kind"] } }],
  agentProgressSummaries: [true, { initialize: { agentProgressSummaries: true } }],
  forwardSubagentText: [true, { initialize: { forwardSubagentText: true } }],
  perTaskStopAffordance: [true, { initialize: { perTaskStopAffordance: true } }],
  builtInTools: [["Read", "Skill"], { argv: ["--tools=Read,Skill"] }],
  toolAliases: [{ Bash: "mcp__remote__bash" }, { initialize: { toolAliases: { Bash: "mcp__remote__bash" } } }],
  toolConfig: [
    { askUserQuestion: { previewFormat: "html" } },
    { env: { CLAUDE_CODE_QUESTION_PREVIEW_FORMAT: "html" } }
  ],
  skills: [
    ["pdf", "plug:docx"],
    { argv: ["--allowedTools=Skill(pdf),Skill(plug:docx)"], initialize: { skills: ["pdf", "plug:docx"] } }
  ],
  plugins: [
    [".", { path: ".", skipMcpDiscovery: true }, { path: "./." }],
    { argv: ["--plugin-dir=.", "--plugin-dir-no-mcp=.", "--plugin-dir=./."] }
  ],
  disableSlashCommands: [true, { argv: ["--disable-slash-commands"] }],
  strictMcpConfig: [true, { argv: ["--strict-mcp-config"] }],
  permissionPromptTool: ["mcp__ask__permit", { argv: ["--permission-prompt-tool=mcp__ask__permit"] }],
  allowDangerouslySkipPermissions: [true, { argv: ["--allow-dangerously-skip-permissions"] }],
  sandbox: [sandbox, { argv: [`--settings=${JSON.stringify({ sandbox: { ...sandbox, failIfUnavailable: true } })}`] }],
  settingSources: [["user", "local"], { argv: ["--setting-sources=user,local"] }],
  settings: [{ cleanupPeriodDays: 7 }, { argv: ['--settings={"cleanupPeriodDays":7}'] }],
  managedSettings: [
    { permissions: { deny: ["Bash"] } },
    { argv: ['--managed-settings={"permissions":{"deny":["Bash"]}}'] }
  ],
  projectConfigRoot: ["/", { argv: ["--project-config-root=/"] }],
  addDirs: [[".", ".."], { argv: ["--add-dir=.", "--add-dir=.."] }],
  worktree: ["fix-1", { argv: ["--worktree=fix-1"] }],
  files: [["file_1:a.txt", "file_2:b/c.png"], { argv: ["--file=file_1:a.txt", "--file=file_2:b/c.png"] }],
  configDir: [".claude", { env: { CLAUDE_CONFIG_DIR: ".claude" } }],
  enableFileCheckpointing: [true, { env: { CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING: "true" } }],
  title: ["A title", { initialize: { title: "A title" } }],
  resumeDropsTurn: [
    "33333333-3333-4333-8333-333333333333",
    { argv: ["--resume-drops-turn=33333333-3333-4333-8333-333333333333"] }
  ],
  planModeInstructions: ["Draw first.", { initialize: { planModeInstructions: "Draw first." } }],
  excludeDynamicSections: [true, { initialize: { excludeDynamicSections: true } }],
  systemPromptSnapshot: [false, { initialize: { systemPromptSnapshot: false } }],
  verbatimPrompts: [true, { prompt: { client_composed: true } }],
  promptSuggestions: [true, { initialize: { promptSuggestions: true } }],
  replayUserMessages: [true, { argv: ["--replay-user-messages"] }],
  includeHookEvents: [true, { argv: ["--include-hook-events"] }],
  sessionMirror: [true, { argv: ["--session-mirror"] }],
  debug: ["api,hooks", { argv: ["--debug=api,hooks"] }],
  debugFile: ["debug.log", { argv: ["--debug-file=debug.log"] }],
  extraArgs: [{ "safe-mode": true }, { argv: ["--safe-mode"] }]
}

type Values = { readonly [K in Name]: NonNullable<ClaudeOnly[K]> }

/** Every option with the value of its case. */
export const values = Object.fromEntries(Object.entries(cases).map(([name, [value]]) => [name, value])) as Values
