/**
 * The last things that happened, for any number of readers: a ring that late readers begin with, then live. Writing
 * costs the same with no reader and with a thousand; a reader that falls out of the ring is told how much it missed and
 * goes on with what is left.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"

export interface Options<A> {
  /** How many are kept: a power of two. */
  readonly window: number
  /** How much they may weigh together; the last one is kept whatever it weighs. */
  readonly maxSize: number
  /** What a reader gets that missed some, if it is to be told; `next` is the oldest that is left. */
  readonly lagged: (missed: number, next: A) => A | undefined
}

const leastSlots = 16

export class EventLog<A> {
  readonly #options: Options<A>
  /** Of a power of two, and no longer than what it has held: most sessions never fill their window. */
  #items: Array<A | undefined> = []
  #sizes: Array<number> = []
  readonly #latch = Latch.makeUnsafe(false)
  #tail = 0
  #head = 0
  #size = 0
  #ended = false
  #news = false

  constructor(options: Options<A>) {
    this.#options = options
  }

  append(item: A, size: number): void {
    if (this.#ended) return
    const kept = this.#head - this.#tail
    if (kept === this.#options.window) this.#forget()
    else if (kept === this.#items.length) this.#grow()
    const at = this.#head & (this.#items.length - 1)
    this.#items[at] = item
    this.#sizes[at] = size
    this.#size += size
    this.#head++
    this.#news = true
    while (this.#size > this.#options.maxSize && this.#head - this.#tail > 1) this.#forget()
  }

  end(): void {
    this.#ended = true
    this.#news = true
  }

  wake(): void {
    if (!this.#news) return
    this.#news = false
    this.#latch.openUnsafe()
  }

  /** A reader of its own: from the oldest that is kept, or only the `last` few of them. */
  subscribe(last: number = this.#options.window): Stream.Stream<A> {
    let next = Math.max(this.#tail, this.#head - last)
    const take: Effect.Effect<Arr.NonEmptyReadonlyArray<A>, Cause.Done> = Effect.suspend(() => {
      const out: Array<A> = []
      const mask = this.#items.length - 1
      if (next < this.#tail) {
        const oldest = this.#items[this.#tail & mask]
        const notice = oldest === undefined ? undefined : this.#options.lagged(this.#tail - next, oldest)
        if (notice !== undefined) out.push(notice)
        next = this.#tail
      }
      for (; next < this.#head; next++) {
        const item = this.#items[next & mask]
        if (item !== undefined) out.push(item)
      }
      if (Arr.isArrayNonEmpty(out)) return Effect.succeed(out)
      if (this.#ended) return Cause.done()
      this.#latch.closeUnsafe()
      return Effect.flatMap(this.#latch.await, () => take)
    })
    return Stream.fromPull(Effect.succeed(take))
  }

  #grow(): void {
    const length = Math.min(this.#options.window, Math.max(leastSlots, this.#items.length * 2))
    const items = Array.from({ length }, (): A | undefined => undefined)
    const sizes = Array.from({ length }, () => 0)
    for (let at = this.#tail; at < this.#head; at++) {
      items[at & (length - 1)] = this.#items[at & (this.#items.length - 1)]
      sizes[at & (length - 1)] = this.#sizes[at & (this.#items.length - 1)] ?? 0
    }
    this.#items = items
    this.#sizes = sizes
  }

  #forget(): void {
    const at = this.#tail & (this.#items.length - 1)
    this.#items[at] = undefined
    this.#size -= this.#sizes[at] ?? 0
    this.#tail++
  }
}
