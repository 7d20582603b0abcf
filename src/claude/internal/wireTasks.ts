/**
 * `system` frames about background work: shells and subagents. A task is named by `task_id`; one run of it by `run_id`
 * (since 2.1.3xx).
 */
import * as Schema from "effect/Schema"
import { frameFields, type Open, optionalBoolean, optionalNumber, optionalString, optionalUnknowns } from "./wire.ts"

/**
 * What a task has used: tokens, tool calls, milliseconds.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskUsage {
  readonly total_tokens?: number
  readonly tool_uses?: number
  readonly duration_ms?: number
}

const taskUsage = Schema.optionalKey(
  Schema.Struct({ total_tokens: optionalNumber, tool_uses: optionalNumber, duration_ms: optionalNumber })
)

const taskFields = { task_id: Schema.String, run_id: optionalString, tool_use_id: optionalString, ...frameFields }

/**
 * @since 0.1.0
 * @category system messages
 */
export interface TaskStarted {
  readonly type: "system"
  readonly subtype: "task_started"
  readonly task_id: string
  readonly run_id?: string
  readonly tool_use_id?: string
  readonly uuid?: string
  readonly session_id?: string
  readonly description?: string
  readonly task_type?: Open<"local_bash" | "local_agent" | "local_workflow">
  readonly is_backgrounded?: boolean
  readonly subagent_type?: string
  readonly spawn_depth?: number
  readonly parent_task_id?: string
  readonly prompt?: string
  readonly workflow_name?: string
  readonly skip_transcript?: boolean
  readonly ambient?: boolean
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TaskStarted: Schema.Codec<TaskStarted> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("task_started"),
  ...taskFields,
  description: optionalString,
  task_type: optionalString,
  is_backgrounded: optionalBoolean,
  subagent_type: optionalString,
  spawn_depth: optionalNumber,
  parent_task_id: optionalString,
  prompt: optionalString,
  workflow_name: optionalString,
  skip_transcript: optionalBoolean,
  ambient: optionalBoolean
})

/**
 * @since 0.1.0
 * @category system messages
 */
export interface TaskProgress {
  readonly type: "system"
  readonly subtype: "task_progress"
  readonly task_id: string
  readonly run_id?: string
  readonly tool_use_id?: string
  readonly uuid?: string
  readonly session_id?: string
  readonly description?: string
  readonly subagent_type?: string
  readonly usage?: TaskUsage
  readonly last_tool_name?: string
  readonly summary?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TaskProgress: Schema.Codec<TaskProgress> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("task_progress"),
  ...taskFields,
  description: optionalString,
  subagent_type: optionalString,
  usage: taskUsage,
  last_tool_name: optionalString,
  summary: optionalString
})

/**
 * What changed about a task. `end_time` is in epoch milliseconds.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface TaskUpdated {
  readonly type: "system"
  readonly subtype: "task_updated"
  readonly task_id: string
  readonly run_id?: string
  readonly tool_use_id?: string
  readonly uuid?: string
  readonly session_id?: string
  readonly patch?: {
    readonly status?: Open<"pending" | "running" | "completed" | "failed" | "killed" | "paused">
    readonly description?: string
    readonly end_time?: number
    readonly total_paused_ms?: number
    readonly error?: string
    readonly is_backgrounded?: boolean
  }
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TaskUpdated: Schema.Codec<TaskUpdated> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("task_updated"),
  ...taskFields,
  patch: Schema.optionalKey(
    Schema.Struct({
      status: optionalString,
      description: optionalString,
      end_time: optionalNumber,
      total_paused_ms: optionalNumber,
      error: optionalString,
      is_backgrounded: optionalBoolean
    })
  )
})

/**
 * A task ended. When it was background work, the CLI then starts a turn of its own.
 *
 * @since 0.1.0
 * @category system messages
 */
export interface TaskNotification {
  readonly type: "system"
  readonly subtype: "task_notification"
  readonly task_id: string
  readonly run_id?: string
  readonly tool_use_id?: string
  readonly uuid?: string
  readonly session_id?: string
  readonly status?: Open<"completed" | "failed" | "stopped">
  readonly reason?: string
  readonly output_file?: string
  readonly summary?: string
  readonly summary_is_report?: boolean
  readonly usage?: TaskUsage
  readonly resource_links?: ReadonlyArray<unknown>
  readonly skip_transcript?: boolean
  readonly ambient?: boolean
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TaskNotification: Schema.Codec<TaskNotification> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("task_notification"),
  ...taskFields,
  status: optionalString,
  reason: optionalString,
  output_file: optionalString,
  summary: optionalString,
  summary_is_report: optionalBoolean,
  usage: taskUsage,
  resource_links: optionalUnknowns,
  skip_transcript: optionalBoolean,
  ambient: optionalBoolean
})

/**
 * A task that runs in the background.
 *
 * @since 0.1.0
 * @category models
 */
export interface BackgroundTask {
  readonly task_id: string
  readonly run_id?: string
  readonly task_type?: string
  readonly subagent_type?: string
  readonly description?: string
  readonly parent_task_id?: string
  readonly ambient?: boolean
}

/**
 * All background tasks that run now; replaces what was known before (since 2.1.3xx).
 *
 * @since 0.1.0
 * @category system messages
 */
export interface BackgroundTasksChanged {
  readonly type: "system"
  readonly subtype: "background_tasks_changed"
  readonly tasks: ReadonlyArray<BackgroundTask>
  readonly uuid?: string
  readonly session_id?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const BackgroundTasksChanged: Schema.Codec<BackgroundTasksChanged> = Schema.Struct({
  type: Schema.Literal("system"),
  subtype: Schema.Literal("background_tasks_changed"),
  tasks: Schema.Array(
    Schema.Struct({
      task_id: Schema.String,
      run_id: optionalString,
      task_type: optionalString,
      subagent_type: optionalString,
      description: optionalString,
      parent_task_id: optionalString,
      ambient: optionalBoolean
    })
  ),
  ...frameFields
})
