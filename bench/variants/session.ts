/** What both variants of this library share: an open session, and a consumer that sleeps or never wakes. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { AgentError } from "../../src/AgentError.ts"
import * as ClaudeAdapter from "../../src/claude/ClaudeAdapter.ts"
import * as ClaudeSession from "../../src/claude/ClaudeSession.ts"
import type { Job, Variant } from "./Variant.ts"

/** One turn of the session, and how one of its elements is counted. */
export interface Reader<A> {
  readonly turn: (session: ClaudeSession.ClaudeSession) => Stream.Stream<A, AgentError>
  readonly count: (job: Job, elements: ReadonlyArray<A>) => void
}

const withSession = <A>(
  job: Job,
  use: (session: ClaudeSession.ClaudeSession) => Effect.Effect<A, AgentError>
): Promise<A> =>
  ClaudeSession.make({ partialMessages: true }).pipe(
    Effect.flatMap(use),
    Effect.scoped,
    Effect.provide(ClaudeAdapter.layer({ executable: job.executable }).pipe(Layer.provide(NodeServices.layer))),
    Effect.runPromise
  )

export const variantOf = <A>(reader: Reader<A>): Variant => {
  const counted = (job: Job, elements: ReadonlyArray<A>): Effect.Effect<void> =>
    Effect.sync(() => reader.count(job, elements))

  /** Runs the turn; after its first delta the consumer does what `then` says, once. */
  const consume = (
    job: Job,
    session: ClaudeSession.ClaudeSession,
    then: Effect.Effect<void>
  ): Effect.Effect<void, AgentError> => {
    let first = true
    return reader.turn(session).pipe(
      Stream.runForEachArray((elements) => {
        reader.count(job, elements)
        if (!first || job.meter.counted.deltas === 0) return Effect.void
        first = false
        return then
      })
    )
  }

  return {
    read: (job) =>
      withSession(job, (session) =>
        reader.turn(session).pipe(Stream.runForEachArray((elements) => counted(job, elements)))
      ),

    sleep: (job) =>
      withSession(job, (session) => {
        const wakeAndInterrupt = Effect.gen(function* () {
          yield* Effect.sleep(job.sleepMs)
          job.meter.interrupt()
          yield* Effect.forkDetach(Effect.ignore(session.interrupt))
        })
        return consume(job, session, wakeAndInterrupt)
      }),

    stuck: (job) =>
      withSession(
        job,
        Effect.fnUntraced(function* (session) {
          const asleep = yield* Deferred.make<void>()
          const neverWake = Effect.andThen(Deferred.succeed(asleep, undefined), Effect.never)
          yield* Effect.forkChild(consume(job, session, neverWake))
          yield* Deferred.await(asleep)
          yield* Effect.sleep(job.sleepMs)
          job.meter.interrupt()
          const outcome = yield* session.interrupt
          job.meter.end(undefined)
          return outcome
        })
      )
  }
}
