/** May a tool run? Rules, modes, PreToolUse hooks, and at last the host, asked with can_use_tool. */
import { randomUUID } from "node:crypto"
import { isRecord } from "../mockApiReply.ts"
import { type Json, permissionModes } from "./arguments.ts"
import { askHost, type Context, guard, pause, sessionState, system, type Turn, withdraw } from "./context.ts"
import { numeric } from "./faults.ts"
import { preToolUse } from "./hooks.ts"

export interface Call {
  readonly id: string
  readonly name: string
  readonly input: Json
}

export const callsOf = (contents: ReadonlyArray<unknown>): ReadonlyArray<Call> =>
  contents.flatMap((content) =>
    isRecord(content) && content["type"] === "tool_use" && isRecord(content["input"])
      ? [{ id: String(content["id"]), name: String(content["name"]), input: content["input"] }]
      : []
  )

export type Decision =
  | { readonly kind: "allow"; readonly input: Json; readonly permission: Json }
  | {
      readonly kind: "deny"
      readonly message: string
      /** What tool_use_result and tool_result_meta say about it. */
      readonly outcome: string
      readonly meta: Json
      readonly interrupt: boolean
    }

const reject = (source: string, reason?: string): Json => ({
  non_execution_kind: "permission-rule",
  permission_decision: { decision: "reject", source, ...(reason === undefined ? {} : { reason_type: reason }) }
})

export const deny = (message: string, meta: Json): Decision => ({
  kind: "deny",
  message,
  outcome: `Error: ${message}`,
  meta,
  interrupt: false
})

const allow = (input: Json, source: string, reason?: string): Decision => ({
  kind: "allow",
  input,
  permission: { decision: "accept", source, ...(reason === undefined ? {} : { reason_type: reason }) }
})

/** Whether a rule such as `Bash`, `Bash(git:*)` or `mcp__server` covers a call. */
const covers = (rule: string, call: Call): boolean => {
  const [, name = "", content] = /^([^(]+)(?:\((.*)\))?$/.exec(rule.trim()) ?? []
  if (content === undefined) return call.name === name || call.name.startsWith(`${name}__`)
  const subject = String(call.input["command"] ?? call.input["file_path"] ?? "")
  if (call.name !== name) return false
  return content.endsWith(":*") ? subject.startsWith(content.slice(0, -2)) : content === "*" || subject === content
}

const suggestions = (call: Call): Json => {
  const rule = call.name === "Bash" ? { toolName: "Bash", ruleContent: call.input["command"] } : { toolName: call.name }
  return {
    permission_suggestions: [
      { type: "addRules", rules: [rule], behavior: "allow", destination: "localSettings" },
      { type: "setMode", mode: "acceptEdits", destination: "session" }
    ]
  }
}

const asking = (name: string): boolean => name === "AskUserQuestion" || name === "ExitPlanMode"

const request = (call: Call, extra: Json): Json => {
  const mcp = /^mcp__(.+?)__(.+)$/.exec(call.name)
  const subject = call.input["description"] ?? call.input["command"] ?? call.input["file_path"]
  return {
    subtype: "can_use_tool",
    tool_name: call.name,
    ...(mcp === null ? {} : { mcp_server: { name: mcp[1], source: "sdk" } }),
    display_name: mcp?.[2] ?? call.name,
    input: call.input,
    ...(typeof subject === "string" ? { description: subject } : {}),
    ...(asking(call.name) ? { requires_user_interaction: true } : suggestions(call)),
    ...extra,
    tool_use_id: call.id
  }
}

export const setMode = (context: Context, mode: string): void => {
  if (mode === context.state.mode) return
  context.state.mode = mode
  system(context, "status", { status: null, permissionMode: mode })
}

const applyUpdates = (context: Context, updates: unknown): void => {
  for (const update of Array.isArray(updates) ? updates : []) {
    if (!isRecord(update)) continue
    if (update["type"] === "setMode" && permissionModes.includes(String(update["mode"]))) {
      setMode(context, String(update["mode"]))
    }
    if (update["type"] !== "addRules" || update["behavior"] !== "allow" || !Array.isArray(update["rules"])) continue
    for (const rule of update["rules"]) {
      if (!isRecord(rule)) continue
      const content = rule["ruleContent"]
      context.grants.push(content === undefined ? String(rule["toolName"]) : `${rule["toolName"]}(${content})`)
    }
  }
}

const invalidReply =
  "The canUseTool callback returned an invalid permission result. Expected {behavior: 'allow', updatedInput?: object} " +
  "or {behavior: 'deny', message: string}. updatedPermissions may hold at most 4096 updates, rules and directories in all."

export const rejected =
  "The user doesn't want to proceed with this tool use. The tool use was rejected (eg. if it was a file edit, the " +
  "new_string was NOT written to the file). STOP what you are doing and wait for the user to tell you how to proceed."

const readAnswer = (context: Context, call: Call, answer: unknown): Decision => {
  const failed = (message: string): Decision => deny(message, reject("config", "other"))
  const invalid = context.old ? "Tool permission request failed: ZodError: invalid_union" : invalidReply
  if (!isRecord(answer)) return failed(invalid)
  const { behavior, updatedInput, message } = answer
  if (behavior === "allow" && isRecord(updatedInput)) {
    applyUpdates(context, answer["updatedPermissions"])
    return allow(updatedInput, "user_temporary")
  }
  if (behavior === "allow" && updatedInput === undefined && !context.old) {
    applyUpdates(context, answer["updatedPermissions"])
    return allow(call.input, "user_temporary")
  }
  if (behavior !== "deny" || typeof message !== "string") return failed(invalid)
  if (answer["interrupt"] !== true) return deny(message, reject("user_reject"))
  return {
    kind: "deny",
    message: rejected,
    outcome: "User rejected tool use",
    meta: { non_execution_kind: "user-rejected" },
    interrupt: true
  }
}

const askPermission = async (context: Context, turn: Turn, call: Call, extra: Json): Promise<Decision> => {
  const id = randomUUID()
  const withdrawal = turn.faults.find((fault) => fault.name === "withdraw-ask")
  sessionState(context, "requires_action")
  const asked = askHost(context, request(call, extra), id)
  if (withdrawal !== undefined) {
    await pause(turn, numeric(withdrawal, 10))
    withdraw(context, id)
  }
  const reply = await guard(turn, asked)
  sessionState(context, "running")
  const failed = (message: string): Decision =>
    deny(`Tool permission request failed: ${message}`, reject("config", "other"))
  switch (reply.kind) {
    case "success":
      return readAnswer(context, call, reply.response)
    case "error":
      return failed(`Error: ${reply.error}`)
    case "closed":
      return failed("AbortError: Tool permission stream closed before response received")
    case "withdrawn":
      return failed("AbortError: the request was withdrawn")
  }
}

const denied = (context: Context, call: Call, message: string, reason: string, detail?: string): Decision => {
  system(context, "permission_denied", {
    tool_name: call.name,
    tool_use_id: call.id,
    decision_reason_type: reason,
    ...(detail === undefined ? {} : { decision_reason: detail }),
    message
  })
  return deny(message, reject("config", reason))
}

const editing = new Set(["Edit", "Write", "NotebookEdit"])

/** Decides about a call; emits what the program says about it on the way. `extra` goes into a request to the host. */
export const decide = async (context: Context, turn: Turn, given: Call, extra: Json = {}): Promise<Decision> => {
  const { launch, state, grants } = context
  if (["StructuredOutput", "Elicit", "Dialog"].includes(given.name)) return allow(given.input, "config", "mode")
  if (launch.disallowedTools.some((rule) => covers(rule, given))) {
    return denied(context, given, `Permission to use ${given.name} has been denied.`, "rule")
  }
  const hook = await preToolUse(context, turn, given)
  if (hook.kind === "deny") return deny(hook.message, reject("config", "hook"))
  if (hook.kind === "allow") return allow(hook.input, "config", "hook")
  if (hook.kind === "cancelled") {
    return {
      kind: "deny",
      message: hook.message,
      outcome: hook.message,
      meta: { non_execution_kind: "cancelled" },
      interrupt: false
    }
  }
  const call = { ...given, input: hook.input }
  const free =
    hook.kind !== "ask" &&
    !asking(call.name) &&
    ([...launch.allowedTools, ...grants].some((rule) => covers(rule, call)) ||
      state.mode === "bypassPermissions" ||
      (state.mode === "acceptEdits" && editing.has(call.name)))
  if (free) return allow(call.input, "config", state.mode === "bypassPermissions" ? "mode" : "rule")
  if (state.mode === "dontAsk") {
    const message = `Permission to use ${call.name} has been denied because Claude Code is running in don't ask mode.`
    return denied(context, call, message, "mode")
  }
  if (!launch.asks) {
    const message =
      "Permission for this tool use was denied. It requires approval, and this session has no approval surface."
    const detail = "no approval surface in this session; permission request denied automatically"
    return denied(context, call, message, "asyncAgent", detail)
  }
  const because =
    hook.kind !== "ask"
      ? extra
      : {
          ...extra,
          decision_reason: hook.reason,
          decision_reason_type: "hook",
          decision_reason_hook_event: "PreToolUse"
        }
  return askPermission(context, turn, call, because)
}
