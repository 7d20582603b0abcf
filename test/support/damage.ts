/** What bytes suffer on their way: changed, lost, doubled, cut anywhere. And what has to be heard of them all the same. */
import { Buffer } from "node:buffer"
import { isObject, type JsonObject } from "../../src/claude/internal/wire.ts"
import type { Random } from "./random.ts"

/** Bytes that mean something to one who reads lines, UTF-8 or JSON. */
const meaning = Buffer.from([
  ...Buffer.from('\n\r"\\{}[],: u0.e-\0'),
  0x80,
  0xbf,
  0xc3,
  0xe2,
  0xed,
  0xa0,
  0xf0,
  0x9f,
  0xff
])

/** The same bytes with one thing done to them. */
export const damaged = (bytes: Buffer, random: Random): Buffer => {
  const at = random.below(bytes.length)
  const length = random.chance(0.8) ? 1 + random.below(4) : random.below(bytes.length)
  const before = bytes.subarray(0, at)
  const after = bytes.subarray(Math.min(bytes.length, at + length))
  const byte = random.chance(0.7) ? (meaning[random.below(meaning.length)] ?? 0) : random.below(256)
  switch (random.below(6)) {
    case 0:
    case 1: {
      const copy = Buffer.from(bytes)
      copy[at] = byte
      return copy
    }
    case 2:
      return Buffer.concat([before, Buffer.of(byte), bytes.subarray(at)])
    case 3:
      return Buffer.concat([before, after])
    case 4:
      return Buffer.concat([bytes.subarray(0, at + length), bytes.subarray(at)])
    default:
      return random.chance(0.3) ? before : Buffer.concat([before, Buffer.of((bytes[at] ?? 0) ^ 0x20), after])
  }
}

/** The bytes in pieces: of one byte up to all of them. */
export function* pieces(bytes: Buffer, random: Random): Generator<Buffer> {
  const most = random.chance(0.02) ? 3 : 1 << (7 + random.below(11))
  for (let start = 0; start < bytes.length;) {
    const stop = start + 1 + random.below(most)
    yield bytes.subarray(start, stop)
    start = stop
  }
}

export type Heard =
  | { readonly text: string; readonly value: JsonObject }
  | { readonly bytes: number; readonly prefix: string }

const objectOf = (text: string): JsonObject | undefined => {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

/** Line by line, by the plain definition: what a reader of these bytes has to hear, in order. */
export const heardOf = (bytes: Buffer, maxLineBytes: number = Infinity): ReadonlyArray<Heard> => {
  const heard: Array<Heard> = []
  for (let start = 0; start <= bytes.length;) {
    const found = bytes.indexOf(10, start)
    const end = found === -1 ? bytes.length : found
    const raw = bytes.subarray(start, bytes[end - 1] === 13 && end > start ? end - 1 : end)
    start = end + 1
    if (raw.length === 0) continue
    const text = decoder.decode(raw)
    const value = raw.length > maxLineBytes ? undefined : objectOf(text)
    if (value !== undefined) heard.push({ text, value })
    else if (raw.length > maxLineBytes || text.trim() !== "") {
      const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(199))
      heard.push({ bytes: raw.length, prefix: text.slice(0, isHalf ? 199 : 200) })
    }
  }
  return heard
}

/** Whether two parsed values are one; an assertion would take longer than what is tested. */
export const isSame = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return Object.is(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [Object.entries(a), Object.entries(b)]
  // What was parsed from one text has its keys in one order.
  return (
    left.length === right.length &&
    left.every(([key, value], index) => key === right[index]?.[0] && isSame(value, right[index][1]))
  )
}
