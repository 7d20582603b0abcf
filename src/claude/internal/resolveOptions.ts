/**
 * Reads what a user wrote for a Claude Code session: the options of every session resolved, those of the CLI set apart.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import type { AdapterDefaults, BaseOptions, Services } from "../../AgentAdapter.ts"
import type { AgentError } from "../../AgentError.ts"
import { invalid, issuesOf, overridden as overriddenBase, resolve as resolveBase } from "../../internal/resolve.ts"
import { ClaudeOnly, type ClaudeOptions, type ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import { optionFields } from "./optionFields.ts"
import * as Hooks from "./hooks.ts"

const ofClaude: ReadonlySet<string> = new Set(Struct.keys(optionFields))
const ofClaudeAndHooks: ReadonlySet<string> = new Set([...ofClaude, "hooks"])

/** What is said of the options of the CLI. */
const pick = (options: ClaudeOnly): ClaudeOnly =>
  Object.fromEntries(Object.entries(options).filter(([name, value]) => ofClaude.has(name) && value !== undefined))

const without = <O extends object>(options: O | undefined, names: ReadonlySet<string>): O =>
  Object.fromEntries(Object.entries(options ?? {}).filter(([name]) => !names.has(name))) as O

/** Those of the CLI, laid over as `Session.Overrides` are. */
const ClaudeOverrides: Context.Reference<ClaudeOnly> = Context.Reference("effect-agent-session/claude/Overrides", {
  defaultValue: () => ({})
})

/** Opens with plain options laid over its own. */
export const overridden = <A, E, R>(
  open: Effect.Effect<A, E, R>,
  overrides: BaseOptions & ClaudeOnly
): Effect.Effect<A, E, R> =>
  Effect.provideService(overriddenBase(open, without(overrides, ofClaude)), ClaudeOverrides, pick(overrides))

export const resolve = <O extends ClaudeOptions.Any>(
  options: O | undefined,
  defaults?: AdapterDefaults
): Effect.Effect<ResolvedClaudeOptions, AgentError, Services<O>> =>
  Effect.flatMap(ClaudeOverrides, (overrides) => {
    const claude = { ...pick(options ?? {}), ...overrides }
    // The services are what the type level read off `O`; the value level erased them.
    const { hooks } = (options ?? {}) as ClaudeOptions<Services<O>>
    const issues = [...issuesOf(ClaudeOnly, claude, "error"), ...Hooks.issues(hooks)]
    if (issues.length > 0) return Effect.fail(invalid(issues))
    return Effect.zipWith(
      resolveBase<O>(without(options, ofClaudeAndHooks), defaults),
      Effect.context<Services<O>>(),
      (base, context) => ({ ...base, claude, hooks: hooks?.map((hook) => Hooks.resolve(hook, context)) })
    )
  })
