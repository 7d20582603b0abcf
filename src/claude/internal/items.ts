/**
 * The text and thinking items of the answer that is being written. With partial messages each comes twice, in pieces and
 * whole; here they become one: the pieces as they come, and whatever the whole has more.
 */
import type { DeltaRun } from "../../internal/deltaRun.ts"
import type { ItemId, ToolId } from "../../internal/ids.ts"
import * as ids from "../../internal/ids.ts"
import type { Journal } from "../../internal/journal.ts"

interface Item {
  readonly id: ItemId
  readonly kind: "text" | "reasoning"
  readonly parent: ToolId | undefined
  /** What was said in pieces, to complete the item ourselves when the agent does not. */
  readonly said: Array<DeltaRun>
  length: number
}

const deltaTag = { text: "TextDelta", reasoning: "ReasoningDelta" } as const

/** Its pieces are told again as parts of the whole, so that its text is kept once. */
const share = (said: ReadonlyArray<DeltaRun>, whole: string): void => {
  let at = 0
  for (const run of said) at = run.shareWith(whole, at)
}

export class Items {
  readonly #journal: Journal
  #messageId = ""
  #wholes = 0
  #open = new Map<number, Item>()
  /** The item of the last piece: nearly always that of the next one. */
  #lastIndex = -1
  #last: Item | undefined

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** A message of the main thread begins. What an earlier attempt left open was given up by the agent. */
  messageStarted(messageId: string): void {
    if (this.#open.size > 0) {
      this.#journal.emit({
        _tag: "Notice",
        level: "info",
        code: "items-abandoned",
        text: `the agent began its answer anew; given up: ${[...this.#open.values()].map((item) => item.id).join(", ")}`
      })
    }
    this.#forget()
    this.#messageId = messageId
  }

  blockStarted(index: number, kind: "text" | "reasoning"): void {
    this.#open.set(index, {
      id: ids.itemId(`${this.#messageId}:${index}`),
      kind,
      parent: undefined,
      said: [],
      length: 0
    })
  }

  delta(index: number, kind: "text" | "reasoning", text: string, size: number): void {
    if (index !== this.#lastIndex || this.#last === undefined) {
      if (!this.#open.has(index)) this.blockStarted(index, kind)
      this.#lastIndex = index
      this.#last = this.#open.get(index)
    }
    const item = this.#last
    if (item === undefined || text === "") return
    const run = this.#journal.text(deltaTag[kind], item.id, text, undefined, size)
    if (run !== item.said.at(-1)) item.said.push(run)
    item.length += text.length
  }

  /** A whole block came: the rest of an open item, or an item of its own. */
  whole(kind: "text" | "reasoning", text: string, messageId: string, parent: ToolId | undefined, raw: unknown): void {
    // 2.1.197 asks for a broken answer anew without pieces, so its message does not begin.
    if (parent === undefined && messageId !== this.#messageId && this.#open.size > 0) this.messageStarted(messageId)
    const item = parent === undefined ? this.#takeOpen(kind) : undefined
    if (item === undefined) {
      const id = ids.itemId(`${messageId}:whole-${this.#wholes++}`)
      if (text !== "") this.#journal.text(deltaTag[kind], id, text, parent)
      this.#complete(kind, id, text, parent, raw)
      return
    }
    if (text.length > item.length) this.#journal.text(deltaTag[kind], item.id, text.slice(item.length), parent)
    share(item.said, text)
    this.#complete(kind, item.id, text, parent, raw)
  }

  /** The turn is over: what is open is complete as far as it came. */
  closeAll(): void {
    for (const item of this.#open.values()) {
      const text = item.said.map((run) => run.text).join("")
      share(item.said, text)
      if (text !== "") this.#complete(item.kind, item.id, text, item.parent)
    }
    this.#forget()
  }

  #takeOpen(kind: "text" | "reasoning"): Item | undefined {
    for (const [index, item] of this.#open) {
      if (item.kind !== kind) continue
      this.#open.delete(index)
      this.#lastIndex = -1
      this.#last = undefined
      return item
    }
    return undefined
  }

  #complete(kind: "text" | "reasoning", itemId: ItemId, text: string, parent?: ToolId, raw?: unknown): void {
    const _tag = kind === "text" ? "TextCompleted" : "ReasoningCompleted"
    this.#journal.emit({ _tag, itemId, text }, parent, raw, text.length)
  }

  #forget(): void {
    this.#open = new Map()
    this.#lastIndex = -1
    this.#last = undefined
  }
}
