/**
 * The options that only Claude Code has, and what must hold between options before a process is started. The rest is in
 * `AgentAdapter`: `start` (resume, continue, fork, session id), `persist`, `model`, `systemPrompt`, `timeouts`.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type { ResolvedOptions, SessionOptions } from "../AgentAdapter.ts"
import { issuesOf } from "../internal/resolve.ts"
import * as checks from "./internal/optionChecks.ts"

/**
 * Where Claude Code reads settings from: `~/.claude`, `.claude/settings.json` and `.claude/settings.local.json`.
 *
 * @since 0.1.0
 * @category options
 */
export type SettingSource = "user" | "project" | "local"

/**
 * Flags of the CLI that have no option here, without the leading dashes: `{ effort: "high", debug: true }` becomes
 * `--effort=high --debug`.
 *
 * @since 0.1.0
 * @category options
 */
export interface ExtraArgs {
  readonly [flag: string]: string | true | null
}

/**
 * The options that only Claude Code has.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClaudeOnly {
  /** More directories that the agent may work in; relative ones start at `cwd`. Each must exist. Default: none. */
  readonly addDirs?: ReadonlyArray<string> | undefined
  /** Models for when the main one is overloaded, in order, with commas between them. Default: none. */
  readonly fallbackModel?: string | undefined
  /** The settings files to read; `[]` reads none, which leaves out CLAUDE.md and skills too. Default: all of them. */
  readonly settingSources?: ReadonlyArray<SettingSource> | undefined
  /**
   * Settings over those of the files: the path of a file (relative to `cwd`), JSON text, or the object itself. Text and
   * object are visible in the process list, so they may not hold `env`.
   */
  readonly settings?: string | { readonly [key: string]: unknown } | undefined
  /** Flags without an option here; they come last. A flag that belongs to an option is refused. */
  readonly extraArgs?: ExtraArgs | undefined
  /**
   * The directory that holds everything the CLI keeps: settings, login, conversations (`CLAUDE_CONFIG_DIR`; relative
   * ones start at `cwd`). Default: that of the environment, else `~/.claude`.
   */
  readonly configDir?: string | undefined
  /**
   * Permits the permission mode "bypassPermissions", at the start or later. The CLI refuses it to root unless
   * `IS_SANDBOX=1` is in its environment. Default: false.
   */
  readonly allowDangerouslySkipPermissions?: boolean | undefined
  /** Has the CLI repeat our prompts among its `messages`. Default: false. */
  readonly replayUserMessages?: boolean | undefined
  /** Has the CLI report every hook of its settings among its `messages`, not only SessionStart. Default: false. */
  readonly includeHookEvents?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ClaudeOnly: Schema.Codec<ClaudeOnly> = Schema.Struct({
  addDirs: Schema.optional(Schema.Array(Schema.String)),
  fallbackModel: Schema.optional(Schema.String),
  settingSources: Schema.optional(Schema.Array(Schema.Literals(["user", "project", "local"]))),
  settings: Schema.optional(Schema.Union([Schema.String, Schema.Record(Schema.String, Schema.Unknown)])),
  extraArgs: Schema.optional(
    Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Literal(true), Schema.Null]))
  ),
  configDir: Schema.optional(Schema.String),
  allowDangerouslySkipPermissions: Schema.optional(Schema.Boolean),
  replayUserMessages: Schema.optional(Schema.Boolean),
  includeHookEvents: Schema.optional(Schema.Boolean)
})

/**
 * What a user of Claude Code writes: the options of every agent and those of Claude. `R` is inferred.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClaudeOptions<out R = never> extends SessionOptions<R>, ClaudeOnly {}

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
}

/**
 * What is wrong with the options, a sentence an issue; none when a process may be started with them. What is refused
 * here, the CLI would refuse with exit code 1, or pass over without a word.
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (options: ResolvedClaudeOptions): ReadonlyArray<string> => {
  const malformed = issuesOf(ClaudeOnly, options.claude ?? {})
  return malformed.length > 0 ? malformed : checks.together(options)
}
