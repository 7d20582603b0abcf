/** What is spent of a cap, counted where it happens: nothing waits here, so two sessions never lose an update. */

export interface Account {
  readonly name: string
  /** USD left, here and in what it lies within; never below zero. */
  readonly left: () => number
  /** The name of the one that is used up, this one or one that it lies within. */
  readonly usedUp: () => string | undefined
  /** Counts what a turn cost. */
  readonly charge: (usd: number) => void
  /** Called each time the money runs out; gives what takes the listener away. */
  readonly whenUsedUp: (listener: () => void) => () => void
}

export class Purse implements Account {
  readonly name: string
  readonly #outer: Account | undefined
  readonly #changed: () => void
  readonly #listeners = new Set<() => void>()
  #cap: number
  #spent = 0

  constructor(name: string, cap: number, outer: Account | undefined, changed: () => void) {
    this.name = name
    this.#cap = cap
    this.#outer = outer
    this.#changed = changed
  }

  get cap(): number {
    return this.#cap
  }

  get spent(): number {
    return this.#spent
  }

  readonly left = (): number => {
    const own = Math.max(0, this.#cap - this.#spent)
    return this.#outer === undefined ? own : Math.min(own, this.#outer.left())
  }

  readonly usedUp = (): string | undefined => (this.#cap > this.#spent ? this.#outer?.usedUp() : this.name)

  readonly charge = (usd: number): void => {
    if (!Number.isFinite(usd) || usd <= 0) return
    this.#count(this.#spent + usd, this.#cap)
    this.#outer?.charge(usd)
  }

  /** Those who wait for the outer one to run out are told by the outer one. */
  readonly whenUsedUp = (listener: () => void): (() => void) => {
    this.#listeners.add(listener)
    const outer = this.#outer?.whenUsedUp(listener)
    return () => {
      this.#listeners.delete(listener)
      outer?.()
    }
  }

  setCap(usd: number): void {
    this.#count(this.#spent, usd)
  }

  reset(): void {
    this.#count(0, this.#cap)
  }

  #count(spent: number, cap: number): void {
    const had = this.#cap > this.#spent
    this.#spent = spent
    this.#cap = cap
    this.#changed()
    if (had && spent >= cap) for (const listener of this.#listeners) listener()
  }
}
