/**
 * The turns of a session: what `turnQueue` decides is done here. A turn ends once for its caller (`settled`) and once
 * for the agent (`over`); between the two the agent is being stopped and no other turn is sent.
 */
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { ResolvedOptions } from "../AgentAdapter.ts"
import {
  AgentError,
  BacklogExceeded,
  ControlFailed,
  Interrupted,
  LimitReached,
  type Phase,
  type Reason,
  SessionClosed,
  TurnFailed,
  TurnQueueFull,
  TurnRejected
} from "../AgentError.ts"
import type { AgentEvent } from "../AgentEvent.ts"
import type * as Prompt from "../Prompt.ts"
import type { InterruptOutcome, TurnOptions } from "../Session.ts"
import * as Turn from "../Turn.ts"
import * as Usage from "../Usage.ts"
import { Backlog } from "./backlog.ts"
import type * as ids from "./ids.ts"
import { joinDeltas } from "./joinDeltas.ts"
import type { Journal } from "./journal.ts"
import type { LiveTurn, Outgoing, TurnEnd } from "./liveTurn.ts"
import * as NewTurn from "./newTurn.ts"
import { TurnClock } from "./turnClock.ts"
import { TurnHistory } from "./turnHistory.ts"
import * as TurnQueue from "./turnQueue.ts"

/** What turns need of the agent. */
export interface TurnDriver {
  /** Why the agent does not take a prompt, if so. Default: it takes every one. */
  readonly refused?: NewTurn.Refused
  readonly send: (turn: Outgoing) => Effect.Effect<void, AgentError>
  /** Asks the agent to stop at this turn; that it did is seen by the turn's end. */
  readonly interrupt: (turn: LiveTurn) => Effect.Effect<void, AgentError>
}

export interface Options {
  readonly agent: string
  readonly journal: Journal
  readonly resolved: ResolvedOptions
  /** Not there yet when the turns are made. */
  readonly driver: TurnDriver
  /** A new process for the same conversation, after one that does not obey. */
  readonly replace: Effect.Effect<void, AgentError>
  /** Completes the items that are still open, before a turn ends. */
  readonly closeItems: (interrupted: boolean) => void
  readonly onChange: () => void
  /** The provider takes nothing before this moment, in epoch milliseconds. */
  readonly onLimited: (resetsAt: number) => void
  /** The agent could not be brought back: the session is over. */
  readonly lost: (error: AgentError) => Effect.Effect<void>
}

/** How a turn ends whose process had to go. */
const replaced: TurnEnd = {
  outcome: { _tag: "Failed" },
  reason: () =>
    new TurnFailed({
      kind: "process-replaced",
      description: "the agent did not obey, so another process goes on with the conversation"
    })
}

/** A completed turn is completed, whoever wanted to stop it. */
const outcomeOf = ({ failure, interrupted }: LiveTurn, { outcome }: TurnEnd): Turn.TurnOutcome => {
  if (outcome._tag === "Completed") return outcome
  if (failure?._tag === "LimitReached") return { _tag: "LimitReached", which: failure.which }
  return interrupted ? { _tag: "Interrupted" } : outcome
}

export const errorOf = (
  { agent, sessionId }: { readonly agent: string; readonly sessionId: ids.SessionId | undefined },
  phase: Phase,
  reason: Reason,
  result?: Turn.TurnResult
): AgentError =>
  new AgentError({
    agent,
    phase,
    reason,
    ...(sessionId === undefined ? {} : { sessionId }),
    ...(result === undefined ? {} : { result })
  })

export class Turns {
  readonly #options: Options
  #state: TurnQueue.State<LiveTurn> = TurnQueue.initial
  #agentTurn: LiveTurn | undefined
  #terminal: Reason | undefined
  #replacing = false
  readonly #clock: TurnClock
  ledger: Usage.Ledger = Usage.ledger()
  readonly #history = new TurnHistory()
  ended = 0

  constructor(options: Options) {
    this.#options = options
    this.#clock = new TurnClock(options.journal)
  }

  /** Why no turn is sent any more. */
  get terminal(): Reason | undefined {
    return this.#terminal
  }

  get history(): ReadonlyArray<Turn.TurnResult> {
    return this.#history.results
  }

  /** The turn the agent is at: its own, if it began one, else ours. */
  get running(): LiveTurn | undefined {
    return this.#agentTurn ?? this.caller
  }

  /** The turn of ours that was sent and whose end has not been seen. */
  get caller(): LiveTurn | undefined {
    return this.#state.running?.turn
  }

  error(phase: Phase, reason: Reason, result?: Turn.TurnResult): AgentError {
    const { agent, journal } = this.#options
    return errorOf({ agent, sessionId: journal.sessionId }, phase, reason, result)
  }

  /** Something came from the agent. */
  touch(): void {
    this.#clock.touch()
  }

  /** It is on us to move, until `release`. */
  hold(): void {
    this.#clock.hold()
  }

  release(): void {
    this.#clock.release()
  }

  submit(
    input: Prompt.Input,
    options: TurnOptions | undefined,
    streamed: boolean
  ): Effect.Effect<LiveTurn, AgentError> {
    return Effect.suspend(() => {
      const makeBacklog = streamed ? () => this.#backlog() : undefined
      const { driver, resolved } = this.#options
      const turn = NewTurn.ofCaller(input, options, resolved, makeBacklog, driver.refused)
      if (Result.isFailure(turn)) return Effect.fail(this.error("turn", turn.failure))
      const reason = this.#terminal ?? this.#broke()
      if (reason !== undefined) {
        turn.success.backlog?.leave()
        return Effect.fail(this.error("turn", reason))
      }
      this.#dispatch({ _tag: "Submitted", turn: turn.success })
      return Effect.as(this.#options.journal.flush, turn.success)
    })
  }

  /** Why a turn would not be taken now, with `others` of them on their way here. */
  refusal(input: Prompt.Input, others: number): Reason | undefined {
    const { driver, resolved } = this.#options
    const prompt = NewTurn.promptOf(input, driver.refused)
    if (Result.isFailure(prompt)) return prompt.failure
    const { capacity, policy } = resolved.turns
    const busy = others > 0 || this.running !== undefined
    if (busy && policy === "reject") return new TurnRejected({})
    if (busy && others + this.#state.waiting.length > capacity) return new TurnQueueFull({ capacity })
    return this.#terminal ?? this.#broke()
  }

  /** Its caller is gone. Nobody waits for what follows. */
  leave(turn: LiveTurn): Effect.Effect<void> {
    return Effect.suspend(() => {
      turn.backlog?.leave()
      this.#dispatch({ _tag: "Left", turn })
      return this.#options.journal.flush
    })
  }

  get interrupt(): Effect.Effect<InterruptOutcome, AgentError> {
    return Effect.suspend(() => {
      const turn = this.running
      if (turn === undefined) return Effect.succeed<InterruptOutcome>("NotRunning")
      if (turn.origin === "caller") this.#dispatch({ _tag: "Left", turn })
      else this.#stop(turn)
      return Effect.andThen(
        Effect.andThen(this.#options.journal.flush, Deferred.await(turn.over)),
        Effect.sync((): InterruptOutcome =>
          turn.escalated ? "Escalated" : turn.outcome === "Interrupted" ? "Interrupted" : "NotRunning"
        )
      )
    })
  }

  /** The agent began a turn that nobody asked for. */
  agentBegan(): void {
    if (this.#agentTurn !== undefined) return
    const turn = NewTurn.ofAgent(this.#options.resolved)
    this.#agentTurn = turn
    this.#dispatch({ _tag: "AgentBegan" })
    this.#begin(turn)
  }

  /** The agent is done with its turn. */
  agentTurnEnded(end: TurnEnd): void {
    const turn = this.#agentTurn
    if (turn === undefined) return this.#account(end)
    if (turn.settled) this.#drained(turn, end)
    else this.#settle(turn, end)
    this.#agentTurn = undefined
    this.#isOver(turn)
    // One of ours may have been sent meanwhile: what comes now is for it.
    const { caller } = this
    this.#bind(caller)
    if (caller?.stopping === true) this.#stopAgain(caller)
    this.#dispatch({ _tag: "AgentEnded" })
  }

  /** The agent is done with the turn that was sent, and `goesOn` at once with one of its own. */
  turnEnded(end: TurnEnd, goesOn: boolean = false): void {
    const turn = this.#state.running?.turn
    if (turn === undefined) return this.#account(end)
    if (turn.settled) this.#drained(turn, end)
    else this.#settle(turn, end)
    this.#isOver(turn)
    if (goesOn) this.#dispatch({ _tag: "AgentBegan" })
    this.#dispatch({ _tag: "Ended", turn })
    if (goesOn) this.agentBegan()
  }

  /** The turn that runs ends with `reason`: at once for its caller, and for the agent when it has stopped. */
  fail(reason: Reason): void {
    const { caller } = this
    if (caller === undefined || caller.settled) return
    caller.failure = reason
    this.#settle(caller, { outcome: { _tag: "Failed" } })
    this.#dispatch({ _tag: "Left", turn: caller })
  }

  /** Others have used up what is shared: a turn that runs is stopped, and ends with what it had cost. */
  spent(): void {
    const reason = this.#broke()
    const turn = this.running
    if (reason === undefined || turn === undefined || turn.settled || turn.failure !== undefined) return
    turn.failure = reason
    if (turn.origin === "caller") this.#dispatch({ _tag: "Left", turn })
    else this.#stop(turn)
  }

  /** Nothing is left of the money that the session shares with others. */
  #broke(): LimitReached | undefined {
    const budget = this.#options.resolved.budget?.usedUp()
    return budget === undefined ? undefined : new LimitReached({ which: "budget", budget })
  }

  /** No turn will be sent any more, and those that wait, or run, end with `reason`. */
  end(reason: Reason, outcome: Turn.TurnOutcome = { _tag: "Failed" }): void {
    this.refuse(reason)
    for (const turn of [this.#state.running?.turn, this.#agentTurn]) {
      if (turn === undefined) continue
      turn.failure ??= reason
      this.#settle(turn, { outcome })
      this.#isOver(turn)
    }
    this.#agentTurn = undefined
    this.#dispatch({ _tag: "AgentEnded" })
    const running = this.#state.running?.turn
    if (running !== undefined) this.#dispatch({ _tag: "Ended", turn: running })
  }

  /** No turn is sent any more; those that wait end now, one that runs goes on. */
  refuse(reason: Reason): void {
    this.#terminal ??= reason
    this.#dispatch({ _tag: "Closed" })
  }

  #backlog(): Backlog<AgentEvent, AgentError> {
    return new Backlog<AgentEvent, AgentError>({
      gate: this.#options.journal.gate,
      limit: this.#options.resolved.buffer,
      joiner: joinDeltas,
      exceeded: (limit) => this.error("turn", new BacklogExceeded({ limit }))
    })
  }

  #dispatch(input: TurnQueue.Input<LiveTurn>): void {
    const [state, actions] = TurnQueue.step(this.#state, input, this.#options.resolved.turns)
    this.#state = state
    for (const action of actions) this.#perform(action)
    this.#options.onChange()
  }

  #perform(action: TurnQueue.Action<LiveTurn>): void {
    const { journal, driver } = this.#options
    const { turn } = action
    switch (action._tag) {
      case "Send": {
        const broke = this.#broke()
        if (broke !== undefined) {
          this.#unsent(turn, broke)
          return this.#dispatch({ _tag: "Ended", turn })
        }
        this.#begin(turn)
        journal.later(
          Effect.catch(driver.send(turn), (error) =>
            Effect.suspend(() => {
              if (this.caller === turn) this.turnEnded({ outcome: { _tag: "Failed" }, reason: () => error.reason })
              return journal.flush
            })
          )
        )
        return
      }
      case "Interrupt":
        return this.#stop(turn)
      case "Reject":
        return this.#unsent(turn, this.#rejection(action.why))
      case "Drop":
        return this.#unsent(turn, new Interrupted({}))
    }
  }

  #rejection(why: "busy" | "full" | "closed"): Reason {
    switch (why) {
      case "busy":
        return new TurnRejected({})
      case "full":
        return new TurnQueueFull({ capacity: this.#options.resolved.turns.capacity })
      case "closed":
        return this.#terminal ?? new SessionClosed({})
    }
  }

  #unsent(turn: LiveTurn, reason: Reason): void {
    turn.settled = true
    const error = this.error("turn", reason)
    this.#resolve(turn, Effect.fail(error), error)
    this.#isOver(turn)
  }

  #begin(turn: LiveTurn): void {
    const { journal } = this.#options
    turn.folding = Turn.begin(turn.turnId, journal.tick())
    this.#bind(turn)
    this.#clock.touch()
    journal.emit({ _tag: "TurnStarted", origin: turn.origin })
    if (Number.isFinite(turn.idle) || Number.isFinite(turn.limit)) journal.later(this.#watch(turn))
  }

  #bind(turn: LiveTurn | undefined): void {
    this.#options.journal.current =
      turn === undefined || turn.settled || turn.folding === undefined
        ? undefined
        : { id: turn.turnId, folding: turn.folding, backlog: turn.backlog, scale: turn }
  }

  /** Ends the turn for its caller. */
  #settle(turn: LiveTurn, end: TurnEnd): void {
    if (turn.settled || turn.folding === undefined) return
    const { journal } = this.#options
    // The agent may be at another turn, whose items stay open; the last events of this one are its own all the same.
    const other = journal.current?.id === turn.turnId ? undefined : journal.current
    this.#bind(turn)
    if (other === undefined) this.#options.closeItems(turn.interrupted)
    turn.settled = true
    journal.tick()
    const { cost, usage } = this.#take(end)
    const outcome = outcomeOf(turn, end)
    turn.outcome = outcome._tag
    if (outcome._tag === "Completed" && turn.failure?._tag === "LimitReached") turn.failure = undefined
    const result = Turn.finish(turn.folding, {
      ...(turn.origin === "caller" ? { userMessageId: turn.messageId } : {}),
      ...(journal.sessionId === undefined ? {} : { sessionId: journal.sessionId }),
      ...(end.stopReason === undefined ? {} : { stopReason: end.stopReason }),
      ...(end.fallbackText === undefined ? {} : { fallbackText: end.fallbackText }),
      outcome,
      output: end.output,
      usage,
      cost,
      durationMs: journal.at - turn.folding.startedAt
    })
    journal.emit({ _tag: "TurnEnded", result })
    journal.current = other
    this.ended++
    this.#history.push(result, turn.weight)
    if (turn.failure === undefined && outcome._tag === "Completed") return this.#resolve(turn, Effect.succeed(result))
    if (turn.failure === undefined && outcome._tag === "Interrupted") {
      // Whoever reads the events knows by now, and is not kept waiting by what only `ask` fails with.
      return this.#resolve(
        turn,
        Effect.suspend(() => Effect.fail(this.error("turn", new Interrupted({}), result)))
      )
    }
    const reason = turn.failure ?? this.#reason(outcome, end)
    if (reason._tag === "RateLimited" && reason.resetsAt !== undefined) this.#options.onLimited(reason.resetsAt)
    const error = this.error("turn", reason, result)
    this.#resolve(turn, Effect.fail(error), error)
  }

  #reason(outcome: Turn.TurnOutcome, end: TurnEnd): Reason {
    // The agent's own cap was what was left of the budget.
    if (outcome._tag === "LimitReached" && outcome.which === "budget") {
      return this.#broke() ?? end.reason?.() ?? new LimitReached({ which: "budget" })
    }
    return end.reason?.() ?? new TurnFailed({ kind: outcome._tag, description: "the agent did not say why" })
  }

  /** `error`: what a reader of the events fails with. */
  #resolve(turn: LiveTurn, result: Effect.Effect<Turn.TurnResult, AgentError>, error?: AgentError): void {
    turn.backlog?.end(error)
    this.#options.journal.wake(() => {
      Deferred.doneUnsafe(turn.result, result)
      turn.backlog?.wake()
    })
  }

  #isOver(turn: LiveTurn): void {
    this.#options.journal.wake(() => {
      Deferred.doneUnsafe(turn.over, Exit.void)
      turn.clock?.interruptUnsafe()
    })
  }

  #take(end: TurnEnd): { readonly usage: Usage.Usage; readonly cost: Option.Option<number> } {
    if (end.report === undefined) return { usage: Usage.empty, cost: Option.none() }
    const { cost, ledger, usage } = Usage.advance(this.ledger, end.report)
    this.ledger = ledger
    this.#options.journal.emit({
      _tag: "UsageUpdated",
      scope: "turn",
      usage,
      ...(Option.isSome(cost) ? { cost: cost.value } : {})
    })
    if (Option.isSome(cost)) this.#options.resolved.budget?.charge(cost.value)
    return { usage, cost }
  }

  /** It had ended for its caller before: what came since belongs to no turn, least of all to the next. */
  #drained(turn: LiveTurn, end: TurnEnd): void {
    if (this.#options.journal.current === undefined) this.#options.closeItems(turn.interrupted)
    this.#account(end)
  }

  /** A result that belongs to no turn of ours any more still costs. */
  #account(end: TurnEnd): void {
    this.#take(end)
    this.#options.onChange()
  }

  /** Asks the agent to stop, and sees to it. */
  #stop(turn: LiveTurn): void {
    const { driver, journal, resolved } = this.#options
    if (turn.stopping) return
    turn.stopping = true
    // A close stops the turn because we ask for it; a deadline that has passed is a failure.
    turn.interrupted ||= turn.failure === undefined || turn.failure._tag === "SessionClosed"
    journal.gate.hurry()
    journal.later(
      Effect.gen({ self: this }, function* () {
        yield* Effect.forkChild(Effect.ignore(driver.interrupt(turn)), { startImmediately: true })
        const over = yield* Effect.timeoutOption(Deferred.await(turn.over), resolved.timeouts.interrupt)
        if (Option.isNone(over)) yield* this.escalate(turn)
      }).pipe(Effect.ensuring(Effect.sync(() => journal.gate.calm())))
    )
  }

  /** It was asked while the agent was at a turn of its own, which is what the agent stopped. */
  #stopAgain(turn: LiveTurn): void {
    const { driver, journal } = this.#options
    journal.later(Effect.suspend(() => (this.caller === turn ? Effect.ignore(driver.interrupt(turn)) : Effect.void)))
  }

  /** The agent does not obey: a new process, or the end. Nothing is sent meanwhile; what the old one ran is over. */
  escalate(turn: LiveTurn | undefined): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { journal, replace } = this.#options
      if (turn !== undefined) {
        turn.escalated = true
        this.#settle(turn, replaced)
      }
      if (this.#replacing) return journal.flush
      this.#replacing = true
      this.#dispatch({ _tag: "AgentBegan" })
      return journal.flush.pipe(
        Effect.andThen(replace),
        Effect.andThen(
          Effect.suspend(() => {
            this.#replacing = false
            if (this.caller !== undefined) this.turnEnded(replaced)
            if (this.#agentTurn !== undefined) this.agentTurnEnded(replaced)
            this.#dispatch({ _tag: "AgentEnded" })
            return journal.flush
          })
        ),
        Effect.catchCause((cause) => this.#options.lost(this.#notReplaced(cause)))
      )
    })
  }

  /** A defect too: nothing may stay as it was while the process was replaced. */
  #notReplaced(cause: Cause.Cause<AgentError>): AgentError {
    return Option.getOrElse(Cause.findErrorOption(cause), () => {
      const description = `another process could not be started: ${Cause.pretty(cause)}`
      return this.error("control", new ControlFailed({ request: "replace", description }))
    })
  }

  #timeUp(turn: LiveTurn, reason: Reason): Effect.Effect<void> {
    turn.failure = reason
    this.#settle(turn, { outcome: { _tag: "Failed" } })
    if (turn.origin === "caller") this.#dispatch({ _tag: "Left", turn })
    else this.#stop(turn)
    return this.#options.journal.flush
  }

  #watch(turn: LiveTurn): Effect.Effect<void> {
    return Effect.withFiber((fiber) => {
      turn.clock = fiber
      return this.#clock.watch(turn, (reason) => this.#timeUp(turn, reason))
    })
  }
}
