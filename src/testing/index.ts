/**
 * For tests: an agent without a process, what it does as data, and the behaviours that every adapter must show.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 */
export * as AgentScript from "./AgentScript.ts"

/**
 * @since 0.1.0
 */
export * as MockAdapter from "./MockAdapter.ts"

/**
 * @since 0.1.0
 */
export * as AdapterContract from "./AdapterContract.ts"

/**
 * @since 0.1.0
 */
export * as Cassette from "./Cassette.ts"
