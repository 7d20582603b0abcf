/**
 * The child behind a session: one reader of its stdout, one writer of its stdin, the tail of its stderr, its exit as
 * data. How it ends is `closeLadder.ts`.
 */
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FileSystem from "effect/FileSystem"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import type { ExitStatus } from "../AgentEvent.ts"
import { command, type CommandData, oversizeArgument, redactedOf } from "./agentCommand.ts"
import * as ChildPipes from "./childPipes.ts"
import * as CloseLadder from "./closeLadder.ts"
import * as ExitGuard from "./exitGuard.ts"
import { live } from "./liveClock.ts"
import type { Hear, Outlet } from "./outlet.ts"
import { table } from "./processTable.ts"
import * as ProcessTree from "./processTree.ts"
import { argumentTooLong, fromDefect, fromPlatformError, type SpawnFailure } from "./spawnFailure.ts"
import * as SpawnRegistry from "./spawnRegistry.ts"
import * as StderrTail from "./stderrTail.ts"

export { type CommandData, environment, type Environment } from "./agentCommand.ts"
export type { SpawnFailure } from "./spawnFailure.ts"

export interface AgentProcess {
  readonly pid: number
  /**
   * Reads stdout to its end; what comes waits for what `hear` returned the last time, and that is the back-pressure.
   * `hear` may be called from outside of any fiber. Ends at EOF, or when the child has exited and nothing came for
   * 250 ms: a grandchild may hold the pipe. One reader at a time; after an interrupted one another may go on.
   */
  readonly read: (hear: Hear) => Effect.Effect<void>
  /**
   * Writes one line, whose newline is added when it is missing. Waits while much is unread; `false` when the child
   * is gone, has closed its stdin, or is being closed.
   */
  readonly write: (line: string) => Effect.Effect<boolean>
  /** waits for the exit, then for the rest of stderr (≤ 250 ms), so that the tail is complete */
  readonly exit: Effect.Effect<ExitStatus>
  readonly exited: () => ExitStatus | undefined
  /** the last ≤ 16 KiB of stderr, without secrets */
  readonly stderrTail: () => string
  /** the whole ladder, once; the scope runs it too. Returns when child and descendants are gone or the bound is reached. */
  readonly shutdown: Effect.Effect<void>
  /** SIGKILL at once, then what is left of `shutdown` */
  readonly kill: Effect.Effect<void>
}

export interface SpawnOptions {
  readonly command: CommandData
  /** cut out of the stderr tail, as are the redacted values of the environment */
  readonly secrets?: ReadonlyArray<string> | undefined
  /** where children are on disk, so that the next host ends what this one leaves; default `SpawnRegistry.defaultDirectory` */
  readonly stateDir?: string | undefined
  /** bound of the ladder; 1 s more when SIGKILL or the spawner has to wait for zombies */
  readonly shutdownTimeout: Duration.Duration
  /** what runs first, for ≤ 1 s, if anything: interrupts a running turn; must not throw */
  readonly beforeEnd?: (() => Effect.Effect<void> | undefined) | undefined
}

/** the silence after an exit is counted in slices, so that a host that was busy for 250 ms reads before it gives up */
const quiet = { slices: 5, millis: 50 }

type Tree = { -readonly [K in keyof ProcessTree.Tree]: ProcessTree.Tree[K] }

interface Reader {
  readonly read: AgentProcess["read"]
  /** forgets what is said from now on, unless somebody reads */
  readonly drain: () => void
}

const makeReader = (stdout: Outlet, running: () => boolean): Reader => {
  const turn = Semaphore.makeUnsafe(1)
  let readers = 0
  let closing = false
  const quietly = Effect.suspend(() =>
    live(Effect.timeoutOrElse(stdout.wait(), { duration: quiet.millis, orElse: () => Effect.void }))
  )
  const pump = (hear: Hear): Effect.Effect<void> => {
    const next = stdout.wait(hear)
    let silent = 0
    const loop: Effect.Effect<void> = Effect.suspend(() => {
      const chunks = stdout.take()
      if (chunks !== undefined) {
        silent = 0
        const first = hear(chunks, stdout.own)
        return first === undefined ? loop : Effect.andThen(first, loop)
      }
      if (stdout.isEnded || silent === quiet.slices) return Effect.void
      if (running()) return Effect.andThen(next, loop)
      silent++
      return Effect.andThen(quietly, loop)
    })
    return loop
  }
  return {
    read: (hear) =>
      Effect.suspend(() => {
        readers++
        return turn.withPermit(pump(hear))
      }).pipe(
        Effect.ensuring(
          Effect.sync(() => {
            readers--
            if (closing && readers === 0) stdout.discard()
          })
        )
      ),
    drain: () => {
      closing = true
      if (readers === 0) stdout.discard()
    }
  }
}

/** Apart from what lives as long as the child, which is not to keep a whole environment. */
const spawned = (
  data: CommandData,
  marker: string,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
) =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.flatMap(ChildProcessSpawner, (spawner) => restore(spawner.spawn(command(data, marker)))).pipe(
      Effect.catch((error) => Effect.flatMap(fromPlatformError(fs, data, error), Effect.fail)),
      Effect.catchDefect((defect) => Effect.flatMap(fromDefect(fs, data, defect), Effect.fail))
    )
  )

/**
 * Starts the child. Nothing is left of it when the scope is closed or `shutdown` has returned; a failed start leaves
 * nothing either.
 */
export const spawn = (
  options: SpawnOptions
): Effect.Effect<AgentProcess, SpawnFailure, Scope.Scope | ChildProcessSpawner | FileSystem.FileSystem> =>
  Effect.uninterruptibleMask((restore) => start(options, restore))

const start = Effect.fnUntraced(function* (
  options: SpawnOptions,
  restore: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
) {
  const tooLong = oversizeArgument(options.command.args)
  if (tooLong !== undefined) return yield* Effect.fail(argumentTooLong(tooLong))

  const registry = SpawnRegistry.of(table, options.stateDir ?? SpawnRegistry.defaultDirectory())
  yield* restore(registry.reap)

  const gone = Deferred.makeUnsafe<void>()
  const closed = Deferred.makeUnsafe<void>()
  let status: ExitStatus | undefined
  let last: ExitStatus | undefined
  const running = (): boolean => status === undefined
  const tree: Tree = { marker: globalThis.crypto.randomUUID(), recorded: new Map(), born: undefined }
  let started = true

  // The second of two closes of one scope returns at once, so whoever closes waits for `closed`. `outer` is what the
  // caller's scope sees: it stays there until the ladder is through, then a replaced process leaves nothing behind.
  const outer = yield* Scope.fork(yield* Scope.Scope)
  const own = yield* Scope.make()
  const shutdown = Effect.suspend(() =>
    Scope.close(own, Exit.void).pipe(
      Effect.andThen(Deferred.await(closed)),
      Effect.andThen(Scope.close(outer, Exit.void)),
      Effect.uninterruptible
    )
  )
  yield* Scope.addFinalizer(outer, shutdown)
  let swept = false
  let forget = (): void => {}
  yield* Scope.addFinalizer(
    own,
    Effect.suspend(() =>
      Effect.andThen(
        started && !swept ? live(ProcessTree.sweep(table, tree)) : Effect.void,
        Effect.sync(() => {
          forget()
          last = status ?? { code: null, signal: null }
          Deferred.doneUnsafe(gone, Exit.void)
          Deferred.doneUnsafe(closed, Exit.void)
        })
      )
    )
  )

  const at = performance.now()
  const handle = yield* spawned(options.command, tree.marker, restore).pipe(
    Scope.provide(own),
    Effect.tapError(() => Effect.sync(() => (started = false))),
    Effect.onError(() => shutdown)
  )
  const { pid } = handle
  tree.born = { pid, at }

  const found = table.find(pid)
  const leader = found !== undefined && ProcessTree.isOwnChild(found) ? found : undefined
  let onRecord = (): void => {}
  if (leader !== undefined) {
    tree.recorded.set(leader.pid, leader)
    const entry = registry.add(leader, tree)
    const unregister = ExitGuard.register({ tree, forget: entry.remove })
    onRecord = entry.update
    forget = () => {
      unregister()
      entry.remove()
    }
    if (entry.complaint !== undefined) yield* Effect.logWarning(entry.complaint)
  }

  const tail = StderrTail.make([...(options.secrets ?? []), ...redactedOf(Object.values(options.command.env))])
  let stdout: Outlet | undefined
  const listener: ChildPipes.Listener = {
    stderr: tail.push,
    exited: (ended) => {
      status = ended
      // From now on its pid may pass to another process.
      tree.recorded.delete(pid)
      Deferred.doneUnsafe(gone, Exit.void)
      stdout?.wake()
    }
  }
  const pipes = yield* ChildPipes.make(handle, listener, own)
  stdout = pipes.stdout

  const reader = makeReader(pipes.stdout, running)
  const ladder = new CloseLadder.Ladder({
    pid,
    pipes,
    leader,
    tree,
    table,
    running,
    gone,
    drain: reader.drain,
    onRecord,
    beforeEnd: options.beforeEnd,
    shutdownTimeout: options.shutdownTimeout
  })
  yield* Scope.addFinalizer(
    own,
    Effect.suspend(() =>
      Effect.andThen(
        live(ladder.run),
        Effect.sync(() => (swept = true))
      )
    )
  )

  return {
    pid,
    read: reader.read,
    write: (line: string) =>
      Effect.suspend(() => (running() ? pipes.write(line.endsWith("\n") ? line : `${line}\n`) : Effect.succeed(false))),
    exit: Effect.suspend(() => {
      if (last !== undefined) return Effect.succeed(last)
      return Deferred.await(gone).pipe(
        Effect.andThen(live(CloseLadder.within(pipes.stderrEnded, quiet.slices * quiet.millis))),
        Effect.andThen(Effect.sync(() => (last ??= status ?? { code: null, signal: null })))
      )
    }),
    exited: () => status,
    stderrTail: tail.read,
    shutdown,
    kill: Effect.suspend(() => Effect.uninterruptible(Effect.andThen(ladder.kill, shutdown)))
  }
})
