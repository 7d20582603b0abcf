/** What the agent has begun and not ended: commands and subagents, in the background and before it. */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { TaskEnded } from "../../AgentEvent.ts"
import type { TaskId, ToolId } from "../../internal/ids.ts"
import type { Journal } from "../../internal/journal.ts"

/**
 * Work that the agent has begun and not ended. `kind`: "local_bash" for a command, "local_agent" for a subagent; `toolId`:
 * the call that began it; `parentToolId`: the call of the subagent whose work it is.
 *
 * @since 0.1.0
 * @category models
 */
export interface Task {
  readonly taskId: TaskId
  readonly kind: string
  readonly description: string
  readonly background: boolean
  readonly toolId?: ToolId
  readonly parentToolId?: ToolId
}

/**
 * How a task ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface TaskEnd extends Pick<TaskEnded, "taskId" | "status" | "summary"> {}

export class Tasks {
  readonly #journal: Pick<Journal, "wake">
  readonly #running = new Map<TaskId, { task: Task; readonly ended: Deferred.Deferred<TaskEnd> }>()

  constructor(journal: Pick<Journal, "wake">) {
    this.#journal = journal
  }

  get running(): ReadonlyArray<Task> {
    return [...this.#running.values()].map(({ task }) => task)
  }

  get(taskId: TaskId): Task | undefined {
    return this.#running.get(taskId)?.task
  }

  /** The end of a task that runs; undefined when none of this id does. */
  end(taskId: TaskId): Effect.Effect<TaskEnd> | undefined {
    const entry = this.#running.get(taskId)
    return entry === undefined ? undefined : Deferred.await(entry.ended)
  }

  started(task: Task): void {
    this.#running.set(task.taskId, { task, ended: Deferred.makeUnsafe() })
  }

  /** It goes on in the background. */
  moved(taskId: TaskId): void {
    const entry = this.#running.get(taskId)
    if (entry !== undefined) entry.task = { ...entry.task, background: true }
  }

  ended(end: TaskEnd): void {
    const entry = this.#running.get(end.taskId)
    if (entry === undefined) return
    this.#running.delete(end.taskId)
    this.#journal.wake(() => Deferred.doneUnsafe(entry.ended, Effect.succeed(end)))
  }
}
