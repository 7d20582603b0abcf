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

const tail = (stderr: string): string => (stderr === "" ? "" : `; its last words: ${stderr.trimEnd().slice(-2_000)}`)

/**
 * The agent's program is nowhere to be found.
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
    return `its program could not be started: ${this.description}`
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
    return `it did not start: ${this.description}${tail(this.stderrTail)}`
  }
}

/**
 * The program started but did not answer in `timeouts.startup`.
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
    return `no answer to the handshake within ${this.millis} ms (timeouts.startup)${tail(this.stderrTail)}`
  }
}

/**
 * The program ended while the session was open. Resume the session to go on.
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
    return `its process ended with ${this.signal ?? `code ${this.code}`}${tail(this.stderrTail)}. Open a session with start: { resume } to go on`
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
    return `it broke the protocol: ${this.description}`
  }
}

/**
 * The reader of this stream stayed away too long: more than 8 × `buffer` was waiting.
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
 * The agent refused a request.
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
    return `it refused ${this.request}: ${this.description}`
  }
}

/**
 * The agent did not answer a request in `timeouts.control`.
 *
 * @since 0.1.0
 * @category reasons
 */
export class ControlTimeout extends Schema.Error<ControlTimeout>("effect-agent-session/AgentError/ControlTimeout")({
  _tag: Schema.tag("ControlTimeout"),
  request: Schema.String,
  millis: Schema.Finite
}) {
  override get message(): string {
    return `no answer to ${this.request} within ${this.millis} ms (timeouts.control)`
  }
}

/**
 * Nothing came from the agent for `timeouts.idle` while a turn ran.
 *
 * @since 0.1.0
 * @category reasons
 */
export class IdleTimeout extends Schema.Error<IdleTimeout>("effect-agent-session/AgentError/IdleTimeout")({
  _tag: Schema.tag("IdleTimeout"),
  millis: Schema.Finite
}) {
  override get message(): string {
    return `silent for ${this.millis} ms while a turn ran (timeouts.idle)`
  }
}

/**
 * The turn took longer than `timeouts.turn`.
 *
 * @since 0.1.0
 * @category reasons
 */
export class TurnTimeout extends Schema.Error<TurnTimeout>("effect-agent-session/AgentError/TurnTimeout")({
  _tag: Schema.tag("TurnTimeout"),
  millis: Schema.Finite
}) {
  override get message(): string {
    return `the turn was not over after ${this.millis} ms (timeouts.turn)`
  }
}

/**
 * A permission request was not answered in `timeouts.permission`.
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
    return `a permission request was not answered within ${this.millis} ms (timeouts.permission)`
  }
}

/**
 * The turn was stopped because we asked for it.
 *
 * @since 0.1.0
 * @category reasons
 */
export class Interrupted extends Schema.Error<Interrupted>("effect-agent-session/AgentError/Interrupted")({
  _tag: Schema.tag("Interrupted")
}) {
  override get message(): string {
    return "the turn was interrupted"
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
    return `${this.capacity} turns wait already (turns.capacity)`
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
    return `it is not logged in: ${this.description}. Log in, or give it an API key in \`env\``
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
    return `rate limited: ${this.description}`
  }
}

/**
 * The provider is overloaded or failed; try again later.
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
    return `the provider is overloaded: ${this.description}. Try again later`
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
    return `billing: ${this.description}`
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
    return `the model is not available: ${this.description}`
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
    return `the prompt is too long: ${this.description}. Clear or compact the session`
  }
}

/**
 * The turn stopped at `maxTurns` or `maxBudgetUsd`.
 *
 * @since 0.1.0
 * @category reasons
 */
export class LimitReached extends Schema.Error<LimitReached>("effect-agent-session/AgentError/LimitReached")({
  _tag: Schema.tag("LimitReached"),
  which: Schema.Literals(["turns", "budget"])
}) {
  override get message(): string {
    return `the limit of ${this.which} was reached`
  }
}

/**
 * The model refused.
 *
 * @since 0.1.0
 * @category reasons
 */
export class Refused extends Schema.Error<Refused>("effect-agent-session/AgentError/Refused")({
  _tag: Schema.tag("Refused"),
  description: Schema.String
}) {
  override get message(): string {
    return `the model refused: ${this.description}`
  }
}

/**
 * The answer does not fit `outputSchema`. `text` is what was said.
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
    return `the answer does not fit outputSchema: ${this.issue}`
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
    return `the turn failed (${this.kind}): ${this.description}`
  }
}

/**
 * The session is closed.
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
    return `a session named ${this.name} exists already`
  }
}

/**
 * There is no such session: no name in the registry, no transcript of that id.
 *
 * @since 0.1.0
 * @category reasons
 */
export class SessionNotFound extends Schema.Error<SessionNotFound>("effect-agent-session/AgentError/SessionNotFound")({
  _tag: Schema.tag("SessionNotFound"),
  id: Schema.String,
  lookedIn: Schema.Array(Schema.String)
}) {
  override get message(): string {
    return `there is no session ${this.id}${this.lookedIn.length === 0 ? "" : `; looked in ${few(this.lookedIn)}`}`
  }
}

/**
 * The session is open elsewhere; two writers would lose one another's work.
 *
 * @since 0.1.0
 * @category reasons
 */
export class SessionInUse extends Schema.Error<SessionInUse>("effect-agent-session/AgentError/SessionInUse")({
  _tag: Schema.tag("SessionInUse"),
  id: Schema.String
}) {
  override get message(): string {
    return `session ${this.id} is in use; close it first, or fork it`
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
    return `${this.maxSessions} sessions run already (maxSessions)`
  }
}

/**
 * The session died again and again; the registry gave up.
 *
 * @since 0.1.0
 * @category reasons
 */
export class CrashLoop extends Schema.Error<CrashLoop>("effect-agent-session/AgentError/CrashLoop")({
  _tag: Schema.tag("CrashLoop"),
  restarts: Schema.Finite
}) {
  override get message(): string {
    return `it died ${this.restarts} times in a row`
  }
}

/**
 * The agent resumed another session than the one asked for.
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
    return `asked to resume ${this.expected}, it opened ${this.actual}`
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
    return `invalid options: ${this.issues.join("; ")}`
  }
}

/**
 * This agent, or this version of it, cannot do that.
 *
 * @since 0.1.0
 * @category reasons
 */
export class Unsupported extends Schema.Error<Unsupported>("effect-agent-session/AgentError/Unsupported")({
  _tag: Schema.tag("Unsupported"),
  capability: Schema.String
}) {
  override get message(): string {
    return `it cannot do this: ${this.capability}`
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
    return `the store failed: ${this.description}`
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
    return `its history could not be read: ${this.description}`
  }
}

/**
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
 * What was going on when it happened.
 *
 * @since 0.1.0
 * @category models
 */
export type Phase = typeof Phase.Type

/**
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

  /** The same call may succeed when it is made again. */
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
 * @since 0.1.0
 * @category guards
 */
export const isAgentError = (value: unknown): value is AgentError => Predicate.hasProperty(value, TypeId)
