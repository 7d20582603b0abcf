/** What the fake `claude` says about itself: models, commands, agents, tools, capabilities. */
import type { Json } from "./arguments.ts"

interface Model {
  readonly value: string
  readonly resolvedModel: string
  readonly displayName: string
}

const models: ReadonlyArray<Model> = [
  { value: "default", resolvedModel: "claude-opus-5-5", displayName: "Default (recommended)" },
  { value: "opus", resolvedModel: "claude-opus-5-5", displayName: "Opus" },
  { value: "fable", resolvedModel: "claude-fable-5-2", displayName: "Fable" },
  { value: "sonnet", resolvedModel: "claude-sonnet-5-5", displayName: "Sonnet" },
  { value: "haiku", resolvedModel: "claude-haiku-5-5", displayName: "Haiku" }
]

const oldModels: ReadonlyArray<Model> = [
  { value: "default", resolvedModel: "claude-opus-4-8[1m]", displayName: "Default (recommended)" },
  { value: "opus[1m]", resolvedModel: "claude-opus-4-8[1m]", displayName: "Opus" },
  { value: "sonnet", resolvedModel: "claude-sonnet-5", displayName: "Sonnet" },
  { value: "haiku", resolvedModel: "claude-haiku-4-5-20251001", displayName: "Haiku" }
]

const modelsOf = (old: boolean): ReadonlyArray<Model> => (old ? oldModels : models)

export const resolveModel = (old: boolean, model: string | undefined): string =>
  modelsOf(old).find(({ value }) => value === (model ?? "default"))?.resolvedModel ?? model ?? ""

export const modelInfos = (old: boolean): ReadonlyArray<Json> =>
  modelsOf(old).map(({ value, resolvedModel, displayName }) => ({
    value,
    resolvedModel,
    displayName,
    description: `${displayName}, as the fake has it`,
    supportsEffort: true,
    supportedEffortLevels: ["low", "medium", "high", "xhigh", "max"],
    supportsAdaptiveThinking: true,
    supportsAutoMode: true
  }))

const commandList: ReadonlyArray<Json> = [
  { name: "debug", description: "Enable debug logging", argumentHint: "[issue description]" },
  {
    name: "clear",
    description: "Start a new session",
    argumentHint: "[name]",
    aliases: ["reset", "new"]
  },
  { name: "compact", description: "Free up context", argumentHint: "<instructions>" },
  { name: "usage", description: "Show session cost", argumentHint: "", aliases: ["cost", "stats"] }
]

export const commands = (old: boolean): ReadonlyArray<Json> =>
  old ? commandList : commandList.map((command) => Object.assign({ builtin: true }, command))

export const agents: ReadonlyArray<Json> = [
  { name: "claude", description: "Catch-all for any task" },
  { name: "Explore", description: "Fast read-only search agent", model: "inherit" },
  { name: "general-purpose", description: "General-purpose agent" }
]

export const capabilities: ReadonlyArray<string> = [
  "interrupt_receipt_v1",
  "interrupt_cancel_queued_v1",
  "interrupt_send_now_v1",
  "interrupt_requeue_taken_v1",
  "msg_lifecycle_v1",
  "request_marker_lists_v1",
  "ask_user_question_unanswered_v1",
  "lifecycle_wakeup_source_v1",
  "sdk_mcp_tools_list_changed",
  "sdk_mcp_manifests",
  "mcp_read_resource_v1",
  "ui_surface_v1",
  "reload_plugins_refuse_if_busy_v1",
  "get_usage_detached_v1"
]

export const initializeCapabilities: ReadonlyArray<string> = [
  "ui_surface_v1",
  "reload_plugins_refuse_if_busy_v1",
  "get_usage_detached_v1"
]

export const tools: ReadonlyArray<string> = [
  "Task",
  "Bash",
  "Edit",
  "NotebookEdit",
  "Read",
  "Skill",
  "TaskStop",
  "WebFetch",
  "WebSearch",
  "Write"
]

/** Offered only to a host that can answer questions. */
export const askingTools: ReadonlyArray<string> = ["AskUserQuestion", "EnterPlanMode", "ExitPlanMode"]

/** USD per token. */
export const prices = (old: boolean): { readonly input: number; readonly output: number } =>
  old ? { input: 5e-6, output: 25e-6 } : { input: 4e-6, output: 20e-6 }

/** How an error of the Messages API looks on the wire of the CLI. */
export interface ApiFailure {
  readonly error: string
  readonly type: string
  readonly terminal: string
  readonly retried: boolean
  readonly text: string
}

const failures: Readonly<Record<number, Omit<ApiFailure, "text" | "terminal">>> = {
  400: { error: "unknown", type: "invalid_request_error", retried: false },
  401: { error: "authentication_failed", type: "authentication_error", retried: true },
  403: { error: "authentication_failed", type: "permission_error", retried: false },
  404: { error: "model_not_found", type: "not_found_error", retried: false },
  413: { error: "invalid_request", type: "request_too_large", retried: false },
  429: { error: "rate_limit", type: "rate_limit_error", retried: true },
  500: { error: "server_error", type: "api_error", retried: true },
  529: { error: "server_error", type: "overloaded_error", retried: true }
}

export const apiFailure = (status: number, message: string, model: string): ApiFailure => {
  const known = failures[status] ?? { error: "unknown", type: "api_error", retried: status >= 500 }
  const tooLong = /prompt is too long/i.test(message)
  const texts: Readonly<Record<number, string>> = {
    401: `Failed to authenticate. API Error: 401 ${message}`,
    403: `Failed to authenticate. API Error: 403 ${message}`,
    404: `There's an issue with the selected model (${model}). It may not exist or you may not have access to it.`,
    413: "Request too large (max 32MB).",
    429: `API Error: Request rejected (429) · ${message}`
  }
  const error = tooLong ? "invalid_request" : /credit balance/i.test(message) ? "billing_error" : known.error
  return {
    ...known,
    error,
    terminal: tooLong ? "prompt_too_long" : status === 413 ? "image_error" : "api_error",
    text: tooLong ? "Prompt is too long" : (texts[status] ?? `API Error: ${status} ${message}`)
  }
}

/** The `error` of an api_retry frame; it tells an overload apart, which the final message does not. */
export const retryError = (status: number | null, failure: ApiFailure): string =>
  status === null ? "unknown" : status === 529 ? "overloaded" : failure.error
