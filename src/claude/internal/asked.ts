/**
 * What the CLI asks, as the requests that handlers get, and their answers as it wants them. Questions and plans come as
 * permission requests of two tools that only a person can answer.
 */
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import * as ids from "../../internal/ids.ts"
import * as Input from "../../Input.ts"
import type * as Permission from "../../Permission.ts"
import type { CanUseTool, Elicitation, RequestUserDialog } from "./controlInbound.ts"
import type { DialogResult, ElicitationResult } from "./controlOutbound.ts"
import type { PermissionResult } from "./controlPermission.ts"
import { isObject, type JsonObject, optionalBoolean, optionalString } from "./wire.ts"

/** Where the session is: path rules start there. */
export interface Place {
  readonly cwd: string | undefined
  readonly home: string | undefined
}

const isAskRule = SchemaParser.is(
  Schema.Struct({
    source: Schema.String,
    tool_name: Schema.String,
    rule_content: optionalString
  })
)

const isMcpServer = SchemaParser.is(Schema.Struct({ name: Schema.String, source: Schema.String }))

export const permissionRequest = (
  requestId: string,
  request: CanUseTool,
  sessionId: ids.SessionId | undefined,
  { cwd, home }: Place
): Permission.Request => {
  const rule = isAskRule(request.matched_ask_rule) ? request.matched_ask_rule : undefined
  const server = isMcpServer(request.mcp_server) ? request.mcp_server : undefined
  return {
    requestId: ids.requestId(requestId),
    sessionId,
    toolId: request.tool_use_id === undefined ? undefined : ids.toolId(request.tool_use_id),
    tool: request.tool_name,
    input: request.input,
    suggestions: request.permission_suggestions ?? [],
    reason: request.decision_reason,
    reasonType: request.decision_reason_type,
    title: request.title,
    displayName: request.display_name,
    description: request.description,
    blockedPath: request.blocked_path,
    safetyCheck: request.decision_reason_type === "safetyCheck" || request.classifier_approvable !== undefined,
    askRule: rule === undefined ? undefined : { source: rule.source, tool: rule.tool_name, content: rule.rule_content },
    requiresUser: request.requires_user_interaction === true,
    defaultToNo: request.default_to_no === true,
    suppressAlways: request.suppress_always_allow_rule === true,
    agentId: request.agent_id,
    mcpServer: server === undefined ? undefined : { name: server.name, source: server.source },
    cwd,
    home
  }
}

/** An allow always carries the input: 2.1.197 takes one without it for a denial. */
export const permissionResult = (request: CanUseTool, decision: Permission.Decision): PermissionResult => {
  if (decision._tag === "Deny") return denial(request, decision.message, decision.stopTurn)
  if (decision.input !== undefined && !isObject(decision.input)) {
    return denial(request, "The permission handler changed the input to something that is no object.")
  }
  return {
    behavior: "allow",
    updatedInput: decision.input ?? request.input,
    ...(decision.updates === undefined ? {} : { updatedPermissions: decision.updates }),
    ...toolOf(request)
  }
}

const toolOf = ({ tool_use_id }: CanUseTool) => (tool_use_id === undefined ? {} : { toolUseID: tool_use_id })

const denial = (request: CanUseTool, message: string, stopTurn?: boolean): PermissionResult => ({
  behavior: "deny",
  message,
  ...(stopTurn === undefined ? {} : { interrupt: stopTurn }),
  ...toolOf(request)
})

/* Questions and plans */

const isQuestions = SchemaParser.is(
  Schema.Struct({
    questions: Schema.Array(
      Schema.Struct({
        question: Schema.String,
        header: optionalString,
        options: Schema.Array(
          Schema.Struct({
            label: Schema.String,
            description: optionalString,
            preview: optionalString
          })
        ),
        multiSelect: optionalBoolean
      })
    )
  })
)

/** The question or plan that a permission request stands for; undefined when it is one for a permission. */
export const toolInput = (
  requestId: string,
  request: CanUseTool,
  sessionId: ids.SessionId | undefined
): Input.Question | Input.Plan | undefined => {
  const { agent_id, input, tool_name, tool_use_id } = request
  const asked: Input.Asked = {
    requestId: ids.requestId(requestId),
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(tool_use_id === undefined ? {} : { toolId: ids.toolId(tool_use_id) }),
    ...(agent_id === undefined ? {} : { agentId: agent_id })
  }
  if (tool_name === "ExitPlanMode") {
    const { plan } = input
    return { _tag: "Plan", ...asked, ...(typeof plan === "string" ? { plan } : {}) }
  }
  if (tool_name !== "AskUserQuestion" || !isQuestions(input)) return undefined
  return { _tag: "Question", ...asked, questions: input.questions }
}

export const toolInputResult = (request: CanUseTool, answer: Input.Answer): PermissionResult => {
  const allowed = (input: JsonObject, updates?: ReadonlyArray<unknown>): PermissionResult =>
    permissionResult(request, { _tag: "Allow", input, ...(updates === undefined ? {} : { updates }) })
  switch (answer._tag) {
    case "Answered": {
      const answers = Object.entries(answer.answers).map(([question, given]) => [
        question,
        typeof given === "string" ? given : given.join(", ")
      ])
      return allowed({ ...request.input, answers: Object.fromEntries(answers) })
    }
    case "Approved":
      return allowed(
        request.input,
        answer.mode === undefined ? undefined : [{ type: "setMode", mode: answer.mode, destination: "session" }]
      )
    case "Declined":
      return denial(request, answer.message ?? "The user declined.", answer.stopTurn)
    default:
      return denial(request, "The user did not answer.")
  }
}

/* Forms, pages, dialogs */

export const elicitation = (
  requestId: string,
  request: Elicitation,
  sessionId: ids.SessionId | undefined
): Input.Form | Input.Url => {
  const { mcp_server_name: server, message } = request
  const asked = {
    requestId: ids.requestId(requestId),
    ...(sessionId === undefined ? {} : { sessionId }),
    server,
    message
  }
  if (request.mode === "url") {
    const id = request.elicitation_id
    return { _tag: "Url", ...asked, url: request.url ?? "", ...(id === undefined ? {} : { elicitationId: id }) }
  }
  return {
    _tag: "Form",
    ...asked,
    ...(request.requested_schema === undefined ? {} : { schema: request.requested_schema }),
    ...(request.property_order === undefined ? {} : { order: request.property_order }),
    ...(request.title === undefined ? {} : { title: request.title }),
    ...(request.display_name === undefined ? {} : { displayName: request.display_name }),
    ...(request.description === undefined ? {} : { description: request.description })
  }
}

export const elicitationResult = ({ mode }: Elicitation, answer: Input.Answer): ElicitationResult =>
  answer._tag === "Accepted"
    ? { action: "accept", ...(mode === "url" ? {} : { content: answer.content ?? {} }) }
    : { action: answer._tag === "Cancelled" ? "cancel" : "decline" }

export const dialog = (
  requestId: string,
  { dialog_kind, payload, tool_use_id }: RequestUserDialog,
  sessionId: ids.SessionId | undefined
): Input.Dialog => ({
  _tag: "Dialog",
  requestId: ids.requestId(requestId),
  ...(sessionId === undefined ? {} : { sessionId }),
  ...(tool_use_id === undefined ? {} : { toolId: ids.toolId(tool_use_id) }),
  kind: dialog_kind,
  payload
})

export const dialogResult = (answer: Input.Answer): DialogResult =>
  answer._tag === "Completed" ? { behavior: "completed", result: answer.result } : { behavior: "cancelled" }
