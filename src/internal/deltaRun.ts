/**
 * Neighbouring deltas of one item, as the log keeps them: what they have in common once, their times and their texts
 * side by side. Nearly all that happens in a session is deltas, and few of them are read again.
 */
import type { AgentEvent, ReasoningDelta, TextDelta } from "../AgentEvent.ts"
import type { Run } from "./eventLog.ts"
import type { ItemId, SessionId, ToolId, TurnId } from "./ids.ts"

/** What deltas of one run have in common. */
export interface Common {
  readonly _tag: "TextDelta" | "ReasoningDelta"
  readonly itemId: ItemId
  readonly sessionId: SessionId | undefined
  readonly turnId: TurnId | undefined
  readonly parent: ToolId | undefined
}

type Mutable<A> = { -readonly [K in keyof A]: A[K] }

/** Written out, so that its literal has its shape at once. */
export const deltaOf = (
  { _tag, itemId, parent, sessionId, turnId }: Common,
  seq: number,
  at: number,
  text: string
): AgentEvent => {
  const event: Mutable<TextDelta> | Mutable<ReasoningDelta> =
    sessionId === undefined || turnId === undefined
      ? { _tag, seq, at, itemId, text }
      : { _tag, seq, at, sessionId, turnId, itemId, text }
  if (sessionId !== undefined) event.sessionId = sessionId
  if (turnId !== undefined) event.turnId = turnId
  if (parent !== undefined) event.parentToolId = parent
  return event
}

/** A slice is taken of one string: a rope of many short ones holds five times their characters. */
const flat = (rope: string): string => ` ${rope}`.slice(1)

const longest = 64
/** What one character of a string can be. */
const largest = 0xffff

export class DeltaRun implements Run<AgentEvent> {
  readonly common: Common
  readonly #seq: number
  readonly #at: number
  /** Milliseconds since the first. */
  #ages: Array<number> = [0]
  /** Where each text ends in `text`, and before that where the first begins. */
  #ends: Array<number>
  /** Both as the characters of a string, which takes a quarter of what arrays do. */
  #packed = ""
  /** All of its text. */
  text: string
  length = 1
  /** What one reader got is there for the others. */
  #made: WeakRef<Array<AgentEvent>> | undefined

  /** Begins with one, whose number is `seq`. */
  constructor(common: Common, seq: number, at: number, text: string) {
    this.common = common
    this.#seq = seq
    this.#at = at
    this.#ends = [0, text.length]
    this.text = text
  }

  get isFull(): boolean {
    return this.length === longest
  }

  push(at: number, text: string): void {
    this.#ages.push(at - this.#at)
    this.text += text
    this.#ends.push(this.text.length)
    if (++this.length === longest) this.#pack()
  }

  #pack(): void {
    this.text = flat(this.text)
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
    const to = from + this.text.length
    if (whole.startsWith(this.text, from)) this.text = whole.slice(from, to)
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
    const text = this.text.slice(this.#end(index - 1), this.#end(index))
    return deltaOf(this.common, this.#seq + index, this.#at + this.#age(index), text)
  }
}
