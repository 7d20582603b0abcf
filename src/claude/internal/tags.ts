/**
 * The tag of the adapter, apart from its implementation: opening a session needs the tag, the adapter needs the session.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { AgentAdapter } from "../../AgentAdapter.ts"
import type { AgentError } from "../../AgentError.ts"
import type { ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import type { ClaudeSession } from "../ClaudeSession.ts"

/**
 * The adapter for Claude Code: an `AgentAdapter` whose sessions are `ClaudeSession`s.
 *
 * @since 0.1.0
 * @category models
 */
export interface ClaudeAdapter extends AgentAdapter {
  readonly open: (options: ResolvedClaudeOptions) => Effect.Effect<ClaudeSession, AgentError, Scope.Scope>
}

/**
 * @since 0.1.0
 * @category services
 */
export const ClaudeAdapter: Context.Service<ClaudeAdapter, ClaudeAdapter> = Context.Service(
  "effect-agent-session/claude/ClaudeAdapter"
)
