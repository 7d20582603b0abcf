/**
 * A process that says what another one said, when it is sent what that one was sent. Its time is that of the Clock, so a
 * test has it in hand. It is a spawner's child like any other, and there is nothing behind it.
 */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as PlatformError from "effect/PlatformError"
import type * as ChildProcess from "effect/process/ChildProcess"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as Tape from "./cassetteTape.ts"

/** What goes wrong before the agent's line with the number `at`, the first of a run being 1. */
export type Fault =
  | { readonly at: number; readonly kill: "SIGKILL" | "SIGTERM" | number }
  | { readonly at: number; readonly stall: true }
  | { readonly at: number; readonly garbage: string }
  | { readonly at: number; readonly delay: Duration.Input }

export interface Playing {
  /** Whether the agent takes as long as it did when it was recorded. */
  readonly timed: boolean
  /** By run. */
  readonly faults: ReadonlyArray<ReadonlyArray<Fault>>
  /** Lines that were sent and had not been sent when it was recorded. */
  readonly strange: (line: string) => void
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

/** No process has such a number, so a signal that is sent to it reaches nobody. */
const firstPid = 2 ** 30

const killed = (signal: string): PlatformError.PlatformError =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "ChildProcess",
    method: "exitCode",
    cause: new Error(`Process interrupted due to receipt of signal: '${signal}'`)
  })

const play = Effect.fnUntraced(function* (
  run: Tape.Run,
  faults: ReadonlyArray<Fault>,
  pid: number,
  command: ChildProcess.Command,
  { strange, timed }: Playing
): Effect.fn.Return<ChildProcessSpawner.ChildProcessHandle, never, Scope.Scope> {
  const encoder = new TextEncoder()
  const stdout = yield* Queue.unbounded<Uint8Array, Cause.Done>()
  const stderr = yield* Queue.unbounded<Uint8Array, Cause.Done>()
  const input = yield* Queue.unbounded<string, Cause.Done>()
  const ended = yield* Deferred.make<Ended>()
  const ids = new Map<string, string>()
  const waiting: Array<string> = []
  if (command._tag === "StandardCommand") {
    for (const [index, arg] of run.args.entries()) Tape.learn(ids, arg, String(command.args[index] ?? ""))
  }

  const say = (line: string): Effect.Effect<void> => Effect.asVoid(Queue.offer(stdout, encoder.encode(`${line}\n`)))

  const end = (how: Ended): Effect.Effect<void> =>
    Deferred.succeed(ended, how).pipe(
      Effect.andThen(Queue.end(stdout)),
      Effect.andThen(Queue.end(stderr)),
      Effect.asVoid
    )

  /** The next line of that kind; others wait for their turn. */
  const hear = (kind: string): Effect.Effect<string, Cause.Done> =>
    Effect.suspend(() => {
      const at = waiting.findIndex((line) => Tape.kindOf(line) === kind)
      const [found] = at < 0 ? [] : waiting.splice(at, 1)
      if (found !== undefined) return Effect.succeed(found)
      return Effect.flatMap(Queue.take(input), (line) => {
        waiting.push(line)
        return hear(kind)
      })
    })

  const trouble = Effect.fnUntraced(function* (frame: number) {
    for (const fault of faults.filter(({ at }) => at === frame)) {
      if ("delay" in fault) yield* Effect.sleep(fault.delay)
      else if ("garbage" in fault) yield* say(fault.garbage)
      else if ("stall" in fault) yield* Effect.never
      else {
        yield* end(
          typeof fault.kill === "number" ? { code: fault.kill, signal: null } : { code: null, signal: fault.kill }
        )
        yield* Effect.never
      }
    }
  })

  const perform = Effect.gen(function* () {
    let before = 0
    let frame = 0
    for (const entry of run.entries) {
      const pause = Math.max(0, entry.at - before)
      before = entry.at
      if (entry._tag === "Sent") {
        const line = yield* hear(Tape.kindOf(entry.line))
        Tape.learn(ids, entry.line, line)
        continue
      }
      if (timed && pause > 0) yield* Effect.sleep(Duration.millis(pause))
      switch (entry._tag) {
        case "Said":
          yield* trouble(++frame)
          yield* say(Tape.inTodaysIds(ids, entry.line))
          break
        case "Stderr":
          yield* Queue.offer(stderr, encoder.encode(entry.text))
          break
        case "Exited":
          return yield* end({ code: entry.code, signal: entry.signal })
      }
    }
    // A recording that was cut off: the agent goes on saying nothing, until its stdin ends.
    return yield* Effect.forever(Effect.flatMap(Queue.take(input), (line) => Effect.sync(() => strange(line))))
  }).pipe(Effect.catch(() => end({ code: 0, signal: null })))

  yield* Effect.forkScoped(
    Effect.andThen(
      perform,
      Effect.sync(() => waiting.forEach(strange))
    ),
    {
      startImmediately: true
    }
  )

  const decoder = new TextDecoder()
  let rest = ""
  const stdin = Sink.forEach((bytes: Uint8Array) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    return Queue.offerAll(
      input,
      lines.filter((line) => line !== "")
    )
  }).pipe(Sink.onExit(() => Queue.end(input)))

  const exitCode = Effect.flatMap(Deferred.await(ended), ({ code, signal }) =>
    signal === null
      ? Effect.succeed(ChildProcessSpawner.ExitCode(code ?? 0))
      : Effect.fail<PlatformError.PlatformError>(killed(signal))
  )
  return ChildProcessSpawner.makeHandle({
    pid: ChildProcessSpawner.ProcessId(pid),
    stdin,
    stdout: Stream.fromQueue(stdout),
    stderr: Stream.fromQueue(stderr),
    all: Stream.merge(Stream.fromQueue(stdout), Stream.fromQueue(stderr)),
    exitCode,
    isRunning: Effect.map(Deferred.isDone(ended), (done) => !done),
    kill: (options) => end({ code: null, signal: options?.killSignal ?? "SIGTERM" }),
    getInputFd: () => Sink.drain,
    getOutputFd: () => Stream.empty,
    unref: Effect.succeed(Effect.void)
  })
})

/** A spawner whose first process plays the first run, and so on; there is no process after the last. */
export const spawner = (tape: Tape.Tape, playing: Playing): ChildProcessSpawner.ChildProcessSpawner["Service"] => {
  let started = 0
  return ChildProcessSpawner.make((command) =>
    Effect.suspend(() => {
      const number = started++
      const run = tape.runs[number]
      if (run !== undefined) return play(run, playing.faults[number] ?? [], firstPid + number, command, playing)
      return Effect.fail(
        PlatformError.systemError({
          _tag: "NotFound",
          module: "ChildProcess",
          method: "spawn",
          description: `the cassette ${tape.title} holds ${tape.runs.length} processes, and this is one more`
        })
      )
    })
  )
}
