/**
 * What is written to the CLI, as values: prompts, decisions, refusals. And what its answers are read for.
 */
import type { Outgoing } from "../../internal/liveTurn.ts"
import type * as Usage from "../../Usage.ts"
import {
  type InboundRequest,
  type OutboundReply,
  type ReplyPayload,
  type UsageResponse,
  type UserPrompt
} from "../ClaudeControl.ts"
import { modelsOf } from "./outcome.ts"
import * as PromptBlocks from "./promptBlocks.ts"

/** The line of a prompt; a verbatim one is not read for commands. */
export const prompt = ({ messageId, prompt }: Outgoing, verbatim: boolean): UserPrompt => ({
  type: "user",
  message: { role: "user", content: PromptBlocks.content(prompt) },
  parent_tool_use_id: null,
  session_id: "",
  uuid: messageId,
  ...(verbatim ? { client_composed: true } : {})
})

export const success = (requestId: string, response: ReplyPayload): OutboundReply => ({
  type: "control_response",
  response: { subtype: "success", request_id: requestId, response }
})

export const refusal = (requestId: string, error: string): OutboundReply => ({
  type: "control_response",
  response: { subtype: "error", request_id: requestId, error }
})

/** For requests that nothing here is set up to answer, so that nothing waits for us. */
export const unhandled = (requestId: string, { subtype }: InboundRequest): OutboundReply =>
  refusal(requestId, `This host does not answer ${subtype}.`)

/** What the conversation had used before this process, so that it is not billed to the first turn again. */
export const usageReport = ({ session }: UsageResponse): Usage.Report | undefined =>
  session?.total_cost_usd === undefined
    ? undefined
    : { costUsd: session.total_cost_usd, models: modelsOf(session.model_usage), turn: undefined }
