/** Hooks that the host registered in `initialize`: called over the control channel, and what their answers mean. */
import { randomUUID } from "node:crypto"
import { isRecord } from "../mockApiReply.ts"
import type { Json } from "./arguments.ts"
import { askHost, type Context, guard, type HostReply, pause, stderr, system, type Turn } from "./context.ts"
import type { Call } from "./permission.ts"

type Outcome =
  | { readonly kind: "none" }
  | { readonly kind: "deny" | "cancelled"; readonly message: string }
  | { readonly kind: "allow"; readonly input: Json }
  | { readonly kind: "ask"; readonly reason: string }

interface Registered {
  readonly id: string
  /** Seconds. */
  readonly timeout: number
}

const registered = (context: Context, event: string, tool: string | undefined): ReadonlyArray<Registered> => {
  const hooks = context.state.initialize?.["hooks"]
  const matchers = isRecord(hooks) ? hooks[event] : undefined
  return (Array.isArray(matchers) ? matchers : []).flatMap((entry: unknown) => {
    if (!isRecord(entry) || !Array.isArray(entry["hookCallbackIds"])) return []
    const { matcher, timeout } = entry
    const matches =
      typeof matcher !== "string" || tool === undefined || matcher === "*" || new RegExp(`^(?:${matcher})$`).test(tool)
    if (!matches) return []
    return entry["hookCallbackIds"].map((id: unknown) => ({ id: String(id), timeout: Number(timeout ?? 60) }))
  })
}

type Answer = HostReply | { readonly kind: "timeout" }

const call = async (context: Context, turn: Turn, hook: Registered, event: string, input: Json): Promise<Answer> => {
  const toolUseId = input["tool_use_id"] ?? randomUUID()
  const asked = askHost(context, {
    subtype: "hook_callback",
    callback_id: hook.id,
    input: {
      session_id: context.transcript.sessionId(),
      transcript_path: context.transcript.path(),
      cwd: context.cwd,
      permission_mode: context.state.mode,
      hook_event_name: event,
      ...input
    },
    tool_use_id: toolUseId
  })
  const late = pause(turn, hook.timeout * 1000).then((): Answer => ({ kind: "timeout" }))
  return Promise.race([guard(turn, asked), late])
}

const callAll = async (
  context: Context,
  turn: Turn,
  event: string,
  tool: string | undefined,
  input: Json
): Promise<ReadonlyArray<Answer>> => {
  const answers: Array<Answer> = []
  for (const hook of registered(context, event, tool)) {
    const answer = await call(context, turn, hook, event, input)
    if (answer.kind === "error") {
      system(context, "informational", {
        content: `${event} hook failed: ${answer.error}`,
        level: "warning",
        tag: "hook_callback_failed"
      })
      await stderr(`Error in hook callback ${hook.id}: ${answer.error}\n`)
    }
    answers.push(answer)
  }
  return answers
}

const outputs = (answers: ReadonlyArray<Answer>): ReadonlyArray<Json> =>
  answers.flatMap((answer) => (answer.kind === "success" && isRecord(answer.response) ? [answer.response] : []))

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
  for (const output of outputs(answers)) {
    const specific = isRecord(output["hookSpecificOutput"]) ? output["hookSpecificOutput"] : {}
    const decision = output["decision"] === "block" ? "deny" : specific["permissionDecision"]
    const reason = String(specific["permissionDecisionReason"] ?? output["reason"] ?? "")
    const updated = specific["updatedInput"]
    if (decision === "deny") return { kind: "deny", message: `PreToolUse:${tool.name} hook error: ${reason}` }
    if (decision === "allow") return { kind: "allow", input: isRecord(updated) ? updated : tool.input }
    if (decision === "ask") return { kind: "ask", reason }
  }
  return { kind: "none" }
}

export const postToolUse = async (context: Context, turn: Turn, tool: Call, response: unknown): Promise<void> => {
  const input = { tool_name: tool.name, tool_input: tool.input, tool_response: response, tool_use_id: tool.id }
  await callAll(context, turn, "PostToolUse", tool.name, input)
}

/** The reason why a prompt may not be sent, or why the model may not stop yet. */
export const blocked = async (
  context: Context,
  turn: Turn,
  event: "UserPromptSubmit" | "Stop",
  input: Json
): Promise<string | undefined> => {
  const answers = await callAll(context, turn, event, undefined, input)
  const block = outputs(answers).find((output) => output["decision"] === "block")
  return block === undefined ? undefined : String(block["reason"] ?? "")
}
