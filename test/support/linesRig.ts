/** What the tests of the byte framer share: an oracle, generators of output, and counters of work and memory. */
import * as Arbitrary from "effect/Arbitrary"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Lines from "../../src/internal/lines.ts"

export type Outcome =
  | { readonly value: { readonly [key: string]: unknown }; readonly size: number }
  | { readonly bytes: number; readonly prefix: string }

export const open = (maxLineBytes?: number) => {
  const outcomes: Array<Outcome> = []
  const framer = Lines.make(
    {
      frame: (value, size) => outcomes.push({ value, size }),
      malformed: (bytes, prefix) => outcomes.push({ bytes, prefix })
    },
    { maxLineBytes }
  )
  return { framer, outcomes }
}

export const framed = (chunks: Iterable<Uint8Array>, maxLineBytes?: number): ReadonlyArray<Outcome> => {
  const { framer, outcomes } = open(maxLineBytes)
  for (const chunk of chunks) framer.push(chunk)
  framer.end()
  return outcomes
}

/** The same of chunks that are the framer's own. */
export const framedOwn = (chunks: Iterable<Uint8Array>, maxLineBytes?: number): ReadonlyArray<Outcome> => {
  const { framer, outcomes } = open(maxLineBytes)
  for (const chunk of chunks) framer.push(Uint8Array.from(chunk), true)
  framer.end()
  return outcomes
}

export const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

export const framedText = (text: string, maxLineBytes?: number): ReadonlyArray<Outcome> =>
  framed([bytesOf(text)], maxLineBytes)

/** cuts the bytes into chunks of the given sizes, over and over */
export function* cut(bytes: Uint8Array, sizes: ReadonlyArray<number>): Generator<Uint8Array> {
  for (let start = 0, index = 0; start < bytes.length; index++) {
    const size = sizes[index % sizes.length] ?? 1
    yield bytes.subarray(start, start + size)
    start += size
  }
}

const decodeRecord = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))

const objectOf = (text: string) => Option.getOrUndefined(decodeRecord(text))

/** What a framer has to say about these bytes: the plain definition of a line, with no chunks and no care for speed. */
export const expected = (bytes: Uint8Array, maxLineBytes = Lines.defaultMaxLineBytes): ReadonlyArray<Outcome> => {
  const outcomes: Array<Outcome> = []
  const lines: Array<ReadonlyArray<number>> = []
  let current: Array<number> = []
  for (const byte of bytes) {
    if (byte === 10) {
      lines.push(current)
      current = []
    } else current.push(byte)
  }
  for (const raw of [...lines, current]) {
    const line = raw.at(-1) === 13 ? raw.slice(0, -1) : raw
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Uint8Array.from(line))
    const value = objectOf(text)
    if (value !== undefined && line.length <= maxLineBytes) outcomes.push({ value, size: text.length })
    else if (line.length > maxLineBytes || text.trim() !== "") {
      const isHalf = /[\uD800-\uDBFF]/.test(text.charAt(199))
      outcomes.push({ bytes: line.length, prefix: text.slice(0, isHalf ? 199 : 200) })
    }
  }
  return outcomes
}

export const int = (minimum: number, maximum: number) =>
  Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum, maximum })))

export const oneOf = <const Values extends ReadonlyArray<string | number>>(values: Values) =>
  Arbitrary.schema(Schema.Literals(values))

export const sizes = Arbitrary.array(int(1, 60), { minLength: 1, maxLength: 12 })

const words = oneOf([
  "a",
  "plain words ",
  "\\",
  '"',
  "\n",
  "\r",
  "\t",
  "é",
  "ß",
  "漢",
  "€",
  "\u2028",
  "😀",
  "👩‍👩‍👧",
  "\u0000"
])

const aLine = Arbitrary.all({
  kind: oneOf(["frame", "frame", "indented", "nested", "blank", "space", "scalar", "garbage", "broken", "huge"]),
  words: Arbitrary.array(words, { maxLength: 20 }),
  bytes: Arbitrary.array(int(0x80, 0xff), { maxLength: 8 }),
  end: oneOf(["\n", "\r\n"])
}).pipe(
  Arbitrary.map((parts) => {
    const text = parts.words.join("")
    const escaped = text.replaceAll("\n", " ")
    const line = (content: string) => Buffer.from(content + parts.end)
    switch (parts.kind) {
      case "frame":
        return line(JSON.stringify({ type: "t", text }))
      case "indented":
        return line(` \t${JSON.stringify({ type: "t", text })}\r `)
      case "nested":
        return line(JSON.stringify({ list: [{ text }, null, 1.5, true], [text]: {} }))
      case "blank":
        return line("")
      case "space":
        return line(" \t \r ")
      case "scalar":
        return line(JSON.stringify([text, 1, null, [text]][text.length % 4]))
      case "garbage":
        return line(escaped)
      case "broken":
        return Buffer.concat([
          Buffer.from('{"text":"'),
          Buffer.from(parts.bytes),
          line(text.length % 2 === 0 ? '"}' : escaped)
        ])
      case "huge":
        return line(JSON.stringify({ text: `${text}x`.repeat(400) }))
    }
  })
)

/** whole lines of every kind, the last one perhaps without its newline */
export const output = Arbitrary.all({ lines: Arbitrary.array(aLine, { maxLength: 12 }), cutOff: int(0, 3) }).pipe(
  Arbitrary.map(({ cutOff, lines }) => {
    const bytes = Buffer.concat(lines)
    return bytes.subarray(0, bytes.length - cutOff)
  })
)

/** bytes that are as often as possible the begin, the middle or the end of something */
export const rawBytes = Arbitrary.array(
  oneOf([
    10, 13, 32, 97, 0x7b, 0x7d, 0x22, 0x3a, 0xc3, 0xa9, 0xe2, 0x82, 0xac, 0xe0, 0xed, 0xa0, 0xf0, 0x9f, 0x98, 0xff
  ]),
  { maxLength: 120 }
).pipe(Arbitrary.map((bytes) => Uint8Array.from(bytes)))

/** pushes new chunks of one line; the answer is how many of them are still in memory */
export const pushFresh = (framer: Lines.Framer, chunks: number, size: number): (() => number) => {
  const pushed: Array<WeakRef<ArrayBuffer>> = []
  for (let count = 0; count < chunks; count++) {
    const chunk = new Uint8Array(size).fill(120)
    pushed.push(new WeakRef(chunk.buffer))
    framer.push(chunk)
  }
  return () => pushed.filter((chunk) => chunk.deref() !== undefined).length
}

/** Fails when more than `limit` bytes and characters pass through what searches, joins and decodes while `run` runs. */
export const withinWork = (limit: number, run: () => void): void => {
  const { concat } = Buffer
  const { indexOf, lastIndexOf, toString } = Buffer.prototype
  const stringIndexOf = String.prototype.indexOf
  let work = 0
  const count = (amount: number): void => {
    work += amount
    if (work > limit) throw new Error(`more work than ${limit}`)
  }
  Buffer.concat = (list, length) => {
    const joined = concat(list, length)
    count(joined.length)
    return joined
  }
  Buffer.prototype.indexOf = function (...args: Parameters<Buffer["indexOf"]>) {
    const found = indexOf.apply(this, args)
    count((found === -1 ? this.length : found + 1) - Number(args[1] ?? 0))
    return found
  }
  Buffer.prototype.lastIndexOf = function (...args: Parameters<Buffer["lastIndexOf"]>) {
    const found = lastIndexOf.apply(this, args)
    count(found === -1 ? this.length : this.length - found)
    return found
  }
  Buffer.prototype.toString = function (...args: Parameters<Buffer["toString"]>) {
    const text = toString.apply(this, args)
    count(text.length)
    return text
  }
  // oxlint-disable-next-line no-extend-native -- counts what a search of the held text would cost
  String.prototype.indexOf = function (...args: Parameters<string["indexOf"]>) {
    const found = stringIndexOf.apply(this, args)
    count((found === -1 ? this.length : found + 1) - (args[1] ?? 0))
    return found
  }
  try {
    run()
  } finally {
    Object.assign(Buffer, { concat })
    Object.assign(Buffer.prototype, { indexOf, lastIndexOf, toString })
    // oxlint-disable-next-line no-extend-native -- puts the original back
    String.prototype.indexOf = stringIndexOf
  }
}
