/**
 * Permission requests of the agent, each answered in a fiber of its own: by the handler, or with a denial when it fails,
 * dies or is late. The idle clock stands still meanwhile. A request that the agent takes back interrupts its fiber, and
 * gets no answer.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { ResolvedOptions } from "../AgentAdapter.ts"
import type { Resolver } from "../AgentEvent.ts"
import * as Schema from "effect/Schema"
import * as Permission from "../Permission.ts"
import type { RequestId } from "./ids.ts"
import type { Journal } from "./journal.ts"
import type { Turns } from "./turns.ts"

interface Resolved {
  readonly by: Resolver
  readonly decision: Permission.Decision
}

const isDecision = Schema.is(Permission.Decision)

const denied = (by: Resolver, message: string): Resolved => ({ by, decision: Permission.deny(message) })

interface Pending {
  fiber: Fiber.Fiber<void> | undefined
  withdrawn: boolean
}

export class Decisions {
  readonly #journal: Journal
  readonly #turns: Turns
  readonly #resolved: ResolvedOptions
  readonly #pending = new Map<RequestId, Pending>()

  constructor(journal: Journal, turns: Turns, resolved: ResolvedOptions) {
    this.#journal = journal
    this.#turns = turns
    this.#resolved = resolved
  }

  /** Asks the handler; `reply` takes the decision to the agent. */
  request(
    request: Permission.Request,
    reply: (decision: Permission.Decision) => Effect.Effect<void>,
    raw?: unknown
  ): void {
    const { requestId, toolId } = request
    if (this.#pending.has(requestId)) return
    this.#journal.emit(
      {
        _tag: "PermissionRequested",
        requestId,
        tool: request.tool,
        input: request.input,
        suggestions: request.suggestions,
        ...(toolId === undefined ? {} : { toolId })
      },
      undefined,
      raw
    )
    const pending: Pending = { fiber: undefined, withdrawn: false }
    this.#pending.set(requestId, pending)
    this.#turns.hold()
    const answer = Effect.flatMap(this.#decide(request), ({ by, decision }) =>
      Effect.suspend(() => {
        if (!this.#close(requestId)) return Effect.void
        this.#journal.emit({ _tag: "PermissionResolved", requestId, by, decision })
        return Effect.andThen(reply(decision), this.#journal.flush)
      })
    )
    this.#journal.later(
      Effect.suspend(() => {
        if (pending.withdrawn) return Effect.void
        return Effect.flatMap(Effect.forkChild(answer), (fiber) => {
          pending.fiber = fiber
          return Effect.asVoid(Fiber.await(fiber))
        })
      })
    )
  }

  /** The agent takes a request back. False when there is no such request. */
  withdraw(requestId: RequestId): boolean {
    const pending = this.#pending.get(requestId)
    if (pending === undefined || !this.#close(requestId)) return false
    pending.withdrawn = true
    this.#journal.emit({ _tag: "PermissionResolved", requestId, by: "withdrawn" })
    const { fiber } = pending
    if (fiber !== undefined) this.#journal.later(Effect.asVoid(Fiber.interrupt(fiber)))
    return true
  }

  withdrawAll(): void {
    for (const requestId of this.#pending.keys()) this.withdraw(requestId)
  }

  #close(requestId: RequestId): boolean {
    if (!this.#pending.delete(requestId)) return false
    this.#turns.release()
    return true
  }

  #decide(request: Permission.Request): Effect.Effect<Resolved> {
    const { permissions, timeouts } = this.#resolved
    if (permissions === undefined) return Effect.succeed(denied("default", "No permission handler is installed."))
    return permissions(request).pipe(
      Effect.map((decision: unknown): Resolved =>
        isDecision(decision) ? { by: "handler", decision } : denied("default", "The permission handler did not decide.")
      ),
      Effect.timeoutOrElse({
        duration: timeouts.permission,
        orElse: () => Effect.succeed(denied("timeout", "The permission handler did not answer in time."))
      }),
      Effect.catchCause((cause) =>
        Effect.as(
          Effect.logWarning("The permission handler failed; the tool call is denied.", cause),
          denied("default", "The permission handler failed.")
        )
      )
    )
  }
}
