/**
 * What the CLI answers to our requests, per request. Everything is optional: 2.1.197 leaves out what 2.1.329 tells, and
 * a reply without a payload is read as an empty one.
 */
import * as Schema from "effect/Schema"
import { AgentInfo, InitializeResponse, McpServerStatus, ModelInfo, SlashCommand } from "./controlHandshake.ts"
import type { RequestSubtype } from "./controlOutbound.ts"
import {
  JsonObject,
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
import type { PermissionMode } from "./wireSystem.ts"
import { ModelUsage } from "./wireUsage.ts"

/**
 * What the interrupt left in the queue and what it dropped, by uuid. Empty before 2.1.3xx.
 *
 * @since 0.1.0
 * @category replies
 */
export interface InterruptResponse {
  readonly still_queued?: ReadonlyArray<string>
  readonly cancelled?: ReadonlyArray<string>
}

/**
 * How full the context window is, in tokens. `percentage` is from 0 to 100.
 *
 * @since 0.1.0
 * @category replies
 */
export interface ContextUsageResponse {
  readonly totalTokens?: number
  readonly maxTokens?: number
  readonly rawMaxTokens?: number
  readonly percentage?: number
  readonly model?: string
  readonly categories?: ReadonlyArray<{
    readonly name: string
    readonly tokens?: number
    readonly id?: string
    readonly kind?: Open<"used" | "free" | "buffer" | "deferred">
    readonly isDeferred?: boolean
  }>
  readonly autoCompactThreshold?: number | null
  readonly isAutoCompactEnabled?: boolean
  readonly memoryFiles?: ReadonlyArray<unknown>
  readonly mcpTools?: ReadonlyArray<unknown>
  readonly agents?: ReadonlyArray<unknown>
  readonly skills?: unknown
  readonly slashCommands?: unknown
  readonly messageBreakdown?: unknown
  readonly apiUsage?: unknown
}

const ContextUsageResponse: Schema.Codec<ContextUsageResponse> = Schema.Struct({
  totalTokens: optionalNumber,
  maxTokens: optionalNumber,
  rawMaxTokens: optionalNumber,
  percentage: optionalNumber,
  model: optionalString,
  categories: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        name: Schema.String,
        tokens: optionalNumber,
        id: optionalString,
        kind: optionalString,
        isDeferred: optionalBoolean
      })
    )
  ),
  autoCompactThreshold: optionalNullableNumber,
  isAutoCompactEnabled: optionalBoolean,
  memoryFiles: optionalUnknowns,
  mcpTools: optionalUnknowns,
  agents: optionalUnknowns,
  skills: optionalUnknown,
  slashCommands: optionalUnknown,
  messageBreakdown: optionalUnknown,
  apiUsage: optionalUnknown
})

/**
 * The session's cost (US dollars) and times (milliseconds) so far, and the plan's windows where there is a plan.
 *
 * @since 0.1.0
 * @category replies
 */
export interface UsageResponse {
  readonly session?: {
    readonly total_cost_usd?: number
    readonly total_api_duration_ms?: number
    readonly total_duration_ms?: number
    readonly total_lines_added?: number
    readonly total_lines_removed?: number
    readonly model_usage?: { readonly [model: string]: ModelUsage }
  }
  readonly subscription_type?: string | null
  readonly rate_limits_available?: boolean
  readonly rate_limits?: unknown
  readonly behaviors?: unknown
}

const UsageResponse: Schema.Codec<UsageResponse> = Schema.Struct({
  session: Schema.optionalKey(
    Schema.Struct({
      total_cost_usd: optionalNumber,
      total_api_duration_ms: optionalNumber,
      total_duration_ms: optionalNumber,
      total_lines_added: optionalNumber,
      total_lines_removed: optionalNumber,
      model_usage: Schema.optionalKey(Schema.Record(Schema.String, ModelUsage))
    })
  ),
  subscription_type: optionalNullableString,
  rate_limits_available: optionalBoolean,
  rate_limits: optionalUnknown,
  behaviors: optionalUnknown
})

/**
 * What a rewind of files did, or with `dry_run` would do.
 *
 * @since 0.1.0
 * @category replies
 */
export interface RewindFilesResponse {
  readonly canRewind?: boolean
  readonly error?: string
  readonly filesChanged?: ReadonlyArray<string>
  readonly insertions?: number
  readonly deletions?: number
  readonly skippedLinks?: number
}

/**
 * What an MCP tool gave, called without a turn: content blocks as the model would see them.
 *
 * @since 0.1.0
 * @category replies
 */
export interface McpCallResponse {
  readonly content?: ReadonlyArray<unknown>
  readonly structuredContent?: unknown
}

/**
 * What a resource of an MCP server holds. It comes from a third party. `blob` is base64.
 *
 * @since 0.1.0
 * @category replies
 */
export interface McpResourceContents {
  readonly uri: string
  readonly mimeType?: string
  readonly text?: string
  readonly blob?: string
}

/**
 * What is loaded after plugins were read again. `error_count`: how many could not be.
 *
 * @since 0.1.0
 * @category replies
 */
export interface ReloadPluginsResponse {
  readonly commands?: ReadonlyArray<SlashCommand>
  readonly agents?: ReadonlyArray<AgentInfo>
  readonly plugins?: ReadonlyArray<unknown>
  readonly mcpServers?: ReadonlyArray<McpServerStatus>
  readonly error_count?: number
}

/**
 * The end of what a command wrote, and how many bytes there are in all.
 *
 * @since 0.1.0
 * @category replies
 */
export interface TaskOutputResponse {
  readonly output?: string
  readonly total_bytes?: number
  readonly truncated?: boolean
}

/**
 * The settings in force, the places they come from, and what follows from them.
 *
 * @since 0.1.0
 * @category replies
 */
export interface SettingsResponse {
  readonly effective?: unknown
  readonly sources?: unknown
  readonly applied?: unknown
}

/**
 * The payload of the reply to each request. A `JsonObject` is nothing, or something that this version does not describe.
 *
 * @since 0.1.0
 * @category replies
 */
export interface Replies {
  readonly initialize: InitializeResponse
  readonly interrupt: InterruptResponse
  readonly set_model: { readonly model?: string }
  readonly set_permission_mode: { readonly mode?: PermissionMode }
  readonly set_mcp_permission_mode_override: { readonly warning?: string }
  readonly mcp_status: { readonly mcpServers?: ReadonlyArray<McpServerStatus> }
  readonly mcp_set_servers: {
    readonly added?: ReadonlyArray<string>
    readonly removed?: ReadonlyArray<string>
    readonly errors?: { readonly [name: string]: string }
  }
  readonly get_context_usage: ContextUsageResponse
  readonly get_usage: UsageResponse
  readonly get_settings: SettingsResponse
  readonly get_session_cost: { readonly text?: string }
  readonly get_binary_version: { readonly version?: string; readonly buildTime?: string }
  readonly list_models: { readonly models?: ReadonlyArray<ModelInfo> }
  readonly reload_plugins: ReloadPluginsResponse
  readonly reload_skills: { readonly skills?: ReadonlyArray<SlashCommand> }
  readonly rewind_files: RewindFilesResponse
  readonly rewind_conversation: {
    readonly rewound?: boolean
    readonly targetMessageUuid?: string
    readonly prefillText?: string
    readonly precedingAssistantUuid?: string | null
  }
  readonly cancel_async_message: { readonly cancelled?: boolean; readonly message_uuid?: string }
  readonly read_file: {
    readonly contents?: string
    readonly absPath?: string
    readonly truncated?: boolean
    readonly encoding?: string
    readonly lossy?: boolean
  }
  readonly background_tasks: { readonly backgrounded?: boolean }
  readonly get_task_output: TaskOutputResponse
  readonly side_question: { readonly response?: string | null; readonly synthetic?: boolean }
  readonly generate_session_title: { readonly title?: string | null }
  readonly set_max_thinking_tokens: JsonObject
  readonly mcp_reconnect: JsonObject
  readonly mcp_toggle: JsonObject
  readonly mcp_message: JsonObject
  readonly mcp_call: McpCallResponse
  readonly mcp_read_resource: { readonly contents?: ReadonlyArray<McpResourceContents> }
  readonly list_permission_rules: JsonObject
  readonly get_hooks_listing: JsonObject
  readonly file_suggestions: JsonObject
  readonly reload_output_styles: JsonObject
  readonly rename_session: JsonObject
  readonly seed_read_state: JsonObject
  readonly register_repo_root: JsonObject
  readonly stop_task: JsonObject
  readonly apply_flag_settings: JsonObject
  readonly update_settings: JsonObject
  readonly end_session: JsonObject
  readonly get_status: JsonObject
}

/**
 * The Schema of the payload of the reply to each request.
 *
 * @since 0.1.0
 * @category schemas
 */
export const replies: { readonly [Subtype in RequestSubtype]: Schema.Codec<Replies[Subtype]> } = {
  initialize: InitializeResponse,
  interrupt: Schema.Struct({ still_queued: optionalStrings, cancelled: optionalStrings }),
  set_model: Schema.Struct({ model: optionalString }),
  set_permission_mode: Schema.Struct({ mode: optionalString }),
  set_mcp_permission_mode_override: Schema.Struct({ warning: optionalString }),
  mcp_status: Schema.Struct({ mcpServers: Schema.optionalKey(Schema.Array(McpServerStatus)) }),
  mcp_set_servers: Schema.Struct({
    added: optionalStrings,
    removed: optionalStrings,
    errors: Schema.optionalKey(Schema.Record(Schema.String, Schema.String))
  }),
  get_context_usage: ContextUsageResponse,
  get_usage: UsageResponse,
  get_settings: Schema.Struct({ effective: optionalUnknown, sources: optionalUnknown, applied: optionalUnknown }),
  get_session_cost: Schema.Struct({ text: optionalString }),
  get_binary_version: Schema.Struct({ version: optionalString, buildTime: optionalString }),
  list_models: Schema.Struct({ models: Schema.optionalKey(Schema.Array(ModelInfo)) }),
  reload_plugins: Schema.Struct({
    commands: Schema.optionalKey(Schema.Array(SlashCommand)),
    agents: Schema.optionalKey(Schema.Array(AgentInfo)),
    plugins: optionalUnknowns,
    mcpServers: Schema.optionalKey(Schema.Array(McpServerStatus)),
    error_count: optionalNumber
  }),
  reload_skills: Schema.Struct({ skills: Schema.optionalKey(Schema.Array(SlashCommand)) }),
  rewind_files: Schema.Struct({
    canRewind: optionalBoolean,
    error: optionalString,
    filesChanged: optionalStrings,
    insertions: optionalNumber,
    deletions: optionalNumber,
    skippedLinks: optionalNumber
  }),
  rewind_conversation: Schema.Struct({
    rewound: optionalBoolean,
    targetMessageUuid: optionalString,
    prefillText: optionalString,
    precedingAssistantUuid: optionalNullableString
  }),
  cancel_async_message: Schema.Struct({ cancelled: optionalBoolean, message_uuid: optionalString }),
  read_file: Schema.Struct({
    contents: optionalString,
    absPath: optionalString,
    truncated: optionalBoolean,
    encoding: optionalString,
    lossy: optionalBoolean
  }),
  background_tasks: Schema.Struct({ backgrounded: optionalBoolean }),
  get_task_output: Schema.Struct({
    output: optionalString,
    total_bytes: optionalNumber,
    truncated: optionalBoolean
  }),
  side_question: Schema.Struct({ response: optionalNullableString, synthetic: optionalBoolean }),
  generate_session_title: Schema.Struct({ title: optionalNullableString }),
  set_max_thinking_tokens: JsonObject,
  mcp_reconnect: JsonObject,
  mcp_toggle: JsonObject,
  mcp_message: JsonObject,
  mcp_call: Schema.Struct({ content: optionalUnknowns, structuredContent: optionalUnknown }),
  mcp_read_resource: Schema.Struct({
    contents: Schema.optionalKey(
      Schema.Array(
        Schema.Struct({ uri: Schema.String, mimeType: optionalString, text: optionalString, blob: optionalString })
      )
    )
  }),
  list_permission_rules: JsonObject,
  get_hooks_listing: JsonObject,
  file_suggestions: JsonObject,
  reload_output_styles: JsonObject,
  rename_session: JsonObject,
  seed_read_state: JsonObject,
  register_repo_root: JsonObject,
  stop_task: JsonObject,
  apply_flag_settings: JsonObject,
  update_settings: JsonObject,
  end_session: JsonObject,
  get_status: JsonObject
}
