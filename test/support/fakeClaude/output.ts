/** Standard output and the record file of the fake `claude`. */
import { appendFileSync, closeSync, openSync } from "node:fs"
import type { Json } from "./arguments.ts"

export interface Output {
  readonly line: (frame: Json) => void
  readonly raw: (text: string | Uint8Array) => void
  /** Resolves when the pipe takes more. */
  readonly drained: () => Promise<void>
  readonly close: () => void
  /** Exits when everything is written. */
  readonly exit: (code: number) => void
}

export const makeOutput = (): Output => {
  const { stdout } = process
  let open = true
  // Like the real program, it outlives a reader that goes away.
  stdout.on("error", () => {
    open = false
  })
  const raw = (text: string | Uint8Array): void => {
    if (open) stdout.write(text)
  }
  return {
    raw,
    line: (frame) => raw(`${JSON.stringify(frame)}\n`),
    drained: () =>
      open && stdout.writableNeedDrain
        ? new Promise((resolve) => {
            const done = (): void => {
              stdout.off("drain", done).off("error", done)
              resolve()
            }
            stdout.on("drain", done).on("error", done)
          })
        : Promise.resolve(),
    close: () => {
      open = false
      // Node never closes its standard streams; the number is kept taken, for nothing else may get it.
      closeSync(1)
      openSync("/dev/null", "w")
    },
    exit: (code) => {
      if (open) stdout.write("", () => process.exit(code))
      else process.exit(code)
    }
  }
}

/** Writes what was received, one JSON line each, when FAKE_CLAUDE_RECORD names a file. Synchronous, so that a kill loses nothing. */
export const makeRecorder = (path: string | undefined): ((entry: Json) => void) =>
  path === undefined ? () => undefined : (entry) => appendFileSync(path, `${JSON.stringify(entry)}\n`)
