/**
 * The options of a Claude Code session: those of every session, and those only this CLI has.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ResolvedOptions, Services, SessionOptions } from "../AgentAdapter.ts"
import type { AgentError } from "../AgentError.ts"
import { invalid, issuesOf, resolve as resolveBase } from "../internal/resolve.ts"
import type { JsonObject } from "./ClaudeControl.ts"

/**
 * A place that settings are read from.
 *
 * @since 0.1.0
 * @category models
 */
export type SettingSource = "user" | "project" | "local"

/**
 * What only Claude Code understands. Values are checked before the CLI is started.
 *
 * @since 0.1.0
 * @category options
 */
export interface ClaudeOnly {
  /** More directories the tools may work in. */
  readonly addDirs?: ReadonlyArray<string> | undefined
  /** The model to use while `model` is overloaded; another one than `model`. */
  readonly fallbackModel?: string | undefined
  /** Which settings files count; `[]` none. Default: the CLI's own, all of them. */
  readonly settingSources?: ReadonlyArray<SettingSource> | undefined
  /** Settings of this session: a file, or the settings themselves. */
  readonly settings?: string | JsonObject | undefined
  /** Launches with the right to bypass permissions: without it, that mode cannot be chosen. */
  readonly allowDangerouslySkipPermissions?: boolean | undefined
  /** Where the CLI keeps its configuration and conversations. Default: `CLAUDE_CONFIG_DIR`, or `~/.claude`. */
  readonly configDir?: string | undefined
  /** Flags this version does not know, last on the command line: `{ "some-flag": "value", "bare-flag": null }`. */
  readonly extraArgs?: { readonly [flag: string]: string | null } | undefined
}

/**
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
 * What the adapter receives.
 *
 * @since 0.1.0
 * @category options
 */
export interface ResolvedClaudeOptions extends ResolvedOptions {
  readonly claude?: ClaudeOnly | undefined
}

const Text = Schema.String.check(Schema.isMinLength(1))

/**
 * What the values of {@link ClaudeOnly} must be.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ClaudeOnly: Schema.Decoder<unknown> = Schema.Struct({
  addDirs: Schema.optional(Schema.Array(Text)),
  fallbackModel: Schema.optional(Text),
  settingSources: Schema.optional(Schema.Array(Schema.Literals(["user", "project", "local"]))),
  settings: Schema.optional(Schema.Union([Text, Schema.Record(Schema.String, Schema.Unknown)])),
  allowDangerouslySkipPermissions: Schema.optional(Schema.Boolean),
  configDir: Schema.optional(Text),
  extraArgs: Schema.optional(
    Schema.Record(
      Schema.String.check(
        Schema.isPattern(/^[a-z][a-z0-9-]*$/, { message: "a flag is written without dashes in front, as in add-dir" })
      ),
      Schema.NullOr(Schema.String)
    )
  )
})

const claudeOnly = ({
  addDirs,
  allowDangerouslySkipPermissions,
  configDir,
  extraArgs,
  fallbackModel,
  settingSources,
  settings
}: ClaudeOnly): ClaudeOnly => ({
  addDirs,
  allowDangerouslySkipPermissions,
  configDir,
  extraArgs,
  fallbackModel,
  settingSources,
  settings
})

/**
 * Reads what a user wrote: fails with `InvalidOptions`, one issue a line.
 *
 * @since 0.1.0
 * @category constructors
 */
export const resolve = <O extends ClaudeOptions.Any>(
  options: O | undefined
): Effect.Effect<ResolvedClaudeOptions, AgentError, Services<O>> => {
  const claude = claudeOnly(options ?? {})
  const issues = issuesOf(ClaudeOnly, claude)
  return issues.length > 0
    ? Effect.fail(invalid(issues))
    : Effect.map(resolveBase<O>(options), (base) => ({ ...base, claude }))
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** A rule list is joined by commas, so a comma outside of parentheses would make two rules of one. */
const splits = (rule: string): boolean => rule.replace(/\([^)]*\)/g, "").includes(",")

/**
 * What the CLI would refuse, or misread, found before it is started: one sentence an issue.
 *
 * @since 0.1.0
 * @category validation
 */
export const validate = (options: ResolvedClaudeOptions): ReadonlyArray<string> => {
  const { allowedTools = [], claude = {}, disallowedTools = [], model, permissionMode, persist, start } = options
  const issues: Array<string> = []
  const check = (holds: boolean, issue: string): void => {
    if (!holds) issues.push(issue)
  }
  if (start !== "new") {
    const { fork = false } = start
    const resumes = start.resume !== undefined || start.continue === true
    check(start.sessionId === undefined || uuid.test(start.sessionId), "start.sessionId must be a UUID")
    check(start.resume === undefined || uuid.test(start.resume), "start.resume must be the UUID of a session")
    check(
      !resumes || start.sessionId === undefined || fork,
      "start.sessionId with resume or continue names the copy, so it needs fork: true"
    )
    check(resumes || !fork, "start.fork needs resume or continue")
    check(start.at === undefined || start.resume !== undefined, "start.at needs resume")
    check(start.at === undefined || uuid.test(start.at), "start.at must be the UUID of a message")
    check(persist || !fork, "a fork that is not kept (persist: false) could never be gone on with; resume without fork")
  }
  check(
    permissionMode !== "bypassPermissions" || claude.allowDangerouslySkipPermissions === true,
    "permissionMode bypassPermissions needs allowDangerouslySkipPermissions: true"
  )
  check(
    claude.fallbackModel === undefined || claude.fallbackModel !== model,
    "fallbackModel must be another model than model"
  )
  for (const [name, rules] of Object.entries({ allowedTools, disallowedTools })) {
    check(
      rules.every((rule) => rule.trim() !== ""),
      `${name} must not hold an empty rule`
    )
    check(!rules.some(splits), `${name} takes one rule an element, not several with commas`)
  }
  for (const rule of allowedTools) {
    check(!disallowedTools.includes(rule), `${rule} is in allowedTools and in disallowedTools`)
  }
  return issues
}
