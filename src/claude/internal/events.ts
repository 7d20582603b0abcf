/**
 * From messages of the CLI to events: one pass, with the little state that the protocol leaves to its reader (which
 * items and tools are open, what was said before a result). Control frames and results do not come here.
 */
import * as Equal from "effect/Equal"
import type { PlanEntry, SessionChanges, ToolKind } from "../../AgentEvent.ts"
import type { Core } from "../../internal/core.ts"
import * as ids from "../../internal/ids.ts"
import type { ToolStatus } from "../../Turn.ts"
import type {
  ApiEvent,
  Assistant,
  CanUseTool,
  KnownMessage,
  PermissionDenied,
  StreamEvent,
  SystemInit,
  SystemMessage,
  TaskNotification,
  TaskProgress,
  TaskStarted,
  TaskUpdated,
  User
} from "../ClaudeMessage.ts"
import { Items } from "./items.ts"
import * as Outcome from "./outcome.ts"
import { type Task, Tasks } from "./tasks.ts"
import { isObject } from "./wire.ts"

const toolKinds: ReadonlyMap<string, ToolKind> = new Map<string, ToolKind>(
  Object.entries({
    Bash: "execute",
    BashOutput: "execute",
    KillShell: "execute",
    Edit: "edit",
    MultiEdit: "edit",
    Write: "edit",
    NotebookEdit: "edit",
    Read: "read",
    NotebookRead: "read",
    Glob: "search",
    Grep: "search",
    LS: "search",
    ToolSearch: "search",
    WebSearch: "search",
    WebFetch: "fetch",
    Agent: "task",
    Task: "task",
    TodoWrite: "plan",
    ExitPlanMode: "plan"
  } satisfies { readonly [name: string]: ToolKind })
)

const toolKind = (name: string): ToolKind => toolKinds.get(name) ?? (name.startsWith("mcp__") ? "mcp" : "other")

const noticeLevel = (level: string | undefined): "info" | "warning" => (level === "warning" ? "warning" : "info")

const taskStatus = (status: TaskNotification["status"]): "completed" | "failed" | "stopped" =>
  status === "failed" ? "failed" : status === "stopped" ? "stopped" : "completed"

const planStatus = (status: unknown): PlanEntry["status"] =>
  status === "in_progress" || status === "completed" ? status : "pending"

const planEntries = (input: unknown): ReadonlyArray<PlanEntry> | undefined => {
  if (typeof input !== "object" || input === null || !("todos" in input) || !Array.isArray(input.todos))
    return undefined
  return input.todos.flatMap((todo: unknown) =>
    typeof todo === "object" && todo !== null && "content" in todo && typeof todo.content === "string"
      ? [
          {
            text: todo.content,
            status: "status" in todo ? planStatus(todo.status) : "pending"
          }
        ]
      : []
  )
}

const refusedByMeta = (meta: unknown, toolId: string): boolean =>
  Array.isArray(meta) &&
  meta.some(
    (entry: unknown) =>
      typeof entry === "object" &&
      entry !== null &&
      "id" in entry &&
      entry.id === toolId &&
      "permission_decision" in entry &&
      typeof entry.permission_decision === "object" &&
      entry.permission_decision !== null &&
      "decision" in entry.permission_decision &&
      entry.permission_decision.decision === "reject"
  )

const noTask: Pick<Task, "toolId" | "parentToolId"> = {}

const parentOf = (parent: string | null | undefined): ids.ToolId | undefined =>
  parent === null || parent === undefined ? undefined : ids.toolId(parent)

export class Events {
  readonly tasks: Tasks
  readonly #core: Core
  readonly #items: Items
  readonly #tools = new Map<ids.ToolId, ids.ToolId | undefined>()
  readonly #denied = new Set<string>()
  /** Calls that are to go on in the background, as their input says. */
  readonly #asksForBackground = new Set<ids.ToolId>()
  /** Which call a subagent works for. */
  readonly #agents = new Map<string, ids.ToolId>()
  /** The calls that launched a subagent in the background, and the turn of each. */
  readonly #launched = new Map<ids.ToolId, ids.TurnId | undefined>()
  #context: Outcome.Context = { error: undefined, status: undefined, resetsAt: undefined }
  #known: SessionChanges = {}
  #mcpServers = new Map<string, string | undefined>()

  constructor(core: Core) {
    this.#core = core
    this.tasks = new Tasks(core.journal)
    this.#items = new Items(core.journal)
  }

  /** What explains the result that comes now. */
  takeContext(): Outcome.Context {
    const context = this.#context
    this.#context = { ...context, error: undefined, status: undefined }
    return context
  }

  /** We denied this call: its result is a denial and no error of the tool. */
  denied(toolId: string): void {
    this.#denied.add(toolId)
  }

  /** A call is asked about, which `ask` tells; the message that has it may still be to come. */
  asked(
    { agent_id, input, tool_name, tool_use_id }: CanUseTool,
    ask: (parent: ids.ToolId | undefined) => void,
    raw: unknown,
    size: number
  ): void {
    const parent = agent_id === undefined ? undefined : this.#agents.get(agent_id)
    this.#inItsTurn(parent, () => {
      if (tool_use_id !== undefined) this.#toolStarted(ids.toolId(tool_use_id), tool_name, input, parent, raw, size)
      ask(parent)
    })
  }

  /** News of a call that runs in our process: nothing of it comes from the CLI. */
  toolProgress(toolId: string, output: unknown): void {
    const id = ids.toolId(toolId)
    if (this.#tools.has(id)) this.#core.journal.emit({ _tag: "ToolProgress", toolId: id, output }, this.#tools.get(id))
  }

  /** The turn ends: what is still open ends with it, but for what a subagent does in the background. */
  closeItems(interrupted: boolean): void {
    this.#items.closeAll()
    this.#closeTools(interrupted, (parent) => this.#launcher(parent) === undefined)
    this.#denied.clear()
    this.#asksForBackground.clear()
  }

  /** The process is gone, and its subagents with it. */
  gone(): void {
    this.closeTasks()
    this.#launched.clear()
    this.#agents.clear()
    this.closeItems(true)
  }

  /** The process is gone: what it had begun is over, and nobody else will say so. */
  closeTasks(): void {
    for (const { parentToolId, taskId, toolId } of this.tasks.running) {
      const end = { taskId, status: "stopped", summary: "the process of the agent ended" } as const
      this.#inItsTurn(toolId ?? parentToolId, () =>
        this.#core.journal.emit({ _tag: "TaskEnded", ...end }, parentToolId)
      )
      this.tasks.ended(end)
    }
  }

  #closeTools(interrupted: boolean, which: (parent: ids.ToolId | undefined) => boolean): void {
    const status = interrupted ? "interrupted" : "unknown"
    for (const [toolId, parent] of this.#tools) {
      if (!which(parent)) continue
      this.#tools.delete(toolId)
      this.#core.journal.emit({ _tag: "ToolEnded", toolId, status, output: undefined }, parent)
    }
  }

  /** The call that launched the subagent in the background which does what has this parent. */
  #launcher(parent: ids.ToolId | undefined): ids.ToolId | undefined {
    for (let toolId = parent; toolId !== undefined; toolId = this.#tools.get(toolId)) {
      if (this.#launched.has(toolId)) return toolId
    }
    return undefined
  }

  /** What a subagent does in the background is no part of a turn that began after its own. */
  #inItsTurn(parentId: string | null | undefined, tell: () => void): void {
    const { journal } = this.#core
    const { current } = journal
    const launcher = this.#launcher(parentOf(parentId))
    if (launcher === undefined || current === undefined || this.#launched.get(launcher) === current.id) return tell()
    journal.apart(tell)
  }

  message(
    message: Exclude<
      KnownMessage,
      { readonly type: "control_request" | "control_response" | "control_cancel_request" | "result" }
    >,
    size: number
  ): void {
    const { journal } = this.#core
    switch (message.type) {
      case "stream_event":
        return this.#streamEvent(message, size)
      case "assistant":
        return this.#inItsTurn(message.parent_tool_use_id, () => this.#assistant(message, size))
      case "user":
        return this.#inItsTurn(message.parent_tool_use_id, () => this.#user(message, size))
      case "system":
        return this.#system(message, size)
      case "rate_limit_event": {
        const { rateLimitType, resetsAt, status } = message.rate_limit_info
        const reset = resetsAt === undefined || resetsAt === null ? undefined : resetsAt * 1000
        this.#context = { ...this.#context, resetsAt: reset }
        return journal.emit(
          {
            _tag: "RateLimited",
            status,
            ...(reset === undefined ? {} : { resetsAt: reset }),
            ...(typeof rateLimitType === "string" ? { window: rateLimitType } : {})
          },
          undefined,
          message,
          size
        )
      }
      case "tool_progress": {
        const parent = parentOf(message.parent_tool_use_id)
        const elapsed = message.elapsed_time_seconds
        return journal.emit(
          {
            _tag: "ToolProgress",
            // A heartbeat is named after the call it is for; the call itself is the parent then.
            toolId: message.heartbeat === true && parent !== undefined ? parent : ids.toolId(message.tool_use_id),
            ...(elapsed === undefined ? {} : { elapsedMs: elapsed * 1000 })
          },
          message.heartbeat === true ? undefined : parent,
          message,
          size
        )
      }
      case "conversation_reset":
        // The id in it is not the one that the conversation has from now on: the next init tells that.
        return
      case "prompt_suggestion":
      case "tool_use_summary":
      case "auth_status":
      case "active_goal":
        return journal.emit({ _tag: "Unknown", type: message.type }, undefined, message, size)
      case "command_lifecycle":
      case "keep_alive":
      case "transcript_mirror":
        return
    }
  }

  init(message: SystemInit, size: number): void {
    this.#changed(
      {
        sessionId: ids.sessionId(message.session_id),
        ...(message.model === undefined ? {} : { model: message.model }),
        ...(message.permissionMode === undefined ? {} : { permissionMode: message.permissionMode }),
        ...(message.cwd === undefined ? {} : { cwd: message.cwd }),
        ...(message.tools === undefined ? {} : { tools: message.tools }),
        ...(message.claude_code_version === undefined ? {} : { agentVersion: message.claude_code_version })
      },
      message,
      size
    )
    for (const { name, status } of message.mcp_servers ?? []) this.#mcpServer(name, status)
  }

  /** A server that is not there is no failure of the turn: its tools are missing, and somebody should know. */
  #mcpServer(name: string, status: string | undefined): void {
    if (status === this.#mcpServers.get(name)) return
    this.#mcpServers.set(name, status)
    if (status !== "failed" && status !== "needs-auth") return
    const text = `the MCP server ${name} ${status === "failed" ? "did not connect" : "wants a login"}: its tools are missing`
    this.#core.journal.emit({ _tag: "Notice", level: "warning", code: "mcp-server-missing", text })
  }

  /** Every turn tells the whole again: what did not change is no news. */
  #changed(told: SessionChanges, raw: unknown, size: number): void {
    const known = new Map<string, unknown>(Object.entries(this.#known))
    const changes: SessionChanges = Object.fromEntries(
      Object.entries(told).filter(([key, value]) => !Equal.equals(value, known.get(key)))
    )
    if (Object.keys(changes).length === 0) return
    this.#known = { ...this.#known, ...changes }
    this.#core.changed(changes)
    this.#core.journal.emit({ _tag: "SessionUpdated", changes }, undefined, raw, size)
  }

  /** The agent confirmed a change that we asked for. */
  confirmed(changes: Pick<SessionChanges, "model" | "permissionMode" | "title">): void {
    this.#changed(changes, undefined, 64)
  }

  textDelta(index: number, text: string, size: number): void {
    this.#items.delta(index, "text", text, size)
  }

  #streamEvent(message: StreamEvent, size: number): void {
    if (message.parent_tool_use_id !== null && message.parent_tool_use_id !== undefined) return
    const event: ApiEvent = message.event
    switch (event.type) {
      case "content_block_delta": {
        const { delta, index } = event
        switch (delta.type) {
          case "text_delta":
            return this.textDelta(index, delta.text, size)
          case "thinking_delta":
            return this.#items.delta(index, "reasoning", delta.thinking, size)
          case "input_json_delta": {
            const toolId = this.#writing.get(index)
            if (toolId !== undefined && delta.partial_json !== "") {
              this.#core.journal.emit(
                { _tag: "ToolInputDelta", toolId, json: delta.partial_json },
                undefined,
                message,
                size
              )
            }
            return
          }
          case "signature_delta":
          case "citations_delta":
            return
          default:
            return this.#core.journal.emit(
              { _tag: "Unknown", type: "stream_event", subtype: delta.type },
              undefined,
              message,
              size
            )
        }
      }
      case "message_start":
        this.#writing.clear()
        return this.#items.messageStarted(event.message.id)
      case "content_block_start": {
        const block = event.content_block
        if (block.type === "text") this.#items.blockStarted(event.index, "text")
        else if (block.type === "thinking") this.#items.blockStarted(event.index, "reasoning")
        else if (block.type === "tool_use") this.#writing.set(event.index, ids.toolId(block.id))
        return
      }
      case "message_delta": {
        const usage = event.usage
        if (usage === undefined || usage === null) return
        return this.#core.journal.emit(
          { _tag: "UsageUpdated", scope: "request", usage: Outcome.usageOf(usage) },
          undefined,
          message,
          size
        )
      }
      case "content_block_stop":
      case "message_stop":
        return
      default:
        return this.#core.journal.emit(
          { _tag: "Unknown", type: "stream_event", subtype: event.type },
          undefined,
          message,
          size
        )
    }
  }

  /** The tool calls whose input is being written, by block. */
  readonly #writing = new Map<number, ids.ToolId>()

  #assistant(message: Assistant, size: number): void {
    const { journal } = this.#core
    const parent = parentOf(message.parent_tool_use_id)
    if (message.error !== undefined && message.error !== null) {
      const text = message.message.content.map((block) => (block.type === "text" ? block.text : "")).join("")
      this.#context = { ...this.#context, error: message.error, status: message.api_error_status ?? undefined }
      return journal.emit({ _tag: "Notice", level: "error", code: message.error, text }, parent, message, size)
    }
    for (const block of message.message.content) {
      switch (block.type) {
        case "text":
          this.#items.whole("text", block.text, message.message.id, parent, message)
          break
        case "thinking":
          this.#items.whole("reasoning", block.thinking, message.message.id, parent, message)
          break
        case "tool_use":
        case "server_tool_use":
        case "mcp_tool_use":
          this.#toolStarted(ids.toolId(block.id), block.name, block.input, parent, message, size)
          break
        case "redacted_thinking":
          break
        case "mcp_tool_result":
          this.#toolEnded(
            ids.toolId(block.tool_use_id),
            block.is_error === true ? "error" : "ok",
            block.content,
            message,
            size
          )
          break
        default:
          if (block.type.endsWith("_tool_result") && "tool_use_id" in block && typeof block.tool_use_id === "string") {
            this.#toolEnded(ids.toolId(block.tool_use_id), "ok", block.content, message, size)
          } else {
            journal.emit({ _tag: "Unknown", type: "assistant", subtype: block.type }, parent, message, size)
          }
      }
    }
  }

  #toolStarted(
    toolId: ids.ToolId,
    name: string,
    input: unknown,
    parent: ids.ToolId | undefined,
    raw: unknown,
    size: number
  ): void {
    if (this.#tools.has(toolId)) return
    this.#tools.set(toolId, parent)
    if (isObject(input) && input["run_in_background"] === true) this.#asksForBackground.add(toolId)
    this.#core.journal.emit({ _tag: "ToolStarted", toolId, name, kind: toolKind(name), input }, parent, raw, size)
    const entries = name === "TodoWrite" && parent === undefined ? planEntries(input) : undefined
    if (entries !== undefined) this.#core.journal.emit({ _tag: "PlanUpdated", entries }, undefined, raw, size)
  }

  #toolEnded(toolId: ids.ToolId, status: ToolStatus, output: unknown, raw: unknown, size: number): void {
    if (!this.#tools.has(toolId)) return
    const parent = this.#tools.get(toolId)
    this.#tools.delete(toolId)
    this.#asksForBackground.delete(toolId)
    this.#core.journal.emit({ _tag: "ToolEnded", toolId, status, output }, parent, raw, size)
  }

  #user(message: User, size: number): void {
    const { content } = message.message
    if (typeof content === "string") return
    for (const block of content) {
      if (block.type !== "tool_result") continue
      const status = this.#statusOf(block.tool_use_id, block.is_error === true, message)
      this.#toolEnded(ids.toolId(block.tool_use_id), status, block.content, message, size)
    }
  }

  #statusOf(toolId: string, isError: boolean, message: User): ToolStatus {
    if (!isError) return "ok"
    if (this.#core.turns.running?.interrupted === true) return "interrupted"
    return this.#denied.delete(toolId) || refusedByMeta(message.tool_result_meta, toolId) ? "denied" : "error"
  }

  #system(message: SystemMessage, size: number): void {
    const { journal } = this.#core
    switch (message.subtype) {
      case "init":
        return this.init(message, size)
      case "status":
        if (message.permissionMode === undefined) return
        return this.#changed({ permissionMode: message.permissionMode }, message, size)
      case "session_title_changed":
        return this.#changed({ title: message.title ?? "" }, message, size)
      case "api_retry":
        return journal.emit(
          {
            _tag: "Retrying",
            attempt: message.attempt,
            delayMs: message.retry_delay_ms ?? 0,
            ...(message.max_retries === undefined ? {} : { max: message.max_retries }),
            ...(typeof message.error_status === "number" ? { status: message.error_status } : {}),
            ...(typeof message.error === "string" ? { error: message.error } : {})
          },
          undefined,
          message,
          size
        )
      case "compact_boundary": {
        const meta = message.compact_metadata
        return journal.emit(
          {
            _tag: "Compacted",
            trigger: meta?.trigger ?? "auto",
            ...(meta?.pre_tokens === undefined ? {} : { before: meta.pre_tokens }),
            ...(meta?.post_tokens === undefined ? {} : { after: meta.post_tokens })
          },
          undefined,
          message,
          size
        )
      }
      case "permission_denied":
        if (message.tool_use_id !== undefined) this.#denied.add(message.tool_use_id)
        return this.#denial(message, size)
      case "informational":
        return this.#notice(noticeLevel(message.level), message.tag ?? "informational", message.content, message, size)
      case "notification":
        return this.#notice("info", message.key ?? "notification", message.text, message, size)
      case "model_refusal_fallback":
      case "model_refusal_no_fallback":
        return this.#notice("warning", message.subtype, message.content ?? "the model refused", message, size)
      case "session_writes_lost":
        return this.#notice("error", message.subtype, "the conversation could not be written to disk", message, size)
      case "task_started":
        return this.#taskStarted(message, size)
      case "task_progress": {
        const { description, last_tool_name } = message
        return this.#taskGoesOn(
          message,
          {
            ...(description === undefined ? {} : { description }),
            ...(last_tool_name === undefined ? {} : { lastTool: last_tool_name })
          },
          size
        )
      }
      case "task_updated": {
        const { description, is_backgrounded } = message.patch ?? {}
        if (is_backgrounded === true) this.#inBackground(ids.taskId(message.task_id), message.tool_use_id)
        return this.#taskGoesOn(message, description === undefined ? {} : { description }, size)
      }
      case "task_notification":
        return this.#taskEnded(message, size)
      case "background_tasks_changed":
        return this.#core.quiescence.backgroundIs(message.tasks.map((task) => ids.taskId(task.task_id)))
      case "session_state_changed":
      case "thinking_tokens":
      case "control_request_progress":
        return
      default:
        return journal.emit({ _tag: "Unknown", type: "system", subtype: message.subtype }, undefined, message, size)
    }
  }

  #taskStarted(message: TaskStarted, size: number): void {
    const { description = "", task_id, task_type = "unknown", tool_use_id } = message
    const taskId = ids.taskId(task_id)
    const toolId = tool_use_id === undefined ? undefined : ids.toolId(tool_use_id)
    const parentToolId = toolId === undefined ? undefined : this.#tools.get(toolId)
    const told = {
      taskId,
      kind: task_type,
      description,
      // 2.1.197 does not say.
      background: message.is_backgrounded ?? (toolId === undefined || this.#asksForBackground.has(toolId)),
      ...(toolId === undefined ? {} : { toolId })
    }
    if (toolId !== undefined) this.#agents.set(task_id, toolId)
    this.tasks.started({ ...told, ...(parentToolId === undefined ? {} : { parentToolId }) })
    this.#inItsTurn(parentToolId, () => {
      if (told.background) this.#inBackground(taskId, toolId)
      this.#core.journal.emit({ _tag: "TaskStarted", ...told }, parentToolId, message, size)
    })
  }

  #inBackground(taskId: ids.TaskId, toolId: string | undefined): void {
    this.tasks.moved(taskId)
    this.#core.quiescence.background(taskId, true)
    const launcher = parentOf(toolId) ?? this.tasks.get(taskId)?.toolId
    if (launcher !== undefined) this.#launched.set(launcher, this.#core.journal.current?.id)
  }

  #taskGoesOn(
    message: TaskProgress | TaskUpdated,
    news: { readonly description?: string; readonly lastTool?: string },
    size: number
  ): void {
    const taskId = ids.taskId(message.task_id)
    const { parentToolId, toolId = message.tool_use_id } = this.tasks.get(taskId) ?? noTask
    this.#inItsTurn(toolId, () =>
      this.#core.journal.emit({ _tag: "TaskProgress", taskId, ...news }, parentToolId, message, size)
    )
  }

  #taskEnded(message: TaskNotification, size: number): void {
    const taskId = ids.taskId(message.task_id)
    const { parentToolId, toolId = parentOf(message.tool_use_id) } = this.tasks.get(taskId) ?? noTask
    const end = { taskId, status: taskStatus(message.status), summary: message.summary ?? "" }
    this.#core.quiescence.background(taskId, false)
    this.#inItsTurn(toolId, () => {
      if (toolId !== undefined && this.#launched.has(toolId)) {
        this.#closeTools(end.status === "stopped", (parent) => this.#launcher(parent) === toolId)
      }
      this.#core.journal.emit({ _tag: "TaskEnded", ...end }, parentToolId, message, size)
    })
    if (toolId !== undefined) this.#launched.delete(toolId)
    this.tasks.ended(end)
  }

  #denial(message: PermissionDenied, size: number): void {
    const { agent_id, tool_name } = message
    const parent = agent_id === undefined ? undefined : this.#agents.get(agent_id)
    const text = message.message ?? `${tool_name} was denied`
    this.#inItsTurn(parent, () =>
      this.#core.journal.emit(
        { _tag: "Notice", level: "warning", code: "permission-denied", text },
        parent,
        message,
        size
      )
    )
  }

  #notice(level: "info" | "warning" | "error", code: string, text: string, raw: unknown, size: number): void {
    this.#core.journal.emit({ _tag: "Notice", level, code, text }, undefined, raw, size)
  }
}
