/**
 * From bytes to frames: cuts an agent's stdout into lines on bytes and parses each line as one JSON object. Linear in
 * the bytes for any chunking, bounded by a cap per line, and it never throws: what is not a frame is reported.
 */
import { Buffer, constants, isAscii } from "node:buffer"
import { StringDecoder } from "node:string_decoder"
import type { JsonObject } from "./jsonObject.ts"

/** what happens to what was framed; called synchronously, in order */
export interface FrameSink {
  /**
   * takes a line (`start` to `stop` of `block`) that it can tell without a parse; `false` for all others. It must not
   * keep a part of `block`: a slice keeps the whole chunk alive
   */
  readonly known?: ((block: string, start: number, stop: number) => boolean) | undefined
  /** one JSON object; `size` = length of its line in UTF-16 units, without the line end */
  readonly frame: (value: JsonObject, size: number, line: string) => void
  /**
   * a line that is not a JSON object, or one over the cap. `bytes` = length of the line in bytes, without the line end;
   * `prefix` = its first ≤ 200 characters
   */
  readonly malformed: (bytes: number, prefix: string) => void
}

export interface Framer {
  /**
   * takes the next bytes; they are held by reference while their line is incomplete, so the caller must not reuse them.
   * `own`: nobody else has them, and their memory is given back as soon as nothing of them is held
   */
  readonly push: (chunk: Uint8Array, own?: boolean) => void
  /** the last line without newline counts; call once at EOF */
  readonly end: () => void
}

/** 64 MiB; a line that is longer is skipped */
export const defaultMaxLineBytes = 64 * 1024 * 1024

const newline = 10
const carriageReturn = 13
const openingBrace = 123

const prefixLength = 200
/** enough bytes for a prefix whatever they hold: a UTF-16 unit takes at most three, and a cut character may end them */
const prefixBytes = prefixLength * 3 + 4

/**
 * From here on a held line is text and no longer chunks: one decode of all chunks is the fastest up to about a
 * megabyte; above it, the fresh multi-megabyte buffer costs more than appending strings does.
 */
const textFromBytes = 1024 * 1024
/** The same for ASCII, which appends without a look at each character. */
const asciiFromBytes = 128 * 1024
/** the same for a line that arrives in crumbs, where the chunk objects would outweigh their bytes */
const textFromChunks = 4096

const asBuffer = (chunk: Uint8Array): Buffer =>
  Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)

/** The collector sees small objects in front of much memory, and would let a lot of it wait. */
const giveBack = (bytes: Buffer): void => {
  const { buffer } = bytes
  if (buffer instanceof ArrayBuffer && buffer.byteLength === bytes.length) buffer.transfer(0)
}

/** A JSON text that begins with `{` is an object or no JSON at all, so nothing else is worth a parse. */
const parseObject = (line: string): JsonObject | undefined => {
  if (line.charCodeAt(0) !== openingBrace && line.trimStart().charCodeAt(0) !== openingBrace) return undefined
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** where the line with this number (from 0) begins */
const offsetOfLine = (bytes: Buffer, line: number): number => {
  let offset = 0
  for (let passed = 0; passed < line; passed++) offset = bytes.indexOf(newline, offset) + 1
  return offset
}

/** A copy, because a slice of a string keeps all of it alive, and never half a character. */
const prefixOf = (line: string): string => {
  const last = line.charCodeAt(prefixLength - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return Buffer.from(line.slice(0, isHalf ? prefixLength - 1 : prefixLength)).toString()
}

/** a complete line without its line end; one over the cap has no text, only the prefix to report */
type Line = { readonly bytes: number } & ({ readonly text: string } | { readonly prefix: string })

interface HeldLine {
  readonly append: (chunk: Buffer) => void
  readonly holdsChunks: () => boolean
  readonly complete: () => Line
}

/** A line whose end has not come yet: chunks first, then text, then (over the cap) nothing but its prefix and length. */
const makeHeldLine = (maxBytes: number): HeldLine => {
  // one more than the cap, because the last byte may turn out to belong to the line end; never less than a prefix
  const maxHeld = Math.max(maxBytes + 1, prefixBytes)
  let bytes = 0
  let lastByte = 0
  let chunks: Array<Buffer> = []
  let decoder: StringDecoder | undefined
  let text = ""
  let prefix = ""
  let isSkipped = false

  const skip = (length: number): void => {
    if (decoder === undefined) prefix = prefixOf(Buffer.concat(chunks, Math.min(length, prefixBytes)).toString())
    isSkipped = true
    chunks = []
    decoder = undefined
    text = ""
  }

  const turnIntoText = (): void => {
    decoder = new StringDecoder("utf8")
    text = decoder.write(Buffer.concat(chunks, bytes))
    // taken while the text is still flat: a slice of what is appended later would first copy all of it
    prefix = prefixOf(text)
    chunks = []
  }

  const append = (chunk: Buffer): void => {
    if (chunk.length === 0) return
    bytes += chunk.length
    lastByte = chunk[chunk.length - 1] ?? 0
    if (isSkipped) return
    if (decoder === undefined) chunks.push(chunk)
    if (bytes > maxHeld) skip(bytes)
    else if (decoder !== undefined) text += decoder.write(chunk)
    else if (bytes > textFromBytes || chunks.length > textFromChunks || (bytes > asciiFromBytes && isAscii(chunk))) {
      turnIntoText()
    }
  }

  const complete = (): Line => {
    const hasReturn = lastByte === carriageReturn
    const length = hasReturn ? bytes - 1 : bytes
    if (!isSkipped && length > maxBytes) skip(length)
    if (isSkipped) return { bytes: length, prefix }
    if (decoder === undefined) return { bytes: length, text: Buffer.concat(chunks, length).toString() }
    text += decoder.end()
    return { bytes: length, text: hasReturn ? text.slice(0, -1) : text }
  }

  return { append, holdsChunks: () => chunks.length > 0, complete }
}

export const make = (sink: FrameSink, options?: { readonly maxLineBytes?: number | undefined }): Framer => {
  // a line of the longest possible string would still decode, whatever cap is asked for
  const maxBytes = Math.min(options?.maxLineBytes ?? defaultMaxLineBytes, constants.MAX_STRING_LENGTH - 1)
  let held: HeldLine | undefined

  const deliver = (line: Line): void => {
    if ("prefix" in line) return sink.malformed(line.bytes, line.prefix)
    if (sink.known?.(line.text, 0, line.text.length)) return
    const value = parseObject(line.text)
    if (value !== undefined) sink.frame(value, line.text.length, line.text)
    else if (line.text.trim() !== "") sink.malformed(line.bytes, prefixOf(line.text))
  }

  /** Line by line, for a block that holds something else than frames: slower, but it knows the bytes of each line. */
  const lines = (block: Buffer): void => {
    for (let start = 0; start < block.length;) {
      const end = block.indexOf(newline, start)
      const line = makeHeldLine(maxBytes)
      line.append(block.subarray(start, end))
      deliver(line.complete())
      start = end + 1
    }
  }

  /** Complete lines, each with its newline: one decode for all of them while they are frames. */
  const block = (bytes: Buffer): void => {
    if (bytes.length > maxBytes) return lines(bytes)
    const text = bytes.toString()
    let count = 0
    for (let start = 0; start < text.length; count++) {
      const end = text.indexOf("\n", start)
      const stop = text.charCodeAt(end - 1) === carriageReturn ? end - 1 : end
      if (stop > start && !sink.known?.(text, start, stop)) {
        const line = text.slice(start, stop)
        const value = parseObject(line)
        if (value === undefined) return lines(bytes.subarray(offsetOfLine(bytes, count)))
        sink.frame(value, stop - start, line)
      }
      start = end + 1
    }
  }

  const push = (chunk: Uint8Array, own = false): void => {
    const bytes = asBuffer(chunk)
    let start = 0
    if (held !== undefined) {
      const end = bytes.indexOf(newline)
      held.append(end === -1 ? bytes : bytes.subarray(0, end))
      if (end === -1) {
        if (own && !held.holdsChunks()) giveBack(bytes)
        return
      }
      const line = held.complete()
      held = undefined
      deliver(line)
      start = end + 1
    }
    const rest = bytes.lastIndexOf(newline) + 1
    if (rest > start) block(bytes.subarray(start, rest))
    if (rest < bytes.length) {
      held = makeHeldLine(maxBytes)
      held.append(own && rest > 0 ? Buffer.from(bytes.subarray(rest)) : bytes.subarray(rest))
    }
    if (own && rest > 0) giveBack(bytes)
  }

  const end = (): void => {
    if (held === undefined) return
    const line = held.complete()
    held = undefined
    deliver(line)
  }

  return { push, end }
}
