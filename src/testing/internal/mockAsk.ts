/** What a mock agent asks of the user: each request belongs to a tool call, as with real agents. */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { ToolKind } from "../../AgentEvent.ts"
import * as ids from "../../internal/ids.ts"
import type { TurnEnd } from "../../internal/liveTurn.ts"
import * as Input from "../../Input.ts"
import type * as Script from "../AgentScript.ts"
import type { Stage } from "./mockTurn.ts"

interface Call {
  readonly name: string
  readonly kind: ToolKind
  readonly input: unknown
}

const callOf = (asks: Script.Asks): Call => {
  const { _tag, ...input } = asks
  switch (asks._tag) {
    case "Question":
      return { name: "AskUserQuestion", kind: "other", input }
    case "Plan":
      return { name: "ExitPlanMode", kind: "plan", input }
    case "Form":
    case "Url":
      return { name: `mcp__${asks.server}__ask`, kind: "mcp", input }
    case "Dialog":
      return { name: asks.kind, kind: "other", input }
  }
}

/** What the model reads of an answer; undefined: it was refused. */
const told = (asks: Script.Asks, answer: Input.Answer): string | undefined => {
  switch (answer._tag) {
    case "Answered":
      return Object.entries(answer.answers)
        .map(([question, given]) => `"${question}"="${typeof given === "string" ? given : given.join(", ")}"`)
        .join(", ")
    case "Approved":
      return "The plan is approved."
    case "Accepted":
      return JSON.stringify({ action: "accept", content: answer.content })
    case "Completed":
      return JSON.stringify({ result: answer.result })
    default:
      // A server hears of a refusal, and makes of it what it will.
      return asks._tag === "Form" || asks._tag === "Url"
        ? JSON.stringify({ action: answer._tag === "Cancelled" ? "cancel" : "decline" })
        : undefined
  }
}

export const ask = Effect.fnUntraced(function* (
  { core, records, sessionId, voice }: Stage,
  { asks, withdrawAfter }: Script.Ask,
  parent: ids.ToolId | undefined
): Effect.fn.Return<void, TurnEnd> {
  const requestId = ids.requestId(voice.name("request"))
  const toolId = ids.toolId(voice.name("tool"))
  const answered = yield* Deferred.make<Input.Answer>()
  const withdraw = Effect.suspend(() => {
    core.journal.tick()
    core.decisions.withdraw(requestId)
    return core.journal.flush
  })
  yield* voice.say(() => {
    voice.toolStarted({ toolId, ...callOf(asks) }, parent)
    core.decisions.input({ ...asks, requestId, sessionId: sessionId(), toolId }, (answer) =>
      Effect.suspend(() => {
        records.answers.push({ sessionId: sessionId(), toolId, asks, answer })
        return Effect.asVoid(Deferred.succeed(answered, answer))
      })
    )
  })
  const answer = yield* Deferred.await(answered).pipe(
    Effect.timeoutOrElse({
      duration: withdrawAfter ?? Duration.infinity,
      orElse: () => Effect.as(withdraw, Input.cancel)
    }),
    Effect.onInterrupt(() => withdraw)
  )
  const text = told(asks, answer)
  const declined = answer._tag === "Declined" ? answer : undefined
  yield* voice.say(() =>
    text === undefined
      ? voice.toolEnded(toolId, "denied", declined?.message ?? "The user did not answer.")
      : voice.toolEnded(toolId, "ok", text)
  )
  if (text !== undefined || declined?.stopTurn !== true) return
  const { running } = core.turns
  if (running !== undefined) running.interrupted = true
  return yield* Effect.fail<TurnEnd>({ outcome: { _tag: "Interrupted" } })
})
