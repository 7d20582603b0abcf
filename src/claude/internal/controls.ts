/**
 * What a session with Claude Code can be told and asked beyond the conversation. The answers are looked at: the CLI says
 * yes to much that it does not do.
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import {
  type AgentError,
  ControlFailed,
  ControlTimeout,
  InvalidOptions,
  type Reason,
  Unsupported
} from "../../AgentError.ts"
import type { Core } from "../../internal/core.ts"
import * as ids from "../../internal/ids.ts"
import type * as ClaudeControl from "../ClaudeControl.ts"
import type { ClaudeSession, McpControl, SettingsControl } from "../ClaudeSession.ts"
import type { Connection } from "./connection.ts"
import type { Events } from "./events.ts"
import * as Honoured from "./honoured.ts"
import * as McpServers from "./mcpServers.ts"
import { isObject, type JsonObject } from "./wire.ts"

export interface Options {
  readonly core: Core
  readonly events: Pick<Events, "confirmed" | "tasks">
  readonly control: Connection["control"]
  /** What the process that runs said in the handshake. */
  readonly handshake: () => ClaudeControl.InitializeResponse
  /** The MCP servers that our tools make up. */
  readonly ours: ReadonlyArray<string>
}

type Methods = Pick<
  ClaudeSession,
  | "accountInfo"
  | "supportedModels"
  | "supportedCommands"
  | "supportedAgents"
  | "mcp"
  | "rewindFiles"
  | "tasks"
  | "stopTask"
  | "backgroundTasks"
  | "taskOutput"
  | "contextUsage"
  | "usage"
  | "settings"
  | "setMaxThinkingTokens"
  | "reloadPlugins"
  | "reloadSkills"
  | "rename"
>

export interface Controls {
  readonly methods: Methods
  /** Tells another process what this one was told. */
  readonly again: Effect.Effect<void>
}

type Told = "commands" | "models" | "agents" | "account"

const isTokens = Schema.is(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))

export const make = ({ control, core, events, handshake, ours }: Options): Controls => {
  const { journal, resolved, turns } = core
  const { tasks } = events
  const fail = (reason: Reason): Effect.Effect<never, AgentError> =>
    Effect.suspend(() => Effect.fail(turns.error("control", reason)))
  const refused = (request: string, description: string): Effect.Effect<never, AgentError> =>
    fail(new ControlFailed({ request, description }))
  const invalid = (...issues: ReadonlyArray<string>): Effect.Effect<never, AgentError> =>
    fail(new InvalidOptions({ issues }))

  /** What was set since the start, by what it sets. The arguments of the next process do not have it. */
  const chosen = new Map<string, Effect.Effect<unknown, AgentError>>()
  /** What was read again, and the handshake that it is newer than. */
  let reloaded: { readonly than: ClaudeControl.InitializeResponse; readonly told: ClaudeControl.InitializeResponse } = {
    than: {},
    told: {}
  }
  const told = <K extends Told>(
    field: K
  ): Effect.Effect<NonNullable<ClaudeControl.InitializeResponse[K]>, AgentError> =>
    Effect.suspend(() => {
      const first = handshake()
      const value = (reloaded.than === first ? reloaded.told[field] : undefined) ?? first[field]
      return value === undefined || value === null
        ? fail(new Unsupported({ capability: `${field} in the handshake` }))
        : Effect.succeed(value)
    })

  const status = Effect.map(control("mcp_status", {}), ({ mcpServers = [] }) => mcpServers)
  const statusOf = (request: string, server: string): Effect.Effect<ClaudeControl.McpServerStatus, AgentError> =>
    Effect.flatMap(status, (servers) => {
      const found = servers.find(({ name }) => name === server)
      return found === undefined ? refused(request, `the server ${server} is gone`) : Effect.succeed(found)
    })
  const is = ({ error, name, status = "of no known status" }: ClaudeControl.McpServerStatus): string =>
    `${name} is ${status}${error === undefined ? "" : `: ${error}`}`

  const mcp: McpControl = {
    status,
    reconnect: Effect.fn("ClaudeSession.mcp.reconnect")(function* (server: string) {
      yield* control("mcp_reconnect", { serverName: server })
      const now = yield* statusOf("mcp_reconnect", server)
      return now.status === "connected" ? now : yield* refused("mcp_reconnect", is(now))
    }),
    toggle: Effect.fn("ClaudeSession.mcp.toggle")(function* (server: string, enabled: boolean) {
      const set = control("mcp_toggle", { serverName: server, enabled })
      yield* set
      const now = yield* statusOf("mcp_toggle", server)
      if ((now.status !== "disabled") !== enabled) return yield* refused("mcp_toggle", is(now))
      chosen.set(`the server ${server}`, set)
      return now
    }),
    setServers: Effect.fn("ClaudeSession.mcp.setServers")(function* (servers) {
      const issues = McpServers.issuesOf(servers, ours)
      if (issues.length > 0) return yield* invalid(...issues)
      // Servers of ours that are not named are taken away, and the tools of the session with them.
      const own = ours.map((name) => [name, { type: "sdk", name }] as const)
      const set = control("mcp_set_servers", {
        servers: { ...McpServers.config(servers), ...Object.fromEntries(own) }
      })
      const { added = [], errors = {}, removed = [] } = yield* set
      chosen.set("MCP servers", set)
      return { added, removed, errors }
    }),
    call: Effect.fn("ClaudeSession.mcp.call")(function* (tool: string, input: JsonObject = {}, options) {
      const given = options?.timeout === undefined ? Option.none() : Duration.fromInput(options.timeout)
      if (options?.timeout !== undefined && Option.isNone(given)) return yield* invalid("timeout: is no duration")
      return yield* control(
        "mcp_call",
        { tool, arguments: input },
        Option.getOrElse(given, () => resolved.timeouts.control)
      )
    }),
    readResource: (server, uri) =>
      Effect.map(control("mcp_read_resource", { serverName: server, uri }), ({ contents = [] }) => contents)
  }

  /** What was laid over the other settings, call by call. */
  let laid: JsonObject = {}
  const missing = (
    request: string,
    source: string,
    settings: JsonObject
  ): Effect.Effect<ClaudeControl.SettingsResponse, AgentError> =>
    Effect.flatMap(control("get_settings", {}), (reply) => {
      const kept = Honoured.sourceOf(reply, source) ?? {}
      const left = Object.entries(settings)
        .filter(([, value]) => value === null)
        .map(([key]) => key)
      const stays = left.find((key) => isObject(kept) && Object.hasOwn(kept, key))
      if (stays !== undefined) return refused(request, `${stays} is still set`)
      const wanted = Object.fromEntries(Object.entries(settings).filter(([key]) => !left.includes(key)))
      const at = Honoured.lost(wanted, kept, "settings")
      return at === undefined ? Effect.succeed(reply) : refused(request, `${at} was not taken`)
    })

  const settings: SettingsControl = {
    read: control("get_settings", {}),
    apply: Effect.fn("ClaudeSession.settings.apply")(function* (given: JsonObject) {
      const all = { ...laid, ...given }
      yield* control("apply_flag_settings", { settings: given })
      const now = yield* missing("apply_flag_settings", "flagSettings", given)
      laid = all
      chosen.set("settings", control("apply_flag_settings", { settings: all }))
      return now
    }),
    update: Effect.fn("ClaudeSession.settings.update")(function* (source, given) {
      yield* control("update_settings", { source, settings: given })
      return yield* missing("update_settings", source, given)
    })
  }

  const methods: Methods = {
    accountInfo: told("account"),
    supportedModels: Effect.catchReason(
      Effect.flatMap(control("list_models", {}), ({ models }) =>
        models === undefined ? told("models") : Effect.succeed(models)
      ),
      "AgentError",
      "Unsupported",
      () => told("models")
    ),
    supportedCommands: told("commands"),
    supportedAgents: told("agents"),
    mcp,
    rewindFiles: Effect.fn("ClaudeSession.rewindFiles")(function* (messageId: string, options) {
      const reply = yield* control("rewind_files", {
        user_message_id: messageId,
        ...(options?.dryRun === true ? { dry_run: true } : {})
      })
      if (reply.canRewind === true) return reply
      return yield* refused("rewind_files", reply.error ?? "it cannot, and did not say why")
    }),
    tasks: Effect.sync(() => tasks.running),
    stopTask: Effect.fn("ClaudeSession.stopTask")(function* (taskId: string) {
      const end = tasks.end(ids.taskId(taskId))
      if (end === undefined) return yield* refused("stop_task", `no task ${taskId} runs`)
      yield* control("stop_task", { task_id: taskId })
      const { control: duration } = resolved.timeouts
      const late = new ControlTimeout({ request: "the end of the task", millis: Duration.toMillis(duration) })
      return yield* Effect.timeoutOrElse(end, { duration, orElse: () => fail(late) })
    }),
    backgroundTasks: Effect.fn("ClaudeSession.backgroundTasks")(function* (toolId?: string) {
      const before = tasks.running.filter(({ background }) => !background)
      const reply = yield* control("background_tasks", toolId === undefined ? {} : { tool_use_id: toolId })
      const moved = before.flatMap(({ taskId }) => (tasks.get(taskId)?.background === true ? [taskId] : []))
      if (toolId === undefined || reply.backgrounded === true) return moved
      return yield* refused("background_tasks", `no task of the call ${toolId} runs in the foreground`)
    }),
    taskOutput: (taskId) => control("get_task_output", { task_id: taskId }),
    contextUsage: (options) =>
      control("get_context_usage", options?.detail === undefined ? {} : { detail: options.detail }),
    usage: control("get_usage", { skip_behaviors: true }),
    settings,
    setMaxThinkingTokens: Effect.fn("ClaudeSession.setMaxThinkingTokens")(function* (tokens: number | undefined) {
      // 2.1.197 says yes to anything.
      if (tokens !== undefined && !isTokens(tokens)) return yield* invalid("tokens: must be a whole number, 0 or more")
      const set = control("set_max_thinking_tokens", { max_thinking_tokens: tokens ?? null })
      yield* set
      chosen.set("thinking", set)
    }),
    reloadPlugins: Effect.tap(control("reload_plugins", {}), ({ agents, commands }) =>
      Effect.sync(() => {
        const told = { ...(agents === undefined ? {} : { agents }), ...(commands === undefined ? {} : { commands }) }
        reloaded = { than: handshake(), told }
      })
    ),
    reloadSkills: Effect.map(control("reload_skills", {}), ({ skills = [] }) => skills),
    rename: Effect.fn("ClaudeSession.rename")(function* (title: string) {
      yield* control("rename_session", { title })
      // 2.1.197 does not tell.
      events.confirmed({ title })
      yield* journal.flush
    })
  }

  const lost = (what: string) => (error: AgentError) =>
    Effect.sync(() =>
      journal.emit({
        _tag: "Notice",
        level: "warning",
        code: "setting-lost",
        text: `what was set before the process was replaced is not any more (${what}): ${error.message}`
      })
    )
  return {
    methods,
    again: Effect.suspend(() =>
      Effect.forEach([...chosen], ([what, set]) => Effect.catch(Effect.asVoid(set), lost(what)), { discard: true })
    )
  }
}
