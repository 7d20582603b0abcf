/**
 * The control protocol as the CLI speaks it: requests it sends, replies to ours, and withdrawals.
 */
import * as Schema from "effect/Schema"
import {
  JsonObject,
  type Open,
  openUnion,
  optionalBoolean,
  optionalNullableString,
  optionalString,
  optionalStrings,
  optionalUnknown,
  optionalUnknowns,
  type Unrecognized
} from "./wire.ts"

/**
 * May this tool run? Asked only with `--permission-prompt-tool stdio`. The turn waits until it is answered or withdrawn.
 * `permission_suggestions` are updates to offer to the person (`isPermissionUpdate` tells which of them we know);
 * `agent_id` names the subagent that asks.
 *
 * @since 0.1.0
 * @category inbound requests
 */
export interface CanUseTool {
  readonly subtype: "can_use_tool"
  readonly tool_name: string
  readonly input: JsonObject
  readonly tool_use_id?: string
  readonly display_name?: string
  readonly title?: string
  readonly description?: string
  readonly permission_suggestions?: ReadonlyArray<unknown>
  readonly blocked_path?: string
  readonly decision_reason?: string
  readonly decision_reason_type?: string
  readonly decision_reason_hook_event?: string
  readonly classifier_approvable?: boolean
  readonly suppress_always_allow_rule?: boolean
  readonly default_to_no?: boolean
  readonly matched_ask_rule?: unknown
  readonly agent_id?: string
  readonly mcp_server?: unknown
  readonly requires_user_interaction?: boolean
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const CanUseTool: Schema.Codec<CanUseTool> = Schema.Struct({
  subtype: Schema.Literal("can_use_tool"),
  tool_name: Schema.String,
  input: JsonObject,
  tool_use_id: optionalString,
  display_name: optionalString,
  title: optionalString,
  description: optionalString,
  permission_suggestions: optionalUnknowns,
  blocked_path: optionalString,
  decision_reason: optionalString,
  decision_reason_type: optionalString,
  decision_reason_hook_event: optionalString,
  classifier_approvable: optionalBoolean,
  suppress_always_allow_rule: optionalBoolean,
  default_to_no: optionalBoolean,
  matched_ask_rule: optionalUnknown,
  agent_id: optionalString,
  mcp_server: optionalUnknown,
  requires_user_interaction: optionalBoolean
})

/**
 * A hook that `initialize` registered fires. `callback_id` is the id chosen there; `tool_use_id` is a made-up uuid for
 * events that are not about a tool.
 *
 * @since 0.1.0
 * @category inbound requests
 */
export interface HookCallback {
  readonly subtype: "hook_callback"
  readonly callback_id: string
  readonly input: JsonObject
  readonly tool_use_id?: string | null
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const HookCallback: Schema.Codec<HookCallback> = Schema.Struct({
  subtype: Schema.Literal("hook_callback"),
  callback_id: Schema.String,
  input: JsonObject,
  tool_use_id: optionalNullableString
})

/**
 * A JSON-RPC message for an MCP server that lives in our process. Every one wants an answer, notifications too.
 *
 * @since 0.1.0
 * @category inbound requests
 */
export interface McpMessage {
  readonly subtype: "mcp_message"
  readonly server_name: string
  readonly message: JsonObject
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const McpMessage: Schema.Codec<McpMessage> = Schema.Struct({
  subtype: Schema.Literal("mcp_message"),
  server_name: Schema.String,
  message: JsonObject
})

/**
 * An MCP server asks the person: a form (`requested_schema`) or a page to open (`url`).
 *
 * @since 0.1.0
 * @category inbound requests
 */
export interface Elicitation {
  readonly subtype: "elicitation"
  readonly mcp_server_name: string
  readonly message: string
  readonly mode?: Open<"form" | "url">
  readonly url?: string
  readonly elicitation_id?: string
  readonly requested_schema?: JsonObject
  readonly property_order?: ReadonlyArray<string>
  readonly title?: string
  readonly display_name?: string
  readonly description?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Elicitation: Schema.Codec<Elicitation> = Schema.Struct({
  subtype: Schema.Literal("elicitation"),
  mcp_server_name: Schema.String,
  message: Schema.String,
  mode: optionalString,
  url: optionalString,
  elicitation_id: optionalString,
  requested_schema: Schema.optionalKey(JsonObject),
  property_order: optionalStrings,
  title: optionalString,
  display_name: optionalString,
  description: optionalString
})

/**
 * A dialog to show; only of kinds that `initialize` declared. Another kind must be left without an answer.
 *
 * @since 0.1.0
 * @category inbound requests
 */
export interface RequestUserDialog {
  readonly subtype: "request_user_dialog"
  readonly dialog_kind: string
  readonly payload?: unknown
  readonly tool_use_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const RequestUserDialog: Schema.Codec<RequestUserDialog> = Schema.Struct({
  subtype: Schema.Literal("request_user_dialog"),
  dialog_kind: Schema.String,
  payload: optionalUnknown,
  tool_use_id: optionalString
})

/**
 * A request that this version does not know, as it came. Answer it with an error.
 *
 * @since 0.1.0
 * @category inbound requests
 */
export interface UnknownRequest extends JsonObject {
  readonly subtype: Unrecognized
}

/**
 * @since 0.1.0
 * @category inbound requests
 */
export type InboundRequest = CanUseTool | HookCallback | McpMessage | Elicitation | RequestUserDialog | UnknownRequest

/**
 * @since 0.1.0
 * @category schemas
 */
export const InboundRequest: Schema.Codec<InboundRequest> = openUnion<InboundRequest>("subtype", () => ({
  can_use_tool: CanUseTool,
  hook_callback: HookCallback,
  mcp_message: McpMessage,
  elicitation: Elicitation,
  request_user_dialog: RequestUserDialog
}))

/**
 * A request of the CLI. It waits for one `control_response` with the same `request_id`.
 *
 * @since 0.1.0
 * @category envelopes
 */
export interface ControlRequest {
  readonly type: "control_request"
  readonly request_id: string
  readonly request: InboundRequest
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ControlRequest: Schema.Codec<ControlRequest> = Schema.Struct({
  type: Schema.Literal("control_request"),
  request_id: Schema.String,
  request: InboundRequest
})

/**
 * A request of ours was done. `response` is absent where there is nothing to say; the `pending_…` lists come with the
 * reply to `initialize` and hold `control_request` frames that are still open.
 *
 * @since 0.1.0
 * @category envelopes
 */
export interface SuccessReply {
  readonly subtype: "success"
  readonly request_id?: string
  readonly response?: unknown
  readonly pending_permission_requests?: ReadonlyArray<unknown>
  readonly pending_user_dialog_requests?: ReadonlyArray<unknown>
  readonly pending_elicitation_requests?: ReadonlyArray<unknown>
}

const pendingFields = {
  pending_permission_requests: optionalUnknowns,
  pending_user_dialog_requests: optionalUnknowns,
  pending_elicitation_requests: optionalUnknowns
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SuccessReply: Schema.Codec<SuccessReply> = Schema.Struct({
  subtype: Schema.Literal("success"),
  request_id: optionalString,
  response: optionalUnknown,
  ...pendingFields
})

/**
 * A request of ours was refused. `error_code` (since 2.1.3xx) is `unsupported_request` for a request that the CLI does
 * not know.
 *
 * @since 0.1.0
 * @category envelopes
 */
export interface ErrorReply {
  readonly subtype: "error"
  readonly request_id?: string
  readonly error?: string
  readonly error_code?: string
  readonly pending_permission_requests?: ReadonlyArray<unknown>
  readonly pending_user_dialog_requests?: ReadonlyArray<unknown>
  readonly pending_elicitation_requests?: ReadonlyArray<unknown>
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ErrorReply: Schema.Codec<ErrorReply> = Schema.Struct({
  subtype: Schema.Literal("error"),
  request_id: optionalString,
  error: optionalString,
  error_code: optionalString,
  ...pendingFields
})

/**
 * A reply that is neither success nor error, as it came.
 *
 * @since 0.1.0
 * @category envelopes
 */
export interface UnknownReply extends JsonObject {
  readonly subtype: Unrecognized
}

/**
 * A reply of the CLI to a request of ours.
 *
 * @since 0.1.0
 * @category envelopes
 */
export interface ControlResponse {
  readonly type: "control_response"
  readonly response: SuccessReply | ErrorReply | UnknownReply
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ControlResponse: Schema.Codec<ControlResponse> = Schema.Struct({
  type: Schema.Literal("control_response"),
  response: openUnion<ControlResponse["response"]>("subtype", () => ({ success: SuccessReply, error: ErrorReply }))
})

/**
 * The sender of a request no longer wants the answer. There is no reply to this.
 *
 * @since 0.1.0
 * @category envelopes
 */
export interface ControlCancelRequest {
  readonly type: "control_cancel_request"
  readonly request_id: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ControlCancelRequest: Schema.Codec<ControlCancelRequest> = Schema.Struct({
  type: Schema.Literal("control_cancel_request"),
  request_id: Schema.String
})
