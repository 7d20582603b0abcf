/**
 * Content blocks, as the Messages API spells them and the CLI passes them on.
 */
import * as Schema from "effect/Schema"
import {
  type JsonObject,
  openUnion,
  optionalBoolean,
  optionalNullableString,
  optionalString,
  optionalUnknown,
  type Unrecognized,
  unknowns
} from "./wire.ts"
import { Usage } from "./wireUsage.ts"

/**
 * @since 0.1.0
 * @category content blocks
 */
export interface TextBlock {
  readonly type: "text"
  readonly text: string
  readonly citations?: ReadonlyArray<unknown> | null
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TextBlock: Schema.Codec<TextBlock> = Schema.Struct({
  type: Schema.Literal("text"),
  text: Schema.String,
  citations: Schema.optionalKey(Schema.NullOr(unknowns))
})

/**
 * @since 0.1.0
 * @category content blocks
 */
export interface ThinkingBlock {
  readonly type: "thinking"
  readonly thinking: string
  readonly signature?: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ThinkingBlock: Schema.Codec<ThinkingBlock> = Schema.Struct({
  type: Schema.Literal("thinking"),
  thinking: Schema.String,
  signature: optionalString
})

/**
 * @since 0.1.0
 * @category content blocks
 */
export interface RedactedThinkingBlock {
  readonly type: "redacted_thinking"
  readonly data: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const RedactedThinkingBlock: Schema.Codec<RedactedThinkingBlock> = Schema.Struct({
  type: Schema.Literal("redacted_thinking"),
  data: Schema.String
})

/**
 * The model calls a tool. In a `content_block_start` the input is still empty; it arrives as `input_json_delta`.
 *
 * @since 0.1.0
 * @category content blocks
 */
export interface ToolUseBlock {
  readonly type: "tool_use"
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly caller?: unknown
}

const toolUseFields = {
  id: Schema.String,
  name: Schema.String,
  input: Schema.Unknown,
  caller: optionalUnknown
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolUseBlock: Schema.Codec<ToolUseBlock> = Schema.Struct({
  type: Schema.Literal("tool_use"),
  ...toolUseFields
})

/**
 * A call of a tool that runs at the API (web search, code execution).
 *
 * @since 0.1.0
 * @category content blocks
 */
export interface ServerToolUseBlock {
  readonly type: "server_tool_use"
  readonly id: string
  readonly name: string
  readonly input: unknown
  readonly caller?: unknown
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ServerToolUseBlock: Schema.Codec<ServerToolUseBlock> = Schema.Struct({
  type: Schema.Literal("server_tool_use"),
  ...toolUseFields
})

/**
 * A call of an MCP tool by the API's own connector. (MCP tools that the CLI runs are plain `tool_use` blocks named
 * `mcp__<server>__<tool>`.)
 *
 * @since 0.1.0
 * @category content blocks
 */
export interface McpToolUseBlock {
  readonly type: "mcp_tool_use"
  readonly id: string
  readonly name: string
  readonly server_name: string
  readonly input: unknown
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const McpToolUseBlock: Schema.Codec<McpToolUseBlock> = Schema.Struct({
  type: Schema.Literal("mcp_tool_use"),
  id: Schema.String,
  name: Schema.String,
  server_name: Schema.String,
  input: Schema.Unknown
})

/**
 * The types of the blocks with which the API answers its own tools.
 *
 * @since 0.1.0
 * @category content blocks
 */
export const serverToolResultTypes = [
  "web_search_tool_result",
  "web_fetch_tool_result",
  "code_execution_tool_result",
  "bash_code_execution_tool_result",
  "text_editor_code_execution_tool_result",
  "tool_search_tool_result"
] as const

/**
 * @since 0.1.0
 * @category content blocks
 */
export interface ServerToolResultBlock {
  readonly type: (typeof serverToolResultTypes)[number]
  readonly tool_use_id: string
  readonly content?: unknown
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ServerToolResultBlock: Schema.Codec<ServerToolResultBlock> = Schema.Struct({
  type: Schema.Literals(serverToolResultTypes),
  tool_use_id: Schema.String,
  content: optionalUnknown
})

/**
 * What a tool answered: a text, blocks, or nothing.
 *
 * @since 0.1.0
 * @category content blocks
 */
export interface ToolResultBlock {
  readonly type: "tool_result"
  readonly tool_use_id: string
  readonly content?: string | ReadonlyArray<ContentBlock>
  readonly is_error?: boolean
}

/**
 * @since 0.1.0
 * @category content blocks
 */
export interface McpToolResultBlock {
  readonly type: "mcp_tool_result"
  readonly tool_use_id: string
  readonly content?: string | ReadonlyArray<ContentBlock>
  readonly is_error?: boolean
}

/**
 * Where an image or a document comes from: base64 or plain `data`, a `url`, an uploaded file, or `content`.
 *
 * @since 0.1.0
 * @category content blocks
 */
export interface MediaSource {
  readonly type: string
  readonly media_type?: string
  readonly data?: string
  readonly url?: string
  readonly file_id?: string
  readonly content?: unknown
}

const MediaSource: Schema.Codec<MediaSource> = Schema.Struct({
  type: Schema.String,
  media_type: optionalString,
  data: optionalString,
  url: optionalString,
  file_id: optionalString,
  content: optionalUnknown
})

/**
 * @since 0.1.0
 * @category content blocks
 */
export interface ImageBlock {
  readonly type: "image"
  readonly source: MediaSource
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ImageBlock: Schema.Codec<ImageBlock> = Schema.Struct({
  type: Schema.Literal("image"),
  source: MediaSource
})

/**
 * @since 0.1.0
 * @category content blocks
 */
export interface DocumentBlock {
  readonly type: "document"
  readonly source: MediaSource
  readonly title?: string | null
  readonly context?: string | null
  readonly citations?: unknown
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const DocumentBlock: Schema.Codec<DocumentBlock> = Schema.Struct({
  type: Schema.Literal("document"),
  source: MediaSource,
  title: optionalNullableString,
  context: optionalNullableString,
  citations: optionalUnknown
})

/**
 * @since 0.1.0
 * @category content blocks
 */
export interface ContainerUploadBlock {
  readonly type: "container_upload"
  readonly file_id: string
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ContainerUploadBlock: Schema.Codec<ContainerUploadBlock> = Schema.Struct({
  type: Schema.Literal("container_upload"),
  file_id: Schema.String
})

/**
 * A summary the API made of what came before; `content` is null when that failed.
 *
 * @since 0.1.0
 * @category content blocks
 */
export interface CompactionBlock {
  readonly type: "compaction"
  readonly content?: string | null
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const CompactionBlock: Schema.Codec<CompactionBlock> = Schema.Struct({
  type: Schema.Literal("compaction"),
  content: optionalNullableString
})

/**
 * A block of a type that this version does not know, as it came.
 *
 * @since 0.1.0
 * @category content blocks
 */
export interface UnknownBlock extends JsonObject {
  readonly type: Unrecognized
}

/**
 * @since 0.1.0
 * @category content blocks
 */
export type ContentBlock =
  | TextBlock
  | ThinkingBlock
  | RedactedThinkingBlock
  | ToolUseBlock
  | ServerToolUseBlock
  | McpToolUseBlock
  | ToolResultBlock
  | McpToolResultBlock
  | ServerToolResultBlock
  | ImageBlock
  | DocumentBlock
  | ContainerUploadBlock
  | CompactionBlock
  | UnknownBlock

/**
 * @since 0.1.0
 * @category schemas
 */
export const ContentBlock: Schema.Codec<ContentBlock> = openUnion<ContentBlock>("type", () => ({
  text: TextBlock,
  thinking: ThinkingBlock,
  redacted_thinking: RedactedThinkingBlock,
  tool_use: ToolUseBlock,
  server_tool_use: ServerToolUseBlock,
  mcp_tool_use: McpToolUseBlock,
  tool_result: ToolResultBlock,
  mcp_tool_result: McpToolResultBlock,
  ...Object.fromEntries(serverToolResultTypes.map((type) => [type, ServerToolResultBlock])),
  image: ImageBlock,
  document: DocumentBlock,
  container_upload: ContainerUploadBlock,
  compaction: CompactionBlock
}))

const toolResultFields = {
  tool_use_id: Schema.String,
  content: Schema.optionalKey(Schema.Union([Schema.String, Schema.Array(ContentBlock)])),
  is_error: optionalBoolean
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolResultBlock: Schema.Codec<ToolResultBlock> = Schema.Struct({
  type: Schema.Literal("tool_result"),
  ...toolResultFields
})

/**
 * @since 0.1.0
 * @category schemas
 */
export const McpToolResultBlock: Schema.Codec<McpToolResultBlock> = Schema.Struct({
  type: Schema.Literal("mcp_tool_result"),
  ...toolResultFields
})

/**
 * The message inside an assistant frame or a `message_start`: one content block per frame while it streams, with
 * `stop_reason` null.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiMessage {
  readonly id: string
  readonly role?: string
  readonly model?: string
  readonly content: ReadonlyArray<ContentBlock>
  readonly stop_reason?: string | null
  readonly stop_sequence?: string | null
  readonly usage?: Usage | null
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const ApiMessage: Schema.Codec<ApiMessage> = Schema.Struct({
  id: Schema.String,
  role: optionalString,
  model: optionalString,
  content: Schema.Array(ContentBlock),
  stop_reason: optionalNullableString,
  stop_sequence: optionalNullableString,
  usage: Schema.optionalKey(Schema.NullOr(Usage))
})
