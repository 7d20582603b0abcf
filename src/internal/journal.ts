/**
 * Where events are made: each gets its number, its time and the ids in force, goes into the log of the session, into the
 * result of the running turn and to that turn's reader. All of it is synchronous, a chunk at a time; what runs as an
 * Effect (`later`) or wakes a fiber (`wake`) is put off until `flush`, when the state is whole again.
 */
import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import type { AgentEvent } from "../AgentEvent.ts"
import type { AgentError } from "../AgentError.ts"
import * as Turn from "../Turn.ts"
import { type Backlog, Gate } from "./backlog.ts"
import { type Delta, DeltaRun, deltaOf, modelOf, type Mutable } from "./deltaRun.ts"
import { EventLog } from "./eventLog.ts"
import type { ItemId, SessionId, ToolId, TurnId } from "./ids.ts"

type Given = "seq" | "at" | "sessionId" | "turnId" | "parentToolId" | "raw"

/** An event as its maker knows it. */
export type Body = AgentEvent extends infer Event ? (Event extends AgentEvent ? Omit<Event, Given> : never) : never

/** The turn that events belong to now. */
export interface Current {
  readonly id: TurnId
  readonly folding: Turn.Folding
  readonly backlog: Backlog<AgentEvent, AgentError> | undefined
  /** What its events weigh together. */
  readonly scale: { weight: number }
}

const windowSize = 1024

/** The log may weigh this much also where little may wait for the readers of turns. */
const leastLogged = 2 * 1024 * 1024

export class Journal {
  readonly gate = new Gate()
  readonly log: EventLog<AgentEvent>
  current: Current | undefined
  sessionId: SessionId | undefined
  /** Epoch milliseconds of the chunk that is being read. */
  at: number
  readonly #clock: Clock.Clock
  readonly #scope: Scope.Scope
  #seq = 0
  /** The deltas that were told last. */
  #run: DeltaRun | undefined
  /** What came before the session was open: told after SessionStarted, which is the first event. */
  #early: Array<() => void> | undefined = []
  #later: Array<Effect.Effect<void>> = []
  #wakes: Array<() => void> = []

  constructor(options: { readonly clock: Clock.Clock; readonly scope: Scope.Scope; readonly buffer: number }) {
    this.#clock = options.clock
    this.#scope = options.scope
    this.at = options.clock.currentTimeMillisUnsafe()
    this.log = new EventLog<AgentEvent>({
      window: windowSize,
      maxSize: Math.max(options.buffer, leastLogged),
      lagged: (missed, next) => ({
        _tag: "Notice",
        seq: next.seq - 1,
        at: next.at,
        level: "warning",
        code: "events-missed",
        text: `${missed} events were missed: this reader of \`events\` is slower than the session`
      })
    })
  }

  /** Reads the clock: once a chunk, and before events that no chunk brought. */
  tick(): number {
    this.at = this.#clock.currentTimeMillisUnsafe()
    return this.at
  }

  emit(body: Body, parent?: ToolId, raw?: unknown, size: number = 64): void {
    const event = body as Mutable<AgentEvent>
    event.seq = 0
    event.at = this.at
    this.#finish(event, parent, raw, size)
  }

  /** The hot one: no event is made before somebody wants it. Gives the run that the delta was put to. */
  text(tag: Delta["_tag"], itemId: ItemId, text: string, parent?: ToolId, size: number = text.length): DeltaRun {
    const { at, current, sessionId } = this
    const seq = this.#seq
    let run = this.#run
    if (
      run !== undefined &&
      run === this.log.last &&
      !run.isFull &&
      run.model.itemId === itemId &&
      run.model._tag === tag &&
      run.model.turnId === current?.id &&
      run.model.sessionId === sessionId &&
      run.model.parentToolId === parent
    ) {
      run.push(at, text)
    } else {
      run = new DeltaRun(modelOf(tag, itemId, sessionId, current?.id, parent), seq, at, text)
      if (this.#early !== undefined) {
        this.#finish(deltaOf(run.model, seq, at, text), parent, undefined, size)
        return run
      }
      this.#run = run
    }
    this.#seq++
    this.log.grown(run, text.length)
    if (current === undefined) return run
    current.scale.weight += size
    current.backlog?.push(deltaOf(run.model, seq, at, text), size)
    return run
  }

  /** The session is open: `body` is its first event. */
  begin(body: Body): void {
    const early = this.#early ?? []
    this.#early = undefined
    this.emit(body)
    for (const tell of early) tell()
  }

  /** What is told here is no part of the running turn. */
  apart(tell: () => void): void {
    const { current } = this
    this.current = undefined
    tell()
    this.current = current
  }

  later(effect: Effect.Effect<void>): void {
    this.#later.push(effect)
  }

  wake(resume: () => void): void {
    this.#wakes.push(resume)
  }

  /** Lets readers and waiters run; only where the state is whole, since they may do so at once. */
  wakeAll(): void {
    this.gate.wakeAll()
    this.log.wake()
    if (this.#wakes.length === 0) return
    const wakes = this.#wakes
    this.#wakes = []
    for (const resume of wakes) resume()
  }

  // Who flushes may be interrupted by whom it wakes: that must not take what was put off by others with it.
  get flush(): Effect.Effect<void> {
    return Effect.uninterruptible(
      Effect.suspend(() => {
        this.wakeAll()
        if (this.#later.length === 0) return Effect.void
        const effects = this.#later
        this.#later = []
        return Effect.forEach(effects, (effect) => Effect.forkIn(effect, this.#scope, { startImmediately: true }), {
          discard: true
        })
      })
    )
  }

  /** The same for the path of every chunk: wakes now, and leaves an Effect to run only if something was put off. */
  flushed(): Effect.Effect<void> | undefined {
    if (this.#later.length === 0) this.wakeAll()
    return this.#later.length === 0 ? undefined : this.flush
  }

  #finish(event: Mutable<AgentEvent>, parent: ToolId | undefined, raw: unknown, size: number): void {
    if (this.#early !== undefined) {
      // A program that is no agent may say anything, as long as it likes: what the log would not keep is given up here.
      if (this.#early.push(() => this.#finish(event, parent, raw, size)) === windowSize) this.#early.shift()
      return
    }
    const current = this.current
    event.seq = this.#seq++
    if (this.sessionId !== undefined) event.sessionId = this.sessionId
    if (current !== undefined) event.turnId = current.id
    if (parent !== undefined) event.parentToolId = parent
    if (raw !== undefined) event.raw = raw
    this.log.append(event, size)
    if (current === undefined) return
    current.scale.weight += size
    Turn.step(current.folding, event)
    current.backlog?.push(event, size)
  }
}
