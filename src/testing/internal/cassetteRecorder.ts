/** Listens to the processes of a spawner: what they are sent, say, and how they end. They do not notice. */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import type { Entry } from "./cassetteTape.ts"

export interface Recording {
  readonly args: ReadonlyArray<string>
  readonly entries: Array<Entry>
}

/** Whole lines of bytes that come in pieces. */
const lineReader = (line: (text: string) => void): ((bytes: Uint8Array) => void) => {
  const decoder = new TextDecoder()
  let rest = ""
  return (bytes) => {
    const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n")
    rest = lines.pop() ?? ""
    for (const text of lines) if (text !== "") line(text)
  }
}

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
      const entries: Array<Entry> = []
      const now = (): number => clock.currentTimeMillisUnsafe() - began
      started({
        args: command._tag === "StandardCommand" ? command.args.map((word) => redact(String(word))) : [],
        entries
      })
      const sent = lineReader((line) => entries.push({ _tag: "Sent", at: now(), line: redact(line) }))
      const said = lineReader((line) => entries.push({ _tag: "Said", at: now(), line: redact(line) }))
      const complained = lineReader((line) => entries.push({ _tag: "Stderr", at: now(), text: `${redact(line)}\n` }))
      const noted = (take: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => Effect.sync(() => take(bytes))
      let ended = false
      const exited = (code: number | null, signal: string | null): void => {
        if (!ended) entries.push({ _tag: "Exited", at: now(), code, signal })
        ended = true
      }
      return ChildProcessSpawner.makeHandle({
        ...handle,
        stdin: Sink.mapInputEffect(handle.stdin, (bytes: Uint8Array) => Effect.as(noted(sent)(bytes), bytes)),
        stdout: Stream.tap(handle.stdout, noted(said)),
        stderr: Stream.tap(handle.stderr, noted(complained)),
        exitCode: Effect.tapCause(
          Effect.tap(handle.exitCode, (code) => Effect.sync(() => exited(code, null))),
          (cause) => Effect.sync(() => exited(null, /SIG[A-Z]+/.exec(Cause.pretty(cause))?.[0] ?? "SIGKILL"))
        )
      })
    })
  )
