/**
 * What of the options the CLI that runs cannot do, or did not take. It passes over much without a word: what a version does
 * not know yet, what a model cannot do, agents and settings that are not of its form. It is asked once, after the
 * handshake, and only about what is used.
 */
import * as Effect from "effect/Effect"
import { type AgentError, InvalidOptions, type Reason, Unsupported } from "../../AgentError.ts"
import type { InitializeResponse, ModelInfo, Replies } from "../ClaudeControl.ts"
import type { ClaudeOnly, ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import { flatten, ownerOf } from "./claudeArgs.ts"
import type { Connection } from "./connection.ts"
import { inline } from "./settingsOption.ts"
import { isOlder } from "./version.ts"
import { isObject } from "./wire.ts"

/** What the CLI tells about itself; what it was not asked is absent. */
export interface Facts {
  readonly info: InitializeResponse
  readonly version?: string | undefined
  readonly settings?: Replies["get_settings"] | undefined
}

interface Since {
  readonly option: string
  /** The first version that is known to have it. */
  readonly version: string
  readonly used: (options: ClaudeOnly) => boolean
}

// Flags are not here: a CLI refuses those it does not know, and `unknownFlag` says whose they are.
const since: ReadonlyArray<Since> = [
  { option: "verbatimPrompts", version: "2.1.248", used: ({ verbatimPrompts }) => verbatimPrompts === true },
  {
    option: "perTaskStopAffordance",
    version: "2.1.300",
    used: ({ perTaskStopAffordance }) => perTaskStopAffordance === true
  },
  {
    option: "systemPromptSnapshot",
    version: "2.1.300",
    used: ({ systemPromptSnapshot }) => systemPromptSnapshot !== undefined
  },
  {
    option: "agents with an observer",
    version: "2.1.300",
    used: ({ agents }) => Object.values(agents ?? {}).some(({ observer }) => observer !== undefined)
  },
  {
    option: "sandbox.credentials.awsPairs",
    version: "2.1.300",
    used: ({ sandbox }) => sandbox?.credentials?.awsPairs !== undefined
  },
  {
    option: "sandbox.allowNestedUserNamespaces",
    version: "2.1.329",
    used: ({ sandbox }) => sandbox?.allowNestedUserNamespaces !== undefined
  }
]

/** Which version has what is used and this one, if it is known, does not have. */
const tooOld = (options: ClaudeOnly, version: string | undefined): Reason | undefined => {
  const missing = since.find(({ used, version: first }) => used(options) && isOlder(version ?? "0", first))
  return (
    missing &&
    new Unsupported({
      capability: `${missing.option} needs Claude Code ${missing.version}, this one is ${version ?? "of unknown version"}`
    })
  )
}

const invalid = (issue: string): Reason => new InvalidOptions({ issues: [issue] })

const unknownAgents = (
  { agent, agents = {} }: ClaudeOnly,
  { agents: found = [] }: InitializeResponse
): Reason | undefined => {
  const names = new Set(found.map(({ name }) => name))
  const dropped = Object.keys(agents).find((name) => !names.has(name))
  if (dropped !== undefined) return invalid(`agents.${dropped}: Claude Code did not take it: correct its definition`)
  return agent === undefined || names.has(agent)
    ? undefined
    : invalid(`agent: there is no ${JSON.stringify(agent)}: there are ${[...names].join(", ")}`)
}

interface Applied {
  readonly model?: unknown
  readonly effort?: unknown
}

const appliedOf = ({ settings }: Facts): Applied => (isObject(settings?.applied) ? settings.applied : {})

const wrongEffort = ({ effort }: ClaudeOnly, applied: Applied): Reason | undefined =>
  effort === undefined || applied.effort === undefined || applied.effort === effort
    ? undefined
    : new Unsupported({
        capability: `effort "${effort}" with the model ${String(applied.model)}, which goes on with ${String(applied.effort ?? "none")}`
      })

const wrongThinking = ({ thinking }: ClaudeOnly, model: ModelInfo | undefined): Reason | undefined => {
  if (thinking === undefined || model === undefined) return undefined
  const can =
    thinking.type === "disabled"
      ? model.supportsThinkingOff !== false
      : (thinking.type === "adaptive") === (model.supportsAdaptiveThinking === true)
  return can
    ? undefined
    : new Unsupported({
        capability: `thinking of type "${thinking.type}" with the model ${model.resolvedModel ?? model.value}`
      })
}

/** The first place where what was sent is not there any more; values are not compared, for some are not shown. */
export const lost = (sent: unknown, kept: unknown, path: string): string | undefined => {
  if (sent === undefined) return undefined
  if (kept === undefined) return path
  if (Array.isArray(sent)) return Array.isArray(kept) && kept.length >= sent.length ? undefined : path
  if (!isObject(sent)) return undefined
  if (!isObject(kept)) return path
  for (const [key, value] of Object.entries(sent)) {
    const at = lost(value, kept[key], `${path}.${key}`)
    if (at !== undefined) return at
  }
  return undefined
}

/** What is set in one of the places that settings come from. */
export const sourceOf = (settings: Replies["get_settings"], name: string): unknown => {
  const source = Array.isArray(settings.sources)
    ? settings.sources.find((source: unknown) => isObject(source) && source["source"] === name)
    : undefined
  return isObject(source) ? source["settings"] : undefined
}

const droppedSettings = (options: ResolvedClaudeOptions, { settings: reply }: Facts): Reason | undefined => {
  if (reply?.sources === undefined) return undefined
  const { managedSettings, settings } = flatten(options)
  const at =
    lost(inline(settings), sourceOf(reply, "flagSettings"), "settings") ??
    lost(managedSettings, sourceOf(reply, "policySettings"), "managedSettings")
  return at === undefined ? undefined : invalid(`${at}: Claude Code did not take it: correct it or leave it out`)
}

/** What is not honoured, if anything. */
export const problem = (options: ResolvedClaudeOptions, facts: Facts): Reason | undefined => {
  const claude = options.claude ?? {}
  const applied = appliedOf(facts)
  const model = facts.info.models?.find(({ resolvedModel, value }) =>
    [resolvedModel, value].includes(String(applied.model))
  )
  return (
    tooOld(claude, facts.version) ??
    unknownAgents(claude, facts.info) ??
    wrongEffort(claude, applied) ??
    wrongThinking(claude, model) ??
    droppedSettings(options, facts)
  )
}

/** Fails with what the CLI that answered the handshake does not honour. */
export const check = Effect.fnUntraced(function* (
  options: ResolvedClaudeOptions,
  { control, info }: Pick<Connection, "control" | "info">,
  fail: (reason: Reason) => AgentError
): Effect.fn.Return<void, AgentError> {
  const { claude = {} } = options
  const { effort, managedSettings, sandbox, settings, thinking } = claude
  // 2.1.197 tells its version only when it is asked.
  const version =
    info.claude_code_version ??
    (since.some(({ used }) => used(claude)) ? (yield* control("get_binary_version", {})).version : undefined)
  const needed = [effort, thinking, sandbox, managedSettings, settings && inline(settings)].some(
    (part) => part !== undefined
  )
  const facts: Facts = { info, version, settings: needed ? yield* control("get_settings", {}) : undefined }
  const reason = problem(options, facts)
  if (reason !== undefined) return yield* fail(reason)
})

/** Whose flag this version does not know, from what it said before it ended. */
export const unknownFlag = (stderr: string): Reason | undefined => {
  const flag = /error: unknown option '--([\w-]+)/.exec(stderr)?.[1]
  if (flag === undefined) return undefined
  const owner = ownerOf(flag) ?? "extraArgs"
  return new Unsupported({ capability: `${owner}: this version of Claude Code does not know --${flag}` })
}
