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

export type Methods = Pick<
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

type Told = "commands" | "models" | "agents" | "account"

const isTokens = Schema.is(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))

const is = ({ error, name, status = "of no known status" }: ClaudeControl.McpServerStatus): string =>
  `${name} is ${status}${error === undefined ? "" : `: ${error}`}`

/** What the methods share: the way to the CLI, and what was set through it. */
export class Controls {
  readonly options: Options
  /** What was laid over the other settings, call by call. */
  laid: JsonObject = {}
  /** What was set since the start, by what it sets. The arguments of the next process do not have it. */
  #chosen: { readonly [what: string]: Effect.Effect<unknown, AgentError> } = {}
  /** What was read again, and the handshake that it is newer than. */
  #reloaded: { readonly than: ClaudeControl.InitializeResponse; readonly told: ClaudeControl.InitializeResponse } = {
    than: {},
    told: {}
  }

  constructor(options: Options) {
    this.options = options
  }

  fail(reason: Reason): Effect.Effect<never, AgentError> {
    return Effect.suspend(() => Effect.fail(this.options.core.turns.error("control", reason)))
  }

  refused(request: string, description: string): Effect.Effect<never, AgentError> {
    return this.fail(new ControlFailed({ request, description }))
  }

  invalid(...issues: ReadonlyArray<string>): Effect.Effect<never, AgentError> {
    return this.fail(new InvalidOptions({ issues }))
  }

  told<K extends Told>(field: K): Effect.Effect<NonNullable<ClaudeControl.InitializeResponse[K]>, AgentError> {
    const first = this.options.handshake()
    const value = (this.#reloaded.than === first ? this.#reloaded.told[field] : undefined) ?? first[field]
    return value === undefined || value === null
      ? this.fail(new Unsupported({ capability: `${field} in the handshake` }))
      : Effect.succeed(value)
  }

  reloaded({ agents, commands }: ClaudeControl.ReloadPluginsResponse): void {
    const told = { ...(agents === undefined ? {} : { agents }), ...(commands === undefined ? {} : { commands }) }
    this.#reloaded = { than: this.options.handshake(), told }
  }

  chose(what: string, set: Effect.Effect<unknown, AgentError>): void {
    this.#chosen = { ...this.#chosen, [what]: set }
  }

  /** Tells another process what this one was told. */
  get again(): Effect.Effect<void> {
    const { journal } = this.options.core
    const lost = (what: string) => (error: AgentError) =>
      Effect.sync(() =>
        journal.emit({
          _tag: "Notice",
          level: "warning",
          code: "setting-lost",
          text: `what was set before the process was replaced is not any more (${what}): ${error.message}`
        })
      )
    return Effect.suspend(() =>
      Effect.forEach(Object.entries(this.#chosen), ([what, set]) => Effect.catch(Effect.asVoid(set), lost(what)), {
        discard: true
      })
    )
  }
}

/* MCP servers */

const mcpStatus = ({ options: { control } }: Controls): McpControl["status"] =>
  Effect.map(control("mcp_status", {}), ({ mcpServers = [] }) => mcpServers)

const statusOf = (
  controls: Controls,
  request: string,
  server: string
): Effect.Effect<ClaudeControl.McpServerStatus, AgentError> =>
  Effect.flatMap(mcpStatus(controls), (servers) => {
    const found = servers.find(({ name }) => name === server)
    return found === undefined ? controls.refused(request, `the server ${server} is gone`) : Effect.succeed(found)
  })

const reconnect = Effect.fn("ClaudeSession.mcp.reconnect")(function* (controls: Controls, server: string) {
  yield* controls.options.control("mcp_reconnect", { serverName: server })
  const now = yield* statusOf(controls, "mcp_reconnect", server)
  return now.status === "connected" ? now : yield* controls.refused("mcp_reconnect", is(now))
})

const toggle = Effect.fn("ClaudeSession.mcp.toggle")(function* (controls: Controls, server: string, enabled: boolean) {
  const set = controls.options.control("mcp_toggle", { serverName: server, enabled })
  yield* set
  const now = yield* statusOf(controls, "mcp_toggle", server)
  if ((now.status !== "disabled") !== enabled) return yield* controls.refused("mcp_toggle", is(now))
  controls.chose(`the server ${server}`, set)
  return now
})

const setServers = Effect.fn("ClaudeSession.mcp.setServers")(function* (
  controls: Controls,
  servers: Parameters<McpControl["setServers"]>[0]
) {
  const { control, ours } = controls.options
  const issues = McpServers.issuesOf(servers, ours)
  if (issues.length > 0) return yield* controls.invalid(...issues)
  // Servers of ours that are not named are taken away, and the tools of the session with them.
  const own = ours.map((name) => [name, { type: "sdk", name }] as const)
  const set = control("mcp_set_servers", {
    servers: { ...McpServers.config(servers), ...Object.fromEntries(own) }
  })
  const { added = [], errors = {}, removed = [] } = yield* set
  controls.chose("MCP servers", set)
  return { added, removed, errors }
})

const call = Effect.fn("ClaudeSession.mcp.call")(function* (
  controls: Controls,
  tool: string,
  input: JsonObject = {},
  options?: Parameters<McpControl["call"]>[2]
) {
  const { control, core } = controls.options
  const given = options?.timeout === undefined ? Option.none() : Duration.fromInput(options.timeout)
  if (options?.timeout !== undefined && Option.isNone(given)) return yield* controls.invalid("timeout: is no duration")
  return yield* control(
    "mcp_call",
    { tool, arguments: input },
    Option.getOrElse(given, () => core.resolved.timeouts.control)
  )
})

/* Settings */

const missing = (
  controls: Controls,
  request: string,
  source: string,
  settings: JsonObject
): Effect.Effect<ClaudeControl.SettingsResponse, AgentError> =>
  Effect.flatMap(controls.options.control("get_settings", {}), (reply) => {
    const kept = Honoured.sourceOf(reply, source) ?? {}
    const left = Object.entries(settings)
      .filter(([, value]) => value === null)
      .map(([key]) => key)
    const stays = left.find((key) => isObject(kept) && Object.hasOwn(kept, key))
    if (stays !== undefined) return controls.refused(request, `${stays} is still set`)
    const wanted = Object.fromEntries(Object.entries(settings).filter(([key]) => !left.includes(key)))
    const at = Honoured.lost(wanted, kept, "settings")
    return at === undefined ? Effect.succeed(reply) : controls.refused(request, `${at} was not taken`)
  })

const apply = Effect.fn("ClaudeSession.settings.apply")(function* (controls: Controls, given: JsonObject) {
  const { control } = controls.options
  const all = { ...controls.laid, ...given }
  yield* control("apply_flag_settings", { settings: given })
  const now = yield* missing(controls, "apply_flag_settings", "flagSettings", given)
  controls.laid = all
  controls.chose("settings", control("apply_flag_settings", { settings: all }))
  return now
})

const update = Effect.fn("ClaudeSession.settings.update")(function* (
  controls: Controls,
  source: Parameters<SettingsControl["update"]>[0],
  given: JsonObject
) {
  yield* controls.options.control("update_settings", { source, settings: given })
  return yield* missing(controls, "update_settings", source, given)
})

/* The rest */

const supportedModels = (controls: Controls): Methods["supportedModels"] =>
  Effect.catchReason(
    Effect.flatMap(controls.options.control("list_models", {}), ({ models }) =>
      models === undefined ? controls.told("models") : Effect.succeed(models)
    ),
    "AgentError",
    "Unsupported",
    () => controls.told("models")
  )

const rewindFiles = Effect.fn("ClaudeSession.rewindFiles")(function* (
  controls: Controls,
  messageId: string,
  options?: Parameters<Methods["rewindFiles"]>[1]
) {
  const reply = yield* controls.options.control("rewind_files", {
    user_message_id: messageId,
    ...(options?.dryRun === true ? { dry_run: true } : {})
  })
  if (reply.canRewind === true) return reply
  return yield* controls.refused("rewind_files", reply.error ?? "it cannot, and did not say why")
})

const stopTask = Effect.fn("ClaudeSession.stopTask")(function* (controls: Controls, taskId: string) {
  const { control, core, events } = controls.options
  const end = events.tasks.end(ids.taskId(taskId))
  if (end === undefined) return yield* controls.refused("stop_task", `no task ${taskId} runs`)
  yield* control("stop_task", { task_id: taskId })
  const { control: duration } = core.resolved.timeouts
  const late = new ControlTimeout({ request: "the end of the task", millis: Duration.toMillis(duration) })
  return yield* Effect.timeoutOrElse(end, { duration, orElse: () => controls.fail(late) })
})

const backgroundTasks = Effect.fn("ClaudeSession.backgroundTasks")(function* (controls: Controls, toolId?: string) {
  const {
    control,
    events: { tasks }
  } = controls.options
  const before = tasks.running.filter(({ background }) => !background)
  const reply = yield* control("background_tasks", toolId === undefined ? {} : { tool_use_id: toolId })
  const moved = before.flatMap(({ taskId }) => (tasks.get(taskId)?.background === true ? [taskId] : []))
  if (toolId === undefined || reply.backgrounded === true) return moved
  return yield* controls.refused("background_tasks", `no task of the call ${toolId} runs in the foreground`)
})

const setMaxThinkingTokens = Effect.fn("ClaudeSession.setMaxThinkingTokens")(function* (
  controls: Controls,
  tokens: number | undefined
) {
  // 2.1.197 says yes to anything.
  if (tokens !== undefined && !isTokens(tokens)) {
    return yield* controls.invalid("tokens: must be a whole number, 0 or more")
  }
  const set = controls.options.control("set_max_thinking_tokens", { max_thinking_tokens: tokens ?? null })
  yield* set
  controls.chose("thinking", set)
})

const rename = Effect.fn("ClaudeSession.rename")(function* (controls: Controls, title: string) {
  const { control, core, events } = controls.options
  yield* control("rename_session", { title })
  // 2.1.197 does not tell.
  events.confirmed({ title })
  yield* core.journal.flush
})

/** One closure each, for a session has many of them and uses few: what is traced is made once, above. */
export const methods = (controls: Controls): Methods => {
  const { control, events } = controls.options
  return {
    accountInfo: Effect.suspend(() => controls.told("account")),
    supportedModels: Effect.suspend(() => supportedModels(controls)),
    supportedCommands: Effect.suspend(() => controls.told("commands")),
    supportedAgents: Effect.suspend(() => controls.told("agents")),
    mcp: {
      status: Effect.suspend(() => mcpStatus(controls)),
      reconnect: (server) => reconnect(controls, server),
      toggle: (server, enabled) => toggle(controls, server, enabled),
      setServers: (servers) => setServers(controls, servers),
      call: (tool, input, options) => call(controls, tool, input, options),
      readResource: (server, uri) =>
        Effect.map(control("mcp_read_resource", { serverName: server, uri }), ({ contents = [] }) => contents)
    },
    rewindFiles: (messageId, options) => rewindFiles(controls, messageId, options),
    tasks: Effect.sync(() => events.tasks.running),
    stopTask: (taskId) => stopTask(controls, taskId),
    backgroundTasks: (toolId) => backgroundTasks(controls, toolId),
    taskOutput: (taskId) => control("get_task_output", { task_id: taskId }),
    contextUsage: (options) =>
      control("get_context_usage", options?.detail === undefined ? {} : { detail: options.detail }),
    usage: Effect.suspend(() => control("get_usage", { skip_behaviors: true })),
    settings: {
      read: Effect.suspend(() => control("get_settings", {})),
      apply: (settings) => apply(controls, settings),
      update: (file, settings) => update(controls, file, settings)
    },
    setMaxThinkingTokens: (tokens) => setMaxThinkingTokens(controls, tokens),
    reloadPlugins: Effect.suspend(() =>
      Effect.tap(control("reload_plugins", {}), (reply) => Effect.sync(() => controls.reloaded(reply)))
    ),
    reloadSkills: Effect.suspend(() => Effect.map(control("reload_skills", {}), ({ skills = [] }) => skills)),
    rename: (title) => rename(controls, title)
  }
}
