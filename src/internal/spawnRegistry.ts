/**
 * The children of all hosts of a user, on disk: an entry a child, from its start to its end. What is there of a host
 * that is dead was left by a SIGKILL or a crash, and the first start of the next host ends it. Files are written at
 * once and not through a FileSystem service, as /proc is read: they are about this machine's processes.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { live } from "./liveClock.ts"
import { isSame, type ProcessEntry, type ProcessId, type ProcessTable } from "./processTable.ts"
import * as ProcessTree from "./processTree.ts"
import * as SpawnEntry from "./spawnEntry.ts"

export interface SpawnRegistry {
  /** Ends what dead hosts left behind; later calls wait for the first. Never fails. */
  readonly reap: Effect.Effect<void>
  /** Puts a child on disk. Never fails: the child is worth more than its entry. */
  readonly add: (child: ProcessEntry, tree: ProcessTree.Tree) => Registration
}

export interface Registration {
  /** why children are not on disk, said once */
  readonly complaint: string | undefined
  /** writes what was recorded of the tree since */
  readonly update: () => void
  readonly remove: () => void
}

/** `$XDG_STATE_HOME/effect-agent-session`, which is an absolute path or none, else the same below ~/.local/state */
export const defaultDirectory = (): string => {
  const base = process.env["XDG_STATE_HOME"]
  const state = base !== undefined && path.isAbsolute(base) ? base : path.join(os.homedir(), ".local", "state")
  return path.join(state, "effect-agent-session")
}

/** more of them are left to later starts, and a larger file is no entry */
const maxEntries = 1_000
const maxBytes = 64 * 1024

const suffix = ".json"

const quietly = (run: () => void): void => {
  try {
    run()
  } catch {
    // gone already, or not ours to change: an entry more or less is no reason to fail
  }
}

const isOurs = (uid: number): boolean => process.getuid === undefined || uid === process.getuid()

/** Whoever can write an entry can have a process of this user killed. */
const check = (directory: string): void => {
  const { mode, uid } = fs.statSync(directory)
  if (!isOurs(uid)) throw new Error(`${directory} belongs to another user`)
  if ((mode & 0o022) !== 0) throw new Error(`${directory} can be written by other users`)
}

/** in one piece: whoever reads the directory sees the whole entry or none */
const write = (file: string, text: string): void => {
  const temporary = `${file}.${process.pid}`
  try {
    fs.writeFileSync(temporary, text, { flag: "wx", mode: 0o600 })
    fs.renameSync(temporary, file)
  } catch (error) {
    quietly(() => fs.unlinkSync(temporary))
    throw error
  }
}

const read = (file: string): SpawnEntry.SpawnEntry | undefined => {
  const found = fs.lstatSync(file)
  return found.isFile() && isOurs(found.uid) && found.size <= maxBytes
    ? SpawnEntry.decode(fs.readFileSync(file, "utf8"))
    : undefined
}

const isAlive =
  (table: ProcessTable) =>
  (id: ProcessId): boolean => {
    const now = table.find(id.pid)
    return isSame(id, now) && now?.zombie === false
  }

/** a half-written entry of a host that is gone */
const isStray = (name: string, table: ProcessTable): boolean => {
  const host = /\.json\.(\d+)$/.exec(name)?.[1]
  return host !== undefined && table.find(Number(host)) === undefined
}

const treeOf = (entry: SpawnEntry.SpawnEntry): ProcessTree.Tree => ({
  marker: entry.marker,
  recorded: new Map([entry.child, ...entry.descendants].map((process) => [process.pid, process]))
})

/** one file: judged, and what it names ended before it goes, so that a reaper that dies leaves it to the next */
const reapFile = (table: ProcessTable, file: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    const entry = read(file)
    const verdict = SpawnEntry.judge(entry, table.origin(), isAlive(table))
    if (verdict === "leave") return Effect.void
    const swept = verdict === "reap" && entry !== undefined ? ProcessTree.sweep(table, treeOf(entry)) : Effect.void
    return Effect.andThen(swept, () => Effect.sync(() => fs.unlinkSync(file)))
  }).pipe(Effect.ignoreCause)

const reapAll = (table: ProcessTable, directory: string): Effect.Effect<void> =>
  Effect.suspend(() => {
    check(directory)
    const names = fs.readdirSync(directory)
    for (const name of names) if (isStray(name, table)) quietly(() => fs.unlinkSync(path.join(directory, name)))
    const entries = names.filter((name) => name.endsWith(suffix)).slice(0, maxEntries)
    return Effect.forEach(entries, (name) => reapFile(table, path.join(directory, name)), {
      concurrency: "unbounded",
      discard: true
    })
  }).pipe(Effect.ignoreCause)

const complaintOf = (directory: string, problem: unknown): string =>
  `agents are not written down in ${directory}, so what they leave behind when this process is killed with -9 stays: ${String(problem)}`

const once = (effect: Effect.Effect<void>): Effect.Effect<void> => {
  let begun: Deferred.Deferred<void> | undefined
  return Effect.suspend(() => {
    if (begun !== undefined) return Deferred.await(begun)
    const done = (begun = Deferred.makeUnsafe<void>())
    return Effect.ensuring(
      effect,
      Effect.sync(() => Deferred.doneUnsafe(done, Exit.void))
    )
  })
}

export const make = (table: ProcessTable, directory: string): SpawnRegistry => {
  let prepared = false
  let complained = false
  const host = table.find(process.pid)
  const origin = table.origin()
  const put = (child: ProcessEntry, tree: ProcessTree.Tree): void => {
    if (host === undefined) throw new Error("the processes of this machine cannot be read")
    if (!prepared) {
      fs.mkdirSync(directory, { recursive: true, mode: 0o700 })
      check(directory)
      prepared = true
    }
    const entry: SpawnEntry.SpawnEntry = {
      version: 1,
      ...origin,
      host: { pid: host.pid, started: host.started },
      child: { pid: child.pid, started: child.started },
      group: child.group,
      marker: tree.marker,
      descendants: Array.from(tree.recorded.values(), ({ pid, started }) => ({ pid, started })).filter(
        (one) => one.pid !== child.pid
      )
    }
    write(path.join(directory, `${tree.marker}${suffix}`), SpawnEntry.encode(entry))
  }
  return {
    reap: once(live(reapAll(table, directory))),
    add: (child, tree) => {
      let problem: unknown
      let written = tree.recorded.size
      try {
        put(child, tree)
      } catch (error) {
        // A directory that was taken away is made again for the next child.
        prepared = false
        problem = error
      }
      const complaint = problem === undefined || complained ? undefined : complaintOf(directory, problem)
      complained ||= problem !== undefined
      return {
        complaint,
        update: () => {
          if (problem !== undefined || tree.recorded.size === written) return
          written = tree.recorded.size
          quietly(() => put(child, tree))
        },
        remove: () => {
          if (problem === undefined) quietly(() => fs.unlinkSync(path.join(directory, `${tree.marker}${suffix}`)))
        }
      }
    }
  }
}

const registries = new Map<string, SpawnRegistry>()

/** the one of a directory, so that it is reaped once in the life of this host */
export const of = (table: ProcessTable, directory: string): SpawnRegistry => {
  const registry = registries.get(directory) ?? make(table, directory)
  registries.set(directory, registry)
  return registry
}
