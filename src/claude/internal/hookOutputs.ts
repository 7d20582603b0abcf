/**
 * What a hook may answer: values, the one table of which event honours which of them, and their form on the wire. All
 * of it measured: what the CLI passes over for an event cannot be said for it.
 */
import type { HookEvent } from "./controlOutbound.ts"
import { isObject, type JsonObject } from "./wire.ts"

/**
 * No opinion: it goes on as if there were no hook.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Pass {
  readonly _tag: "Pass"
}

/**
 * The tool runs without a permission, with another input if `input` is given.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Allow {
  readonly _tag: "Allow"
  readonly input?: JsonObject
}

/**
 * The tool does not run. The model reads `reason`, and goes on unless `stopTurn` says otherwise.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Deny {
  readonly _tag: "Deny"
  readonly reason: string
  readonly stopTurn?: boolean
}

/**
 * The permission handler is asked, whatever the rules say; with another input if `input` is given.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Ask {
  readonly _tag: "Ask"
  readonly reason: string
  readonly input?: JsonObject
}

/**
 * The tool gets another input; whether it may run is decided as if there were no hook.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface RewriteInput {
  readonly _tag: "RewriteInput"
  readonly input: JsonObject
}

/**
 * The model reads `text` too.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface AddContext {
  readonly _tag: "AddContext"
  readonly text: string
}

/**
 * It is not to be, because of `reason`.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Block {
  readonly _tag: "Block"
  readonly reason: string
}

/**
 * The turn ends here.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Stop {
  readonly _tag: "Stop"
  readonly reason: string
}

/**
 * The model reads `output` in place of what the tool gave.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface ReplaceOutput {
  readonly _tag: "ReplaceOutput"
  readonly output: unknown
}

/**
 * These files are watched: `FileChanged` fires for them.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Watch {
  readonly _tag: "Watch"
  readonly paths: ReadonlyArray<string>
}

/**
 * Where the worktree is that the hook made.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Worktree {
  readonly _tag: "Worktree"
  readonly path: string
}

/**
 * What is shown in place of the text.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Display {
  readonly _tag: "Display"
  readonly text: string
}

/**
 * The answer in the CLI's own words, unchecked.
 *
 * @since 0.1.0
 * @category outputs
 */
export interface Raw {
  readonly _tag: "Raw"
  readonly json: JsonObject
}

/**
 * Every answer there is.
 *
 * @since 0.1.0
 * @category outputs
 */
export type AnyHookOutput =
  | Pass
  | Allow
  | Deny
  | Ask
  | RewriteInput
  | AddContext
  | Block
  | Stop
  | ReplaceOutput
  | Watch
  | Worktree
  | Display
  | Raw

const honoured = {
  PreToolUse: ["Allow", "Deny", "Ask", "RewriteInput", "AddContext"],
  PostToolUse: ["AddContext", "Block", "ReplaceOutput", "Stop"],
  PostToolUseFailure: ["AddContext", "Block"],
  PostToolBatch: ["AddContext", "Stop"],
  PermissionRequest: ["Allow", "Deny"],
  UserPromptSubmit: ["AddContext", "Block"],
  UserPromptExpansion: ["AddContext", "Block"],
  Stop: ["AddContext", "Block"],
  SubagentStart: ["AddContext"],
  SubagentStop: ["AddContext", "Block"],
  SessionStart: ["AddContext", "Watch"],
  PreCompact: ["Block"],
  PreModelSwitch: ["Block"],
  PostModelSwitch: ["AddContext"],
  TaskCreated: ["Block"],
  TaskCompleted: ["Block"],
  WorktreeCreate: ["Worktree"],
  MessageDisplay: ["Display"]
} as const satisfies { readonly [Event in HookEvent]?: ReadonlyArray<AnyHookOutput["_tag"]> }

type Honoured = typeof honoured

/**
 * What a hook for this event may answer.
 *
 * @since 0.1.0
 * @category outputs
 */
export type HookOutput<Event extends HookEvent> =
  | Pass
  | Raw
  | Extract<AnyHookOutput, { readonly _tag: Event extends keyof Honoured ? Honoured[Event][number] : never }>

const tags: ReadonlyMap<string, ReadonlyArray<string>> = new Map(Object.entries(honoured))

/** Whether it is an answer that the event honours: types may have been left aside. */
export const isOutput = <Event extends HookEvent>(event: Event, value: unknown): value is HookOutput<Event> => {
  if (!isObject(value)) return false
  const { _tag: tag, input, json } = value
  if (tag === "Pass") return true
  if (tag === "Raw") return isObject(json)
  if (typeof tag !== "string" || tags.get(event)?.includes(tag) !== true) return false
  return input === undefined ? tag !== "RewriteInput" : isObject(input)
}

const refusable: ReadonlySet<HookEvent> = new Set<HookEvent>([
  "UserPromptSubmit",
  "UserPromptExpansion",
  "PreCompact",
  "PreModelSwitch",
  "TaskCreated",
  "TaskCompleted"
])

/** What is answered in place of a hook that has no answer: no, where the event can be refused. */
export const refusal = (event: HookEvent, reason: string): Deny | Block | Pass => {
  if (event === "PreToolUse" || event === "PermissionRequest") return { _tag: "Deny", reason }
  return refusable.has(event) ? { _tag: "Block", reason } : { _tag: "Pass" }
}

/** Whether a hook that has no answer refuses. */
export const canRefuse = (event: HookEvent): boolean => refusal(event, "")._tag !== "Pass"

const specific = (event: HookEvent, fields: JsonObject): JsonObject => ({
  hookSpecificOutput: { hookEventName: event, ...fields }
})

const changed = (input: JsonObject | undefined): JsonObject => (input === undefined ? {} : { updatedInput: input })

const ending = (reason: string): JsonObject => ({ continue: false, stopReason: reason })

const toolDecision = (output: Allow | Deny | Ask): JsonObject => {
  if (output._tag === "Allow") {
    return specific("PreToolUse", { permissionDecision: "allow", ...changed(output.input) })
  }
  const said = specific("PreToolUse", {
    permissionDecision: output._tag === "Deny" ? "deny" : "ask",
    permissionDecisionReason: output.reason,
    ...(output._tag === "Ask" ? changed(output.input) : {})
  })
  return output._tag === "Deny" && output.stopTurn === true ? { ...said, ...ending(output.reason) } : said
}

const permissionDecision = (output: Allow | Deny): JsonObject =>
  specific("PermissionRequest", {
    decision:
      output._tag === "Allow"
        ? { behavior: "allow", ...changed(output.input) }
        : {
            behavior: "deny",
            message: output.reason,
            ...(output.stopTurn === undefined ? {} : { interrupt: output.stopTurn })
          }
  })

/** An answer as the CLI reads it. It must be one that the event honours. */
export const toWire = (event: HookEvent, output: AnyHookOutput): JsonObject => {
  switch (output._tag) {
    case "Pass":
      return {}
    case "Raw":
      return output.json
    case "Allow":
    case "Deny":
      return event === "PermissionRequest" ? permissionDecision(output) : toolDecision(output)
    case "Ask":
      return toolDecision(output)
    case "RewriteInput":
      return specific(event, { updatedInput: output.input })
    case "AddContext":
      return specific(event, { additionalContext: output.text })
    case "Block":
      return { decision: "block", reason: output.reason }
    case "Stop":
      return ending(output.reason)
    case "ReplaceOutput":
      return specific(event, { updatedToolOutput: output.output })
    case "Watch":
      return specific(event, { watchPaths: output.paths })
    case "Worktree":
      return specific(event, { worktreePath: output.path })
    case "Display":
      return specific(event, { displayContent: output.text })
  }
}
