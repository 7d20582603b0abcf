/**
 * What the CLI tells a hook, in its own spelling: the events that were seen to fire over the control channel. Fields that
 * are not here are passed on all the same.
 */
import type { JsonObject, Open } from "./wire.ts"

/**
 * What every hook is told. `transcript_path` is the file of the conversation; `prompt_id` is new with each prompt;
 * `agent_id` and `agent_type` name the subagent it happens in.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface HookContext {
  readonly session_id: string
  readonly transcript_path: string
  readonly cwd: string
  readonly prompt_id?: string
  readonly permission_mode?: string
  readonly effort?: { readonly level: string }
  readonly agent_id?: string
  readonly agent_type?: string
}

interface Told<Event extends string> extends HookContext {
  readonly hook_event_name: Event
}

interface ToolCall<Event extends string> extends Told<Event> {
  readonly tool_name: string
  readonly tool_input: JsonObject
  readonly tool_use_id: string
  readonly mcp_server?: unknown
}

/**
 * A tool is about to run, whether it needs a permission or not.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PreToolUseInput extends ToolCall<"PreToolUse"> {}

/**
 * A tool ran. `tool_response` is the CLI's own record of what it gave.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PostToolUseInput extends ToolCall<"PostToolUse"> {
  readonly tool_response: unknown
  readonly duration_ms?: number
}

/**
 * A tool failed.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PostToolUseFailureInput extends ToolCall<"PostToolUseFailure"> {
  readonly error: string
  readonly is_interrupt?: boolean
  readonly duration_ms?: number
}

/**
 * All tools of one message of the model ran, or were refused.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PostToolBatchInput extends Told<"PostToolBatch"> {
  readonly tool_calls: ReadonlyArray<{
    readonly tool_name: string
    readonly tool_input: unknown
    readonly tool_use_id: string
    readonly tool_response?: unknown
  }>
}

/**
 * A tool needs a permission.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PermissionRequestInput extends Told<"PermissionRequest"> {
  readonly tool_name: string
  readonly tool_input: JsonObject
  readonly permission_suggestions?: ReadonlyArray<unknown>
  readonly mcp_server?: unknown
}

/**
 * The classifier of the mode "auto" refused a tool.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PermissionDeniedInput extends ToolCall<"PermissionDenied"> {
  readonly reason: string
}

/**
 * A prompt came in: ours, or one that the CLI made, as when a background task ends.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface UserPromptSubmitInput extends Told<"UserPromptSubmit"> {
  readonly prompt: string
  readonly source?: string
  readonly session_title?: string
}

/**
 * A slash command, or a prompt of an MCP server, is about to become a prompt.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface UserPromptExpansionInput extends Told<"UserPromptExpansion"> {
  readonly expansion_type: Open<"slash_command" | "mcp_prompt">
  readonly command_name: string
  readonly command_args: string
  readonly command_source?: string
  readonly prompt: string
}

interface Stopping<Event extends string> extends Told<Event> {
  readonly stop_hook_active: boolean
  readonly last_assistant_message?: string
  readonly background_tasks?: ReadonlyArray<unknown>
  readonly session_crons?: ReadonlyArray<unknown>
}

/**
 * The model has said its last word in this turn. `stop_hook_active`: it goes on already because of a hook like this one.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface StopInput extends Stopping<"Stop"> {}

/**
 * The turn ended with an error of the API.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface StopFailureInput extends Told<"StopFailure"> {
  readonly error: string
  readonly error_details?: string
  readonly last_assistant_message?: string
}

/**
 * A subagent begins.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface SubagentStartInput extends Told<"SubagentStart"> {
  readonly agent_id: string
  readonly agent_type: string
}

/**
 * A subagent has said its last word.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface SubagentStopInput extends Stopping<"SubagentStop"> {
  readonly agent_id: string
  readonly agent_type: string
  readonly agent_transcript_path: string
}

/**
 * The conversation begins anew after `/clear` or a compaction. Never at the start of a session.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface SessionStartInput extends Told<"SessionStart"> {
  readonly source: Open<"startup" | "resume" | "clear" | "compact" | "fork">
  readonly model?: string
  readonly session_title?: string
}

/**
 * The conversation was cleared. Never at the end of a session.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface SessionEndInput extends Told<"SessionEnd"> {
  readonly reason: Open<"clear" | "resume" | "logout" | "prompt_input_exit" | "other">
}

/**
 * The conversation is about to be compacted.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PreCompactInput extends Told<"PreCompact"> {
  readonly trigger: Open<"manual" | "auto">
  readonly custom_instructions: string | null
}

/**
 * The conversation was compacted.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PostCompactInput extends Told<"PostCompact"> {
  readonly trigger: Open<"manual" | "auto">
  readonly compact_summary: string
}

interface ModelSwitch<Event extends string> extends Told<Event> {
  readonly from_model: string
  readonly to_model: string
  readonly requested_model: string | null
  readonly source: Open<"command" | "picker" | "sdk" | "auto" | "resume">
}

/**
 * The model is about to change. Since 2.1.3xx.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PreModelSwitchInput extends ModelSwitch<"PreModelSwitch"> {}

/**
 * The model has changed. Since 2.1.3xx.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface PostModelSwitchInput extends ModelSwitch<"PostModelSwitch"> {}

/**
 * The CLI has something to tell the person, for example that it waits for a permission.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface NotificationInput extends Told<"Notification"> {
  readonly message: string
  readonly title?: string
  readonly notification_type: string
}

/**
 * An MCP server asks the person something.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface ElicitationInput extends Told<"Elicitation"> {
  readonly mcp_server_name: string
  readonly message: string
  readonly mode?: Open<"form" | "url">
  readonly url?: string
  readonly elicitation_id?: string
  readonly requested_schema?: JsonObject
}

/**
 * What the MCP server was answered.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface ElicitationResultInput extends Told<"ElicitationResult"> {
  readonly mcp_server_name: string
  readonly action: Open<"accept" | "decline" | "cancel">
  readonly content?: JsonObject
  readonly mode?: Open<"form" | "url">
  readonly elicitation_id?: string
}

interface Task<Event extends string> extends Told<Event> {
  readonly task_id: string
  readonly task_subject: string
  readonly task_description?: string
}

/**
 * The agent puts a task on its list.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface TaskCreatedInput extends Task<"TaskCreated"> {}

/**
 * The agent ticks a task off.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface TaskCompletedInput extends Task<"TaskCompleted"> {}

/**
 * A settings file changed while the session runs.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface ConfigChangeInput extends Told<"ConfigChange"> {
  readonly source: string
  readonly file_path?: string
}

/**
 * A git worktree is wanted. With a hook for this event the CLI makes none itself: the hook does, and answers with
 * `worktree`.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface WorktreeCreateInput extends Told<"WorktreeCreate"> {
  readonly name: string
}

/**
 * The worktree that a hook made is to be removed.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface WorktreeRemoveInput extends Told<"WorktreeRemove"> {
  readonly worktree_path: string
}

/**
 * A file of instructions, such as CLAUDE.md, was read.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface InstructionsLoadedInput extends Told<"InstructionsLoaded"> {
  readonly file_path: string
  readonly memory_type: string
  readonly load_reason: string
}

/**
 * A file changed that a hook had watched, see `watch`.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface FileChangedInput extends Told<"FileChanged"> {
  readonly file_path: string
  readonly event: Open<"change" | "add" | "unlink">
}

/**
 * The agent may work in one more directory. Since 2.1.3xx.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface DirectoryAddedInput extends Told<"DirectoryAdded"> {
  readonly directory: string
  readonly source: string
}

/**
 * Text of the model is about to be shown.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface MessageDisplayInput extends Told<"MessageDisplay"> {
  readonly turn_id: string
  readonly message_id: string
  readonly index: number
  readonly final: boolean
  readonly delta: string
}

/**
 * What a hook is told, by event.
 *
 * @since 0.1.0
 * @category inputs
 */
export interface HookInputs {
  readonly PreToolUse: PreToolUseInput
  readonly PostToolUse: PostToolUseInput
  readonly PostToolUseFailure: PostToolUseFailureInput
  readonly PostToolBatch: PostToolBatchInput
  readonly PermissionRequest: PermissionRequestInput
  readonly PermissionDenied: PermissionDeniedInput
  readonly UserPromptSubmit: UserPromptSubmitInput
  readonly UserPromptExpansion: UserPromptExpansionInput
  readonly Stop: StopInput
  readonly StopFailure: StopFailureInput
  readonly SubagentStart: SubagentStartInput
  readonly SubagentStop: SubagentStopInput
  readonly SessionStart: SessionStartInput
  readonly SessionEnd: SessionEndInput
  readonly PreCompact: PreCompactInput
  readonly PostCompact: PostCompactInput
  readonly PreModelSwitch: PreModelSwitchInput
  readonly PostModelSwitch: PostModelSwitchInput
  readonly Notification: NotificationInput
  readonly Elicitation: ElicitationInput
  readonly ElicitationResult: ElicitationResultInput
  readonly TaskCreated: TaskCreatedInput
  readonly TaskCompleted: TaskCompletedInput
  readonly ConfigChange: ConfigChangeInput
  readonly WorktreeCreate: WorktreeCreateInput
  readonly WorktreeRemove: WorktreeRemoveInput
  readonly InstructionsLoaded: InstructionsLoadedInput
  readonly FileChanged: FileChangedInput
  readonly DirectoryAdded: DirectoryAddedInput
  readonly MessageDisplay: MessageDisplayInput
}
