/**
 * What can go wrong: one error class for the whole library, with a tagged `reason` per cause, so that one cause is
 * caught with `Effect.catchReason("AgentError", "RateLimited", …)`.
 *
 * @since 0.1.0
 */
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { SessionId } from "./internal/ids.ts"
import { TurnResult } from "./Turn.ts"

const TypeId = "~effect-agent-session/AgentError"

const few = (places: ReadonlyArray<string>): string =>
  places.length <= 4 ? places.join(", ") : `${places.slice(0, 3).join(", ")} and ${places.length - 3} more places`

// Sentences are put together out of words of others, which may end with a full stop already, or be empty.
const clause = (text: string): string => text.trimEnd().replace(/\.$/, "")

const because = (description: string): string => (description === "" ? "" : `: ${clause(description)}`)

const tail = (stderr: string | undefined): string =>
  stderr === undefined || stderr.trim() === "" ? "" : `; its last words: ${clause(stderr.trimEnd().slice(-2_000))}`

// A provider's number may be no date at all, and a message must never throw.
const until = (resetsAt: number | undefined): string => {
  const date = new Date(resetsAt ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? "a while" : `until ${date.toISOString()}`
}

/**
 * The agent's program is nowhere to be found. `lookedIn` are the places, `install` is how to get it.
 *
 * @since 0.1.0
 * @category reasons
 */
export class ExecutableNotFound extends Schema.Error<ExecutableNotFound>(
  "effect-agent-session/AgentError/ExecutableNotFound"
)({
  _tag: Schema.tag("ExecutableNotFound"),
  lookedIn: Schema.Array(Schema.String),
  install: Schema.String
}) {
  override get message(): string {
    return `its program was not found; looked in ${few(this.lookedIn)}. ${this.install}`
  }
}

/**
 * The program is there but could not be started: no permission, no such working directory, an argument too long.
 * `cause` is what the operating system said.
 *
 * @since 0.1.0
 * @category reasons
 */
export class SpawnFailed extends Schema.Error<SpawnFailed>("effect-agent-session/AgentError/SpawnFailed")({
  _tag: Schema.tag("SpawnFailed"),
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `its program could not be started${because(this.description)}. Check its path, your right to run it, and \`cwd\``
  }
}

/**
 * The program ended, or refused, before the session was open. `stderrTail` says why in its own words.
 *
 * @since 0.1.0
 * @category reasons
 */
export class StartupFailed extends Schema.Error<StartupFailed>("effect-agent-session/AgentError/StartupFailed")({
  _tag: Schema.tag("StartupFailed"),
  description: Schema.String,
  stderrTail: Schema.String
}) {
  override get message(): string {
    return `it did not start${because(this.description)}${tail(this.stderrTail)}. Run it once in a terminal, or correct the options it was started with`
  }
}

/**
 * The program started but did not answer in `timeouts.startup`. `millis`: how long it had.
 *
 * @since 0.1.0
 * @category reasons
 */
export class HandshakeTimeout extends Schema.Error<HandshakeTimeout>(
  "effect-agent-session/AgentError/HandshakeTimeout"
)({
  _tag: Schema.tag("HandshakeTimeout"),
  millis: Schema.Finite,
  stderrTail: Schema.String
}) {
  override get message(): string {
    return `no answer to the handshake within ${this.millis} ms${tail(this.stderrTail)}. Try again, or raise timeouts.startup`
  }
}

/**
 * The program ended while the session was open. Resume the session to go on. `code` or `signal` tells how; both are null
 * when nobody knows.
 *
 * @since 0.1.0
 * @category reasons
 */
export class ProcessExited extends Schema.Error<ProcessExited>("effect-agent-session/AgentError/ProcessExited")({
  _tag: Schema.tag("ProcessExited"),
  code: Schema.NullOr(Schema.Finite),
  signal: Schema.NullOr(Schema.String),
  stderrTail: Schema.String
}) {
  override get message(): string {
    const how =
      this.signal !== null
        ? ` with ${this.signal}`
        : this.code !== null
          ? ` with code ${this.code}`
          : ", nobody knows how"
    return `its process ended${how}${tail(this.stderrTail)}. Open a session with start: { resume } to go on`
  }
}

/**
 * The agent broke its protocol in a way that cannot be passed over.
 *
 * @since 0.1.0
 * @category reasons
 */
export class ProtocolViolation extends Schema.Error<ProtocolViolation>(
  "effect-agent-session/AgentError/ProtocolViolation"
)({
  _tag: Schema.tag("ProtocolViolation"),
  description: Schema.String
}) {
  override get message(): string {
    return `it broke the protocol${because(this.description)}. Update the agent, or report it with the version you run`
  }
}

/**
 * The reader of this stream stayed away too long: more than 8 × `buffer` was waiting. `limit` in characters.
 *
 * @since 0.1.0
 * @category reasons
 */
export class BacklogExceeded extends Schema.Error<BacklogExceeded>("effect-agent-session/AgentError/BacklogExceeded")({
  _tag: Schema.tag("BacklogExceeded"),
  limit: Schema.Finite
}) {
  override get message(): string {
    return `its reader stayed away until more than ${this.limit} characters were waiting. Read faster, or raise \`buffer\``
  }
}

/**
 * The agent refused a request: `request` is its name in the protocol, `description` what it said.
 *
 * @since 0.1.0
 * @category reasons
 */
export class ControlFailed extends Schema.Error<ControlFailed>("effect-agent-session/AgentError/ControlFailed")({
  _tag: Schema.tag("ControlFailed"),
  request: Schema.String,
  description: Schema.String
}) {
  override get message(): string {
    return `it refused ${this.request}${because(this.description)}. Check session.status and what you asked for, then ask again`
  }
}

/**
 * The agent did not answer a request in `timeouts.control`. `millis`: how long it had; `stderrTail`: its last words.
 *
 * @since 0.1.0
 * @category reasons
 */
export class ControlTimeout extends Schema.Error<ControlTimeout>("effect-agent-session/AgentError/ControlTimeout")({
  _tag: Schema.tag("ControlTimeout"),
  request: Schema.String,
  millis: Schema.Finite,
  stderrTail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `no answer to ${this.request} within ${this.millis} ms${tail(this.stderrTail)}. Try again, or raise timeouts.control`
  }
}

/**
 * Nothing came from the agent for `timeouts.idle` while a turn ran. `millis`: how long; `stderrTail`: its last words.
 *
 * @since 0.1.0
 * @category reasons
 */
export class IdleTimeout extends Schema.Error<IdleTimeout>("effect-agent-session/AgentError/IdleTimeout")({
  _tag: Schema.tag("IdleTimeout"),
  millis: Schema.Finite,
  stderrTail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `silent for ${this.millis} ms while a turn ran${tail(this.stderrTail)}. Ask again, or raise timeouts.idle`
  }
}

/**
 * The turn took longer than `timeouts.turn`. `millis`: how long it had.
 *
 * @since 0.1.0
 * @category reasons
 */
export class TurnTimeout extends Schema.Error<TurnTimeout>("effect-agent-session/AgentError/TurnTimeout")({
  _tag: Schema.tag("TurnTimeout"),
  millis: Schema.Finite
}) {
  override get message(): string {
    return `the turn was not over after ${this.millis} ms. Ask for less at once, or raise timeouts.turn`
  }
}

/**
 * A permission request was not answered in `timeouts.permission`. `millis`: how long there was.
 *
 * @since 0.1.0
 * @category reasons
 */
export class PermissionTimeout extends Schema.Error<PermissionTimeout>(
  "effect-agent-session/AgentError/PermissionTimeout"
)({
  _tag: Schema.tag("PermissionTimeout"),
  millis: Schema.Finite
}) {
  override get message(): string {
    return `a permission request was not answered within ${this.millis} ms. Answer sooner, or raise timeouts.permission`
  }
}

/**
 * The turn was stopped because we asked for it. The session goes on.
 *
 * @since 0.1.0
 * @category reasons
 */
export class Interrupted extends Schema.Error<Interrupted>("effect-agent-session/AgentError/Interrupted")({
  _tag: Schema.tag("Interrupted")
}) {
  override get message(): string {
    return "the turn was interrupted. Ask again to go on"
  }
}

/**
 * Another turn runs and `turns.policy` is "reject".
 *
 * @since 0.1.0
 * @category reasons
 */
export class TurnRejected extends Schema.Error<TurnRejected>("effect-agent-session/AgentError/TurnRejected")({
  _tag: Schema.tag("TurnRejected")
}) {
  override get message(): string {
    return 'another turn runs; wait for it, interrupt it, or use turns: { policy: "queue" }'
  }
}

/**
 * More turns wait than `turns.capacity` permits.
 *
 * @since 0.1.0
 * @category reasons
 */
export class TurnQueueFull extends Schema.Error<TurnQueueFull>("effect-agent-session/AgentError/TurnQueueFull")({
  _tag: Schema.tag("TurnQueueFull"),
  capacity: Schema.Finite
}) {
  override get message(): string {
    return `${this.capacity} turns wait already. Wait until one has ended, or raise turns.capacity`
  }
}

/**
 * The agent has no valid credentials.
 *
 * @since 0.1.0
 * @category reasons
 */
export class AuthenticationFailed extends Schema.Error<AuthenticationFailed>(
  "effect-agent-session/AgentError/AuthenticationFailed"
)({
  _tag: Schema.tag("AuthenticationFailed"),
  description: Schema.String
}) {
  override get message(): string {
    return `it is not logged in${because(this.description)}. Log in, or give it an API key in \`env\``
  }
}

/**
 * The provider's limit is used up. `resetsAt`: epoch milliseconds, when it is told.
 *
 * @since 0.1.0
 * @category reasons
 */
export class RateLimited extends Schema.Error<RateLimited>("effect-agent-session/AgentError/RateLimited")({
  _tag: Schema.tag("RateLimited"),
  description: Schema.String,
  resetsAt: Schema.optionalKey(Schema.Finite)
}) {
  override get message(): string {
    return `rate limited${because(this.description)}. Wait ${until(this.resetsAt)}, then ask again`
  }
}

/**
 * The provider is overloaded or failed; try again later. `status`: that of HTTP, when it is told.
 *
 * @since 0.1.0
 * @category reasons
 */
export class Overloaded extends Schema.Error<Overloaded>("effect-agent-session/AgentError/Overloaded")({
  _tag: Schema.tag("Overloaded"),
  description: Schema.String,
  status: Schema.optionalKey(Schema.Finite)
}) {
  override get message(): string {
    return `the provider is overloaded${because(this.description)}. Try again later`
  }
}

/**
 * The account cannot pay for the request.
 *
 * @since 0.1.0
 * @category reasons
 */
export class BillingError extends Schema.Error<BillingError>("effect-agent-session/AgentError/BillingError")({
  _tag: Schema.tag("BillingError"),
  description: Schema.String
}) {
  override get message(): string {
    return `the account cannot pay${because(this.description)}. Check its credit and plan, or use another account`
  }
}

/**
 * The provider does not know the model, or the account may not use it.
 *
 * @since 0.1.0
 * @category reasons
 */
export class ModelNotFound extends Schema.Error<ModelNotFound>("effect-agent-session/AgentError/ModelNotFound")({
  _tag: Schema.tag("ModelNotFound"),
  description: Schema.String
}) {
  override get message(): string {
    return `the model is not available${because(this.description)}. Choose another \`model\`, or check what the account may use`
  }
}

/**
 * The conversation does not fit the model's context.
 *
 * @since 0.1.0
 * @category reasons
 */
export class PromptTooLong extends Schema.Error<PromptTooLong>("effect-agent-session/AgentError/PromptTooLong")({
  _tag: Schema.tag("PromptTooLong"),
  description: Schema.String
}) {
  override get message(): string {
    return `the prompt is too long${because(this.description)}. Clear or compact the session`
  }
}

/**
 * The turn stopped at `maxTurns` (`which`: "turns") or `maxBudgetUsd` ("budget"), or was not sent, or was interrupted,
 * since a budget that it shares with others is used up (`budget` is its name).
 *
 * @since 0.1.0
 * @category reasons
 */
export class LimitReached extends Schema.Error<LimitReached>("effect-agent-session/AgentError/LimitReached")({
  _tag: Schema.tag("LimitReached"),
  which: Schema.Literals(["turns", "budget"]),
  budget: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return this.budget === undefined
      ? `the limit of ${this.which} was reached. Raise ${this.which === "turns" ? "maxTurns" : "maxBudgetUsd"}, then resume the session to go on`
      : `the budget "${this.budget}" is used up. Raise its cap, then ask again`
  }
}

/**
 * The model refused to answer.
 *
 * @since 0.1.0
 * @category reasons
 */
export class Refused extends Schema.Error<Refused>("effect-agent-session/AgentError/Refused")({
  _tag: Schema.tag("Refused"),
  description: Schema.String
}) {
  override get message(): string {
    return `the model refused${because(this.description)}. Reword the prompt, or choose another model`
  }
}

/**
 * The answer does not fit `outputSchema`. `text` is what was said, `issue` what is wrong with it.
 *
 * @since 0.1.0
 * @category reasons
 */
export class StructuredOutputInvalid extends Schema.Error<StructuredOutputInvalid>(
  "effect-agent-session/AgentError/StructuredOutputInvalid"
)({
  _tag: Schema.tag("StructuredOutputInvalid"),
  text: Schema.String,
  issue: Schema.String
}) {
  override get message(): string {
    return `the answer does not fit outputSchema${because(this.issue)}. Ask again, or make outputSchema simpler`
  }
}

/**
 * The turn failed for a reason that has no name of its own. `kind` is the agent's word for it.
 *
 * @since 0.1.0
 * @category reasons
 */
export class TurnFailed extends Schema.Error<TurnFailed>("effect-agent-session/AgentError/TurnFailed")({
  _tag: Schema.tag("TurnFailed"),
  kind: Schema.String,
  description: Schema.String
}) {
  override get message(): string {
    return `the turn failed (${this.kind})${because(this.description)}. Look at \`result\` for what was done so far, then ask again`
  }
}

/**
 * The session is over: closed by us, or gone by itself.
 *
 * @since 0.1.0
 * @category reasons
 */
export class SessionClosed extends Schema.Error<SessionClosed>("effect-agent-session/AgentError/SessionClosed")({
  _tag: Schema.tag("SessionClosed")
}) {
  override get message(): string {
    return "the session is closed; open another one"
  }
}

/**
 * A session of that name is registered already.
 *
 * @since 0.1.0
 * @category reasons
 */
export class SessionExists extends Schema.Error<SessionExists>("effect-agent-session/AgentError/SessionExists")({
  _tag: Schema.tag("SessionExists"),
  name: Schema.String
}) {
  override get message(): string {
    return `a session named ${this.name} exists already. Use it, close it first, or choose another name`
  }
}

/**
 * There is no such session: no name in the registry, no transcript of that id. `lookedIn` are the places, when they are
 * known; `stderrTail` what the agent said.
 *
 * @since 0.1.0
 * @category reasons
 */
export class SessionNotFound extends Schema.Error<SessionNotFound>("effect-agent-session/AgentError/SessionNotFound")({
  _tag: Schema.tag("SessionNotFound"),
  id: Schema.String,
  lookedIn: Schema.Array(Schema.String),
  stderrTail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `there is no session ${this.id}${this.lookedIn.length === 0 ? "" : `; looked in ${few(this.lookedIn)}`}${tail(this.stderrTail)}. Check its name and \`cwd\`, or start a new one`
  }
}

/**
 * The session is open elsewhere; two writers would lose one another's work. `stderrTail`: what the agent said.
 *
 * @since 0.1.0
 * @category reasons
 */
export class SessionInUse extends Schema.Error<SessionInUse>("effect-agent-session/AgentError/SessionInUse")({
  _tag: Schema.tag("SessionInUse"),
  id: Schema.String,
  stderrTail: Schema.optionalKey(Schema.String)
}) {
  override get message(): string {
    return `session ${this.id} is in use${tail(this.stderrTail)}. Close it first, or fork it`
  }
}

/**
 * The registry holds `maxSessions` sessions.
 *
 * @since 0.1.0
 * @category reasons
 */
export class RegistryFull extends Schema.Error<RegistryFull>("effect-agent-session/AgentError/RegistryFull")({
  _tag: Schema.tag("RegistryFull"),
  maxSessions: Schema.Finite
}) {
  override get message(): string {
    return `${this.maxSessions} sessions run already. Close one, or raise maxSessions`
  }
}

/**
 * The session died `restarts` times in a row; the registry gave up.
 *
 * @since 0.1.0
 * @category reasons
 */
export class CrashLoop extends Schema.Error<CrashLoop>("effect-agent-session/AgentError/CrashLoop")({
  _tag: Schema.tag("CrashLoop"),
  restarts: Schema.Finite
}) {
  override get message(): string {
    return `it died ${this.restarts} times in a row. Find out why from the errors of those runs, then open it again`
  }
}

/**
 * The agent resumed another session than the one asked for. `actual` is the id it came up with, or what was there instead.
 *
 * @since 0.1.0
 * @category reasons
 */
export class ContinuityLost extends Schema.Error<ContinuityLost>("effect-agent-session/AgentError/ContinuityLost")({
  _tag: Schema.tag("ContinuityLost"),
  expected: Schema.String,
  actual: Schema.String
}) {
  override get message(): string {
    return `asked to go on with session ${this.expected}, it came up with ${this.actual}. Check that the conversation is still on disk, or start a new one`
  }
}

/**
 * An option, or a prompt, is not valid. One issue a line.
 *
 * @since 0.1.0
 * @category reasons
 */
export class InvalidOptions extends Schema.Error<InvalidOptions>("effect-agent-session/AgentError/InvalidOptions")({
  _tag: Schema.tag("InvalidOptions"),
  issues: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `invalid options${because(this.issues.join("; "))}. Correct what is named`
  }
}

/**
 * This agent, or this version of it, cannot do that. `capability` names it.
 *
 * @since 0.1.0
 * @category reasons
 */
export class Unsupported extends Schema.Error<Unsupported>("effect-agent-session/AgentError/Unsupported")({
  _tag: Schema.tag("Unsupported"),
  capability: Schema.String
}) {
  override get message(): string {
    return `it cannot do this${because(this.capability)}. Check session.capabilities first, or use an agent or a version that can`
  }
}

/**
 * The session store failed.
 *
 * @since 0.1.0
 * @category reasons
 */
export class StoreFailed extends Schema.Error<StoreFailed>("effect-agent-session/AgentError/StoreFailed")({
  _tag: Schema.tag("StoreFailed"),
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `the store failed${because(this.description)}. Check that it is there and can be written to, then try again`
  }
}

/**
 * What the agent keeps on disk could not be read.
 *
 * @since 0.1.0
 * @category reasons
 */
export class HistoryFailed extends Schema.Error<HistoryFailed>("effect-agent-session/AgentError/HistoryFailed")({
  _tag: Schema.tag("HistoryFailed"),
  description: Schema.String,
  cause: Schema.optionalKey(Schema.Defect())
}) {
  override get message(): string {
    return `its history could not be read${because(this.description)}. Check that the agent's directory is there and can be read`
  }
}

/**
 * What happened, one class per cause. Match on `_tag`, or catch one with `Effect.catchReason`.
 *
 * @since 0.1.0
 * @category models
 */
export type Reason =
  | ExecutableNotFound
  | SpawnFailed
  | StartupFailed
  | HandshakeTimeout
  | ProcessExited
  | ProtocolViolation
  | BacklogExceeded
  | ControlFailed
  | ControlTimeout
  | IdleTimeout
  | TurnTimeout
  | PermissionTimeout
  | Interrupted
  | TurnRejected
  | TurnQueueFull
  | AuthenticationFailed
  | RateLimited
  | Overloaded
  | BillingError
  | ModelNotFound
  | PromptTooLong
  | LimitReached
  | Refused
  | StructuredOutputInvalid
  | TurnFailed
  | SessionClosed
  | SessionExists
  | SessionNotFound
  | SessionInUse
  | RegistryFull
  | CrashLoop
  | ContinuityLost
  | InvalidOptions
  | Unsupported
  | StoreFailed
  | HistoryFailed

/**
 * The schema of every reason. For JSON use `Schema.toCodecJson(AgentError.Reason)`; classes come back as instances.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Reason: Schema.Codec<Reason, unknown> = Schema.Union([
  ExecutableNotFound,
  SpawnFailed,
  StartupFailed,
  HandshakeTimeout,
  ProcessExited,
  ProtocolViolation,
  BacklogExceeded,
  ControlFailed,
  ControlTimeout,
  IdleTimeout,
  TurnTimeout,
  PermissionTimeout,
  Interrupted,
  TurnRejected,
  TurnQueueFull,
  AuthenticationFailed,
  RateLimited,
  Overloaded,
  BillingError,
  ModelNotFound,
  PromptTooLong,
  LimitReached,
  Refused,
  StructuredOutputInvalid,
  TurnFailed,
  SessionClosed,
  SessionExists,
  SessionNotFound,
  SessionInUse,
  RegistryFull,
  CrashLoop,
  ContinuityLost,
  InvalidOptions,
  Unsupported,
  StoreFailed,
  HistoryFailed
])

/**
 * What was going on when it happened: finding the program (`resolve`), starting it (`spawn`, `handshake`), a turn, a
 * request of ours (`control`), a permission, the close, or work of the registry, the store or the history.
 *
 * @since 0.1.0
 * @category models
 */
export type Phase = typeof Phase.Type

/**
 * The schema of a {@link Phase}.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Phase: Schema.Literals<
  readonly ["resolve", "spawn", "handshake", "turn", "control", "permission", "close", "registry", "store", "history"]
> = Schema.Literals([
  "resolve",
  "spawn",
  "handshake",
  "turn",
  "control",
  "permission",
  "close",
  "registry",
  "store",
  "history"
])

const retryable: ReadonlySet<Reason["_tag"]> = new Set<Reason["_tag"]>([
  "HandshakeTimeout",
  "ProcessExited",
  "ControlTimeout",
  "IdleTimeout",
  "TurnTimeout",
  "TurnRejected",
  "TurnQueueFull",
  "RateLimited",
  "Overloaded",
  "StructuredOutputInvalid",
  "SessionInUse",
  "RegistryFull"
])

const resumable: ReadonlySet<Reason["_tag"]> = new Set<Reason["_tag"]>([
  "ProcessExited",
  "BacklogExceeded",
  "ControlTimeout",
  "IdleTimeout",
  "TurnTimeout",
  "Interrupted",
  "AuthenticationFailed",
  "RateLimited",
  "Overloaded",
  "BillingError",
  "ModelNotFound",
  "LimitReached",
  "Refused",
  "StructuredOutputInvalid",
  "TurnFailed",
  "SessionClosed"
])

/**
 * The error of this library. `agent` says which agent (absent for registry and store errors), `phase` what was going
 * on, `reason` what happened. `result` is there when a turn was running: what was said and spent before it failed.
 *
 * @example
 * ```ts
 * session.ask("Explain OTP in one line").pipe(
 *   Effect.catchReason("AgentError", "RateLimited", (reason) => Effect.logWarning(`limited until ${reason.resetsAt}`)),
 *   Effect.retry({ while: (error) => error.isRetryable, times: 3 })
 * )
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export class AgentError extends Schema.Error<AgentError>("effect-agent-session/AgentError")({
  _tag: Schema.tag("AgentError"),
  agent: Schema.optionalKey(Schema.String),
  sessionId: Schema.optionalKey(SessionId),
  phase: Phase,
  reason: Reason,
  result: Schema.optionalKey(TurnResult)
}) {
  readonly [TypeId]: typeof TypeId = TypeId

  override readonly cause: Reason = this.reason

  /** The same call may succeed when it is made again; on a session that is over, open another one first. */
  get isRetryable(): boolean {
    return retryable.has(this.reason._tag)
  }

  /** The conversation is not lost: a session opened with `start: { resume }` can go on with it. */
  get isResumable(): boolean {
    return resumable.has(this.reason._tag)
  }

  override get message(): string {
    return `${this.agent ?? "agent"} (${this.phase}): ${this.reason.message}`
  }
}

/**
 * Whether a value is an {@link AgentError}, one of another copy of this library too.
 *
 * @since 0.1.0
 * @category guards
 */
export const isAgentError = (value: unknown): value is AgentError => Predicate.hasProperty(value, TypeId)
