/**
 * The options that only Claude Code has, and what must hold between options before a process is started. The rest is in
 * `AgentAdapter`: `start` (resume, continue, fork, session id), `persist`, `model`, `systemPrompt`, `timeouts`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { ResolvedOptions, SessionOptions } from "../AgentAdapter.ts"
import { issuesOf } from "../internal/resolve.ts"
import type { AgentDefinition } from "./internal/controlOutbound.ts"
import type { HookEvent } from "./internal/controlOutbound.ts"
import type { Hook, ResolvedHook } from "./internal/hooks.ts"
import * as checks from "./internal/optionChecks.ts"
import { optionFields } from "./internal/optionFields.ts"
import type {
  Beta,
  Effort,
  ExtraArgs,
  Plugin,
  Settings,
  SettingSource,
  Thinking,
  ToolConfig
} from "./internal/optionModels.ts"
import type { McpServer } from "./internal/mcpServers.ts"
import type { Sandbox } from "./internal/sandboxOption.ts"

export type { AgentDefinition } from "./internal/controlOutbound.ts"
export type { McpCommand, McpServer, McpUrl } from "./internal/mcpServers.ts"
export type {
  Beta,
  Effort,
  ExtraArgs,
  Plugin,
  Settings,
  SettingSource,
  Thinking,
  ThinkingDisplay,
  ToolConfig
} from "./internal/optionModels.ts"
export type {
  Sandbox,
  SandboxCredential,
  SandboxCredentials,
  SandboxFilesystem,
  SandboxNetwork
} from "./internal/sandboxOption.ts"

/**
 * The options that only Claude Code has. What the running version or the model cannot do fails with `Unsupported`.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClaudeOnly {
  /** How much work goes into an answer. Default: the model's. */
  readonly effort?: Effort | undefined
  /** Whether and how long the model thinks. Default: the model's. */
  readonly thinking?: Thinking | undefined
  /** Models for when the main one is overloaded, in order, with commas between them. Default: none. */
  readonly fallbackModel?: string | undefined
  /** Features of the API that are not open to everyone; for API keys only. Default: none. */
  readonly betas?: ReadonlyArray<Beta> | undefined
  /** Tokens the model is told it has for the task, so that it can wrap up in time. Default: it is told nothing. */
  readonly taskBudget?: number | undefined

  /** The agent that leads the conversation: one of `agents`, of a plugin or of the settings. Default: Claude Code's own. */
  readonly agent?: string | undefined
  /** Subagents by name. Default: those of plugins and settings. */
  readonly agents?: { readonly [name: string]: AgentDefinition } | undefined
  /** Has subagents tell every half minute what they do, in `TaskProgress`. Default: false. */
  readonly agentProgressSummaries?: boolean | undefined
  /** Has the CLI pass on what subagents say, not only their tool calls. Default: false. */
  readonly forwardSubagentText?: boolean | undefined
  /** Says that you stop background tasks one by one, so an interrupt leaves them alone. Since 2.1.300. Default: false. */
  readonly perTaskStopAffordance?: boolean | undefined

  /** The built-in tools there are: the usual ones, or these; `[]` is none. Tools of yours are in `tools`. Default: "default". */
  readonly builtInTools?: "default" | ReadonlyArray<string> | undefined
  /** Another tool in the place of one the model calls: `{ Bash: "mcp__remote__bash" }`. Default: none. */
  readonly toolAliases?: { readonly [tool: string]: string } | undefined
  /** How built-in tools behave. Default: the CLI's. */
  readonly toolConfig?: ToolConfig | undefined
  /** Skills the model is shown and may use without asking; the others are hidden from it. Default: all, each asked for. */
  readonly skills?: "all" | ReadonlyArray<string> | undefined
  /** Plugins for this session. Each must be there. Default: those that are installed. */
  readonly plugins?: ReadonlyArray<Plugin> | undefined
  /** Leaves out all skills and commands. Default: false. */
  readonly disableSlashCommands?: boolean | undefined
  /** MCP servers that the CLI starts or calls, by name: tools of ours are in `tools`. Default: those of the settings. */
  readonly mcpServers?: { readonly [name: string]: McpServer } | undefined
  /** Leaves out MCP servers that are not from these options. Default: false. */
  readonly strictMcpConfig?: boolean | undefined
  /** An MCP tool that decides about tool calls in the place of `permissions`: `mcp__<server>__<tool>`. Default: none. */
  readonly permissionPromptTool?: string | undefined
  /**
   * Permits the permission mode "bypassPermissions", at the start or later. The CLI refuses it to root unless
   * `IS_SANDBOX=1` is in its environment. Default: false.
   */
  readonly allowDangerouslySkipPermissions?: boolean | undefined
  /** How commands are kept apart from this machine. Not with the path of a settings file. Default: that of the settings. */
  readonly sandbox?: Sandbox | undefined

  /** The settings files to read; `[]` reads none, which leaves out CLAUDE.md and skills too. Default: all of them. */
  readonly settingSources?: ReadonlyArray<SettingSource> | undefined
  /**
   * Settings over those of the files: the path of a file (relative to `cwd`), JSON text, or the object itself. Text and
   * object are visible in the process list, so they may not hold `env`. Default: none.
   */
  readonly settings?: string | Settings | undefined
  /** Restrictions as an administrator would set them; where one has, only he can let them count. Default: none. */
  readonly managedSettings?: Settings | undefined
  /** The checkout whose project settings count, with `cwd` a worktree of it; absolute. Since 2.1.300. Default: `cwd`. */
  readonly projectConfigRoot?: string | undefined
  /** More directories that the agent may work in; relative ones start at `cwd`. Each must exist. Default: none. */
  readonly addDirs?: ReadonlyArray<string> | undefined
  /** A git worktree to work in, by name, made where it is not there yet. For new conversations. Default: none. */
  readonly worktree?: string | undefined
  /** Files of the API to fetch at the start, `<file id>:<path>`; needs `CLAUDE_CODE_SESSION_ACCESS_TOKEN`. Default: none. */
  readonly files?: ReadonlyArray<string> | undefined
  /**
   * The directory that holds everything the CLI keeps: settings, login, conversations (`CLAUDE_CONFIG_DIR`; relative
   * ones start at `cwd`). Default: that of the environment, else `~/.claude`.
   */
  readonly configDir?: string | undefined
  /** Keeps copies of the files the agent changes, so that they can be rewound. Default: false. */
  readonly enableFileCheckpointing?: boolean | undefined

  /** The title of a new conversation. Default: the CLI makes one. */
  readonly title?: string | undefined
  /** With `start.at`: the prompt of the turn that is cut off; the CLI refuses to cut off more. Since 2.1.300. Default: none. */
  readonly resumeDropsTurn?: string | undefined
  /** What to do in plan mode, in place of the CLI's own instructions. Default: those. */
  readonly planModeInstructions?: string | undefined
  /** Moves what differs by user and directory out of the system prompt, so that caches hit. Default: false. */
  readonly excludeDynamicSections?: boolean | undefined
  /**
   * Whether the system prompt is recorded and sent unchanged from then on. Since 2.1.300. Default: true, and false where
   * a resumed conversation gets a `systemPrompt`.
   */
  readonly systemPromptSnapshot?: boolean | undefined
  /** Sends prompts as they are: no `@file`, no slash commands, no context of the CLI's. Since 2.1.248. Default: false. */
  readonly verbatimPrompts?: boolean | undefined

  /** Kinds of dialogs that `input` can answer; the CLI asks for no other. Default: none. */
  readonly supportedDialogKinds?: ReadonlyArray<string> | undefined
  /** Has the CLI suggest the next prompt after a turn, among its `messages`. Default: false. */
  readonly promptSuggestions?: boolean | undefined
  /** Has the CLI repeat our prompts among its `messages`. Default: false. */
  readonly replayUserMessages?: boolean | undefined
  /** Has the CLI report every hook of its settings among its `messages`, not only SessionStart. Default: false. */
  readonly includeHookEvents?: boolean | undefined
  /** Has the CLI repeat every record of its transcript among its `messages`. Not with `persist: false`. Default: false. */
  readonly sessionMirror?: boolean | undefined
  /** Writes a log to `<configDir>/debug`, or to `debugFile`; a text names what is logged: "api,hooks". Default: false. */
  readonly debug?: boolean | string | undefined
  /** The file for that log; relative ones start at `cwd`. Its folder must exist. Default: none. */
  readonly debugFile?: string | undefined
  /** Flags without an option here; they come last. A flag that belongs to an option is refused. Default: none. */
  readonly extraArgs?: ExtraArgs | undefined
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ClaudeOnly: Schema.Codec<ClaudeOnly> = Schema.Struct(optionFields)

/**
 * What a user of Claude Code writes: the options of every agent and those of Claude. `R` is inferred.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClaudeOptions<out R = never> extends SessionOptions<R>, ClaudeOnly {
  /** Functions of ours that the CLI calls at fixed points of its work: see `ClaudeHook.on`. Default: none. */
  readonly hooks?: ReadonlyArray<Hook<HookEvent, R>> | undefined
}

/**
 * @since 0.1.0
 */
export declare namespace ClaudeOptions {
  /**
   * @since 0.1.0
   * @category options
   */
  export type Any = ClaudeOptions<unknown>
}

/**
 * What the Claude adapter receives. Without `claude`, Claude Code's own defaults hold.
 *
 * @since 0.1.0
 * @category options
 */
export interface ResolvedClaudeOptions extends ResolvedOptions {
  readonly claude?: ClaudeOnly | undefined
  readonly hooks?: ReadonlyArray<ResolvedHook> | undefined
}

/**
 * What is wrong with the options, a sentence an issue; none when a process may be started with them. What is refused
 * here, the CLI would refuse with exit code 1, or pass over without a word.
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (options: ResolvedClaudeOptions): ReadonlyArray<string> => {
  const malformed = issuesOf(ClaudeOnly, options.claude ?? {}, "error")
  return malformed.length > 0 ? malformed : checks.together(options)
}
