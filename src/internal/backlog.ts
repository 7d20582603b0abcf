/**
 * What waits for a reader, and the gate that holds the agent's pipe back when too much does. The pipe is read by one
 * fiber which never waits for a reader: it only looks at the gate between two pulls. Nothing here wakes a fiber while a
 * chunk is being read; `wake` does, when the chunk is done.
 */
import * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type * as Stream from "effect/Stream"
import { once } from "./lightStream.ts"

/** Several waiting items as one. `add` takes the next one in and tells its size, or refuses it with -1. */
export interface Joint<A> {
  readonly add: (next: A) => number
  readonly finish: () => A
}

/** Begins a joint with its first item, if items of this sort can be joined. */
export type Joiner<A> = (first: A) => Joint<A> | undefined

/** Items are kept apart until this much waits: who keeps up gets each one as it came. */
const joinFrom = 64 * 1024

/** A request of ours keeps the pipe open up to this many times the limit. */
export const hardFactor = 8

export class Gate {
  /** Made when somebody has to wait, which is seldom. */
  #closed: Latch.Latch | undefined
  readonly #waits = new Set<Weighed>()
  #urgent = 0

  add(waits: Weighed): void {
    this.#waits.add(waits)
  }

  remove(waits: Weighed): void {
    this.#waits.delete(waits)
    this.update()
  }

  /** A request of ours is outstanding: its answer is behind what waits. */
  hurry(): void {
    this.#urgent++
    this.update()
  }

  calm(): void {
    this.#urgent--
    this.update()
  }

  /** Lets every reader take what waits for it; only where the state is whole, since they may run at once. */
  wakeAll(): void {
    for (const waits of this.#waits) waits.wake()
  }

  get isOpen(): boolean {
    return this.#closed === undefined
  }

  /** Returns when it is open. */
  get opened(): Effect.Effect<void> {
    return Effect.suspend(() => this.#closed?.await ?? Effect.void)
  }

  /** Looks at what waits: after each chunk, and after each take. */
  update(): void {
    let over = false
    let under = true
    for (const waits of this.#waits) {
      if (waits.size - waits.lastSize >= waits.limit * hardFactor) waits.overflow()
      if (waits.size >= waits.limit) over = true
      if (waits.size >= waits.limit / 2) under = false
    }
    if (this.#urgent > 0 || under) {
      const closed = this.#closed
      this.#closed = undefined
      closed?.openUnsafe()
    } else if (over) this.#closed ??= Latch.makeUnsafe(false)
  }
}

interface Weighed {
  readonly size: number
  /** Of the last item, which no reader has had a chance to take: one item may be as long as a line. */
  readonly lastSize: number
  readonly wake: () => void
  readonly limit: number
  readonly overflow: () => void
}

export interface Options<A, E> {
  readonly gate: Gate
  readonly limit: number
  readonly joiner?: Joiner<A> | undefined
  /** Why the reader is cut off when 8 × the limit waits. */
  readonly exceeded: (limit: number) => E
}

export class Backlog<A, E> {
  size = 0
  lastSize = 0
  readonly limit: number
  readonly #options: Options<A, E>
  readonly #latch = Latch.makeUnsafe(false)
  #waiting: Array<A> = []
  #joint: Joint<A> | undefined
  #ended: Effect.Effect<never, E | Cause.Done> | undefined
  #left = false

  constructor(options: Options<A, E>) {
    this.#options = options
    this.limit = options.limit
    options.gate.add(this)
  }

  push(item: A, size: number): void {
    if (this.#left || this.#ended !== undefined) return
    this.lastSize = size
    if (this.#options.joiner !== undefined && this.size >= joinFrom) {
      if (this.#joint !== undefined) {
        const added = this.#joint.add(item)
        if (added >= 0) {
          this.size += added
          return
        }
        this.#flush()
      }
      this.#joint = this.#options.joiner(item)
      if (this.#joint === undefined) this.#waiting.push(item)
    } else {
      this.#waiting.push(item)
    }
    this.size += size
  }

  /** What waits is still delivered; then the reader ends, or fails. */
  end(error?: E): void {
    if (this.#ended !== undefined) return
    this.#ended = error === undefined ? Cause.done() : Effect.fail(error)
    // Nothing more can come: what is left must not hold the pipe back.
    this.#options.gate.remove(this)
  }

  /** The reader is gone: what waits is given up. */
  leave(): void {
    this.#left = true
    this.#drop()
    this.#options.gate.remove(this)
  }

  overflow(): void {
    this.#drop()
    this.end(this.#options.exceeded(this.limit * hardFactor))
  }

  wake(): void {
    if (this.#waiting.length > 0 || this.#joint !== undefined || this.#ended !== undefined) this.#latch.openUnsafe()
  }

  readonly #take: Effect.Effect<Arr.NonEmptyReadonlyArray<A>, E | Cause.Done> = Effect.suspend(() => {
    this.#flush()
    const waiting = this.#waiting
    if (Arr.isArrayNonEmpty(waiting)) {
      this.#waiting = []
      this.size = 0
      this.lastSize = 0
      this.#options.gate.update()
      return Effect.succeed(waiting)
    }
    if (this.#ended !== undefined) return this.#ended
    this.#latch.closeUnsafe()
    return Effect.flatMap(this.#latch.await, () => this.#take)
  })

  /** For one run; another one goes on where that ended. */
  get stream(): Stream.Stream<A, E> {
    return once(this.#take)
  }

  #flush(): void {
    if (this.#joint === undefined) return
    this.#waiting.push(this.#joint.finish())
    this.#joint = undefined
  }

  #drop(): void {
    this.#waiting = []
    this.#joint = undefined
    this.size = 0
    this.lastSize = 0
  }
}
