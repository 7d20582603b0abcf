/**
 * Who descends from a process, and how to kill exactly those. Descendants are found by parent, which loses them when
 * their parent dies first, and by a marker variable in their environment, which does not. All signalling by pid is in
 * here, and none of it goes to a pid that may have passed to another process.
 */
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { ProcessEntry, ProcessTable } from "./processTable.ts"

/** whether two entries are one process: a pid alone may have passed to another */
const isSame = (left: ProcessEntry, right: ProcessEntry | undefined): boolean =>
  left.pid === right?.pid && left.started === right.started

/** everything below those of the given processes that still exist, without them */
export const descendants = (
  table: ReadonlyArray<ProcessEntry>,
  roots: Iterable<ProcessEntry>
): ReadonlyArray<ProcessEntry> => {
  const byPid = new Map<number, ProcessEntry>()
  const children = new Map<number, Array<ProcessEntry>>()
  for (const entry of table) {
    byPid.set(entry.pid, entry)
    const siblings = children.get(entry.parent)
    if (siblings === undefined) children.set(entry.parent, [entry])
    else siblings.push(entry)
  }
  const found: Array<ProcessEntry> = []
  const queue = Array.from(roots).filter((root) => isSame(root, byPid.get(root.pid)))
  const seen = new Set(queue.map((root) => root.pid))
  for (const parent of queue) {
    for (const child of children.get(parent.pid) ?? []) {
      if (seen.has(child.pid)) continue
      seen.add(child.pid)
      queue.push(child)
      found.push(child)
    }
  }
  return found
}

/** a direct child of ours; a spawner that is a fake or runs things elsewhere hands out pids that mean nothing here */
export const isOwnChild = (entry: ProcessEntry): boolean => entry.parent === process.pid

const send = (target: number, signal: NodeJS.Signals | 0): boolean => {
  if (Math.abs(target) <= 1 || Math.abs(target) === process.pid) return false
  try {
    return process.kill(target, signal)
  } catch {
    return false
  }
}

/** whether a process group has a member, be it a zombie */
export const groupExists = (group: number): boolean => send(-group, 0)

/** SIGKILLs the process, with its group when it leads one, unless its pid belongs to another process by now */
export const kill = (table: ProcessTable, entry: ProcessEntry): Effect.Effect<void> =>
  Effect.map(table.find(entry.pid), (now) => {
    if (now === undefined || !isSame(now, entry) || now.zombie) return
    send(now.group === now.pid ? -now.pid : now.pid, "SIGKILL")
  })

/** processes on record, by pid: the child, what was seen below it, and what a sweep killed */
export type Recorded = Map<number, ProcessEntry>

/** puts everything below what is on record on record */
export const record = (table: ProcessTable, recorded: Recorded): Effect.Effect<void> =>
  Effect.map(table.all, (all) => {
    for (const entry of descendants(all, recorded.values())) recorded.set(entry.pid, entry)
  })

const alive = Effect.fnUntraced(function* (table: ProcessTable, recorded: Recorded, marker: string) {
  const known = yield* Effect.forEach(recorded.values(), (entry) =>
    Effect.map(table.find(entry.pid), (now) => (isSame(entry, now) ? now : undefined))
  )
  const roots = [...known.filter(Predicate.isNotUndefined), ...(yield* table.marked(marker))].filter(
    (entry) => !entry.zombie
  )
  if (roots.length === 0) return roots
  const below = descendants(yield* table.all, roots)
  return [...roots, ...below.filter((entry) => !entry.zombie)]
})

/**
 * SIGKILLs what is on record and what carries the marker, with their descendants, until none is found. Unbounded where
 * the kernel cannot kill (a process in an uninterruptible wait), so the caller bounds it.
 */
export const sweep = (table: ProcessTable, recorded: Recorded, marker: string): Effect.Effect<void> =>
  Effect.flatMap(alive(table, recorded, marker), (found) => {
    if (found.length === 0) return Effect.void
    for (const entry of found) recorded.set(entry.pid, entry)
    return Effect.forEach(found, (entry) => kill(table, entry), { discard: true }).pipe(
      Effect.andThen(Effect.sleep("10 millis")),
      Effect.andThen(sweep(table, recorded, marker))
    )
  })
