/**
 * How the CLI is started, read off the table of options: its arguments, the `initialize` request, its environment. Pure.
 */
import { Buffer } from "node:buffer"
import * as Predicate from "effect/Predicate"
import * as Struct from "effect/Struct"
import { environment, type Environment, oversizeArgument, redactedOf } from "../../internal/agentCommand.ts"
import type { InitializeFields } from "../ClaudeControl.ts"
import type { ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import * as McpServers from "./mcpServers.ts"
import { type AllOptions, type Ids, type Mapping, type OptionName, table, type Values } from "./optionTable.ts"
import { withSandbox } from "./sandboxOption.ts"
import { inline } from "./settingsOption.ts"

export type { Ids, OptionName } from "./optionTable.ts"

const names: ReadonlyArray<OptionName> = Struct.keys(table)

const fixed: ReadonlyArray<string> = ["-p", "--output-format=stream-json", "--input-format=stream-json", "--verbose"]
/** what the adapter decides: the protocol, and what would start something else than a session over it */
const fixedFlags =
  "p print output-format input-format verbose version help init-only background bg desktop cloud teleport sdk-url".split(
    " "
  )

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

const skillRules = (skills: AllOptions["skills"]): ReadonlyArray<string> =>
  skills === undefined ? [] : skills === "all" ? ["Skill"] : skills.map((name) => `Skill(${name})`)

/**
 * Every option at one level, those that are a part of another one in it. The permission mode is always said: a CLI that
 * is not told one may start in a mode (2.1.300: `auto`) that runs tools nobody allowed.
 */
export const flatten = ({ claude, ...base }: ResolvedClaudeOptions): AllOptions => {
  const rules = [...(base.allowedTools ?? []), ...skillRules(claude?.skills)]
  const { sandbox } = claude ?? {}
  return {
    ...base,
    ...claude,
    permissionMode: base.permissionMode ?? "default",
    ...(rules.length === 0 ? {} : { allowedTools: [...new Set(rules)] }),
    ...(sandbox === undefined ? {} : { settings: withSandbox(inline(claude?.settings), sandbox) })
  }
}

/** What is said of them, of many that could be: an opening looks at its options a dozen times. */
interface Given {
  readonly all: AllOptions
  readonly names: ReadonlyArray<OptionName>
}

const givens = new WeakMap<ResolvedClaudeOptions, Given>()

const givenOf = (options: ResolvedClaudeOptions): Given => {
  const known = givens.get(options)
  if (known !== undefined) return known
  const all = flatten(options)
  const given = { all, names: names.filter((name) => Predicate.isNotNullish(all[name])) }
  givens.set(options, given)
  return given
}

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
  const { all, names } = givenOf(options)
  return [...fixed, ...new Set(names.flatMap((name) => tokensOf(name, all, ids)))]
}

/** What the handshake says. */
export const initialize = (options: ResolvedClaudeOptions): InitializeFields => {
  const { all, names } = givenOf(options)
  return names.reduce<InitializeFields>((fields, name) => Object.assign(fields, fieldsOf(name, all)), {})
}

/** What we need of every CLI: to be told when a turn is over, and to get a start-up failure as a frame. */
const always = { CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: "1", CLAUDE_CODE_STARTUP_FAILURE_RESULTS: "1" }

const variables = ({ all, names }: Given): Readonly<Record<string, string>> =>
  names.reduce<Record<string, string>>((found, name) => Object.assign(found, variablesOf(name, all)), {})

/** The whole environment of the CLI. What the user sets wins. */
export const env = (options: ResolvedClaudeOptions, host: Readonly<Record<string, string | undefined>>): Environment =>
  environment(options.env, host, { ...always, ...variables(givenOf(options)) })

/** The variables that options and `env.set` both name, with the option's name. */
export const doubled = (options: ResolvedClaudeOptions): ReadonlyArray<readonly [OptionName, string]> => {
  const { all, names } = givenOf(options)
  return names.flatMap((name) =>
    Object.keys(variablesOf(name, all))
      .filter((variable) => Object.hasOwn(options.env?.set ?? {}, variable))
      .map((variable) => [name, variable] as const)
  )
}

const anyIds: Ids = { sessionId: "" }

const passed = (options: ResolvedClaudeOptions): ReadonlyArray<readonly [OptionName, ReadonlyArray<string>]> => {
  const { all, names } = givenOf(options)
  return names.map((name) => [name, tokensOf(name, all, anyIds)] as const)
}

/** the options whose text cannot be passed to a process */
export const withNul = (options: ResolvedClaudeOptions): ReadonlyArray<OptionName> => {
  const { all } = givenOf(options)
  return passed(options)
    .filter(([name, tokens]) =>
      [...tokens, ...Object.values(variablesOf(name, all))].some((text) => text.includes("\0"))
    )
    .map(([name]) => name)
}

/** Well under what Linux takes for all arguments and variables together. */
const maxBytes = 1_000_000

/** the option that makes the command line longer than the system takes it, one argument or all of them */
export const tooLong = (options: ResolvedClaudeOptions): OptionName | undefined => {
  const sizes = passed(options).map(([name, tokens]) => ({ name, tokens, bytes: Buffer.byteLength(tokens.join("\0")) }))
  const one = sizes.find(({ tokens }) => oversizeArgument(tokens) !== undefined)
  if (one !== undefined) return one.name
  const all = sizes.reduce((sum, { bytes }) => sum + bytes, 0)
  return all <= maxBytes ? undefined : sizes.reduce((most, next) => (next.bytes > most.bytes ? next : most)).name
}

// A shorter text is found in many an argument by chance.
const minSecret = 8

/** the options that would show a secret of the environment, or of an MCP server, in the process list */
export const withSecret = (options: ResolvedClaudeOptions): ReadonlyArray<OptionName> => {
  const { claude, env } = options
  const secrets = [...redactedOf(Object.values(env?.set ?? {})), ...McpServers.secretsOf(claude?.mcpServers)].filter(
    (secret) => secret.length >= minSecret
  )
  return passed(options)
    .filter(([, tokens]) => tokens.some((token) => secrets.some((secret) => token.includes(secret))))
    .map(([name]) => name)
}
