/**
 * The child behind a session: one reader of its stdout, one writer of its stdin, the tail of its stderr, its exit as
 * data, and the ladder that ends it with everything it started. Its waits run on the live Clock: the child is real even
 * where the time of a test is not.
 */
import type * as Arr from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import { type ChildProcessHandle, ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { command, type CommandData, oversizeArgument, secretsOf } from "./agentCommand.ts"
import * as ExitGuard from "./exitGuard.ts"
import * as ProcessTable from "./processTable.ts"
import * as ProcessTree from "./processTree.ts"
import { argumentTooLong, fromDefect, fromPlatformError, type SpawnFailure } from "./spawnFailure.ts"
import * as StderrTail from "./stderrTail.ts"

export { command, type CommandData, environment, type Environment } from "./agentCommand.ts"
export type { SpawnFailure } from "./spawnFailure.ts"

/** how a process ended; both `null` when that is not known */
export interface ExitStatus {
  readonly code: number | null
  readonly signal: string | null
}

export interface AgentProcess {
  readonly pid: number
  /**
   * Reads stdout to its end, one call per pull; the next pull waits for what the call returns, and that is the
   * back-pressure. Ends at EOF, or when the child has exited and a pull has waited 250 ms in vain: a grandchild may
   * hold the pipe. One reader at a time; after an interrupted one another may go on.
   */
  readonly read: (onChunks: OnChunks) => Effect.Effect<void>
  /**
   * Writes one line, whose newline is added when it is missing. Waits while 64 lines are unread; `false` when the child
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

export type OnChunks = (chunks: ReadonlyArray<Uint8Array>) => Effect.Effect<void>

export interface SpawnOptions {
  readonly command: CommandData
  /** cut out of the stderr tail, as are the redacted values of the environment */
  readonly secrets?: ReadonlyArray<string> | undefined
  /** bound of the ladder; 1 s more when SIGKILL or the spawner has to wait for zombies */
  readonly shutdownTimeout: Duration.Duration
  /** runs first, for ≤ 1 s: interrupts a running turn */
  readonly beforeEnd?: Effect.Effect<void> | undefined
}

/** how long the rungs may take, in ms: the ones before SIGKILL share four fifths of the bound */
export const rungs = (shutdownTimeout: Duration.Duration) => {
  const total = Duration.toMillis(shutdownTimeout)
  return {
    ask: Math.min(1_000, total * 0.2),
    end: Math.min(1_000, total * 0.2),
    terminate: Math.min(2_000, total * 0.4)
  }
}

const settleMillis = 500
const drainMillis = 100
/** the silence after an exit is counted in slices, so that a host that was busy for 250 ms reads before it gives up */
const quiet = { slices: 5, millis: 50 }
const stdinCapacity = 64

const liveClock = Clock.Clock.defaultValue()
const live = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Clock.Clock, liveClock)

/** runs an effect in a fiber of its own, so that not even an uninterruptible or a dying one holds up the caller */
const bounded = <A, E>(effect: Effect.Effect<A, E>, millis: number): Effect.Effect<void> =>
  Effect.flatMap(Effect.forkDetach(effect, { startImmediately: true }), (fiber) =>
    Fiber.await(fiber).pipe(Effect.timeoutOption(millis), Effect.andThen(Effect.sync(() => fiber.interruptUnsafe())))
  )

/** The spawner reports a death by signal as a failure whose cause names it in its message, and nowhere else. */
const exitStatus = (exit: Exit.Exit<number, PlatformError>): ExitStatus => {
  if (Exit.isSuccess(exit)) return { code: exit.value, signal: null }
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  return { code: null, signal: /'(SIG\w+)'/.exec(String(error?.reason.cause))?.[1] ?? null }
}

/** One queue for the life of the child; what waits in it goes out as one piece. */
const makeInput = Effect.map(Queue.bounded<string, Cause.Done>(stdinCapacity), (queue) => {
  const encoder = new TextEncoder()
  const take = Effect.map(Queue.takeAll(queue), (lines): Arr.NonEmptyReadonlyArray<Uint8Array> => [
    encoder.encode(lines.join(""))
  ])
  return {
    queue,
    // A child that closes its stdin ends the stream: without the shutdown, writers would wait for it for ever.
    stream: Stream.fromPull(Effect.succeed(take)).pipe(Stream.ensuring(Queue.shutdown(queue))),
    write: (line: string) => Queue.offer(queue, line.endsWith("\n") ? line : `${line}\n`)
  }
})

type Output = Pull.Pull<Arr.NonEmptyReadonlyArray<Uint8Array>, PlatformError>

const makeRead = (pull: Output, gone: Deferred.Deferred<void>): AgentProcess["read"] => {
  const reader = Semaphore.makeUnsafe(1)
  let pulls = 0
  let waiting = false
  const next = Effect.suspend(() => {
    pulls++
    waiting = true
    return pull
  })
  const silence = Effect.gen(function* () {
    yield* Deferred.await(gone)
    for (let slices = 0; slices < quiet.slices;) {
      const before = waiting ? pulls : undefined
      yield* live(Effect.sleep(quiet.millis))
      slices = waiting && pulls === before ? slices + 1 : 0
    }
  })
  return (onChunks) =>
    next.pipe(
      Effect.flatMap((chunks) => {
        waiting = false
        return onChunks(chunks)
      }),
      Effect.forever({ disableYield: true }),
      Effect.ignore,
      Effect.raceFirst(silence),
      reader.withPermit
    )
}

/**
 * Starts the child. Nothing is left of it when the scope is closed or `shutdown` has returned; a failed start leaves
 * nothing either.
 */
export const spawn: (
  options: SpawnOptions
) => Effect.Effect<AgentProcess, SpawnFailure, Scope.Scope | ChildProcessSpawner | FileSystem.FileSystem> =
  Effect.fnUntraced(function* (options) {
    const tooLong = oversizeArgument(options.command.args)
    if (tooLong !== undefined) return yield* Effect.fail(argumentTooLong(tooLong))

    const fs = yield* FileSystem.FileSystem
    const spawner = yield* ChildProcessSpawner
    const table = yield* ProcessTable.make
    const input = yield* makeInput
    const marker = globalThis.crypto.randomUUID()
    const recorded: ProcessTree.Recorded = new Map()
    const gone = yield* Deferred.make<void>()
    const exit = yield* Deferred.make<ExitStatus>()
    const closed = yield* Deferred.make<void>()
    let status: ExitStatus | undefined
    let swept = false
    let forced = false

    // The second of two closes of one scope returns at once, so whoever closes waits for `closed`. `outer` is what the
    // caller's scope sees: it stays there until the ladder is through, then a replaced process leaves nothing behind.
    const outer = yield* Scope.fork(yield* Scope.Scope)
    const own = yield* Scope.make()
    const shutdown = Scope.close(own, Exit.void).pipe(
      Effect.andThen(Deferred.await(closed)),
      Effect.andThen(Scope.close(outer, Exit.void)),
      Effect.uninterruptible
    )
    yield* Scope.addFinalizer(outer, shutdown)

    const sweep = Effect.suspend(() => {
      if (swept) return Effect.void
      swept = true
      return bounded(ProcessTree.sweep(table, recorded, marker), settleMillis)
    })
    yield* Scope.addFinalizer(
      own,
      live(sweep).pipe(
        Effect.andThen(Effect.suspend(() => Deferred.succeed(exit, status ?? { code: null, signal: null }))),
        Effect.andThen(Deferred.succeed(closed, undefined))
      )
    )

    const { args, command: executable, options: settings } = command(options.command, marker)
    const handle: ChildProcessHandle = yield* spawner
      .spawn(ChildProcess.make(executable, args, { ...settings, stdin: input.stream }))
      .pipe(
        Scope.provide(own),
        Effect.catch((error) => Effect.flatMap(fromPlatformError(fs, options.command, error), Effect.fail)),
        Effect.catchDefect((defect) => Effect.fail(fromDefect(options.command, defect))),
        Effect.tapError(() => {
          swept = true
          return shutdown
        })
      )

    const found = yield* table.find(handle.pid)
    const leader = found !== undefined && ProcessTree.isOwnChild(found) ? found : undefined
    if (leader !== undefined) recorded.set(leader.pid, leader)
    const unregister = leader?.group === handle.pid ? ExitGuard.register(handle.pid) : () => {}

    const tail = StderrTail.make([...(options.secrets ?? []), ...secretsOf(options.command.env)])
    const stderr = yield* Stream.runForEachArray(handle.stderr, (chunks) =>
      Effect.sync(() => chunks.forEach(tail.push))
    ).pipe(Effect.ignore, Effect.forkIn(own, { startImmediately: true }))
    const read = makeRead(yield* Scope.provide(Stream.toPull(handle.stdout), own), gone)

    yield* Effect.exit(handle.exitCode).pipe(
      Effect.flatMap((result) => {
        status = exitStatus(result)
        unregister()
        Queue.shutdownUnsafe(input.queue)
        Deferred.doneUnsafe(gone, Exit.void)
        return live(bounded(Fiber.await(stderr), quiet.slices * quiet.millis))
      }),
      Effect.andThen(Effect.suspend(() => (status === undefined ? Effect.void : Deferred.succeed(exit, status)))),
      Effect.forkIn(own, { startImmediately: true })
    )

    const limits = rungs(options.shutdownTimeout)
    const running = (): boolean => status === undefined
    const snapshot = bounded(ProcessTree.record(table, recorded), settleMillis)

    /** the spawner waits for zombies of the group as if they lived; we do not */
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
      const killed = handle.kill({ killSignal: forced ? "SIGKILL" : "SIGTERM", forceKillAfter: wait })
      const done = leader === undefined ? Effect.never : Effect.andThen(Deferred.await(gone), groupGone)
      return bounded(Effect.raceFirst(Effect.ignore(killed), done), wait + settleMillis)
    })

    const ladder = Effect.gen(function* () {
      // With no reader, a child that still has something to say would wait for one and not leave.
      const drain = yield* Effect.forkDetach(read(() => Effect.void))
      if (running() && !forced) {
        if (options.beforeEnd !== undefined) {
          yield* bounded(Effect.raceFirst(options.beforeEnd, Deferred.await(gone)), limits.ask)
        }
        yield* snapshot
        yield* Queue.end(input.queue)
        yield* bounded(Deferred.await(gone), limits.end)
      }
      if (running()) yield* snapshot
      yield* terminate
      yield* sweep
      // The pipes are read to their end: destroyed before it, Node keeps their descriptors open.
      yield* bounded(Effect.andThen(Fiber.await(stderr), Fiber.await(drain)), drainMillis)
      drain.interruptUnsafe()
      // Dead to the last process: the spawner's release has nothing to signal and no zombie to wait for.
      if (!running()) yield* Effect.ignore(handle.unref)
      unregister()
    })
    yield* Scope.addFinalizer(own, live(ladder))

    const kill = Effect.suspend(() => {
      forced = true
      return running() ? live(Effect.andThen(snapshot, terminate)) : Effect.void
    }).pipe(Effect.andThen(shutdown), Effect.uninterruptible)

    return {
      pid: handle.pid,
      read,
      write: input.write,
      exit: Deferred.await(exit),
      exited: () => status,
      stderrTail: tail.read,
      shutdown,
      kill
    }
  }, Effect.uninterruptible)
