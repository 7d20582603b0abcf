/**
 * The one place where what a user wrote (handlers, tools, a schema, durations) becomes plain values for an adapter:
 * contexts are captured, values validated, defaults filled in.
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as SchemaAST from "effect/SchemaAST"
import * as SchemaIssue from "effect/SchemaIssue"
import type {
  AdapterDefaults,
  BaseOptions,
  Output,
  ResolvedOptions,
  Services,
  SessionOptions,
  Timeouts
} from "../AgentAdapter.ts"
import { AgentError, InvalidOptions } from "../AgentError.ts"
import { Budget } from "../Budget.ts"
import { Limiter } from "../Limiter.ts"
import type { Session } from "../Session.ts"
import * as Holds from "./holds.ts"
import { isObject } from "./jsonObject.ts"
import { resolveOutput } from "./output.ts"
import { PermissionMode } from "./permissionMode.ts"
import { resolveTools } from "./resolveTools.ts"
import { isUuid } from "./uuid.ts"

export const Overrides: Context.Reference<Partial<BaseOptions>> = Context.Reference(
  "effect-agent-session/Session/Overrides",
  { defaultValue: () => ({}) }
)

export const defaultBuffer = 2 * 1024 * 1024

/** Durations, which sessions share, and not what would be read anew for each. */
const defaultTimeouts: { readonly [K in keyof Timeouts]: Duration.Duration } = {
  startup: Duration.seconds(60),
  idle: Duration.minutes(6),
  turn: Duration.infinity,
  control: Duration.seconds(30),
  permission: Duration.infinity,
  interrupt: Duration.seconds(5),
  shutdown: Duration.seconds(5)
}

export const invalid = (issues: ReadonlyArray<string>): AgentError =>
  new AgentError({ phase: "resolve", reason: new InvalidOptions({ issues }) })

const NonEmptyString = Schema.String.check(Schema.isMinLength(1))
const Strings = Schema.Array(Schema.String)

export const isPermissionMode = Schema.is(PermissionMode)

/** What plain option values must be. The types say the same; this is for values that come from outside. */
export const BaseOptionsSchema = Schema.Struct({
  cwd: Schema.optional(NonEmptyString),
  model: Schema.optional(NonEmptyString),
  systemPrompt: Schema.optional(Schema.Union([Schema.String, Schema.Struct({ append: Schema.String })])),
  permissionMode: Schema.optional(PermissionMode),
  allowedTools: Schema.optional(Strings),
  disallowedTools: Schema.optional(Strings),
  env: Schema.optional(
    Schema.Struct({
      base: Schema.optional(Schema.Union([Schema.Literals(["inherit", "none"]), Schema.Struct({ only: Strings })])),
      set: Schema.optional(
        Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Undefined, Schema.Redacted(Schema.String)]))
      )
    })
  ),
  maxTurns: Schema.optional(Schema.Int.check(Schema.isGreaterThan(0))),
  maxBudgetUsd: Schema.optional(Schema.Finite.check(Schema.isGreaterThan(0))),
  persist: Schema.optional(Schema.Boolean),
  repairOutput: Schema.optional(Schema.Boolean),
  failFast: Schema.optional(Schema.Boolean),
  partialMessages: Schema.optional(Schema.Boolean),
  turns: Schema.optional(
    Schema.Union([
      Schema.Struct({
        policy: Schema.Literal("queue"),
        capacity: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0)))
      }),
      Schema.Struct({ policy: Schema.Literal("reject") })
    ])
  ),
  buffer: Schema.optional(Schema.Int.check(Schema.isGreaterThan(0))),
  metadata: Schema.optional(Schema.Record(Schema.String, Schema.String))
})

/** What is wrong with a `start` that comes from outside, in sentences: its variants exclude one another. */
const startIssues = (start: unknown): ReadonlyArray<string> => {
  if (start === undefined || start === "new") return []
  if (typeof start !== "object" || start === null) {
    return ['start: must be "new", { sessionId }, { resume } or { continue: true }']
  }
  const said = new Map<string, unknown>(Object.entries(start).filter(([, value]) => value !== undefined))
  const issues = [...said.keys()]
    .filter((name) => !["sessionId", "resume", "continue", "fork", "at"].includes(name))
    .map((name) => `start.${name}: there is no such option`)
  const check = (holds: boolean, issue: string): void => {
    if (!holds) issues.push(`start: ${issue}`)
  }
  const resumes = said.has("resume") || said.has("continue")
  check(!said.has("resume") || typeof said.get("resume") === "string", "resume must be the id of a session")
  check(!said.has("continue") || said.get("continue") === true, "continue must be true, or left out")
  check(!(said.has("resume") && said.has("continue")), "resume and continue exclude one another")
  check(!said.has("sessionId") || isUuid(said.get("sessionId")), "sessionId must be a UUID")
  check(!said.has("fork") || typeof said.get("fork") === "boolean", "fork must be true or false")
  check(said.get("fork") !== true || resumes, "fork needs resume or continue")
  check(
    !said.has("at") || (said.has("resume") && typeof said.get("at") === "string"),
    "at is a message id and needs resume"
  )
  check(said.size > 0 && (resumes || said.has("sessionId")), "it needs sessionId, resume or continue")
  return issues
}

const format = SchemaIssue.makeFormatterStandardSchemaV1()

/** Whether all that is said is flags, numbers and texts that hold: most options are, and no parser is made for them. */
const holdsPlainly = (ast: SchemaAST.AST, value: unknown, onExcessProperty: "ignore" | "error"): boolean =>
  ast._tag === "Objects" &&
  isObject(value) &&
  Object.entries(value).every(([name, said]) => {
    const field = ast.propertySignatures.find((signature) => signature.name === name)
    if (field === undefined) return onExcessProperty === "ignore"
    return typeof said !== "object" && Holds.check(field.type)(said)
  })

/** What is wrong with `value`, one issue a line; none when it holds. Values are not repeated: they may be secret. */
export const issuesOf = (
  schema: Schema.ConstraintDecoder<unknown>,
  value: unknown,
  onExcessProperty: "ignore" | "error" = "ignore"
): ReadonlyArray<string> => {
  if (holdsPlainly(schema.ast, value, onExcessProperty)) return []
  const result = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty })(value)
  return Result.isSuccess(result)
    ? []
    : format(result.failure.issue).issues.map(
        ({ message, path }) => `${(path ?? []).map(String).join(".")}: ${message}`
      )
}

const resolveTimeouts = (
  options: BaseOptions["timeouts"],
  issues: Array<string>
): { readonly [K in keyof Timeouts]: Duration.Duration } => {
  const read = (name: keyof Timeouts): Duration.Duration => {
    const duration = Duration.fromInput(options?.[name] ?? defaultTimeouts[name])
    if (Option.isSome(duration) && Duration.isGreaterThan(duration.value, Duration.zero)) return duration.value
    issues.push(`timeouts.${name} must be a duration greater than zero`)
    return Duration.zero
  }
  return {
    startup: read("startup"),
    idle: read("idle"),
    turn: read("turn"),
    control: read("control"),
    permission: read("permission"),
    interrupt: read("interrupt"),
    shutdown: read("shutdown")
  }
}

const resolveHandler =
  <Request, Answer, R>(
    handler: (request: Request) => Effect.Effect<Answer, unknown, R>,
    context: Context.Context<R>
  ): ((request: Request) => Effect.Effect<Answer, unknown>) =>
  (request) =>
    Effect.provideContext(
      Effect.suspend(() => handler(request)),
      context
    )

/** Lays plain options over others: deadlines one by one, and what is undefined says nothing. */
export const override = (own: BaseOptions, over: Partial<BaseOptions>): BaseOptions => ({
  ...own,
  ...defined(over),
  ...(own.timeouts === undefined && over.timeouts === undefined
    ? {}
    : { timeouts: { ...own.timeouts, ...defined(over.timeouts ?? {}) } })
})

export const defined = <A extends object>(values: A): Partial<A> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Partial<A>

/** Opens with plain options laid over its own, below what somebody further out lays over. */
export const overridden = <A, E, R>(open: Effect.Effect<A, E, R>, overrides: BaseOptions): Effect.Effect<A, E, R> =>
  Effect.flatMap(Overrides, (outer) => Effect.provideService(open, Overrides, override(overrides, outer)))

const baseNames: ReadonlySet<string> = new Set([...Object.keys(BaseOptionsSchema.fields), "start"])
const timeoutNames: ReadonlySet<string> = new Set(Object.keys(defaultTimeouts))

const unknownKeys = (values: object, known: ReadonlySet<string>, prefix: string): ReadonlyArray<string> =>
  Object.keys(values)
    .filter((name) => !known.has(name))
    .map((name) => `${prefix}${name}: there is no such option`)

const resolveAny = Effect.fnUntraced(function* <R>(
  options: SessionOptions<R>,
  defaults: AdapterDefaults
): Effect.fn.Return<ResolvedOptions, AgentError, R> {
  const context = yield* Effect.context<R>()
  const { budget, limiter, permissions, input, tools, outputSchema, ...own } = options
  const { outputForm, ...below } = defaults
  const base = override(override(below, own), yield* Overrides)
  const { timeouts, ...values } = base
  const issues = [
    ...unknownKeys(values, baseNames, ""),
    ...unknownKeys(timeouts ?? {}, timeoutNames, "timeouts."),
    ...issuesOf(BaseOptionsSchema, values),
    ...startIssues(values.start)
  ]
  const resolvedTimeouts = resolveTimeouts(timeouts, issues)
  if (permissions !== undefined && typeof permissions !== "function") issues.push("permissions: must be a function")
  if (input !== undefined && typeof input !== "function") issues.push("input: must be a function")
  const account = (budget ?? Option.getOrUndefined(yield* Effect.serviceOption(Budget)))?.account
  if (issues.length > 0) return yield* invalid(issues)
  return {
    ...values,
    persist: values.persist ?? true,
    partialMessages: values.partialMessages ?? true,
    start: values.start ?? "new",
    turns: {
      policy: values.turns?.policy ?? "queue",
      capacity: values.turns?.policy === "queue" ? (values.turns.capacity ?? 16) : 16
    },
    buffer: values.buffer ?? defaultBuffer,
    timeouts: resolvedTimeouts,
    permissions: permissions === undefined ? undefined : resolveHandler(permissions, context),
    input: input === undefined ? undefined : resolveHandler(input, context),
    budget: account,
    limiter: limiter ?? Option.getOrUndefined(yield* Effect.serviceOption(Limiter)),
    tools: tools === undefined ? undefined : yield* Effect.mapError(resolveTools(tools, context), invalid),
    outputSchema:
      outputSchema === undefined
        ? undefined
        : yield* Effect.mapError(resolveOutput(outputSchema, outputForm, context), invalid)
  }
})

/** Reads what a user wrote, over what the adapter says for all of its sessions. Fails with InvalidOptions, one issue a line. */
export const resolve = <O extends SessionOptions.Any>(
  options: O | undefined,
  defaults: AdapterDefaults = {}
): Effect.Effect<ResolvedOptions, AgentError, Services<O>> =>
  // The services are what the type level read off `O`; the value level erased them.
  resolveAny((options ?? {}) as SessionOptions<Services<O>>, defaults)

/** The session with the output type its schema promises. */
export const withOutput = <O, S extends Session>(session: S): S & Session<Output<O>> =>
  session as S & Session<Output<O>>
