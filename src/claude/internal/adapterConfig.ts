/**
 * What the adapter for Claude Code is told once: how it is read from the configuration of a program, what must hold, and
 * how it is laid under the options of each session.
 */
import * as Config from "effect/Config"
import * as Duration from "effect/Duration"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { TimeoutOptions } from "../../AgentAdapter.ts"
import { BaseOptionsSchema, defined, issuesOf } from "../../internal/resolve.ts"
import type { ClaudeAdapterConfig } from "../ClaudeAdapter.ts"
import type { ResolvedClaudeOptions } from "../ClaudeOptions.ts"

const isHttp = (text: string): boolean => /^https?:\/\//.test(text) && URL.canParse(text)

const HttpUrl = Schema.String.check(Schema.makeFilter(isHttp, { expected: "an http:// or https:// URL" }))

const Positive = Schema.DurationFromString.check(
  Schema.makeFilter((duration) => Duration.isGreaterThan(duration, Duration.zero), {
    expected: "a duration greater than zero"
  })
)

const Checked = Schema.Struct({
  executable: Schema.optional(Schema.String),
  configDir: Schema.optional(Schema.NonEmptyString),
  apiKey: Schema.optional(Schema.Union([Schema.String, Schema.Redacted(Schema.String)])),
  baseUrl: Schema.optional(HttpUrl),
  env: BaseOptionsSchema.fields.env,
  stateDir: Schema.optional(Schema.NonEmptyString)
})

/** What is wrong with it, a sentence an issue. Deadlines are looked at with those of the session. */
export const issues = ({ timeouts: _timeouts, ...config }: ClaudeAdapterConfig): ReadonlyArray<string> =>
  issuesOf(Checked, config, "error").map((issue) => `ClaudeAdapter: ${issue}`)

// A variable that is set to nothing is how shells and CI say that there is none.
const optional = <A>(name: string, schema: Schema.Codec<A, string>): Config.Config<A | undefined> =>
  Config.schema(Schema.Union([Schema.Literal("").pipe(Schema.decodeTo(Schema.Undefined)), schema]), name).pipe(
    Config.withDefault(undefined)
  )

const timeout = (name: string) => optional(`EFFECT_AGENT_SESSION_TIMEOUT_${name}`, Positive)

const timeouts: Config.Config<TimeoutOptions> = Config.all({
  startup: timeout("STARTUP"),
  idle: timeout("IDLE"),
  turn: timeout("TURN"),
  control: timeout("CONTROL"),
  permission: timeout("PERMISSION"),
  interrupt: timeout("INTERRUPT"),
  shutdown: timeout("SHUTDOWN")
})

export const config: Config.Config<ClaudeAdapterConfig> = Config.all({
  executable: optional("CLAUDE_CODE_PATH", Schema.String),
  apiKey: optional("ANTHROPIC_API_KEY", Schema.RedactedFromValue(Schema.String)),
  baseUrl: optional("ANTHROPIC_BASE_URL", HttpUrl),
  configDir: optional("CLAUDE_CONFIG_DIR", Schema.String),
  stateDir: optional("EFFECT_AGENT_SESSION_STATE_DIR", Schema.String),
  timeouts
})

/** The options of a session over the configuration of its adapter: what the session says counts more, however it says it. */
export const under = (
  { apiKey, baseUrl, configDir, env }: ClaudeAdapterConfig,
  options: ResolvedClaudeOptions
): ResolvedClaudeOptions => ({
  ...options,
  env: {
    base: options.env?.base ?? env?.base,
    set: {
      ...env?.set,
      ...defined({
        ANTHROPIC_API_KEY: typeof apiKey === "string" ? Redacted.make(apiKey) : apiKey,
        ANTHROPIC_BASE_URL: baseUrl,
        CLAUDE_CONFIG_DIR: options.claude?.configDir ?? configDir
      }),
      ...options.env?.set
    }
  }
})
