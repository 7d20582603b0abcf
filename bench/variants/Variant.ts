/**
 * What a variant is: one way to read the fake CLI. Every variant does the same work per event (`Meter.delta`,
 * `Meter.toolResult`) and says `Meter.end` at the result.
 */
import type { Meter } from "../meter.ts"

export interface Job {
  readonly executable: string
  readonly meter: Meter
  /** The lines that the producer will print, for a reader that cannot see a result. */
  readonly lines: number
  /** How long the slow consumer sleeps, milliseconds. */
  readonly sleepMs: number
  /** How long after its interrupt a slow consumer goes on reading before it gives up, milliseconds. */
  readonly giveUpMs: number
}

export interface Variant {
  /** Reads one turn to its result as fast as it comes. */
  readonly read: (job: Job) => Promise<void>
  /** Takes the first delta of an endless turn, sleeps, sends an interrupt without waiting for it, reads to the result. */
  readonly sleep?: (job: Job) => Promise<void>
  /**
   * Takes the first delta of an endless turn and never asks for another. After the same time somebody else interrupts;
   * resolves when that settles, with what it said.
   */
  readonly stuck?: (job: Job) => Promise<string>
}

/** The part of a frame that is counted. */
export interface Frame {
  readonly type?: string
  readonly event?: { readonly delta?: { readonly type?: string; readonly text?: string } }
  readonly message?: {
    readonly content?: string | ReadonlyArray<{ readonly type?: string; readonly content?: unknown }>
  }
  readonly usage?: { readonly output_tokens?: number }
}

/** Counts a frame; true when it was the result. */
export const count = (meter: Meter, frame: Frame): boolean => {
  switch (frame.type) {
    case "stream_event": {
      const text = frame.event?.delta?.text
      if (text !== undefined) meter.delta(text)
      return false
    }
    case "user": {
      const content = frame.message?.content
      if (typeof content === "string" || content === undefined) return false
      for (const block of content) {
        if (block.type === "tool_result" && typeof block.content === "string") meter.toolResult(block.content)
      }
      return false
    }
    case "result":
      meter.end(frame.usage?.output_tokens)
      return true
    default:
      return false
  }
}

/** Whether a slow consumer has waited long enough for the result. */
export const givenUp = (job: Job): boolean => job.meter.sinceInterrupt > job.giveUpMs
