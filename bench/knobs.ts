/**
 * The knobs of the fake CLI (described in `fakeCli.c`), the texts that they stand for, and what a reader that misses
 * nothing has counted at the end.
 */
import { Buffer } from "node:buffer"

export interface Knobs {
  /** Deltas per turn; -1 = until interrupted. */
  readonly n: number
  /** Characters per delta, give or take 4. */
  readonly delta: number
  /** Bytes of one tool_result line. */
  readonly big: number
  /** Tool_result lines per turn. */
  readonly nbig: number
  readonly text: "mixed" | "ascii"
  /** Deltas per second, stamped; 0 = as fast as the pipe takes them. */
  readonly rate: number
}

export const defaults: Knobs = { n: 1000, delta: 24, big: 0, nbig: 0, text: "mixed", rate: 0 }

export const toEnv = (knobs: Knobs): Record<string, string> => ({
  FAKE_N: String(knobs.n),
  FAKE_DELTA: String(knobs.delta),
  FAKE_BIG: String(knobs.big),
  FAKE_NBIG: String(knobs.nbig),
  FAKE_TEXT: knobs.text,
  FAKE_RATE: String(knobs.rate)
})

export const fromEnv = (env: Record<string, string | undefined>): Knobs => ({
  n: Number(env["FAKE_N"] || defaults.n),
  delta: Number(env["FAKE_DELTA"] || defaults.delta),
  big: Number(env["FAKE_BIG"] || defaults.big),
  nbig: Number(env["FAKE_NBIG"] || defaults.nbig),
  text: env["FAKE_TEXT"] === "ascii" ? "ascii" : "mixed",
  rate: Number(env["FAKE_RATE"] || defaults.rate)
})

export const blockLines = 4096

/** What surrounds the text of a tool_result line, in bytes, roughly. */
export const toolResultEnvelope = 242

const newline = Buffer.from("\\n")
const euro = Buffer.from("\\u20ac")
const quote = Buffer.from('\\"')
const acute = Buffer.from("é")

/** Writes characters, escaped for JSON, until `done`; returns how many bytes and characters that were. */
const write = (
  target: Buffer,
  seed: number,
  text: Knobs["text"],
  done: (bytes: number, characters: number) => boolean
): { bytes: number; characters: number } => {
  let state = seed >>> 0
  let bytes = 0
  let characters = 0
  const mixed = text === "mixed"
  while (!done(bytes, characters)) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    const pick = state >>> 24
    if (pick < 6) bytes += newline.copy(target, bytes)
    else if (pick < 46) target[bytes++] = 0x20
    else if (mixed && pick < 54) bytes += acute.copy(target, bytes)
    else if (mixed && pick < 60) bytes += euro.copy(target, bytes)
    else if (mixed && pick < 66) bytes += quote.copy(target, bytes)
    else target[bytes++] = 0x61 + (pick % 26)
    characters++
  }
  return { bytes, characters }
}

/** How many characters the delta on this line of a block has. */
export const deltaCharacters = (knobs: Knobs, line: number): number => Math.max(1, knobs.delta - 4 + (line % 9))

/** The text of the delta on this line of a block, as it stands in the JSON. */
export const deltaText = (knobs: Knobs, line: number): Buffer => {
  const wanted = deltaCharacters(knobs, line)
  const target = Buffer.alloc(wanted * 6)
  const { bytes } = write(target, Math.imul(line + 1, 2654435761), knobs.text, (_, characters) => characters >= wanted)
  return target.subarray(0, bytes)
}

/** The text of a tool result, as it stands in the JSON, and its length once parsed. */
export const toolText = (knobs: Knobs): { json: Buffer; characters: number } => {
  const wanted = Math.max(0, knobs.big - toolResultEnvelope)
  const target = Buffer.alloc(wanted + 6)
  const { bytes, characters } = write(target, 1, knobs.text, (bytes) => bytes >= wanted)
  return { json: target.subarray(0, bytes), characters }
}

/** What one turn holds. Characters are UTF-16 units of the parsed texts. */
export interface Counts {
  readonly deltas: number
  readonly deltaCharacters: number
  readonly toolResults: number
  readonly toolCharacters: number
}

/** The counts of a turn with these knobs and this many deltas (the result of a turn says how many it sent). */
export const counts = (knobs: Knobs, deltas: number): Counts => {
  let characters = 0
  for (let delta = 0; delta < deltas; delta++) characters += deltaCharacters(knobs, delta % blockLines)
  return {
    deltas,
    deltaCharacters: characters,
    toolResults: knobs.nbig,
    toolCharacters: knobs.nbig === 0 ? 0 : knobs.nbig * toolText(knobs).characters
  }
}

/** The lines that the fake CLI prints for one `initialize` and one turn that nobody interrupts. */
export const lines = (knobs: Knobs): number => {
  const blocks = Math.ceil(knobs.n / blockLines)
  const replyInitAndResult = 3
  const messageFrame = 3
  return replyInitAndResult + messageFrame + 2 * knobs.nbig + 3 * blocks + knobs.n
}
