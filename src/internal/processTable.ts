/**
 * The processes of this machine, read when asked. Linux has them in /proc, with their environments; macOS asks `ps`,
 * which shows no environments.
 */
import { Buffer } from "node:buffer"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as FileSystem from "effect/FileSystem"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"

/** in the environment of every child, with a value of its own per child; what the child starts inherits it */
export const markerVariable = "EFFECT_AGENT_SESSION"

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

/** where the facts come from; none of the reads fails, what cannot be read is not there */
export interface ProcessTable {
  readonly find: (pid: number) => Effect.Effect<ProcessEntry | undefined>
  readonly all: Effect.Effect<ReadonlyArray<ProcessEntry>>
  /** processes that carry this marker; empty where environments cannot be read */
  readonly marked: (marker: string) => Effect.Effect<ReadonlyArray<ProcessEntry>>
}

/** /proc/<pid>/stat; the name in parentheses may hold spaces and parentheses */
export const parseStat = (text: string): ProcessEntry | undefined => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const [state, parent, group] = fields
  const started = fields[19]
  const pid = Number.parseInt(text, 10)
  if (state === undefined || started === undefined || Number.isNaN(pid)) return undefined
  return { pid, parent: Number(parent), group: Number(group), zombie: "ZXx".includes(state), started }
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

/**
 * Lets callers that come at the same time share one run: fifty sessions that close together cost two walks instead of
 * fifty. A run that is under way may have passed by what a caller has just started, so it waits for the next one.
 */
const shared = <A>(run: Effect.Effect<A>): Effect.Effect<A> => {
  let running = false
  let waiting: Deferred.Deferred<A> | undefined
  const serve: Effect.Effect<void> = Effect.suspend(() => {
    const current = waiting
    waiting = undefined
    running = current !== undefined
    if (current === undefined) return Effect.void
    return run.pipe(
      Effect.exit,
      Effect.flatMap((exit) => Deferred.done(current, exit)),
      Effect.andThen(serve)
    )
  })
  return Effect.suspend(() => {
    const mine = (waiting ??= Deferred.makeUnsafe<A>())
    const started = running ? Effect.void : Effect.forkDetach(serve, { startImmediately: true })
    return Effect.andThen(started, Deferred.await(mine))
  })
}

/** reads of /proc that are under way at once; the thread pool behind the service has four */
const concurrency = 16

const markerPattern = new RegExp(`(?:^|\\0)${markerVariable}=([^\\0]*)`)

/** more than most environments have; a longer one takes several reads */
const pieceBytes = 16 * 1024

/**
 * Reads small files into buffers that it keeps: `readFile` takes a fresh one of 64 KiB for every file whose size it is
 * not told, and collecting those costs more than the walk.
 */
const makeRead = (fs: FileSystem.FileSystem): ((path: string) => Effect.Effect<string>) => {
  const idle: Array<Buffer> = []
  const readAll = Effect.fnUntraced(function* (path: string, buffer: Buffer) {
    const file = yield* fs.open(path)
    let text = ""
    for (;;) {
      const bytes = Number(yield* file.read(buffer))
      text += buffer.toString("latin1", 0, bytes)
      if (bytes < buffer.length) return text
    }
  }, Effect.scoped)
  return (path) =>
    Effect.suspend(() => {
      const buffer = idle.pop() ?? Buffer.allocUnsafeSlow(pieceBytes)
      return readAll(path, buffer).pipe(
        Effect.orElseSucceed(() => ""),
        Effect.tap(() => Effect.sync(() => idle.push(buffer)))
      )
    })
}

export const fromProc = (fs: FileSystem.FileSystem): ProcessTable => {
  const readPath = makeRead(fs)
  const read = (pid: number, file: string): Effect.Effect<string> => readPath(`/proc/${pid}/${file}`)
  const find = (pid: number): Effect.Effect<ProcessEntry | undefined> => Effect.map(read(pid, "stat"), parseStat)
  const findAll = (pids: ReadonlyArray<number>): Effect.Effect<ReadonlyArray<ProcessEntry>> =>
    Effect.map(Effect.forEach(pids, find, { concurrency }), (entries) => entries.filter(Predicate.isNotUndefined))
  const pids = fs.readDirectory("/proc").pipe(
    Effect.map((names) => names.map(Number).filter(Number.isInteger)),
    Effect.orElseSucceed((): ReadonlyArray<number> => [])
  )
  // Asks every process, of whatever user: the kernel refuses those that we could not kill anyway, and that refusal
  // costs less than looking up the owner first.
  const markers = shared(
    Effect.flatMap(
      pids,
      Effect.forEach(
        (pid) => Effect.map(read(pid, "environ"), (environ) => ({ pid, marker: markerPattern.exec(environ)?.[1] })),
        { concurrency }
      )
    )
  )
  return {
    find,
    all: shared(Effect.flatMap(pids, findAll)),
    marked: (marker) =>
      Effect.flatMap(markers, (found) => findAll(found.filter((one) => one.marker === marker).map((one) => one.pid)))
  }
}

export const fromPs = (spawner: ChildProcessSpawner["Service"]): ProcessTable => {
  const ps = (...selection: ReadonlyArray<string>): Effect.Effect<ReadonlyArray<ProcessEntry>> =>
    spawner
      .string(
        ChildProcess.make("ps", [...selection, "-o", "pid=,ppid=,pgid=,stat=,lstart="], {
          env: { LC_ALL: "C" },
          extendEnv: true,
          stderr: "ignore",
          forceKillAfter: "100 millis"
        })
      )
      .pipe(
        Effect.map(parsePs),
        Effect.orElseSucceed(() => [])
      )
  return {
    find: (pid) => Effect.map(ps("-p", String(pid)), ([entry]) => entry),
    all: shared(ps("-A")),
    marked: () => Effect.succeed([])
  }
}

/** one table per file system service, so that sessions share its walks */
const tables = new WeakMap<FileSystem.FileSystem, ProcessTable>()

/** the table of this platform */
export const make: Effect.Effect<ProcessTable, never, FileSystem.FileSystem | ChildProcessSpawner> = Effect.gen(
  function* () {
    const fs = yield* FileSystem.FileSystem
    const spawner = yield* ChildProcessSpawner
    if (process.platform === "darwin") return fromPs(spawner)
    const table = tables.get(fs) ?? fromProc(fs)
    tables.set(fs, table)
    return table
  }
)
