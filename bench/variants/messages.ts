/** This library, `session.messages`: every frame of the CLI, checked against its Schema, lossless. */
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ClaudeMessage from "../../src/claude/ClaudeMessage.ts"
import type { Meter } from "../meter.ts"
import { variantOf } from "./session.ts"

const count = (meter: Meter, message: ClaudeMessage.ClaudeMessage): void => {
  if (ClaudeMessage.isUnknown(message)) return
  switch (message.type) {
    case "stream_event": {
      const event = message.event
      if (event.type === "content_block_delta" && event.delta.type === "text_delta") meter.delta(event.delta.text)
      return
    }
    case "user": {
      const content = message.message.content
      if (typeof content === "string") return
      for (const block of content) {
        if (block.type === "tool_result" && typeof block.content === "string") meter.toolResult(block.content)
      }
      return
    }
    case "result":
      meter.end(message.usage?.output_tokens ?? undefined)
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
  count: ({ meter }, messages) => {
    for (const message of messages) count(meter, message)
  }
})
