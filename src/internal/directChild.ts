/**
 * A child of `node:child_process` whose pipes are heard where Node hears them: no stream, no fiber and no copy between
 * its stdout and an `Outlet`. Whoever has only its handle gets streams and sinks of the same pipes.
 *
 * Node keeps a dead child until the next full collection, with all that its listeners reach. They reach this object and
 * nothing of a session: what listens is let go of at the end.
 */
import { spawn as spawnNode, type ChildProcessWithoutNullStreams } from "node:child_process"
import type { Readable } from "node:stream"
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as PlatformError from "effect/PlatformError"
import type { KillOptions } from "effect/process/ChildProcess"
import { type ChildProcessHandle, ExitCode, makeHandle, ProcessId } from "effect/process/ChildProcessSpawner"
import type * as Pull from "effect/Pull"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { ExitStatus } from "../AgentEvent.ts"
import type { Settings } from "./agentCommand.ts"
import type { ChildPipes, Listener } from "./childPipes.ts"
import { live } from "./liveClock.ts"
import { Outlet } from "./outlet.ts"
import { groupExists, send } from "./processSignal.ts"

type KillDefaults = Pick<Settings, "killSignal" | "forceKillAfter">

const ignore = (): void => {}

const failure = (method: string, what: string): PlatformError.PlatformError =>
  PlatformError.systemError({ _tag: "Unknown", module: "ChildProcess", method, cause: new Error(what) })

const pollMillis = 10
/** what the kernel, and whoever reaps the zombies of the group, are given after SIGKILL */
const settleMillis = 1_000

const outletOf = (pipe: Readable): Outlet => new Outlet(() => pipe.resume(), true)

const pull = (outlet: Outlet): Pull.Pull<readonly [Uint8Array, ...Array<Uint8Array>]> =>
  Effect.suspend(() => {
    const chunks = outlet.take()
    if (chunks !== undefined) return Effect.succeed(chunks)
    return outlet.isEnded ? Cause.done() : Effect.andThen(outlet.wait(), pull(outlet))
  })

const outputOf = (outlet: Outlet): Stream.Stream<Uint8Array> => Stream.fromPull(Effect.succeed(pull(outlet)))

export class DirectChild implements ChildPipes {
  readonly pid: number
  readonly stdout: Outlet
  readonly stdoutEnded: Deferred.Deferred<void> = Deferred.makeUnsafe()
  readonly stderrEnded: Deferred.Deferred<void> = Deferred.makeUnsafe()
  private readonly stderr: Outlet
  private readonly exited: Deferred.Deferred<ExitStatus> = Deferred.makeUnsafe()
  private readonly child: ChildProcessWithoutNullStreams
  private readonly killDefaults: KillDefaults
  private listener: Listener | undefined
  private inputClosed = false
  private referenced = true
  private writers: Array<() => void> = []

  constructor(child: ChildProcessWithoutNullStreams, pid: number, killDefaults: KillDefaults) {
    this.child = child
    this.pid = pid
    this.killDefaults = killDefaults
    this.stdout = outletOf(child.stdout)
    this.stderr = outletOf(child.stderr)
    child.on("exit", (code, signal) => {
      this.listener?.exited({ code, signal })
      this.closeInput()
      Deferred.doneUnsafe(this.exited, Exit.succeed({ code, signal }))
    })
    // A pipe that breaks says so by its end, and by what `write` answers.
    child.on("error", ignore)
    child.stdout.on("error", ignore)
    child.stderr.on("error", ignore)
    child.stdin.on("error", () => this.closeInput())
    child.stdin.on("close", () => this.closeInput())
    child.stdin.on("drain", () => this.wakeWriters())
    child.stdout.on("data", (chunk: Uint8Array) => {
      if (!this.stdout.push(chunk)) child.stdout.pause()
    })
    child.stderr.on("data", (chunk: Uint8Array) => {
      if (this.listener !== undefined) this.listener.stderr(chunk)
      else if (!this.stderr.push(chunk)) child.stderr.pause()
    })
    child.stdout.on("close", () => this.end(this.stdout, this.stdoutEnded))
    child.stderr.on("close", () => this.end(this.stderr, this.stderrEnded))
  }

  private end(outlet: Outlet, ended: Deferred.Deferred<void>): void {
    outlet.end()
    Deferred.doneUnsafe(ended, Exit.void)
  }

  private wakeWriters(): void {
    const waiting = this.writers
    this.writers = []
    for (const wake of waiting) wake()
  }

  private closeInput(): void {
    this.inputClosed = true
    this.wakeWriters()
  }

  /** from now on stderr and the exit are told to it, instead of to who has the handle */
  listen(listener: Listener): void {
    this.listener = listener
    for (const chunk of this.stderr.take() ?? []) listener.stderr(chunk)
    const exit = this.exitStatus
    if (exit !== undefined) listener.exited(exit)
  }

  private get exitStatus(): ExitStatus | undefined {
    const { exitCode: code, signalCode: signal } = this.child
    return code === null && signal === null ? undefined : { code, signal }
  }

  /** a pipe that broke is destroyed a little before it says so */
  private get isInputClosed(): boolean {
    return this.inputClosed || this.child.stdin.destroyed
  }

  /** waits while much is unread */
  private untilRoom(): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.isInputClosed || !this.child.stdin.writableNeedDrain
        ? Effect.void
        : Effect.andThen(
            Effect.callback<void>((resume) => {
              this.writers.push(() => resume(Effect.void))
            }),
            this.untilRoom()
          )
    )
  }

  write(data: string | Uint8Array): Effect.Effect<boolean> {
    return Effect.map(this.untilRoom(), () => {
      const open = !this.isInputClosed
      if (open) this.child.stdin.write(data)
      return open
    })
  }

  get endInput(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (!this.isInputClosed) this.child.stdin.end()
      this.closeInput()
    })
  }

  /** signals the group and waits until it is gone; SIGKILL after `forceKillAfter` */
  kill(options?: KillOptions): Effect.Effect<void> {
    const { forceKillAfter, killSignal = this.killDefaults.killSignal } = options ?? this.killDefaults
    const groupGone: Effect.Effect<void> = Effect.suspend(() =>
      groupExists(this.pid) ? Effect.andThen(Effect.sleep(pollMillis), groupGone) : Effect.void
    )
    const settled = <A>(effect: Effect.Effect<A>) =>
      Effect.timeoutOrElse(Effect.asVoid(effect), { duration: settleMillis, orElse: () => Effect.void })
    const exited = Deferred.await(this.exited)
    const ended = Effect.andThen(exited, settled(groupGone))
    // What does not even die of this waits for the kernel, which nobody can hurry.
    const force = Effect.suspend(() => {
      send(-this.pid, "SIGKILL")
      return settled(Effect.andThen(exited, groupGone))
    })
    return live(
      Effect.suspend(() => {
        if (!send(-this.pid, killSignal)) return Effect.void
        return forceKillAfter === undefined
          ? ended
          : Effect.timeoutOrElse(ended, { duration: forceKillAfter, orElse: () => force })
      })
    )
  }

  /** ends what still runs, and closes the pipes, which a process outside the group may hold */
  get release(): Effect.Effect<void> {
    const closed = Effect.sync(() => {
      for (const pipe of [this.child.stdin, this.child.stdout, this.child.stderr]) pipe.destroy()
      this.stdout.discard()
      this.stderr.discard()
      this.listener = undefined
    })
    return Effect.suspend(() => Effect.andThen(this.referenced ? this.kill() : Effect.void, closed))
  }

  get letGo(): Effect.Effect<void> {
    return Effect.sync(() => this.reference(false))
  }

  private reference(referenced: boolean): void {
    this.referenced = referenced
    if (referenced) this.child.ref()
    else this.child.unref()
  }

  /** one by which `of` finds this child again; no copy of it does */
  handle(): ChildProcessHandle {
    const stdout = outputOf(this.stdout)
    const stderr = outputOf(this.stderr)
    const handle = makeHandle({
      pid: ProcessId(this.pid),
      exitCode: Effect.flatMap(Deferred.await(this.exited), ({ code, signal }) =>
        code === null
          ? Effect.fail(failure("exitCode", `the process was ended by the signal '${signal}'`))
          : Effect.succeed(ExitCode(code))
      ),
      isRunning: Effect.sync(() => this.exitStatus === undefined),
      kill: (options) => this.kill(options),
      stdin: Sink.ensuring(
        Sink.forEach((chunk: Uint8Array) =>
          Effect.flatMap(Effect.andThen(this.write(chunk), this.untilRoom()), () =>
            this.isInputClosed ? Effect.fail(failure("stdin", "the process has closed its stdin")) : Effect.void
          )
        ),
        this.endInput
      ),
      stdout,
      stderr,
      all: Stream.merge(stdout, stderr),
      getInputFd: () => Sink.drain,
      getOutputFd: () => Stream.empty,
      unref: Effect.as(
        this.letGo,
        Effect.sync(() => this.reference(true))
      )
    })
    return Object.defineProperty(handle, behind, { value: this })
  }
}

const behind = Symbol()

/** the child of a handle that is as it was made; whoever wraps a handle has another */
export const of = (handle: ChildProcessHandle): DirectChild | undefined =>
  Object.hasOwn(handle, behind) && behind in handle && handle[behind] instanceof DirectChild
    ? handle[behind]
    : undefined

/** starts it, in a group of its own; `undefined` when it cannot be started */
export const spawn = ({ args, cwd, env, executable, ...killDefaults }: Settings): DirectChild | undefined => {
  try {
    const child = spawnNode(executable, args, { cwd, env, detached: true, stdio: ["pipe", "pipe", "pipe"] })
    if (child.pid !== undefined) return new DirectChild(child, child.pid, killDefaults)
    child.on("error", ignore)
  } catch {
    // What Node throws here holds arguments and environment; whoever asked finds out another way.
  }
  return undefined
}
