/** A text that comes in pieces: kept as parts, never by `+=`, whose rope holds five times its characters. */

const partsAtATime = 1024

export class LongText {
  length = 0
  #blocks: Array<string> = []
  #parts: Array<string> = []

  push(part: string): void {
    this.length += part.length
    if (this.#parts.push(part) < partsAtATime) return
    this.#blocks.push(this.#parts.join(""))
    this.#parts = []
  }

  toString(): string {
    return this.#blocks.join("") + this.#parts.join("")
  }
}
