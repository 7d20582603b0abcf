/**
 * What can be sent to an agent: text, images, documents.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"

/**
 * @since 0.1.0
 * @category models
 */
export interface Text {
  readonly _tag: "Text"
  readonly text: string
}

/**
 * A picture. `data` is base64 text or the bytes; `mediaType` for example `image/png`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Image {
  readonly _tag: "Image"
  readonly mediaType: string
  readonly data: string | Uint8Array
}

/**
 * A document: plain text, or a file (base64 text or bytes) of a media type such as `application/pdf`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Document {
  readonly _tag: "Document"
  readonly mediaType: string
  readonly data: string | Uint8Array
  readonly title?: string | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export type Part = Text | Image | Document

/**
 * One message of an earlier conversation.
 *
 * @since 0.1.0
 * @category models
 */
export interface Message {
  readonly role: "user" | "assistant"
  readonly content: string | ReadonlyArray<Part>
}

/**
 * What a prompt may be given as. In a list of messages the last one is the user's; the earlier ones become context in
 * front of it.
 *
 * @since 0.1.0
 * @category models
 */
export type Input = string | ReadonlyArray<Part> | ReadonlyArray<Message>

/**
 * A prompt as adapters receive it: its parts, in order.
 *
 * @since 0.1.0
 * @category models
 */
export type Prompt = ReadonlyArray<Part>

/**
 * @since 0.1.0
 * @category constructors
 */
export const text = (text: string): Text => ({ _tag: "Text", text })

/**
 * @since 0.1.0
 * @category constructors
 */
export const image = (mediaType: string, data: string | Uint8Array): Image => ({ _tag: "Image", mediaType, data })

/**
 * @since 0.1.0
 * @category constructors
 */
export const document = (
  mediaType: string,
  data: string | Uint8Array,
  options?: { readonly title?: string | undefined }
): Document => ({ _tag: "Document", mediaType, data, title: options?.title })

const isMessage = (value: Part | Message): value is Message => "role" in value

const parts = (content: string | ReadonlyArray<Part>): ReadonlyArray<Part> =>
  typeof content === "string" ? [text(content)] : content

const said = (message: Message): string => `<${message.role}>\n${textOf(parts(message.content))}\n</${message.role}>`

/**
 * The parts of an input, or what is wrong with it. Text is taken as it is: nothing is trimmed, an empty string is a
 * prompt.
 *
 * @since 0.1.0
 * @category conversions
 */
export const from = (input: Input): Result.Result<Prompt, string> => {
  if (typeof input === "string") return Result.succeed([text(input)])
  const own: Array<Part> = []
  const messages: Array<Message> = []
  for (const item of input) {
    if (isMessage(item)) messages.push(item)
    else own.push(item)
  }
  if (messages.length === 0)
    return own.length === 0 ? Result.fail("a prompt needs at least one part") : Result.succeed(own)
  if (own.length > 0) return Result.fail("a prompt is a list of parts or a list of messages, not both")
  const last = messages[messages.length - 1]
  if (last === undefined || last.role !== "user") return Result.fail("the last message of a prompt must be the user's")
  const earlier = messages.slice(0, -1)
  return Result.succeed(
    earlier.length === 0
      ? parts(last.content)
      : [text(`<conversation>\n${earlier.map(said).join("\n")}\n</conversation>`), ...parts(last.content)]
  )
}

/**
 * The text of a prompt, its parts joined by newlines; other parts are left out.
 *
 * @since 0.1.0
 * @category conversions
 */
export const textOf = (prompt: Prompt): string =>
  prompt.flatMap((part) => (part._tag === "Text" ? [part.text] : [])).join("\n")
