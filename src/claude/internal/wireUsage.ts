/**
 * Token usage and cost, as the Messages API and the CLI spell them.
 */
import * as Schema from "effect/Schema"
import { optionalNullableNumber, optionalNullableString, optionalNumber, optionalString } from "./wire.ts"

/**
 * Tokens of one API answer or one turn. In an assistant frame it is the value of `message_start`: do not add these up.
 *
 * @since 0.1.0
 * @category models
 */
export interface Usage {
  readonly input_tokens?: number | null
  readonly output_tokens?: number | null
  readonly cache_creation_input_tokens?: number | null
  readonly cache_read_input_tokens?: number | null
  readonly output_tokens_details?: { readonly thinking_tokens?: number | null } | null
  readonly server_tool_use?: {
    readonly web_search_requests?: number | null
    readonly web_fetch_requests?: number | null
  } | null
  readonly cache_creation?: {
    readonly ephemeral_1h_input_tokens?: number | null
    readonly ephemeral_5m_input_tokens?: number | null
  } | null
  readonly service_tier?: string | null
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Usage: Schema.Codec<Usage> = Schema.Struct({
  input_tokens: optionalNullableNumber,
  output_tokens: optionalNullableNumber,
  cache_creation_input_tokens: optionalNullableNumber,
  cache_read_input_tokens: optionalNullableNumber,
  output_tokens_details: Schema.optionalKey(Schema.NullOr(Schema.Struct({ thinking_tokens: optionalNullableNumber }))),
  server_tool_use: Schema.optionalKey(
    Schema.NullOr(
      Schema.Struct({ web_search_requests: optionalNullableNumber, web_fetch_requests: optionalNullableNumber })
    )
  ),
  cache_creation: Schema.optionalKey(
    Schema.NullOr(
      Schema.Struct({
        ephemeral_1h_input_tokens: optionalNullableNumber,
        ephemeral_5m_input_tokens: optionalNullableNumber
      })
    )
  ),
  service_tier: optionalNullableString
})

/**
 * Tokens and money of one model, as `result.modelUsage` has them: cumulative for the process, `costUSD` in US dollars.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelUsage {
  readonly inputTokens?: number
  readonly outputTokens?: number
  readonly cacheReadInputTokens?: number
  readonly cacheCreationInputTokens?: number
  readonly thinkingTokens?: number
  readonly webSearchRequests?: number
  readonly costUSD?: number
  readonly contextWindow?: number
  readonly maxOutputTokens?: number
  readonly canonicalModel?: string
  readonly provider?: string
  readonly costBasis?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ModelUsage: Schema.Codec<ModelUsage> = Schema.Struct({
  inputTokens: optionalNumber,
  outputTokens: optionalNumber,
  cacheReadInputTokens: optionalNumber,
  cacheCreationInputTokens: optionalNumber,
  thinkingTokens: optionalNumber,
  webSearchRequests: optionalNumber,
  costUSD: optionalNumber,
  contextWindow: optionalNumber,
  maxOutputTokens: optionalNumber,
  canonicalModel: optionalString,
  provider: optionalString,
  costBasis: optionalString
})
