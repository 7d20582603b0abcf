/**
 * Runs what a user gave to decide or to answer, within its deadline: late, failed, died, or no answer at all, and the
 * default stands in.
 */
import * as Cause from "effect/Cause"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Resolver } from "../AgentEvent.ts"
import { bounded } from "./answering.ts"

export interface Outcome<A> {
  readonly by: Resolver
  readonly answer: A
}

export interface Run<A> {
  /** As in "The permission handler failed". */
  readonly who: string
  readonly work: () => Effect.Effect<unknown, unknown>
  readonly deadline: Duration.Duration
  readonly isAnswer: (value: unknown) => value is A
  /** The default, which says why it is given. */
  readonly otherwise: (message: string) => A
}

export const run = <A>({ deadline, isAnswer, otherwise, who, work }: Run<A>): Effect.Effect<Outcome<A>> => {
  const instead = (by: Resolver, message: string): Outcome<A> => ({ by, answer: otherwise(`${who} ${message}`) })
  const given = Effect.suspend(work).pipe(
    Effect.map((value): Outcome<A> =>
      isAnswer(value) ? { by: "handler", answer: value } : instead("default", "gave no answer.")
    ),
    Effect.tapCause((cause) =>
      Cause.hasInterruptsOnly(cause) ? Effect.void : Effect.logWarning(`${who} failed.`, cause)
    )
  )
  return bounded(given, deadline, (why) =>
    why === "timeout" ? instead("timeout", "did not answer in time.") : instead("default", "failed.")
  )
}
