/**
 * What can be sent to an agent: text, images, documents.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

/**
 * Text, as it is: nothing is trimmed or escaped.
 *
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
 * One part of a prompt.
 *
 * @since 0.1.0
 * @category models
 */
export type Part = Text | Image | Document

const data = Schema.Union([
  Schema.String,
  Schema.Uint8Array.annotate({ expected: "base64 text, or the bytes as a Uint8Array" })
])

/**
 * The schema of a part. As JSON (`Schema.toCodecJson`) bytes become base64 text, which is the same to an agent.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Part: Schema.Codec<Part> = Schema.Union([
  Schema.TaggedStruct("Text", { text: Schema.String }),
  Schema.TaggedStruct("Image", { mediaType: Schema.String, data }),
  Schema.TaggedStruct("Document", { mediaType: Schema.String, data, title: Schema.optional(Schema.String) })
]).annotate({ expected: "a part, as Prompt.text, Prompt.image and Prompt.document make them" })

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
 * The schema of a message.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Message: Schema.Codec<Message> = Schema.Struct({
  role: Schema.Literals(["user", "assistant"]),
  content: Schema.Union([Schema.String, Schema.Array(Part)])
})

/**
 * What a prompt may be given as. In a list of messages the last one is the user's; the earlier ones become context in
 * front of it.
 *
 * @since 0.1.0
 * @category models
 */
export type Input = string | ReadonlyArray<Part> | ReadonlyArray<Message>

/**
 * The schema of an input: for prompts that come from outside, as over HTTP. It says nothing of how many parts there are
 * or who speaks last; {@link from} does.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Input: Schema.Codec<Input> = Schema.Union([Schema.String, Schema.Array(Part), Schema.Array(Message)])

/**
 * A prompt as adapters receive it: its parts, in order.
 *
 * @since 0.1.0
 * @category models
 */
export type Prompt = ReadonlyArray<Part>

/**
 * A part of text.
 *
 * @since 0.1.0
 * @category constructors
 */
export const text = (text: string): Text => ({ _tag: "Text", text })

/**
 * A picture: its media type, and base64 text or the bytes.
 *
 * @example
 * ```ts
 * const program = Effect.gen(function* () {
 *   const png = yield* fs.readFile("screen.png")
 *   return yield* session.ask([Prompt.text("What is wrong here?"), Prompt.image("image/png", png)])
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const image = (mediaType: string, data: string | Uint8Array): Image => ({ _tag: "Image", mediaType, data })

/**
 * A document: its media type, and base64 text or the bytes; of `text/plain` the text itself. `title` is what the model
 * sees as its name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const document = (
  mediaType: string,
  data: string | Uint8Array,
  options?: { readonly title?: string | undefined }
): Document => ({ _tag: "Document", mediaType, data, title: options?.title })

const hasText = <K extends string>(value: object, key: K): boolean =>
  Predicate.hasProperty(value, key) && typeof value[key] === "string"

const hasData = (value: object): boolean =>
  Predicate.hasProperty(value, "data") && (typeof value.data === "string" || value.data instanceof Uint8Array)

const hasTitle = (value: object): boolean =>
  !Predicate.hasProperty(value, "title") || value.title === undefined || typeof value.title === "string"

const isPart = (value: unknown): value is Part => {
  if (!Predicate.hasProperty(value, "_tag")) return false
  if (value._tag === "Text") return hasText(value, "text")
  if (value._tag !== "Image" && value._tag !== "Document") return false
  return hasText(value, "mediaType") && hasData(value) && (value._tag === "Image" || hasTitle(value))
}

const isMessage = (value: unknown): value is Message =>
  Predicate.hasProperty(value, "role") &&
  (value.role === "user" || value.role === "assistant") &&
  Predicate.hasProperty(value, "content") &&
  (typeof value.content === "string" || (Array.isArray(value.content) && value.content.every(isPart)))

const decodePart = Schema.decodeUnknownResult(Part)
const decodeMessage = Schema.decodeUnknownResult(Message)
const format = SchemaIssue.makeFormatterStandardSchemaV1()

// The schemas say in words what is wrong; they are asked only about what the checks above did not recognise.
const problem = (item: unknown, index: number): string => {
  const decoded: Result.Result<unknown, Schema.SchemaError> = Predicate.hasProperty(item, "role")
    ? decodeMessage(item)
    : decodePart(item)
  const issues = Result.isSuccess(decoded) ? [] : format(decoded.failure.issue).issues
  const told = issues.map(({ message, path }) => `[${[index, ...(path ?? [])].map(String).join(".")}] ${message}`)
  return `a prompt is text, a list of parts, or a list of messages: ${told.join("; ")}`
}

const parts = (content: string | ReadonlyArray<Part>): ReadonlyArray<Part> =>
  typeof content === "string" ? [text(content)] : content

const said = (message: Message): string => `<${message.role}>\n${textOf(parts(message.content))}\n</${message.role}>`

/**
 * The parts of an input, or what is wrong with it, in words. Text is taken as it is: nothing is trimmed, an empty string
 * is a prompt. A value that is no input at all, as it comes from untyped code, is a failure and never thrown.
 *
 * @since 0.1.0
 * @category conversions
 */
export const from = (input: Input): Result.Result<Prompt, string> => {
  if (typeof input === "string") return Result.succeed([text(input)])
  const given: unknown = input
  if (!Array.isArray(given)) {
    const kind = given === null ? "null" : typeof given
    return Result.fail(`a prompt is text, a list of parts, or a list of messages, not ${kind}`)
  }
  const own: Array<Part> = []
  const messages: Array<Message> = []
  for (const [index, item] of given.entries()) {
    if (isMessage(item)) messages.push(item)
    else if (isPart(item)) own.push(item)
    else return Result.fail(problem(item, index))
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
