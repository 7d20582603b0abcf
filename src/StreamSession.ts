/**
 * One prompt, one stream, guaranteed clean-up: the agent is started when the stream is run and gone when it ends,
 * however it ends. What is opened here is owned here; an adapter from the context is only borrowed.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  AgentAdapter,
  type Capabilities,
  type Exact,
  type Output,
  type ResolvedOptions,
  type Services,
  type SessionOptions
} from "./AgentAdapter.ts"
import { AgentError, BacklogExceeded, isAgentError, SessionClosed, TurnFailed } from "./AgentError.ts"
import type { AgentEvent } from "./AgentEvent.ts"
import { Backlog, Gate } from "./internal/backlog.ts"
import { joinDeltas } from "./internal/joinDeltas.ts"
import { decodeOutput } from "./internal/output.ts"
import { invalid, resolve, withOutput } from "./internal/resolve.ts"
import * as Prompt from "./Prompt.ts"
import type { Session, TurnOptions } from "./Session.ts"
import type { TurnResult } from "./Turn.ts"

/**
 * What to say, and what becomes of a failure: it fails the stream (`fail`, the default), or is its last element, one
 * `ErrorOccurred` (`event`).
 *
 * @since 0.1.0
 * @category options
 */
export interface PromptOptions {
  readonly prompt: Prompt.Input
  readonly errors?: "fail" | "event" | undefined
}

/**
 * Session options and a prompt. `timeouts.idle` is 2 minutes here.
 *
 * @since 0.1.0
 * @category options
 */
export interface StreamOptions<out R = never> extends SessionOptions<R>, PromptOptions {}

/**
 * @since 0.1.0
 */
export declare namespace StreamOptions {
  /**
   * @since 0.1.0
   * @category options
   */
  export type Any = StreamOptions<unknown>
}

/**
 * The options of {@link ask}, whose failure is its failure.
 *
 * @since 0.1.0
 * @category options
 */
export type AskOptions<R = never> = Omit<StreamOptions<R>, "errors">

/**
 * @since 0.1.0
 * @category options
 */
export declare namespace AskOptions {
  /**
   * @since 0.1.0
   * @category options
   */
  export type Any = AskOptions<unknown>
}

/**
 * With `errors: "event"` nothing is left in the error channel.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Failure<O> = O extends { readonly errors: "event" } ? never : AgentError

const defaultIdle = "2 minutes"

const withIdle = <T extends { readonly idle?: Duration.Input | undefined }>(timeouts: T | undefined) => ({
  ...timeouts,
  idle: timeouts?.idle ?? defaultIdle
})

const resolveOptions = <O extends StreamOptions.Any>(
  options: O
): Effect.Effect<ResolvedOptions, AgentError, AgentAdapter | Services<O>> => {
  const { errors: _errors, prompt, ...rest } = options
  const given = Prompt.from(prompt)
  if (Result.isFailure(given)) return Effect.fail(invalid([given.failure]))
  return Effect.flatMap(AgentAdapter, ({ defaults = {} }) =>
    resolve<O>(rest as SessionOptions.Any as O, { ...defaults, timeouts: withIdle(defaults.timeouts) })
  )
}

const openResolved = (options: ResolvedOptions): Effect.Effect<Session, AgentError, AgentAdapter | Scope.Scope> =>
  Effect.flatMap(AgentAdapter, (adapter) => adapter.open(options))

const open = <O extends StreamOptions.Any>(
  options: O
): Effect.Effect<Session<Output<O>>, AgentError, AgentAdapter | Scope.Scope | Services<O>> =>
  Effect.map(Effect.flatMap(resolveOptions(options), openResolved), (session) => withOutput<O, Session>(session))

// SessionStarted is the first thing a session logs, so it is there when the session is.
const whole = (session: Session, prompt: Prompt.Input, options?: TurnOptions): Stream.Stream<AgentEvent, AgentError> =>
  Stream.concat(
    Stream.filter(Stream.take(session.events, 1), (event) => event._tag === "SessionStarted"),
    session.stream(prompt, options)
  )

const toError = (cause: Cause.Cause<unknown>): AgentError => {
  const failure = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (isAgentError(failure)) return failure
  const problem = Cause.squash(cause)
  return new AgentError({
    phase: "turn",
    reason: new TurnFailed({
      kind: "defect",
      description: problem instanceof Error ? problem.message : String(problem)
    })
  })
}

// A failure of any sort, a defect too, as one last event. Interruption is not a failure: it goes through.
const withErrors =
  (errors: "fail" | "event" | undefined) =>
  <R>(self: Stream.Stream<AgentEvent, AgentError, R>): Stream.Stream<AgentEvent, AgentError, R> =>
    errors !== "event"
      ? self
      : Stream.suspend(() => {
          let seq = -1
          return self.pipe(
            Stream.mapArray((events) => {
              seq = events[events.length - 1]?.seq ?? seq
              return events
            }),
            Stream.catchCause((cause) =>
              Cause.hasInterruptsOnly(cause)
                ? Stream.failCause(cause)
                : Stream.fromEffect(
                    Effect.map(
                      Effect.clockWith((clock) => clock.currentTimeMillis),
                      (at): AgentEvent => {
                        const error = toError(cause)
                        return {
                          _tag: "ErrorOccurred",
                          seq: seq + 1,
                          at,
                          error,
                          ...(error.sessionId === undefined ? {} : { sessionId: error.sessionId })
                        }
                      }
                    )
                  )
            )
          )
        })

/**
 * A prompt for an opener, with deadlines for its turn. `timeouts.idle` is 2 minutes here.
 *
 * @since 0.1.0
 * @category options
 */
export interface OpenerOptions extends PromptOptions, TurnOptions {}

/**
 * A one-shot with any opener: Claude-only options reach a one-shot this way. What it opens it owns and closes; services
 * from the context it borrows.
 *
 * @example
 * ```ts
 * StreamSession.streamWith(ClaudeSession.make({ addDirs: ["../shared"] }), { prompt: "What is in there?" })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const streamWith = <R, const P extends OpenerOptions>(
  open: Effect.Effect<Session, AgentError, R>,
  options: Exact<P, OpenerOptions>
): Stream.Stream<AgentEvent, Failure<P>, Exclude<R, Scope.Scope>> =>
  narrow<P>()(
    Stream.suspend(() => {
      const given = Prompt.from(options.prompt)
      if (Result.isFailure(given)) return Stream.fail(invalid([given.failure]))
      const turn = { metadata: options.metadata, timeouts: withIdle(options.timeouts) }
      return Stream.unwrap(Effect.map(open, (session) => whole(session, options.prompt, turn)))
    }).pipe(withErrors(options.errors))
  )

// `errors: "event"` has emptied the error channel; only the type does not know.
const narrow =
  <P>() =>
  <R>(self: Stream.Stream<AgentEvent, AgentError, R>): Stream.Stream<AgentEvent, Failure<P>, R> =>
    self as Stream.Stream<AgentEvent, Failure<P>, R>

/**
 * Starts an agent, sends the prompt, streams what happens (`SessionStarted`, then the turn) and cleans up, whatever
 * happens. Lazy and repeatable: every run is an agent of its own.
 *
 * @example
 * ```ts
 * StreamSession.stream({ prompt: "Explain OTP in one line" }).pipe(
 *   AgentEvent.textDeltas,
 *   Stream.runForEach((text) => Effect.sync(() => process.stdout.write(text))),
 *   Effect.provide(ClaudeAdapter.layer()),
 *   Effect.provide(NodeServices.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const stream = <const O extends StreamOptions.Any>(
  options: Exact<O, StreamOptions.Any>
): Stream.Stream<AgentEvent, Failure<O>, AgentAdapter | Exclude<Services<O>, Scope.Scope>> =>
  narrow<O>()(
    Stream.unwrap(Effect.map(open<O>(options), (session) => whole(session, options.prompt))).pipe(
      withErrors(options.errors)
    )
  )

/**
 * The same, for its result. Fails unless the turn completed; the error carries what was said and spent.
 *
 * @since 0.1.0
 * @category constructors
 */
export const ask: <const O extends AskOptions.Any>(
  options: Exact<O, AskOptions.Any>
) => Effect.Effect<TurnResult<Output<O>>, AgentError, AgentAdapter | Exclude<Services<O>, Scope.Scope>> = Effect.fn(
  "StreamSession.ask"
)(<const O extends AskOptions.Any>(options: Exact<O, AskOptions.Any>) =>
  Effect.scoped(Effect.flatMap(open<O>(options), (session) => session.ask(options.prompt)))
)

/**
 * A one-shot that runs by itself.
 *
 * - `events`: for one run. What nobody reads waits, as much as `buffer`; then the agent is held back.
 * - `result`: resolves without a reader. While someone waits for it the agent is not held back; when more than
 *   8 × `buffer` is left unread then, `events` fails with `BacklogExceeded` and the turn goes on.
 * - `close`: ends it, any number of times.
 *
 * @since 0.1.0
 * @category models
 */
export interface Started<out Output = unknown, out E = AgentError> {
  readonly events: Stream.Stream<AgentEvent, E>
  readonly result: Effect.Effect<TurnResult<Output>, AgentError>
  readonly close: Effect.Effect<void>
  readonly meta: { readonly agent: string; readonly sessionKey: string; readonly capabilities: Capabilities }
}

const lengthOf = (value: unknown): number =>
  typeof value === "string" ? value.length : value === undefined ? 0 : (JSON.stringify(value)?.length ?? 0)

const sizeOf = (event: AgentEvent): number => {
  switch (event._tag) {
    case "TextDelta":
    case "TextCompleted":
    case "ReasoningDelta":
    case "ReasoningCompleted":
      return event.text.length
    case "ToolInputDelta":
      return event.json.length
    case "ToolStarted":
    case "PermissionRequested":
      return lengthOf(event.input)
    case "ToolEnded":
    case "ToolProgress":
      return lengthOf(event.output)
    default:
      return 256
  }
}

/**
 * Starts a turn that runs whether or not its events are read: the prompt is on its way when this returns. It belongs to
 * the Scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const start = <const O extends StreamOptions.Any>(
  options: Exact<O, StreamOptions.Any>
): Effect.Effect<Started<Output<O>, Failure<O>>, AgentError, AgentAdapter | Scope.Scope | Services<O>> =>
  Effect.gen(function* () {
    const resolved = yield* resolveOptions<O>(options)
    const session = yield* openResolved(resolved)
    const gate = new Gate()
    const backlog = new Backlog<AgentEvent, AgentError>({
      gate,
      limit: resolved.buffer,
      joiner: joinDeltas,
      exceeded: (limit) =>
        new AgentError({ agent: session.agent, phase: "turn", reason: new BacklogExceeded({ limit }) })
    })
    const ended = yield* Deferred.make<TurnResult, AgentError>()
    let result: TurnResult | undefined

    const pump = whole(session, options.prompt).pipe(
      Stream.runForEachArray((events) =>
        Effect.suspend(() => {
          for (const event of events) {
            backlog.push(event, sizeOf(event))
            if (event._tag === "TurnEnded") result = event.result
          }
          gate.update()
          backlog.wake()
          return gate.isOpen ? Effect.void : gate.opened
        })
      ),
      Effect.onExit((exit) =>
        Effect.suspend(() => {
          const closed = new AgentError({ agent: session.agent, phase: "turn", reason: new SessionClosed({}) })
          const error = Exit.isSuccess(exit)
            ? undefined
            : Cause.hasInterruptsOnly(exit.cause)
              ? closed
              : toError(exit.cause)
          backlog.end(error)
          backlog.wake()
          return result === undefined || error !== undefined
            ? Deferred.fail(ended, error ?? closed)
            : Deferred.succeed(ended, result)
        })
      ),
      Effect.ignore
    )
    yield* Effect.forkScoped(pump, { startImmediately: true })

    const outcome = Effect.flatMap(Deferred.await(ended), (result) =>
      decodeOutput<O>(
        resolved,
        result,
        (reason) => new AgentError({ agent: session.agent, phase: "turn", reason, result })
      )
    )
    return {
      // Of one run each: who reads again goes on where the run before ended.
      events: narrow<O>()(withErrors(options.errors)(Stream.suspend(() => backlog.stream))),
      result: Effect.acquireUseRelease(
        Effect.sync(() => gate.hurry()),
        () => outcome,
        () => Effect.sync(() => gate.calm())
      ),
      close: session.close,
      meta: { agent: session.agent, sessionKey: globalThis.crypto.randomUUID(), capabilities: session.capabilities }
    }
  })
