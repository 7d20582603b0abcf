/**
 * What a list tells of a conversation, read off the first and the last 64 KiB of its file: a list of a thousand large
 * conversations reads two small pieces of each. Pure. Measured on 2.1.329, and equal to what the official SDK lists.
 */
import { parsed, parsedObject } from "./jsonText.ts"
import { isObject, type JsonObject } from "./wire.ts"

/** The records that stand whole in a piece of a file; a line that the piece cuts is none. */
const recordsOf = (piece: string, mark: string): ReadonlyArray<JsonObject> =>
  piece.split("\n").flatMap((line) => {
    // Lines may be long, and few are worth a parse.
    const record = line.includes(mark) ? parsedObject(line) : undefined
    return record === undefined ? [] : [record]
  })

const isText = (value: unknown): value is string => typeof value === "string"

/** The value of a field in the last record of a kind. */
const lastOf = (piece: string, type: string, field: string): string | undefined =>
  recordsOf(piece, `"${type}"`)
    .filter((record) => record["type"] === type)
    .map((record) => record[field])
    .findLast(isText)

/** The value of a field in the last record that has it. */
const lastField = (piece: string, field: string): string | undefined =>
  recordsOf(piece, `"${field}"`)
    .map((record) => record[field])
    .findLast(isText)

const unescaped = (text: string): string => {
  const value = parsed(`"${text}"`)
  return isText(value) ? value : text
}

/** Values of a field wherever they stand, in a record that the piece cuts too. */
const anywhere = (piece: string, field: string): ReadonlyArray<string> =>
  [...piece.matchAll(new RegExp(`"${field}": ?"((?:[^"\\\\]|\\\\.)*)"`, "g"))].map(([, text = ""]) => unescaped(text))

const longest = 200

/** Whole characters, at most 200 UTF-16 units. */
const shorten = (text: string): string => {
  if (text.length <= longest) return text
  const last = text.charCodeAt(longest - 1)
  const isHalf = last >= 0xd800 && last <= 0xdbff
  return `${text.slice(0, isHalf ? longest - 1 : longest).trim()}…`
}

const commandName = /<command-name>(.*?)<\/command-name>/
const bashInput = /<bash-input>([\s\S]*?)<\/bash-input>/
/** What the CLI and its tools write in a user's place begins with a tag, or says that the user interrupted. */
const byMachine = /^(?:\s*<[a-z][\w-]*[\s>]|\[Request interrupted by user[^\]]*\])/

/** What is said in the content of a message, block by block. */
export const textsOf = (content: unknown): ReadonlyArray<string> =>
  isText(content)
    ? [content]
    : Array.isArray(content)
      ? content.flatMap((block: unknown) =>
          isObject(block) && block["type"] === "text" && isText(block["text"]) ? [block["text"]] : []
        )
      : []

/** The first thing the user said; a slash command when there is nothing else. */
const firstPromptOf = (head: string): string | undefined => {
  let command: string | undefined
  for (const record of recordsOf(head, '"user"')) {
    const { message } = record
    if (record["type"] !== "user" || record["isMeta"] === true || record["isCompactSummary"] === true) continue
    const content = isObject(message) ? message["content"] : undefined
    if (Array.isArray(content) && content.some((block) => isObject(block) && block["type"] === "tool_result")) continue
    for (const text of textsOf(content)) {
      const line = text.replaceAll("\n", " ").trim()
      const name = commandName.exec(line)?.[1]
      const typed = bashInput.exec(line)?.[1]
      if (name !== undefined) command ??= name
      else if (typed !== undefined) return `! ${typed.trim()}`
      else if (line !== "" && !byMachine.test(line)) return shorten(line)
    }
  }
  return command
}

/** For a first message that has no words. */
const attachmentOf = (head: string): string | undefined => {
  for (const record of recordsOf(head, '"user"')) {
    if (record["type"] !== "user" || record["isMeta"] === true) continue
    const text = JSON.stringify(record["message"] ?? null)
    if (text.includes('"tool_result"')) continue
    if (text.includes('"type":"image"')) return "Image"
    if (text.includes('"type":"document"')) return "Document"
  }
  return undefined
}

export interface Pieces {
  /** The first 64 KiB of the file. */
  readonly head: string
  /** The last 64 KiB; the same text when there is no more. */
  readonly tail: string
  /** The title that is kept beside the file, for a conversation whose file is not written to. */
  readonly titleBeside: string | undefined
}

export interface Facts {
  readonly title: string
  readonly customTitle: string | undefined
  readonly firstPrompt: string | undefined
  readonly gitBranch: string | undefined
  readonly cwd: string | undefined
  readonly tag: string | undefined
  readonly createdAt: number | undefined
  /** Begun by a program, and not by a person at a terminal. */
  readonly programmatic: boolean
}

const programs: ReadonlySet<string> = new Set(["sdk-cli", "sdk-ts", "sdk-py"])

const nonEmpty = (value: string | undefined): string | undefined => (value === "" ? undefined : value)

/** None for the work of a subagent, and for a file that holds nothing to show. */
export const factsOf = ({ head, tail, titleBeside }: Pieces): Facts | undefined => {
  const end = head.indexOf("\n")
  if (/"isSidechain": ?true/.test(end < 0 ? head : head.slice(0, end))) return undefined
  const titleIn = (type: string, field: string): string | undefined =>
    nonEmpty(lastOf(tail, type, field)) ??
    (type === "custom-title" ? titleBeside : undefined) ??
    nonEmpty(lastOf(head, type, field))
  const customTitle = titleIn("custom-title", "customTitle") ?? titleIn("ai-title", "aiTitle")
  const firstPrompt = firstPromptOf(head)
  const title =
    customTitle ??
    nonEmpty(lastField(tail, "lastPrompt")) ??
    nonEmpty(lastField(tail, "summary")) ??
    firstPrompt ??
    attachmentOf(head)
  if (title === undefined) return undefined
  const createdAt = Date.parse(anywhere(head, "timestamp")[0] ?? "")
  const entrypoint = anywhere(head, "entrypoint")[0] ?? anywhere(tail, "entrypoint").at(-1)
  return {
    title,
    customTitle,
    firstPrompt,
    gitBranch: nonEmpty(anywhere(tail, "gitBranch").at(-1)) ?? nonEmpty(anywhere(head, "gitBranch")[0]),
    cwd: lastOf(tail, "relocated", "relocatedCwd") ?? anywhere(head, "cwd")[0],
    tag: nonEmpty(lastOf(tail, "tag", "tag")),
    createdAt: Number.isNaN(createdAt) ? undefined : createdAt,
    programmatic: entrypoint !== undefined && programs.has(entrypoint)
  }
}

/** Whether the user said something after a moment, as far as the pieces tell. */
export const promptedSince = ({ head, tail }: Pieces, at: number): boolean =>
  [...recordsOf(tail, '"user"'), ...(head === tail ? [] : recordsOf(head, '"user"'))].some((record) => {
    const { message, origin, timestamp } = record
    if (record["type"] !== "user" || record["isMeta"] === true || record["isCompactSummary"] === true) return false
    if (record["isSidechain"] === true || (isObject(origin) && origin["kind"] !== "human")) return false
    const content = isObject(message) ? message["content"] : undefined
    const texts = textsOf(content).filter((text) => text.trim() !== "" && !byMachine.test(text))
    return texts.length > 0 && isText(timestamp) && Date.parse(timestamp) > at
  })
