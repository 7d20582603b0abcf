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
  /** Lines that were sent when it was recorded, and were not. */
  readonly missing: (line: string) => void
}

interface Ended {
  readonly code: number | null
  readonly signal: string | null
}

/** No process has such a number, so a signal that is sent to it reaches nobody. */
const firstPid = 2 ** 30

/** How a spawner tells a death by signal. */
export const killed = (signal: string): PlatformError.PlatformError =>
  PlatformError.systemError({
    _tag: "Unknown",
    module: "ChildProcess",
    method: "exitCode",
    cause: new Error(`Process interrupted due to receipt of signal: '${signal}'`)
  })

/** How it ended once its stdin had: by itself when nothing else is known. */
const afterClose = ({ entries }: Tape.Run): Ended => {
  const last = entries.at(-1)
  return last?._tag === "Exited" && entries.some(({ _tag }) => _tag === "Closed") ? last : { code: 0, signal: null }
}

const play = Effect.fnUntraced(function* (
  run: Tape.Run,
  faults: ReadonlyArray<Fault>,
  pid: number,
  command: ChildProcess.Command,
  ids: Map<string, string>,
  { missing, strange, timed }: Playing
): Effect.fn.Return<ChildProcessSpawner.ChildProcessHandle, never, Scope.Scope> {
  const encoder = new TextEncoder()
  const stdout = yield* Queue.unbounded<Uint8Array, Cause.Done>()
  const stderr = yield* Queue.unbounded<Uint8Array, Cause.Done>()
  const input = yield* Queue.unbounded<string, Cause.Done>()
  const closed = yield* Deferred.make<void>()
  const ended = yield* Deferred.make<Ended>()
  const waiting: Array<string> = []
  if (command._tag === "StandardCommand") {
    for (const [index, arg] of run.args.entries()) Tape.learn(ids, arg, String(command.args[index] ?? ""))
  }

  const write = (text: string): Effect.Effect<void> => Effect.asVoid(Queue.offer(stdout, encoder.encode(text)))

  const end = (how: Ended): Effect.Effect<void> =>
    Deferred.succeed(ended, how).pipe(
      Effect.andThen(Queue.end(stdout)),
      Effect.andThen(Queue.end(stderr)),
      Effect.asVoid
    )

  const listen = Effect.map(Queue.take(input), (line) => waiting.push(line))

  /** The next line of that kind; others wait for their turn. */
  const hear = (kind: string): Effect.Effect<string, Cause.Done> =>
    Effect.suspend(() => {
      const at = waiting.findIndex((line) => Tape.kindOf(line) === kind)
      const [found] = at < 0 ? [] : waiting.splice(at, 1)
      return found === undefined ? Effect.flatMap(listen, () => hear(kind)) : Effect.succeed(found)
    })

  /** Who ends its stdin does not wait for what took its time. */
  const pass = (duration: Duration.Input): Effect.Effect<void> =>
    Effect.raceFirst(Effect.sleep(duration), Deferred.await(closed))

  const trouble = Effect.fnUntraced(function* (frame: number) {
    for (const fault of faults.filter(({ at }) => at === frame)) {
      if ("delay" in fault) yield* pass(fault.delay)
      else if ("garbage" in fault) yield* write(`${fault.garbage}\n`)
      else {
        if ("kill" in fault) {
          const { kill } = fault
          yield* end(typeof kill === "number" ? { code: kill, signal: null } : { code: null, signal: kill })
        }
        return yield* Effect.never
      }
    }
  })

  let at = 0
  const perform = Effect.gen(function* () {
    let before = 0
    let frame = 0
    for (const entry of run.entries) {
      const pause = Math.max(0, entry.at - before)
      before = entry.at
      if (entry._tag === "Sent") Tape.learn(ids, entry.line, yield* hear(Tape.kindOf(entry.line)))
      else if (entry._tag === "Closed") yield* Deferred.await(closed)
      else if (timed && pause > 0) yield* pass(Duration.millis(pause))
      if (entry._tag === "Said") {
        yield* trouble(++frame)
        yield* write(`${Tape.inTodaysIds(ids, entry.line)}${entry.cut === true ? "" : "\n"}`)
      }
      if (entry._tag === "Stderr") yield* Queue.offer(stderr, encoder.encode(entry.text))
      if (entry._tag === "Exited") return yield* end(entry)
      at++
    }
    // A recording that was cut off: the agent says nothing more, until its stdin ends.
    return yield* Effect.forever(listen)
  }).pipe(Effect.catch(() => end(afterClose(run))))

  const compare = Effect.gen(function* () {
    waiting.push(...(yield* Queue.clear(input).pipe(Effect.orElseSucceed(() => []))))
    waiting.forEach(strange)
    for (const entry of run.entries.slice(at)) if (entry._tag === "Sent") missing(entry.line)
  })
  yield* Effect.forkScoped(Effect.ensuring(perform, compare), { startImmediately: true })

  const lines = Tape.lineReader((line) => Queue.offerUnsafe(input, line))
  const stdin = Sink.forEach((bytes: Uint8Array) => Effect.sync(() => lines.push(bytes))).pipe(
    Sink.onExit(() => Effect.andThen(Queue.end(input), Deferred.succeed(closed, undefined)))
  )

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
  const ids = new Map<string, string>()
  return ChildProcessSpawner.make((command) =>
    Effect.suspend(() => {
      const number = started++
      const run = tape.runs[number]
      if (run !== undefined) return play(run, playing.faults[number] ?? [], firstPid + number, command, ids, playing)
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
