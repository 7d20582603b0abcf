/**
 * Text deltas that need no parse. Nearly all of what a CLI says are lines that differ in two strings, the text and the
 * uuid. From one that was parsed a template is made: what stands before, between and behind the two. A line that matches
 * it is the same frame but for them; that is proved once, by a parse of the template with other strings in their places.
 */
import { Buffer } from "node:buffer"
import * as ClaudeMessage from "../ClaudeMessage.ts"
import { isObject } from "./wire.ts"
import type { ContentBlockDeltaEvent, StreamEvent, TextDelta } from "./wireStream.ts"

type Frame = StreamEvent<ContentBlockDeltaEvent<TextDelta>>

/** A text delta that was not parsed, to be looked at while it is heard. */
export interface Delta {
  readonly index: number
  readonly text: string
  /** The frame, for whoever wants it. */
  readonly frame: () => Frame
}

interface Parts {
  /** Up to the quote that opens the text. */
  readonly before: string
  /** From the quote that ends the text to the one that opens the uuid. */
  readonly between: string
  /** From the quote that ends the uuid. */
  readonly after: string
}

const textMark = '"delta":{"type":"text_delta","text":"'
const uuidMark = '"uuid":"'
const uuidLength = 36

/** Whether what stands there is a string of that length as it is: what JSON ends, escapes or forbids is looked for. */
const isPlainAt = (line: string, start: number): boolean => {
  for (let at = start; at < start + uuidLength; at++) {
    const code = line.charCodeAt(at)
    if (code < 45 || code === 92) return false
  }
  return true
}

/** Of the main thread: what a subagent says is told whole. */
const isTextDelta = (message: ClaudeMessage.ClaudeMessage): message is Frame =>
  !ClaudeMessage.isUnknown(message) &&
  message.type === "stream_event" &&
  typeof message.parent_tool_use_id !== "string" &&
  message.event.type === "content_block_delta" &&
  message.event.delta.type === "text_delta"

/** Where the string ends that begins at `start`, in a line that is JSON. */
const closingQuote = (line: string, start: number): number => {
  for (let at = start; ; at++) {
    const code = line.charCodeAt(at)
    if (code === 92) at++
    else if (code === 34 || Number.isNaN(code)) return at
  }
}

const probeText = "a text that stands nowhere else"
const probeUuid = "00000000-0000-4000-8000-0b5e55ed0000"

/** Whether other strings in the places of the two end up as text and uuid, and change nothing else. */
const isProved = ({ after, before, between }: Parts): boolean => {
  const frame: unknown = JSON.parse(before + probeText + between + probeUuid + after)
  if (!isObject(frame) || !isObject(frame.event) || !isObject(frame.event.delta)) return false
  return frame.event.delta.text === probeText && frame.uuid === probeUuid
}

/** How many deltas are parsed after a template that matched nothing before another is made: twice as many each time. */
const mostSkipped = 4096

/** A string of a line, which is between quotes. */
const parseString = (line: string, start: number, end: number): string | undefined => {
  try {
    const value: unknown = JSON.parse(line.slice(start - 1, end + 1))
    return typeof value === "string" ? value : undefined
  } catch {
    return undefined
  }
}

/** Short slices are copies, longer ones would keep the whole chunk alive. */
const copyUuid = (line: string, start: number): string =>
  line.slice(start, start + 12) + line.slice(start + 12, start + 24) + line.slice(start + 24, start + uuidLength)

const withStrings = (frame: Frame, text: string, uuid: string): Frame => ({
  ...frame,
  event: { ...frame.event, delta: { ...frame.event.delta, text } },
  uuid
})

/** It is itself the delta that it matched last, because an object for each would be the most of what one costs. */
class Template implements Delta {
  readonly index: number
  text = ""
  readonly #parts: Parts
  readonly #frame: Frame
  #block = ""
  #uuid = 0

  constructor(parts: Parts, frame: Frame) {
    this.#parts = parts
    this.#frame = frame
    this.index = frame.event.index
  }

  /** Whether the line from `start` to `stop` is a delta of this form. */
  matches(block: string, start: number, stop: number): boolean {
    const { after, before, between } = this.#parts
    const textStart = start + before.length
    const uuid = stop - after.length - uuidLength
    const textEnd = uuid - between.length
    // A slice costs next to nothing, and two strings of one length are compared faster than `startsWith` does.
    if (
      textEnd < textStart ||
      block.slice(start, textStart) !== before ||
      block.slice(textEnd, uuid) !== between ||
      block.slice(stop - after.length, stop) !== after ||
      !isPlainAt(block, uuid)
    ) {
      return false
    }
    const text = parseString(block, textStart, textEnd)
    if (text === undefined) return false
    this.text = text
    this.#block = block
    this.#uuid = uuid
    return true
  }

  frame(): Frame {
    return withStrings(this.#frame, this.text, copyUuid(this.#block, this.#uuid))
  }

  /** It would keep the whole chunk alive. */
  forget(): void {
    this.text = ""
    this.#block = ""
  }
}

const templateOf = (line: string, frame: Frame): Template | undefined => {
  const start = line.indexOf(textMark) + textMark.length
  if (start < textMark.length) return undefined
  const end = closingQuote(line, start)
  const uuid = line.indexOf(uuidMark, end) + uuidMark.length
  if (uuid < uuidMark.length || !isPlainAt(line, uuid)) return undefined
  const parts = {
    before: line.slice(0, start),
    between: line.slice(end, uuid),
    after: line.slice(uuid + uuidLength)
  }
  return isProved(parts) ? new Template(parts, frame) : undefined
}

export class TextDeltas {
  readonly #heard: (delta: Delta, size: number) => void
  #template: Template | undefined
  #matches = 0
  #skip = 0
  #left = 0

  constructor(heard: (delta: Delta, size: number) => void) {
    this.#heard = heard
  }

  /** Hears the line from `start` to `stop`, if it is a text delta like the one that was learned. */
  read(block: string, start: number, stop: number): boolean {
    const template = this.#template
    if (template === undefined || !template.matches(block, start, stop)) return false
    this.#matches++
    this.#heard(template, stop - start)
    template.forget()
    return true
  }

  /** Takes in a line that had to be parsed, and what it was. */
  learn(line: string, message: ClaudeMessage.ClaudeMessage): void {
    if (!isTextDelta(message) || this.#left-- > 0) return
    this.#skip = this.#matches > 0 ? 0 : Math.min(this.#skip * 2 + 1, mostSkipped)
    this.#left = this.#skip
    this.#matches = 0
    // A copy: the line is a slice of its chunk.
    this.#template = templateOf(Buffer.from(line).toString(), message)
  }
}
