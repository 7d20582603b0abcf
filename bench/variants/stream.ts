/** This library, `session.stream`: one turn as events that are the same for every agent. */
import type { AgentEvent } from "../../src/AgentEvent.ts"
import type { Meter } from "../meter.ts"
import { variantOf } from "./session.ts"

const count = (meter: Meter, event: AgentEvent): void => {
  switch (event._tag) {
    case "TextDelta":
      return meter.delta(event.text, event.joined ?? 1)
    case "ToolEnded":
      return typeof event.output === "string" ? meter.toolResult(event.output) : undefined
    case "TurnEnded":
      return meter.end(event.result.usage.outputTokens)
  }
}

export const variant = variantOf<AgentEvent>({
  turn: (session) => session.stream("go"),
  count: ({ meter }, events) => {
    for (const event of events) count(meter, event)
  }
})
