/**
 * `system` frames that inform: hooks, banners, plug-ins, files and other side matters.
 */
import * as Schema from "effect/Schema"
import {
  frameFields,
  type Open,
  optionalBoolean,
  optionalNumber,
  optionalString,
  optionalStrings,
  optionalUnknown,
  optionalUnknowns
} from "./wire.ts"

const hookFields = {
  hook_id: Schema.String,
  hook_name: optionalString,
  hook_event: optionalString,
  ...frameFields
}

/**
 * A command hook of the settings began (never a hook of ours).
 *
 * @since 0.1.0
 * @category system messages
 */
export interface HookStarted {
  readonly type: "system"
  readonly subtype: "hook_started"
  readonly hook_id: string
  readonly hook_name?: string
  readonly hook_event?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const HookStarted: Schema.Codec<HookStarted> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("hook_started"),
  ...hookFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface HookProgress {
  readonly type: "system"
  readonly subtype: "hook_progress"
  readonly hook_id: string
  readonly hook_name?: string
  readonly hook_event?: string
  readonly stdout?: string
  readonly stderr?: string
  readonly output?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const HookProgress: Schema.Codec<HookProgress> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("hook_progress"),
  ...hookFields,
  stdout: optionalString,
  stderr: optionalString,
  output: optionalString
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface HookResponse {
  readonly type: "system"
  readonly subtype: "hook_response"
  readonly hook_id: string
  readonly hook_name?: string
  readonly hook_event?: string
  readonly outcome?: Open<"success" | "error" | "cancelled">
  readonly exit_code?: number
  readonly stdout?: string
  readonly stderr?: string
  readonly output?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const HookResponse: Schema.Codec<HookResponse> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("hook_response"),
  ...hookFields,
  outcome: optionalString,
  exit_code: optionalNumber,
  stdout: optionalString,
  stderr: optionalString,
  output: optionalString
})

/**
 * A line of text for the person, such as why a hook stopped a prompt.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface Informational {
  readonly type: "system"
  readonly subtype: "informational"
  readonly content: string
  readonly level?: Open<"info" | "notice" | "suggestion" | "warning">
  readonly tag?: string
  readonly tool_use_id?: string
  readonly prevent_continuation?: boolean
  readonly prompt_submit_outcome?: unknown
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Informational: Schema.Codec<Informational> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("informational"),
  content: Schema.String,
  level: optionalString,
  tag: optionalString,
  tool_use_id: optionalString,
  prevent_continuation: optionalBoolean,
  prompt_submit_outcome: optionalUnknown,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface Notification {
  readonly type: "system"
  readonly subtype: "notification"
  readonly text: string
  readonly key?: string
  readonly priority?: Open<"low" | "medium" | "high" | "immediate">
  readonly color?: string
  readonly timeout_ms?: number
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Notification: Schema.Codec<Notification> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("notification"),
  text: Schema.String,
  key: optionalString,
  priority: optionalString,
  color: optionalString,
  timeout_ms: optionalNumber,
  ...frameFields
})

/**
 * What a local slash command printed.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface LocalCommandOutput {
  readonly type: "system"
  readonly subtype: "local_command_output"
  readonly content: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const LocalCommandOutput: Schema.Codec<LocalCommandOutput> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("local_command_output"),
  content: Schema.String,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface PluginInstall {
  readonly type: "system"
  readonly subtype: "plugin_install"
  readonly status?: Open<"started" | "installed" | "failed" | "completed">
  readonly name?: string
  readonly error?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const PluginInstall: Schema.Codec<PluginInstall> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("plugin_install"),
  status: optionalString,
  name: optionalString,
  error: optionalString,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface FilesPersisted {
  readonly type: "system"
  readonly subtype: "files_persisted"
  readonly files?: ReadonlyArray<unknown>
  readonly failed?: ReadonlyArray<unknown>
  readonly processed_at?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const FilesPersisted: Schema.Codec<FilesPersisted> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("files_persisted"),
  files: optionalUnknowns,
  failed: optionalUnknowns,
  processed_at: optionalString,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface MemoryRecall {
  readonly type: "system"
  readonly subtype: "memory_recall"
  readonly mode?: Open<"select" | "synthesize">
  readonly memories?: ReadonlyArray<unknown>
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const MemoryRecall: Schema.Codec<MemoryRecall> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("memory_recall"),
  mode: optionalString,
  memories: optionalUnknowns,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface MirrorError {
  readonly type: "system"
  readonly subtype: "mirror_error"
  readonly error?: string
  readonly key?: unknown
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const MirrorError: Schema.Codec<MirrorError> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("mirror_error"),
  error: optionalString,
  key: optionalUnknown,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface ElicitationComplete {
  readonly type: "system"
  readonly subtype: "elicitation_complete"
  readonly elicitation_id: string
  readonly mcp_server_name?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ElicitationComplete: Schema.Codec<ElicitationComplete> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("elicitation_complete"),
  elicitation_id: Schema.String,
  mcp_server_name: optionalString,
  ...frameFields
})

/**
 * The disk was full: part of a transcript or of the global configuration was not saved. Sent as the CLI exits.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface SessionWritesLost {
  readonly type: "system"
  readonly subtype: "session_writes_lost"
  readonly error_code?: Open<"ENOSPC" | "EDQUOT">
  readonly lost?: ReadonlyArray<Open<"transcript" | "global_config">>
  readonly transcript_session_ids?: ReadonlyArray<string>
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SessionWritesLost: Schema.Codec<SessionWritesLost> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("session_writes_lost"),
  error_code: optionalString,
  lost: optionalStrings,
  transcript_session_ids: optionalStrings,
  ...frameFields
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface WorkerShuttingDown {
  readonly type: "system"
  readonly subtype: "worker_shutting_down"
  readonly reason?: string
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const WorkerShuttingDown: Schema.Codec<WorkerShuttingDown> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("worker_shutting_down"),
  reason: optionalString,
  ...frameFields
})

/**
 * The list of slash commands changed; this is the whole new list.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface CommandsChanged {
  readonly type: "system"
  readonly subtype: "commands_changed"
  readonly commands: ReadonlyArray<unknown>
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const CommandsChanged: Schema.Codec<CommandsChanged> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("commands_changed"),
  commands: Schema.Array(Schema.Unknown),
  ...frameFields
})
