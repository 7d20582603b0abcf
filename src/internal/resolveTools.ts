/**
 * Tools of ours as adapters receive them: the services of their handlers provided, parameters and results as JSON, and
 * whatever goes wrong as the text of a tool error. `effect/ai` is loaded here and nowhere else, when there are tools: it
 * is most of what importing it would cost everybody.
 */
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type * as AiPrompt from "effect/ai/Prompt"
import type * as Tool from "effect/ai/Tool"
import type { AnyToolkit, ResolvedTool, ToolAnswer, ToolCallOptions, ToolServer, Tools } from "../AgentAdapter.ts"

/** The server of a toolkit that is given without a name. */
export const defaultServer = "tools"

/** What the API of the model takes for the name of a tool. */
const longestName = 64

/** How many preliminary results may wait for the agent before the handler does. */
const preliminaryBuffer = 16

interface Output {
  readonly result: unknown
  readonly encodedResult: unknown
  readonly modelOutput?: ReadonlyArray<AiPrompt.ToolModelOutputPart> | undefined
  readonly isFailure: boolean
  readonly preliminary: boolean
}

type Handle<R> = (
  name: string,
  parameters: unknown,
  toolId?: string
) => Effect.Effect<Stream.Stream<Output, unknown, R>, unknown, R>

interface Library {
  readonly tool: typeof import("effect/ai/Tool")
  readonly toolkit: typeof import("effect/ai/Toolkit")
}

interface JsonSchema {
  readonly [key: string]: unknown
}

const isToolkit = (value: unknown): value is AnyToolkit =>
  typeof value === "object" &&
  value !== null &&
  "handle" in value &&
  typeof value.handle === "function" &&
  !Effect.isEffect(value.handle)

const isServer = <R>(tools: Tools<R>): tools is ToolServer<R> => Effect.isEffect(tools) || isToolkit(tools)

/** The full name that agents give a tool. */
export const fullName = (server: string, tool: string): string => `mcp__${server}__${tool}`

const nameIssue = (server: string, tool: string): string | undefined => {
  if (!/^[A-Za-z0-9_-]+$/.test(tool)) return "a name is made of letters, digits, _ and -"
  const full = fullName(server, tool)
  return full.length <= longestName
    ? undefined
    : `${full} is longer than the ${longestName} characters that models take: shorten it`
}

/** What is wrong with the name of a server, whoever runs it. */
export const serverIssue = (server: string): string | undefined =>
  /^[A-Za-z0-9-]+(?:_[A-Za-z0-9-]+)*$/.test(server)
    ? undefined
    : "the name of a server is made of letters, digits, - and single _ between them"

/** With the definition that the root refers to in its place: agents want to see an object there. */
const rooted = (schema: JsonSchema): JsonSchema => {
  const { $defs, $ref } = schema
  const name = typeof $ref === "string" ? /^#\/\$defs\/([^/]+)$/.exec($ref)?.[1] : undefined
  if (name === undefined || typeof $defs !== "object" || $defs === null) return schema
  const key = decodeURIComponent(name).replaceAll("~1", "/").replaceAll("~0", "~")
  const root: unknown = Reflect.get($defs, key)
  return typeof root === "object" ? { ...root, $defs } : schema
}

const jsonSchemaOf = ({ tool: library }: Library, tool: Tool.Any): JsonSchema => rooted(library.getJsonSchema(tool))

/** Of results that are no objects there is none: no agent could read them by it. */
const resultSchemaOf = ({ tool: library }: Library, tool: Tool.Any): JsonSchema | undefined => {
  const schema = rooted(library.getJsonSchemaFromSchema(tool.successSchema))
  return schema["type"] === "object" ? schema : undefined
}

/** The schemas of an erased tool; which services they need is known where the options are. */
type Erased<R> = Schema.Codec<unknown, unknown, R, R>

/** A toolkit encodes to what its Schema says, a Date for one; agents take and give JSON. */
const jsonOf = <R>(schema: Schema.Top): Erased<R> => Schema.toCodecJson(Schema.toEncoded(schema)) as Erased<R>

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

const wrongParameters = (name: string, why: unknown): string => `The parameters of ${name} are wrong: ${String(why)}`

/** Of the errors of `effect/ai` only that about the parameters is for the model: the others tell of our own mistakes. */
const aiText = (name: string, error: object): string => {
  const reason = "reason" in error && isObject(error.reason) ? error.reason : {}
  return "description" in reason && "_tag" in reason && reason._tag === "ToolParameterValidationError"
    ? wrongParameters(name, reason.description)
    : `The tool ${name} gave no result of its form.`
}

const toText = (json: unknown): string => (typeof json === "string" ? json : (JSON.stringify(json) ?? ""))

const failureText = <R>(tool: Tool.Any, error: unknown): Effect.Effect<string, never, R> => {
  if (typeof error === "string") return Effect.succeed(error)
  if (isObject(error) && "_tag" in error && error._tag === "AiError") return Effect.succeed(aiText(tool.name, error))
  if (error instanceof Error && error.message !== "") return Effect.succeed(error.message)
  const encode = Schema.encodeUnknownEffect(Schema.toCodecJson(tool.failureSchema) as Erased<R>)
  return Effect.orDie(Effect.map(encode(error), toText))
}

const call = <R>(
  { toolkit: library }: Library,
  server: string,
  tool: Tool.Any,
  handle: Handle<R>,
  context: Context.Context<R>
): ResolvedTool["call"] => {
  const { name } = tool
  const attributes = { tool: fullName(server, name) }
  const parametersOf = Schema.decodeUnknownEffect(jsonOf<R>(tool.parametersSchema))
  const resultOf = Schema.encodeUnknownEffect(jsonOf<R>(tool.successSchema))

  const answerOf = Effect.fnUntraced(function* (output: Output) {
    const value = yield* Effect.orDie(resultOf(output.encodedResult))
    // What cannot be written as JSON must show here, where it is an error of the tool and of nothing else.
    const json = yield* Effect.sync(() => JSON.stringify(value))
    return { value: json === undefined ? undefined : value, content: output.modelOutput }
  })

  const run = Effect.fnUntraced(function* (
    parameters: unknown,
    { onPreliminary, toolId }: ToolCallOptions
  ): Effect.fn.Return<ToolAnswer, unknown, R> {
    const decoded = yield* Effect.mapError(parametersOf(parameters ?? {}), (error) =>
      wrongParameters(name, error.message)
    )
    const outputs = yield* handle(name, decoded, toolId)
    let last: Output | undefined
    yield* Stream.runForEach(outputs, (output) => {
      if (!output.preliminary) last = output
      else if (onPreliminary !== undefined) {
        return Effect.flatMap(answerOf(output), ({ value }) => onPreliminary(value))
      }
      return Effect.void
    })
    if (last === undefined) return yield* Effect.die(new Error(`${name} gave no result`))
    return last.isFailure ? yield* Effect.fail(last.result) : yield* answerOf(last)
  })

  return (parameters, options = {}) =>
    run(parameters, options).pipe(
      Effect.provideService(library.PreliminaryBuffer, preliminaryBuffer),
      Effect.catch((error) => Effect.flatMap(failureText<R>(tool, error), Effect.fail)),
      Effect.catchCause((cause) => {
        const text = Cause.findErrorOption(cause)
        return Option.isSome(text) && !Cause.hasDies(cause)
          ? Effect.fail(text.value)
          : Effect.andThen(
              Effect.logWarning(`The tool ${attributes.tool} died; the agent gets a tool error.`, cause),
              Effect.fail(`The tool ${name} failed unexpectedly.`)
            )
      }),
      Effect.withSpan("Tool.call", { attributes }),
      Effect.provideContext(context)
    )
}

const resolveTool = <R>(
  library: Library,
  server: string,
  tool: Tool.Any,
  handle: Handle<R>,
  context: Context.Context<R>
): ResolvedTool => {
  const { annotations, description, name } = tool
  const { Destructive, Idempotent, Meta, OpenWorld, Readonly, Title } = library.tool
  return {
    server,
    name,
    title: Context.getOrUndefined(annotations, Title),
    description,
    parameters: jsonSchemaOf(library, tool),
    result: tool.toModelOutput === undefined ? resultSchemaOf(library, tool) : undefined,
    hints: {
      readOnly: Context.get(annotations, Readonly),
      destructive: Context.get(annotations, Destructive),
      idempotent: Context.get(annotations, Idempotent),
      openWorld: Context.get(annotations, OpenWorld)
    },
    meta: Context.getOrUndefined(annotations, Meta),
    call: call(library, server, tool, handle, context)
  }
}

/** Why a tool cannot be lent, if it cannot. */
const toolIssue = (library: Library, server: string, tool: Tool.Any): string | undefined => {
  if (library.tool.isProviderDefined(tool)) return "it is a tool of a model's provider: lend tools of your own"
  if (tool.needsApproval !== undefined && tool.needsApproval !== false) {
    return "needsApproval is not asked here: leave it out, and let `permissions` decide"
  }
  if (jsonSchemaOf(library, tool)["type"] !== "object") return "its parameters must be an object: use a Schema.Struct"
  return nameIssue(server, tool.name)
}

/** Reads what a user lends. Fails with what is wrong with it, one issue a line. */
export const resolveTools = Effect.fnUntraced(function* <R>(
  tools: Tools<R>,
  context: Context.Context<R>
): Effect.fn.Return<ReadonlyArray<ResolvedTool>, ReadonlyArray<string>, R> {
  const servers = isServer(tools) ? [[defaultServer, tools] as const] : Object.entries(tools)
  const issues: Array<string> = []
  const resolved: Array<ResolvedTool> = []
  const library: Library = {
    tool: yield* Effect.promise(() => import("effect/ai/Tool")),
    toolkit: yield* Effect.promise(() => import("effect/ai/Toolkit"))
  }
  for (const [server, given] of servers) {
    const wrong = serverIssue(server)
    if (wrong !== undefined) issues.push(`tools.${server}: ${wrong}`)
    const toolkit = Effect.isEffect(given) ? yield* given : given
    if (!isToolkit(toolkit)) {
      issues.push(`tools.${server}: must be a toolkit of effect/ai`)
      continue
    }
    for (const tool of Object.values(toolkit.tools)) {
      const issue = toolIssue(library, server, tool)
      if (issue !== undefined) issues.push(`tools.${server}.${tool.name}: ${issue}`)
      // An erased toolkit takes no arguments as far as types go; which tool takes which is known when it runs.
      else resolved.push(resolveTool(library, server, tool, toolkit.handle as Handle<R>, context))
    }
  }
  return issues.length > 0 ? yield* Effect.fail(issues) : resolved
})
