/** The CLI calls a hook: each call is answered in a fiber of its own, and never left without an answer unless withdrawn. */
import * as Effect from "effect/Effect"
import { Answering } from "../../internal/answering.ts"
import type { Core } from "../../internal/core.ts"
import type { HookCallback, OutboundReply } from "../ClaudeControl.ts"
import { hookEvents, type HookEvent } from "./controlOutbound.ts"
import { type AnyHookOutput, type Deny, refusal, toWire } from "./hookOutputs.ts"
import * as Hooks from "./hooks.ts"
import { refusal as errorReply, success } from "./reply.ts"
import { isObject, type JsonObject } from "./wire.ts"

export interface Options {
  readonly core: Core
  readonly hooks: ReadonlyArray<Hooks.ResolvedHook>
  readonly answer: (reply: OutboundReply) => Effect.Effect<void>
  /** A call of a tool was refused. */
  readonly denied: (toolId: string) => void
}

const fieldsOf = (value: unknown): JsonObject => (isObject(value) ? value : {})

const eventNamed = (name: unknown): HookEvent | undefined => hookEvents.find((event) => event === name)

export class HookCalls {
  readonly #options: Options
  readonly #answering: Answering<string>

  constructor(options: Options) {
    this.#options = options
    this.#answering = new Answering(options.core.journal, options.core.turns)
  }

  called(requestId: string, { callback_id, input, tool_use_id }: HookCallback): void {
    const hook = this.#hook(callback_id)
    if (hook === undefined) return this.unreadable(requestId, { callback_id, input })
    this.#answering.ask(requestId, Hooks.answer(hook, input), ({ output, problem }) =>
      Effect.suspend(() => {
        if (output._tag === "Deny") this.#denying(hook.event, tool_use_id, output)
        return Effect.andThen(
          problem === undefined ? Effect.void : this.#tell(problem),
          this.#reply(requestId, hook.event, output)
        )
      })
    )
  }

  /** A call that no hook can be asked about: refused where that is possible, since to say nothing is to say yes. */
  unreadable(requestId: string, request: unknown): void {
    const { callback_id, input } = fieldsOf(request)
    const event = this.#hook(callback_id)?.event ?? eventNamed(fieldsOf(input)["hook_event_name"])
    const text = "A call of a hook could not be read."
    const { answer, core } = this.#options
    core.journal.later(
      Effect.andThen(
        this.#tell({ text, cause: undefined }),
        event === undefined ? answer(errorReply(requestId, text)) : this.#reply(requestId, event, refusal(event, text))
      )
    )
  }

  withdraw(requestId: string): boolean {
    return this.#answering.withdraw(requestId)
  }

  withdrawAll(): void {
    this.#answering.withdrawAll()
  }

  #hook(id: unknown): Hooks.ResolvedHook | undefined {
    return this.#options.hooks.find((_, index) => Hooks.idOf(index) === id)
  }

  #denying(event: HookEvent, toolId: string | null | undefined, { stopTurn }: Deny): void {
    const { core, denied } = this.#options
    if (typeof toolId === "string") denied(toolId)
    const { running } = core.turns
    // The turn is aborted; the one that a PreToolUse hook stops is over as if it were done.
    if (event === "PermissionRequest" && stopTurn === true && running !== undefined) running.interrupted = true
  }

  #reply(requestId: string, event: HookEvent, output: AnyHookOutput): Effect.Effect<void> {
    return this.#options.answer(success(requestId, toWire(event, output)))
  }

  #tell({ cause, text }: NonNullable<Hooks.Answered["problem"]>): Effect.Effect<void> {
    return Effect.suspend(() => {
      const { journal } = this.#options.core
      journal.tick()
      journal.emit({ _tag: "Notice", level: "warning", code: "hook-failed", text })
      return Effect.andThen(cause === undefined ? Effect.void : Effect.logWarning(text, cause), journal.flush)
    })
  }
}
