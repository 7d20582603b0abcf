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

export class DeltaRun implements Run<AgentEvent> {
  readonly common: Common
  readonly #seq: number
  readonly #ats: Array<number>
  /** Where each text ends in `text`. */
  readonly #ends: Array<number>
  /** All of its text. */
  text: string
  length = 1
  /** What one reader got is there for the others. */
  #made: WeakRef<Array<AgentEvent>> | undefined

  /** Begins with one, whose number is `seq`. */
  constructor(common: Common, seq: number, at: number, text: string) {
    this.common = common
    this.#seq = seq
    this.#ats = [at]
    this.#ends = [text.length]
    this.text = text
  }

  get isFull(): boolean {
    return this.length === longest
  }

  push(at: number, text: string): void {
    this.#ats.push(at)
    this.text += text
    this.#ends.push(this.text.length)
    if (++this.length === longest) this.text = flat(this.text)
  }

  /** Its text as a part of `whole`, which is kept anyhow, where it stands there at `from`. Gives where it ends. */
  shareWith(whole: string, from: number): number {
    const to = from + this.text.length
    if (whole.startsWith(this.text, from)) this.text = whole.slice(from, to)
    return to
  }

  sizeAt(index: number): number {
    return (this.#ends[index] ?? 0) - (this.#ends[index - 1] ?? 0)
  }

  addTo(events: Array<AgentEvent>, from: number): void {
    const made = this.#made?.deref() ?? []
    if (made.length === 0) this.#made = new WeakRef(made)
    for (let index = from; index < this.length; index++) {
      events.push((made[index] ??= this.#deltaAt(index)))
    }
  }

  #deltaAt(index: number): AgentEvent {
    const text = this.text.slice(this.#ends[index - 1] ?? 0, this.#ends[index])
    return deltaOf(this.common, this.#seq + index, this.#ats[index] ?? 0, text)
  }
}
