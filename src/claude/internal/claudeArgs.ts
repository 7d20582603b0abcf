/**
 * What becomes of every option, in one table: a flag, a field of the `initialize` request, a variable of the environment,
 * or something we do ourselves. An option without a row does not compile. Pure.
 */
import * as Predicate from "effect/Predicate"
import * as Struct from "effect/Struct"
import type { ResolvedOptions, Start } from "../../AgentAdapter.ts"
import { environment, type Environment } from "../../internal/agentCommand.ts"
import type { InitializeFields } from "../ClaudeControl.ts"
import type { ClaudeOnly, ResolvedClaudeOptions } from "../ClaudeOptions.ts"
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

type Values = { readonly [K in keyof (ResolvedOptions & ClaudeOnly)]-?: NonNullable<(ResolvedOptions & ClaudeOnly)[K]> }

export type OptionName = keyof Values

/** every option at one level */
type AllOptions = { readonly [K in OptionName]?: Values[K] | undefined }

/** `flags`: the names, without dashes, of the flags that this option is in charge of */
type Mapping<Value> =
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
  | { readonly to: "local" }
  | { readonly to: "unsupported" }

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

const flagWhen = (condition: boolean, flag: string): Mapping<boolean> => ({
  to: "argv",
  flags: [flag],
  tokens: (value) => (value === condition ? [`--${flag}`] : [])
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

const table: { readonly [K in OptionName]: Mapping<Values[K]> } = {
  start: {
    to: "argv",
    flags: ["session-id", "resume", "continue", "fork-session", "resume-session-at"],
    tokens: startTokens
  },
  persist: flagWhen(false, "no-session-persistence"),
  model: valueOf("model"),
  fallbackModel: valueOf("fallback-model"),
  permissionMode: valueOf("permission-mode", "dangerously-skip-permissions"),
  allowDangerouslySkipPermissions: flagWhen(true, "allow-dangerously-skip-permissions"),
  // Without the flag the CLI denies by itself and asks nobody.
  permissions: {
    to: "argv",
    flags: ["permission-prompt-tool", "permission-prompts"],
    tokens: () => ["--permission-prompt-tool=stdio"]
  },
  allowedTools: listOf("allowedTools", "allowed-tools"),
  disallowedTools: listOf("disallowedTools", "disallowed-tools"),
  addDirs: { to: "argv", flags: ["add-dir"], tokens: (dirs) => dirs.map((dir) => `--add-dir=${dir}`) },
  maxTurns: valueOf("max-turns"),
  maxBudgetUsd: valueOf("max-budget-usd"),
  settingSources: {
    to: "argv",
    flags: ["setting-sources"],
    tokens: (sources) => [`--setting-sources=${sources.join(",")}`]
  },
  settings: {
    to: "argv",
    flags: ["settings"],
    tokens: (settings) => [`--settings=${typeof settings === "string" ? settings : JSON.stringify(settings)}`]
  },
  partialMessages: flagWhen(true, "include-partial-messages"),
  replayUserMessages: flagWhen(true, "replay-user-messages"),
  includeHookEvents: flagWhen(true, "include-hook-events"),
  systemPrompt: {
    to: "initialize",
    flags: [
      "system-prompt",
      "system-prompt-file",
      "append-system-prompt",
      "append-system-prompt-file",
      "system-prompt-snapshot"
    ],
    // A resumed conversation keeps the prompt it began with, and a new one is passed over, unless the snapshot is off.
    fields: (prompt, { start = "new" }) => ({
      ...(typeof prompt === "string" ? { systemPrompt: [prompt] } : { appendSystemPrompt: prompt.append }),
      ...(beginsAnew(start) ? {} : { systemPromptSnapshot: false })
    })
  },
  outputSchema: {
    to: "initialize",
    flags: ["json-schema"],
    fields: ({ jsonSchema }) => (isObject(jsonSchema) ? { jsonSchema } : {})
  },
  configDir: { to: "env", variables: (dir) => ({ CLAUDE_CONFIG_DIR: dir }) },
  env: local,
  cwd: local,
  turns: local,
  buffer: local,
  metadata: local,
  timeouts: local,
  tools: { to: "unsupported" },
  // Last, and none of ours may be among them: of two equal flags the CLI takes the last.
  extraArgs: {
    to: "argv",
    flags: [],
    tokens: (flags) =>
      Object.entries(flags).map(([flag, value]) => (typeof value === "string" ? `--${flag}=${value}` : `--${flag}`))
  }
}

const names: ReadonlyArray<OptionName> = Struct.keys(table)

const fixed: ReadonlyArray<string> = ["-p", "--output-format=stream-json", "--input-format=stream-json", "--verbose"]
const fixedFlags: ReadonlyArray<string> = ["p", "print", "output-format", "input-format", "verbose"]

const owners: ReadonlyMap<string, OptionName | "the adapter"> = new Map([
  ...fixedFlags.map((flag) => [flag, "the adapter"] as const),
  ...names.flatMap((name) => {
    const mapping: Mapping<never> = table[name]
    return mapping.to === "argv" || mapping.to === "initialize"
      ? mapping.flags.map((flag) => [flag, name] as const)
      : []
  })
])

/** who is in charge of a flag (without dashes); undefined when nobody is */
export const ownerOf = (flag: string): OptionName | "the adapter" | undefined => owners.get(flag)

const flatten = ({ claude, ...base }: ResolvedClaudeOptions): AllOptions => ({ ...base, ...claude })

const tokensOf = <K extends OptionName>(name: K, all: AllOptions, ids: Ids): ReadonlyArray<string> => {
  const mapping: Mapping<Values[K]> = table[name]
  const value = all[name]
  return mapping.to === "argv" && Predicate.isNotNullish(value) ? mapping.tokens(value, ids) : []
}

const fieldsOf = <K extends OptionName>(name: K, all: AllOptions): InitializeFields => {
  const mapping: Mapping<Values[K]> = table[name]
  const value = all[name]
  return mapping.to === "initialize" && Predicate.isNotNullish(value) ? mapping.fields(value, all) : {}
}

const variablesOf = <K extends OptionName>(name: K, all: AllOptions): Readonly<Record<string, string>> => {
  const mapping: Mapping<Values[K]> = table[name]
  const value = all[name]
  return mapping.to === "env" && Predicate.isNotNullish(value) ? mapping.variables(value) : {}
}

/** The arguments of the CLI. Nothing secret and nothing that may be long is among them. */
export const args = (options: ResolvedClaudeOptions, ids: Ids): ReadonlyArray<string> => {
  const all = flatten(options)
  return [...fixed, ...names.flatMap((name) => tokensOf(name, all, ids))]
}

/** What the handshake says. */
export const initialize = (options: ResolvedClaudeOptions): InitializeFields => {
  const all = flatten(options)
  return names.reduce<InitializeFields>((fields, name) => Object.assign(fields, fieldsOf(name, all)), {})
}

/** What we need of every CLI: to be told when a turn is over, and to get a start-up failure as a frame. */
const always = { CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: "1", CLAUDE_CODE_STARTUP_FAILURE_RESULTS: "1" }

/** The whole environment of the CLI. What the user sets wins. */
export const env = (
  options: ResolvedClaudeOptions,
  host: Readonly<Record<string, string | undefined>>
): Environment => {
  const all = flatten(options)
  const own = names.reduce<Record<string, string>>(
    (variables, name) => Object.assign(variables, variablesOf(name, all)),
    { ...always }
  )
  return environment(options.env, host, own)
}

/** what is asked for and this adapter cannot do */
export const unsupported = (options: ResolvedClaudeOptions): ReadonlyArray<OptionName> => {
  const all = flatten(options)
  return names.filter((name) => {
    const value = all[name]
    return table[name].to === "unsupported" && value !== undefined && !(Array.isArray(value) && value.length === 0)
  })
}

/** the options whose text cannot be passed to a process */
export const withNul = (options: ResolvedClaudeOptions): ReadonlyArray<OptionName> => {
  const all = flatten(options)
  return names.filter((name) =>
    [...tokensOf(name, all, { sessionId: "" }), ...Object.values(variablesOf(name, all))].some((text) =>
      text.includes("\0")
    )
  )
}
