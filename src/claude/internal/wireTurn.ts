/**
 * What a turn is made of besides stream events: `assistant`, `user` and `result`.
 */
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import {
  frameFields,
  holding,
  isObject,
  type Open,
  optionalBoolean,
  optionalNullableNumber,
  optionalNullableString,
  optionalNumber,
  optionalString,
  optionalStrings,
  optionalUnknown
} from "./wire.ts"
import { ApiMessage, ContentBlock } from "./wireBlocks.ts"
import { ModelUsage, Usage } from "./wireUsage.ts"

/**
 * Why a call of the API failed, in `assistant.error` and `api_retry.error`.
 *
 * @since 0.1.0
 * @category enums
 */
export type AssistantError = Open<
  | "authentication_failed"
  | "oauth_org_not_allowed"
  | "account_on_hold"
  | "verification_required"
  | "billing_error"
  | "rate_limit"
  | "overloaded"
  | "invalid_request"
  | "model_not_found"
  | "server_error"
  | "unknown"
  | "max_output_tokens"
  | "cloud_credential_error"
>

/**
 * Why the API stopped writing.
 *
 * @since 0.1.0
 * @category enums
 */
export type StopReason = Open<
  | "end_turn"
  | "max_tokens"
  | "stop_sequence"
  | "tool_use"
  | "pause_turn"
  | "compaction"
  | "refusal"
  | "model_context_window_exceeded"
>

/**
 * What kind of result. It does not say whether the turn failed: `is_error` does, also under `success`.
 *
 * @since 0.1.0
 * @category enums
 */
export type ResultSubtype = Open<
  | "success"
  | "error_during_execution"
  | "error_max_turns"
  | "error_max_budget_usd"
  | "error_max_structured_output_retries"
>

/**
 * How a turn came to its end. An interrupt shows as `aborted_streaming` or `aborted_tools`.
 *
 * @since 0.1.0
 * @category enums
 */
export type TerminalReason = Open<
  | "completed"
  | "aborted_streaming"
  | "aborted_tools"
  | "api_error"
  | "prompt_too_long"
  | "image_error"
  | "model_error"
  | "blocking_limit"
  | "rapid_refill_breaker"
  | "malformed_tool_use_exhausted"
  | "max_turns"
  | "budget_exhausted"
  | "structured_output_retry_exhausted"
  | "stop_hook_prevented"
  | "hook_stopped"
  | "tool_deferred"
  | "tool_deferred_unavailable"
  | "background_requested"
  | "turn_setup_failed"
>

/**
 * Where a message or a turn comes from when no prompt of ours is its cause. `kind` is `task-notification` for a turn
 * that the CLI starts by itself when a background task ends; `runId` is then the run of that task.
 *
 * @since 0.1.0
 * @category models
 */
export interface MessageOrigin {
  readonly kind: Open<
    | "human"
    | "channel"
    | "peer"
    | "task-notification"
    | "coordinator"
    | "unclassified"
    | "auto-continuation"
    | "observer"
    | "observer-activity"
  >
  readonly producer?: string
  readonly subkind?: string
  readonly runId?: string
  readonly server?: string
  readonly from?: string
  readonly name?: string
}

const MessageOrigin: Schema.Codec<MessageOrigin> = Schema.Struct({
  kind: Schema.String,
  producer: optionalString,
  subkind: optionalString,
  runId: optionalString,
  server: optionalString,
  from: optionalString,
  name: optionalString
})

const subagentFields = { agent_id: optionalString, subagent_type: optionalString, task_description: optionalString }

const promptFields = {
  user_message_uuid: optionalString,
  user_message_uuids: optionalStrings,
  resume_reason: optionalString
}

/**
 * One finished content block of the answer, or a notice that the CLI words as an answer (`message.model` is then
 * `<synthetic>`), such as an API failure with `error`. `parent_tool_use_id` names the call of the Agent tool when a
 * subagent speaks. `supersedes` names earlier frames to take back.
 *
 * @since 0.1.0
 * @category messages
 */
export interface Assistant {
  readonly type: "assistant"
  readonly message: ApiMessage
  readonly parent_tool_use_id?: string | null
  readonly uuid?: string
  readonly session_id?: string
  readonly timestamp?: string
  readonly request_id?: string | null
  readonly error?: AssistantError | null
  readonly aborted?: boolean
  readonly user_message_uuid?: string
  readonly user_message_uuids?: ReadonlyArray<string>
  readonly resume_reason?: string
  readonly supersedes?: ReadonlyArray<string>
  readonly agent_id?: string
  readonly subagent_type?: string
  readonly task_description?: string
  readonly is_api_error_message?: boolean
  readonly api_error_status?: number | null
  readonly api_error_type?: string | null
  readonly api_error?: string | null
  readonly tool_use_meta?: unknown
  readonly context_usage?: unknown
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Assistant: Schema.Codec<Assistant> = Schema.Struct({
  type: Schema.Literal("assistant"),
  message: ApiMessage,
  parent_tool_use_id: optionalNullableString,
  ...frameFields,
  timestamp: optionalString,
  request_id: optionalNullableString,
  error: optionalNullableString,
  aborted: optionalBoolean,
  ...promptFields,
  supersedes: optionalStrings,
  ...subagentFields,
  is_api_error_message: optionalBoolean,
  api_error_status: optionalNullableNumber,
  api_error_type: optionalNullableString,
  api_error: optionalNullableString,
  tool_use_meta: optionalUnknown,
  context_usage: optionalUnknown
})

/**
 * Something in the user's role that the CLI added (tool results, notices, summaries) or echoes (`isReplay`).
 * `tool_use_result` is the tool's own output object, or an error text. `tool_result_meta` (since 2.1.3xx) says per
 * tool call who permitted or refused it.
 *
 * @since 0.1.0
 * @category messages
 */
export interface User {
  readonly type: "user"
  readonly message: { readonly role?: string; readonly content: string | ReadonlyArray<ContentBlock> }
  readonly parent_tool_use_id?: string | null
  readonly uuid?: string
  readonly session_id?: string
  readonly timestamp?: string
  readonly isReplay?: boolean
  readonly isSynthetic?: boolean
  readonly tool_use_result?: unknown
  readonly tool_result_meta?: unknown
  readonly origin?: MessageOrigin | null
  readonly agent_id?: string
  readonly subagent_type?: string
  readonly task_description?: string
  readonly refused_message_id?: string | null
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const User: Schema.Codec<User> = Schema.Struct({
  type: Schema.Literal("user"),
  message: Schema.Struct({
    role: optionalString,
    content: Schema.Union([Schema.String, Schema.Array(ContentBlock)])
  }),
  parent_tool_use_id: optionalNullableString,
  ...frameFields,
  timestamp: optionalString,
  isReplay: optionalBoolean,
  isSynthetic: optionalBoolean,
  tool_use_result: optionalUnknown,
  tool_result_meta: optionalUnknown,
  origin: Schema.optionalKey(Schema.NullOr(MessageOrigin)),
  ...subagentFields,
  refused_message_id: optionalNullableString
})

/**
 * A tool call that was refused in this turn.
 *
 * @since 0.1.0
 * @category models
 */
export interface PermissionDenial {
  readonly tool_name: string
  readonly tool_use_id?: string
  readonly tool_input?: unknown
}

/**
 * The end of a turn. `is_error` alone says whether it failed. `usage` is of this turn and of the main thread only;
 * `total_cost_usd` (US dollars) and `modelUsage` are cumulative for the process and carried on by a resume. Since
 * 2.1.3xx `user_message_uuids` names the prompts that this result answers, and `result_index` counts results from 0. A
 * result with an `origin` of kind `task-notification` belongs to no prompt.
 *
 * @since 0.1.0
 * @category messages
 */
export interface Result {
  readonly type: "result"
  readonly subtype: ResultSubtype
  readonly is_error: boolean
  readonly uuid?: string
  readonly session_id?: string
  readonly result?: string | null
  readonly errors?: ReadonlyArray<string>
  readonly structured_output?: unknown
  readonly stop_reason?: StopReason | null
  readonly terminal_reason?: TerminalReason | null
  readonly num_turns?: number
  readonly duration_ms?: number
  readonly duration_api_ms?: number
  readonly total_cost_usd?: number
  readonly usage?: Usage | null
  readonly modelUsage?: { readonly [model: string]: ModelUsage }
  readonly permission_denials?: ReadonlyArray<PermissionDenial>
  readonly api_error_status?: number | null
  readonly api_error_type?: string | null
  readonly api_error?: string | null
  readonly user_message_uuid?: string
  readonly user_message_uuids?: ReadonlyArray<string>
  readonly resume_reason?: string
  readonly origin?: MessageOrigin | null
  readonly result_index?: number
  readonly queued_turn_count?: number
  readonly local_command?: string
  readonly startup_failure_reason?: string
  readonly invalid_config_file?: unknown
  readonly deferred_tool_use?: unknown
  readonly fast_mode_state?: string
}

const resultFields = {
  type: Schema.Literal("result"),
  subtype: Schema.String,
  is_error: Schema.Boolean,
  ...frameFields,
  result: optionalNullableString,
  errors: optionalStrings,
  structured_output: optionalUnknown,
  stop_reason: optionalNullableString,
  terminal_reason: optionalNullableString,
  num_turns: optionalNumber,
  duration_ms: optionalNumber,
  duration_api_ms: optionalNumber,
  total_cost_usd: optionalNumber,
  usage: Schema.optionalKey(Schema.NullOr(Usage)),
  modelUsage: Schema.optionalKey(Schema.Record(Schema.String, ModelUsage)),
  permission_denials: Schema.optionalKey(
    Schema.Array(Schema.Struct({ tool_name: Schema.String, tool_use_id: optionalString, tool_input: optionalUnknown }))
  ),
  api_error_status: optionalNullableNumber,
  api_error_type: optionalNullableString,
  api_error: optionalNullableString,
  ...promptFields,
  origin: Schema.optionalKey(Schema.NullOr(MessageOrigin)),
  result_index: optionalNumber,
  queued_turn_count: optionalNumber,
  local_command: optionalString,
  startup_failure_reason: optionalString,
  invalid_config_file: optionalUnknown,
  deferred_tool_use: optionalUnknown,
  fast_mode_state: optionalString
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Result: Schema.Codec<Result> = Schema.Struct(resultFields)

const isResult = SchemaParser.is(Result)

/**
 * What is left of a `result` frame that does not hold: every field that does, so that it still ends its turn. Without a
 * usable `is_error` it counts as failed unless its subtype is `success`. `undefined` when it is no result at all.
 *
 * @since 0.1.0
 * @category decoding
 */
export const recoverResult = (raw: unknown): Result | undefined => {
  if (!isObject(raw) || raw.type !== "result") return undefined
  const kept = holding(resultFields, raw)
  const isError = kept.is_error ?? kept.subtype !== "success"
  const result = { subtype: isError === false ? "success" : "error_during_execution", ...kept, is_error: isError }
  return isResult(result) ? result : undefined
}
