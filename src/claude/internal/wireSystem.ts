/**
 * `system` frames: how the session, its requests, its permissions and its hooks are doing. Tasks have their own file.
 */
import * as Schema from "effect/Schema"
import {
  frameFields,
  type Open,
  optionalNullableNumber,
  optionalNullableString,
  optionalNumber,
  optionalString,
  optionalStrings,
  optionalUnknown,
  optionalUnknowns
} from "./wire.ts"
import type { AssistantError } from "./wireTurn.ts"

/**
 * What the agent may do without asking.
 *
 * @since 0.1.0
 * @category enums
 */
export type PermissionMode = Open<"default" | "acceptEdits" | "bypassPermissions" | "plan" | "dontAsk" | "auto">

/**
 * An MCP server in `system/init`.
 *
 * @since 0.1.0
 * @category models
 */
export interface InitMcpServer {
  readonly name: string
  readonly status?: Open<"connected" | "failed" | "needs-auth" | "pending" | "disabled">
  readonly source?: string
}

/**
 * The session as it is at the start of a turn: one comes with every turn, none before the first. `capabilities` (since
 * 2.1.3xx) is the list to detect features on.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface SystemInit {
  readonly type: "system"
  readonly subtype: "init"
  readonly session_id: string
  readonly uuid?: string
  readonly cwd?: string
  readonly model?: string
  readonly permissionMode?: PermissionMode
  readonly tools?: ReadonlyArray<string>
  readonly mcp_servers?: ReadonlyArray<InitMcpServer>
  readonly slash_commands?: ReadonlyArray<string>
  readonly agents?: ReadonlyArray<string>
  readonly skills?: ReadonlyArray<string>
  readonly plugins?: ReadonlyArray<unknown>
  readonly capabilities?: ReadonlyArray<string>
  readonly apiKeySource?: string
  readonly claude_code_version?: string
  readonly output_style?: string
  readonly fast_mode_state?: string
  readonly user_message_uuids?: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SystemInit: Schema.Codec<SystemInit> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("init"),
  session_id: Schema.String,
  uuid: optionalString,
  cwd: optionalString,
  model: optionalString,
  permissionMode: optionalString,
  tools: optionalStrings,
  mcp_servers: Schema.optionalKey(
    Schema.Array(Schema.Struct({ name: Schema.String, status: optionalString, source: optionalString }))
  ),
  slash_commands: optionalStrings,
  agents: optionalStrings,
  skills: optionalStrings,
  plugins: optionalUnknowns,
  capabilities: optionalStrings,
  apiKeySource: optionalString,
  claude_code_version: optionalString,
  output_style: optionalString,
  fast_mode_state: optionalString,
  user_message_uuids: optionalStrings
})

/**
 * What the CLI is busy with: `requesting` before each call of the API, `compacting`, or null; also a changed permission
 * mode.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface Status {
  readonly type: "system"
  readonly subtype: "status"
  readonly status?: Open<"requesting" | "compacting"> | null
  readonly uuid?: string
  readonly session_id?: string
  readonly permissionMode?: PermissionMode
  readonly compact_result?: Open<"success" | "failed">
  readonly compact_error?: string
  readonly user_message_uuids?: ReadonlyArray<string>
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Status: Schema.Codec<Status> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("status"),
  status: optionalNullableString,
  ...frameFields,
  permissionMode: optionalString,
  compact_result: optionalString,
  compact_error: optionalString,
  user_message_uuids: optionalStrings
})

/**
 * Whether a turn runs. Sent only with `CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS=1` in the environment of the CLI.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface SessionStateChanged {
  readonly type: "system"
  readonly subtype: "session_state_changed"
  readonly state: Open<"idle" | "running" | "requires_action">
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SessionStateChanged: Schema.Codec<SessionStateChanged> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("session_state_changed"),
  state: Schema.String,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface SessionTitleChanged {
  readonly type: "system"
  readonly subtype: "session_title_changed"
  readonly title?: string | null
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SessionTitleChanged: Schema.Codec<SessionTitleChanged> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("session_title_changed"),
  title: optionalNullableString,
  ...frameFields
})

/**
 * An estimate of the thinking tokens so far, and what this frame adds to it.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface ThinkingTokens {
  readonly type: "system"
  readonly subtype: "thinking_tokens"
  readonly estimated_tokens: number
  readonly estimated_tokens_delta?: number
  readonly uuid?: string
  readonly session_id?: string
  readonly user_message_uuid?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ThinkingTokens: Schema.Codec<ThinkingTokens> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("thinking_tokens"),
  estimated_tokens: Schema.Number,
  estimated_tokens_delta: optionalNumber,
  ...frameFields,
  user_message_uuid: optionalString
})

/**
 * A call of the API failed and is tried again after `retry_delay_ms` milliseconds. `error_status` is null when there was
 * no HTTP answer.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface ApiRetry {
  readonly type: "system"
  readonly subtype: "api_retry"
  readonly attempt: number
  readonly max_retries?: number
  readonly retry_delay_ms?: number
  readonly error_status?: number | null
  readonly error?: AssistantError | null
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ApiRetry: Schema.Codec<ApiRetry> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("api_retry"),
  attempt: Schema.Number,
  max_retries: optionalNumber,
  retry_delay_ms: optionalNumber,
  error_status: optionalNullableNumber,
  error: optionalNullableString,
  ...frameFields
})

/**
 * The conversation was summarised to make room. Token counts are of the conversation before and after.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface CompactBoundary {
  readonly type: "system"
  readonly subtype: "compact_boundary"
  readonly compact_metadata?: {
    readonly trigger?: Open<"manual" | "auto">
    readonly pre_tokens?: number
    readonly post_tokens?: number
    readonly duration_ms?: number
    readonly cumulative_dropped_tokens?: number
    readonly preserved_segment?: unknown
    readonly preserved_messages?: unknown
  }
  readonly logical_parent_uuid?: string | null
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const CompactBoundary: Schema.Codec<CompactBoundary> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("compact_boundary"),
  compact_metadata: Schema.optionalKey(
    Schema.Struct({
      trigger: optionalString,
      pre_tokens: optionalNumber,
      post_tokens: optionalNumber,
      duration_ms: optionalNumber,
      cumulative_dropped_tokens: optionalNumber,
      preserved_segment: optionalUnknown,
      preserved_messages: optionalUnknown
    })
  ),
  logical_parent_uuid: optionalNullableString,
  ...frameFields
})

/**
 * A tool call was refused without asking: by a rule, a mode, or because nobody can be asked.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface PermissionDenied {
  readonly type: "system"
  readonly subtype: "permission_denied"
  readonly tool_name: string
  readonly tool_use_id?: string
  readonly message?: string
  readonly decision_reason_type?: string
  readonly decision_reason?: string
  readonly agent_id?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const PermissionDenied: Schema.Codec<PermissionDenied> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("permission_denied"),
  tool_name: Schema.String,
  tool_use_id: optionalString,
  message: optionalString,
  decision_reason_type: optionalString,
  decision_reason: optionalString,
  agent_id: optionalString,
  ...frameFields
})

/**
 * A long request of ours is being worked on (`side_question`); with status `api_retry` the counters say how.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface ControlRequestProgress {
  readonly type: "system"
  readonly subtype: "control_request_progress"
  readonly request_id: string
  readonly status?: Open<"started" | "api_retry">
  readonly attempt?: number
  readonly max_retries?: number
  readonly retry_delay_ms?: number
  readonly error_status?: number | null
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ControlRequestProgress: Schema.Codec<ControlRequestProgress> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("control_request_progress"),
  request_id: Schema.String,
  status: optionalString,
  attempt: optionalNumber,
  max_retries: optionalNumber,
  retry_delay_ms: optionalNumber,
  error_status: optionalNullableNumber,
  ...frameFields
})

/**
 * A refused answer is tried again by another model. `retracted_message_uuids` are frames to take back.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface ModelRefusalFallback {
  readonly type: "system"
  readonly subtype: "model_refusal_fallback"
  readonly original_model?: string
  readonly fallback_model?: string
  readonly direction?: string
  readonly scope?: string
  readonly content?: string
  readonly request_id?: string | null
  readonly api_refusal_category?: string | null
  readonly api_refusal_explanation?: string | null
  readonly retracted_message_uuids?: ReadonlyArray<string>
  readonly refused_user_message_uuid?: string | null
  readonly uuid?: string
  readonly session_id?: string
}

const refusalFields = {
  original_model: optionalString,
  content: optionalString,
  request_id: optionalNullableString,
  api_refusal_category: optionalNullableString,
  api_refusal_explanation: optionalNullableString,
  refused_user_message_uuid: optionalNullableString,
  ...frameFields
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ModelRefusalFallback: Schema.Codec<ModelRefusalFallback> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("model_refusal_fallback"),
  fallback_model: optionalString,
  direction: optionalString,
  scope: optionalString,
  retracted_message_uuids: optionalStrings,
  ...refusalFields
})

/**
 * An answer was refused and no other model takes over.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface ModelRefusalNoFallback {
  readonly type: "system"
  readonly subtype: "model_refusal_no_fallback"
  readonly original_model?: string
  readonly content?: string
  readonly request_id?: string | null
  readonly api_refusal_category?: string | null
  readonly api_refusal_explanation?: string | null
  readonly refused_user_message_uuid?: string | null
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ModelRefusalNoFallback: Schema.Codec<ModelRefusalNoFallback> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("model_refusal_no_fallback"),
  ...refusalFields
})
