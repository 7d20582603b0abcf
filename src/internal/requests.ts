/**
 * Requests of ours that wait for an answer: each has an id and a deadline, and all of them fail when the agent is gone.
 * An answer that comes too late, or twice, finds nobody.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { Gate } from "./backlog.ts"

export interface Request<E, R> {
  readonly id: string
  readonly send: Effect.Effect<void, E, R>
  readonly deadline: Duration.Duration
  readonly late: () => E
  /** Tells the agent that nobody waits any more. */
  readonly cancel: Effect.Effect<void>
}

export class Requests<A, E> {
  readonly #pending = new Map<string, Deferred.Deferred<A, E>>()
  readonly #gate: Gate
  readonly #wake: (resume: () => void) => void
  #gone: (() => E) | undefined

  constructor(gate: Gate, wake: (resume: () => void) => void) {
    this.#gate = gate
    this.#wake = wake
  }

  /** How many wait. */
  get size(): number {
    return this.#pending.size
  }

  /** Sends a request and waits for its answer. The pipe stays open meanwhile: the answer is behind what waits. */
  run<R>(request: Request<E, R>): Effect.Effect<A, E, R> {
    // An agent that does not answer may not read either: nobody waits until it has taken the cancel.
    const cancel = Effect.forkDetach(request.cancel, { startImmediately: true })
    return Effect.suspend(() =>
      this.#gone === undefined
        ? Effect.acquireUseRelease(
            Effect.sync(() => this.#begin(request.id)),
            (answer) =>
              request.send.pipe(
                Effect.andThen(Deferred.await(answer)),
                Effect.timeoutOrElse({
                  duration: request.deadline,
                  orElse: () => Effect.andThen(cancel, Effect.fail(request.late()))
                }),
                Effect.onInterrupt(() => cancel)
              ),
            () => Effect.sync(() => this.#end(request.id))
          )
        : Effect.fail(this.#gone())
    )
  }

  /** The answer came. False when nobody waits for it. */
  answer(id: string, exit: Exit.Exit<A, E>): boolean {
    const deferred = this.#pending.get(id)
    if (deferred === undefined) return false
    this.#pending.delete(id)
    this.#wake(() => Deferred.doneUnsafe(deferred, exit))
    return true
  }

  /** The agent is gone: nothing will be answered any more. Mostly nobody asks why, and to make an error costs. */
  failAll(error: () => E): void {
    this.#gone ??= error
    for (const id of this.#pending.keys()) this.answer(id, Exit.fail(error()))
  }

  #begin(id: string): Deferred.Deferred<A, E> {
    const answer = Deferred.makeUnsafe<A, E>()
    this.#pending.set(id, answer)
    this.#gate.hurry()
    return answer
  }

  #end(id: string): void {
    this.#pending.delete(id)
    this.#gate.calm()
  }
}
