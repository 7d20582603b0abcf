/**
 * The three pipes, the signals and the exit of a child: directly where `DirectSpawner` has started it, else by the streams and sinks
 * of its handle, so that whoever wraps the spawner sees everything that passes.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { PlatformError } from "effect/PlatformError"
import type { KillOptions } from "effect/process/ChildProcess"
import type { ChildProcessHandle } from "effect/process/ChildProcessSpawner"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ExitStatus } from "../AgentEvent.ts"
import * as DirectChild from "./directChild.ts"
import { Outlet } from "./outlet.ts"

export interface ChildPipes {
  readonly stdout: Outlet
  /** when stdout and when stderr has been read to its end */
  readonly stdoutEnded: Deferred.Deferred<void>
  readonly stderrEnded: Deferred.Deferred<void>
  /** waits while much is unread; `false` when the child or its stdin is gone */
  readonly write: (text: string) => Effect.Effect<boolean>
  /** what was written is flushed, then the child sees EOF */
  readonly endInput: Effect.Effect<unknown>
  /** signals the group and waits until it is gone */
  readonly kill: (options: KillOptions) => Effect.Effect<void, PlatformError>
  /** it is dead to the last process: whoever started it has nothing to signal and no zombie to wait for */
  readonly letGo: Effect.Effect<unknown, PlatformError>
}

export interface Listener {
  readonly stderr: (chunk: Uint8Array) => void
  readonly exited: (status: ExitStatus) => void
}

const done = (deferred: Deferred.Deferred<void>): void => void Deferred.doneUnsafe(deferred, Exit.void)

const stdinCapacity = 64

/** The spawner reports a death by signal as a failure whose cause names it in its message, and nowhere else. */
const exitStatus = (result: Result.Result<number, PlatformError>): ExitStatus =>
  Result.isSuccess(result)
    ? { code: result.success, signal: null }
    : { code: null, signal: /'(SIG\w+)'/.exec(String(result.failure.reason.cause))?.[1] ?? null }

export const make = (handle: ChildProcessHandle, listener: Listener, own: Scope.Scope): Effect.Effect<ChildPipes> => {
  const direct = DirectChild.of(handle)
  if (direct === undefined) return ofHandle(handle, listener, own)
  direct.listen(listener)
  return Effect.succeed(direct)
}

const ofHandle = Effect.fnUntraced(function* (handle: ChildProcessHandle, listener: Listener, own: Scope.Scope) {
  const encoder = new TextEncoder()
  const input = yield* Queue.bounded<string, Cause.Done>(stdinCapacity)
  const stdoutEnded = Deferred.makeUnsafe<void>()
  const stderrEnded = Deferred.makeUnsafe<void>()
  let resume: (() => void) | undefined
  const outlet = new Outlet(() => resume?.(), false)
  const roomAgain = Effect.callback<void>((go) => {
    resume = () => go(Effect.void)
  })

  const fork = <A, E>(effect: Effect.Effect<A, E>): Effect.Effect<unknown> =>
    Effect.forkIn(Effect.ignore(effect), own, { startImmediately: true })

  // What waits goes out as one piece. A child that closes its stdin ends the run, and writers must not wait for it.
  const lines = Stream.fromPull(
    Effect.succeed(Effect.map(Queue.takeAll(input), (texts): readonly [Uint8Array] => [encoder.encode(texts.join(""))]))
  )
  yield* fork(Stream.run(lines, handle.stdin).pipe(Effect.ensuring(Queue.shutdown(input))))
  yield* fork(
    Stream.runForEach(handle.stdout, (chunk) =>
      Effect.suspend(() => (outlet.push(chunk) ? Effect.void : roomAgain))
    ).pipe(
      Effect.ensuring(
        Effect.sync(() => {
          outlet.end()
          done(stdoutEnded)
        })
      )
    )
  )
  yield* fork(
    Stream.runForEach(handle.stderr, (chunk) => Effect.sync(() => listener.stderr(chunk))).pipe(
      Effect.ensuring(Effect.sync(() => done(stderrEnded)))
    )
  )
  yield* fork(
    Effect.map(Effect.result(handle.exitCode), (result) => {
      listener.exited(exitStatus(result))
      Queue.shutdownUnsafe(input)
    })
  )
  const pipes: ChildPipes = {
    stdout: outlet,
    stdoutEnded,
    stderrEnded,
    write: (text) => Queue.offer(input, text),
    endInput: Queue.end(input),
    kill: (options) => handle.kill(options),
    letGo: handle.unref
  }
  return pipes
})
