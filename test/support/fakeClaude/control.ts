/** Control requests of the host, and what an interrupt does. */
import { isRecord } from "../mockApiReply.ts"
import { type Json, permissionModes } from "./arguments.ts"
import { type AbortReason, type Context, lifecycle, send, system, withdraw } from "./context.ts"
import { agents, commands, initializeCapabilities, modelInfos, resolveModel } from "./facts.ts"
import { numeric } from "./faults.ts"
import { mcpStatus } from "./frames.ts"
import { checkInitialize } from "./initialize.ts"
import { greetServers } from "./mcp.ts"
import { setMode } from "./permission.ts"

type Reply =
  | { readonly kind: "success"; readonly response?: Json; readonly after?: () => void }
  | { readonly kind: "error"; readonly error: string; readonly code?: string }

const success = (response?: Json, after?: () => void): Reply => ({
  kind: "success",
  ...(response === undefined ? {} : { response }),
  ...(after === undefined ? {} : { after })
})

const error = (message: string, code?: string): Reply => ({
  kind: "error",
  error: message,
  ...(code === undefined ? {} : { code })
})

const unsupported = (subtype: unknown): Reply =>
  error(`Unsupported control request subtype: ${String(subtype)}`, "unsupported_request")

/** Ends the running turn. What the host was asked is withdrawn first. */
export const abortTurn = (context: Context, reason: AbortReason): void => {
  const { turn } = context.state
  if (turn === undefined || turn.abort.signal.aborted) return
  turn.abortReason = reason
  // The turn hears of the abort before it hears that its question was withdrawn.
  turn.abort.abort()
  for (const [id, { frame }] of context.pending) {
    const request = frame["request"]
    if (isRecord(request) && ["can_use_tool", "hook_callback"].includes(String(request["subtype"])))
      withdraw(context, id)
  }
}

const interrupt = (context: Context, request: Json): Reply => {
  const queued = context.queue.flatMap((prompt) => prompt.uuid ?? [])
  if (context.lasting.has("ignore-interrupt")) return success(context.old ? undefined : { still_queued: queued })
  const cancelling = request["cancel_queued"] === true && !context.old
  if (cancelling) {
    lifecycle(context, queued, "cancelled")
    context.queue.length = 0
  }
  abortTurn(context, "interrupt")
  if (context.old) return success()
  return success(cancelling ? { still_queued: [], cancelled: queued } : { still_queued: queued })
}

const initialize = (context: Context, request: Json): Reply => {
  const { launch, old, state } = context
  const wrong = checkInitialize(request, launch)
  if (wrong !== undefined) return error(wrong)
  const again = state.initialize !== undefined
  state.initialize = request
  // It asks before it answers.
  state.greeting = greetServers(context, request)
  if (isRecord(request["mcpServers"])) Object.assign(context.mcpServers, request["mcpServers"])
  const newer = {
    user_output_styles_dir: "/home/user/.claude/output-styles",
    claude_code_version: launch.version,
    current_permission_mode: state.mode,
    ...(request["hooks"] === undefined ? {} : { hooks_applied: true }),
    hook_on_failure_supported: true,
    analytics_disabled: true,
    fast_mode_state: "off",
    session_state: state.turn === undefined ? "idle" : "running",
    capabilities: initializeCapabilities
  }
  const own = isRecord(request["agents"]) ? Object.entries(request["agents"]) : []
  const response = {
    commands: commands(old),
    agents: [
      ...agents,
      ...own.map(([name, agent]) => ({ name, description: isRecord(agent) ? agent["description"] : "" }))
    ],
    output_style: "default",
    available_output_styles: ["default", "Proactive", "Concise", "Explanatory", "Learning"],
    models: modelInfos(old),
    account: { tokenSource: "none", apiKeySource: "ANTHROPIC_API_KEY", apiProvider: "firstParty" },
    pid: process.pid,
    ...(old ? {} : newer)
  }
  return success(response, () => {
    if (again && !old) system(context, "background_tasks_changed", { tasks: [] })
  })
}

const setModel = (context: Context, request: Json): Reply => {
  const { old, state } = context
  const { model } = request
  if (model !== undefined && model !== null && typeof model !== "string")
    return error("set_model: model must be a string")
  const before = resolveModel(old, state.model)
  state.model = model === "default" || model === null ? undefined : model
  const resolved = resolveModel(old, state.model)
  if (state.begun && (old || resolved !== before)) {
    const content = `<local-command-stdout>Set model to \`${model ?? "default"} (${resolved})\`</local-command-stdout>`
    send(context, { type: "user", message: { role: "user", content }, parent_tool_use_id: null, isReplay: true })
  }
  return success(old ? undefined : { model: resolved })
}

const setPermissionMode = (context: Context, request: Json): Reply => {
  const { mode } = request
  if (context.lasting.has("refuse-mode")) return error("Cannot set permission mode: refused")
  if (!context.old && !permissionModes.includes(String(mode))) {
    const list = permissionModes.join(", ")
    return error(`Cannot set permission mode: must be one of ${list}`, "invalid_mode")
  }
  if (mode === "bypassPermissions" && !context.launch.allowBypass) {
    const because = "because the session was not launched with --dangerously-skip-permissions"
    return error(`Cannot set permission mode to bypassPermissions ${because}`, "bypass_not_launched")
  }
  return success({ mode }, () => setMode(context, String(mode)))
}

const getUsage = (context: Context): Reply =>
  success({
    session: {
      total_cost_usd: context.state.costUsd,
      total_api_duration_ms: 0,
      total_duration_ms: Math.round(performance.now()),
      total_lines_added: 0,
      total_lines_removed: 0,
      model_usage: context.state.modelUsage
    },
    subscription_type: null,
    rate_limits_available: false,
    rate_limits: null,
    behaviors: null
  })

/** Settings with an entry of the wrong type count for nothing, all of them. */
const kept = (settings: Json): Json => (typeof (settings["effortLevel"] ?? "") === "string" ? settings : {})

const getSettings = ({ launch, old, state }: Context): Reply => {
  const { effort = "medium", managedSettings, settings } = launch
  const sources = [
    ...(managedSettings === undefined ? [] : [{ source: "policySettings", settings: managedSettings }]),
    ...(settings === undefined ? [] : [{ source: "flagSettings", settings: kept(settings) }])
  ]
  const model = resolveModel(old, state.model)
  const known = modelInfos(old).some(({ resolvedModel }) => resolvedModel === model)
  return success({ effective: {}, sources, applied: { model, effort: known ? effort : null } })
}

const getContextUsage = (context: Context): Reply =>
  success({
    categories: [
      { id: "system_prompt", name: "System prompt", tokens: 2342, color: "promptBorder", kind: "used" },
      { id: "free_space", name: "Free space", tokens: 997_658, color: "promptBorder", kind: "free" }
    ],
    totalTokens: 2342,
    maxTokens: 1_000_000,
    rawMaxTokens: 1_000_000,
    percentage: 0,
    gridRows: [],
    model: resolveModel(context.old, context.state.model),
    memoryFiles: [],
    mcpTools: [],
    agents: [],
    apiUsage: null
  })

const mcpSetServers = (context: Context, request: Json): Reply => {
  const { servers } = request
  if (!isRecord(servers)) return error("mcp_set_servers: servers must be an object")
  const known: Record<string, unknown> = context.mcpServers
  const added = Object.keys(servers).filter((name) => !Object.hasOwn(known, name))
  const removed = Object.keys(known).filter((name) => !Object.hasOwn(servers, name))
  for (const name of removed) delete known[name]
  Object.assign(known, servers)
  return success({ added, removed, errors: {} })
}

const mcpNamed = (context: Context, request: Json): Reply => {
  const name = String(request["serverName"])
  return mcpStatus(context).some((server) => server["name"] === name) ? success() : error(`Server not found: ${name}`)
}

const cancelMessage = (context: Context, request: Json): Reply => {
  const uuid = request["message_uuid"]
  const at = context.queue.findIndex((prompt) => prompt.uuid !== undefined && prompt.uuid === uuid)
  if (at === -1) return success({ cancelled: false })
  const [prompt] = context.queue.splice(at, 1)
  lifecycle(context, [prompt?.uuid], "cancelled")
  return success({ cancelled: true, message_uuid: uuid })
}

const taskOutput = (context: Context, request: Json): Reply => {
  const output = context.tasks.get(String(request["task_id"]))?.output()
  if (output === undefined) return error("get_task_output: no shell or Monitor task with that task_id in this session")
  return success({ output, total_bytes: Buffer.byteLength(output), truncated: false })
}

const rename = (context: Context, request: Json): Reply => {
  const { title } = request
  if (typeof title !== "string") return error("rename_session: title must be a string")
  context.transcript.note({ type: "custom-title", customTitle: title })
  return success(undefined, () => system(context, "session_title_changed", { title }))
}

const endSession = (context: Context): Reply => {
  context.state.ending = true
  abortTurn(context, "end")
  return success(undefined, context.pump)
}

type Handler = (context: Context, request: Json) => Reply | Promise<Reply>

const handlers: Readonly<Record<string, Handler>> = {
  initialize,
  interrupt,
  set_model: setModel,
  set_permission_mode: setPermissionMode,
  set_max_thinking_tokens: () => success(),
  get_usage: getUsage,
  get_context_usage: getContextUsage,
  get_settings: getSettings,
  get_session_cost: ({ state }) => success({ text: `Estimated cost: $${state.costUsd.toFixed(4)}` }),
  get_binary_version: ({ launch }) => success({ version: launch.version, buildTime: "2026-11-19T16:23:05Z" }),
  mcp_status: (context) => success({ mcpServers: mcpStatus(context) }),
  mcp_reconnect: mcpNamed,
  mcp_toggle: mcpNamed,
  mcp_set_servers: mcpSetServers,
  mcp_message: () => success(),
  mcp_call: (_, request) => error(`MCP server not connected: ${String(request["tool"]).split("__")[1]}`),
  rewind_files: (context) =>
    error(
      context.env["CLAUDE_CODE_ENABLE_SDK_FILE_CHECKPOINTING"] === "true"
        ? "No file checkpoint found for this message."
        : "File rewinding is not enabled."
    ),
  cancel_async_message: cancelMessage,
  stop_task: async (context, request) => {
    await context.tasks.get(String(request["task_id"]))?.kill()
    return success({})
  },
  background_tasks: (_, request) => success(request["tool_use_id"] === undefined ? {} : { backgrounded: false }),
  apply_flag_settings: () => success(),
  rename_session: rename,
  seed_read_state: () => success(),
  file_suggestions: ({ cwd }) => success({ suggestions: [], cwd }),
  reload_skills: () => success({ skills: [] }),
  end_session: endSession
}

const newHandlers: Readonly<Record<string, Handler>> = {
  list_models: ({ old }) => success({ models: modelInfos(old) }),
  list_permission_rules: ({ cwd }) =>
    success({ state: { rules: [], workspaceDirectories: [], originalCwd: cwd, managedOnly: false } }),
  get_task_output: taskOutput,
  set_has_subscribers: () => success(),
  get_status: ({ launch, transcript }) => {
    const rows = [
      { label: "Version", value: launch.version },
      { label: "Session ID", value: transcript.sessionId() }
    ]
    return success({ sections: [{ title: "Session", rows }] })
  }
}

/** The `initialize` reply of the new version lists what the host has not answered yet. */
const pendingLists = (context: Context, subtype: unknown): Json =>
  subtype === "initialize" && !context.old
    ? {
        pending_permission_requests: [...context.pending.values()].map(({ frame }) => frame),
        pending_user_dialog_requests: []
      }
    : {}

const ignored = (context: Context, subtype: unknown): boolean => {
  if (subtype === "initialize") return context.lasting.has("no-initialize")
  const fault = context.lasting.get("no-control-reply")
  return fault !== undefined && (fault.value === undefined || fault.value === subtype)
}

/** Executes a control request and answers it. A request that a fault swallows is neither. */
export const handleControl = async (context: Context, id: unknown, request: Json): Promise<void> => {
  const { subtype } = request
  if (ignored(context, subtype)) return
  if (context.lasting.get("exit-at-request")?.value === subtype) return context.out.exit(1)
  const name = String(subtype)
  const known = context.old ? handlers : { ...handlers, ...newHandlers }
  const handler = Object.hasOwn(known, name) ? known[name] : undefined
  const answered = handler === undefined ? unsupported(subtype) : handler(context, request)
  const reply = answered instanceof Promise ? await answered : answered
  const ids = id === undefined ? {} : { request_id: id }
  const body =
    reply.kind === "success"
      ? { subtype: "success", ...ids, ...(reply.response === undefined ? {} : { response: reply.response }) }
      : {
          subtype: "error",
          ...ids,
          error: reply.error,
          ...(reply.code === undefined || context.old ? {} : { error_code: reply.code })
        }
  context.out.line({ type: "control_response", response: { ...body, ...pendingLists(context, subtype) } })
  if (reply.kind === "success") reply.after?.()
}

/** The ms that a slow start takes. */
export const startDelay = (context: Context): number => {
  const fault = context.lasting.get("slow-start")
  return fault === undefined ? 0 : numeric(fault, 1000)
}
