/**
 * The readers of `messages`: each gets every frame from when it began, at its own pace, until no frame comes any more.
 */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AgentError } from "../../AgentError.ts"
import { Backlog } from "../../internal/backlog.ts"
import type { Journal } from "../../internal/journal.ts"
import type { ClaudeMessage } from "../ClaudeMessage.ts"

export interface Options {
  readonly journal: Journal
  readonly buffer: number
  readonly exceeded: (limit: number) => AgentError
}

export class FrameReaders {
  readonly #journal: Journal
  #readers: ReadonlyArray<Backlog<ClaudeMessage, AgentError>> = []
  /** What those who come get: readers, or the end alone, which does not reach the session as `exceeded` does. */
  #next: Options | Stream.Stream<never, AgentError>
  #waking = false

  constructor(options: Options) {
    this.#journal = options.journal
    this.#next = options
  }

  get isEmpty(): boolean {
    return this.#readers.length === 0
  }

  push(message: ClaudeMessage, size: number): void {
    if (this.isEmpty) return
    for (const reader of this.#readers) reader.push(message, size)
    this.#wake()
  }

  /** No frame comes any more, whatever comes. */
  end(error?: AgentError): void {
    if (!Stream.isStream(this.#next)) this.#next = error === undefined ? Stream.empty : Stream.fail(error)
    for (const reader of this.#readers) reader.end(error)
    this.#wake()
  }

  get stream(): Stream.Stream<ClaudeMessage, AgentError> {
    return Stream.unwrap(
      Effect.suspend(() => {
        const next = this.#next
        if (Stream.isStream(next)) return Effect.succeed(next)
        const reader = Effect.acquireRelease(
          Effect.sync(() => this.#open(next)),
          (reader) => Effect.sync(() => this.#close(reader))
        )
        return Effect.map(reader, ({ stream }) => stream)
      })
    )
  }

  #open({ buffer, exceeded, journal }: Options): Backlog<ClaudeMessage, AgentError> {
    const reader = new Backlog<ClaudeMessage, AgentError>({ gate: journal.gate, limit: buffer, exceeded })
    this.#readers = [...this.#readers, reader]
    return reader
  }

  #close(reader: Backlog<ClaudeMessage, AgentError>): void {
    this.#readers = this.#readers.filter((one) => one !== reader)
    reader.leave()
  }

  #wake(): void {
    if (this.#waking) return
    this.#waking = true
    this.#journal.wake(() => {
      this.#waking = false
      for (const reader of this.#readers) reader.wake()
    })
  }
}
