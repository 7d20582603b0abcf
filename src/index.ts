/**
 * Sessions with coding agents as Effect resources. Adapters come by sub-path: `effect-agent-session/claude/ClaudeAdapter`.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as AgentAdapter from "./AgentAdapter.ts"

/**
 * @since 0.1.0
 */
export * as AgentError from "./AgentError.ts"

/**
 * @since 0.1.0
 */
export * as AgentEvent from "./AgentEvent.ts"

/**
 * @since 0.1.0
 */
export * as Budget from "./Budget.ts"

/**
 * @since 0.1.0
 */
export * as Input from "./Input.ts"

/**
 * @since 0.1.0
 */
export * as Limiter from "./Limiter.ts"

/**
 * @since 0.1.0
 */
export * as Permission from "./Permission.ts"

/**
 * @since 0.1.0
 */
export * as Prompt from "./Prompt.ts"

/**
 * @since 0.1.0
 */
export * as Retry from "./Retry.ts"

/**
 * @since 0.1.0
 */
export * as Session from "./Session.ts"

/**
 * @since 0.1.0
 */
export * as SessionRegistry from "./SessionRegistry.ts"

/**
 * @since 0.1.0
 */
export * as StreamSession from "./StreamSession.ts"

/**
 * @since 0.1.0
 */
export * as Turn from "./Turn.ts"

/**
 * @since 0.1.0
 */
export * as Usage from "./Usage.ts"
