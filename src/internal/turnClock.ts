/**
 * How long a turn may take, and how long the agent may be silent in it. The idle clock is ours: it stands still while it
 * is on us to move, and while we hold the agent's pipe.
 */
import * as Effect from "effect/Effect"
import { IdleTimeout, type Reason, TurnTimeout } from "../AgentError.ts"
import type { Journal } from "./journal.ts"
import type { LiveTurn } from "./liveTurn.ts"

/** The longest a timer may sleep; longer deadlines look again. */
const longestSleep = 2 ** 31 - 1

export class TurnClock {
  readonly #journal: Journal
  #holds = 0
  #lastActivity = 0

  constructor(journal: Journal) {
    this.#journal = journal
  }

  /** Something came from the agent: the idle clock starts again. */
  touch(): void {
    this.#lastActivity = this.#journal.at
  }

  /** It is on us to move: the idle clock stands still. */
  hold(): void {
    this.#holds++
  }

  release(): void {
    this.#holds--
    this.#lastActivity = this.#journal.tick()
  }

  /** Runs beside the turn until `timeUp`, or until it is interrupted because the turn is over. */
  watch(turn: LiveTurn, timeUp: (reason: Reason) => Effect.Effect<void>): Effect.Effect<void> {
    return Effect.suspend(() => {
      if (turn.settled || turn.folding === undefined) return Effect.void
      const now = this.#journal.tick()
      const limitLeft = turn.folding.startedAt + turn.limit - now
      const held = this.#holds > 0 || !this.#journal.gate.isOpen
      const idleLeft = held ? turn.idle : this.#lastActivity + turn.idle - now
      if (limitLeft <= 0) return timeUp(new TurnTimeout({ millis: turn.limit }))
      if (idleLeft <= 0) return timeUp(new IdleTimeout({ millis: turn.idle }))
      return Effect.andThen(Effect.sleep(Math.min(idleLeft, limitLeft, longestSleep)), this.watch(turn, timeUp))
    })
  }
}
