/** The results of the turns that ended last: so many, and no more than so heavy, since a result holds what tools gave. */
import type { TurnResult } from "../Turn.ts"

const longest = 1000

/** Characters of text and wire bytes. The last result is kept whatever it weighs. */
const heaviest = 32 * 1024 * 1024

export class TurnHistory {
  readonly results: Array<TurnResult> = []
  readonly #weights: Array<number> = []
  #weight = 0

  push(result: TurnResult, weight: number): void {
    this.results.push(result)
    this.#weights.push(weight)
    this.#weight += weight
    while (this.results.length > longest || (this.#weight > heaviest && this.results.length > 1)) {
      this.results.shift()
      this.#weight -= this.#weights.shift() ?? 0
    }
  }
}
