/**
 * Reads what a user wrote for a Claude Code session: the options of every session resolved, those of the CLI set apart.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Struct from "effect/Struct"
import type { AdapterDefaults, BaseOptions, Services } from "../../AgentAdapter.ts"
import type { AgentError } from "../../AgentError.ts"
import {
  defined,
  invalid,
  issuesOf,
  overridden as overriddenBase,
  resolve as resolveBase
} from "../../internal/resolve.ts"
import { ClaudeOnly, type ClaudeOptions, type ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import { optionFields } from "./optionFields.ts"
import * as Hooks from "./hooks.ts"

const names = Struct.keys(optionFields)

/** Every option of the CLI, so that what is laid over them says nothing where it has nothing to say. */
const pick = (options: ClaudeOnly): ClaudeOnly => Object.fromEntries(names.map((name) => [name, options[name]]))

const without = <O extends object>(options: O | undefined, names: object): O =>
  Object.fromEntries(Object.entries(options ?? {}).filter(([name]) => !Object.hasOwn(names, name))) as O

/** Those of the CLI, laid over as `Session.Overrides` are. */
const ClaudeOverrides: Context.Reference<ClaudeOnly> = Context.Reference("effect-agent-session/claude/Overrides", {
  defaultValue: () => ({})
})

/** Opens with plain options laid over its own. */
export const overridden = <A, E, R>(
  open: Effect.Effect<A, E, R>,
  overrides: BaseOptions & ClaudeOnly
): Effect.Effect<A, E, R> => {
  const claude = pick(overrides)
  return Effect.provideService(overriddenBase(open, without(overrides, claude)), ClaudeOverrides, claude)
}

export const resolve = <O extends ClaudeOptions.Any>(
  options: O | undefined,
  defaults?: AdapterDefaults
): Effect.Effect<ResolvedClaudeOptions, AgentError, Services<O>> =>
  Effect.flatMap(ClaudeOverrides, (overrides) => {
    const claude = { ...pick(options ?? {}), ...defined(overrides) }
    // The services are what the type level read off `O`; the value level erased them.
    const { hooks } = (options ?? {}) as ClaudeOptions<Services<O>>
    const issues = [...issuesOf(ClaudeOnly, claude, "error"), ...Hooks.issues(hooks)]
    if (issues.length > 0) return Effect.fail(invalid(issues))
    return Effect.zipWith(
      resolveBase<O>(without(options, { ...claude, hooks }), defaults),
      Effect.context<Services<O>>(),
      (base, context) => ({ ...base, claude, hooks: hooks?.map((hook) => Hooks.resolve(hook, context)) })
    )
  })
