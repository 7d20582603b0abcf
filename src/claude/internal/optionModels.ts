/** The forms of option values that are more than a text, a number or a switch; `ClaudeOptions` makes them public. */
import * as Schema from "effect/Schema"
import { PermissionMode } from "../../internal/permissionMode.ts"
import type { AgentDefinition, McpServerConfig } from "./controlOutbound.ts"
import { isObject } from "./wire.ts"

/**
 * Where Claude Code reads settings from: `~/.claude`, `.claude/settings.json` and `.claude/settings.local.json`.
 *
 * @since 0.1.0
 * @category options
 */
export type SettingSource = "user" | "project" | "local"

/**
 * Flags of the CLI that have no option here, without the leading dashes: `{ "safe-mode": true, autocompact: "100000" }`
 * becomes `--safe-mode --autocompact=100000`.
 *
 * @since 0.1.0
 * @category options
 */
export interface ExtraArgs {
  readonly [flag: string]: string | true | null
}

/**
 * Settings of Claude Code as an object, in the form of its settings files.
 *
 * @since 0.1.0
 * @category options
 */
export interface Settings {
  readonly [key: string]: unknown
}

/**
 * How much work goes into an answer. Which levels there are depends on the model: `supportedModels` tells.
 *
 * @since 0.1.0
 * @category options
 */
export type Effort = "low" | "medium" | "high" | "xhigh" | "max"

/**
 * Whether and how long the model thinks before it answers: as it sees fit, for so many tokens (older models), or not at
 * all. `display` is for the text of the thinking.
 *
 * @since 0.1.0
 * @category options
 */
export type Thinking =
  | { readonly type: "adaptive"; readonly display?: ThinkingDisplay | undefined }
  | { readonly type: "enabled"; readonly budgetTokens: number; readonly display?: ThinkingDisplay | undefined }
  | { readonly type: "disabled" }

/**
 * @since 0.1.0
 * @category options
 */
export type ThinkingDisplay = "summarized" | "omitted"

/**
 * A plugin: its folder (relative ones start at `cwd`) or .zip file. `skipMcpDiscovery` leaves out the MCP servers that
 * come with it.
 *
 * @since 0.1.0
 * @category options
 */
export type Plugin = string | { readonly path: string; readonly skipMcpDiscovery?: boolean | undefined }

/**
 * How built-in tools behave: in what form the model writes the previews of the choices it offers.
 *
 * @since 0.1.0
 * @category options
 */
export interface ToolConfig {
  readonly askUserQuestion?: { readonly previewFormat?: "markdown" | "html" | undefined } | undefined
}

/**
 * A feature of the API that is not open to everyone. The CLI lets these pass and drops others.
 *
 * @since 0.1.0
 * @category options
 */
export type Beta = "context-1m-2025-08-07"

/** A text that says something. */
export const Filled: Schema.String = Schema.String.check(
  Schema.isPattern(/\S/, { expected: "a text that is not empty" })
)
export const flag = Schema.optional(Schema.Boolean)
export const text = Schema.optional(Schema.String)
export const texts = Schema.optional(Schema.Array(Schema.String))
const filledTexts = Schema.optionalKey(Schema.Array(Filled))
const count = Schema.optionalKey(Schema.Int.check(Schema.isGreaterThan(0)))

/**
 * @since 0.1.0
 * @category schemas
 */
export const Effort: Schema.Codec<Effort> = Schema.Literals(["low", "medium", "high", "xhigh", "max"])

const display = Schema.optional(Schema.Literals(["summarized", "omitted"]))

/**
 * @since 0.1.0
 * @category schemas
 */
export const Thinking: Schema.Codec<Thinking> = Schema.Union([
  Schema.Struct({ type: Schema.Literal("adaptive"), display }),
  Schema.Struct({
    type: Schema.Literal("enabled"),
    budgetTokens: Schema.Int.check(Schema.isGreaterThanOrEqualTo(1024)),
    display
  }),
  Schema.Struct({ type: Schema.Literal("disabled") })
])

/**
 * @since 0.1.0
 * @category schemas
 */
export const Plugin: Schema.Codec<Plugin> = Schema.Union([
  Filled,
  Schema.Struct({ path: Filled, skipMcpDiscovery: flag })
])

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolConfig: Schema.Codec<ToolConfig> = Schema.Struct({
  askUserQuestion: Schema.optional(
    Schema.Struct({ previewFormat: Schema.optional(Schema.Literals(["markdown", "html"])) })
  )
})

// What a server needs is for the CLI to say; it tells in `mcpStatus` what it could not connect to.
const isServer = (value: unknown): value is McpServerConfig => isObject(value)

/** The CLI drops an agent that does not hold, without a word, so the form is checked here as strictly as there. */
export const AgentDefinitionSchema: Schema.Codec<AgentDefinition> = Schema.Struct({
  description: Filled,
  prompt: Filled,
  tools: filledTexts,
  disallowedTools: filledTexts,
  model: Schema.optionalKey(Filled),
  mcpServers: Schema.optionalKey(
    Schema.Array(Schema.Union([Filled, Schema.Record(Schema.String, Schema.declare(isServer))]))
  ),
  skills: filledTexts,
  initialPrompt: Schema.optionalKey(Schema.String),
  maxTurns: count,
  autoCompactWindow: count,
  background: Schema.optionalKey(Schema.Boolean),
  omitClaudeMd: Schema.optionalKey(Schema.Boolean),
  memory: Schema.optionalKey(Schema.Literals(["user", "project", "local"])),
  effort: Schema.optionalKey(Schema.Union([Effort, Schema.Int])),
  permissionMode: Schema.optionalKey(PermissionMode),
  observer: Schema.optionalKey(Filled),
  observerMessage: Schema.optionalKey(Schema.String)
})
