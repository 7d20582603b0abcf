/**
 * What a child has said and nobody has read yet: bounded, since it tells whoever fills it to stop, and read in pieces as
 * they came. A reader that waits hears what comes where it comes, and is woken only when that leaves something to run.
 */
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"

/** what a pipe of Linux holds; as much again waits in the pipe itself */
const capacity = 64 * 1024

type Chunks = Arr.NonEmptyReadonlyArray<Uint8Array>

/** takes in what came (`own`: nobody else has it); what is to run before more is taken in, if anything */
export type Hear = (chunks: Chunks, own: boolean) => Effect.Effect<void> | undefined

/** a reader that waits */
interface Waiting {
  readonly resume: (first: Effect.Effect<void>) => void
  readonly hear: Hear | undefined
  left: boolean
}

const isNonEmpty = (chunks: ReadonlyArray<Uint8Array>): chunks is Chunks => chunks.length > 0

export class Outlet {
  private chunks: Array<Uint8Array> = []
  private bytes = 0
  private ended = false
  private discarding = false
  private waiting: Waiting | undefined
  /** since it began to hear */
  private woken = false
  private full = false
  private readonly onRoom: () => void
  /** whoever takes a chunk is the only one who has it */
  readonly own: boolean

  constructor(onRoom: () => void, own: boolean) {
    this.onRoom = onRoom
    this.own = own
  }

  /** `false`: no more, until `onRoom` is called */
  push(chunk: Uint8Array): boolean {
    if (this.discarding || this.isHeard(chunk)) return true
    this.chunks.push(chunk)
    this.bytes += chunk.length
    this.full = this.bytes >= capacity
    const full = this.full
    this.wake()
    return !full || !this.full
  }

  private isHeard(chunk: Uint8Array): boolean {
    const { waiting } = this
    if (waiting?.hear === undefined) return false
    // It does not wait while it hears: what is said meanwhile is kept.
    this.waiting = undefined
    this.woken = false
    let first: Effect.Effect<void> | undefined
    try {
      first = waiting.hear([chunk], this.own)
    } catch (defect) {
      first = Effect.die(defect)
    }
    if (waiting.left) return true
    if (first !== undefined) waiting.resume(first)
    else if (this.chunks.length > 0 || this.ended || this.woken) waiting.resume(Effect.void)
    else this.waiting = waiting
    return true
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
    const { waiting } = this
    this.waiting = undefined
    this.woken = true
    waiting?.resume(Effect.void)
  }

  /** returns when there is something that `hear` has not heard, at the end, or when woken */
  wait(hear?: Hear): Effect.Effect<void> {
    return Effect.callback((resume) => {
      if (this.chunks.length > 0 || this.ended) return resume(Effect.void)
      const waiting: Waiting = { resume, hear, left: false }
      this.waiting = waiting
      return Effect.sync(() => {
        waiting.left = true
        if (this.waiting === waiting) this.waiting = undefined
      })
    })
  }

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
