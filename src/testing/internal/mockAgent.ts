/**
 * The process of a mock agent: it does one thing after the other (prompts, and turns it begins by itself), has work in
 * the background, and can be stopped, or replaced by another one.
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import type { Capabilities } from "../../AgentAdapter.ts"
import { TurnFailed } from "../../AgentError.ts"
import { Answering } from "../../internal/answering.ts"
import type { Core } from "../../internal/core.ts"
import * as ids from "../../internal/ids.ts"
import type { Outgoing, TurnEnd } from "../../internal/liveTurn.ts"
import * as Prompt from "../../Prompt.ts"
import * as Usage from "../../Usage.ts"
import type * as Script from "../AgentScript.ts"
import type { Conversation } from "./mockDisk.ts"
import type { Records } from "./mockRecord.ts"
import { type Acting, perform, type Stage, withinBudget } from "./mockTurn.ts"
import { Voice } from "./mockVoice.ts"

/** A prompt of ours, or (without `sent`) a turn of the agent's own. */
interface Job {
  readonly sent: Outgoing | undefined
  readonly turn: Script.Turn
  readonly acting: Acting
  fiber: Fiber.Fiber<unknown, unknown> | undefined
}

export interface Options {
  readonly script: Script.Script
  readonly capabilities: Capabilities
  readonly records: Records
  readonly conversation: () => Conversation
  readonly save: () => void
  /** Begins another conversation. */
  readonly clear: () => void
  readonly model: () => string
  readonly permissionMode: () => string | undefined
}

/** The prompt that is no prompt: it takes its turn like one. */
export const clearCommand = "/clear"

const nothing: Usage.ModelUsage = {
  inputTokens: 0,
  outputTokens: 0,
  cacheReadTokens: 0,
  cacheWriteTokens: 0,
  costUsd: 0
}

const problem = (cause: Cause.Cause<unknown>): string => {
  const defect = Cause.squash(cause)
  return defect instanceof Error ? defect.message : String(defect)
}

export class MockAgent {
  readonly voice: Voice
  readonly #core: Core
  readonly #options: Options
  readonly #stage: Stage
  #scope: Scope.Closeable = Scope.makeUnsafe()
  #waiting: Array<Job> = []
  #current: Job | undefined
  #ignores = new Set<Script.Ignore["what"]>()
  #cost: number | undefined
  #models: Usage.Usage["models"] = {}
  /** Spent since the last report. */
  #unreported = 0

  constructor(core: Core, options: Options) {
    this.#core = core
    this.#options = options
    this.voice = new Voice(core)
    this.#stage = {
      core,
      voice: this.voice,
      records: options.records,
      calls: new Answering(core.journal, core.turns),
      capabilities: options.capabilities,
      sessionId: () => options.conversation().id,
      permissionMode: options.permissionMode,
      spend: (step) => this.#spend(step),
      cost: () => Option.getOrElse(core.turns.ledger.cost, () => 0) + this.#unreported,
      task: (step) => this.#task(step),
      agentTurn: (turn) => this.#later(turn),
      ignore: (what) => {
        this.#ignores.add(what)
      }
    }
  }

  ignores(what: Script.Ignore["what"]): boolean {
    return this.#ignores.has(what)
  }

  /** A prompt arrives. */
  receive(sent: Outgoing): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { capabilities, clear, conversation, records, save, script } = this.#options
      const { history, id } = conversation()
      const text = Prompt.textOf(sent.prompt)
      if (text === clearCommand && capabilities.clear) {
        clear()
        return this.#add(sent, [], text)
      }
      records.sent.push({ sessionId: id, text, parts: sent.prompt, steered: false })
      conversation().add("user", sent.messageId, text, sent.prompt, this.#core.journal.tick())
      save()
      const index = history.length
      const turn = Effect.try({
        try: () =>
          typeof script === "function"
            ? script({ text, index, history })
            : (script[Math.min(index, script.length - 1)] ?? []),
        catch: (error) => error
      })
      return Effect.matchCauseEffect(turn, {
        onSuccess: (turn) => this.#add(sent, turn, text),
        onFailure: (cause) => {
          const description = `the script failed: ${problem(cause)}`
          return this.#add(sent, [{ _tag: "Fail", reason: new TurnFailed({ kind: "script", description }) }], text)
        }
      })
    })
  }

  /** Stops what nobody wants any more, as an obedient agent does. */
  readonly stop: Effect.Effect<void> = Effect.suspend(() => {
    const job = this.#current
    this.#waiting = this.#waiting.filter((waiting) => waiting.sent === undefined || !this.#unwanted(waiting))
    if (job !== undefined && this.#unwanted(job)) return this.#end(job, { outcome: { _tag: "Interrupted" } })
    const { turns } = this.#core
    const caller = turns.caller
    const dropped = caller !== undefined && job?.sent?.turnId !== caller.turnId
    if (dropped && (caller.interrupted || caller.failure !== undefined)) {
      turns.turnEnded({ outcome: { _tag: "Interrupted" } })
    }
    return this.#core.journal.flush
  })

  /** It is gone, with all that it was doing. */
  readonly kill: Effect.Effect<void> = Effect.suspend(() => {
    const scope = this.#scope
    this.#scope = Scope.makeUnsafe()
    this.#current = undefined
    this.#waiting = []
    this.#ignores = new Set()
    return Scope.close(scope, Exit.void)
  })

  #unwanted(job: Job): boolean {
    const { caller, running } = this.#core.turns
    const live = job.sent === undefined ? running : caller
    return live !== undefined && (live.interrupted || live.failure !== undefined)
  }

  #add(sent: Outgoing | undefined, turn: Script.Turn, prompt: string): Effect.Effect<void> {
    return Effect.suspend(() => {
      const acting = { prompt, output: undefined, stopReason: undefined, requests: 0 }
      this.#waiting.push({ sent, turn, acting, fiber: undefined })
      this.#next()
      return this.#core.journal.flush
    })
  }

  /** A turn of its own, as soon as it is free. */
  #later(turn: Script.Turn): void {
    const acting = { prompt: "", output: undefined, stopReason: undefined, requests: 0 }
    this.#waiting.push({ sent: undefined, turn, acting, fiber: undefined })
    this.#next()
  }

  #next(): void {
    if (this.#current !== undefined) return
    const job = this.#waiting.shift()
    if (job === undefined) return
    this.#current = job
    if (job.sent === undefined) this.#core.turns.agentBegan()
    this.#core.journal.later(
      Effect.suspend(() => Effect.asVoid(Effect.forkIn(this.#work(job), this.#scope, { startImmediately: true })))
    )
  }

  #work(job: Job): Effect.Effect<void> {
    const acted = Effect.andThen(withinBudget(this.#stage), perform(this.#stage, job.acting, job.turn, undefined))
    const work = Effect.matchCauseEffect(acted, {
      onSuccess: () => this.#done(job, { outcome: { _tag: "Completed" } }),
      onFailure: (cause) => {
        const end = Option.getOrUndefined(Cause.findErrorOption(cause))
        if (end !== undefined) return this.#done(job, end)
        if (Cause.hasInterruptsOnly(cause)) return Effect.interrupt
        const reason = new TurnFailed({ kind: "script", description: `the script failed: ${problem(cause)}` })
        return this.#done(job, { outcome: { _tag: "Failed" }, reason: () => reason })
      }
    })
    return Effect.withFiber((fiber) => {
      // Readers run while it speaks, before its fork returns: they may stop it already.
      job.fiber = fiber
      return work
    })
  }

  #end(job: Job, end: TurnEnd): Effect.Effect<void> {
    const { fiber } = job
    return Effect.andThen(fiber === undefined ? Effect.void : Fiber.interrupt(fiber), this.#done(job, end))
  }

  #done(job: Job, end: TurnEnd): Effect.Effect<void> {
    return this.voice.say(() => {
      if (this.#current !== job) return
      this.#current = undefined
      const { turns } = this.#core
      const { output, stopReason } = job.acting
      const whole = { ...end, report: this.#report(), output: this.#output(end, output), stopReason }
      if (job.sent === undefined) turns.agentTurnEnded(whole)
      else turns.turnEnded(whole)
      this.#remember()
      this.#next()
    })
  }

  #output(end: TurnEnd, output: unknown): unknown {
    const wanted = end.outcome._tag === "Completed" && this.#core.resolved.outputSchema !== undefined
    return wanted ? output : undefined
  }

  #remember(): void {
    const text = this.voice.takeReply()
    if (text === "") return
    const content = [{ type: "text", text }]
    this.#options.conversation().add("assistant", globalThis.crypto.randomUUID(), text, content, this.#core.journal.at)
    this.#options.save()
  }

  #task({ description, followedBy, lasts, status = "completed", summary = "" }: Script.Task): Effect.Effect<void> {
    const { voice } = this
    const taskId = ids.taskId(voice.name("task"))
    const begin = voice.say(() => {
      this.#core.quiescence.background(taskId, true)
      voice.emit({ _tag: "TaskStarted", taskId, kind: "mock", description, background: true })
    })
    const end = voice.say(() => {
      voice.emit({ _tag: "TaskEnded", taskId, status, summary })
      if (followedBy !== undefined) this.#later(followedBy)
      this.#core.quiescence.background(taskId, false)
    })
    const work = Effect.andThen(lasts === undefined ? Effect.void : Effect.sleep(lasts), end)
    return Effect.andThen(
      begin,
      Effect.asVoid(Effect.suspend(() => Effect.forkIn(work, this.#scope, { startImmediately: true })))
    )
  }

  #spend({ _tag, spending }: Script.Spent | Script.Totals): void {
    const { cost, model = this.#options.model(), ...tokens } = spending
    const now: Usage.ModelUsage = { ...nothing, ...tokens, costUsd: cost ?? 0 }
    if (_tag === "Totals") {
      this.#cost = cost
      this.#models = { [model]: now }
      return
    }
    if (cost !== undefined) this.#cost = (this.#cost ?? 0) + cost
    this.#unreported += cost ?? 0
    this.#models = Usage.add(Usage.fromModels(this.#models), Usage.fromModels({ [model]: now })).models
  }

  /** The running totals, as agents report them with every turn; nothing while nothing was spent. */
  #report(): Usage.Report | undefined {
    this.#unreported = 0
    const { cost, usage } = this.#options.capabilities
    const models = usage === "none" || Object.keys(this.#models).length === 0 ? undefined : this.#models
    const costUsd = cost ? this.#cost : undefined
    return models === undefined && costUsd === undefined ? undefined : { costUsd, models, turn: undefined }
  }
}
