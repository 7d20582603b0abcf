/**
 * The handshake: what `initialize` answers, and the descriptions of commands, models, agents and MCP servers that other
 * replies share with it.
 */
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import {
  holding,
  isObject,
  type Open,
  optionalBoolean,
  optionalNullableString,
  optionalNumber,
  optionalString,
  optionalStrings,
  optionalUnknown
} from "./wire.ts"
import type { PermissionMode } from "./wireSystem.ts"

/**
 * @since 0.1.0
 * @category replies
 */
export interface SlashCommand {
  readonly name: string
  readonly description?: string
  readonly argumentHint?: string
  readonly aliases?: ReadonlyArray<string>
  readonly builtin?: boolean
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SlashCommand: Schema.Codec<SlashCommand> = Schema.Struct({
  name: Schema.String,
  description: optionalString,
  argumentHint: optionalString,
  aliases: optionalStrings,
  builtin: optionalBoolean
})

/**
 * A model that can be chosen: `value` is what `set_model` takes.
 *
 * @since 0.1.0
 * @category replies
 */
export interface ModelInfo {
  readonly value: string
  readonly resolvedModel?: string
  readonly displayName?: string
  readonly description?: string
  readonly supportsEffort?: boolean
  readonly supportedEffortLevels?: ReadonlyArray<string>
  readonly supportsAdaptiveThinking?: boolean
  readonly supportsFastMode?: boolean
  readonly supportsAutoMode?: boolean
  /** Since 2.1.3xx. */
  readonly supportsThinkingOff?: boolean
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ModelInfo: Schema.Codec<ModelInfo> = Schema.Struct({
  value: Schema.String,
  resolvedModel: optionalString,
  displayName: optionalString,
  description: optionalString,
  supportsEffort: optionalBoolean,
  supportedEffortLevels: optionalStrings,
  supportsAdaptiveThinking: optionalBoolean,
  supportsFastMode: optionalBoolean,
  supportsAutoMode: optionalBoolean,
  supportsThinkingOff: optionalBoolean
})

/**
 * @since 0.1.0
 * @category replies
 */
export interface AgentInfo {
  readonly name: string
  readonly description?: string
  readonly model?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const AgentInfo: Schema.Codec<AgentInfo> = Schema.Struct({
  name: Schema.String,
  description: optionalString,
  model: optionalString
})

/**
 * Who pays, as far as the CLI tells.
 *
 * @since 0.1.0
 * @category replies
 */
export interface AccountInfo {
  readonly email?: string | null
  readonly organization?: string | null
  readonly subscriptionType?: string | null
  readonly tokenSource?: string | null
  readonly apiKeySource?: string | null
  readonly apiProvider?: string | null
}

/**
 * An MCP server as the CLI sees it now.
 *
 * @since 0.1.0
 * @category replies
 */
export interface McpServerStatus {
  readonly name: string
  readonly status?: Open<"connected" | "failed" | "needs-auth" | "pending" | "disabled">
  readonly serverInfo?: { readonly name?: string; readonly version?: string } | null
  readonly error?: string
  readonly scope?: string
  readonly source?: string
  readonly transport?: string
  readonly config?: unknown
  readonly tools?: ReadonlyArray<{
    readonly name: string
    readonly description?: string
    readonly annotations?: {
      readonly readOnly?: boolean
      readonly destructive?: boolean
      readonly openWorld?: boolean
    }
  }>
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const McpServerStatus: Schema.Codec<McpServerStatus> = Schema.Struct({
  name: Schema.String,
  status: optionalString,
  serverInfo: Schema.optionalKey(Schema.NullOr(Schema.Struct({ name: optionalString, version: optionalString }))),
  error: optionalString,
  scope: optionalString,
  source: optionalString,
  transport: optionalString,
  config: optionalUnknown,
  tools: Schema.optionalKey(
    Schema.Array(
      Schema.Struct({
        name: Schema.String,
        description: optionalString,
        annotations: Schema.optionalKey(
          Schema.Struct({
            readOnly: optionalBoolean,
            destructive: optionalBoolean,
            openWorld: optionalBoolean
          })
        )
      })
    )
  )
})

/**
 * The handshake. It has no session id. `pid` is the CLI's own process, which a wrapper script would differ from.
 * `claude_code_version` and below only since 2.1.3xx.
 *
 * @since 0.1.0
 * @category replies
 */
export interface InitializeResponse {
  readonly commands?: ReadonlyArray<SlashCommand>
  readonly agents?: ReadonlyArray<AgentInfo>
  readonly output_style?: string
  readonly available_output_styles?: ReadonlyArray<string>
  readonly models?: ReadonlyArray<ModelInfo>
  readonly account?: AccountInfo | null
  readonly pid?: number
  readonly claude_code_version?: string
  readonly current_permission_mode?: PermissionMode
  readonly session_state?: Open<"idle" | "running" | "requires_action">
  readonly capabilities?: ReadonlyArray<string>
  readonly hook_on_failure_supported?: boolean
  readonly hooks_applied?: boolean
  readonly mcp_servers_applied?: boolean
  readonly plugins_applied?: boolean
  readonly sdk_mcp_manifests_parked?: { readonly [name: string]: string }
  readonly fast_mode_state?: string
}

const initializeFields = {
  commands: Schema.optionalKey(Schema.Array(SlashCommand)),
  agents: Schema.optionalKey(Schema.Array(AgentInfo)),
  output_style: optionalString,
  available_output_styles: optionalStrings,
  models: Schema.optionalKey(Schema.Array(ModelInfo)),
  account: Schema.optionalKey(
    Schema.NullOr(
      Schema.Struct({
        email: optionalNullableString,
        organization: optionalNullableString,
        subscriptionType: optionalNullableString,
        tokenSource: optionalNullableString,
        apiKeySource: optionalNullableString,
        apiProvider: optionalNullableString
      })
    )
  ),
  pid: optionalNumber,
  claude_code_version: optionalString,
  current_permission_mode: optionalString,
  session_state: optionalString,
  capabilities: optionalStrings,
  hook_on_failure_supported: optionalBoolean,
  hooks_applied: optionalBoolean,
  mcp_servers_applied: optionalBoolean,
  plugins_applied: optionalBoolean,
  sdk_mcp_manifests_parked: Schema.optionalKey(Schema.Record(Schema.String, Schema.String)),
  fast_mode_state: optionalString
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const InitializeResponse: Schema.Codec<InitializeResponse> = Schema.Struct(initializeFields)

const isInitializeResponse = SchemaParser.is(InitializeResponse)

/**
 * Reads the payload of the reply to `initialize`: the payload itself when it holds, else those of its fields that do. A
 * session does not fail for what a newer CLI tells about itself.
 *
 * @since 0.1.0
 * @category replies
 */
export const initializeResponse = (payload: unknown): InitializeResponse => {
  if (isInitializeResponse(payload)) return payload
  const kept = isObject(payload) ? holding(initializeFields, payload) : {}
  return isInitializeResponse(kept) ? kept : {}
}
