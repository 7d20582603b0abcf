/** Hooks that the host registered in `initialize`: called over the control channel, and what their answers mean. */
import { randomUUID } from "node:crypto"
import { isRecord } from "../mockApiReply.ts"
import type { Json } from "./arguments.ts"
import {
  askHost,
  type Context,
  find,
  guard,
  type HostReply,
  pause,
  stderr,
  system,
  type Turn,
  TurnOver,
  withdraw
} from "./context.ts"
import type { Call } from "./permission.ts"

type Outcome =
  | { readonly kind: "none"; readonly input: Json }
  | { readonly kind: "deny"; readonly message: string }
  | { readonly kind: "cancelled"; readonly message: string }
  | { readonly kind: "allow"; readonly input: Json }
  | { readonly kind: "ask"; readonly reason: string; readonly input: Json }

interface Registered {
  readonly id: string
  /** Seconds. */
  readonly timeout: number
  readonly blocks: boolean
}

/** Names, with `|` or commas between them, are compared; anything else is a regular expression, and a broken one never matches. */
const matches = (matcher: unknown, subject: string | undefined): boolean => {
  if (typeof matcher !== "string" || matcher === "" || matcher === "*" || subject === undefined) return true
  if (/^[\w|, ]+$/.test(matcher)) return matcher.split(/[|,]/).some((name) => name.trim() === subject)
  try {
    return new RegExp(matcher).test(subject)
  } catch {
    return false
  }
}

const registered = (context: Context, event: string, tool: string | undefined): ReadonlyArray<Registered> => {
  const hooks = context.state.initialize?.["hooks"]
  const matchers = isRecord(hooks) ? hooks[event] : undefined
  return (Array.isArray(matchers) ? matchers : []).flatMap((entry: unknown) => {
    if (!isRecord(entry) || !Array.isArray(entry["hookCallbackIds"])) return []
    const { matcher, onFailure, timeout } = entry
    if (!matches(matcher, tool)) return []
    return entry["hookCallbackIds"].map((id: unknown) => ({
      id: String(id),
      timeout: Number(timeout ?? 60),
      blocks: onFailure === "block" && !context.old
    }))
  })
}

type Answer = HostReply | { readonly kind: "timeout" }

const call = async (context: Context, turn: Turn, hook: Registered, event: string, input: Json): Promise<Answer> => {
  const id = randomUUID()
  const told = {
    session_id: context.transcript.sessionId(),
    transcript_path: context.transcript.path(),
    cwd: context.cwd,
    permission_mode: context.state.mode,
    hook_event_name: event,
    ...input
  }
  const drifted = find(turn, "drifted-hook")
  const request = {
    subtype: "hook_callback",
    callback_id: drifted?.value === "id" ? "hook_of_another_host" : hook.id,
    input: drifted?.value === "input" ? [told] : told,
    tool_use_id: input["tool_use_id"] ?? randomUUID()
  }
  const asked = askHost(context, request, id)
  const late = pause(turn, hook.timeout * 1000).then((): Answer => ({ kind: "timeout" }))
  const answer = await Promise.race([guard(turn, asked), late])
  if (answer.kind === "timeout") withdraw(context, id)
  return readable(answer, event) ? answer : { kind: "error", error: "an invalid answer" }
}

const decisions = [undefined, "allow", "deny", "ask", "defer"]

const readable = (answer: Answer, event: string): boolean => {
  if (answer.kind !== "success") return true
  if (!isRecord(answer.response)) return false
  const specific = answer.response["hookSpecificOutput"]
  if (specific === undefined || event !== "PreToolUse") return true
  if (!isRecord(specific)) return false
  const { permissionDecision, updatedInput } = specific
  return (
    decisions.some((known) => known === permissionDecision) && (updatedInput === undefined || isRecord(updatedInput))
  )
}

const callAll = (
  context: Context,
  turn: Turn,
  event: string,
  tool: string | undefined,
  input: Json
): Promise<ReadonlyArray<Answer>> =>
  Promise.all(
    registered(context, event, tool).map(async (hook) => {
      const answer = await call(context, turn, hook, event, input)
      if (answer.kind !== "error") return answer
      await stderr(`Error in hook callback ${hook.id}: ${answer.error}\n`)
      if (context.old) return answer
      const content = `${event}: Hook callback ${hook.id} failed: ${answer.error}`
      system(context, "informational", { content, level: "warning", tag: "hook_callback_failed" })
      return hook.blocks ? { kind: "success", response: { decision: "block", reason: content } } : answer
    })
  )

const outputs = (answers: ReadonlyArray<Answer>): ReadonlyArray<Json> =>
  answers.flatMap((answer) => (answer.kind === "success" && isRecord(answer.response) ? [answer.response] : []))

/** Ends the turn when an answer says so, where it stands: completed, without another word. */
export const checkStop = (turn: Turn): void => {
  if (!turn.hookStopped) return
  throw new TurnOver({
    subtype: "success",
    is_error: false,
    result: "",
    stop_reason: "tool_use",
    terminal_reason: "hook_stopped",
    api_error_status: null
  })
}

const specificOf = (output: Json): Json => (isRecord(output["hookSpecificOutput"]) ? output["hookSpecificOutput"] : {})

const noteStop = (turn: Turn, said: ReadonlyArray<Json>): void => {
  if (said.some((output) => output["continue"] === false)) turn.hookStopped = true
}

/** What the PreToolUse hooks say about a call. */
export const preToolUse = async (context: Context, turn: Turn, tool: Call): Promise<Outcome> => {
  const event = "PreToolUse"
  const input = { tool_name: tool.name, tool_input: tool.input, tool_use_id: tool.id }
  const answers = await callAll(context, turn, event, tool.name, input)
  if (answers.some((answer) => answer.kind === "timeout")) {
    const message = `PreToolUse hook did not respond before its timeout, so ${tool.name} was not run.`
    return { kind: "deny", message }
  }
  if (answers.some((answer) => answer.kind === "closed")) {
    const message = "The user doesn't want to take this action right now. STOP what you are doing."
    return { kind: "cancelled", message }
  }
  const said = outputs(answers)
  let changed = tool.input
  for (const output of said) {
    const specific = specificOf(output)
    const decision = output["decision"] === "block" ? "deny" : specific["permissionDecision"]
    const reason = String(specific["permissionDecisionReason"] ?? output["reason"] ?? "")
    const { updatedInput } = specific
    if (isRecord(updatedInput)) changed = updatedInput
    // 2.1.197 goes on after a denial, whatever else the hook said.
    if (decision !== "deny" || !context.old) noteStop(turn, [output])
    if (decision === "deny") {
      return { kind: "deny", message: context.old ? reason : `PreToolUse:${tool.name} hook error: ${reason}` }
    }
    if (decision === "allow") return { kind: "allow", input: changed }
    if (decision === "ask") return { kind: "ask", reason, input: changed }
  }
  return { kind: "none", input: changed }
}

export const postToolUse = async (context: Context, turn: Turn, tool: Call, response: unknown): Promise<void> => {
  const input = { tool_name: tool.name, tool_input: tool.input, tool_response: response, tool_use_id: tool.id }
  noteStop(turn, outputs(await callAll(context, turn, "PostToolUse", tool.name, input)))
}

/** The reason why a prompt may not be sent, or why the model may not stop yet. */
export const blocked = async (
  context: Context,
  turn: Turn,
  event: "UserPromptSubmit" | "Stop",
  input: Json
): Promise<string | undefined> => {
  const answers = await callAll(context, turn, event, undefined, input)
  if (event === "UserPromptSubmit" && answers.some((answer) => answer.kind === "timeout")) return "the hook timed out"
  const block = outputs(answers).find((output) => output["decision"] === "block")
  return block === undefined ? undefined : String(block["reason"] ?? "")
}
