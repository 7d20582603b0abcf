/**
 * What a variant is: one way to read the fake CLI. Every variant does the same work per event (`Counter.delta`,
 * `Counter.toolResult`) and says `Counter.end` at the result.
 */
import type { Counter, Meter } from "../meter.ts"

/** What is the same for every conversation of a sample. */
export interface Setting {
  readonly executable: string
  /** The lines that the producer will print, for a reader that cannot see a result. */
  readonly lines: number
  /** How long the slow consumer sleeps, milliseconds. */
  readonly sleepMs: number
  /** How long after its interrupt a slow consumer goes on reading before it gives up, milliseconds. */
  readonly giveUpMs: number
  /** How many readers `events` has beside the one of the turn. */
  readonly subscribers: number
}

export interface Job extends Setting {
  readonly meter: Meter
}

/** An open conversation. */
export interface Live {
  /** One turn to its result. */
  readonly turn: (counter: Counter) => Promise<void>
  /** One turn, left after so many deltas. */
  readonly leave: (counter: Counter, deltas: number) => Promise<void>
  readonly close: () => Promise<void>
}

/** A conversation that began with its prompt. */
export interface Prompted {
  /** Settles with the result. */
  readonly turn: Promise<void>
  readonly close: () => Promise<void>
}

export interface Variant {
  /** Imports what is not imported with the variant: the official SDK, from this path. */
  readonly load?: (sdk: string) => Promise<void>
  /** Reads one turn to its result as fast as it comes. */
  readonly read: (job: Job) => Promise<void>
  /** Takes the first delta of an endless turn, sleeps, sends an interrupt without waiting for it, reads to the result. */
  readonly sleep?: (job: Job) => Promise<void>
  /**
   * Takes the first delta of an endless turn and never asks for another. After the same time somebody else interrupts;
   * resolves when that settles, with what it said.
   */
  readonly stuck?: (job: Job) => Promise<string>
  readonly open?: (setting: Setting) => Promise<Live>
  /** What a program does that is asked something: opens a conversation and prompts, both at once where that is possible. */
  readonly prompt?: (setting: Setting, counter: Counter) => Prompted
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
export const count = (counter: Counter, frame: Frame): boolean => {
  switch (frame.type) {
    case "stream_event": {
      const text = frame.event?.delta?.text
      if (text !== undefined) counter.delta(text)
      return false
    }
    case "user": {
      const content = frame.message?.content
      if (typeof content === "string" || content === undefined) return false
      for (const block of content) {
        if (block.type === "tool_result" && typeof block.content === "string") counter.toolResult(block.content)
      }
      return false
    }
    case "result":
      counter.end(frame.usage?.output_tokens)
      return true
    default:
      return false
  }
}

export const isDelta = (frame: Frame): boolean =>
  frame.type === "stream_event" && frame.event?.delta?.text !== undefined

/** Whether a slow consumer has waited long enough for the result. */
export const givenUp = (job: Job): boolean => job.meter.sinceInterrupt > job.giveUpMs
