/**
 * What the sessions of one credential share: how many turns run at once, and until when there are none, since the provider
 * said so to one of them. Without it each session finds out by itself, and pays for it with a refused turn.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import { AgentError, InvalidOptions } from "./AgentError.ts"

/**
 * A shared limiter. Sessions ask it before they send a turn, and tell it of limits they met.
 *
 * @since 0.1.0
 * @category models
 */
export interface Limiter {
  /** Waits until a turn may be sent, and holds its place until the Scope closes. */
  readonly admit: Effect.Effect<void, never, Scope.Scope>
  /** Sends no turn before a moment, in epoch milliseconds. An earlier moment than one that was told changes nothing. */
  readonly hold: (until: number) => Effect.Effect<void>
  /** Until when no turn is sent; none when turns are sent. */
  readonly heldUntil: Effect.Effect<Option.Option<number>>
}

/**
 * The limiter of the sessions that are opened where it is provided.
 *
 * @since 0.1.0
 * @category services
 */
export const Limiter: Context.Service<Limiter, Limiter> = Context.Service("effect-agent-session/Limiter")

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** How many turns run at once, over all sessions. Default: any number. */
  readonly turns?: number | undefined
  /** The longest hold: who says more is not believed. Default: 7 days, the longest window of a plan. */
  readonly longestHold?: Duration.Input | undefined
}

/**
 * A limiter. Fails with `InvalidOptions` unless `turns` is a whole number from 1 and `longestHold` a duration. A turn that
 * waits behind another one of its own session has its place already.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = Effect.fn("Limiter.make")(function* ({
  longestHold = "7 days",
  turns
}: Options = {}): Effect.fn.Return<Limiter, AgentError> {
  const issues = turns === undefined || (Number.isInteger(turns) && turns > 0) ? [] : ["turns: must be 1 or more"]
  const longest = Option.map(Duration.fromInput(longestHold), Duration.toMillis)
  if (Option.isNone(longest)) issues.push("longestHold: must be a duration")
  if (Option.isNone(longest) || issues.length > 0) {
    return yield* new AgentError({ phase: "resolve", reason: new InvalidOptions({ issues }) })
  }
  const places = turns === undefined ? undefined : yield* Semaphore.make(turns)
  let until = 0

  // It may be put off again while it waits.
  const wait: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) =>
    now >= until ? Effect.void : Effect.flatMap(Effect.sleep(until - now), () => wait)
  )
  const place: Effect.Effect<void, never, Scope.Scope> =
    places === undefined
      ? Effect.void
      : Effect.asVoid(Effect.acquireRelease(places.take(1), () => places.release(1), { interruptible: true }))

  return {
    admit: Effect.andThen(place, wait),
    hold: (moment) =>
      Effect.map(Clock.currentTimeMillis, (now) => {
        if (Number.isFinite(moment)) until = Math.max(until, Math.min(moment, now + longest.value))
      }),
    heldUntil: Effect.map(Clock.currentTimeMillis, (now) => (until > now ? Option.some(until) : Option.none()))
  }
})

/**
 * The limiter of everything below.
 *
 * @example
 * ```ts
 * const Bots = Layer.mergeAll(Reviewer.layer, Writer.layer).pipe(Layer.provide(Limiter.layer({ turns: 4 })))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options?: Options): Layer.Layer<Limiter, AgentError> => Layer.effect(Limiter, make(options))
