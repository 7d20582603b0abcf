/**
 * The options of the official SDK, held against ours: one that is neither ours nor said in another way does not compile,
 * nor does one of ours that the SDK took back. Checked by `npm run types:agents`.
 */
import type {
  AgentDefinition as TheirAgent,
  EffortLevel,
  Options,
  SandboxSettings,
  SdkBeta,
  SdkPluginConfig,
  SettingSource as TheirSource,
  ThinkingConfig,
  ToolConfig as TheirToolConfig
} from "@anthropic-ai/claude-agent-sdk"
import type {
  AgentDefinition,
  Beta,
  ClaudeOptions,
  Effort,
  Plugin,
  Sandbox,
  SettingSource,
  Thinking,
  ToolConfig
} from "../../src/claude/ClaudeOptions.ts"
import type { elsewhere } from "../claude/sdkOptions.ts"
import type { Within } from "./compare.ts"

type Elsewhere = keyof typeof elsewhere
type Theirs = keyof Options & string
type Ours = keyof ClaudeOptions & string

/** The names that are written out, without those that any name would do for. */
type Named<T> = keyof { [K in keyof T as string extends K ? never : K extends string ? K : never]: T[K] } & string

type Inside<T, K extends keyof NonNullable<T>> = Named<NonNullable<NonNullable<T>[K]>>

export const everyOption: Within<Theirs, Ours | Elsewhere> = true
export const noOptionInVain: Within<Elsewhere, Theirs> = true

export const efforts: Within<EffortLevel, Effort> = true
export const betas: Within<SdkBeta, Beta> = true
export const sources: Within<TheirSource, SettingSource> = true
export const thinking: Within<ThinkingConfig["type"], Thinking["type"]> = true

/** Their one field that is said to be an experiment is not among ours. */
export const agents: Within<Named<TheirAgent>, Named<AgentDefinition> | "criticalSystemReminder_EXPERIMENTAL"> = true
export const plugins: Within<Exclude<Named<SdkPluginConfig>, "type">, Named<Exclude<Plugin, string>>> = true
export const toolConfig: Within<Named<TheirToolConfig>, Named<ToolConfig>> = true
export const questions: Within<Inside<TheirToolConfig, "askUserQuestion">, Inside<ToolConfig, "askUserQuestion">> = true

export const sandbox: Within<Named<SandboxSettings>, Named<Sandbox>> = true
export const network: Within<Inside<SandboxSettings, "network">, Inside<Sandbox, "network">> = true
export const filesystem: Within<Inside<SandboxSettings, "filesystem">, Inside<Sandbox, "filesystem">> = true
export const credentials: Within<Inside<SandboxSettings, "credentials">, Inside<Sandbox, "credentials">> = true
