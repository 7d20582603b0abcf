/**
 * For programs that run many agents on Node: a `ChildProcessSpawner` that starts the agents of this library itself and
 * hears their pipes directly. What an agent is and does stays the same; opening a session, waking up for what it says
 * and keeping it cost less (docs/performance.md has the figures).
 *
 * @since 0.1.0
 */
import type * as Layer from "effect/Layer"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as internal from "./internal/directSpawner.ts"

/**
 * Put it between an adapter and the services of Node. It needs the spawner that it goes before: for every command that
 * is not an agent of this library (those of `session.execute`, those of your program), and to say why an agent cannot
 * be started. Who wraps the spawner above it, as a cassette does, sees what passes as before, and pays as before.
 *
 * Linux and macOS; on Windows everything goes to the spawner beneath.
 *
 * @example
 * ```ts
 * import * as NodeServices from "@effect/platform-node/NodeServices"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import { StreamSession } from "effect-agent-session"
 * import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
 * import * as DirectSpawner from "effect-agent-session/DirectSpawner"
 *
 * const Claude = ClaudeAdapter.layer().pipe(Layer.provide(DirectSpawner.layer), Layer.provide(NodeServices.layer))
 *
 * StreamSession.ask({ prompt: "Explain OTP in one line" }).pipe(Effect.provide(Claude))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<ChildProcessSpawner, never, ChildProcessSpawner> = internal.layer
