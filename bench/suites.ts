/** What is measured: data only. Sizes and rounds are chosen so that a full run takes about three quarters of an hour. */
import { defaults } from "./knobs.ts"
import type { Knobs } from "./knobs.ts"
import type { Mode } from "./sample.ts"
import type { Plan } from "./sessions.ts"

export const suiteNames = ["bulk", "lines", "slow", "cycles", "flood", "paced", "fanout", "import"] as const
export type SuiteName = (typeof suiteNames)[number]

export interface Case extends Plan {
  readonly suite: SuiteName
  /** What `--case` and the floors call it. */
  readonly id: string
  readonly name: string
  readonly mode: Mode
  readonly knobs: Knobs
  /** In the order of the first round; every other round goes backwards. */
  readonly variants: ReadonlyArray<string>
  readonly sleepMs: number
  readonly giveUpMs: number
  readonly subscribers: ReadonlyArray<number>
  /** Longest time one sample may take, milliseconds. */
  readonly timeoutMs: number
}

export const ours: ReadonlyArray<string> = ["messages", "stream"]

type Some = Pick<Case, "suite" | "id" | "name" | "mode" | "variants"> &
  Partial<Omit<Case, "knobs">> & { readonly knobs?: Partial<Knobs> }

const make = (some: Some): Case => ({
  sleepMs: 0,
  giveUpMs: 0,
  subscribers: [0],
  sessions: 1,
  leaveAfter: 0,
  turns: 1,
  timeoutMs: 120_000,
  ...some,
  knobs: { ...defaults, ...some.knobs }
})

const count = (value: number): string => value.toLocaleString("en")

const bulk = (n: number): Case =>
  make({
    suite: "bulk",
    id: `bulk/${n}`,
    name: `${count(n)} deltas of 260 B`,
    mode: "read",
    knobs: { n },
    variants: ["newlines", "readline", "sdk", ...ours]
  })

/** Turns of long lines in a session that has warmed up: what starting costs is in the bulk cases. */
const big = (size: string, bytes: number, lines: number, text: Knobs["text"]): Case =>
  make({
    suite: "lines",
    id: `lines/${size.replace(" ", "")}`,
    name: `turns of ${count(lines)} tool results in lines of ${size}, ${text}`,
    mode: "warm",
    turns: 3,
    knobs: { n: 0, big: bytes, nbig: lines, text },
    variants: ["readline", "readlineKeeping", "sdk", ...ours]
  })

const slow = (mode: "sleep" | "stuck", sleepMs: number, giveUpMs: number): Case =>
  make({
    suite: "slow",
    id: `slow/${mode}`,
    name:
      mode === "sleep"
        ? `endless turn, consumer sleeps ${sleepMs / 1000} s, then interrupts`
        : `endless turn, consumer never wakes, interrupt after ${sleepMs / 1000} s`,
    mode,
    knobs: { n: -1 },
    variants: [...(mode === "sleep" ? ["readlineIterator"] : []), "sdk", ...ours],
    sleepMs,
    giveUpMs,
    timeoutMs: sleepMs + giveUpMs + 30_000
  })

const cycles = (sessions: number): Case =>
  make({
    suite: "cycles",
    id: "cycles",
    name: `${count(sessions)} times: open, a turn of one delta, close`,
    mode: "cycles",
    knobs: { n: 1 },
    variants: ["readline", "sdk", "stream", "streamPlain"],
    sessions,
    timeoutMs: 300_000
  })

const flood = (sessions: number): Case =>
  make({
    suite: "flood",
    id: "flood",
    name: `${count(sessions)} times: open, 100 deltas of an endless turn, close`,
    mode: "cycles",
    knobs: { n: -1 },
    variants: ["readline", "sdk", ...ours],
    sessions,
    leaveAfter: 100,
    timeoutMs: 300_000
  })

const rate = 30

const paced = (sessions: number, seconds: number): Case =>
  make({
    suite: "paced",
    id: `paced/${sessions}`,
    name: `${count(sessions)} sessions at once, ${rate} deltas a second each, for ${seconds} s`,
    mode: "paced",
    knobs: { n: rate * seconds, rate },
    variants: ["readline", "sdk", ...ours, "streamPlain"],
    sessions
  })

const fanout = (n: number, subscribers: ReadonlyArray<number>): Case =>
  make({
    suite: "fanout",
    id: "fanout",
    name: `${count(n)} deltas, readers of \`events\` beside the one of the turn`,
    mode: "read",
    knobs: { n },
    variants: ["stream"],
    subscribers
  })

const load: Case = make({
  suite: "import",
  id: "import",
  name: "importing",
  mode: "import",
  variants: ["sdk", "root", "claude", "effect"]
})

const kilobyte = 1000
const megabyte = 1_000_000

export const full: ReadonlyArray<Case> = [
  bulk(1000),
  bulk(10_000),
  bulk(100_000),
  bulk(1_000_000),
  big("2 KB", 2 * kilobyte, 16_000, "mixed"),
  big("20 KB", 20 * kilobyte, 1600, "mixed"),
  big("200 KB", 200 * kilobyte, 160, "mixed"),
  big("1 MB", megabyte, 64, "ascii"),
  big("5 MB", 5 * megabyte, 16, "ascii"),
  big("20 MB", 20 * megabyte, 4, "ascii"),
  slow("sleep", 3000, 60_000),
  slow("stuck", 3000, 60_000),
  cycles(2000),
  flood(500),
  paced(1, 5),
  paced(10, 5),
  paced(100, 5),
  paced(500, 5),
  fanout(200_000, [0, 1, 10, 100]),
  load
]

export const smoke: ReadonlyArray<Case> = [
  bulk(10_000),
  big("2 KB", 2 * kilobyte, 500, "mixed"),
  big("200 KB", 200 * kilobyte, 5, "mixed"),
  big("20 MB", 20 * megabyte, 1, "ascii"),
  slow("sleep", 300, 3000),
  slow("stuck", 300, 3000),
  cycles(20),
  flood(10),
  paced(3, 1),
  fanout(10_000, [0, 10]),
  load
]
