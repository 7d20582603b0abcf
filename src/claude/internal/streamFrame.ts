/**
 * How a `stream_event` frame is put together from the Schema of its event, so that the general Schema and the ones for
 * single deltas (the hot path) cannot differ in anything but the delta.
 */
import * as Schema from "effect/Schema"
import {
  frameFields,
  optionalNullableString,
  optionalNumber,
  optionalString,
  optionalStrings,
  optionalUnknown
} from "./wire.ts"
import type { ApiEvent, ContentBlockDeltaEvent, ContentDelta, StreamEvent } from "./wireStream.ts"

export const deltaEvent = <Delta extends ContentDelta>(
  delta: Schema.Codec<Delta>
): Schema.Codec<ContentBlockDeltaEvent<Delta>> =>
  Schema.Struct({ type: Schema.Literal("content_block_delta"), index: Schema.Number, delta })

export const streamEvent = <Event extends ApiEvent>(event: Schema.Codec<Event>): Schema.Codec<StreamEvent<Event>> =>
  Schema.Struct({
    type: Schema.Literal("stream_event"),
    event,
    parent_tool_use_id: optionalNullableString,
    ...frameFields,
    api_message_id: optionalString,
    user_message_uuid: optionalString,
    user_message_uuids: optionalStrings,
    ttft_ms: optionalNumber,
    thinking_display: optionalString,
    abandoned_blocks: optionalUnknown
  })
