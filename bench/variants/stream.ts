/** This library, `session.stream`: one turn as events that are the same for every agent. */
import type { AgentEvent } from "../../src/AgentEvent.ts"
import type { Counter } from "../meter.ts"
import { type Reader, variantOf } from "./session.ts"

const count = (counter: Counter, event: AgentEvent): boolean => {
  switch (event._tag) {
    case "TextDelta":
      counter.delta(event.text, event.joined ?? 1)
      return true
    case "ToolEnded":
      if (typeof event.output === "string") counter.toolResult(event.output)
      return false
    case "TurnEnded":
      counter.end(event.result.usage.outputTokens)
      return false
    default:
      return false
  }
}

export const reader: Reader<AgentEvent> = { turn: (session) => session.stream("go"), count }

export const variant = variantOf(reader)
