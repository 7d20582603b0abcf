/**
 * The processes of this machine, read when asked. Linux has them in /proc, with their environments; macOS asks `ps`,
 * which shows no environments. All of it is synchronous, so that the end of the host can use it too.
 */
import { execFileSync } from "node:child_process"
import * as procfs from "./procfs.ts"

export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  /** process group; equal to `pid` for its leader */
  readonly group: number
  /** dead, only not yet collected by its parent */
  readonly zombie: boolean
  /** start time in the platform's own spelling; with the pid it names one process for ever */
  readonly started: string
}

/** what names one process for ever */
export interface ProcessId {
  readonly pid: number
  readonly started: string
}

/** one run of the system and one set of pids in it; both empty where start times are dates */
export interface Origin {
  readonly boot: string
  readonly namespace: string
}

/** where the facts come from; none of the reads fails, what cannot be read is not there */
export interface ProcessTable {
  readonly find: (pid: number) => ProcessEntry | undefined
  readonly all: () => ReadonlyArray<ProcessEntry>
  /** everything below those of the given processes that still exist, without them */
  readonly below: (roots: Iterable<ProcessId>) => ReadonlyArray<ProcessEntry>
  /** the pids that carry each marker; none where environments cannot be read */
  readonly markers: () => ReadonlyMap<string, ReadonlyArray<number>>
  /** those of one marker, cheaply; `undefined` when only `markers` can tell */
  readonly markedSince: (marker: string, pid: number, millis: number) => ReadonlyArray<number> | undefined
  /** what the pids are of */
  readonly origin: () => Origin
}

/** whether two entries are one process: a pid alone may have passed to another */
export const isSame = (left: ProcessId, right: ProcessId | undefined): boolean =>
  left.pid === right?.pid && left.started === right.started

const isEntry = (entry: ProcessEntry | undefined): entry is ProcessEntry => entry !== undefined

/** a walk down from the roots; never goes round, even in a table that was read while pids changed hands */
export const descend = (
  roots: Iterable<ProcessId>,
  find: (pid: number) => ProcessEntry | undefined,
  childrenOf: (pid: number) => ReadonlyArray<ProcessEntry>
): ReadonlyArray<ProcessEntry> => {
  const found: Array<ProcessEntry> = []
  const queue: Array<ProcessId> = Array.from(roots).filter((root) => isSame(root, find(root.pid)))
  const seen = new Set(queue.map((root) => root.pid))
  for (const parent of queue) {
    for (const child of childrenOf(parent.pid)) {
      if (seen.has(child.pid)) continue
      seen.add(child.pid)
      queue.push(child)
      found.push(child)
    }
  }
  return found
}

/** the same in a table of everything */
export const descendants = (
  table: ReadonlyArray<ProcessEntry>,
  roots: Iterable<ProcessId>
): ReadonlyArray<ProcessEntry> => {
  const byPid = new Map(table.map((entry) => [entry.pid, entry]))
  const children = Map.groupBy(table, (entry) => entry.parent)
  return descend(
    roots,
    (pid) => byPid.get(pid),
    (pid) => children.get(pid) ?? []
  )
}

const allOfProc = (): ReadonlyArray<ProcessEntry> => procfs.pids().map(procfs.find).filter(isEntry)

export const fromProc: ProcessTable = {
  find: procfs.find,
  all: allOfProc,
  below: (roots) => {
    const heads = Array.from(roots)
    let told = true
    const found = descend(heads, procfs.find, (pid) => {
      const children = procfs.childrenOf(pid)
      told &&= children !== undefined
      return (children ?? []).map(procfs.find).filter(isEntry)
    })
    return told ? found : descendants(allOfProc(), heads)
  },
  markers: () => {
    const found = new Map<string, Array<number>>()
    for (const pid of procfs.pids()) {
      const marker = procfs.markerOf(pid)
      if (marker === undefined) continue
      const same = found.get(marker)
      if (same === undefined) found.set(marker, [pid])
      else same.push(pid)
    }
    return found
  },
  markedSince: (marker, pid, millis) =>
    procfs.givenOutSince(pid, millis)?.filter((one) => procfs.markerOf(one) === marker),
  origin: () => ({ boot: procfs.bootId(), namespace: procfs.pidNamespace() })
}

/** the lines of `ps -o pid=,ppid=,pgid=,stat=,lstart=` */
export const parsePs = (text: string): ReadonlyArray<ProcessEntry> =>
  Array.from(
    text.matchAll(/^ *(\d+) +(\d+) +(\d+) +(\S+) +(\S.*?) *$/gm),
    ([, pid, parent, group, state, started]) => ({
      pid: Number(pid),
      parent: Number(parent),
      group: Number(group),
      zombie: state?.startsWith("Z") === true,
      started: started ?? ""
    })
  )

const ps = (...selection: ReadonlyArray<string>): ReadonlyArray<ProcessEntry> => {
  try {
    return parsePs(
      execFileSync("ps", [...selection, "-o", "pid=,ppid=,pgid=,stat=,lstart="], {
        encoding: "utf8",
        env: { ...process.env, LC_ALL: "C" },
        maxBuffer: 64 * 1024 * 1024,
        stdio: ["ignore", "pipe", "ignore"],
        timeout: 1_000
      })
    )
  } catch {
    return []
  }
}

export const fromPs: ProcessTable = {
  find: (pid) => ps("-p", String(pid))[0],
  all: () => ps("-A"),
  below: (roots) => descendants(ps("-A"), roots),
  markers: () => new Map(),
  markedSince: () => [],
  origin: () => ({ boot: "", namespace: "" })
}

/** the table of this platform */
export const table: ProcessTable = process.platform === "darwin" ? fromPs : fromProc
