/**
 * One exchange: a prompt went out, events came back, it ended one way. The result of a turn is a pure fold over its
 * events, the same for a live turn and for one read from a store.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { AgentEvent } from "./AgentEvent.ts"
import { SessionId, ToolId, TurnId } from "./internal/ids.ts"
import { anyValue } from "./internal/anyValue.ts"
import * as Usage from "./Usage.ts"

/**
 * How a turn ended. `Interrupted` is said only of a turn that we asked to stop.
 *
 * @since 0.1.0
 * @category models
 */
export type TurnOutcome =
  | { readonly _tag: "Completed" }
  | { readonly _tag: "Interrupted" }
  | { readonly _tag: "LimitReached"; readonly which: "turns" | "budget" }
  | { readonly _tag: "Refused" }
  | { readonly _tag: "Failed" }

/**
 * @since 0.1.0
 * @category schemas
 */
export const TurnOutcome: Schema.Codec<TurnOutcome> = Schema.Union([
  Schema.TaggedStruct("Completed", {}),
  Schema.TaggedStruct("Interrupted", {}),
  Schema.TaggedStruct("LimitReached", { which: Schema.Literals(["turns", "budget"]) }),
  Schema.TaggedStruct("Refused", {}),
  Schema.TaggedStruct("Failed", {})
])

/**
 * How a tool call ended. `unknown`: the turn was over before the agent told.
 *
 * @since 0.1.0
 * @category models
 */
export type ToolStatus = "ok" | "error" | "denied" | "interrupted" | "unknown"

/**
 * @since 0.1.0
 * @category schemas
 */
export const ToolStatus: Schema.Codec<ToolStatus> = Schema.Literals(["ok", "error", "denied", "interrupted", "unknown"])

/**
 * A tool the agent used in the turn, with what came of it. Calls inside a subagent are not listed.
 *
 * @since 0.1.0
 * @category models
 */
export interface ToolCall {
  readonly toolId: ToolId
  readonly name: string
  readonly input: unknown
  readonly status: ToolStatus
  readonly output: unknown
}

/**
 * What a turn came to.
 *
 * - `text`: everything the main thread said, its text items one after the other, not a character changed.
 * - `output`: what `outputSchema` made of the structured answer; `undefined` without a schema. In `TurnEnded` events it is
 *   the agent's JSON, not decoded.
 * - `usage`, `cost` (USD): of this turn alone. `cost` is none when the agent does not tell.
 * - `userMessageId`: the uuid the prompt was sent with; absent for a turn the agent began by itself.
 * - `startedAt`: epoch milliseconds; `durationMs`: until the turn ended.
 *
 * @since 0.1.0
 * @category models
 */
export interface TurnResult<out Output = unknown> {
  readonly turnId: TurnId
  readonly userMessageId?: string
  readonly sessionId?: SessionId
  readonly outcome: TurnOutcome
  readonly text: string
  readonly output: Output
  readonly toolCalls: ReadonlyArray<ToolCall>
  readonly usage: Usage.Usage
  readonly cost: Option.Option<number>
  readonly stopReason?: string
  readonly startedAt: number
  readonly durationMs: number
}

/**
 * @since 0.1.0
 * @category schemas
 */
export const TurnResult: Schema.Codec<TurnResult, unknown> = Schema.Struct({
  turnId: TurnId,
  userMessageId: Schema.optionalKey(Schema.String),
  sessionId: Schema.optionalKey(SessionId),
  outcome: TurnOutcome,
  text: Schema.String,
  output: anyValue,
  toolCalls: Schema.Array(
    Schema.Struct({ toolId: ToolId, name: Schema.String, input: anyValue, status: ToolStatus, output: anyValue })
  ),
  usage: Usage.Usage,
  cost: Schema.OptionFromNullOr(Schema.Finite),
  stopReason: Schema.optionalKey(Schema.String),
  startedAt: Schema.Finite,
  durationMs: Schema.Finite
})

/**
 * A fold in progress. Mutable on purpose: it takes part in the path of every event.
 *
 * @since 0.1.0
 * @category models
 */
export interface Folding {
  readonly turnId: TurnId
  readonly startedAt: number
  text: string
  readonly tools: Map<string, { -readonly [K in keyof ToolCall]: ToolCall[K] }>
}

/**
 * What the end of a turn adds to its events.
 *
 * @since 0.1.0
 * @category models
 */
export type Ending = Pick<
  TurnResult,
  "userMessageId" | "sessionId" | "outcome" | "output" | "usage" | "cost" | "stopReason" | "durationMs"
> & {
  /** Said only when no text item was: a local command, a prompt that a hook blocked. */
  readonly fallbackText?: string
}

/**
 * Begins the fold of one turn.
 *
 * @since 0.1.0
 * @category folding
 */
export const begin = (turnId: TurnId, startedAt: number): Folding => ({ turnId, startedAt, text: "", tools: new Map() })

/**
 * Takes one event of the turn in. Deltas cost nothing: the text of an item counts when it is complete.
 *
 * @since 0.1.0
 * @category folding
 */
export const step = (self: Folding, event: AgentEvent): void => {
  if (event.parentToolId !== undefined) return
  switch (event._tag) {
    case "TextCompleted":
      self.text += event.text
      return
    case "ToolStarted":
      self.tools.set(event.toolId, {
        toolId: event.toolId,
        name: event.name,
        input: event.input,
        status: "unknown",
        output: undefined
      })
      return
    case "ToolEnded": {
      const started = self.tools.get(event.toolId)
      if (started === undefined) return
      started.status = event.status
      started.output = event.output
      return
    }
  }
}

/**
 * Ends the fold.
 *
 * @since 0.1.0
 * @category folding
 */
export const finish = (self: Folding, { fallbackText, ...ending }: Ending): TurnResult => ({
  turnId: self.turnId,
  startedAt: self.startedAt,
  text: self.text === "" && fallbackText !== undefined ? fallbackText : self.text,
  toolCalls: [...self.tools.values()],
  ...ending
})

/**
 * The result of the first turn in `events`: what `ask` gave, from what was stored. None when no turn begins in them; a
 * turn that never ends there is `Failed`, with no usage.
 *
 * @example
 * ```ts
 * const result = Turn.fold(storedEvents)
 * ```
 *
 * @since 0.1.0
 * @category folding
 */
export const fold = (events: Iterable<AgentEvent>): Option.Option<TurnResult> => {
  let folding: Folding | undefined
  let at = 0
  for (const event of events) {
    if (folding === undefined) {
      if (event._tag === "TurnStarted" && event.turnId !== undefined) folding = begin(event.turnId, event.at)
      continue
    }
    if (event.turnId !== folding.turnId) continue
    at = event.at
    if (event._tag === "TurnEnded") {
      const { text, toolCalls: _calls, turnId: _id, startedAt: _at, ...ending } = event.result
      return Option.some(finish(folding, { ...ending, fallbackText: text }))
    }
    step(folding, event)
  }
  return folding === undefined
    ? Option.none()
    : Option.some(
        finish(folding, {
          outcome: { _tag: "Failed" },
          output: undefined,
          usage: Usage.empty,
          cost: Option.none(),
          durationMs: Math.max(0, at - folding.startedAt)
        })
      )
}
