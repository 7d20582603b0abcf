/** What is measured: data only. Sizes and rounds are chosen so that a full run takes about a quarter of an hour. */
import { defaults } from "./knobs.ts"
import type { Knobs } from "./knobs.ts"
import type { Mode } from "./sample.ts"

export const suiteNames = ["bulk", "lines", "slow"] as const
export type SuiteName = (typeof suiteNames)[number]

export interface Case {
  readonly suite: SuiteName
  readonly name: string
  readonly mode: Mode
  readonly knobs: Knobs
  /** In the order of the first round; every other round goes backwards. */
  readonly variants: ReadonlyArray<string>
  readonly sleepMs: number
  readonly giveUpMs: number
}

export const ours: ReadonlyArray<string> = ["messages", "stream"]
const readers = ["newlines", "readline", "sdk", ...ours]

const read = (suite: SuiteName, name: string, knobs: Partial<Knobs>): Case => ({
  suite,
  name,
  mode: "read",
  knobs: { ...defaults, ...knobs },
  variants: readers,
  sleepMs: 0,
  giveUpMs: 0
})

const bulk = (n: number): Case => read("bulk", `${n.toLocaleString("en")} deltas of 260 B`, { n })

const big = (name: string, bytes: number, count: number, text: Knobs["text"]): Case =>
  read("lines", `${count.toLocaleString("en")} lines of ${name}, ${text}`, { n: 0, big: bytes, nbig: count, text })

const slow = (mode: Mode, name: string, variants: ReadonlyArray<string>, sleepMs: number, giveUpMs: number): Case => ({
  suite: "slow",
  name,
  mode,
  knobs: { ...defaults, n: -1 },
  variants,
  sleepMs,
  giveUpMs
})

const kilobyte = 1000
const megabyte = 1_000_000

export const full: ReadonlyArray<Case> = [
  bulk(1000),
  bulk(10_000),
  bulk(100_000),
  bulk(1_000_000),
  read("lines", "250,000 lines of 260 B, mixed", { n: 250_000 }),
  big("2 KB", 2 * kilobyte, 32_000, "mixed"),
  big("20 KB", 20 * kilobyte, 3200, "mixed"),
  big("200 KB", 200 * kilobyte, 320, "mixed"),
  big("1 MB", megabyte, 64, "ascii"),
  big("5 MB", 5 * megabyte, 16, "ascii"),
  big("20 MB", 20 * megabyte, 8, "ascii"),
  slow("sleep", "endless turn, consumer sleeps 3 s", ["readlineIterator", "sdk", ...ours], 3000, 60_000),
  slow("stuck", "endless turn, consumer never wakes, interrupt after 3 s", ["sdk", ...ours], 3000, 60_000)
]

export const smoke: ReadonlyArray<Case> = [
  bulk(10_000),
  read("lines", "10,000 lines of 260 B, mixed", { n: 10_000 }),
  big("2 KB", 2 * kilobyte, 1000, "mixed"),
  big("20 KB", 20 * kilobyte, 100, "mixed"),
  big("200 KB", 200 * kilobyte, 10, "mixed"),
  big("1 MB", megabyte, 4, "ascii"),
  big("5 MB", 5 * megabyte, 2, "ascii"),
  big("20 MB", 20 * megabyte, 1, "ascii"),
  slow("sleep", "endless turn, consumer sleeps 0.5 s", ["readlineIterator", "sdk", ...ours], 500, 4000),
  slow("stuck", "endless turn, consumer never wakes, interrupt after 0.5 s", ["sdk", ...ours], 500, 4000)
]
