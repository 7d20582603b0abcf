/**
 * How options reach the CLI: one table, option by option, so that one without a place does not compile. Prompts, system
 * prompts and schemas never go on the command line: it has a length, and every user of the machine can read it.
 */
import { type Environment, environment } from "../../internal/agentProcess.ts"
import { isObject } from "./wire.ts"
import type { InitializeFields } from "../ClaudeControl.ts"
import type { ClaudeOnly, ResolvedClaudeOptions } from "../ClaudeOptions.ts"

interface Where {
  readonly argv?: (options: ResolvedClaudeOptions, ids: Ids) => ReadonlyArray<string>
  readonly initialize?: (options: ResolvedClaudeOptions) => InitializeFields
  readonly env?: (options: ResolvedClaudeOptions) => Readonly<Record<string, string>>
}

export interface Ids {
  /** Of the conversation that is opened: a new one's, a resumed one's, or the copy's. */
  readonly sessionId: string
  /** Of the conversation that is resumed, where `start` says only "the last one". */
  readonly resumed?: string | undefined
}

const flag = (name: string, value: string | number | undefined): ReadonlyArray<string> =>
  value === undefined ? [] : [`--${name}=${value}`]

const bare = (name: string, on: boolean): ReadonlyArray<string> => (on ? [`--${name}`] : [])

const list = (name: string, values: ReadonlyArray<string> | undefined): ReadonlyArray<string> =>
  values === undefined || values.length === 0 ? [] : [`--${name}=${values.join(",")}`]

/** Options that are ours alone: the CLI hears nothing of them. */
const local: Where = {}

const startArgs: NonNullable<Where["argv"]> = ({ start }, { resumed, sessionId }) => {
  if (start === "new" || (start.resume === undefined && start.continue === undefined)) {
    return flag("session-id", sessionId)
  }
  return [
    ...flag("resume", start.resume ?? resumed),
    ...flag("resume-session-at", start.at),
    ...(start.fork === true ? ["--fork-session", `--session-id=${sessionId}`] : [])
  ]
}

const baseTable: { readonly [K in keyof Omit<ResolvedClaudeOptions, "claude">]-?: Where } = {
  start: { argv: startArgs },
  persist: { argv: ({ persist }) => bare("no-session-persistence", !persist) },
  model: { argv: ({ model }) => flag("model", model) },
  permissionMode: { argv: ({ permissionMode }) => flag("permission-mode", permissionMode) },
  permissions: { argv: ({ permissions }) => flag("permission-prompt-tool", permissions && "stdio") },
  allowedTools: { argv: ({ allowedTools }) => list("allowedTools", allowedTools) },
  disallowedTools: { argv: ({ disallowedTools }) => list("disallowedTools", disallowedTools) },
  maxTurns: { argv: ({ maxTurns }) => flag("max-turns", maxTurns) },
  maxBudgetUsd: { argv: ({ maxBudgetUsd }) => flag("max-budget-usd", maxBudgetUsd) },
  partialMessages: { argv: ({ partialMessages }) => bare("include-partial-messages", partialMessages) },
  systemPrompt: {
    initialize: ({ systemPrompt }) =>
      systemPrompt === undefined
        ? {}
        : typeof systemPrompt === "string"
          ? { systemPrompt: [systemPrompt] }
          : { appendSystemPrompt: systemPrompt.append }
  },
  outputSchema: {
    initialize: ({ outputSchema }) =>
      isObject(outputSchema?.jsonSchema) ? { jsonSchema: outputSchema.jsonSchema } : {}
  },
  env: local,
  cwd: local,
  turns: local,
  buffer: local,
  metadata: local,
  timeouts: local,
  tools: local
}

const claudeTable: { readonly [K in keyof ClaudeOnly]-?: Where } = {
  addDirs: { argv: ({ claude }) => claude?.addDirs?.flatMap((dir) => flag("add-dir", dir)) ?? [] },
  fallbackModel: { argv: ({ claude }) => flag("fallback-model", claude?.fallbackModel) },
  settingSources: { argv: ({ claude }) => flag("setting-sources", claude?.settingSources?.join(",")) },
  settings: {
    argv: ({ claude }) =>
      flag("settings", isObject(claude?.settings) ? JSON.stringify(claude.settings) : stringOf(claude?.settings))
  },
  allowDangerouslySkipPermissions: {
    argv: ({ claude }) => bare("allow-dangerously-skip-permissions", claude?.allowDangerouslySkipPermissions === true)
  },
  configDir: {
    env: ({ claude }): Readonly<Record<string, string>> =>
      claude?.configDir === undefined ? {} : { CLAUDE_CONFIG_DIR: claude.configDir }
  },
  extraArgs: {
    argv: ({ claude }) =>
      Object.entries(claude?.extraArgs ?? {}).map(([name, value]) =>
        value === null ? `--${name}` : `--${name}=${value}`
      )
  }
}

const stringOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

const places: ReadonlyArray<Where> = [...Object.values(baseTable), ...Object.values(claudeTable)]

const protocol = ["-p", "--output-format=stream-json", "--input-format=stream-json", "--verbose"]

/** The command line. One token a flag, so that nothing that follows is taken for its value. */
export const args = (options: ResolvedClaudeOptions, ids: Ids): ReadonlyArray<string> => [
  ...protocol,
  ...places.flatMap(({ argv }) => argv?.(options, ids) ?? [])
]

/** What the handshake says. */
export const initialize = (options: ResolvedClaudeOptions): InitializeFields =>
  Object.assign({}, ...places.map(({ initialize }) => initialize?.(options)))

/**
 * The environment of the process. The two variables of ours make the CLI tell when it is idle, and why it refuses to
 * start.
 */
export const env = (options: ResolvedClaudeOptions, host: Readonly<Record<string, string | undefined>>): Environment =>
  environment(options.env, host, {
    CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: "1",
    CLAUDE_CODE_STARTUP_FAILURE_RESULTS: "1",
    ...Object.assign({}, ...places.map(({ env }) => env?.(options)))
  })

/** What was asked for that this adapter cannot do: never ignored. */
export const unsupported = (options: ResolvedClaudeOptions): ReadonlyArray<string> =>
  options.tools === undefined ? [] : ["tools"]

/** Flags that options of ours own; giving them in `extraArgs` too would say two things at once. */
const ownedFlags: ReadonlySet<string> = new Set([
  "print",
  "output-format",
  "input-format",
  "verbose",
  "session-id",
  "resume",
  "continue",
  "fork-session",
  "resume-session-at",
  "no-session-persistence",
  "model",
  "permission-mode",
  "permission-prompt-tool",
  "allowedTools",
  "allowed-tools",
  "disallowedTools",
  "disallowed-tools",
  "max-turns",
  "max-budget-usd",
  "include-partial-messages",
  "system-prompt",
  "append-system-prompt",
  "json-schema",
  "add-dir",
  "fallback-model",
  "setting-sources",
  "settings",
  "allow-dangerously-skip-permissions"
])

/** What cannot be said on one command line. */
export const issues = ({ claude }: ResolvedClaudeOptions): ReadonlyArray<string> =>
  Object.keys(claude?.extraArgs ?? {})
    .filter((name) => ownedFlags.has(name))
    .map((name) => `extraArgs must not hold ${name}: there is an option for it`)
