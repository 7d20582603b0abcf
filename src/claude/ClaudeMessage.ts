/**
 * Every message that Claude Code writes to its standard output, in the CLI's own spelling, and `decode`, which tells
 * them apart. A message is the parsed frame itself: nothing is renamed, filled in or dropped, so fields that this version
 * does not know are still there. Only what cannot be done without is required; enums are open, and content blocks, stream
 * events and requests of an unknown type stay as they came. Measured on Claude Code 2.1.197 and 2.1.329.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import { ControlCancelRequest, ControlRequest, ControlResponse } from "./internal/controlInbound.ts"
import { explain, guard, isObject, type JsonObject } from "./internal/wire.ts"
import {
  ActiveGoal,
  AuthStatus,
  CommandLifecycle,
  ConversationReset,
  KeepAlive,
  PromptSuggestion,
  RateLimitEvent,
  ToolProgress,
  ToolUseSummary,
  TranscriptMirror
} from "./internal/wireEvents.ts"
import {
  CommandsChanged,
  ElicitationComplete,
  FilesPersisted,
  HookProgress,
  HookResponse,
  HookStarted,
  Informational,
  LocalCommandOutput,
  MemoryRecall,
  MirrorError,
  Notification,
  PluginInstall,
  SessionWritesLost,
  WorkerShuttingDown
} from "./internal/wireNotices.ts"
import { StreamEvent } from "./internal/wireStream.ts"
import {
  ApiRetry,
  CompactBoundary,
  ControlRequestProgress,
  ModelRefusalFallback,
  ModelRefusalNoFallback,
  PermissionDenied,
  SessionStateChanged,
  SessionTitleChanged,
  Status,
  SystemInit,
  ThinkingTokens
} from "./internal/wireSystem.ts"
import {
  BackgroundTasksChanged,
  TaskNotification,
  TaskProgress,
  TaskStarted,
  TaskUpdated
} from "./internal/wireTasks.ts"
import { Assistant, Result, User } from "./internal/wireTurn.ts"

export type { JsonObject, Open, Unrecognized } from "./internal/wire.ts"
export * from "./internal/controlInbound.ts"
export * from "./internal/wireBlocks.ts"
export * from "./internal/wireEvents.ts"
export * from "./internal/wireNotices.ts"
export * from "./internal/wireStream.ts"
export * from "./internal/wireSystem.ts"
export * from "./internal/wireTasks.ts"
export * from "./internal/wireTurn.ts"
export * from "./internal/wireUsage.ts"

/**
 * A `system` frame, told apart by `subtype`.
 *
 * @since 0.1.0
 * @category models
 */
export type SystemMessage =
  | SystemInit
  | Status
  | SessionStateChanged
  | SessionTitleChanged
  | ThinkingTokens
  | ApiRetry
  | CompactBoundary
  | PermissionDenied
  | ControlRequestProgress
  | CommandsChanged
  | ModelRefusalFallback
  | ModelRefusalNoFallback
  | TaskStarted
  | TaskProgress
  | TaskUpdated
  | TaskNotification
  | BackgroundTasksChanged
  | HookStarted
  | HookProgress
  | HookResponse
  | Informational
  | Notification
  | LocalCommandOutput
  | PluginInstall
  | FilesPersisted
  | MemoryRecall
  | MirrorError
  | ElicitationComplete
  | SessionWritesLost
  | WorkerShuttingDown

/**
 * A frame that holds, told apart by `type`.
 *
 * @since 0.1.0
 * @category models
 */
export type KnownMessage =
  | SystemMessage
  | Assistant
  | User
  | StreamEvent
  | Result
  | RateLimitEvent
  | CommandLifecycle
  | ToolProgress
  | ConversationReset
  | AuthStatus
  | ToolUseSummary
  | PromptSuggestion
  | ActiveGoal
  | TranscriptMirror
  | KeepAlive
  | ControlRequest
  | ControlResponse
  | ControlCancelRequest

/**
 * A frame that this version does not understand; `raw` is the frame as parsed. Without an `issue` its type or subtype is
 * new. With one it is of a known kind but does not hold, and `issue` says where and what was expected, never the value.
 * `subtype` is also the kind of request, reply or stream event, where the frame has one.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unknown {
  readonly _tag: "Unknown"
  readonly type: string | undefined
  readonly subtype: string | undefined
  readonly raw: unknown
  readonly issue?: string
}

/**
 * What `decode` returns. Ask `isUnknown` first; then `type` tells the frames apart.
 *
 * @since 0.1.0
 * @category models
 */
export type ClaudeMessage = KnownMessage | Unknown

interface Member {
  readonly schema: Schema.Codec<KnownMessage>
  readonly is: (frame: unknown) => frame is KnownMessage
}

const members = (schemas: { readonly [name: string]: Schema.Codec<KnownMessage> }): ReadonlyMap<string, Member> =>
  new Map(Object.entries(schemas).map(([name, schema]) => [name, { schema, is: guard(schema) }]))

const byType = members({
  assistant: Assistant,
  user: User,
  stream_event: StreamEvent,
  result: Result,
  rate_limit_event: RateLimitEvent,
  command_lifecycle: CommandLifecycle,
  tool_progress: ToolProgress,
  conversation_reset: ConversationReset,
  auth_status: AuthStatus,
  tool_use_summary: ToolUseSummary,
  prompt_suggestion: PromptSuggestion,
  active_goal: ActiveGoal,
  transcript_mirror: TranscriptMirror,
  keep_alive: KeepAlive,
  control_request: ControlRequest,
  control_response: ControlResponse,
  control_cancel_request: ControlCancelRequest
})

const bySubtype = members({
  init: SystemInit,
  status: Status,
  session_state_changed: SessionStateChanged,
  session_title_changed: SessionTitleChanged,
  thinking_tokens: ThinkingTokens,
  api_retry: ApiRetry,
  compact_boundary: CompactBoundary,
  permission_denied: PermissionDenied,
  control_request_progress: ControlRequestProgress,
  commands_changed: CommandsChanged,
  model_refusal_fallback: ModelRefusalFallback,
  model_refusal_no_fallback: ModelRefusalNoFallback,
  task_started: TaskStarted,
  task_progress: TaskProgress,
  task_updated: TaskUpdated,
  task_notification: TaskNotification,
  background_tasks_changed: BackgroundTasksChanged,
  hook_started: HookStarted,
  hook_progress: HookProgress,
  hook_response: HookResponse,
  informational: Informational,
  notification: Notification,
  local_command_output: LocalCommandOutput,
  plugin_install: PluginInstall,
  files_persisted: FilesPersisted,
  memory_recall: MemoryRecall,
  mirror_error: MirrorError,
  elicitation_complete: ElicitationComplete,
  session_writes_lost: SessionWritesLost,
  worker_shutting_down: WorkerShuttingDown
})

const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined)

const subtypeOf = (frame: JsonObject): string | undefined => {
  if (typeof frame.subtype === "string") return frame.subtype
  if (isObject(frame.request)) return text(frame.request.subtype)
  if (isObject(frame.response)) return text(frame.response.subtype)
  return isObject(frame.event) ? text(frame.event.type) : undefined
}

const unknown = (frame: unknown, issue: string | undefined): Unknown => {
  const type = isObject(frame) ? text(frame.type) : undefined
  const subtype = isObject(frame) ? subtypeOf(frame) : undefined
  return issue === undefined
    ? { _tag: "Unknown", type, subtype, raw: frame }
    : { _tag: "Unknown", type, subtype, raw: frame, issue }
}

/**
 * Tells what a parsed frame is. Returns the frame itself (the same object) when it holds and an `Unknown` that carries
 * it when it does not. Pure; never throws, whatever the value.
 *
 * @since 0.1.0
 * @category decoding
 */
export const decode = (frame: unknown): ClaudeMessage => {
  if (!isObject(frame)) return unknown(frame, "Expected an object")
  const type = frame.type
  if (typeof type !== "string") return unknown(frame, `Expected string at ["type"]`)
  let member: Member | undefined
  if (type === "system") {
    if (typeof frame.subtype !== "string") return unknown(frame, `Expected string at ["subtype"]`)
    member = bySubtype.get(frame.subtype)
  } else {
    member = byType.get(type)
  }
  if (member === undefined) return unknown(frame, undefined)
  try {
    return member.is(frame) ? frame : unknown(frame, explain(member.schema, frame) ?? "Does not hold")
  } catch {
    // Blocks inside blocks may go deeper than the stack.
    return unknown(frame, "Nested too deeply")
  }
}

/**
 * Whether `decode` could not make sense of the frame. What is left is a `KnownMessage`.
 *
 * @since 0.1.0
 * @category guards
 */
export const isUnknown = (message: ClaudeMessage): message is Unknown => "_tag" in message && message._tag === "Unknown"

/**
 * The id of the request that a control frame is, answers or withdraws, also when the frame does not hold: enough to
 * answer the one and to fail the other.
 *
 * @since 0.1.0
 * @category decoding
 */
export const requestId = (message: ClaudeMessage): string | undefined => {
  const frame: unknown = isUnknown(message) ? message.raw : message
  if (!isObject(frame)) return undefined
  switch (frame.type) {
    case "control_request":
    case "control_cancel_request":
      return text(frame.request_id)
    case "control_response":
      return isObject(frame.response) ? text(frame.response.request_id) : undefined
    default:
      return undefined
  }
}
