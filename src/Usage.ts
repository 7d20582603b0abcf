/**
 * Tokens and money: what one turn used, and what a session used so far. Agents report running totals for the whole
 * process; this is the one place that turns them into figures per turn, so that nobody adds totals to totals.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/**
 * Tokens of one model. Cached input is counted apart, never folded into `inputTokens`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tokens {
  readonly inputTokens: number
  readonly outputTokens: number
  readonly cacheReadTokens: number
  readonly cacheWriteTokens: number
}

const tokens = {
  inputTokens: Schema.Finite,
  outputTokens: Schema.Finite,
  cacheReadTokens: Schema.Finite,
  cacheWriteTokens: Schema.Finite
}

/**
 * Tokens and list price (USD) of one model.
 *
 * @since 0.1.0
 * @category models
 */
export interface ModelUsage extends Tokens {
  readonly costUsd: number
}

const ModelUsage = Schema.Struct({ ...tokens, costUsd: Schema.Finite })

/**
 * What was used: the sum over all models, and each model apart. `models` is empty when the agent does not tell.
 *
 * @since 0.1.0
 * @category models
 */
export interface Usage extends Tokens {
  readonly models: { readonly [model: string]: ModelUsage }
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const Usage: Schema.Codec<Usage> = Schema.Struct({ ...tokens, models: Schema.Record(Schema.String, ModelUsage) })

/**
 * Nothing used.
 *
 * @since 0.1.0
 * @category constructors
 */
export const empty: Usage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, models: {} }

const noModel: ModelUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 0 }

/**
 * The usage of several models as one: their sum, and each apart.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromModels = (models: { readonly [model: string]: ModelUsage }): Usage => {
  const sum = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 }
  for (const model of Object.values(models)) {
    sum.inputTokens += model.inputTokens
    sum.outputTokens += model.outputTokens
    sum.cacheReadTokens += model.cacheReadTokens
    sum.cacheWriteTokens += model.cacheWriteTokens
  }
  return { ...sum, models }
}

const plus = (a: ModelUsage, b: ModelUsage): ModelUsage => ({
  inputTokens: a.inputTokens + b.inputTokens,
  outputTokens: a.outputTokens + b.outputTokens,
  cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
  cacheWriteTokens: a.cacheWriteTokens + b.cacheWriteTokens,
  costUsd: a.costUsd + b.costUsd
})

/**
 * Adds two usages, model by model.
 *
 * @since 0.1.0
 * @category combinators
 */
export const add = (self: Usage, that: Usage): Usage => {
  const models: Record<string, ModelUsage> = { ...self.models }
  for (const [name, usage] of Object.entries(that.models)) models[name] = plus(models[name] ?? noModel, usage)
  return {
    inputTokens: self.inputTokens + that.inputTokens,
    outputTokens: self.outputTokens + that.outputTokens,
    cacheReadTokens: self.cacheReadTokens + that.cacheReadTokens,
    cacheWriteTokens: self.cacheWriteTokens + that.cacheWriteTokens,
    models
  }
}

/**
 * What the agent reports with a turn. `models` and `costUsd` are running totals since its process started (`undefined`
 * when it does not report them); `turn` is what the turn alone used, for agents that tell it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Report {
  readonly costUsd: number | undefined
  readonly models: { readonly [model: string]: ModelUsage } | undefined
  readonly turn: Tokens | undefined
}

/**
 * Where the running totals stand. `last*` are the agent's totals at the last report, `usage` and `cost` ours since the
 * session began; they survive an agent whose totals start again from zero.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ledger {
  readonly lastCostUsd: number
  readonly lastModels: { readonly [model: string]: ModelUsage }
  readonly usage: Usage
  readonly cost: Option.Option<number>
}

/**
 * The ledger of a session that has spent nothing yet. `base` is what the agent's totals already hold when it starts, as
 * they do after a resume.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ledger = (base?: Report): Ledger => ({
  lastCostUsd: base?.costUsd ?? 0,
  lastModels: base?.models ?? {},
  usage: empty,
  cost: Option.none()
})

// A total that went down belongs to a counter that started again: all of it is new.
const since = (before: number, now: number): number => (now < before ? now : now - before)

const modelSince = (before: ModelUsage, now: ModelUsage): ModelUsage =>
  now.costUsd < before.costUsd || now.inputTokens < before.inputTokens || now.outputTokens < before.outputTokens
    ? now
    : {
        inputTokens: since(before.inputTokens, now.inputTokens),
        outputTokens: since(before.outputTokens, now.outputTokens),
        cacheReadTokens: since(before.cacheReadTokens, now.cacheReadTokens),
        cacheWriteTokens: since(before.cacheWriteTokens, now.cacheWriteTokens),
        costUsd: since(before.costUsd, now.costUsd)
      }

const used = (model: ModelUsage): boolean =>
  model.inputTokens !== 0 ||
  model.outputTokens !== 0 ||
  model.cacheReadTokens !== 0 ||
  model.cacheWriteTokens !== 0 ||
  model.costUsd !== 0

/**
 * Takes a report in: what this turn used, and the ledger after it. The sum of all deltas is the agent's last total.
 *
 * @since 0.1.0
 * @category combinators
 */
export const advance = (
  self: Ledger,
  report: Report
): { readonly ledger: Ledger; readonly usage: Usage; readonly cost: Option.Option<number> } => {
  const cost =
    report.costUsd === undefined ? Option.none<number>() : Option.some(since(self.lastCostUsd, report.costUsd))
  const delta: Record<string, ModelUsage> = {}
  for (const [name, now] of Object.entries(report.models ?? {})) {
    const before = self.lastModels[name]
    const model = before === undefined ? now : modelSince(before, now)
    if (used(model)) delta[name] = model
  }
  const usage = report.models === undefined ? { ...empty, ...report.turn } : fromModels(delta)
  return {
    ledger: {
      lastCostUsd: report.costUsd ?? self.lastCostUsd,
      lastModels: report.models ?? self.lastModels,
      usage: add(self.usage, usage),
      cost: Option.isNone(cost) ? self.cost : Option.some(Option.getOrElse(self.cost, () => 0) + cost.value)
    },
    usage,
    cost
  }
}
