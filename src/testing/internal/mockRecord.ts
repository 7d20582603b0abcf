/** What a mock agent was told and did, for assertions: kept by the adapter, over all of its sessions. */
import type { ResolvedOptions } from "../../AgentAdapter.ts"
import type { SessionId, ToolId } from "../../internal/ids.ts"
import type { Answer } from "../../Input.ts"
import type { Decision } from "../../Permission.ts"
import type { Prompt } from "../../Prompt.ts"
import type { Asks } from "../AgentScript.ts"

/**
 * A prompt that reached the agent. `steered`: it was said into a running turn.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sent {
  readonly sessionId: SessionId
  readonly text: string
  readonly parts: Prompt
  readonly steered: boolean
}

/**
 * A decision about a tool call, as the agent received it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Decided {
  readonly sessionId: SessionId
  readonly toolId: ToolId
  readonly tool: string
  readonly input: unknown
  readonly decision: Decision
}

/**
 * An answer to what was asked of the user, as the agent received it.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnsweredInput {
  readonly sessionId: SessionId
  readonly toolId: ToolId
  readonly asks: Asks
  readonly answer: Answer
}

/**
 * A tool that ran, with the input it ran with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Called {
  readonly sessionId: SessionId
  readonly toolId: ToolId
  readonly tool: string
  readonly input: unknown
}

export class Records {
  readonly sent: Array<Sent> = []
  readonly opened: Array<ResolvedOptions> = []
  readonly decisions: Array<Decided> = []
  readonly answers: Array<AnsweredInput> = []
  readonly calls: Array<Called> = []
  interrupts = 0
}
