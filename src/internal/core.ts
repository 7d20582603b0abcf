/**
 * What every session is made of, whatever the agent: journal, turns, decisions, status, health and the close, put
 * together as a `Session`. An adapter brings a `Driver` (what the agent can be told) and tells the core what it heard.
 */
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { FileSystem } from "effect/FileSystem"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import type { Path } from "effect/Path"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type {
  Capabilities,
  PermissionMode,
  ResolvedOptions,
  TranscriptMessage,
  TranscriptOptions
} from "../AgentAdapter.ts"
import { type AgentError, InvalidOptions, type Reason, SessionClosed, Unsupported } from "../AgentError.ts"
import type { ExitStatus } from "../AgentEvent.ts"
import type * as Prompt from "../Prompt.ts"
import type { Health, Session, SessionStatus } from "../Session.ts"
import type { Account } from "./account.ts"
import { Decisions } from "./decisions.ts"
import { EventLog } from "./eventLog.ts"
import type * as ids from "./ids.ts"
import { Journal } from "./journal.ts"
import { Quiescence } from "./quiescence.ts"
import { decodeOutput, repaired } from "./output.ts"
import { isPermissionMode } from "./resolve.ts"
import type { LiveTurn } from "./liveTurn.ts"
import { type TurnDriver, Turns } from "./turns.ts"
import * as Unasked from "./unasked.ts"

export type Host = FileSystem | Path | ChildProcessSpawner

/** What the agent can be told. */
export interface Driver extends TurnDriver {
  readonly setModel: (model: string | undefined) => Effect.Effect<void, AgentError>
  readonly setPermissionMode: (mode: PermissionMode) => Effect.Effect<void, AgentError>
  readonly steer: (prompt: Prompt.Input) => Effect.Effect<void, AgentError>
  readonly clear: Effect.Effect<void, AgentError>
  readonly transcript: (options?: TranscriptOptions) => Stream.Stream<TranscriptMessage, AgentError>
  /** Completes the items that are still open, before a turn ends. */
  readonly closeItems: (interrupted: boolean) => void
  /** Ends the agent, politely at first; all of it is gone when this returns. */
  readonly shutdown: Effect.Effect<void>
}

export interface Config {
  readonly agent: string
  readonly capabilities: Capabilities
  readonly resolved: ResolvedOptions
  readonly host: Context.Context<Host>
}

export interface Core {
  readonly journal: Journal
  readonly turns: Turns
  readonly decisions: Decisions
  readonly resolved: ResolvedOptions
  /** Open as long as the session is; closed last. */
  readonly scope: Scope.Scope
  /** The agent answered the handshake. */
  readonly opened: (about: {
    readonly resumed: boolean
    readonly model?: string | undefined
    readonly cwd?: string | undefined
    readonly agentVersion?: string | undefined
  }) => Effect.Effect<void>
  /** The agent ended by itself. */
  readonly exited: (reason: Reason, exit?: ExitStatus) => Effect.Effect<void>
  /** The session cannot go on: it is closed, and those who wait get `error`. */
  readonly lost: (error: AgentError) => Effect.Effect<void>
  /** The agent changed these. */
  readonly changed: (changes: {
    readonly model?: string | undefined
    readonly permissionMode?: string | undefined
    readonly sessionId?: ids.SessionId | undefined
  }) => void
  /** A request of ours got no answer in time, or any answer. A second silence in a row replaces the process. */
  readonly unanswered: (request: string) => Effect.Effect<void>
  readonly answered: () => void
  /** Stops the running turn. Whoever waits bounds it. */
  readonly quiet: Effect.Effect<void>
  readonly quiescence: Quiescence
  readonly isClosing: () => boolean
  readonly session: Session
}

export const make = Effect.fnUntraced(function* (
  config: Config,
  makeDriver: (core: Core) => Driver
): Effect.fn.Return<Core, never, Scope.Scope> {
  const { agent, capabilities, resolved } = config
  const clock = yield* Clock.Clock
  const scope = yield* Scope.make()
  const journal = new Journal({ clock, scope, buffer: resolved.buffer })
  const statuses = new EventLog<SessionStatus>({ window: 64, maxSize: 64, lagged: (_, next) => next })
  const closed = Deferred.makeUnsafe<void>()
  const quiescence = new Quiescence(journal, () => turns.running !== undefined)
  let status: SessionStatus = { _tag: "Starting" }
  let health: Health = { _tag: "Healthy" }
  let model = resolved.model
  let permissionMode: string | undefined = resolved.permissionMode
  let closing = false

  statuses.append(status, 1)
  const setStatus = (next: SessionStatus): void => {
    if (status._tag === "Closed" || (next._tag === status._tag && next._tag !== "Running")) return
    if (next._tag === "Running" && status._tag === "Running" && next.turnId === status.turnId) return
    status = next
    statuses.append(next, 1)
    if (next._tag === "Closed") statuses.end()
    journal.wake(() => statuses.wake())
  }

  const onChange = (): void => {
    if (status._tag === "Closed") return
    const running: LiveTurn | undefined = turns.running
    quiescence.update()
    if (closing || status._tag === "Starting") return
    setStatus(running === undefined ? { _tag: "Idle" } : { _tag: "Running", turnId: running.turnId })
  }

  const shut = (reason: "closed" | "exited" | "failed", exit?: ExitStatus): Effect.Effect<void> =>
    Effect.suspend(() => {
      if (status._tag === "Closed") return Effect.void
      decisions.withdrawAll()
      journal.tick()
      journal.emit({ _tag: "SessionEnded", reason, ...(exit === undefined ? {} : { exit }) })
      journal.log.end()
      health = { _tag: "Unhealthy", why: `the session is over (${reason})` }
      setStatus({ _tag: "Closed", reason })
      quiescence.end()
      return journal.flush
    })

  const end = (reason: "closed" | "failed"): Effect.Effect<void> =>
    Effect.suspend(() => {
      setStatus({ _tag: "Closing" })
      turns.refuse(new SessionClosed({}))
      const running = turns.running
      if (running !== undefined) running.failure ??= new SessionClosed({})
      return journal.flush.pipe(
        Effect.andThen(Effect.exit(Effect.suspend(() => driver.shutdown))),
        Effect.andThen(
          Effect.suspend(() => {
            turns.end(new SessionClosed({}), { _tag: "Interrupted" })
            return shut(reason)
          })
        ),
        Effect.ensuring(Scope.close(scope, Exit.void)),
        Effect.ensuring(Deferred.succeed(closed, undefined))
      )
    })

  // In a fiber of its own: whoever closes may be one of those that the close waits for, as a permission handler is.
  const close = (reason: "closed" | "failed"): Effect.Effect<void> =>
    Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        if (closing) return restore(Deferred.await(closed))
        closing = true
        return Effect.andThen(
          Effect.forkDetach(Effect.uninterruptible(end(reason)), { startImmediately: true }),
          restore(Deferred.await(closed))
        )
      })
    )

  const lost = (error: AgentError): Effect.Effect<void> =>
    Effect.suspend(() => {
      turns.end(error.reason)
      // The close waits for fibers of the session, of which this may be one.
      return Effect.andThen(shut("failed"), Effect.asVoid(Effect.forkDetach(close("failed"))))
    })

  const unanswered = (request: string): Effect.Effect<void> =>
    Effect.suspend(() => {
      const again = health._tag === "Degraded"
      health = { _tag: "Degraded", why: `no answer to ${request} in time` }
      if (again && !closing) journal.later(turns.escalate(turns.running))
      return journal.flush
    })

  const answered = (): void => {
    if (health._tag === "Degraded") health = { _tag: "Healthy" }
  }

  const changed: Core["changed"] = (changes) => {
    if (changes.model !== undefined) model = changes.model
    if (changes.permissionMode !== undefined && changes.permissionMode !== permissionMode) {
      permissionMode = changes.permissionMode
      if (resolved.permissions !== undefined) for (const body of Unasked.inMode(permissionMode)) journal.emit(body)
    }
    if (changes.sessionId !== undefined) journal.sessionId = changes.sessionId
  }

  let admitting = 0
  // What would be refused anyhow is refused at once, and a session that ends holds nobody up.
  const admitted = (input: Prompt.Input): Effect.Effect<void, AgentError, Scope.Scope> => {
    const { limiter } = resolved
    if (limiter === undefined) return Effect.void
    return Effect.suspend(() => {
      const refusal = turns.refusal(input, admitting)
      if (refusal !== undefined) return Effect.fail(turns.error("turn", refusal))
      admitting++
      return Effect.ensuring(
        Effect.raceFirst(limiter.admit, Deferred.await(closed)),
        Effect.sync(() => admitting--)
      )
    })
  }

  const run = (input: Prompt.Input, options: Parameters<Session["ask"]>[1], streamed: boolean) =>
    Effect.andThen(
      admitted(input),
      Effect.acquireRelease(turns.submit(input, options, streamed), (turn) =>
        turn.settled ? Effect.sync(() => turn.backlog?.leave()) : turns.leave(turn)
      )
    )

  const decoded = (turn: LiveTurn) =>
    Effect.flatMap(Deferred.await(turn.result), (result) =>
      decodeOutput<unknown>(resolved, result, (reason) => turns.error("turn", reason, result))
    )

  const session: Session = {
    agent,
    capabilities,
    id: Effect.sync(() => Option.fromUndefinedOr(journal.sessionId)),
    status: Effect.sync(() => status),
    statusChanges: Stream.unwrap(Effect.sync(() => statuses.subscribe(1))),
    summary: Effect.sync(() => ({
      turns: turns.ended,
      usage: turns.ledger.usage,
      cost: turns.ledger.cost,
      last: Option.fromUndefinedOr(turns.history.at(-1)),
      model: Option.fromUndefinedOr(model),
      permissionMode: Option.fromUndefinedOr(permissionMode)
    })),
    history: Effect.sync(() => [...turns.history]),
    events: Stream.unwrap(Effect.sync(() => journal.log.subscribe())),
    subscribe: Effect.sync(() => journal.log.subscribe()),
    // The span is that of the scope, because one around the stream is given anew to each pull.
    stream: (input, options) =>
      Stream.unwrap(
        Effect.withSpanScoped(
          Effect.map(run(input, options, true), (turn) => turn.backlog?.stream ?? Stream.empty),
          "Session.stream",
          { attributes: { agent, ...resolved.metadata, ...options?.metadata } }
        )
      ),
    ask: Effect.fn("Session.ask")(function* (input, options) {
      yield* Effect.annotateCurrentSpan({ agent, ...resolved.metadata, ...options?.metadata })
      const once = (input: Prompt.Input) => Effect.scoped(Effect.flatMap(run(input, options, false), decoded))
      return yield* resolved.repairOutput === true ? repaired(once(input), once) : once(input)
    }),
    steer: (input) => driver.steer(input),
    interrupt: Effect.withSpan(
      Effect.suspend(() => turns.interrupt),
      "Session.interrupt"
    ),
    setModel: Effect.fn("Session.setModel")((name: string | undefined) => driver.setModel(name)),
    setPermissionMode: Effect.fn("Session.setPermissionMode")((mode: PermissionMode) =>
      isPermissionMode(mode)
        ? driver.setPermissionMode(mode)
        : Effect.fail(turns.error("control", new InvalidOptions({ issues: [`mode: there is no ${String(mode)}`] })))
    ),
    clear: Effect.suspend(() => driver.clear),
    transcript: (options) => driver.transcript(options),
    execute: (effect) => Effect.provideContext(effect, config.host),
    health: Effect.sync(() => health),
    quiescent: Effect.andThen(
      quiescence.await,
      Effect.suspend(() =>
        status._tag === "Closed" ? Effect.fail(turns.error("turn", new SessionClosed({}))) : Effect.void
      )
    ),
    close: Effect.suspend(() => close("closed"))
  }

  const turns: Turns = new Turns({
    agent,
    journal,
    resolved,
    driver: {
      refused: (prompt) => driver.refused?.(prompt),
      send: (turn) => driver.send(turn),
      interrupt: (turn) => driver.interrupt(turn),
      // A session that is being closed needs no other process.
      replace: Effect.suspend(() => (closing ? Effect.never : Effect.tap(driver.replace, () => Effect.sync(answered))))
    },
    closeItems: (interrupted) => driver.closeItems(interrupted),
    onChange,
    onLimited: (resetsAt) => {
      if (resolved.limiter !== undefined) journal.later(resolved.limiter.hold(resetsAt))
    },
    onLost: lost
  })
  const decisions = new Decisions(journal, turns, resolved)

  const core: Core = {
    journal,
    turns,
    decisions,
    resolved,
    scope,
    session,
    changed,
    unanswered,
    answered,
    quiescence,
    lost,
    isClosing: () => closing,
    quiet: Effect.ignore(Effect.suspend(() => turns.interrupt)),
    opened: (about) =>
      Effect.suspend(() => {
        journal.tick()
        changed({ model: about.model })
        journal.begin({
          _tag: "SessionStarted",
          agent,
          resumed: about.resumed,
          ...(about.agentVersion === undefined ? {} : { agentVersion: about.agentVersion }),
          ...(about.model === undefined ? {} : { model: about.model }),
          ...(about.cwd === undefined ? {} : { cwd: about.cwd })
        })
        for (const body of Unasked.notices(resolved)) journal.emit(body)
        setStatus({ _tag: "Idle" })
        return journal.flush
      }),
    exited: (reason, exit) =>
      Effect.suspend(() => {
        if (closing) return Effect.void
        turns.end(reason)
        return Effect.andThen(shut("exited", exit), Effect.asVoid(Effect.forkDetach(close("failed"))))
      })
  }
  const driver = makeDriver(core)
  if (resolved.budget !== undefined) {
    yield* Effect.forkIn(spender(resolved.budget, core), scope, { startImmediately: true })
  }
  yield* Effect.addFinalizer(() => close("closed"))
  return core
})

/** Stops the turn that runs each time the money runs out that the session shares with others. */
const spender = (budget: Account, { journal, turns }: Core): Effect.Effect<never> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const usedUp = Latch.makeUnsafe(false)
      return { usedUp, stop: budget.whenUsedUp(() => usedUp.openUnsafe()) }
    }),
    ({ usedUp }) =>
      usedUp.await.pipe(
        Effect.andThen(
          Effect.suspend(() => {
            usedUp.closeUnsafe()
            journal.tick()
            turns.spent()
            return journal.flush
          })
        ),
        Effect.forever
      ),
    ({ stop }) => Effect.sync(stop)
  )

/** For what an agent cannot do. */
export const unsupported = (turns: Turns, capability: string): Effect.Effect<never, AgentError> =>
  Effect.suspend(() => Effect.fail(turns.error("control", new Unsupported({ capability }))))
