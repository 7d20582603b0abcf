/**
 * The last of what a child said on stderr: bounded while it is written, cleaned of secrets when it is read, so that
 * every process error can carry it.
 */
import { Buffer } from "node:buffer"

export interface StderrTail {
  readonly push: (chunk: Uint8Array) => void
  /** at most 16 KiB of text, the end of what was pushed */
  readonly read: () => string
}

const maxBytes = 16 * 1024

/**
 * Kept on top of the tail and given up when it is read: a secret that the bound cut in two is not recognised, and what
 * is left of it lies in here. Wider when a secret is longer.
 */
const minMargin = 4 * 1024

/** what the bytes of a character that the bound cut in two grow by when they are decoded */
const halfCharacter = 6

const mask = "[redacted]"

/** a shorter secret would take half of the ordinary text with it */
const shortestSecret = 4

/** each begins with a fixed text, so that a long line without a match costs one pass */
const secretShapes: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bsk-[A-Za-z0-9_-]{6,}/g, mask],
  [/\bBearer\s{1,4}[^\s"',]+/gi, `Bearer ${mask}`],
  [/(API[_-]?KEY["']?\s{0,4}[=:]\s{0,4}["']?)[^\s"',]+/gi, `$1${mask}`],
  [/((?:TOKEN|SECRET|PASSWORD)["']?=["']?)[^\s"',]+/gi, `$1${mask}`]
]

const longestFirst = (left: string, right: string): number => right.length - left.length

/** cuts the given secrets and everything that looks like a key out of a text */
export const redact = (text: string, secrets: ReadonlyArray<string>): string => {
  let clean = text
  for (const secret of secrets.filter((one) => one.length >= shortestSecret).toSorted(longestFirst)) {
    clean = clean.replaceAll(secret, mask)
  }
  for (const [shape, replacement] of secretShapes) clean = clean.replace(shape, replacement)
  return clean
}

/** the last bytes of a text, never half a character */
const lastBytes = (text: string, bytes: number): string => {
  const encoded = Buffer.from(text)
  if (encoded.length <= bytes) return text
  let start = encoded.length - bytes
  while (((encoded[start] ?? 0) & 0xc0) === 0x80) start++
  return encoded.toString("utf8", start)
}

export const make = (secrets: ReadonlyArray<string>): StderrTail => {
  const margin = Math.max(minMargin, ...secrets.map((secret) => Buffer.byteLength(secret) + halfCharacter))
  const size = maxBytes + margin
  let ring: Buffer | undefined
  let written = 0
  return {
    push: (chunk) => {
      ring ??= Buffer.allocUnsafeSlow(size)
      const skipped = Math.max(0, chunk.length - size)
      const at = (written + skipped) % size
      const first = Math.min(chunk.length - skipped, size - at)
      ring.set(chunk.subarray(skipped, skipped + first), at)
      ring.set(chunk.subarray(skipped + first), 0)
      written += chunk.length
    },
    read: () => {
      if (ring === undefined) return ""
      const cut = written > size
      const end = written % size
      const kept = cut ? Buffer.concat([ring.subarray(end), ring.subarray(0, end)]) : ring.subarray(0, written)
      const clean = redact(new TextDecoder().decode(kept, { stream: true }), secrets)
      return lastBytes(clean, Math.min(maxBytes, Buffer.byteLength(clean) - (cut ? margin : 0)))
    }
  }
}
