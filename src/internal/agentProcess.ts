/**
 * The child behind a session: one reader of its stdout, one writer of its stdin, the tail of its stderr, its exit as
 * data. How it ends is `closeLadder.ts`.
 */
import type * as Arr from "effect/Array"
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type * as Pull from "effect/Pull"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { ExitStatus } from "../AgentEvent.ts"
import { command, type CommandData, oversizeArgument, secretsOf } from "./agentCommand.ts"
import * as CloseLadder from "./closeLadder.ts"
import * as ExitGuard from "./exitGuard.ts"
import * as ProcessTable from "./processTable.ts"
import * as ProcessTree from "./processTree.ts"
import { argumentTooLong, fromDefect, fromPlatformError, type SpawnFailure } from "./spawnFailure.ts"
import * as StderrTail from "./stderrTail.ts"

export { command, type CommandData, environment, type Environment } from "./agentCommand.ts"
export type { SpawnFailure } from "./spawnFailure.ts"

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

/** the silence after an exit is counted in slices, so that a host that was busy for 250 ms reads before it gives up */
const quiet = { slices: 5, millis: 50 }
const stdinCapacity = 64

/** The spawner reports a death by signal as a failure whose cause names it in its message, and nowhere else. */
const exitStatus = (result: Result.Result<number, PlatformError>): ExitStatus =>
  Result.isSuccess(result)
    ? { code: result.success, signal: null }
    : { code: null, signal: /'(SIG\w+)'/.exec(String(result.failure.reason.cause))?.[1] ?? null }

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
      yield* CloseLadder.live(Effect.sleep(quiet.millis))
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

  const fs = yield* FileSystem.FileSystem
  const spawner = yield* ChildProcessSpawner
  const marker = globalThis.crypto.randomUUID()
  const trail = CloseLadder.makeTrail(yield* ProcessTable.make, marker)
  const input = yield* makeInput
  const gone = yield* Deferred.make<void>()
  const exit = yield* Deferred.make<ExitStatus>()
  const closed = yield* Deferred.make<void>()
  let status: ExitStatus | undefined

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
  yield* Scope.addFinalizer(
    own,
    trail.sweep.pipe(
      Effect.andThen(Effect.suspend(() => Deferred.succeed(exit, status ?? { code: null, signal: null }))),
      Effect.andThen(Deferred.succeed(closed, undefined))
    )
  )

  const { args, command: executable, options: settings } = command(options.command, marker)
  const handle = yield* spawner.spawn(ChildProcess.make(executable, args, { ...settings, stdin: input.stream })).pipe(
    restore,
    Scope.provide(own),
    Effect.catch((error) => Effect.flatMap(fromPlatformError(fs, options.command, error), Effect.fail)),
    Effect.catchDefect((defect) => Effect.flatMap(fromDefect(fs, options.command, defect), Effect.fail)),
    Effect.tapError(() => Effect.sync(trail.dismiss)),
    Effect.onError(() => shutdown)
  )

  const found = yield* trail.table.find(handle.pid)
  const leader = found !== undefined && ProcessTree.isOwnChild(found) ? found : undefined
  if (leader !== undefined) trail.recorded.set(leader.pid, leader)
  const unregister = leader?.group === handle.pid ? ExitGuard.register(handle.pid) : () => {}
  yield* Scope.addFinalizer(own, Effect.sync(unregister))

  const tail = StderrTail.make([...(options.secrets ?? []), ...secretsOf(options.command.env)])
  const stderr = yield* Stream.runForEachArray(handle.stderr, (chunks) =>
    Effect.sync(() => chunks.forEach(tail.push))
  ).pipe(Effect.ignore, Effect.forkIn(own, { startImmediately: true }))
  const read = makeRead(yield* Scope.provide(Stream.toPull(handle.stdout), own), gone)

  yield* Effect.result(handle.exitCode).pipe(
    Effect.flatMap((result) => {
      const ended = exitStatus(result)
      status = ended
      unregister()
      Queue.shutdownUnsafe(input.queue)
      Deferred.doneUnsafe(gone, Exit.void)
      const rest = CloseLadder.bounded(Fiber.await(stderr), quiet.slices * quiet.millis)
      return Effect.andThen(rest, Deferred.succeed(exit, ended))
    }),
    Effect.forkIn(own, { startImmediately: true })
  )

  const ladder = CloseLadder.make(
    {
      handle,
      leader,
      running: () => status === undefined,
      gone,
      endInput: Queue.end(input.queue),
      drain: read(() => Effect.void),
      stderr,
      beforeEnd: options.beforeEnd,
      shutdownTimeout: options.shutdownTimeout
    },
    trail
  )
  yield* Scope.addFinalizer(own, CloseLadder.live(ladder.run))

  return {
    pid: handle.pid,
    read,
    write: input.write,
    exit: Deferred.await(exit),
    exited: () => status,
    stderrTail: tail.read,
    shutdown,
    kill: Effect.uninterruptible(Effect.andThen(ladder.kill, shutdown))
  }
})
