/**
 * What we write to the CLI: prompts, requests and their fields, answers to its requests.
 */
import type { ControlCancelRequest } from "./controlInbound.ts"
import type { PermissionResult } from "./controlPermission.ts"
import type { JsonObject, Open } from "./wire.ts"
import type { DocumentBlock, ImageBlock, TextBlock, ToolResultBlock } from "./wireBlocks.ts"
import type { KeepAlive } from "./wireEvents.ts"
import type { PermissionMode } from "./wireSystem.ts"
import type { MessageOrigin } from "./wireTurn.ts"

/**
 * @since 0.1.0
 * @category prompts
 */
export type PromptBlock = TextBlock | ImageBlock | DocumentBlock | ToolResultBlock

/**
 * Something the user says. A `uuid` must be fresh: one that was used before is dropped without a word. `priority: "now"`
 * ends the running turn; `shouldQuery: false` adds to the transcript without asking the model (a `result` comes anyway);
 * `client_composed` sends the text as it is, without slash commands and file mentions.
 *
 * @since 0.1.0
 * @category prompts
 */
export interface UserPrompt {
  readonly type: "user"
  readonly message: { readonly role: "user"; readonly content: string | ReadonlyArray<PromptBlock> }
  readonly parent_tool_use_id: string | null
  readonly session_id: string
  readonly uuid?: string
  readonly priority?: "now" | "next" | "later"
  readonly shouldQuery?: boolean
  readonly client_composed?: true
  readonly isSynthetic?: boolean
  readonly timestamp?: string
  readonly origin?: MessageOrigin
}

/**
 * The events a hook can be registered for.
 *
 * @since 0.1.0
 * @category enums
 */
export const hookEvents = [
  "PreToolUse",
  "PostToolUse",
  "PostToolUseFailure",
  "PostToolBatch",
  "Notification",
  "UserPromptSubmit",
  "UserPromptExpansion",
  "SessionStart",
  "SessionEnd",
  "Stop",
  "StopFailure",
  "SubagentStart",
  "SubagentStop",
  "PreCompact",
  "PostCompact",
  "PreModelSwitch",
  "PostModelSwitch",
  "PermissionRequest",
  "PermissionDenied",
  "Setup",
  "TeammateIdle",
  "TaskCreated",
  "TaskCompleted",
  "Elicitation",
  "ElicitationResult",
  "ConfigChange",
  "WorktreeCreate",
  "WorktreeRemove",
  "InstructionsLoaded",
  "CwdChanged",
  "FileChanged",
  "DirectoryAdded",
  "MessageDisplay"
] as const

/**
 * @since 0.1.0
 * @category enums
 */
export type HookEvent = (typeof hookEvents)[number]

/**
 * Which of our callbacks fire, for which tools (`matcher`, a regular expression on the tool's name). `timeout` is in
 * seconds; an answer that is late, or with `onFailure: "block"` a failed one, refuses the action.
 *
 * @since 0.1.0
 * @category requests
 */
export interface HookMatcher {
  readonly matcher?: string
  readonly hookCallbackIds: ReadonlyArray<string>
  readonly timeout?: number
  readonly onFailure?: "continue" | "block"
}

/**
 * How the CLI reaches an MCP server. Timeouts are in milliseconds; `sdk` is a server in our own process.
 *
 * @since 0.1.0
 * @category requests
 */
export type McpServerConfig =
  | {
      readonly type?: "stdio"
      readonly command: string
      readonly args?: ReadonlyArray<string>
      readonly env?: { readonly [name: string]: string }
      readonly timeout?: number
      readonly alwaysLoad?: boolean
    }
  | {
      readonly type: "http" | "sse"
      readonly url: string
      readonly headers?: { readonly [name: string]: string }
      readonly timeout?: number
      readonly alwaysLoad?: boolean
      readonly tools?: ReadonlyArray<JsonObject>
    }
  | {
      readonly type: "sdk"
      readonly name: string
      readonly timeout?: number
      readonly tools?: ReadonlyArray<JsonObject>
    }

/**
 * A subagent, by what it is for (`description`) and what it is told (`prompt`).
 *
 * @since 0.1.0
 * @category requests
 */
export interface AgentDefinition {
  readonly description: string
  readonly prompt: string
  readonly tools?: ReadonlyArray<string>
  readonly disallowedTools?: ReadonlyArray<string>
  readonly model?: string
  readonly mcpServers?: ReadonlyArray<string | { readonly [name: string]: McpServerConfig }>
  readonly skills?: ReadonlyArray<string>
  readonly initialPrompt?: string
  readonly maxTurns?: number
  readonly autoCompactWindow?: number
  readonly background?: boolean
  readonly omitClaudeMd?: boolean
  readonly memory?: "user" | "project" | "local"
  readonly effort?: Open<"low" | "medium" | "high" | "xhigh" | "max"> | number
  readonly permissionMode?: PermissionMode
  readonly observer?: string
  readonly observerMessage?: string
}

/**
 * The fields of `initialize`, all optional. `systemPrompt` replaces the CLI's own (`[""]` is an empty one; absent keeps
 * it); `appendSystemPrompt` adds to it. `plugins` and `mcpServers` count only with `--await-initialize`.
 *
 * @since 0.1.0
 * @category requests
 */
export interface InitializeFields {
  readonly hooks?: { readonly [Event in HookEvent]?: ReadonlyArray<HookMatcher> }
  readonly sdkMcpServers?: ReadonlyArray<string>
  readonly sdkMcpServerConfigs?: { readonly [name: string]: JsonObject }
  readonly sdkMcpServerManifests?: {
    readonly [name: string]: { readonly initializeResult: JsonObject; readonly toolsListResult?: JsonObject }
  }
  readonly jsonSchema?: JsonObject
  readonly systemPrompt?: ReadonlyArray<string>
  readonly appendSystemPrompt?: string
  readonly systemPromptSnapshot?: boolean
  readonly planModeInstructions?: string
  readonly toolAliases?: { readonly [name: string]: string }
  readonly excludeDynamicSections?: boolean
  readonly agents?: { readonly [name: string]: AgentDefinition }
  readonly title?: string
  readonly skills?: ReadonlyArray<string>
  readonly promptSuggestions?: boolean
  readonly agentProgressSummaries?: boolean
  readonly forwardSubagentText?: boolean
  readonly supportedDialogKinds?: ReadonlyArray<string>
  readonly perTaskStopAffordance?: boolean
  readonly plugins?: ReadonlyArray<JsonObject>
  readonly mcpServers?: { readonly [name: string]: McpServerConfig }
}

/**
 * A request without fields.
 *
 * @since 0.1.0
 * @category requests
 */
export interface NoFields {}

/**
 * The fields of every request we can send, by subtype. Those marked so exist since 2.1.3xx; 2.1.197 answers them with an
 * error.
 *
 * @since 0.1.0
 * @category requests
 */
export interface RequestFields {
  readonly initialize: InitializeFields
  /** Ends the running turn. `cancel_queued` (since 2.1.3xx; ignored before) also drops what waits behind it. */
  readonly interrupt: { readonly cancel_queued?: boolean }
  /** Absent, null or `default` goes back to the session's own model. Any name is accepted; a bad one fails later. */
  readonly set_model: { readonly model?: string | null }
  readonly set_permission_mode: { readonly mode: PermissionMode }
  readonly set_mcp_permission_mode_override: {
    readonly serverName: string
    readonly mode: Open<"default" | "auto"> | null
  }
  readonly set_max_thinking_tokens: {
    readonly max_thinking_tokens?: number | null
    readonly thinking_display?: Open<"summarized" | "omitted" | "highlights"> | null
  }
  readonly mcp_status: { readonly liveReply?: boolean }
  readonly mcp_reconnect: { readonly serverName: string }
  readonly mcp_toggle: { readonly serverName: string; readonly enabled: boolean }
  readonly mcp_set_servers: { readonly servers: { readonly [name: string]: McpServerConfig } }
  readonly mcp_message: { readonly server_name: string; readonly message: JsonObject }
  readonly mcp_call: { readonly tool: string; readonly arguments?: JsonObject; readonly timeout_ms?: number }
  /** Since 2.1.3xx. */
  readonly mcp_read_resource: { readonly serverName: string; readonly uri: string }
  readonly get_context_usage: { readonly detail?: "summary" | "full" }
  readonly get_settings: NoFields
  /** Since 2.1.3xx. */
  readonly list_models: NoFields
  readonly get_binary_version: NoFields
  readonly get_session_cost: NoFields
  readonly get_usage: { readonly skip_behaviors?: boolean }
  /** Since 2.1.3xx. */
  readonly list_permission_rules: NoFields
  /** Since 2.1.3xx. */
  readonly get_hooks_listing: NoFields
  readonly file_suggestions: { readonly query: string }
  readonly reload_plugins: {
    readonly hold_on_cache_impact?: boolean
    readonly add_plugins?: ReadonlyArray<JsonObject>
    readonly refuse_if_busy?: boolean
  }
  readonly reload_skills: NoFields
  /** Since 2.1.3xx. */
  readonly reload_output_styles: NoFields
  readonly rename_session: {
    readonly title: string
    readonly source?: "remote" | "host"
    readonly session_id?: string
  }
  readonly rewind_files: { readonly user_message_id: string; readonly dry_run?: boolean }
  /** Not in the published types. A wrong field stops 2.1.197 from reading anything more. */
  readonly rewind_conversation: { readonly target_message_uuid: string }
  readonly cancel_async_message: { readonly message_uuid: string }
  readonly seed_read_state: { readonly path: string; readonly mtime: number }
  readonly read_file: {
    readonly path: string
    readonly max_bytes?: number
    readonly encoding?: "utf-8" | "base64"
  }
  readonly register_repo_root: { readonly directory: string }
  readonly stop_task: { readonly task_id: string }
  readonly background_tasks: { readonly tool_use_id?: string }
  /** Since 2.1.3xx. */
  readonly get_task_output: { readonly task_id: string }
  readonly apply_flag_settings: { readonly settings: JsonObject }
  /** Since 2.1.3xx. */
  readonly update_settings: { readonly source: "localSettings" | "userSettings"; readonly settings: JsonObject }
  readonly side_question: { readonly question: string }
  readonly generate_session_title: { readonly description: string; readonly persist?: boolean }
  /** The process exits by itself after this: 0 when idle, 1 in the middle of a turn. */
  readonly end_session: { readonly reason?: string }
  /** Since 2.1.3xx. */
  readonly get_status: NoFields
}

/**
 * @since 0.1.0
 * @category requests
 */
export type RequestSubtype = keyof RequestFields

/**
 * A request we send: `Request<"interrupt">` is one kind, `Request` any of them.
 *
 * @since 0.1.0
 * @category requests
 */
export type Request<Subtype extends RequestSubtype = RequestSubtype> = {
  readonly [S in Subtype]: { readonly subtype: S } & RequestFields[S]
}[Subtype]

/**
 * @since 0.1.0
 * @category envelopes
 */
export interface OutboundRequest {
  readonly type: "control_request"
  readonly request_id: string
  readonly request: Request
}

/**
 * The answer to `elicitation`.
 *
 * @since 0.1.0
 * @category replies
 */
export interface ElicitationResult {
  readonly action: "accept" | "decline" | "cancel"
  readonly content?: JsonObject
}

/**
 * The answer to `request_user_dialog`.
 *
 * @since 0.1.0
 * @category replies
 */
export type DialogResult =
  | { readonly behavior: "completed"; readonly result: unknown }
  | { readonly behavior: "cancelled" }

/**
 * The answer to `mcp_message`: the JSON-RPC reply, or any object for a notification.
 *
 * @since 0.1.0
 * @category replies
 */
export interface McpResult {
  readonly mcp_response: JsonObject
}

/**
 * The answer to a request of the CLI; for `hook_callback` the hook's output, where `{}` is no opinion.
 *
 * @since 0.1.0
 * @category replies
 */
export type ReplyPayload = PermissionResult | ElicitationResult | DialogResult | McpResult | JsonObject

/**
 * @since 0.1.0
 * @category envelopes
 */
export interface OutboundReply {
  readonly type: "control_response"
  readonly response:
    | { readonly subtype: "success"; readonly request_id: string; readonly response: ReplyPayload }
    | { readonly subtype: "error"; readonly request_id: string; readonly error: string }
}

/**
 * Sets variables in the environment of the running CLI. It is not answered.
 *
 * @since 0.1.0
 * @category envelopes
 */
export interface UpdateEnvironmentVariables {
  readonly type: "update_environment_variables"
  readonly variables: { readonly [name: string]: string }
}

/**
 * Everything we may write to the CLI's standard input. Nothing else: an invalid line ends its process.
 *
 * @since 0.1.0
 * @category envelopes
 */
export type Outbound =
  | UserPrompt
  | OutboundRequest
  | OutboundReply
  | ControlCancelRequest
  | KeepAlive
  | UpdateEnvironmentVariables
