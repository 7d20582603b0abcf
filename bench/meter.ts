/**
 * What is measured of one turn: the processor time of this process from just before it (for the first one: before the
 * spawn) to its last event, the growth of its memory, and what the variant under test counted.
 */
import { writeFileSync } from "node:fs"
import { memory } from "./census.ts"
import type { Counts } from "./knobs.ts"

/** What a variant tells of a turn. */
export interface Counter {
  /** `parts`: how many deltas were joined to this text. */
  readonly delta: (text: string, parts?: number) => void
  readonly toolResult: (text: string) => void
  /** The last event; what comes after it is not measured. `reported` = how many deltas the producer says it sent. */
  readonly end: (reported: number | undefined) => void
}

export interface Measured {
  /** User and system time of all threads of this process, milliseconds. */
  readonly cpuMs: number
  readonly wallMs: number
  /** Resident memory just before the spawn and at its highest since then, MiB. */
  readonly rssBefore: number
  readonly rssPeak: number
  readonly counted: Counts
  /** Lines that the variant saw; only the newline counter knows. */
  readonly lines: number
  /** The turn was read to its result; every other figure is worthless without it. */
  readonly sawResult: boolean
  /** How many deltas the producer says it sent; undefined where the variant cannot know. */
  readonly reported: number | undefined
  /** From the interrupt to the result (or until the wait was given up), milliseconds; undefined without an interrupt. */
  readonly interruptMs: number | undefined
  /** Deltas that were delivered after the interrupt. */
  readonly queued: number | undefined
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** Lets the kernel forget what the imports needed at their peak; a kernel that cannot counts that in. */
const resetPeak = (): void => {
  try {
    writeFileSync("/proc/self/clear_refs", "5")
  } catch {
    return
  }
}

export class Meter implements Counter {
  readonly counted: Mutable<Counts> = { deltas: 0, deltaCharacters: 0, toolResults: 0, toolCharacters: 0 }
  lines = 0
  reported: number | undefined

  #cpu: NodeJS.CpuUsage
  #wall: number
  #rss: number
  #interrupt: { readonly at: number; readonly deltas: number } | undefined
  #end: Pick<Measured, "cpuMs" | "wallMs" | "rssPeak" | "interruptMs" | "queued"> | undefined

  /** Made just before the variant runs. */
  constructor() {
    resetPeak()
    this.#rss = memory("VmRSS")
    this.#cpu = process.cpuUsage()
    this.#wall = performance.now()
  }

  delta(text: string, parts = 1): void {
    this.counted.deltas += parts
    this.counted.deltaCharacters += text.length
  }

  toolResult(text: string): void {
    this.counted.toolResults++
    this.counted.toolCharacters += text.length
  }

  /** Called when the interrupt is sent. */
  interrupt(): void {
    this.#interrupt = { at: performance.now(), deltas: this.counted.deltas }
  }

  /** Milliseconds since the interrupt; 0 before it. */
  get sinceInterrupt(): number {
    return this.#interrupt === undefined ? 0 : performance.now() - this.#interrupt.at
  }

  end(reported: number | undefined): void {
    if (this.#end !== undefined) return
    const { system, user } = process.cpuUsage(this.#cpu)
    const now = performance.now()
    this.reported = reported
    this.#end = {
      cpuMs: (user + system) / 1000,
      wallMs: now - this.#wall,
      rssPeak: memory("VmHWM"),
      interruptMs: this.#interrupt === undefined ? undefined : now - this.#interrupt.at,
      queued: this.#interrupt === undefined ? undefined : this.counted.deltas - this.#interrupt.deltas
    }
  }

  get measured(): Measured {
    const sawResult = this.#end !== undefined
    this.end(undefined)
    return {
      ...this.#end!,
      rssBefore: this.#rss,
      counted: this.counted,
      lines: this.lines,
      sawResult,
      reported: this.reported
    }
  }
}
