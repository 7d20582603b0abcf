/**
 * Neighbouring deltas of one item as one: text as parts, never by `+=`, whose rope holds five times its characters.
 */
import type { AgentEvent, ReasoningDelta, TextDelta } from "../AgentEvent.ts"
import type { Joint } from "./backlog.ts"

const partsAtATime = 1024

const joint = (first: TextDelta | ReasoningDelta): Joint<AgentEvent> => {
  const joined: Array<string> = []
  let parts: Array<string> = [first.text]
  let count = 1
  let seq = first.seq
  return {
    add: (next) => {
      if (next._tag !== first._tag || next.itemId !== first.itemId) return -1
      parts.push(next.text)
      if (parts.length >= partsAtATime) {
        joined.push(parts.join(""))
        parts = []
      }
      count++
      seq = next.seq
      return next.text.length
    },
    finish: () => {
      if (count === 1) return first
      const { raw: _raw, ...rest } = first
      return { ...rest, seq, text: joined.join("") + parts.join(""), joined: count }
    }
  }
}

export const joinDeltas = (first: AgentEvent): Joint<AgentEvent> | undefined =>
  first._tag === "TextDelta" || first._tag === "ReasoningDelta" ? joint(first) : undefined
