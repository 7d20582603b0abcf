/**
 * What a child has said and nobody has read yet: bounded, since it tells whoever fills it to stop, and read in pieces as
 * they came.
 */
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"

/** what a pipe of Linux holds; as much again waits in the pipe itself */
const capacity = 64 * 1024

type Chunks = Arr.NonEmptyReadonlyArray<Uint8Array>

const isNonEmpty = (chunks: ReadonlyArray<Uint8Array>): chunks is Chunks => chunks.length > 0

export class Outlet {
  private chunks: Array<Uint8Array> = []
  private bytes = 0
  private ended = false
  private discarding = false
  private waiting: (() => void) | undefined
  private full = false
  private readonly onRoom: () => void

  constructor(onRoom: () => void) {
    this.onRoom = onRoom
  }

  /** `false`: no more, until `onRoom` is called */
  push(chunk: Uint8Array): boolean {
    if (this.discarding) return true
    this.chunks.push(chunk)
    this.bytes += chunk.length
    this.full = this.bytes >= capacity
    const full = this.full
    this.wake()
    return !full || !this.full
  }

  end(): void {
    this.ended = true
    this.wake()
  }

  /** forgets what is there and what comes */
  discard(): void {
    this.discarding = true
    this.take()
  }

  get isEnded(): boolean {
    return this.ended
  }

  /** lets whoever waits look again */
  wake(): void {
    const waiting = this.waiting
    this.waiting = undefined
    waiting?.()
  }

  /** returns when there is something, at the end, or when woken */
  readonly wait: Effect.Effect<void> = Effect.callback((resume) => {
    if (this.chunks.length > 0 || this.ended) return resume(Effect.void)
    this.waiting = () => resume(Effect.void)
    return Effect.sync(() => {
      this.waiting = undefined
    })
  })

  /** all that is there */
  take(): Chunks | undefined {
    const chunks = this.chunks
    if (!isNonEmpty(chunks)) return undefined
    this.chunks = []
    this.bytes = 0
    if (this.full) {
      this.full = false
      this.onRoom()
    }
    return chunks
  }
}
