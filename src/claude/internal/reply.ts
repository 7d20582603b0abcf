/**
 * What is written to the CLI, as values: prompts, decisions, refusals. And what its answers are read for.
 */
import * as ids from "../../internal/ids.ts"
import type { Outgoing } from "../../internal/turns.ts"
import type * as Permission from "../../Permission.ts"
import type * as Prompt from "../../Prompt.ts"
import type * as Usage from "../../Usage.ts"
import {
  type CanUseTool,
  type InboundRequest,
  type JsonObject,
  type OutboundReply,
  type PromptBlock,
  type UsageResponse,
  type UserPrompt
} from "../ClaudeControl.ts"
import { modelsOf } from "./outcome.ts"
import { isObject } from "./wire.ts"

const base64 = (data: string | Uint8Array): string =>
  typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")

const block = (part: Prompt.Part): PromptBlock => {
  switch (part._tag) {
    case "Text":
      return { type: "text", text: part.text }
    case "Image":
      return { type: "image", source: { type: "base64", media_type: part.mediaType, data: base64(part.data) } }
    case "Document": {
      const source =
        part.mediaType === "text/plain" && typeof part.data === "string"
          ? { type: "text", media_type: part.mediaType, data: part.data }
          : { type: "base64", media_type: part.mediaType, data: base64(part.data) }
      return { type: "document", source, ...(part.title === undefined ? {} : { title: part.title }) }
    }
  }
}

/** The line of a prompt. A single text is sent as a string, as a person would have typed it. */
export const prompt = ({ messageId, prompt }: Outgoing): UserPrompt => {
  const [first, ...rest] = prompt
  const content = first?._tag === "Text" && rest.length === 0 ? first.text : prompt.map(block)
  return {
    type: "user",
    message: { role: "user", content },
    parent_tool_use_id: null,
    session_id: "",
    uuid: messageId
  }
}

export const permissionRequest = (
  requestId: string,
  request: CanUseTool,
  sessionId: ids.SessionId | undefined
): Permission.Request => ({
  requestId: ids.requestId(requestId),
  sessionId,
  toolId: request.tool_use_id === undefined ? undefined : ids.toolId(request.tool_use_id),
  tool: request.tool_name,
  input: request.input,
  suggestions: request.permission_suggestions ?? [],
  reason: request.decision_reason,
  agentId: request.agent_id
})

const success = (requestId: string, response: JsonObject): OutboundReply => ({
  type: "control_response",
  response: { subtype: "success", request_id: requestId, response }
})

export const refusal = (requestId: string, error: string): OutboundReply => ({
  type: "control_response",
  response: { subtype: "error", request_id: requestId, error }
})

/** An allow always carries the input: 2.1.197 takes one without it for a denial. */
export const decision = (requestId: string, request: CanUseTool, decision: Permission.Decision): OutboundReply => {
  const tool = request.tool_use_id === undefined ? {} : { toolUseID: request.tool_use_id }
  if (decision._tag === "Deny") {
    return success(requestId, {
      behavior: "deny",
      message: decision.message,
      ...(decision.stopTurn === undefined ? {} : { interrupt: decision.stopTurn }),
      ...tool
    })
  }
  if (decision.input !== undefined && !isObject(decision.input)) {
    const message = "The permission handler changed the input to something that is no object."
    return success(requestId, { behavior: "deny", message, ...tool })
  }
  return success(requestId, {
    behavior: "allow",
    updatedInput: decision.input ?? request.input,
    ...(decision.updates === undefined ? {} : { updatedPermissions: decision.updates }),
    ...tool
  })
}

/**
 * For requests that nothing here is set up to answer, so that nothing waits for us. A dialog of a kind we did not declare
 * is not for us to answer.
 */
export const unhandled = (requestId: string, request: InboundRequest): OutboundReply | undefined =>
  request.subtype === "request_user_dialog"
    ? undefined
    : request.subtype === "elicitation"
      ? success(requestId, { action: "decline" })
      : refusal(requestId, `This host does not answer ${request.subtype}.`)

/** What the conversation had used before this process, so that it is not billed to the first turn again. */
export const usageReport = ({ session }: UsageResponse): Usage.Report | undefined =>
  session?.total_cost_usd === undefined
    ? undefined
    : { costUsd: session.total_cost_usd, models: modelsOf(session.model_usage), turn: undefined }
