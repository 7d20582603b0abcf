/** What the values of Claude's own options must be; what must hold between options is in `optionChecks.ts`. */
import * as Schema from "effect/Schema"
import type { ClaudeOnly } from "../ClaudeOptions.ts"
import { McpServer } from "./mcpServers.ts"
import {
  AgentDefinitionSchema,
  Effort,
  Filled,
  flag,
  Plugin,
  text,
  texts,
  Thinking,
  ToolConfig
} from "./optionModels.ts"
import { Sandbox } from "./sandboxOption.ts"

const filled = Schema.optional(Filled)
const Settings = Schema.Record(Schema.String, Schema.Unknown)

const matching = (form: RegExp, expected: string): Schema.Codec<string> =>
  Schema.String.check(Schema.isPattern(form, { expected }))

// Commas and parentheses would end the rule that allows a skill, and a star is what "all" is for.
const SkillName = matching(/^(?![\s/])[^(),*\\\p{Cc}]+(?<!\s)$/u, "the name of a skill, as its folder has it")
const ServerTool = matching(/^mcp__.+__.+$/, "the name of an MCP tool: mcp__<server>__<tool>")
const FileSpec = matching(/^[^:\s]+:[^:]+$/, "<file id>:<where to write it>")
const WorktreeName = matching(/^[A-Za-z0-9][\w.-]*$/, "a name of letters, digits, dots, dashes and underscores")
const AbsolutePath = matching(/^(\/|[A-Za-z]:[\\/])/, "an absolute path")

export const optionFields = {
  addDirs: texts,
  agent: filled,
  agentProgressSummaries: flag,
  agents: Schema.optional(Schema.Record(Filled, AgentDefinitionSchema)),
  allowDangerouslySkipPermissions: flag,
  betas: Schema.optional(Schema.Array(Schema.Literal("context-1m-2025-08-07"))),
  builtInTools: Schema.optional(Schema.Union([Schema.Literal("default"), Schema.Array(Filled)])),
  configDir: text,
  debug: Schema.optional(Schema.Union([Schema.Boolean, Filled])),
  debugFile: filled,
  disableSlashCommands: flag,
  effort: Schema.optional(Effort),
  enableFileCheckpointing: flag,
  excludeDynamicSections: flag,
  extraArgs: Schema.optional(
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Literal(true), Schema.Null]))
  ),
  fallbackModel: text,
  files: Schema.optional(Schema.Array(FileSpec)),
  forwardSubagentText: flag,
  includeHookEvents: flag,
  managedSettings: Schema.optional(Settings),
  mcpServers: Schema.optional(Schema.Record(Schema.String, McpServer)),
  perTaskStopAffordance: flag,
  permissionPromptTool: Schema.optional(ServerTool),
  planModeInstructions: filled,
  plugins: Schema.optional(Schema.Array(Plugin)),
  projectConfigRoot: Schema.optional(AbsolutePath),
  promptSuggestions: flag,
  replayUserMessages: flag,
  resumeDropsTurn: filled,
  sandbox: Schema.optional(Sandbox),
  sessionMirror: flag,
  settingSources: Schema.optional(Schema.Array(Schema.Literals(["user", "project", "local"]))),
  settings: Schema.optional(Schema.Union([Schema.String, Settings])),
  skills: Schema.optional(Schema.Union([Schema.Literal("all"), Schema.Array(SkillName)])),
  strictMcpConfig: flag,
  supportedDialogKinds: Schema.optional(Schema.Array(Filled)),
  systemPromptSnapshot: flag,
  taskBudget: Schema.optional(Schema.Int.check(Schema.isGreaterThan(0))),
  thinking: Schema.optional(Thinking),
  title: filled,
  toolAliases: Schema.optional(Schema.Record(Filled, Filled)),
  toolConfig: Schema.optional(ToolConfig),
  verbatimPrompts: flag,
  worktree: Schema.optional(WorktreeName)
} satisfies { readonly [K in keyof Required<ClaudeOnly>]: unknown }
