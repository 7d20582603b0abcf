/**
 * When a session is quiet: no turn, no work in the background, and no turn of the agent's own about to begin. Agents tell
 * the end of such work first and begin the turn about it a moment later.
 */
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { TaskId } from "./ids.ts"
import type { Journal } from "./journal.ts"

/** For a turn that is expected and does not come. It takes the CLI 0.1 s on an idle machine. */
const patience = "5 seconds"

export class Quiescence {
  readonly #journal: Journal
  readonly #isRunning: () => boolean
  /** Open while it is quiet; made for the first who waits. */
  #latch: Latch.Latch | undefined
  #tasks: ReadonlyArray<TaskId> = []
  #works = false
  /** One object for each turn that is expected. */
  #expected: object | undefined
  #ended = false

  constructor(journal: Journal, isRunning: () => boolean) {
    this.#journal = journal
    this.#isRunning = isRunning
  }

  get await(): Effect.Effect<void> {
    return Effect.suspend(() => (this.#latch ??= Latch.makeUnsafe(this.#isQuiet)).await)
  }

  /** Work in the background began, or is over. */
  background(taskId: TaskId, running: boolean): void {
    const others = this.#tasks.filter((task) => task !== taskId)
    this.backgroundIs(running ? [...others, taskId] : others)
  }

  /** All the work in the background there is. */
  backgroundIs(taskIds: ReadonlyArray<TaskId>): void {
    this.#tasks = taskIds
    this.update()
  }

  /** The agent says that it is at something, or no more. */
  works(now: boolean): void {
    this.#works = now
    if (now) this.#expected = undefined
    this.update()
  }

  /** This work in the background ends, and the agent will begin a turn about it. */
  expects(taskId: TaskId): void {
    if (!this.#tasks.includes(taskId)) return
    const expected = {}
    this.#expected = expected
    this.#journal.later(
      Effect.andThen(
        Effect.sleep(patience),
        Effect.suspend(() => {
          if (this.#expected === expected) this.began()
          return this.#journal.flush
        })
      )
    )
  }

  /** What was expected is there. */
  began(): void {
    this.#expected = undefined
    this.update()
  }

  /** The process is gone, with all that it was at. */
  reset(): void {
    this.#works = false
    this.#expected = undefined
    this.backgroundIs([])
  }

  /** The session is over: nothing is waited for any more. */
  end(): void {
    this.#ended = true
    this.update()
  }

  update(): void {
    const latch = this.#latch
    if (latch === undefined) return
    if (!this.#isQuiet) latch.closeUnsafe()
    // Told when fibers may run: by then something else may have begun.
    else if (!latch.isOpen()) {
      this.#journal.wake(() => {
        if (this.#isQuiet) latch.openUnsafe()
      })
    }
  }

  get #isQuiet(): boolean {
    return (
      this.#ended || (this.#tasks.length === 0 && !this.#works && this.#expected === undefined && !this.#isRunning())
    )
  }
}
