/**
 * A turn, from the moment it is asked for: what is sent for it, what is known of it while it lives, and how the agent
 * says that it ended.
 */
import type * as Deferred from "effect/Deferred"
import type * as Fiber from "effect/Fiber"
import type { AgentError, Reason } from "../AgentError.ts"
import type { AgentEvent } from "../AgentEvent.ts"
import type * as Prompt from "../Prompt.ts"
import type * as Turn from "../Turn.ts"
import type * as Usage from "../Usage.ts"
import type { Backlog } from "./backlog.ts"
import type { TurnId } from "./ids.ts"

/** A prompt on its way to the agent. `messageId` is a fresh UUID. */
export interface Outgoing {
  readonly turnId: TurnId
  readonly messageId: string
  readonly prompt: Prompt.Prompt
}

/** How the agent says a turn ended. `reason` makes why it failed; `output` is the structured answer as it came. */
export interface TurnEnd {
  readonly outcome: Turn.TurnOutcome
  readonly reason?: (() => Reason) | undefined
  readonly report?: Usage.Report | undefined
  readonly output?: unknown
  readonly stopReason?: string | undefined
  readonly fallbackText?: string | undefined
}

/** It ends once for its caller (`settled`) and once for the agent (`over`). */
export interface LiveTurn extends Outgoing {
  readonly origin: "caller" | "agent"
  readonly backlog: Backlog<AgentEvent, AgentError> | undefined
  /** Milliseconds of silence, and of the whole turn, that it may take. */
  readonly idle: number
  readonly limit: number
  readonly result: Deferred.Deferred<Turn.TurnResult, AgentError>
  readonly over: Deferred.Deferred<void>
  /** Absent until it is sent. */
  folding: Turn.Folding | undefined
  /** What looks after `idle` and `limit`. */
  clock: Fiber.Fiber<unknown, unknown> | undefined
  /** Of its events together: characters of text, wire bytes of the rest. */
  weight: number
  /** Its end counts as an interrupt of ours. */
  interrupted: boolean
  /** The agent was asked to stop, and there is a deadline for it. */
  stopping: boolean
  escalated: boolean
  outcome: Turn.TurnOutcome["_tag"] | undefined
  failure: Reason | undefined
  settled: boolean
}
