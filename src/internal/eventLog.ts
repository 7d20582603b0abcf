/**
 * The last things that happened, for any number of readers: what is kept of them for late readers to begin with, then
 * live. Writing costs the same with no reader and with a thousand; a reader that falls behind what is kept is told how
 * much it missed and goes on with what is left.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Stream from "effect/Stream"

export interface Options<A> {
  /** How many are kept. */
  readonly window: number
  /** How much they may weigh together; the last one is kept whatever it weighs. */
  readonly maxSize: number
  /** What a reader gets that missed some, if it is to be told; `next` is the oldest that is left. */
  readonly lagged: (missed: number, next: A) => A | undefined
}

/** Items one after the other that are kept together; it grows while it is the last of the log. */
export interface Run<A> {
  readonly length: number
  readonly sizeAt: (index: number) => number
  /** Adds its items from the one at `from`. */
  readonly addTo: (items: Array<A>, from: number) => void
}

class Single<A> implements Run<A> {
  readonly #item: A
  readonly #size: number

  constructor(item: A, size: number) {
    this.#item = item
    this.#size = size
  }

  get length(): number {
    return 1
  }

  sizeAt(): number {
    return this.#size
  }

  addTo(items: Array<A>): void {
    items.push(this.#item)
  }
}

export class EventLog<A> {
  readonly #options: Options<A>
  readonly #runs: Array<Run<A>> = []
  #last: Run<A> | undefined
  /** Made for the first reader that waits. */
  #latch: Latch.Latch | undefined
  #tail = 0
  #head = 0
  /** How many items of the first run are no longer kept. */
  #gone = 0
  #size = 0
  #ended = false
  #news = false

  constructor(options: Options<A>) {
    this.#options = options
  }

  append(item: A, size: number): void {
    this.grown(new Single(item, size), size)
  }

  get last(): Run<A> | undefined {
    return this.#last
  }

  /** `run` has one item more, of this size. It is the last run, or begins. */
  grown(run: Run<A>, size: number): void {
    if (this.#ended) return
    if (run !== this.#last) {
      this.#last = run
      this.#runs.push(run)
    }
    this.#size += size
    this.#head++
    this.#news = true
    const { maxSize, window } = this.#options
    while (this.#head - this.#tail > window || (this.#size > maxSize && this.#head - this.#tail > 1)) this.#forget()
  }

  end(): void {
    this.#ended = true
    this.#news = true
  }

  wake(): void {
    if (!this.#news) return
    this.#news = false
    this.#latch?.openUnsafe()
  }

  /** A reader of its own: from the oldest that is kept, or only the `last` few of them. */
  subscribe(last: number = this.#options.window): Stream.Stream<A> {
    let next = Math.max(this.#tail, this.#head - last)
    const take: Effect.Effect<Arr.NonEmptyReadonlyArray<A>, Cause.Done> = Effect.suspend(() => {
      const from = Math.max(next, this.#tail)
      const items = this.#itemsFrom(from)
      const missed = from - next
      next = this.#head
      if (Arr.isArrayNonEmpty(items)) {
        const notice = missed === 0 ? undefined : this.#options.lagged(missed, items[0])
        return Effect.succeed(notice === undefined ? items : Arr.prepend(items, notice))
      }
      if (this.#ended) return Cause.done()
      const latch = (this.#latch ??= Latch.makeUnsafe(false))
      latch.closeUnsafe()
      return Effect.flatMap(latch.await, () => take)
    })
    return Stream.fromPull(Effect.succeed(take))
  }

  #itemsFrom(from: number): Array<A> {
    let at = this.#runs.length
    let start = this.#head
    while (start > from) start -= this.#runs[--at]?.length ?? 0
    const items: Array<A> = []
    for (; at < this.#runs.length; at++, start = from) this.#runs[at]?.addTo(items, from - start)
    return items
  }

  #forget(): void {
    const run = this.#runs[0]
    if (run === undefined) return
    this.#size -= run.sizeAt(this.#gone)
    this.#tail++
    this.#gone++
    if (this.#gone < run.length) return
    this.#runs.shift()
    this.#gone = 0
  }
}
