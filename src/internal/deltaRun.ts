/**
 * Neighbouring deltas of one item, as the log keeps them: what they have in common once, their times and their texts
 * side by side. Nearly all that happens in a session is deltas, and few of them are read again.
 */
import type { AgentEvent, ReasoningDelta, TextDelta } from "../AgentEvent.ts"
import type { Run } from "./eventLog.ts"
import type { ItemId, SessionId, ToolId, TurnId } from "./ids.ts"

export type Delta = TextDelta | ReasoningDelta
export type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** What deltas of one run have in common: all but number, time and text. Written out, so that it is one piece. */
export const modelOf = (
  _tag: Delta["_tag"],
  itemId: ItemId,
  sessionId: SessionId | undefined,
  turnId: TurnId | undefined,
  parent: ToolId | undefined
): Delta => {
  const model: Mutable<Delta> =
    sessionId === undefined || turnId === undefined
      ? { _tag, seq: 0, at: 0, itemId, text: "" }
      : { _tag, seq: 0, at: 0, sessionId, turnId, itemId, text: "" }
  if (sessionId !== undefined) model.sessionId = sessionId
  if (turnId !== undefined) model.turnId = turnId
  if (parent !== undefined) model.parentToolId = parent
  return model
}

/**
 * A spread and no literal: V8 allocates what a literal makes in its old space once it has found many of them alive, as
 * a collection at the wrong moment does, and there each keeps its text until the next full collection.
 */
export const deltaOf = (model: Delta, seq: number, at: number, text: string): Delta => ({ ...model, seq, at, text })

const longest = 64
/** What one character of a string can be. */
const largest = 0xffff

export class DeltaRun implements Run<AgentEvent> {
  readonly model: Delta
  readonly #seq: number
  readonly #at: number
  /** Milliseconds since the first. */
  #ages: Array<number> = [0]
  /** Where each text ends in all of it, and before that where the first begins. */
  #ends: Array<number>
  /** Both as the characters of a string, which takes a quarter of what arrays do. */
  #packed = ""
  /** The texts until they are joined: a part of what still grows would keep a copy of all that came before it. */
  #texts: Array<string>
  #joined = ""
  length = 1
  /** What one reader got is there for the others. */
  #made: WeakRef<Array<AgentEvent>> | undefined

  /** Begins with one, whose number is `seq`. */
  constructor(model: Delta, seq: number, at: number, text: string) {
    this.model = model
    this.#seq = seq
    this.#at = at
    this.#ends = [0, text.length]
    this.#texts = [text]
  }

  get isFull(): boolean {
    return this.length === longest
  }

  push(at: number, text: string): void {
    this.#ages.push(at - this.#at)
    this.#texts.push(text)
    this.#ends.push(this.#end(this.length - 1) + text.length)
    if (++this.length === longest) this.#pack()
  }

  /** All of its text. */
  get text(): string {
    if (this.#texts.length > 0) {
      this.#joined = [this.#joined, ...this.#texts].join("")
      this.#texts = []
    }
    return this.#joined
  }

  #pack(): void {
    // Texts may be long, and a clock may have been set.
    if (this.text.length > largest || this.#ages.some((age) => age !== (age & largest))) return
    this.#packed = String.fromCharCode(...this.#ends, ...this.#ages)
    this.#ends = []
    this.#ages = []
  }

  #end(index: number): number {
    return this.#ends[index + 1] ?? this.#packed.charCodeAt(index + 1)
  }

  #age(index: number): number {
    return this.#ages[index] ?? this.#packed.charCodeAt(longest + 1 + index)
  }

  /** Its text as a part of `whole`, which is kept anyhow, where it stands there at `from`. Gives where it ends. */
  shareWith(whole: string, from: number): number {
    const { text } = this
    const to = from + text.length
    if (whole.startsWith(text, from)) this.#joined = whole.slice(from, to)
    return to
  }

  sizeAt(index: number): number {
    return this.#end(index) - this.#end(index - 1)
  }

  addTo(events: Array<AgentEvent>, from: number): void {
    const made = this.#made?.deref() ?? []
    if (made.length === 0) this.#made = new WeakRef(made)
    for (let index = from; index < this.length; index++) {
      events.push((made[index] ??= this.#deltaAt(index)))
    }
  }

  #deltaAt(index: number): AgentEvent {
    const begin = this.#end(index - 1)
    const text =
      begin < this.#joined.length
        ? this.#joined.slice(begin, this.#end(index))
        : (this.#texts[index - this.length + this.#texts.length] ?? "")
    return deltaOf(this.model, this.#seq + index, this.#at + this.#age(index), text)
  }
}
