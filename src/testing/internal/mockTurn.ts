/**
 * Acts the steps of one turn out. It succeeds with nothing when all steps are done; what ends the turn before is in the
 * error channel.
 */
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type { Capabilities, ResolvedTool } from "../../AgentAdapter.ts"
import { LimitReached, ProcessExited, type Reason } from "../../AgentError.ts"
import type { Answering } from "../../internal/answering.ts"
import type { Core } from "../../internal/core.ts"
import * as ids from "../../internal/ids.ts"
import { fullName } from "../../internal/resolveTools.ts"
import type { TurnEnd } from "../../internal/liveTurn.ts"
import * as Permission from "../../Permission.ts"
import type { TurnOutcome } from "../../Turn.ts"
import type * as Script from "../AgentScript.ts"
import { ask as askUser } from "./mockAsk.ts"
import type { Records } from "./mockRecord.ts"
import type { Item, ItemKind, Voice } from "./mockVoice.ts"

/** What a turn is acted out with. */
export interface Stage {
  readonly core: Core
  readonly voice: Voice
  readonly records: Records
  /** Calls of tools of ours that run. */
  readonly calls: Answering<ids.ToolId>
  readonly capabilities: Capabilities
  readonly sessionId: () => ids.SessionId
  readonly permissionMode: () => string | undefined
  readonly spend: (step: Script.Spent | Script.Totals) => void
  readonly cost: () => number
  readonly task: (step: Script.Task) => Effect.Effect<void>
  readonly agentTurn: (turn: Script.Turn) => void
  readonly ignore: (what: Script.Ignore["what"]) => void
}

/** One turn: what its prompt was and what it has come to so far. */
export interface Acting {
  readonly prompt: string
  output: unknown
  stopReason: string | undefined
  requests: number
}

type Step<A = void> = Effect.Effect<A, TurnEnd>

/** How many pieces without a pause come at once. */
const piecesAtATime = 256

const outcomeOf = (reason: Reason): TurnOutcome =>
  reason._tag === "LimitReached"
    ? { _tag: "LimitReached", which: reason.which }
    : { _tag: reason._tag === "Refused" ? "Refused" : "Failed" }

const failed = (reason: Reason): TurnEnd => ({ outcome: outcomeOf(reason), reason: () => reason })

/** Ends the turn when the session's budget is used up. */
export const withinBudget = (stage: Stage): Step =>
  Effect.suspend(() =>
    stage.cost() >= (stage.core.resolved.maxBudgetUsd ?? Number.POSITIVE_INFINITY)
      ? Effect.fail(failed(new LimitReached({ which: "budget" })))
      : Effect.void
  )

const sleep = (duration: Duration.Input | undefined): Effect.Effect<void> =>
  duration === undefined ? Effect.void : Effect.sleep(duration)

const speak = Effect.fnUntraced(function* (
  { capabilities, core, voice }: Stage,
  kind: ItemKind,
  { after, every, pieces }: Pick<Script.Text, "pieces" | "after" | "every">,
  parent: ids.ToolId | undefined
): Effect.fn.Return<void> {
  const item: Item = voice.item(kind, parent)
  const inDeltas =
    core.resolved.partialMessages && (kind === "text" ? capabilities.textDelta : capabilities.reasoningDelta)
  yield* sleep(after)
  if (!inDeltas) {
    if (every !== undefined) yield* Effect.sleep(Duration.times(Duration.fromInputUnsafe(every), pieces.length - 1))
    yield* voice.say(() => voice.piece(item, pieces.join("")))
  } else {
    const step = every === undefined ? piecesAtATime : 1
    for (let at = 0; at < pieces.length; at += step) {
      if (at > 0) yield* sleep(every)
      yield* voice.say(() => {
        for (const piece of pieces.slice(at, at + step)) voice.piece(item, piece)
      })
    }
  }
  yield* voice.say(() => voice.complete(item))
})

type Verdict = { readonly allowed: true; readonly input: unknown } | { readonly allowed: false; readonly end: Step }

const refused = (stage: Stage, toolId: ids.ToolId, message: string): Effect.Effect<void> =>
  stage.voice.say(() => stage.voice.toolEnded(toolId, "denied", message))

/** What the agent decides about a tool by itself; `undefined`: it has to ask. */
const ownVerdict = (stage: Stage, step: Script.Tool): "allow" | "deny" | undefined => {
  const { allowedTools, disallowedTools, input, permissions } = stage.core.resolved
  if (disallowedTools?.includes(step.name) === true) return "deny"
  if (step.asks !== true || allowedTools?.includes(step.name) === true) return "allow"
  const mode = stage.permissionMode()
  if (mode === "bypassPermissions" || (mode === "acceptEdits" && step.kind === "edit")) return "allow"
  return mode === "dontAsk" || (permissions === undefined && input === undefined) ? "deny" : undefined
}

const ask = Effect.fnUntraced(function* (
  stage: Stage,
  step: Script.Tool,
  toolId: ids.ToolId
): Effect.fn.Return<Permission.Decision> {
  const { core, records, voice } = stage
  const requestId = ids.requestId(voice.name("request"))
  const answered = yield* Deferred.make<Permission.Decision>()
  const reply = (decision: Permission.Decision): Effect.Effect<void> =>
    Effect.suspend(() => {
      records.decisions.push({ sessionId: stage.sessionId(), toolId, tool: step.name, input: step.input, decision })
      return Effect.asVoid(Deferred.succeed(answered, decision))
    })
  const withdraw = Effect.suspend(() => {
    core.journal.tick()
    core.decisions.withdraw(requestId)
    return core.journal.flush
  })
  yield* voice.say(() =>
    core.decisions.request(
      {
        requestId,
        sessionId: stage.sessionId(),
        toolId,
        tool: step.name,
        input: step.input,
        suggestions: step.suggestions ?? [],
        reason: undefined,
        agentId: undefined
      },
      reply
    )
  )
  return yield* Deferred.await(answered).pipe(
    Effect.timeoutOrElse({
      duration: step.withdrawAfter ?? Duration.infinity,
      orElse: () => Effect.as(withdraw, Permission.deny("The question was taken back."))
    }),
    Effect.onInterrupt(() => withdraw)
  )
})

const permit = Effect.fnUntraced(function* (
  stage: Stage,
  step: Script.Tool,
  toolId: ids.ToolId
): Effect.fn.Return<Verdict> {
  const own = ownVerdict(stage, step)
  if (own === "allow") return { allowed: true, input: step.input }
  if (own === "deny") return { allowed: false, end: refused(stage, toolId, `${step.name} is not permitted.`) }
  const decision = yield* ask(stage, step, toolId)
  if (decision._tag === "Allow") return { allowed: true, input: decision.input ?? step.input }
  const end = refused(stage, toolId, decision.message)
  if (decision.stopTurn !== true) return { allowed: false, end }
  const stop = Effect.suspend(() => {
    const { running } = stage.core.turns
    if (running !== undefined) running.interrupted = true
    return Effect.fail<TurnEnd>({ outcome: { _tag: "Interrupted" } })
  })
  return { allowed: false, end: Effect.andThen(end, stop) }
})

const defaultOutput = (input: unknown): unknown => JSON.stringify(input) ?? ""

interface Came {
  readonly status: "ok" | "error"
  readonly output: unknown
}

/** A call of a tool of ours, in a fiber of its own: nobody waits for a handler that resists its interruption. */
const callOwn = Effect.fnUntraced(function* (
  { calls, voice }: Stage,
  own: ResolvedTool,
  input: unknown,
  toolId: ids.ToolId,
  parent: ids.ToolId | undefined
): Effect.fn.Return<Came> {
  const came = yield* Deferred.make<Came>()
  const work = Effect.match(
    own.call(input, {
      toolId,
      onPreliminary: (output) => voice.say(() => voice.emit({ _tag: "ToolProgress", toolId, output }, parent))
    }),
    {
      onSuccess: ({ value }): Came => ({ status: "ok", output: value }),
      onFailure: (output): Came => ({ status: "error", output })
    }
  )
  yield* voice.say(() => calls.ask(toolId, work, (answer) => Effect.asVoid(Deferred.succeed(came, answer))))
  return yield* Effect.onInterrupt(Deferred.await(came), () => Effect.sync(() => calls.withdraw(toolId)))
})

/** A tool of ours is called; of any other the script says what comes of it. */
const outcome = (
  stage: Stage,
  step: Script.Tool,
  input: unknown,
  toolId: ids.ToolId,
  parent: ids.ToolId | undefined
): Effect.Effect<Came> => {
  const own = stage.core.resolved.tools?.find(({ name, server }) => fullName(server, name) === step.name)
  if (own !== undefined) return callOwn(stage, own, input, toolId, parent)
  const { output = defaultOutput, status = "ok" } = step
  return Effect.sync(() => ({ status, output: typeof output === "function" ? output(input) : output }))
}

const useTool = Effect.fnUntraced(function* (
  stage: Stage,
  acting: Acting,
  step: Script.Tool,
  parent: ids.ToolId | undefined
): Effect.fn.Return<void, TurnEnd> {
  const { capabilities, core, records, voice } = stage
  const { input, kind = "other", name } = step
  const toolId = ids.toolId(voice.name("tool"))
  const json = JSON.stringify(input)
  yield* voice.say(() => {
    if (core.resolved.partialMessages && capabilities.toolInputDelta && json !== undefined) {
      voice.emit({ _tag: "ToolInputDelta", toolId, json }, parent)
    }
    voice.toolStarted({ toolId, name, kind, input }, parent)
  })
  const verdict = yield* permit(stage, step, toolId)
  if (!verdict.allowed) return yield* verdict.end
  records.calls.push({ sessionId: stage.sessionId(), toolId, tool: name, input: verdict.input })
  if (step.inside !== undefined) yield* perform(stage, acting, step.inside, toolId)
  yield* sleep(step.takes)
  const came = yield* outcome(stage, step, verdict.input, toolId, parent)
  yield* voice.say(() => voice.toolEnded(toolId, came.status, came.output))
})

// The model is asked again after its tools; there the limit is looked at.
const nextRequest = ({ core }: Stage, acting: Acting, parent: ids.ToolId | undefined): Step =>
  Effect.suspend(() =>
    parent === undefined && ++acting.requests >= (core.resolved.maxTurns ?? Number.POSITIVE_INFINITY)
      ? Effect.fail(failed(new LimitReached({ which: "turns" })))
      : Effect.void
  )

const crash = ({ core }: Stage, { code, signal, stderr }: Script.Crash): Effect.Effect<never> =>
  Effect.andThen(core.exited(new ProcessExited({ code, signal, stderrTail: stderr }), { code, signal }), Effect.never)

const act = (stage: Stage, acting: Acting, step: Script.Step, parent: ids.ToolId | undefined): Step => {
  const { voice } = stage
  switch (step._tag) {
    case "Text":
      return speak(stage, "text", step, parent)
    case "Reasoning":
      return speak(stage, "reasoning", step, parent)
    case "Echo":
      return speak(stage, "text", { pieces: [acting.prompt] }, parent)
    case "Tool":
      return Effect.andThen(useTool(stage, acting, step, parent), nextRequest(stage, acting, parent))
    case "Tools":
      return Effect.andThen(
        Effect.forEach(step.tools, (tool) => useTool(stage, acting, tool, parent), {
          concurrency: "unbounded",
          discard: true
        }),
        nextRequest(stage, acting, parent)
      )
    case "Ask":
      return Effect.andThen(askUser(stage, step, parent), nextRequest(stage, acting, parent))
    case "Output":
      return Effect.sync(() => {
        acting.output = step.value
      })
    case "Spent":
    case "Totals":
      return Effect.andThen(
        Effect.sync(() => stage.spend(step)),
        withinBudget(stage)
      )
    case "Tell":
      return voice.say(() => voice.emit({ ...step.event }, parent))
    case "Task":
      return stage.task(step)
    case "AgentTurn":
      return Effect.sync(() => stage.agentTurn(step.turn))
    case "Pause":
      return Effect.sleep(step.duration)
    case "Silence":
      return Effect.never
    case "Fail":
      return Effect.fail(failed(step.reason))
    case "StopReason":
      return Effect.sync(() => {
        acting.stopReason = step.reason
      })
    case "Crash":
      return crash(stage, step)
    case "Malformed":
      return voice.say(() => {
        const bytes = new TextEncoder().encode(step.line).length
        voice.emit({ _tag: "Malformed", bytes, prefix: step.line.slice(0, 200) })
      })
    case "Unknown": {
      const { subtype, type } = step.frame
      return voice.say(() =>
        voice.emit({ _tag: "Unknown", type, ...(subtype === undefined ? {} : { subtype }) }, parent, step.frame)
      )
    }
    case "Ignore":
      return Effect.sync(() => stage.ignore(step.what))
  }
}

export const perform = (
  stage: Stage,
  acting: Acting,
  turn: Script.Turn,
  parent: ids.ToolId | undefined
): Effect.Effect<void, TurnEnd> => Effect.forEach(turn, (step) => act(stage, acting, step, parent), { discard: true })
