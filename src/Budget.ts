/**
 * Money that several sessions share: a cap for one session, a group or a tenant. A turn is not sent when nothing is left;
 * what is left goes to the agent as its own cap when it starts; and when a result uses the cap up, the turns of the other
 * sessions are interrupted. One budget may lie within another: what is spent in the inner one counts in the outer one.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Stream from "effect/Stream"
import { AgentError, InvalidOptions } from "./AgentError.ts"
import { type Account, Purse } from "./internal/account.ts"

export type { Account } from "./internal/account.ts"

/**
 * A cap and what was spent of it. Money in USD.
 *
 * @since 0.1.0
 * @category models
 */
export interface Budget {
  readonly name: string
  /** What may be spent. */
  readonly cap: Effect.Effect<number>
  /** What was spent: by turns that ended, failed and interrupted ones among them. */
  readonly spent: Effect.Effect<number>
  /** What is left: of this budget, and of those it lies within. Never below zero. */
  readonly left: Effect.Effect<number>
  /** Counts what was spent elsewhere. What is no amount (zero, negative, not finite) is passed over. */
  readonly charge: (usd: number) => Effect.Effect<void>
  /** Changes the cap. With a higher one sessions go on: their next turn is sent. */
  readonly setCap: (usd: number) => Effect.Effect<void, AgentError>
  /** Forgets what was spent, as on a new day. The budgets it lies within keep their count. */
  readonly reset: Effect.Effect<void>
  /** What was spent, now and after each change of it or of the cap. */
  readonly changes: Stream.Stream<number>
  /** For adapters: the same, without waiting. */
  readonly account: Account
}

/**
 * The budget of the sessions that are opened where it is provided.
 *
 * @since 0.1.0
 * @category services
 */
export const Budget: Context.Service<Budget, Budget> = Context.Service("effect-agent-session/Budget")

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** USD, more than 0. */
  readonly cap: number
  /** For errors. Default: "budget". */
  readonly name?: string | undefined
  /** The budget this one lies within. Default: none. */
  readonly within?: Budget | undefined
}

const checkCap = (cap: number): Effect.Effect<void, AgentError> =>
  Number.isFinite(cap) && cap > 0
    ? Effect.void
    : Effect.fail(
        new AgentError({
          phase: "resolve",
          reason: new InvalidOptions({ issues: ["cap: must be an amount in USD, more than 0"] })
        })
      )

/**
 * A budget. Fails with `InvalidOptions` for a cap that is no amount.
 *
 * @example
 * ```ts
 * const program = Effect.gen(function* () {
 *   const tenant = yield* Budget.make({ name: "acme", cap: 20 })
 *   const review = yield* Budget.make({ name: "review", cap: 2, within: tenant })
 *   const session = yield* Session.make({ budget: review })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fn("Budget.make")(function* ({
  cap,
  name = "budget",
  within
}: Options): Effect.fn.Return<Budget, AgentError> {
  yield* checkCap(cap)
  // A late reader begins with the last amount.
  const news = yield* PubSub.sliding<number>({ capacity: 1, replay: 1 })
  PubSub.publishUnsafe(news, 0)
  const purse: Purse = new Purse(name, cap, within?.account, () => PubSub.publishUnsafe(news, purse.spent))
  return {
    name,
    cap: Effect.sync(() => purse.cap),
    spent: Effect.sync(() => purse.spent),
    left: Effect.sync(purse.left),
    charge: (usd) => Effect.sync(() => purse.charge(usd)),
    setCap: (usd) =>
      Effect.andThen(
        checkCap(usd),
        Effect.sync(() => purse.setCap(usd))
      ),
    reset: Effect.sync(() => purse.reset()),
    changes: Stream.fromPubSub(news),
    account: purse
  }
})

/**
 * The budget of everything below: sessions that are opened there count in it, and where another budget is provided around
 * it, it lies within that one.
 *
 * @example
 * ```ts
 * const Reviews = ReviewBot.layer.pipe(Layer.provide(Budget.layer({ name: "reviews", cap: 5 })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<Budget, AgentError> =>
  Layer.effect(
    Budget,
    Effect.flatMap(Effect.serviceOption(Budget), (outer) =>
      make({ ...options, within: options.within ?? Option.getOrUndefined(outer) })
    )
  )
