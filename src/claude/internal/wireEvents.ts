/**
 * The remaining frames: rate limits, the fate of our messages, progress of tools, and what stands outside a turn.
 */
import * as Schema from "effect/Schema"
import {
  frameFields,
  type Open,
  optionalBoolean,
  optionalNullableNumber,
  optionalNullableString,
  optionalNumber,
  optionalString,
  optionalStrings,
  optionalUnknown,
  optionalUnknowns
} from "./wire.ts"

/**
 * How much of a subscription's windows is used. `resetsAt` is in epoch seconds, `utilization` from 0 to 1. `rejected`
 * means that calls fail until then.
 *
 * @since 0.1.0
 * @category models
 */
export interface RateLimitInfo {
  readonly status: Open<"allowed" | "allowed_warning" | "rejected">
  readonly resetsAt?: number | null
  readonly rateLimitType?: Open<
    "five_hour" | "seven_day" | "seven_day_opus" | "seven_day_sonnet" | "seven_day_overage_included" | "overage"
  > | null
  readonly utilization?: number | null
  readonly surpassedThreshold?: number | null
  readonly overageStatus?: Open<"allowed" | "allowed_warning" | "rejected"> | null
  readonly overageResetsAt?: number | null
  readonly overageDisabledReason?: string | null
  readonly isUsingOverage?: boolean
  readonly unifiedWindows?: unknown
  readonly limitScope?: string | null
  readonly errorCode?: string | null
}

/**
 * Sent for subscription credentials only, when the figures change.
 *
 * @since 0.1.0
 * @category messages
 */
export interface RateLimitEvent {
  readonly type: "rate_limit_event"
  readonly rate_limit_info: RateLimitInfo
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const RateLimitEvent: Schema.Codec<RateLimitEvent> = Schema.Struct({
  type: Schema.Literal("rate_limit_event"),
  rate_limit_info: Schema.Struct({
    status: Schema.String,
    resetsAt: optionalNullableNumber,
    rateLimitType: optionalNullableString,
    utilization: optionalNullableNumber,
    surpassedThreshold: optionalNullableNumber,
    overageStatus: optionalNullableString,
    overageResetsAt: optionalNullableNumber,
    overageDisabledReason: optionalNullableString,
    isUsingOverage: optionalBoolean,
    unifiedWindows: optionalUnknown,
    limitScope: optionalNullableString,
    errorCode: optionalNullableString
  }),
  ...frameFields
})

/**
 * What became of a message of ours that had a uuid (`command_uuid`), since 2.1.3xx. `queued` comes on receipt; the last
 * state comes after the turn's result.
 *
 * @since 0.1.0
 * @category messages
 */
export interface CommandLifecycle {
  readonly type: "command_lifecycle"
  readonly command_uuid: string
  readonly state: Open<"queued" | "started" | "completed" | "cancelled">
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const CommandLifecycle: Schema.Codec<CommandLifecycle> = Schema.Struct({
  type: Schema.Literal("command_lifecycle"),
  command_uuid: Schema.String,
  state: Schema.String,
  ...frameFields
})

/**
 * A tool is still running. In a heartbeat `tool_use_id` is made up and `parent_tool_use_id` is the call it is about.
 *
 * @since 0.1.0
 * @category messages
 */
export interface ToolProgress {
  readonly type: "tool_progress"
  readonly tool_use_id: string
  readonly tool_name?: string
  readonly parent_tool_use_id?: string | null
  readonly elapsed_time_seconds?: number
  readonly heartbeat?: boolean
  readonly task_id?: string
  readonly subagent_type?: string
  readonly subagent_retry?: unknown
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolProgress: Schema.Codec<ToolProgress> = Schema.Struct({
  type: Schema.Literal("tool_progress"),
  tool_use_id: Schema.String,
  tool_name: optionalString,
  parent_tool_use_id: optionalNullableString,
  elapsed_time_seconds: optionalNumber,
  heartbeat: optionalBoolean,
  task_id: optionalString,
  subagent_type: optionalString,
  subagent_retry: optionalUnknown,
  ...frameFields
})

/**
 * The conversation starts over (`/clear`): frames after this one carry the new session id.
 *
 * @since 0.1.0
 * @category messages
 */
export interface ConversationReset {
  readonly type: "conversation_reset"
  readonly new_conversation_id: string
  readonly trigger?: Open<"clear" | "plan_mode_exit" | "fresh_session" | "onboarding">
  readonly user_message_uuid?: string
  readonly timestamp?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ConversationReset: Schema.Codec<ConversationReset> = Schema.Struct({
  type: Schema.Literal("conversation_reset"),
  new_conversation_id: Schema.String,
  trigger: optionalString,
  user_message_uuid: optionalString,
  timestamp: optionalString,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category messages
 */
export interface AuthStatus {
  readonly type: "auth_status"
  readonly isAuthenticating?: boolean
  readonly output?: ReadonlyArray<string>
  readonly error?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const AuthStatus: Schema.Codec<AuthStatus> = Schema.Struct({
  type: Schema.Literal("auth_status"),
  isAuthenticating: optionalBoolean,
  output: optionalStrings,
  error: optionalString,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category messages
 */
export interface ToolUseSummary {
  readonly type: "tool_use_summary"
  readonly summary: string
  readonly preceding_tool_use_ids?: ReadonlyArray<string>
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolUseSummary: Schema.Codec<ToolUseSummary> = Schema.Struct({
  type: Schema.Literal("tool_use_summary"),
  summary: Schema.String,
  preceding_tool_use_ids: optionalStrings,
  ...frameFields
})

/**
 * What the person may want to say next, when suggestions are on.
 *
 * @since 0.1.0
 * @category messages
 */
export interface PromptSuggestion {
  readonly type: "prompt_suggestion"
  readonly suggestion: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const PromptSuggestion: Schema.Codec<PromptSuggestion> = Schema.Struct({
  type: Schema.Literal("prompt_suggestion"),
  suggestion: Schema.String,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category messages
 */
export interface ActiveGoal {
  readonly type: "active_goal"
  readonly value?: unknown
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ActiveGoal: Schema.Codec<ActiveGoal> = Schema.Struct({
  type: Schema.Literal("active_goal"),
  value: optionalUnknown,
  ...frameFields
})

/**
 * Records of the transcript as they are written to disk; only with the hidden flag `--session-mirror`.
 *
 * @since 0.1.0
 * @category messages
 */
export interface TranscriptMirror {
  readonly type: "transcript_mirror"
  readonly filePath?: string
  readonly entries?: ReadonlyArray<unknown>
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TranscriptMirror: Schema.Codec<TranscriptMirror> = Schema.Struct({
  type: Schema.Literal("transcript_mirror"),
  filePath: optionalString,
  entries: optionalUnknowns
})

/**
 * Either side is alive. Nothing to do.
 *
 * @since 0.1.0
 * @category messages
 */
export interface KeepAlive {
  readonly type: "keep_alive"
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const KeepAlive: Schema.Codec<KeepAlive> = Schema.Struct({ type: Schema.Literal("keep_alive") })
