/** Neighbouring deltas of one item as one. */
import type { AgentEvent, ReasoningDelta, TextDelta } from "../AgentEvent.ts"
import type { Joint } from "./backlog.ts"
import { LongText } from "./longText.ts"

const joint = (first: TextDelta | ReasoningDelta): Joint<AgentEvent> => {
  const text = new LongText()
  text.push(first.text)
  let count = 1
  let seq = first.seq
  return {
    add: (next) => {
      if (next._tag !== first._tag || next.itemId !== first.itemId) return -1
      text.push(next.text)
      count++
      seq = next.seq
      return next.text.length
    },
    finish: () => {
      if (count === 1) return first
      const { raw: _raw, ...rest } = first
      return { ...rest, seq, text: text.toString(), joined: count }
    }
  }
}

export const joinDeltas = (first: AgentEvent): Joint<AgentEvent> | undefined =>
  first._tag === "TextDelta" || first._tag === "ReasoningDelta" ? joint(first) : undefined
