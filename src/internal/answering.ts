/**
 * Requests of the agent that user code answers: permissions, questions, tool calls, hooks. Each runs in a fiber of its own,
 * and the idle clock stands still meanwhile. One that is withdrawn is interrupted and gets no answer. User code may resist
 * its interruption, so nobody ever waits for that.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type { Journal } from "./journal.ts"
import type { Turns } from "./turns.ts"

interface Pending {
  fiber: Fiber.Fiber<void> | undefined
}

export class Answering<Id> {
  readonly #journal: Pick<Journal, "later" | "flush">
  readonly #turns: Pick<Turns, "hold" | "release">
  readonly #onWithdrawn: ((id: Id) => void) | undefined
  /** Most sessions are never asked. */
  #pending: Map<Id, Pending> | undefined

  constructor(
    journal: Pick<Journal, "later" | "flush">,
    turns: Pick<Turns, "hold" | "release">,
    onWithdrawn?: (id: Id) => void
  ) {
    this.#journal = journal
    this.#turns = turns
    this.#onWithdrawn = onWithdrawn
  }

  has(id: Id): boolean {
    return this.#pending?.has(id) === true
  }

  /** Runs `work` in a fiber of its own, then `reply` unless withdrawn meanwhile. False when the id is there already. */
  ask<A>(id: Id, work: Effect.Effect<A>, reply: (answer: A) => Effect.Effect<void>): boolean {
    if (this.has(id)) return false
    const pending: Pending = { fiber: undefined }
    const all = (this.#pending ??= new Map<Id, Pending>())
    all.set(id, pending)
    this.#turns.hold()
    const isOpen = (): boolean => all.get(id) === pending
    const answered = Effect.flatMap(work, (answer) =>
      Effect.suspend(() => {
        if (!isOpen()) return Effect.void
        this.#close(id)
        this.#journal.later(
          Effect.andThen(
            Effect.suspend(() => reply(answer)),
            this.#journal.flush
          )
        )
        return this.#journal.flush
      })
    )
    this.#journal.later(
      Effect.suspend(() => {
        if (!isOpen()) return Effect.void
        return Effect.map(Effect.forkDetach(answered), (fiber) => {
          pending.fiber = fiber
        })
      })
    )
    return true
  }

  /** The agent takes a request back. False when there is no such request, or it is answered. */
  withdraw(id: Id): boolean {
    const pending = this.#pending?.get(id)
    if (pending === undefined) return false
    this.#close(id)
    this.#onWithdrawn?.(id)
    pending.fiber?.interruptUnsafe()
    return true
  }

  withdrawAll(): void {
    if (this.#pending !== undefined) for (const id of this.#pending.keys()) this.withdraw(id)
  }

  #close(id: Id): void {
    this.#pending?.delete(id)
    this.#turns.release()
  }
}

/** What user code answers within `deadline`; `otherwise` when it is late, fails or dies. What is late is interrupted. */
export const bounded = <A, R = never>(
  work: Effect.Effect<A, unknown, R>,
  deadline: Duration.Duration,
  otherwise: (why: "timeout" | "failed", cause?: Cause.Cause<unknown>) => A
): Effect.Effect<A, never, R> =>
  // Whom the work wakes may withdraw it before its fork has returned.
  Effect.uninterruptibleMask((restore) => {
    const ended = Deferred.makeUnsafe<Exit.Exit<A, unknown>>()
    const told = Effect.onExit(work, (exit) => Deferred.succeed(ended, exit))
    return Effect.flatMap(Effect.forkDetach(told, { startImmediately: true }), (fiber) =>
      restore(Effect.timeoutOption(Deferred.await(ended), deadline)).pipe(
        Effect.map((exit) =>
          Option.isNone(exit)
            ? otherwise("timeout")
            : Exit.isSuccess(exit.value)
              ? exit.value.value
              : otherwise("failed", exit.value.cause)
        ),
        Effect.ensuring(Effect.sync(() => fiber.interruptUnsafe()))
      )
    )
  })
