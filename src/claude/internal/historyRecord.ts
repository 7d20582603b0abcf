/**
 * What a line of a transcript says about its place in the conversation: as little as the chain needs, so that a file of
 * any size is held as a few words a record. Pure.
 */
import { isObject } from "./wire.ts"

/** Why messages that a compaction kept come after its summary: it says who follows whom. */
export type Relink =
  | { readonly kept: ReadonlyArray<string>; readonly after: string }
  | { readonly head: string; readonly tail: string; readonly after: string }

export interface Entry {
  readonly uuid: string
  readonly parent: string | undefined
  readonly type: "user" | "assistant" | "system" | "attachment" | "progress"
  /** The number of its line in the file. */
  readonly line: number
  readonly timestamp: string
  /** Of a subagent, of a teammate, or a progress note: no part of the main thread. */
  readonly aside: boolean
  /** Written by the CLI itself, for the model alone. */
  readonly meta: boolean
  /** An answer of the model may stand in several records, one a block: they have this in common. */
  readonly messageId: string | undefined
  readonly toolUses: ReadonlyArray<string>
  readonly toolResults: ReadonlyArray<string>
  /** The assistant record whose call a result answers, when it is not the parent. */
  readonly answers: string | undefined
  readonly relink: Relink | undefined
}

const text = (value: unknown): string | undefined => (typeof value === "string" && value !== "" ? value : undefined)

const none: ReadonlyArray<string> = []

const idsOf = (content: unknown, type: string, key: string): ReadonlyArray<string> => {
  if (!Array.isArray(content)) return none
  const ids = content.flatMap((block: unknown) => {
    const id = isObject(block) && block["type"] === type ? text(block[key]) : undefined
    return id === undefined ? [] : [id]
  })
  return ids.length === 0 ? none : ids
}

const strings = (value: unknown): ReadonlyArray<string> =>
  Array.isArray(value) ? value.filter((part): part is string => typeof part === "string") : []

const relinkOf = (metadata: unknown): Relink | undefined => {
  if (!isObject(metadata)) return undefined
  const { preservedMessages: messages, preservedSegment: segment } = metadata
  if (isObject(messages)) {
    const kept = strings(messages["uuids"])
    const after = text(messages["anchorUuid"])
    return kept.length > 0 && after !== undefined ? { kept, after } : undefined
  }
  if (!isObject(segment)) return undefined
  const [head, tail, after] = [text(segment["headUuid"]), text(segment["tailUuid"]), text(segment["anchorUuid"])]
  return head === undefined || tail === undefined || after === undefined ? undefined : { head, tail, after }
}

const isType = (value: unknown): value is Entry["type"] =>
  value === "user" || value === "assistant" || value === "system" || value === "attachment" || value === "progress"

/** The entry of a record; none when it takes no part in the chain. */
export const entryOf = (record: { readonly [key: string]: unknown }, line: number): Entry | undefined => {
  const { attachment, message, type } = record
  const uuid = text(record["uuid"])
  if (!isType(type) || uuid === undefined) return undefined
  const content = isObject(message) ? message["content"] : undefined
  const isBriefing = isObject(attachment) && attachment["type"] === "fork_briefing"
  return {
    uuid,
    type,
    line,
    parent: text(record["parentUuid"]),
    timestamp: text(record["timestamp"]) ?? "",
    aside:
      record["isSidechain"] === true || text(record["teamName"]) !== undefined || type === "progress" || isBriefing,
    meta: record["isMeta"] === true,
    messageId: type === "assistant" && isObject(message) ? text(message["id"]) : undefined,
    toolUses: type === "assistant" ? idsOf(content, "tool_use", "id") : none,
    toolResults: type === "user" ? idsOf(content, "tool_result", "tool_use_id") : none,
    answers: text(record["sourceToolAssistantUUID"]),
    relink:
      type === "system" && record["subtype"] === "compact_boundary" ? relinkOf(record["compactMetadata"]) : undefined
  }
}
