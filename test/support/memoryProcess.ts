/** Processes that are not there: what an agent says and hears, in memory, for a spawner to give out. */
import type * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import type * as PlatformError from "effect/PlatformError"
import * as Queue from "effect/Queue"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { JsonObject } from "../../src/claude/ClaudeMessage.ts"
import { killed } from "../../src/testing/internal/cassettePlayer.ts"

export interface MemoryProcess {
  readonly args: ReadonlyArray<string>
  readonly say: (bytes: Uint8Array) => void
  /** How many pieces of what was said nobody has taken. */
  readonly unread: () => number
  /** It says nothing more, and lives on. */
  readonly closeStdout: () => void
  /** It ends by itself; what was said is still read. */
  readonly exit: (how: number | "SIGKILL") => void
}

/** What a process does with a line it hears. */
export type Hears = (line: JsonObject) => void

/** No process has such a number, so a signal that is sent to it reaches nobody. */
let lastPid = 2 ** 30 + 2 ** 20

/** Each child is one that `behave` plays. It ends when its stdin does. */
export const spawner = (
  behave: (process: MemoryProcess) => Hears
): ChildProcessSpawner.ChildProcessSpawner["Service"] =>
  ChildProcessSpawner.make(
    Effect.fnUntraced(function* (command) {
      const stdout = yield* Queue.unbounded<Uint8Array, Cause.Done>()
      const ended = yield* Deferred.make<ChildProcessSpawner.ExitCode, PlatformError.PlatformError>()
      const said = Stream.fromPull(
        Effect.succeed(Effect.map(Queue.take(stdout), (piece): readonly [Uint8Array] => [piece]))
      )
      const closeStdout = (): void => void Queue.endUnsafe(stdout)
      const exit: MemoryProcess["exit"] = (how) => {
        Deferred.doneUnsafe(
          ended,
          typeof how === "number" ? Effect.succeed(ChildProcessSpawner.ExitCode(how)) : Effect.fail(killed(how))
        )
        closeStdout()
      }
      const hears = behave({
        args: command._tag === "StandardCommand" ? command.args.map(String) : [],
        say: (bytes) => void Queue.offerUnsafe(stdout, bytes),
        unread: () => Queue.sizeUnsafe(stdout),
        closeStdout,
        exit
      })
      const decoder = new TextDecoder()
      let rest = ""
      const stdin = Sink.forEach((bytes: Uint8Array) =>
        Effect.sync(() => {
          const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n")
          rest = lines.pop() ?? ""
          for (const line of lines) hears(JSON.parse(line))
        })
      ).pipe(Sink.onExit(() => Effect.sync(() => exit(0))))
      return ChildProcessSpawner.makeHandle({
        pid: ChildProcessSpawner.ProcessId(++lastPid),
        stdin,
        // One at a time: a pipe is not read further than it is asked to be.
        stdout: said,
        stderr: Stream.empty,
        all: said,
        exitCode: Deferred.await(ended),
        isRunning: Effect.map(Deferred.isDone(ended), (done) => !done),
        kill: () => Effect.sync(() => exit("SIGKILL")),
        getInputFd: () => Sink.drain,
        getOutputFd: () => Stream.empty,
        unref: Effect.succeed(Effect.void)
      })
    })
  )
