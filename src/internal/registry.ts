/**
 * What a registry does whatever its sessions are: a name is free, or an entry has it, from the claim until everything
 * behind it is gone. Opening and ending run in fibers of the registry, so that nobody who waits holds them.
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { BaseOptions } from "../AgentAdapter.ts"
import {
  AgentError,
  InvalidOptions,
  type Reason,
  RegistryFull,
  SessionClosed,
  SessionExists,
  SessionNotFound,
  StartupFailed,
  TurnRejected
} from "../AgentError.ts"
import type { AgentEvent } from "../AgentEvent.ts"
import type { Session } from "../Session.ts"
import type { RegistryChange, SessionEntry } from "../SessionRegistry.ts"
import type { TurnResult } from "../Turn.ts"
import { EventLog } from "./eventLog.ts"
import { override } from "./resolve.ts"

/** How the session of an entry comes to be; a restart is the same with other plain options. */
export type Opener<S extends Session = Session> = (overrides?: BaseOptions) => Effect.Effect<S, AgentError, Scope.Scope>

export interface Sessions {
  readonly start: <S extends Session>(name: string, open: Opener<S>, agent?: string) => Effect.Effect<S, AgentError>
  readonly get: (name: string) => Effect.Effect<Session, AgentError>
  readonly getOrStart: (name: string, open: Opener, agent?: string) => Effect.Effect<Session, AgentError>
  readonly restart: (name: string, overrides: BaseOptions, interrupt: boolean) => Effect.Effect<Session, AgentError>
  readonly list: Effect.Effect<ReadonlyArray<SessionEntry>>
  readonly stop: (name: string) => Effect.Effect<void, AgentError>
  readonly stopAll: Effect.Effect<void>
  readonly changes: Stream.Stream<RegistryChange>
}

interface Opening {
  readonly settled: Effect.Effect<Session, AgentError>
  /** Tells those who wait that there is no session. */
  readonly refuse: (error: AgentError) => void
  /** Holds the fiber that opens. */
  readonly scope: Scope.Closeable
  /** A restart goes on when nobody waits for it: others know the name. */
  readonly restart: boolean
  waiting: number
}

interface Entry {
  readonly name: string
  readonly startedAt: number
  readonly open: Opener
  readonly gone: Deferred.Deferred<void>
  agent: string | undefined
  /** Of the restarts so far. */
  overrides: BaseOptions
  restarts: number
  session: Session | undefined
  /** Of the session. */
  scope: Scope.Closeable | undefined
  opening: Opening | undefined
  ending: boolean
}

/** Why an entry ends: somebody stopped it, it could not be opened, or (undefined) the session knows. */
type Why = "stopped" | AgentError | undefined

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

const window = 1024

const fail = (reason: Reason, agent?: string): AgentError =>
  new AgentError({ phase: "registry", reason, ...(agent === undefined ? {} : { agent }) })

const notFound = (name: string): AgentError => fail(new SessionNotFound({ id: name, lookedIn: [] }))

/** What an opener fails with; a defect too. */
const failureOf = (cause: Cause.Cause<AgentError>): AgentError => {
  const error = Option.getOrUndefined(Cause.findErrorOption(cause))
  if (error !== undefined) return error
  const problem = Cause.squash(cause)
  const description = problem instanceof Error ? problem.message : String(problem)
  return fail(new StartupFailed({ description, stderrTail: "" }))
}

const isOver = (session: Session): Effect.Effect<boolean> =>
  Effect.map(session.status, ({ _tag }) => _tag === "Closing" || _tag === "Closed")

const idOf = (session: Session) => Effect.map(session.id, (id) => (Option.isSome(id) ? { sessionId: id.value } : {}))

/** How a session ended, from what it told last. */
const endOf = Effect.fnUntraced(function* (session: Session | undefined) {
  if (session === undefined) return { reason: "closed" as const }
  const status = yield* session.status
  const ended = yield* Stream.runHead(
    Stream.filter(
      session.events,
      (event): event is Extract<AgentEvent, { readonly _tag: "SessionEnded" }> => event._tag === "SessionEnded"
    )
  )
  return {
    reason: status._tag === "Closed" ? status.reason : ("closed" as const),
    ...(Option.isSome(ended) && ended.value.exit !== undefined ? { exit: ended.value.exit } : {})
  }
})

const isEmpty = ({ text, usage }: TurnResult): boolean => text === "" && usage.inputTokens + usage.outputTokens === 0

/** Where a restart begins that was not told: with the conversation as it is, if it has begun. */
const startOf = Effect.fnUntraced(function* (entry: Entry, session: Session) {
  const turns = yield* session.history
  const id = Option.getOrUndefined(yield* session.id)
  if (turns.length === 0 || id === undefined) return entry.overrides.start
  const own = turns.filter(({ sessionId }) => sessionId === id)
  // It has had another id before: it was cleared. With some agents that is a turn, the first of the new conversation.
  const cleared = own.length < turns.length && own.length < 2 && own.every(isEmpty)
  return cleared ? ("new" as const) : { resume: id }
})

export const make = Effect.fnUntraced(function* (maxSessions: number): Effect.fn.Return<Sessions, never, Scope.Scope> {
  const parent = yield* Scope.make("parallel")
  const entries = new Map<string, Entry>()
  const log = new EventLog<RegistryChange>({ window, maxSize: window, lagged: () => undefined })
  let closed = false

  const tell = (change: RegistryChange): void => {
    log.append(change, 1)
    log.wake()
  }

  /** Begins to end the entry, unless that has begun. */
  const ending = (entry: Entry, why: Why): Effect.Effect<void> =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        if (entry.ending) return Effect.void
        entry.ending = true
        return Effect.asVoid(
          Effect.forkIn(finish(entry, why), parent, { startImmediately: true, uninterruptible: true })
        )
      })
    )

  const end = (entry: Entry, why: Why): Effect.Effect<void> =>
    Effect.uninterruptibleMask((restore) => Effect.andThen(ending(entry, why), restore(Deferred.await(entry.gone))))

  const finish = Effect.fnUntraced(function* (entry: Entry, why: Why) {
    const { name, opening } = entry
    if (opening !== undefined) yield* Scope.close(opening.scope, Exit.void)
    if (entry.scope !== undefined) yield* Scope.close(entry.scope, Exit.void)
    const at = yield* Clock.currentTimeMillis
    const about = why === undefined ? yield* endOf(entry.session) : undefined
    entries.delete(name)
    if (why instanceof AgentError) tell({ _tag: "Failed", name, at, error: why })
    else tell({ _tag: "Stopped", name, at, ...(about ?? { reason: "stopped" }) })
    opening?.refuse(why instanceof AgentError ? why : fail(new SessionClosed({}), entry.agent))
    Deferred.doneUnsafe(entry.gone, Exit.void)
  })

  const watch = (entry: Entry, session: Session): Effect.Effect<void> =>
    session.statusChanges.pipe(
      Stream.filter(({ _tag }) => _tag === "Closed"),
      Stream.take(1),
      Stream.runDrain,
      Effect.andThen(Effect.suspend(() => (entry.opening === undefined ? ending(entry, undefined) : Effect.void)))
    )

  /** Waits for an opening; who leaves last ends it. */
  const join = <S extends Session>(
    entry: Entry,
    opening: Opening,
    settled: Effect.Effect<S, AgentError>,
    restore: Restore
  ): Effect.Effect<S, AgentError> =>
    Effect.suspend(() => {
      opening.waiting++
      return Effect.onExit(restore(settled), () =>
        Effect.suspend(() => {
          opening.waiting--
          const last = opening.waiting === 0 && !opening.restart && entry.opening === opening
          return last ? end(entry, "stopped") : Effect.void
        })
      )
    })

  const run = <S extends Session>(
    entry: Entry,
    opening: Opening,
    open: Effect.Effect<S, AgentError, Scope.Scope>,
    settled: Deferred.Deferred<S, AgentError>
  ): Effect.Effect<void> =>
    Effect.gen(function* () {
      if (entry.scope !== undefined) yield* Effect.uninterruptible(Scope.close(entry.scope, Exit.void))
      const scope = yield* Scope.fork(parent)
      entry.scope = scope
      const session = yield* Scope.provide(open, scope)
      const about = {
        name: entry.name,
        agent: session.agent,
        at: yield* Clock.currentTimeMillis,
        ...(yield* idOf(session))
      }
      if (entry.ending) return
      entry.session = session
      entry.agent = session.agent
      entry.opening = undefined
      if (opening.restart) entry.restarts++
      tell({ _tag: opening.restart ? "Restarted" : "Started", ...about })
      yield* Effect.forkIn(watch(entry, session), scope)
      Deferred.doneUnsafe(settled, Exit.succeed(session))
    }).pipe(Effect.catchCause((cause) => ending(entry, failureOf(cause))))

  /** Begins at once to open a session for the entry. What is given back waits for it. */
  const open = <S extends Session>(
    entry: Entry,
    opener: Effect.Effect<S, AgentError, Scope.Scope>,
    restart: boolean,
    restore: Restore
  ): Effect.Effect<S, AgentError> => {
    const settled = Deferred.makeUnsafe<S, AgentError>()
    const opening: Opening = {
      settled: Deferred.await(settled),
      refuse: (error) => Deferred.doneUnsafe(settled, Exit.fail(error)),
      scope: Scope.makeUnsafe(),
      restart,
      waiting: 0
    }
    entry.opening = opening
    return Effect.andThen(
      Effect.forkIn(run(entry, opening, opener, settled), opening.scope),
      join(entry, opening, Deferred.await(settled), restore)
    )
  }

  /** The entry of the name. One whose session died is ending, even if nobody has noticed yet. */
  const current = (name: string): Effect.Effect<Entry | undefined> =>
    Effect.suspend(() => {
      const entry = entries.get(name)
      if (entry?.session === undefined || entry.ending || entry.opening !== undefined) return Effect.succeed(entry)
      return Effect.flatMap(isOver(entry.session), (over) =>
        over && entry.opening === undefined ? Effect.as(ending(entry, undefined), entry) : Effect.succeed(entry)
      )
    })

  const launch = <S extends Session>(
    name: string,
    opener: Opener<S>,
    agent: string | undefined,
    now: number,
    restore: Restore
  ): Effect.Effect<S, AgentError> => {
    if (closed) return Effect.fail(fail(new SessionClosed({})))
    if (entries.size >= maxSessions) return Effect.fail(fail(new RegistryFull({ maxSessions })))
    const entry: Entry = {
      name,
      startedAt: now,
      open: opener,
      gone: Deferred.makeUnsafe<void>(),
      agent,
      overrides: {},
      restarts: 0,
      session: undefined,
      scope: undefined,
      opening: undefined,
      ending: false
    }
    entries.set(name, entry)
    return open(entry, opener(), false, restore)
  }

  const present = (entry: Entry, restore: Restore): Effect.Effect<Session, AgentError> => {
    if (entry.opening !== undefined) return join(entry, entry.opening, entry.opening.settled, restore)
    return entry.session === undefined ? Effect.fail(notFound(entry.name)) : Effect.succeed(entry.session)
  }

  /** Claims the name when it is free; who had it and is ending is waited for. */
  const claim = <S extends Session, T extends Session>(
    name: string,
    opener: Opener<S>,
    agent: string | undefined,
    taken: (entry: Entry, restore: Restore) => Effect.Effect<T, AgentError>
  ): Effect.Effect<S | T, AgentError> => {
    if (name === "") return Effect.fail(fail(new InvalidOptions({ issues: ["name: must not be empty"] })))
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        for (;;) {
          const entry = yield* restore(current(name))
          const now = yield* Clock.currentTimeMillis
          if (entries.get(name) !== entry) continue
          if (entry === undefined) return yield* launch(name, opener, agent, now, restore)
          if (!entry.ending) return yield* taken(entry, restore)
          yield* restore(Deferred.await(entry.gone))
        }
      })
    )
  }

  const restart: Sessions["restart"] = (name, overrides, interrupt) =>
    Effect.uninterruptibleMask((restore) =>
      Effect.gen(function* () {
        for (;;) {
          const entry = yield* restore(current(name))
          if (entry === undefined || entry.ending) return yield* notFound(name)
          const session = yield* present(entry, restore)
          const start = overrides.start ?? (yield* restore(startOf(entry, session)))
          const status = yield* restore(session.status)
          if (entry.ending || entry.opening !== undefined || entry.session !== session) continue
          if (status._tag === "Running" && !interrupt) return yield* fail(new TurnRejected({}), session.agent)
          entry.overrides = override(entry.overrides, { ...overrides, start })
          return yield* open(entry, entry.open(entry.overrides), true, restore)
        }
      })
    )

  const describe = Effect.fnUntraced(function* (entry: Entry) {
    const { agent, ending, name, opening, restarts, session, startedAt } = entry
    const about = { name, startedAt, restarts, ...(agent === undefined ? {} : { agent }) }
    if (ending) return { ...about, status: { _tag: "Closing" as const } }
    if (opening !== undefined || session === undefined) return { ...about, status: { _tag: "Starting" as const } }
    return { ...about, ...(yield* idOf(session)), status: yield* session.status }
  })

  const stopAll = Effect.suspend(() =>
    Effect.forEach([...entries.values()], (entry) => end(entry, "stopped"), { concurrency: "unbounded", discard: true })
  )

  yield* Effect.addFinalizer((exit) =>
    Effect.suspend(() => {
      closed = true
      return stopAll.pipe(
        Effect.andThen(Scope.close(parent, exit)),
        Effect.andThen(
          Effect.sync(() => {
            log.end()
            log.wake()
          })
        )
      )
    })
  )

  return {
    start: (name, opener, agent) =>
      claim(name, opener, agent, () => Effect.fail(fail(new SessionExists({ name }), agent))),
    get: (name) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(restore(current(name)), (entry) =>
          entry === undefined || entry.ending ? Effect.fail(notFound(name)) : present(entry, restore)
        )
      ),
    getOrStart: (name, opener, agent) => claim(name, opener, agent, present),
    restart,
    list: Effect.suspend(() => Effect.forEach([...entries.values()], describe)),
    stop: (name) =>
      Effect.flatMap(current(name), (entry) =>
        entry === undefined ? Effect.fail(notFound(name)) : end(entry, "stopped")
      ),
    stopAll,
    changes: Stream.suspend(() => log.subscribe(0))
  }
})
