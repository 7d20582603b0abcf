/** Listens to the processes of a spawner: what they are sent, say, and how they end. They do not notice. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { type Entry, lineReader, type Run } from "./cassetteTape.ts"

/** What was recorded of a process so far. */
export type Recording = () => Run

/** `started` is told of each process; `redact` sees every line before it is kept. */
export const listen = (
  { spawn }: ChildProcessSpawner.ChildProcessSpawner["Service"],
  redact: (line: string) => string,
  started: (recording: Recording) => void
): ChildProcessSpawner.ChildProcessSpawner["Service"] =>
  ChildProcessSpawner.make((command) =>
    Effect.gen(function* () {
      const clock = yield* Clock.Clock
      const handle = yield* spawn(command)
      const began = clock.currentTimeMillisUnsafe()
      const now = (): number => clock.currentTimeMillisUnsafe() - began
      const args = command._tag === "StandardCommand" ? command.args.map((word) => redact(String(word))) : []
      const entries: Array<Entry> = []
      // An exit may be heard of before the last of what was said is read.
      let exited: Entry | undefined
      started(() => ({ args, entries: exited === undefined ? [...entries] : [...entries, exited] }))
      const ended = (code: number | null, signal: string | null): void => {
        exited ??= { _tag: "Exited", at: now(), code, signal }
      }
      const sent = lineReader((line) => entries.push({ _tag: "Sent", at: now(), line: redact(line) }))
      const said = lineReader((line) => entries.push({ _tag: "Said", at: now(), line: redact(line) }))
      const complained = lineReader((line) => entries.push({ _tag: "Stderr", at: now(), text: `${redact(line)}\n` }))
      const cut = Effect.sync(() => {
        const line = said.end()
        if (line !== "") entries.push({ _tag: "Said", at: now(), line: redact(line), cut: true })
      })
      // A pipe that broke was not ended by us.
      const closed = (exit: Exit.Exit<unknown, unknown>): Effect.Effect<void> =>
        Effect.sync(() => {
          if (Exit.isSuccess(exit) && exited === undefined) entries.push({ _tag: "Closed", at: now() })
        })
      const heard = (take: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => Effect.sync(() => take(bytes))
      return ChildProcessSpawner.makeHandle({
        ...handle,
        stdin: Sink.onExit(
          Sink.mapInputEffect(handle.stdin, (bytes: Uint8Array) => Effect.as(heard(sent.push)(bytes), bytes)),
          closed
        ),
        stdout: handle.stdout.pipe(Stream.tap(heard(said.push)), Stream.ensuring(cut)),
        stderr: Stream.tap(handle.stderr, heard(complained.push)),
        exitCode: Effect.tapCause(
          Effect.tap(handle.exitCode, (code) => Effect.sync(() => ended(code, null))),
          (cause) => Effect.sync(() => ended(null, /SIG[A-Z]+/.exec(Cause.pretty(cause))?.[0] ?? "SIGKILL"))
        )
      })
    })
  )
