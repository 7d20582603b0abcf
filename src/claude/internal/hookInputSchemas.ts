/** What must hold before a hook is given its input: a check, the input itself is passed on as it came. */
import * as Schema from "effect/Schema"
import type { HookEvent } from "./controlOutbound.ts"
import type { HookInputs } from "./hookInputs.ts"
import {
  explain,
  guard,
  JsonObject,
  nullableString,
  optionalBoolean,
  optionalNumber,
  optionalString,
  optionalUnknown,
  optionalUnknowns
} from "./wire.ts"

const { Boolean, Number, String, Unknown } = Schema

const context = {
  session_id: String,
  transcript_path: String,
  cwd: String,
  prompt_id: optionalString,
  permission_mode: optionalString,
  effort: Schema.optionalKey(Schema.Struct({ level: String })),
  agent_id: optionalString,
  agent_type: optionalString
}

const told = <Event extends string>(event: Event) => ({ ...context, hook_event_name: Schema.Literal(event) })

const toolCall = <Event extends string>(event: Event) => ({
  ...told(event),
  tool_name: String,
  tool_input: JsonObject,
  tool_use_id: String,
  mcp_server: optionalUnknown
})

const stopping = <Event extends string>(event: Event) => ({
  ...told(event),
  stop_hook_active: Boolean,
  last_assistant_message: optionalString,
  background_tasks: optionalUnknowns,
  session_crons: optionalUnknowns
})

const modelSwitch = <Event extends string>(event: Event) => ({
  ...told(event),
  from_model: String,
  to_model: String,
  requested_model: nullableString,
  source: String
})

const task = <Event extends string>(event: Event) => ({
  ...told(event),
  task_id: String,
  task_subject: String,
  task_description: optionalString
})

const optionalObject = Schema.optionalKey(JsonObject)

const schemas: { readonly [Event in keyof HookInputs]: Schema.Codec<HookInputs[Event]> } = {
  PreToolUse: Schema.Struct(toolCall("PreToolUse")),
  PostToolUse: Schema.Struct({ ...toolCall("PostToolUse"), tool_response: Unknown, duration_ms: optionalNumber }),
  PostToolUseFailure: Schema.Struct({
    ...toolCall("PostToolUseFailure"),
    error: String,
    is_interrupt: optionalBoolean,
    duration_ms: optionalNumber
  }),
  PostToolBatch: Schema.Struct({
    ...told("PostToolBatch"),
    tool_calls: Schema.Array(
      Schema.Struct({ tool_name: String, tool_input: Unknown, tool_use_id: String, tool_response: optionalUnknown })
    )
  }),
  PermissionRequest: Schema.Struct({
    ...told("PermissionRequest"),
    tool_name: String,
    tool_input: JsonObject,
    permission_suggestions: optionalUnknowns,
    mcp_server: optionalUnknown
  }),
  PermissionDenied: Schema.Struct({ ...toolCall("PermissionDenied"), reason: String }),
  UserPromptSubmit: Schema.Struct({
    ...told("UserPromptSubmit"),
    prompt: String,
    source: optionalString,
    session_title: optionalString
  }),
  UserPromptExpansion: Schema.Struct({
    ...told("UserPromptExpansion"),
    expansion_type: String,
    command_name: String,
    command_args: String,
    command_source: optionalString,
    prompt: String
  }),
  Stop: Schema.Struct(stopping("Stop")),
  StopFailure: Schema.Struct({
    ...told("StopFailure"),
    error: String,
    error_details: optionalString,
    last_assistant_message: optionalString
  }),
  SubagentStart: Schema.Struct({ ...told("SubagentStart"), agent_id: String, agent_type: String }),
  SubagentStop: Schema.Struct({
    ...stopping("SubagentStop"),
    agent_id: String,
    agent_type: String,
    agent_transcript_path: String
  }),
  SessionStart: Schema.Struct({
    ...told("SessionStart"),
    source: String,
    model: optionalString,
    session_title: optionalString
  }),
  SessionEnd: Schema.Struct({ ...told("SessionEnd"), reason: String }),
  PreCompact: Schema.Struct({ ...told("PreCompact"), trigger: String, custom_instructions: nullableString }),
  PostCompact: Schema.Struct({ ...told("PostCompact"), trigger: String, compact_summary: String }),
  PreModelSwitch: Schema.Struct(modelSwitch("PreModelSwitch")),
  PostModelSwitch: Schema.Struct(modelSwitch("PostModelSwitch")),
  Notification: Schema.Struct({
    ...told("Notification"),
    message: String,
    title: optionalString,
    notification_type: String
  }),
  Elicitation: Schema.Struct({
    ...told("Elicitation"),
    mcp_server_name: String,
    message: String,
    mode: optionalString,
    url: optionalString,
    elicitation_id: optionalString,
    requested_schema: optionalObject
  }),
  ElicitationResult: Schema.Struct({
    ...told("ElicitationResult"),
    mcp_server_name: String,
    action: String,
    content: optionalObject,
    mode: optionalString,
    elicitation_id: optionalString
  }),
  TaskCreated: Schema.Struct(task("TaskCreated")),
  TaskCompleted: Schema.Struct(task("TaskCompleted")),
  ConfigChange: Schema.Struct({ ...told("ConfigChange"), source: String, file_path: optionalString }),
  WorktreeCreate: Schema.Struct({ ...told("WorktreeCreate"), name: String }),
  WorktreeRemove: Schema.Struct({ ...told("WorktreeRemove"), worktree_path: String }),
  InstructionsLoaded: Schema.Struct({
    ...told("InstructionsLoaded"),
    file_path: String,
    memory_type: String,
    load_reason: String
  }),
  FileChanged: Schema.Struct({ ...told("FileChanged"), file_path: String, event: String }),
  DirectoryAdded: Schema.Struct({ ...told("DirectoryAdded"), directory: String, source: String }),
  MessageDisplay: Schema.Struct({
    ...told("MessageDisplay"),
    turn_id: String,
    message_id: String,
    index: Number,
    final: Boolean,
    delta: String
  })
}

/** What a hook for this event is told: of an event that was never seen here, an object. */
export type HookInput<Event extends HookEvent> = Event extends keyof HookInputs ? HookInputs[Event] : JsonObject

const untyped = { schema: JsonObject, is: guard(JsonObject) }

const checks: ReadonlyMap<
  string,
  { readonly schema: Schema.Codec<unknown>; readonly is: (value: unknown) => boolean }
> = new Map(Object.entries(schemas).map(([event, schema]) => [event, { schema, is: guard<unknown>(schema) }]))

export const isInput = <Event extends HookEvent>(event: Event, value: unknown): value is HookInput<Event> =>
  (checks.get(event) ?? untyped).is(value)

/** What is wrong with an input, without its values. */
export const inputIssue = (event: HookEvent, value: unknown): string =>
  explain((checks.get(event) ?? untyped).schema, value) ?? "it does not hold"
