/**
 * What a child started, and how to kill exactly that. It is found by parent, which loses what outlives its parent, and
 * by a marker variable in the environment, which does not. None of the signals goes to a pid that may have passed to
 * another process.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { send } from "./processSignal.ts"
import { isSame, type ProcessEntry, type ProcessId, type ProcessTable } from "./processTable.ts"

/** a direct child of ours; a spawner that is a fake or runs things elsewhere hands out pids that mean nothing here */
export const isOwnChild = (entry: ProcessEntry): boolean => entry.parent === process.pid

/** SIGKILLs the process, with its group when it leads one, unless its pid belongs to another process by now */
export const kill = (table: ProcessTable, entry: ProcessId): void => {
  const now = table.find(entry.pid)
  if (now === undefined || !isSame(now, entry) || now.zombie) return
  send(now.group === now.pid ? -now.pid : now.pid, "SIGKILL")
}

/** One child and what came of it. */
export interface Tree {
  readonly marker: string
  /** by pid: the child, what was seen below it, and what a sweep killed */
  readonly recorded: Map<number, ProcessId>
  /** the child's pid and when it was started, on the clock of `performance.now()`; absent when it was not us */
  readonly born?: { readonly pid: number; readonly at: number } | undefined
}

/** puts everything below what is on record on record */
export const record = (table: ProcessTable, { recorded }: Tree): void => {
  for (const entry of table.below(recorded.values())) recorded.set(entry.pid, entry)
}

/** those with its marker, when that costs little */
const markedCheaply = (table: ProcessTable, { born, marker }: Tree): ReadonlyArray<number> | undefined =>
  born === undefined ? undefined : table.markedSince(marker, born.pid, performance.now() - born.at)

/** kills what is on record and the given pids, with everything below; how many there were */
const killAll = (table: ProcessTable, { recorded }: Tree, marked: ReadonlyArray<number>): number => {
  const living = (pid: number): ReadonlyArray<ProcessEntry> => {
    const entry = table.find(pid)
    return entry === undefined || entry.zombie ? [] : [entry]
  }
  const known = Array.from(recorded.values()).flatMap((entry) => living(entry.pid).filter((now) => isSame(now, entry)))
  const roots = [...known, ...marked.flatMap(living)]
  if (roots.length === 0) return 0
  const below = table.below(roots).filter((entry) => !entry.zombie)
  for (const entry of [...roots, ...below]) {
    recorded.set(entry.pid, entry)
    kill(table, entry)
  }
  return roots.length
}

/**
 * One walk over the markers of all processes for all that ask at about the same time: fifty sessions that close together
 * cost one. Nobody gets a walk that began before the question.
 */
const shared = <A>(walk: () => A): Effect.Effect<A> => {
  let waiting: Deferred.Deferred<A> | undefined
  return Effect.suspend(() => {
    if (waiting !== undefined) return Deferred.await(waiting)
    const mine = (waiting = Deferred.makeUnsafe<A>())
    const run = Effect.suspend(() => {
      waiting = undefined
      Deferred.doneUnsafe(mine, Exit.succeed(walk()))
      return Deferred.await(mine)
    })
    return Effect.uninterruptible(Effect.andThen(Effect.yieldNow, run))
  })
}

const walks = new WeakMap<ProcessTable, Effect.Effect<ReadonlyMap<string, ReadonlyArray<number>>>>()

const sharedMarkers = (table: ProcessTable): Effect.Effect<ReadonlyMap<string, ReadonlyArray<number>>> => {
  const walk = walks.get(table) ?? shared(table.markers)
  walks.set(table, walk)
  return walk
}

/** what the kernel is given to take a SIGKILL to its end, before the tree is looked at again */
const pauseMillis = 10
/** where it cannot kill (a process in an uninterruptible wait) the sweep ends without it */
const rounds = 50

/** SIGKILLs what is on record and what carries the marker, with their descendants, until none is found (≤ 0.5 s) */
export const sweep = (table: ProcessTable, tree: Tree): Effect.Effect<void> => {
  const round = (left: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const cheap = markedCheaply(table, tree)
      const marked =
        cheap === undefined
          ? Effect.map(sharedMarkers(table), (all) => all.get(tree.marker) ?? [])
          : Effect.succeed(cheap)
      return Effect.flatMap(marked, (pids) =>
        killAll(table, tree, pids) === 0 || left === 1
          ? Effect.void
          : Effect.andThen(Effect.sleep(pauseMillis), round(left - 1))
      )
    })
  return round(rounds)
}

/** the same for many at once, at the end of the host: nothing else runs meanwhile */
export const sweepNow = (table: ProcessTable, trees: ReadonlyArray<Tree>): void => {
  const pause = new Int32Array(new SharedArrayBuffer(4))
  for (let left = rounds; left > 0; left--) {
    const markers = table.markers()
    const found = trees.map((tree) => killAll(table, tree, markers.get(tree.marker) ?? []))
    if (found.every((count) => count === 0)) return
    Atomics.wait(pause, 0, 0, pauseMillis)
  }
}
