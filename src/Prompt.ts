/**
 * What can be sent to an agent: text, images, documents. Prompts of `effect/ai` become prompts of ours, and files parts of
 * one; what an agent cannot take of it is known before anything is sent.
 *
 * @since 0.1.0
 */
import type * as AiPrompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { AgentError, InvalidOptions } from "./AgentError.ts"
import * as MediaType from "./internal/mediaType.ts"

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
 * What a part holds: base64 text, the bytes, or where the agent finds it.
 *
 * @since 0.1.0
 * @category models
 */
export type Data = string | Uint8Array | { readonly url: string }

/**
 * A picture; `mediaType` for example `image/png`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Image {
  readonly _tag: "Image"
  readonly mediaType: string
  readonly data: Data
}

/**
 * A document of a media type such as `application/pdf`. Of a text type (`text/plain`) a `data` of text is the text itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Document {
  readonly _tag: "Document"
  readonly mediaType: string
  readonly data: Data
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
  Schema.Struct({ url: Schema.String }),
  Schema.Uint8Array.annotate({ expected: "base64 text, the bytes as a Uint8Array, or { url }" })
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
 * A picture: its media type, and base64 text, the bytes, or the URL where the agent finds it.
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
export const image = (mediaType: string, data: Data): Image => ({ _tag: "Image", mediaType, data })

/**
 * A document: its media type, and base64 text, the bytes, or the URL where the agent finds it; of a text type the text
 * itself. `title` is what the model sees as its name.
 *
 * @since 0.1.0
 * @category constructors
 */
export const document = (
  mediaType: string,
  data: Data,
  options?: { readonly title?: string | undefined }
): Document => ({ _tag: "Document", mediaType, data, title: options?.title })

const refused = (issue: string): AgentError =>
  new AgentError({ phase: "turn", reason: new InvalidOptions({ issues: [issue] }) })

const nameOf = (path: string): string => path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1)

/**
 * A file as a part: a picture (PNG, JPEG, GIF, WebP), a PDF, or text in UTF-8. Which of them it is, its first bytes say. A
 * document is titled with the file's name. Fails with `InvalidOptions` when the file cannot be read, or is none of these.
 * Reads from the file system of its context; `session.execute` gives that of the agent's host.
 *
 * @example
 * ```ts
 * const program = Effect.gen(function* () {
 *   const session = yield* Session.Session
 *   const screen = yield* Prompt.file("screen.png")
 *   return yield* session.ask([Prompt.text("What is wrong here?"), screen])
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const file: (path: string) => Effect.Effect<Image | Document, AgentError, FileSystem.FileSystem> = Effect.fn(
  "Prompt.file"
)(function* (path: string): Effect.fn.Return<Image | Document, AgentError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const bytes = yield* Effect.mapError(fs.readFile(path), (error) => refused(`${path}: ${error.message}`))
  const mediaType = MediaType.sniff(bytes)
  const title = nameOf(path)
  if (mediaType !== undefined) {
    return mediaType === "application/pdf" ? document(mediaType, bytes, { title }) : image(mediaType, bytes)
  }
  const text = MediaType.utf8(bytes)
  return Option.isSome(text)
    ? document("text/plain", text.value, { title })
    : yield* refused(`${path} is no picture (PNG, JPEG, GIF, WebP), no PDF, and no text in UTF-8`)
})

const hasText = <K extends string>(value: object, key: K): boolean =>
  Predicate.hasProperty(value, key) && typeof value[key] === "string"

const hasData = (value: object): boolean =>
  Predicate.hasProperty(value, "data") &&
  (typeof value.data === "string" ||
    value.data instanceof Uint8Array ||
    (Predicate.isObject(value.data) && hasText(value.data, "url")))

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

/** What was said before, as text that frames it: its pictures and documents stay parts, where they stood. */
const context = (earlier: ReadonlyArray<Message>): Prompt => {
  const told: Array<Part> = []
  let lines: Array<string> = ["<conversation>"]
  for (const { content, role } of earlier) {
    lines.push(`<${role}>`)
    for (const part of parts(content)) {
      if (part._tag === "Text") lines.push(part.text)
      else {
        told.push(text(lines.join("\n")), part)
        lines = []
      }
    }
    lines.push(`</${role}>`)
  }
  return [...told, text([...lines, "</conversation>"].join("\n"))]
}

const isBlank = (prompt: Prompt): boolean => prompt.every((part) => part._tag === "Text" && part.text.trim() === "")

const saying = (prompt: Prompt): Result.Result<Prompt, string> =>
  isBlank(prompt) ? Result.fail("a prompt needs something to say: this one is empty") : Result.succeed(prompt)

/**
 * The parts of an input, or what is wrong with it, in words. Text is taken as it is: nothing is trimmed. But a prompt of
 * nothing but white space is a failure: Claude Code would send it as "(no content)", or not at all. A value that is no
 * input, as it comes from untyped code, is a failure and never thrown.
 *
 * @since 0.1.0
 * @category conversions
 */
export const from = (input: Input): Result.Result<Prompt, string> => {
  if (typeof input === "string") return saying([text(input)])
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
  if (messages.length === 0) return own.length === 0 ? Result.fail("a prompt needs at least one part") : saying(own)
  if (own.length > 0) return Result.fail("a prompt is a list of parts or a list of messages, not both")
  const last = messages[messages.length - 1]
  if (last === undefined || last.role !== "user") return Result.fail("the last message of a prompt must be the user's")
  const earlier = messages.slice(0, -1)
  const now = parts(last.content)
  return Result.map(saying(now), () => (earlier.length === 0 ? now : [...context(earlier), ...now]))
}

const ofAiFile = ({ data, fileName, mediaType }: AiPrompt.FilePart): Part => {
  const held: Data = data instanceof URL ? { url: data.href } : data
  if (mediaType.startsWith("image/")) return image(mediaType, held)
  const isText = mediaType.startsWith("text/") && typeof held === "string"
  return document(mediaType, isText ? Buffer.from(held, "base64") : held, { title: fileName })
}

/** What was thought and done is told as text; an approval says nothing to an agent that asks for its own. */
const ofAiPart = (part: AiPrompt.AssistantMessagePart | AiPrompt.ToolMessagePart): ReadonlyArray<Part> => {
  switch (part.type) {
    case "text":
      return [text(part.text)]
    case "file":
      return [ofAiFile(part)]
    case "tool-call":
      return [text(`<tool_call name="${part.name}">${JSON.stringify(part.params)}</tool_call>`)]
    case "tool-result":
      return [text(`<tool_result name="${part.name}">${JSON.stringify(part.result)}</tool_result>`)]
    case "reasoning":
    case "tool-approval-request":
    case "tool-approval-response":
      return []
  }
}

/**
 * A prompt of `effect/ai` as one of ours: its last message, which must be the user's, is the prompt, the earlier ones
 * become context. Files become images or documents, calls of tools and what they gave become text; reasoning and
 * approvals are left out. A system message is a failure (`InvalidOptions`): it belongs to the session, as `systemPrompt`.
 *
 * @example
 * ```ts
 * const program = Effect.gen(function* () {
 *   const session = yield* Session.Session
 *   const prompt = yield* Prompt.fromAi(AiPrompt.make("Explain OTP in one line"))
 *   return yield* session.ask(prompt)
 * })
 * ```
 *
 * @since 0.1.0
 * @category conversions
 */
export const fromAi = (prompt: AiPrompt.Prompt): Result.Result<ReadonlyArray<Message>, AgentError> => {
  const messages: Array<Message> = []
  for (const { content, role } of prompt.content) {
    if (role === "system") {
      return Result.fail(refused("a prompt has no system message: give it to the session as systemPrompt"))
    }
    messages.push({ role: role === "user" ? "user" : "assistant", content: content.flatMap(ofAiPart) })
  }
  return Result.map(Result.mapError(from(messages), refused), () => messages)
}

/**
 * The text of a prompt, its parts joined by newlines; other parts are left out.
 *
 * @since 0.1.0
 * @category conversions
 */
export const textOf = (prompt: Prompt): string =>
  prompt.flatMap((part) => (part._tag === "Text" ? [part.text] : [])).join("\n")
