/**
 * When to ask again: a Schedule for `Effect.retry` that knows what an agent's errors mean. It waits until a limit resets,
 * does not try what cannot succeed, and does not repeat a turn that has already done something.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import type { AgentError } from "./AgentError.ts"
import { readOnlyTools } from "./Permission.ts"
import type { TurnResult } from "./Turn.ts"

/**
 * @since 0.1.0
 * @category options
 */
export interface Options {
  /** How often at most, after the first attempt. Default: 3. */
  readonly times?: number | undefined
  /** The first wait, when nobody says when to come back; it doubles each time, and 20 % of it are chance. Default: 1 second. */
  readonly base?: Duration.Input | undefined
  /** The longest wait; a limit that resets later is not waited for. Default: 5 minutes. */
  readonly longest?: Duration.Input | undefined
  /**
   * Also when the turn ran a tool before it failed, which may then run twice. Tools that only look do not count
   * (`Permission.readOnlyTools`). Default: false.
   */
  readonly afterSideEffects?: boolean | undefined
}

const looks: ReadonlySet<string> = new Set(readOnlyTools)

/**
 * Whether a turn did something: ran a tool, or may have, that does not only look.
 *
 * @since 0.1.0
 * @category combinators
 */
export const hasSideEffects = ({ toolCalls }: Pick<TurnResult, "toolCalls">): boolean =>
  toolCalls.some(({ name, status }) => status !== "denied" && !looks.has(name))

/**
 * How long to wait before the next attempt (the first after a failure is 1); none when there is to be none. `now` in epoch
 * milliseconds, `chance` from 0 to 1. Pure: {@link schedule} is made of it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const waitFor = (
  error: AgentError,
  attempt: number,
  now: number,
  chance: number,
  { afterSideEffects = false, base = "1 second", longest = "5 minutes", times = 3 }: Options = {}
): Option.Option<Duration.Duration> => {
  if (attempt > times || !error.isRetryable) return Option.none()
  if (!afterSideEffects && error.result !== undefined && hasSideEffects(error.result)) return Option.none()
  const most = Duration.toMillis(Duration.fromInputUnsafe(longest))
  const { reason } = error
  if (reason._tag === "RateLimited" && reason.resetsAt !== undefined) {
    // Never early, and not all at the same moment.
    const wait = Math.max(0, reason.resetsAt - now)
    return wait > most ? Option.none() : Option.some(Duration.millis(wait + 1000 * chance))
  }
  const millis = Duration.toMillis(Duration.fromInputUnsafe(base)) * 2 ** (attempt - 1)
  return Option.some(Duration.millis(Math.min(most, millis) * (0.8 + 0.2 * chance)))
}

/**
 * For `Effect.retry`: tries again what may succeed, as {@link Options} say. It ends with the error itself.
 *
 * @example
 * ```ts
 * const answer = session.ask("Explain OTP in one line").pipe(Effect.retry(Retry.schedule({ times: 5 })))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const schedule = (options: Options = {}): Schedule.Schedule<AgentError, AgentError> =>
  Schedule.fromStepWithMetadata(
    Effect.succeed(({ attempt, input, now }: Schedule.InputMetadata<AgentError>) =>
      Effect.flatMap(Random.next, (chance) => {
        const wait = waitFor(input, attempt, now, chance, options)
        return Option.isNone(wait) ? Cause.done(input) : Effect.succeed([input, wait.value])
      })
    )
  )
