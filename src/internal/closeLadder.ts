/**
 * How a child is ended with everything it started: ask → end of stdin → SIGTERM → SIGKILL of the group → sweep, each
 * rung bounded, and snapshots of the descendants before the rungs that could make orphans of them. All of it runs on the
 * live Clock: the child is real even where the time of a test is not.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ChildPipes } from "./childPipes.ts"
import { live } from "./liveClock.ts"
import { groupExists } from "./processSignal.ts"
import type { ProcessEntry, ProcessTable } from "./processTable.ts"
import * as ProcessTree from "./processTree.ts"

/** runs an effect in a fiber of its own, so that not even an uninterruptible or a dying one holds up the caller */
export const bounded = <A, E>(effect: Effect.Effect<A, E>, millis: number): Effect.Effect<void> =>
  live(
    Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) =>
      Fiber.await(fiber).pipe(Effect.timeoutOption(millis), Effect.andThen(Effect.sync(() => fiber.interruptUnsafe())))
    )
  )

/** how long the rungs may take, in ms: those before SIGKILL share four fifths of the bound */
export const rungs = (shutdownTimeout: Duration.Duration): { ask: number; end: number; terminate: number } => {
  const total = Duration.toMillis(shutdownTimeout)
  return {
    ask: Math.min(1_000, total * 0.2),
    end: Math.min(1_000, total * 0.2),
    terminate: Math.min(2_000, total * 0.4)
  }
}

/** what SIGKILL may take beyond the bound */
const settleMillis = 500
const drainMillis = 100

/** waits inside of what cannot be interrupted */
export const within = (deferred: Deferred.Deferred<void>, millis: number): Effect.Effect<void> =>
  Deferred.isDoneUnsafe(deferred)
    ? Effect.void
    : Effect.asVoid(Effect.timeoutOption(Effect.interruptible(Deferred.await(deferred)), millis))

export interface Child {
  readonly pid: number
  readonly pipes: ChildPipes
  /** absent when the pid is none of this machine's: then only its spawner can kill */
  readonly leader: ProcessEntry | undefined
  readonly tree: ProcessTree.Tree
  readonly table: ProcessTable
  readonly running: () => boolean
  readonly gone: Deferred.Deferred<void>
  /** reads stdout to its end and forgets it, when nobody else reads */
  readonly drain: () => void
  /** more of the tree is on record */
  readonly onRecord: () => void
  /** an agent that does nothing need not be asked to stop */
  readonly beforeEnd: (() => Effect.Effect<void> | undefined) | undefined
  readonly shutdownTimeout: Duration.Duration
}

export class Ladder {
  readonly #child: Child
  #forced = false

  constructor(child: Child) {
    this.#child = child
  }

  /** all rungs; those that no longer apply cost nothing */
  get run(): Effect.Effect<void> {
    return Ladder.#climb(this)
  }

  // Made once: see `lightStream.ts`.
  static readonly #climb = Effect.fnUntraced(function* (self: Ladder) {
    const { beforeEnd, drain, gone, pipes, running, shutdownTimeout, table, tree } = self.#child
    const limits = rungs(shutdownTimeout)
    // A reader that was forked just before gets its turn to begin.
    yield* Effect.yieldNow
    if (running() && !self.#forced) {
      const ask = beforeEnd?.()
      if (ask !== undefined) yield* bounded(Effect.raceFirst(ask, Deferred.await(gone)), limits.ask)
      // With no reader, a child that still has something to say would wait for one and not leave.
      drain()
      self.#record()
      yield* pipes.endInput
      yield* within(gone, limits.end)
    }
    drain()
    if (running()) self.#record()
    yield* self.#terminate
    yield* ProcessTree.sweep(table, tree)
    yield* within(pipes.stderrEnded, drainMillis)
    yield* within(pipes.stdoutEnded, drainMillis)
    if (!running()) yield* Effect.ignore(pipes.letGo)
  })

  /** SIGKILLs at once; a `run` under way or after it goes on from there */
  get kill(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.#forced = true
      if (!this.#child.running()) return Effect.void
      this.#record()
      return this.#terminate
    })
  }

  #record(): void {
    const { onRecord, table, tree } = this.#child
    ProcessTree.record(table, tree)
    onRecord()
  }

  get #terminate(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { gone, leader, pid, pipes, running, shutdownTimeout } = this.#child
      if (!running() && (leader === undefined || !groupExists(pid))) return Effect.void
      const wait = this.#forced ? 0 : rungs(shutdownTimeout).terminate
      const kill = pipes.kill({ killSignal: this.#forced ? "SIGKILL" : "SIGTERM", forceKillAfter: wait })
      // the spawner waits for zombies of the group as if they lived, we do not
      const dead = leader === undefined ? Effect.never : Effect.andThen(Deferred.await(gone), this.#groupGone())
      return bounded(Effect.raceFirst(Effect.ignore(kill), dead), wait + settleMillis)
    })
  }

  #groupGone(): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { pid, table } = this.#child
      return groupExists(pid) && table.all().some((entry) => entry.group === pid && !entry.zombie)
        ? Effect.andThen(Effect.sleep("20 millis"), this.#groupGone())
        : Effect.void
    })
  }
}
