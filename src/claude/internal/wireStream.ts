/**
 * `stream_event`: the raw events of the Messages API, wrapped by the CLI. They come only when partial messages are on.
 */
import * as Schema from "effect/Schema"
import {
  frameFields,
  type JsonObject,
  openUnion,
  optionalNullableString,
  optionalNumber,
  optionalString,
  optionalStrings,
  optionalUnknown,
  type Unrecognized
} from "./wire.ts"
import { ApiMessage, ContentBlock } from "./wireBlocks.ts"
import { Usage } from "./wireUsage.ts"

/**
 * A piece of the answer's text.
 *
 * @since 0.1.0
 * @category stream events
 */
export interface TextDelta {
  readonly type: "text_delta"
  readonly text: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TextDelta: Schema.Codec<TextDelta> = Schema.Struct({
  type: Schema.Literal("text_delta"),
  text: Schema.String
})

/**
 * A piece of the JSON text of a tool's input. Only the whole is JSON.
 *
 * @since 0.1.0
 * @category stream events
 */
export interface InputJsonDelta {
  readonly type: "input_json_delta"
  readonly partial_json: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const InputJsonDelta: Schema.Codec<InputJsonDelta> = Schema.Struct({
  type: Schema.Literal("input_json_delta"),
  partial_json: Schema.String
})

/**
 * @since 0.1.0
 * @category stream events
 */
export interface ThinkingDelta {
  readonly type: "thinking_delta"
  readonly thinking: string
  readonly estimated_tokens?: number
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ThinkingDelta: Schema.Codec<ThinkingDelta> = Schema.Struct({
  type: Schema.Literal("thinking_delta"),
  thinking: Schema.String,
  estimated_tokens: optionalNumber
})

/**
 * @since 0.1.0
 * @category stream events
 */
export interface SignatureDelta {
  readonly type: "signature_delta"
  readonly signature: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const SignatureDelta: Schema.Codec<SignatureDelta> = Schema.Struct({
  type: Schema.Literal("signature_delta"),
  signature: Schema.String
})

/**
 * @since 0.1.0
 * @category stream events
 */
export interface CitationsDelta {
  readonly type: "citations_delta"
  readonly citation?: unknown
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const CitationsDelta: Schema.Codec<CitationsDelta> = Schema.Struct({
  type: Schema.Literal("citations_delta"),
  citation: optionalUnknown
})

/**
 * A delta of a type that this version does not know, as it came.
 *
 * @since 0.1.0
 * @category stream events
 */
export interface UnknownDelta extends JsonObject {
  readonly type: Unrecognized
}

/**
 * @since 0.1.0
 * @category stream events
 */
export type ContentDelta = TextDelta | InputJsonDelta | ThinkingDelta | SignatureDelta | CitationsDelta | UnknownDelta

/**
 * @since 0.1.0
 * @category schemas
 */
export const ContentDelta: Schema.Codec<ContentDelta> = openUnion<ContentDelta>("type", () => ({
  text_delta: TextDelta,
  input_json_delta: InputJsonDelta,
  thinking_delta: ThinkingDelta,
  signature_delta: SignatureDelta,
  citations_delta: CitationsDelta
}))

/**
 * A new answer begins. After a broken connection a second one follows with another id; what the first one streamed is
 * then void.
 *
 * @since 0.1.0
 * @category stream events
 */
export interface MessageStartEvent {
  readonly type: "message_start"
  readonly message: ApiMessage
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const MessageStartEvent: Schema.Codec<MessageStartEvent> = Schema.Struct({
  type: Schema.Literal("message_start"),
  message: ApiMessage
})

/**
 * @since 0.1.0
 * @category stream events
 */
export interface ContentBlockStartEvent {
  readonly type: "content_block_start"
  readonly index: number
  readonly content_block: ContentBlock
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ContentBlockStartEvent: Schema.Codec<ContentBlockStartEvent> = Schema.Struct({
  type: Schema.Literal("content_block_start"),
  index: Schema.Number,
  content_block: ContentBlock
})

/**
 * @since 0.1.0
 * @category stream events
 */
export interface ContentBlockDeltaEvent<Delta extends ContentDelta = ContentDelta> {
  readonly type: "content_block_delta"
  readonly index: number
  readonly delta: Delta
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ContentBlockDeltaEvent: Schema.Codec<ContentBlockDeltaEvent> = Schema.Struct({
  type: Schema.Literal("content_block_delta"),
  index: Schema.Number,
  delta: ContentDelta
})

/**
 * @since 0.1.0
 * @category stream events
 */
export interface ContentBlockStopEvent {
  readonly type: "content_block_stop"
  readonly index: number
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ContentBlockStopEvent: Schema.Codec<ContentBlockStopEvent> = Schema.Struct({
  type: Schema.Literal("content_block_stop"),
  index: Schema.Number
})

/**
 * Why the answer stopped, and its final output tokens.
 *
 * @since 0.1.0
 * @category stream events
 */
export interface MessageDeltaEvent {
  readonly type: "message_delta"
  readonly delta: { readonly stop_reason?: string | null; readonly stop_sequence?: string | null }
  readonly usage?: Usage | null
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const MessageDeltaEvent: Schema.Codec<MessageDeltaEvent> = Schema.Struct({
  type: Schema.Literal("message_delta"),
  delta: Schema.Struct({ stop_reason: optionalNullableString, stop_sequence: optionalNullableString }),
  usage: Schema.optionalKey(Schema.NullOr(Usage))
})

/**
 * The end of one answer of the API, not of the turn.
 *
 * @since 0.1.0
 * @category stream events
 */
export interface MessageStopEvent {
  readonly type: "message_stop"
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const MessageStopEvent: Schema.Codec<MessageStopEvent> = Schema.Struct({ type: Schema.Literal("message_stop") })

/**
 * An event of a type that this version does not know, as it came.
 *
 * @since 0.1.0
 * @category stream events
 */
export interface UnknownStreamEvent extends JsonObject {
  readonly type: Unrecognized
}

/**
 * @since 0.1.0
 * @category stream events
 */
export type ApiEvent =
  | MessageStartEvent
  | ContentBlockStartEvent
  | ContentBlockDeltaEvent
  | ContentBlockStopEvent
  | MessageDeltaEvent
  | MessageStopEvent
  | UnknownStreamEvent

/**
 * @since 0.1.0
 * @category schemas
 */
export const ApiEvent: Schema.Codec<ApiEvent> = openUnion<ApiEvent>("type", () => ({
  message_start: MessageStartEvent,
  content_block_start: ContentBlockStartEvent,
  content_block_delta: ContentBlockDeltaEvent,
  content_block_stop: ContentBlockStopEvent,
  message_delta: MessageDeltaEvent,
  message_stop: MessageStopEvent
}))

/**
 * One raw event of the answer that is being written. Order per block: start, deltas, the assistant frame with the whole
 * block, stop. `api_message_id` and `user_message_uuid(s)` since 2.1.3xx; `abandoned_blocks` on the synthetic
 * `message_stop` after an interrupt.
 *
 * @since 0.1.0
 * @category messages
 */
export interface StreamEvent<Event extends ApiEvent = ApiEvent> {
  readonly type: "stream_event"
  readonly event: Event
  readonly parent_tool_use_id?: string | null
  readonly uuid?: string
  readonly session_id?: string
  readonly api_message_id?: string
  readonly user_message_uuid?: string
  readonly user_message_uuids?: ReadonlyArray<string>
  readonly ttft_ms?: number
  readonly thinking_display?: string
  readonly abandoned_blocks?: unknown
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const StreamEvent: Schema.Codec<StreamEvent> = Schema.Struct({
  type: Schema.Literal("stream_event"),
  event: ApiEvent,
  parent_tool_use_id: optionalNullableString,
  ...frameFields,
  api_message_id: optionalString,
  user_message_uuid: optionalString,
  user_message_uuids: optionalStrings,
  ttft_ms: optionalNumber,
  thinking_display: optionalString,
  abandoned_blocks: optionalUnknown
})
