/**
 * Reads what a user wrote for a Claude Code session: the options of every session resolved, those of the CLI set apart.
 */
import * as Effect from "effect/Effect"
import type { Services } from "../../AgentAdapter.ts"
import type { AgentError } from "../../AgentError.ts"
import { invalid, issuesOf, resolve as resolveBase } from "../../internal/resolve.ts"
import { ClaudeOnly, type ClaudeOptions, type ResolvedClaudeOptions } from "../ClaudeOptions.ts"

const pick = ({
  addDirs,
  allowDangerouslySkipPermissions,
  configDir,
  extraArgs,
  fallbackModel,
  includeHookEvents,
  replayUserMessages,
  settingSources,
  settings
}: ClaudeOnly): Required<ClaudeOnly> => ({
  addDirs,
  allowDangerouslySkipPermissions,
  configDir,
  extraArgs,
  fallbackModel,
  includeHookEvents,
  replayUserMessages,
  settingSources,
  settings
})

const without = <O extends object>(options: O | undefined, names: object): O =>
  Object.fromEntries(Object.entries(options ?? {}).filter(([name]) => !Object.hasOwn(names, name))) as O

export const resolve = <O extends ClaudeOptions.Any>(
  options: O | undefined
): Effect.Effect<ResolvedClaudeOptions, AgentError, Services<O>> => {
  const claude = pick(options ?? {})
  const issues = issuesOf(ClaudeOnly, claude)
  return issues.length > 0
    ? Effect.fail(invalid(issues))
    : Effect.map(resolveBase<O>(without(options, claude)), (base) => ({ ...base, claude }))
}
