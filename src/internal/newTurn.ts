/**
 * A new turn: what its caller said, checked, or (of the agent's own) nothing at all.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { ResolvedOptions } from "../AgentAdapter.ts"
import { type AgentError, InvalidOptions, type Reason } from "../AgentError.ts"
import type { AgentEvent } from "../AgentEvent.ts"
import * as Prompt from "../Prompt.ts"
import type { TurnOptions } from "../Session.ts"
import type * as Turn from "../Turn.ts"
import type { Backlog } from "./backlog.ts"
import * as ids from "./ids.ts"
import type { LiveTurn, Outgoing } from "./liveTurn.ts"

/** A prompt with the id under which the agent will know it. */
export const outgoing = (prompt: Prompt.Prompt): Outgoing => {
  const messageId = globalThis.crypto.randomUUID()
  return { turnId: ids.turnId(messageId), messageId, prompt }
}

/** What an agent does not take of prompts that are well formed. */
export type Refused = ((prompt: Prompt.Prompt) => Reason | undefined) | undefined

export const promptOf = (input: Prompt.Input, refused: Refused): Result.Result<Outgoing, Reason> => {
  const prompt = Prompt.from(input)
  if (Result.isFailure(prompt)) return Result.fail(new InvalidOptions({ issues: [prompt.failure] }))
  const reason = refused?.(prompt.success)
  return reason === undefined ? Result.succeed(outgoing(prompt.success)) : Result.fail(reason)
}

type Given = Pick<LiveTurn, "origin" | "backlog" | "idle" | "limit">

const live = (sent: Outgoing, given: Given): LiveTurn => ({
  ...sent,
  ...given,
  result: Deferred.makeUnsafe<Turn.TurnResult, AgentError>(),
  over: Deferred.makeUnsafe<void>(),
  folding: undefined,
  clock: undefined,
  weight: 0,
  interrupted: false,
  stopping: false,
  escalated: false,
  outcome: undefined,
  failure: undefined,
  settled: false
})

/** The turn of a caller; `makeBacklog` when its events are read one by one. */
export const ofCaller = (
  input: Prompt.Input,
  options: TurnOptions | undefined,
  { timeouts }: ResolvedOptions,
  makeBacklog: (() => Backlog<AgentEvent, AgentError>) | undefined,
  refused: Refused
): Result.Result<LiveTurn, Reason> => {
  const idle = Duration.fromInput(options?.timeouts?.idle ?? timeouts.idle)
  const limit = Duration.fromInput(options?.timeouts?.turn ?? timeouts.turn)
  if (Option.isNone(idle) || Option.isNone(limit) || Duration.isZero(idle.value) || Duration.isZero(limit.value)) {
    return Result.fail(new InvalidOptions({ issues: ["timeouts of a turn must be durations greater than zero"] }))
  }
  return Result.map(promptOf(input, refused), (sent) =>
    live(sent, {
      origin: "caller",
      backlog: makeBacklog?.(),
      idle: Duration.toMillis(idle.value),
      limit: Duration.toMillis(limit.value)
    })
  )
}

/** A turn that the agent begins by itself. */
export const ofAgent = ({ timeouts }: ResolvedOptions): LiveTurn =>
  live(outgoing([]), {
    origin: "agent",
    backlog: undefined,
    idle: Duration.toMillis(timeouts.idle),
    limit: Duration.toMillis(timeouts.turn)
  })
