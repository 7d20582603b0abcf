/**
 * How a child is ended with everything it started: ask → end of stdin → SIGTERM → SIGKILL of the group → sweep, each
 * rung bounded, and snapshots of the descendants before the rungs that could make orphans of them. All of it runs on the
 * live Clock: the child is real even where the time of a test is not.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ChildProcessHandle } from "effect/process/ChildProcessSpawner"
import type { ProcessEntry, ProcessTable } from "./processTable.ts"
import * as ProcessTree from "./processTree.ts"

const liveClock = Clock.Clock.defaultValue()

/** what waits in it waits for the machine, also under a TestClock */
export const live = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Clock.Clock, liveClock)

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

/** for what takes milliseconds unless the kernel itself is stuck: a walk, a SIGKILL, a sweep */
const settleMillis = 500
const drainMillis = 100

/** What was seen of the child's tree, and the sweep of it: there before the child is, so that nothing slips between. */
export interface Trail {
  readonly table: ProcessTable
  readonly recorded: ProcessTree.Recorded
  /** kills what is left, once; later calls find it done */
  readonly sweep: Effect.Effect<void>
  /** nothing was started, so there is nothing to look for */
  readonly dismiss: () => void
}

export const makeTrail = (table: ProcessTable, marker: string): Trail => {
  const recorded: ProcessTree.Recorded = new Map()
  let swept = false
  return {
    table,
    recorded,
    sweep: Effect.suspend(() => {
      if (swept) return Effect.void
      swept = true
      return bounded(ProcessTree.sweep(table, recorded, marker), settleMillis)
    }),
    dismiss: () => {
      swept = true
    }
  }
}

export interface Child {
  readonly handle: ChildProcessHandle
  /** absent when the pid is none of this machine's: then only the handle can kill */
  readonly leader: ProcessEntry | undefined
  readonly running: () => boolean
  readonly gone: Deferred.Deferred<void>
  readonly endInput: Effect.Effect<unknown>
  /** reads stdout to its end and forgets it */
  readonly drain: Effect.Effect<void>
  /** ends with stderr */
  readonly stderr: Fiber.Fiber<void>
  readonly beforeEnd: Effect.Effect<void> | undefined
  readonly shutdownTimeout: Duration.Duration
}

export interface Ladder {
  /** all rungs; those that no longer apply cost nothing */
  readonly run: Effect.Effect<void>
  /** SIGKILLs at once; a `run` under way or after it goes on from there */
  readonly kill: Effect.Effect<void>
}

export const make = (child: Child, { recorded, sweep, table }: Trail): Ladder => {
  const { gone, handle, leader, running } = child
  const limits = rungs(child.shutdownTimeout)
  let forced = false
  const snapshot = bounded(ProcessTree.record(table, recorded), settleMillis)

  const groupGone: Effect.Effect<void> = Effect.suspend(() => {
    if (!ProcessTree.groupExists(handle.pid)) return Effect.void
    return Effect.flatMap(table.all, (all) =>
      all.some((entry) => entry.group === handle.pid && !entry.zombie)
        ? Effect.andThen(Effect.sleep("20 millis"), groupGone)
        : Effect.void
    )
  })

  const terminate = Effect.suspend(() => {
    if (!running() && (leader === undefined || !ProcessTree.groupExists(handle.pid))) return Effect.void
    const wait = forced ? 0 : limits.terminate
    const kill = handle.kill({ killSignal: forced ? "SIGKILL" : "SIGTERM", forceKillAfter: wait })
    // the spawner waits for zombies of the group as if they lived, we do not
    const done = leader === undefined ? Effect.never : Effect.andThen(Deferred.await(gone), groupGone)
    return bounded(Effect.raceFirst(Effect.ignore(kill), done), wait + settleMillis)
  })

  return {
    run: Effect.gen(function* () {
      // With no reader, a child that still has something to say would wait for one and not leave.
      const drain = yield* Effect.forkDetach(child.drain)
      if (running() && !forced) {
        if (child.beforeEnd !== undefined) {
          yield* bounded(Effect.raceFirst(child.beforeEnd, Deferred.await(gone)), limits.ask)
        }
        yield* snapshot
        yield* child.endInput
        yield* bounded(Deferred.await(gone), limits.end)
      }
      if (running()) yield* snapshot
      yield* terminate
      yield* sweep
      // The pipes are read to their end: destroyed before it, Node keeps their descriptors open.
      yield* bounded(Effect.andThen(Fiber.await(child.stderr), Fiber.await(drain)), drainMillis)
      drain.interruptUnsafe()
      // Dead to the last process: the spawner's release has nothing to signal and no zombie to wait for.
      if (!running()) yield* Effect.ignore(handle.unref)
    }),
    kill: Effect.suspend(() => {
      forced = true
      return running() ? Effect.andThen(snapshot, terminate) : Effect.void
    })
  }
}
