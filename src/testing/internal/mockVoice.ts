/**
 * What a mock agent says, as events: text and thinking items, tool calls, and what is still open of them when a turn
 * ends. Everything goes through `say`, which is to the mock what one read of its pipe is to a real agent.
 */
import * as Effect from "effect/Effect"
import type { ToolKind } from "../../AgentEvent.ts"
import type { Core } from "../../internal/core.ts"
import * as ids from "../../internal/ids.ts"
import type { Body } from "../../internal/journal.ts"
import * as Notices from "../../internal/notices.ts"
import type { ToolStatus } from "../../Turn.ts"

export type ItemKind = "text" | "reasoning"

export interface Item {
  id: ids.ItemId
  readonly kind: ItemKind
  readonly parent: ids.ToolId | undefined
  said: Array<string>
}

export class Voice {
  readonly #core: Core
  readonly #items = new Set<Item>()
  readonly #tools = new Map<ids.ToolId, ids.ToolId | undefined>()
  #count = 0
  #reply = ""

  constructor(core: Core) {
    this.#core = core
  }

  /** A name nobody had yet in this session. */
  name(what: string): string {
    return `${what}-${++this.#count}`
  }

  /** Emits what `tell` emits; while too much waits for a reader, the agent waits too. */
  say(tell: () => void): Effect.Effect<void> {
    const { journal, turns } = this.#core
    return Effect.suspend(() => {
      journal.tick()
      turns.touch()
      tell()
      journal.gate.update()
      if (journal.gate.isOpen) return journal.flush
      journal.emit(Notices.readerPaused())
      return Effect.andThen(
        Effect.andThen(journal.flush, journal.gate.opened),
        Effect.sync(() => {
          journal.tick()
          turns.touch()
        })
      )
    })
  }

  emit(body: Body, parent?: ids.ToolId, raw?: unknown): void {
    this.#core.journal.emit(body, parent, raw)
  }

  item(kind: ItemKind, parent: ids.ToolId | undefined): Item {
    return { id: ids.itemId(this.name("item")), kind, parent, said: [] }
  }

  piece(item: Item, text: string): void {
    if (text === "") return
    // Its turn was ended before it was complete: what is still said is another item.
    if (item.said.length > 0 && !this.#items.has(item)) {
      item.id = ids.itemId(this.name("item"))
      item.said = []
    }
    this.#items.add(item)
    item.said.push(text)
    this.#core.journal.text(item.kind === "text" ? "TextDelta" : "ReasoningDelta", item.id, text, item.parent)
  }

  complete(item: Item): void {
    if (item.said.length > 0 && !this.#items.delete(item)) return
    const text = item.said.join("")
    const _tag = item.kind === "text" ? "TextCompleted" : "ReasoningCompleted"
    if (_tag === "TextCompleted" && item.parent === undefined) this.#reply += text
    this.#core.journal.emit({ _tag, itemId: item.id, text }, item.parent, undefined, text.length)
  }

  toolStarted(
    tool: { readonly toolId: ids.ToolId; readonly name: string; readonly kind: ToolKind; readonly input: unknown },
    parent: ids.ToolId | undefined
  ): void {
    this.#tools.set(tool.toolId, parent)
    this.emit({ _tag: "ToolStarted", ...tool }, parent)
  }

  toolEnded(toolId: ids.ToolId, status: ToolStatus, output: unknown): void {
    const parent = this.#tools.get(toolId)
    if (this.#tools.delete(toolId)) this.emit({ _tag: "ToolEnded", toolId, status, output }, parent)
  }

  /** What was said to the user since this was asked for the last time. */
  takeReply(): string {
    const reply = this.#reply
    this.#reply = ""
    return reply
  }

  /** The turn ends: what is still open ends with it. */
  closeItems(interrupted: boolean): void {
    for (const item of this.#items) this.complete(item)
    const status = interrupted ? "interrupted" : "unknown"
    for (const toolId of this.#tools.keys()) this.toolEnded(toolId, status, undefined)
  }
}
