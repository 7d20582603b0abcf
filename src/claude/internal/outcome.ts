/**
 * What a `result` frame says about its turn: pure classification. `is_error` decides, not `subtype`; who asked for an
 * interrupt is not known here.
 */
import {
  AuthenticationFailed,
  BillingError,
  LimitReached,
  ModelNotFound,
  Overloaded,
  PromptTooLong,
  RateLimited,
  type Reason,
  Refused,
  StructuredOutputInvalid,
  TurnFailed
} from "../../AgentError.ts"
import type { TurnEnd } from "../../internal/liveTurn.ts"
import type * as Usage from "../../Usage.ts"
import type { ModelUsage, Result, Usage as WireUsage } from "../ClaudeMessage.ts"

/** What went before a result and explains it: the API failure the CLI worded as an answer, the last rate limit told. */
export interface Context {
  readonly error: string | undefined
  readonly status: number | undefined
  readonly resetsAt: number | undefined
}

const tokens = (usage: WireUsage): Usage.Tokens => ({
  inputTokens: usage.input_tokens ?? 0,
  outputTokens: usage.output_tokens ?? 0,
  cacheReadTokens: usage.cache_read_input_tokens ?? 0,
  cacheWriteTokens: usage.cache_creation_input_tokens ?? 0
})

export const usageOf = (usage: WireUsage): Usage.Usage => ({ ...tokens(usage), models: {} })

const model = (usage: ModelUsage): Usage.ModelUsage => ({
  inputTokens: usage.inputTokens ?? 0,
  outputTokens: usage.outputTokens ?? 0,
  cacheReadTokens: usage.cacheReadInputTokens ?? 0,
  cacheWriteTokens: usage.cacheCreationInputTokens ?? 0,
  costUsd: usage.costUSD ?? 0
})

/** Running totals per model, in our words. */
export const modelsOf = (models: Result["modelUsage"]): Usage.Report["models"] =>
  models === undefined
    ? undefined
    : Object.fromEntries(Object.entries(models).map(([name, usage]) => [name, model(usage)]))

/** The running totals of the process, as the result tells them. */
export const reportOf = (result: Result): Usage.Report => ({
  costUsd: result.total_cost_usd,
  models: modelsOf(result.modelUsage),
  turn: result.usage === undefined || result.usage === null ? undefined : tokens(result.usage)
})

const describe = (result: Result): string =>
  result.result ??
  (result.errors === undefined || result.errors.length === 0 ? result.subtype : result.errors.join("; "))

const byError = (error: string, description: string, context: Context): Reason | undefined => {
  switch (error) {
    case "authentication_failed":
    case "oauth_org_not_allowed":
    case "account_on_hold":
    case "verification_required":
    case "cloud_credential_error":
      return new AuthenticationFailed({ description })
    case "billing_error":
      return new BillingError({ description })
    case "rate_limit":
      return new RateLimited({ description, ...(context.resetsAt === undefined ? {} : { resetsAt: context.resetsAt }) })
    case "overloaded":
    case "server_error":
      return new Overloaded({ description, ...(context.status === undefined ? {} : { status: context.status }) })
    case "model_not_found":
      return new ModelNotFound({ description })
    default:
      return undefined
  }
}

const byStatus = (status: number, description: string, context: Context): Reason | undefined =>
  status === 401 || status === 403
    ? new AuthenticationFailed({ description })
    : status === 404
      ? new ModelNotFound({ description })
      : status === 429
        ? byError("rate_limit", description, context)
        : status >= 500
          ? new Overloaded({ description, status })
          : undefined

const failure = (result: Result, context: Context): Reason => {
  const description = describe(result)
  const kind = result.terminal_reason ?? context.error ?? result.subtype
  if (kind === "prompt_too_long" || kind === "blocking_limit") return new PromptTooLong({ description })
  const status = result.api_error_status ?? context.status
  const named = context.error === undefined ? undefined : byError(context.error, description, context)
  return (
    named ??
    (status === undefined ? undefined : byStatus(status, description, context)) ??
    new TurnFailed({ kind, description })
  )
}

/** How the turn ended. */
export const endOf = (result: Result, context: Context): TurnEnd => {
  const common = {
    report: reportOf(result),
    output: result.structured_output,
    stopReason: result.stop_reason ?? undefined
  }
  if (!result.is_error) {
    return result.stop_reason === "refusal"
      ? { ...common, outcome: { _tag: "Refused" }, reason: () => new Refused({ description: describe(result) }) }
      : { ...common, outcome: { _tag: "Completed" }, fallbackText: result.result ?? undefined }
  }
  switch (result.subtype) {
    case "error_max_turns":
      return {
        ...common,
        outcome: { _tag: "LimitReached", which: "turns" },
        reason: () => new LimitReached({ which: "turns" })
      }
    case "error_max_budget_usd":
      return {
        ...common,
        outcome: { _tag: "LimitReached", which: "budget" },
        reason: () => new LimitReached({ which: "budget" })
      }
    case "error_max_structured_output_retries":
      return {
        ...common,
        outcome: { _tag: "Failed" },
        reason: () => new StructuredOutputInvalid({ text: result.result ?? "", issue: describe(result) })
      }
    default:
      return { ...common, outcome: { _tag: "Failed" }, reason: () => failure(result, context) }
  }
}
