/**
 * Who decides about a tool call: the request, the decision, and ready-made policies. A session without a handler does
 * not offer the permission surface at all, so the agent denies by itself; a handler that fails, dies or is late denies.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { dual } from "effect/Function"
import * as Schema from "effect/Schema"
import { bounded } from "./internal/answering.ts"
import { storable } from "./internal/anyValue.ts"
import type { RequestId, SessionId, ToolId } from "./internal/ids.ts"
import * as Rules from "./internal/permissionRule.ts"

/**
 * What the agent wants to do, in its own words. What an agent does not tell is absent.
 *
 * - `suggestions`: permission updates that it offers to remember, in its wire form: see {@link Allow}.
 * - `reason`: why it asks; `reasonType` the sort of reason ("rule", "mode", "hook", "workingDir", "safetyCheck", …).
 * - `title`, `displayName`, `description`: how it would put the question to a person. Escape them before you show them.
 * - `blockedPath`: the path that made it ask.
 * - `safetyCheck`: it holds the call dangerous, whatever the rules say.
 * - `askRule`: a rule of the user's settings wants a person to be asked.
 * - `requiresUser`: nobody but a person can answer; an allowance alone is no answer.
 * - `defaultToNo`: not to be allowed by a single stray key; `suppressAlways`: do not offer to remember the answer.
 * - `agentId`: the subagent that asks.
 * - `mcpServer`: the server of an MCP tool, and where its definition came from. Trust the `source`, not the name.
 * - `cwd`, `home`: the directories of the session, which path rules start from.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  readonly requestId: RequestId
  readonly sessionId: SessionId | undefined
  readonly toolId: ToolId | undefined
  readonly tool: string
  readonly input: unknown
  readonly suggestions: ReadonlyArray<unknown>
  readonly reason: string | undefined
  readonly reasonType?: string | undefined
  readonly title?: string | undefined
  readonly displayName?: string | undefined
  readonly description?: string | undefined
  readonly blockedPath?: string | undefined
  readonly safetyCheck?: boolean | undefined
  readonly askRule?: AskRule | undefined
  readonly requiresUser?: boolean | undefined
  readonly defaultToNo?: boolean | undefined
  readonly suppressAlways?: boolean | undefined
  readonly agentId: string | undefined
  readonly mcpServer?: McpServer | undefined
  readonly cwd?: string | undefined
  readonly home?: string | undefined
}

/**
 * A rule of the user's settings that wants a person to be asked. `source` is the settings file's sort.
 *
 * @since 0.1.0
 * @category models
 */
export interface AskRule {
  readonly source: string
  readonly tool: string
  readonly content?: string | undefined
}

/**
 * The server of an MCP tool. `source` is "sdk" for one of ours, else where the agent found it ("project", "user", …).
 *
 * @since 0.1.0
 * @category models
 */
export interface McpServer {
  readonly name: string
  readonly source: string
}

/**
 * Go ahead, with the input changed when `input` is given. `updates` are permission updates in the agent's wire form, for
 * example some of the request's `suggestions`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Allow {
  readonly _tag: "Allow"
  readonly input?: unknown
  readonly updates?: ReadonlyArray<unknown>
}

/**
 * Do not. The agent is told `message` and goes on, or stops the turn with `stopTurn`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Deny {
  readonly _tag: "Deny"
  readonly message: string
  readonly stopTurn?: boolean
}

/**
 * The answer to a request. See {@link allow} and {@link deny}.
 *
 * @since 0.1.0
 * @category models
 */
export type Decision = Allow | Deny

/**
 * The schema of a decision, for one that is made elsewhere, as in a browser.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Decision: Schema.Codec<Decision> = Schema.Union([
  Schema.TaggedStruct("Allow", {
    input: Schema.optionalKey(storable),
    updates: Schema.optionalKey(Schema.Array(storable))
  }),
  Schema.TaggedStruct("Deny", { message: Schema.String, stopTurn: Schema.optionalKey(Schema.Boolean) })
])

/**
 * Go ahead: with the agent's input, or with `input` in its place. `updates` are permission updates for the agent to
 * remember. An agent that cannot take them says so in `capabilities` (`permissionEditInput`, `permissionAlways`).
 *
 * @example
 * ```ts
 * const once = Permission.allow()
 * const changed = Permission.allow({ input: { command: "git status", timeout: 10_000 } })
 * const always: Permission.Handler = (request) => Effect.succeed(Permission.allow({ updates: request.suggestions }))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const allow = (options?: {
  readonly input?: unknown
  readonly updates?: ReadonlyArray<unknown> | undefined
}): Decision => {
  const decision: { _tag: "Allow"; input?: unknown; updates?: ReadonlyArray<unknown> } = { _tag: "Allow" }
  if (options?.input !== undefined) decision.input = options.input
  if (options?.updates !== undefined) decision.updates = options.updates
  return decision
}

/**
 * Do not. The model reads `message` and goes on without the tool; `stopTurn` (default: false) ends the turn instead.
 *
 * @example
 * ```ts
 * const other = Permission.deny("Only files below src may be changed.")
 * const stop = Permission.deny("Stopped by the user.", { stopTurn: true })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const deny = (message: string, options?: { readonly stopTurn?: boolean | undefined }): Decision =>
  options?.stopTurn === undefined ? { _tag: "Deny", message } : { _tag: "Deny", message, stopTurn: options.stopTurn }

/**
 * Answers every request. Requests of one session run at the same time, each in its own fiber, which is interrupted when
 * the agent takes the request back.
 *
 * @example
 * ```ts
 * const handler: Permission.Handler = (request) =>
 *   Effect.succeed(request.tool === "Read" ? Permission.allow() : Permission.deny("only reading here"))
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<out R = never> = (request: Request) => Effect.Effect<Decision, unknown, R>

/**
 * Answers some requests; `undefined` leaves the request to the next one. Every handler is a policy. A session takes only
 * a handler, so a chain ends with one: see {@link orElse}.
 *
 * @since 0.1.0
 * @category models
 */
export type Policy<out R = never> = (request: Request) => Effect.Effect<Decision | undefined, unknown, R>

type Asked<A extends Decision | undefined, R> = (request: Request) => Effect.Effect<A, unknown, R>

/**
 * Allows everything, whatever the tool and its input.
 *
 * @since 0.1.0
 * @category policies
 */
export const allowAll: Handler = () => Effect.succeed(allow())

/**
 * Denies everything: the end of a chain of policies that must not ask anyone.
 *
 * @since 0.1.0
 * @category policies
 */
export const denyAll: Handler = () => Effect.succeed(deny("Denied by policy."))

/**
 * Applies a policy, or a handler, to the named tools only, and leaves the rest to the next one.
 *
 * @example
 * ```ts
 * const readOnlyGit = Permission.forTools("Bash")((request) =>
 *   Effect.map(Schema.decodeUnknownEffect(BashInput)(request.input), ({ command }) =>
 *     command === "git status" ? Permission.allow() : undefined
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const forTools: {
  (...tools: ReadonlyArray<string>): <R>(self: Policy<R>) => Policy<R>
} =
  (...tools) =>
  (self) =>
  (request) =>
    tools.includes(request.tool) ? self(request) : Effect.succeed(undefined)

/**
 * Tools that look and change nothing.
 *
 * @since 0.1.0
 * @category policies
 */
export const readOnlyTools: ReadonlyArray<string> = [
  "Read",
  "Glob",
  "Grep",
  "LS",
  "NotebookRead",
  "WebSearch",
  "TodoWrite"
]

/**
 * Allows what the rules cover, and leaves the rest. Rules are those of Claude Code's `allowedTools`: a tool's name, or
 * `Bash(git:*)`, `Bash(npm run *)`, `Edit(src/**)` (for all that writes files), `Read(~/notes/**)`,
 * `WebFetch(domain:example.com)`, `mcp__server`, `mcp__server__*`.
 *
 * They allow no more than Claude Code would allow with them, and less in doubt. A command line is covered when each of its
 * commands is, and holds nothing that a shell would expand, group, redirect or run beside. What the agent holds dangerous
 * (`safetyCheck`), what a rule of the user wants asked (`askRule`) and what only a person can answer is left.
 *
 * @example
 * ```ts
 * const permissions = pipe(
 *   Permission.allowTools("Read", "Bash(git status)", "Bash(git log:*)", "Edit(src/**)"),
 *   Permission.orElse(Permission.denyAll)
 * )
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const allowTools = (...rules: ReadonlyArray<string>): Policy => {
  const parsed = rules.map(Rules.parse)
  return (request) => Effect.succeed(Rules.allows(parsed, request) ? allow() : undefined)
}

/**
 * Allows what only looks ({@link readOnlyTools}); leaves the rest, shell commands too.
 *
 * @since 0.1.0
 * @category policies
 */
export const readOnly: Policy = allowTools(...readOnlyTools)

/**
 * Denies what the rules may mean, and leaves the rest. The rules are those of {@link allowTools}, read the other way
 * round: one command of a line is enough, and in doubt it is denied. A rule about a command's text is no wall: a shell
 * has more ways to run a program than a rule can name. To keep a program from being run, deny the tool.
 *
 * @example
 * ```ts
 * const careful = Permission.denyTools("WebFetch", "Bash(git push:*)", "Edit(.github/**)")
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const denyTools = (...rules: ReadonlyArray<string>): Policy => {
  const parsed = rules.map(Rules.parse)
  return (request) =>
    Effect.sync(() => {
      const rule = Rules.denies(parsed, request)
      return rule === undefined
        ? undefined
        : deny(`${rule.content === undefined ? request.tool : Rules.show(rule)} is not allowed here.`)
    })
}

/**
 * Decides by an Effect that says yes or no: `no` (default: "The user said no.") is the message of the denial.
 *
 * @example
 * ```ts
 * const permissions = pipe(Permission.readOnly, Permission.orElse(Permission.ask((request) => approvals.ask(request.tool))))
 * ```
 *
 * @since 0.1.0
 * @category policies
 */
export const ask =
  <E, R>(
    decide: (request: Request) => Effect.Effect<boolean, E, R>,
    no: string | ((request: Request) => string) = "The user said no."
  ): Handler<R> =>
  (request) =>
    Effect.map(decide(request), (yes) => (yes ? allow() : deny(typeof no === "string" ? no : no(request))))

/**
 * Asks `that` when `self` has no answer. A policy at the end gives a policy, a handler at the end gives a handler. A
 * failure of `self` is not an answer and goes through: the session denies.
 *
 * @example
 * ```ts
 * const handler = pipe(
 *   Permission.allowTools("Read", "Glob"),
 *   Permission.orElse(Permission.denyTools("Bash")),
 *   Permission.orElse(askSomeone),
 *   Permission.withTimeout("1 minute")
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const orElse: {
  <R2>(that: Handler<R2>): <R>(self: Policy<R>) => Handler<R | R2>
  <R2>(that: Policy<R2>): <R>(self: Policy<R>) => Policy<R | R2>
  <R, R2>(self: Policy<R>, that: Handler<R2>): Handler<R | R2>
  <R, R2>(self: Policy<R>, that: Policy<R2>): Policy<R | R2>
} = dual(
  2,
  <A extends Decision | undefined, R, R2>(self: Policy<R>, that: Asked<A, R2>): Asked<Decision | A, R | R2> =>
    (request) =>
      Effect.flatMap(self(request), (decision): Effect.Effect<Decision | A, unknown, R2> =>
        decision === undefined ? that(request) : Effect.succeed(decision)
      )
)

/**
 * Denies when no answer came in `duration`; what was asking is interrupted, and not waited for. On a policy too: silence is a denial, never
 * a question for the next one. Alone it bounds one step; at the end of a chain, the whole.
 *
 * @example
 * ```ts
 * const handler = pipe(
 *   askSlack,
 *   Permission.withTimeout("5 minutes")
 * )
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withTimeout: {
  (
    duration: Duration.Input
  ): <A extends Decision | undefined, R>(
    self: (request: Request) => Effect.Effect<A, unknown, R>
  ) => (request: Request) => Effect.Effect<A | Decision, unknown, R>
  <A extends Decision | undefined, R>(
    self: (request: Request) => Effect.Effect<A, unknown, R>,
    duration: Duration.Input
  ): (request: Request) => Effect.Effect<A | Decision, unknown, R>
} = dual(
  2,
  <A extends Decision | undefined, R>(self: Asked<A, R>, duration: Duration.Input): Asked<A | Decision, R> =>
    (request) =>
      Effect.flatten(
        bounded<Exit.Exit<A | Decision, unknown>, R>(
          Effect.exit(self(request)),
          Duration.fromInputUnsafe(duration),
          (_, cause) => (cause === undefined ? Exit.succeed(deny("Nobody answered in time.")) : Exit.failCause(cause))
        )
      )
)
