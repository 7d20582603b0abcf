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
import type { Health, Session, SessionStatus, TurnOptions } from "../Session.ts"
import type { Account } from "./account.ts"
import { Decisions } from "./decisions.ts"
import { EventLog } from "./eventLog.ts"
import type * as ids from "./ids.ts"
import { Journal } from "./journal.ts"
import { Quiescence } from "./quiescence.ts"
import { decodeOutput, repaired } from "./output.ts"
import { onDemand } from "./lightStream.ts"
import { isPermissionMode } from "./resolve.ts"
import type { LiveTurn } from "./liveTurn.ts"
import { errorOf, type Options as TurnsOptions, type TurnDriver, Turns } from "./turns.ts"
import * as Unasked from "./unasked.ts"

const healthy: Health = { _tag: "Healthy" }

/** Made once: the stack of an error costs more than the rest of a close. */
const over = new SessionClosed({})

export type Host = FileSystem | Path | ChildProcessSpawner

/** What the agent can be told. */
export interface Driver extends TurnDriver {
  /** A new process for the same conversation, after one that does not obey. */
  readonly replace: Effect.Effect<void, AgentError>
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
  /** Stops the turn that runs, if one does. Whoever waits bounds it. */
  readonly quiet: () => Effect.Effect<void> | undefined
  readonly quiescence: Quiescence
  readonly isClosing: () => boolean
  readonly session: Session
}

/** What a stream finds of a session that is over. */
interface Gone {
  readonly agent: string
  readonly sessionId: ids.SessionId | undefined
  readonly status: SessionStatus
  readonly why: Reason
}

/** The way of a stream to its session, which it does not hold when that is over: see `lightStream.ts`. */
interface Door {
  to: Engine | Gone
}

/** `Turns` takes it for its options: much of what a session is made of is here once. */
class Engine implements Core, TurnsOptions {
  readonly agent: string
  readonly resolved: ResolvedOptions
  readonly scope: Scope.Closeable
  readonly journal: Journal
  readonly turns: Turns
  readonly decisions: Decisions
  readonly quiescence: Quiescence
  readonly driver: Driver
  readonly session: Session
  status: SessionStatus = { _tag: "Starting" }
  health: Health = healthy
  model: string | undefined
  permissionMode: string | undefined
  readonly door: Door = { to: this }
  readonly #closed = Deferred.makeUnsafe<void>()
  #closing = false
  #admitting = 0
  /** Made for the first who looks. */
  #statuses: EventLog<SessionStatus> | undefined

  constructor(config: Config, clock: Clock.Clock, scope: Scope.Closeable, makeDriver: (core: Core) => Driver) {
    const { agent, resolved } = config
    this.agent = agent
    this.resolved = resolved
    this.scope = scope
    this.model = resolved.model
    this.permissionMode = resolved.permissionMode
    this.journal = new Journal({ clock, scope, buffer: resolved.buffer })
    this.quiescence = new Quiescence(this.journal, () => this.turns.running !== undefined)
    this.turns = new Turns(this)
    this.decisions = new Decisions(this.journal, this.turns, resolved)
    this.session = sessionOf(this, config)
    this.driver = makeDriver(this)
  }

  statusChanges(): Stream.Stream<SessionStatus> {
    if (this.#statuses === undefined) {
      this.#statuses = new EventLog<SessionStatus>({ window: 64, maxSize: 64, lagged: (_, next) => next })
      this.#statuses.append(this.status, 1)
    }
    return this.#statuses.subscribe(1)
  }

  #setStatus(next: SessionStatus): void {
    const { status } = this
    if (status._tag === "Closed" || (next._tag === status._tag && next._tag !== "Running")) return
    if (next._tag === "Running" && status._tag === "Running" && next.turnId === status.turnId) return
    this.status = next
    const statuses = this.#statuses
    if (statuses === undefined) return
    statuses.append(next, 1)
    if (next._tag === "Closed") statuses.end()
    this.journal.wake(() => statuses.wake())
  }

  isClosing(): boolean {
    return this.#closing
  }

  onChange(): void {
    if (this.status._tag === "Closed") return
    const { running } = this.turns
    this.quiescence.update()
    if (this.#closing || this.status._tag === "Starting") return
    this.#setStatus(running === undefined ? { _tag: "Idle" } : { _tag: "Running", turnId: running.turnId })
  }

  onLimited(resetsAt: number): void {
    const { limiter } = this.resolved
    if (limiter !== undefined) this.journal.later(limiter.hold(resetsAt))
  }

  closeItems(interrupted: boolean): void {
    this.driver.closeItems(interrupted)
  }

  /** A session that is being closed needs no other process. */
  get replace(): Effect.Effect<void, AgentError> {
    return Effect.suspend(() =>
      this.#closing ? Effect.never : Effect.tap(this.driver.replace, () => Effect.sync(() => this.answered()))
    )
  }

  quiet(): Effect.Effect<void> | undefined {
    const { turns } = this
    return turns.running === undefined ? undefined : Effect.ignore(turns.interrupt)
  }

  opened(about: Parameters<Core["opened"]>[0]): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { agent, journal, resolved } = this
      journal.tick()
      this.changed({ model: about.model })
      journal.begin({
        _tag: "SessionStarted",
        agent,
        resumed: about.resumed,
        ...(about.agentVersion === undefined ? {} : { agentVersion: about.agentVersion }),
        ...(about.model === undefined ? {} : { model: about.model }),
        ...(about.cwd === undefined ? {} : { cwd: about.cwd })
      })
      for (const body of Unasked.notices(resolved)) journal.emit(body)
      this.#setStatus({ _tag: "Idle" })
      return journal.flush
    })
  }

  changed(changes: Parameters<Core["changed"]>[0]): void {
    const { journal, resolved } = this
    if (changes.model !== undefined) this.model = changes.model
    if (changes.permissionMode !== undefined && changes.permissionMode !== this.permissionMode) {
      this.permissionMode = changes.permissionMode
      if (resolved.permissions !== undefined) {
        for (const body of Unasked.inMode(changes.permissionMode)) journal.emit(body)
      }
    }
    if (changes.sessionId !== undefined) journal.sessionId = changes.sessionId
  }

  unanswered(request: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const again = this.health._tag === "Degraded"
      this.health = { _tag: "Degraded", why: `no answer to ${request} in time` }
      if (again && !this.#closing) this.journal.later(this.turns.escalate(this.turns.running))
      return this.journal.flush
    })
  }

  answered(): void {
    if (this.health._tag === "Degraded") this.health = healthy
  }

  // What would be refused anyhow is refused at once, and a session that ends holds nobody up.
  #admitted(input: Prompt.Input): Effect.Effect<void, AgentError, Scope.Scope> {
    const { limiter } = this.resolved
    if (limiter === undefined) return Effect.void
    return Effect.suspend(() => {
      const refusal = this.turns.refusal(input, this.#admitting)
      if (refusal !== undefined) return Effect.fail(this.turns.error("turn", refusal))
      this.#admitting++
      return Effect.ensuring(
        Effect.raceFirst(limiter.admit, Deferred.await(this.#closed)),
        Effect.sync(() => this.#admitting--)
      )
    })
  }

  run(
    input: Prompt.Input,
    options: TurnOptions | undefined,
    streamed: boolean
  ): Effect.Effect<LiveTurn, AgentError, Scope.Scope> {
    const { turns } = this
    return Effect.andThen(
      this.#admitted(input),
      Effect.acquireRelease(turns.submit(input, options, streamed), (turn) =>
        turn.settled ? Effect.sync(() => turn.backlog?.leave()) : turns.leave(turn)
      )
    )
  }

  exited(reason: Reason, exit?: ExitStatus): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.#closing) return Effect.void
      this.turns.end(reason)
      return Effect.andThen(this.#shut("exited", exit), Effect.asVoid(Effect.forkDetach(this.close("failed"))))
    })
  }

  lost(error: AgentError): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.turns.end(error.reason)
      // The close waits for fibers of the session, of which this may be one.
      return Effect.andThen(this.#shut("failed"), Effect.asVoid(Effect.forkDetach(this.close("failed"))))
    })
  }

  // In a fiber of its own: whoever closes may be one of those that the close waits for, as a permission handler is.
  close(reason: "closed" | "failed"): Effect.Effect<void> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const closed = restore(Deferred.await(this.#closed))
        if (this.#closing) return closed
        this.#closing = true
        return Effect.andThen(
          Effect.forkDetach(Effect.uninterruptible(this.#end(reason)), { startImmediately: true }),
          closed
        )
      })
    )
  }

  #end(reason: "closed" | "failed"): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { driver, journal, turns } = this
      this.#setStatus({ _tag: "Closing" })
      turns.refuse(over)
      const { running } = turns
      if (running !== undefined) running.failure ??= over
      return journal.flush.pipe(
        Effect.andThen(Effect.exit(driver.shutdown)),
        Effect.andThen(
          Effect.suspend(() => {
            turns.end(over, { _tag: "Interrupted" })
            return this.#shut(reason)
          })
        ),
        Effect.ensuring(Scope.close(this.scope, Exit.void)),
        Effect.ensuring(Deferred.succeed(this.#closed, undefined))
      )
    })
  }

  #shut(reason: "closed" | "exited" | "failed", exit?: ExitStatus): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (this.status._tag === "Closed") return Effect.void
      const { agent, journal, turns } = this
      this.decisions.withdrawAll()
      journal.tick()
      journal.emit({ _tag: "SessionEnded", reason, ...(exit === undefined ? {} : { exit }) })
      journal.log.end()
      this.health = { _tag: "Unhealthy", why: `the session is over (${reason})` }
      this.#setStatus({ _tag: "Closed", reason })
      this.quiescence.end()
      this.door.to = { agent, sessionId: journal.sessionId, status: this.status, why: turns.terminal ?? over }
      return journal.flush
    })
  }
}

const ask = Effect.fn("Session.ask")(function* (engine: Engine, input: Prompt.Input, options: TurnOptions | undefined) {
  const { agent, resolved, turns } = engine
  yield* Effect.annotateCurrentSpan({ agent, ...resolved.metadata, ...options?.metadata })
  const decoded = (turn: LiveTurn) =>
    Effect.flatMap(Deferred.await(turn.result), (result) =>
      decodeOutput<unknown>(resolved, result, (reason) => turns.error("turn", reason, result))
    )
  const once = (input: Prompt.Input) => Effect.scoped(Effect.flatMap(engine.run(input, options, false), decoded))
  return yield* resolved.repairOutput === true ? repaired(once(input), once) : once(input)
})

// The span is that of the scope, because one around the stream is given anew to each pull.
const streamed = (door: Door, input: Prompt.Input, options: TurnOptions | undefined) =>
  Stream.unwrap(
    Effect.suspend(() => {
      const engine = door.to
      if (!(engine instanceof Engine)) return Effect.fail(errorOf(engine, "turn", engine.why))
      const { agent, resolved } = engine
      return Effect.withSpanScoped(
        Effect.map(engine.run(input, options, true), (turn) => turn.backlog?.stream ?? Stream.empty),
        "Session.stream",
        { attributes: { agent, ...resolved.metadata, ...options?.metadata } }
      )
    })
  )

const setModel = Effect.fn("Session.setModel")(({ driver }: Engine, name: string | undefined) => driver.setModel(name))

const setPermissionMode = Effect.fn("Session.setPermissionMode")(({ driver, turns }: Engine, mode: PermissionMode) =>
  isPermissionMode(mode)
    ? driver.setPermissionMode(mode)
    : Effect.fail(turns.error("control", new InvalidOptions({ issues: [`mode: there is no ${String(mode)}`] })))
)

const withStreams = onDemand<Pick<Session, "events" | "statusChanges">, Engine>({
  events: ({ journal: { log } }) => Stream.unwrap(Effect.sync(() => log.subscribe())),
  statusChanges: ({ door }) =>
    Stream.unwrap(
      Effect.sync(() => (door.to instanceof Engine ? door.to.statusChanges() : Stream.succeed(door.to.status)))
    )
})

/** What the user has in hand: properties of its own, as who spreads a session into one of theirs expects. */
const sessionOf = (engine: Engine, { agent, capabilities, host }: Config): Session => {
  const { door, journal, quiescence, turns } = engine
  return withStreams<Session>(
    {
      agent,
      capabilities,
      id: Effect.sync(() => Option.fromUndefinedOr(journal.sessionId)),
      status: Effect.sync(() => engine.status),
      statusChanges: Stream.empty,
      summary: Effect.sync(() => ({
        turns: turns.ended,
        usage: turns.ledger.usage,
        cost: turns.ledger.cost,
        last: Option.fromUndefinedOr(turns.history.at(-1)),
        model: Option.fromUndefinedOr(engine.model),
        permissionMode: Option.fromUndefinedOr(engine.permissionMode)
      })),
      history: Effect.sync(() => [...turns.history]),
      events: Stream.empty,
      subscribe: Effect.sync(() => journal.log.subscribe()),
      stream: (input, options) => streamed(door, input, options),
      ask: (input, options) => ask(engine, input, options),
      steer: (input) => engine.driver.steer(input),
      interrupt: Effect.suspend(() => Effect.withSpan(turns.interrupt, "Session.interrupt")),
      setModel: (name) => setModel(engine, name),
      setPermissionMode: (mode) => setPermissionMode(engine, mode),
      clear: Effect.suspend(() => engine.driver.clear),
      transcript: (options) => engine.driver.transcript(options),
      execute: (effect) => Effect.provideContext(effect, host),
      health: Effect.sync(() => engine.health),
      quiescent: Effect.suspend(() =>
        Effect.andThen(
          quiescence.await,
          Effect.suspend(() => (engine.status._tag === "Closed" ? Effect.fail(turns.error("turn", over)) : Effect.void))
        )
      ),
      close: Effect.suspend(() => engine.close("closed"))
    },
    engine
  )
}

export const make = Effect.fnUntraced(function* (
  config: Config,
  makeDriver: (core: Core) => Driver
): Effect.fn.Return<Core, never, Scope.Scope> {
  const { budget } = config.resolved
  const scope = yield* Scope.make()
  const engine = new Engine(config, yield* Clock.Clock, scope, makeDriver)
  if (budget !== undefined) yield* Effect.forkIn(spender(budget, engine), scope, { startImmediately: true })
  yield* Scope.addFinalizer(
    yield* Effect.scope,
    Effect.suspend(() => engine.close("closed"))
  )
  return engine
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
