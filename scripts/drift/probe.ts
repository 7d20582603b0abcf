/** What a CLI answers when it is asked directly: its handshake, its flags, the control requests it does not know. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import type { RequestFields, RequestSubtype } from "effect-agent-session/claude/ClaudeControl"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { execFileSync } from "node:child_process"
import * as MockApi from "../../test/support/mockApi.ts"
import { temporary } from "./install.ts"

const nobody = "00000000-0000-4000-8000-000000000000"

/** The names of the requests that a CLI does not know. They change nothing, or fail for want of what they name. */
const refusedBy = (session: ClaudeSession.ClaudeSession): Effect.Effect<ReadonlyArray<string>> => {
  const refused = <S extends RequestSubtype>(
    subtype: S,
    fields: RequestFields[S]
  ): Effect.Effect<ReadonlyArray<string>> =>
    session.control(subtype, fields).pipe(
      Effect.as([]),
      Effect.catch((error) => Effect.succeed(error.reason._tag === "Unsupported" ? [subtype] : []))
    )
  return Effect.map(
    Effect.all([
      refused("mcp_status", {}),
      refused("mcp_reconnect", { serverName: "nobody" }),
      refused("mcp_toggle", { serverName: "nobody", enabled: true }),
      refused("mcp_set_servers", { servers: {} }),
      refused("mcp_call", { tool: "mcp__nobody__nothing" }),
      refused("mcp_read_resource", { serverName: "nobody", uri: "file:///nothing" }),
      refused("set_max_thinking_tokens", { max_thinking_tokens: null }),
      refused("get_context_usage", {}),
      refused("get_settings", {}),
      refused("list_models", {}),
      refused("get_binary_version", {}),
      refused("get_session_cost", {}),
      refused("get_usage", { skip_behaviors: true }),
      refused("list_permission_rules", {}),
      refused("get_hooks_listing", {}),
      refused("file_suggestions", { query: "nothing" }),
      refused("reload_plugins", {}),
      refused("reload_skills", {}),
      refused("reload_output_styles", {}),
      refused("rename_session", { title: "probe" }),
      refused("rewind_files", { user_message_id: nobody, dry_run: true }),
      refused("cancel_async_message", { message_uuid: nobody }),
      refused("seed_read_state", { path: "/nothing", mtime: 0 }),
      refused("read_file", { path: "/nothing" }),
      refused("register_repo_root", { directory: "/nothing" }),
      refused("stop_task", { task_id: "nobody" }),
      refused("background_tasks", {}),
      refused("get_task_output", { task_id: "nobody" }),
      refused("apply_flag_settings", { settings: {} }),
      refused("update_settings", { source: "localSettings", settings: {} }),
      refused("side_question", { question: "are you there?" }),
      refused("get_status", {})
    ]),
    (lists) => lists.flat()
  )
}

export interface Answers {
  readonly handshake: ReadonlyArray<string>
  readonly refused: ReadonlyArray<string>
  readonly flags: ReadonlyArray<string>
}

const flagsOf = (executable: string, home: string): ReadonlyArray<string> => {
  const help = execFileSync(executable, ["--help"], { encoding: "utf8", env: { HOME: home, PATH: "/usr/bin:/bin" } })
  return [...new Set(help.match(/(?<![\w-])--[a-z][A-Za-z-]+/g))]
}

export const ask = (executable: string): Effect.Effect<Answers> =>
  Effect.gen(function* () {
    const home = yield* temporary
    const api = yield* MockApi.scoped
    const session = yield* ClaudeSession.make({ cwd: home, env: { base: "none", set: api.env(home) } })
    const info = yield* session.serverInfo
    return { handshake: Object.keys(info), refused: yield* refusedBy(session), flags: flagsOf(executable, home) }
  }).pipe(
    Effect.scoped,
    Effect.provide(ClaudeAdapter.layer({ executable }).pipe(Layer.provideMerge(NodeServices.layer))),
    Effect.orDie
  )
