/**
 * Functions of ours that Claude Code calls at fixed points of its work: before a tool runs, when a prompt comes in, when
 * the model wants to stop. What each event tells and which answers it honours was measured on 2.1.197 and 2.1.329; an
 * answer that an event would pass over is a type error. Hooks are given to a session with the option `hooks`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { HookEvent } from "./internal/controlOutbound.ts"
import type { HookContext, HookInputs } from "./internal/hookInputs.ts"
import { type HookInput, inputIssue, isInput } from "./internal/hookInputSchemas.ts"
import * as outputs from "./internal/hookOutputs.ts"
import * as hooks from "./internal/hooks.ts"
import type { JsonObject } from "./internal/wire.ts"

export { type HookEvent, hookEvents } from "./internal/controlOutbound.ts"
export type * from "./internal/hookInputs.ts"
export type { HookInput } from "./internal/hookInputSchemas.ts"
export type {
  AddContext,
  Allow,
  AnyHookOutput,
  Ask,
  Block,
  Deny,
  Display,
  HookOutput,
  Pass,
  Raw,
  ReplaceOutput,
  RewriteInput,
  Stop,
  Watch,
  Worktree
} from "./internal/hookOutputs.ts"
export type { Hook } from "./internal/hooks.ts"
export type { JsonObject } from "./internal/wire.ts"

/**
 * Answers one event. Calls run at the same time, each in a fiber of its own, which is interrupted when Claude Code takes
 * the call back.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<Event extends HookEvent, out R = never> = (
  input: HookInput<Event>
) => Effect.Effect<outputs.HookOutput<Event>, unknown, R>

/**
 * @since 0.1.0
 * @category options
 */
export interface HookOptions {
  /**
   * For which of its kind the hook is called: tools by name (`Bash`, `Write|Edit`), anything else is a regular expression
   * (`mcp__.*`); of other events what they turn on, for example the `source` of SessionStart. Default: all.
   */
  readonly matcher?: string | undefined
  /** How long it may take; then the answer is no where the event can be refused. Default: 60 seconds. */
  readonly timeout?: Duration.Input | undefined
}

interface On {
  <const Event extends HookEvent, R = never>(event: Event, handler: Handler<Event, R>): hooks.Hook<Event, R>
  <const Event extends HookEvent, R = never>(
    event: Event,
    options: HookOptions,
    handler: Handler<Event, R>
  ): hooks.Hook<Event, R>
}

const make = <Event extends HookEvent, R>(
  event: Event,
  options: HookOptions,
  handler: Handler<Event, R>
): hooks.Hook<Event, R> => ({
  ...options,
  event,
  handle: (input) =>
    isInput(event, input)
      ? Effect.filterOrFail(
          handler(input),
          (output) => outputs.isOutput(event, output),
          () => new Error(`The hook for ${event} gave an answer that ${event} does not honour.`)
        )
      : Effect.fail(new Error(`The input of ${event} is not of the known form: ${inputIssue(event, input)}`))
})

/**
 * A hook: what is to happen at an event of Claude Code. Give it to a session with the option `hooks`.
 *
 * When the handler fails, dies or is late, the answer is no where the event can be refused (PreToolUse,
 * PermissionRequest, UserPromptSubmit, UserPromptExpansion, PreCompact, PreModelSwitch, TaskCreated, TaskCompleted);
 * elsewhere it goes on as if there were no hook. Both give a `Notice` with the code "hook-failed".
 *
 * @example
 * ```ts
 * const dryRun = ClaudeHook.on("PreToolUse", { matcher: "Bash" }, ({ tool_input }) =>
 *   Effect.succeed(ClaudeHook.rewriteInput({ ...tool_input, command: `echo would run: ${tool_input.command}` }))
 * )
 *
 * const program = Effect.gen(function* () {
 *   const session = yield* ClaudeSession.make({ hooks: [dryRun] })
 *   return yield* session.ask("Remove the old logs")
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const on: On = <Event extends HookEvent, R>(
  event: Event,
  ...rest: [handler: Handler<Event, R>] | [options: HookOptions, handler: Handler<Event, R>]
): hooks.Hook<Event, R> => (rest.length === 1 ? make(event, {}, rest[0]) : make(event, ...rest))

/**
 * No opinion: it goes on as if there were no hook.
 *
 * @since 0.1.0
 * @category outputs
 */
export const pass: outputs.Pass = { _tag: "Pass" }

/**
 * The tool runs and nobody is asked, with `input` in place of its own if given. For PreToolUse and PermissionRequest.
 *
 * @since 0.1.0
 * @category outputs
 */
export const allow = (options?: { readonly input?: JsonObject | undefined }): outputs.Allow =>
  options?.input === undefined ? { _tag: "Allow" } : { _tag: "Allow", input: options.input }

/**
 * The tool does not run; the model reads `reason` and goes on. `stopTurn` (default: false) ends the turn instead; 2.1.197
 * denies and goes on all the same. For PreToolUse and PermissionRequest.
 *
 * @since 0.1.0
 * @category outputs
 */
export const deny = (reason: string, options?: { readonly stopTurn?: boolean | undefined }): outputs.Deny =>
  options?.stopTurn === undefined ? { _tag: "Deny", reason } : { _tag: "Deny", reason, stopTurn: options.stopTurn }

/**
 * Somebody is to decide: the permission handler is asked, even about what the rules allow, and gets `reason`. Without a
 * permission handler that is a denial. For PreToolUse.
 *
 * @since 0.1.0
 * @category outputs
 */
export const ask = (reason: string, options?: { readonly input?: JsonObject | undefined }): outputs.Ask =>
  options?.input === undefined ? { _tag: "Ask", reason } : { _tag: "Ask", reason, input: options.input }

/**
 * The tool gets another input; rules and permission handler decide about that one. For PreToolUse.
 *
 * @since 0.1.0
 * @category outputs
 */
export const rewriteInput = (input: JsonObject): outputs.RewriteInput => ({ _tag: "RewriteInput", input })

/**
 * The model reads `text` too. For Stop and SubagentStop that means it goes on and reads it.
 *
 * @since 0.1.0
 * @category outputs
 */
export const addContext = (text: string): outputs.AddContext => ({ _tag: "AddContext", text })

/**
 * It is not to be, because of `reason`. A prompt (UserPromptSubmit, UserPromptExpansion) is not sent and the turn ends; a
 * compaction, a change of the model or a new task does not happen; Stop and SubagentStop: it may not stop, reads the
 * reason and goes on. After a tool (PostToolUse, PostToolUseFailure) and for TaskCompleted the model reads the reason.
 *
 * @since 0.1.0
 * @category outputs
 */
export const block = (reason: string): outputs.Block => ({ _tag: "Block", reason })

/**
 * The turn ends here, completed, without another word of the model. For PostToolUse and PostToolBatch.
 *
 * @since 0.1.0
 * @category outputs
 */
export const stop = (reason: string): outputs.Stop => ({ _tag: "Stop", reason })

/**
 * The model reads `output` in place of what the tool gave. It must have the form of the tool's own `tool_response`, else
 * Claude Code passes it over. For PostToolUse.
 *
 * @since 0.1.0
 * @category outputs
 */
export const replaceOutput = (output: unknown): outputs.ReplaceOutput => ({ _tag: "ReplaceOutput", output })

/**
 * Has FileChanged fire for these files (absolute paths). For SessionStart.
 *
 * @since 0.1.0
 * @category outputs
 */
export const watch = (paths: ReadonlyArray<string>): outputs.Watch => ({ _tag: "Watch", paths })

/**
 * Where the worktree is that the hook made. For WorktreeCreate, where it is the only answer that does not fail the call.
 *
 * @since 0.1.0
 * @category outputs
 */
export const worktree = (path: string): outputs.Worktree => ({ _tag: "Worktree", path })

/**
 * Shows `text` in place of the model's. For MessageDisplay.
 *
 * @since 0.1.0
 * @category outputs
 */
export const display = (text: string): outputs.Display => ({ _tag: "Display", text })

/**
 * An answer in Claude Code's own words, for what has no constructor here. Nothing checks it, and what 2.1.197 cannot
 * read it takes for no opinion: the tool runs. 2.1.329 refuses then.
 *
 * @since 0.1.0
 * @category outputs
 */
export const raw = (json: JsonObject): outputs.Raw => ({ _tag: "Raw", json })

/**
 * What `run` is told: the fields of the event. Those that every event has may be left out.
 *
 * @since 0.1.0
 * @category models
 */
export type Told<Event extends HookEvent> = Event extends keyof HookInputs
  ? Omit<HookInputs[Event], keyof HookContext | "hook_event_name"> & Partial<HookContext>
  : JsonObject

/**
 * Asks a hook without an agent, for a test of it: gives what Claude Code would be answered, a refusal for a hook that
 * fails, dies or is late included. The matcher is left aside.
 *
 * @example
 * ```ts
 * const output = yield* ClaudeHook.run(dryRun, {
 *   tool_name: "Bash",
 *   tool_input: { command: "rm -r logs" },
 *   tool_use_id: "toolu_1"
 * })
 * ```
 *
 * @since 0.1.0
 * @category testing
 */
export const run = <Event extends HookEvent, R>(
  hook: hooks.Hook<Event, R>,
  input: Told<Event>
): Effect.Effect<outputs.AnyHookOutput, never, R> =>
  Effect.contextWith((context) => {
    const told = {
      session_id: "00000000-0000-4000-8000-000000000000",
      transcript_path: "/dev/null",
      cwd: "/",
      hook_event_name: hook.event,
      ...input
    }
    return Effect.map(hooks.answer(hooks.resolve(hook, context), told), ({ output }) => output)
  })
