/** This library, `session.messages`: every frame of the CLI, checked against its Schema, lossless. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ClaudeMessage from "../../src/claude/ClaudeMessage.ts"
import type { Counter } from "../meter.ts"
import { variantOf } from "./session.ts"

const count = (counter: Counter, message: ClaudeMessage.ClaudeMessage): boolean => {
  if (ClaudeMessage.isUnknown(message)) return false
  switch (message.type) {
    case "stream_event": {
      const event = message.event
      if (event.type !== "content_block_delta" || event.delta.type !== "text_delta") return false
      counter.delta(event.delta.text)
      return true
    }
    case "user": {
      const content = message.message.content
      if (typeof content === "string") return false
      for (const block of content) {
        if (block.type === "tool_result" && typeof block.content === "string") counter.toolResult(block.content)
      }
      return false
    }
    case "result":
      counter.end(message.usage?.output_tokens ?? undefined)
      return false
    default:
      return false
  }
}

const isResult = (message: ClaudeMessage.ClaudeMessage): boolean =>
  !ClaudeMessage.isUnknown(message) && message.type === "result"

export const variant = variantOf<ClaudeMessage.ClaudeMessage>({
  turn: (session) =>
    Effect.forkDetach(Effect.ignore(session.ask("go"))).pipe(
      Effect.as(Stream.takeUntil(session.messages, isResult)),
      Stream.unwrap
    ),
  count
})
