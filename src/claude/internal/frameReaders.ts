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
  readonly #options: Options
  #readers: ReadonlyArray<Backlog<ClaudeMessage, AgentError>> = []
  #ended: { readonly error: AgentError | undefined } | undefined
  #waking = false

  constructor(options: Options) {
    this.#options = options
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
    this.#ended ??= { error }
    for (const reader of this.#readers) reader.end(error)
    this.#wake()
  }

  get stream(): Stream.Stream<ClaudeMessage, AgentError> {
    return Stream.unwrap(
      Effect.map(
        Effect.acquireRelease(
          Effect.sync(() => this.#open()),
          (reader) => Effect.sync(() => this.#close(reader))
        ),
        (reader) => reader.stream
      )
    )
  }

  #open(): Backlog<ClaudeMessage, AgentError> {
    const { buffer, exceeded, journal } = this.#options
    const reader = new Backlog<ClaudeMessage, AgentError>({ gate: journal.gate, limit: buffer, exceeded })
    this.#readers = [...this.#readers, reader]
    if (this.#ended !== undefined) reader.end(this.#ended.error)
    return reader
  }

  #close(reader: Backlog<ClaudeMessage, AgentError>): void {
    this.#readers = this.#readers.filter((one) => one !== reader)
    reader.leave()
  }

  #wake(): void {
    if (this.#waking) return
    this.#waking = true
    this.#options.journal.wake(() => {
      this.#waking = false
      for (const reader of this.#readers) reader.wake()
    })
  }
}
