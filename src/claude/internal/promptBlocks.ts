/**
 * Prompts as Claude Code takes them, and what it does not take: it puts a sentence in the place of a picture that it
 * cannot read and says nothing to us, so that is found out before anything is sent.
 */
import * as Option from "effect/Option"
import { InvalidOptions, PromptTooLong, type Reason } from "../../AgentError.ts"
import * as MediaType from "../../internal/mediaType.ts"
import type * as Prompt from "../../Prompt.ts"
import type { PromptBlock, UserPrompt } from "../ClaudeControl.ts"

const base64 = (data: string | Uint8Array): string =>
  typeof data === "string" ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64")

const isText = (mediaType: string): boolean => mediaType.startsWith("text/")

const textOf = (data: string | Uint8Array): string =>
  typeof data === "string" ? data : new TextDecoder("utf-8", { ignoreBOM: true }).decode(data)

const isUrl = (data: Prompt.Data): data is { readonly url: string } =>
  typeof data === "object" && !(data instanceof Uint8Array)

const sourceOf = ({ _tag, data, mediaType }: Prompt.Image | Prompt.Document) => {
  if (isUrl(data)) return { type: "url", url: data.url }
  return _tag === "Document" && isText(mediaType)
    ? { type: "text", media_type: "text/plain", data: textOf(data) }
    : { type: "base64", media_type: mediaType, data: base64(data) }
}

const block = (part: Prompt.Part): PromptBlock => {
  switch (part._tag) {
    case "Text":
      return { type: "text", text: part.text }
    case "Image":
      return { type: "image", source: sourceOf(part) }
    case "Document":
      return { type: "document", source: sourceOf(part), ...(part.title === undefined ? {} : { title: part.title }) }
  }
}

/** A single text is sent as a string, as a person would have typed it. */
export const content = (prompt: Prompt.Prompt): UserPrompt["message"]["content"] => {
  const first = prompt[0]
  return first?._tag === "Text" && prompt.length === 1 ? first.text : prompt.map(block)
}

const pictures = ["image/png", "image/jpeg", "image/gif", "image/webp"]

const urlIssue = (url: string): string | undefined =>
  URL.canParse(url) && /^https?:/i.test(url) ? undefined : "the URL must be one of http or https"

const dataIssue = (data: string | Uint8Array): string | undefined => {
  if (data.length === 0) return "it is empty"
  return typeof data !== "string" || MediaType.isBase64(data) ? undefined : "a text of data must be base64"
}

const issueOf = (part: Prompt.Part): string | undefined => {
  if (part._tag === "Text") return undefined
  const { data, mediaType } = part
  if (part._tag === "Image") {
    if (!pictures.includes(mediaType)) return `Claude Code takes ${pictures.join(", ")}, not ${mediaType}`
    if (isUrl(data)) return urlIssue(data.url)
    const begins = (): string | undefined => MediaType.sniff(MediaType.head(data))
    return dataIssue(data) ?? (pictures.includes(begins() ?? "") ? undefined : "its data is no PNG, JPEG, GIF or WebP")
  }
  if (isText(mediaType)) {
    if (isUrl(data)) return "a document of text must be given as it is"
    const isRead = typeof data === "string" || Option.isSome(MediaType.utf8(data))
    return isRead ? undefined : "its bytes are no text in UTF-8"
  }
  if (mediaType !== "application/pdf") return `Claude Code takes application/pdf and text, not ${mediaType}`
  return isUrl(data) ? urlIssue(data.url) : dataIssue(data)
}

/** What the API takes in one request. A picture may be as large for itself: the CLI makes it smaller. */
const limit = 32 * 1024 * 1024

const sizeOf = (part: Prompt.Part): number => {
  if (part._tag === "Text") return Buffer.byteLength(part.text)
  const { data } = part
  if (isUrl(data)) return data.url.length
  if (typeof data === "string") return data.length
  return part._tag === "Document" && isText(part.mediaType) ? data.length : Math.ceil(data.length / 3) * 4
}

const megabytes = (size: number): string => `${Math.ceil(size / 1024 / 1024)} MiB`

const tooLong = (prompt: Prompt.Prompt): PromptTooLong | undefined => {
  let sum = 0
  for (const part of prompt) {
    const size = sizeOf(part)
    if (part._tag !== "Image") sum += size
    const most = Math.max(sum, size)
    if (most <= limit) continue
    return new PromptTooLong({ description: `it has ${megabytes(most)}, and one request takes ${megabytes(limit)}` })
  }
  return undefined
}

/** Why a prompt is not sent; undefined when Claude Code takes it. */
export const refused = (prompt: Prompt.Prompt): Reason | undefined => {
  const issues = prompt.flatMap((part, index) => {
    const issue = issueOf(part)
    return issue === undefined ? [] : [`part ${index} of the prompt (${part._tag}): ${issue}`]
  })
  return issues.length > 0 ? new InvalidOptions({ issues }) : tooLong(prompt)
}
