/**
 * Hooks as values: what a user registers, what the adapter gets of it, what the handshake says, and what is answered when
 * a hook has no answer of its own.
 */
import type * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { bounded } from "../../internal/answering.ts"
import { hookEvents, type HookEvent, type HookMatcher, type InitializeFields } from "./controlOutbound.ts"
import { type AnyHookOutput, canRefuse, refusal } from "./hookOutputs.ts"
import { isObject } from "./wire.ts"

/**
 * A hook, as `on` makes it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Hook<out Event extends HookEvent = HookEvent, out R = never> {
  readonly event: Event
  readonly matcher?: string | undefined
  readonly timeout?: Duration.Input | undefined
  /** Reads the CLI's input and asks the handler. Fails when either does not do. */
  readonly handle: (input: unknown) => Effect.Effect<AnyHookOutput, unknown, R>
}

/** A hook as the adapter receives it. */
export interface ResolvedHook {
  readonly event: HookEvent
  readonly matcher: string | undefined
  readonly timeout: Duration.Duration
  readonly handle: (input: unknown) => Effect.Effect<AnyHookOutput, unknown>
}

/** An answer, and why it is not the hook's own. */
export interface Answered {
  readonly output: AnyHookOutput
  readonly problem?: { readonly text: string; readonly cause: Cause.Cause<unknown> | undefined }
}

const defaultTimeout = "60 seconds"

const isRegExp = (text: string): boolean => Result.isSuccess(Result.try(() => new RegExp(text)))

const timeoutOf = ({ timeout }: Hook<HookEvent, unknown>): Option.Option<Duration.Duration> =>
  Option.filter(Duration.fromInput(timeout ?? defaultTimeout), Duration.isGreaterThan(Duration.zero))

const known: ReadonlySet<unknown> = new Set(hookEvents)

/** What is wrong with the hooks, a sentence an issue. A matcher that cannot be read would never match, without a word. */
export const issues = (hooks: unknown): ReadonlyArray<string> => {
  if (hooks === undefined) return []
  if (!Array.isArray(hooks)) return ["hooks: must be a list of hooks, as ClaudeHook.on makes them"]
  return hooks.flatMap((hook: Hook<HookEvent, unknown>, index) => {
    const at = `hooks.${index}`
    if (!isObject(hook) || typeof hook.handle !== "function")
      return [`${at}: must be a hook, as ClaudeHook.on makes it`]
    return [
      ...(known.has(hook.event) ? [] : [`${at}: there is no hook event ${JSON.stringify(hook.event)}`]),
      ...(hook.matcher === undefined || hook.matcher === "*" || isRegExp(hook.matcher)
        ? []
        : [`${at}.matcher: must be a name, names with | between them, or a regular expression`]),
      ...(Option.isSome(timeoutOf(hook)) ? [] : [`${at}.timeout: must be a duration greater than zero`])
    ]
  })
}

/** A hook with the services it needs. It must have no issues. */
export const resolve = <R>(hook: Hook<HookEvent, R>, context: Context.Context<R>): ResolvedHook => ({
  event: hook.event,
  matcher: hook.matcher,
  timeout: Option.getOrElse(timeoutOf(hook), () => Duration.zero),
  handle: (input) => Effect.provideContext(hook.handle(input), context)
})

/** What the hook answers in its time; what is answered in its place when it fails, dies or is late. */
export const answer = ({ event, handle, timeout }: ResolvedHook, input: unknown): Effect.Effect<Answered> =>
  bounded<Answered>(
    Effect.map(
      Effect.suspend(() => handle(input)),
      (output) => ({ output })
    ),
    timeout,
    (why, cause) => {
      const text = `The hook for ${event} ${why === "timeout" ? "did not answer in time" : "failed"}.`
      return { output: refusal(event, text), problem: { text, cause } }
    }
  )

export const idOf = (index: number): string => `hook_${index}`

// Ours is to be the first of the two deadlines, so that a late hook is told apart from a host that is gone.
const grace = 10
// What a timer can hold, in seconds.
const longest = 2_000_000

/** What the handshake says about the hooks. Should an answer of ours not be readable, it counts as a refusal. */
export const registration = (hooks: ReadonlyArray<ResolvedHook>): InitializeFields => {
  const registered: { [Event in HookEvent]?: Array<HookMatcher> } = {}
  hooks.forEach(({ event, matcher, timeout }, index) => {
    const entries = (registered[event] ??= [])
    entries.push({
      ...(matcher === undefined ? {} : { matcher }),
      hookCallbackIds: [idOf(index)],
      timeout: Math.min(Math.ceil(Duration.toSeconds(timeout)) + grace, longest),
      ...(canRefuse(event) ? { onFailure: "block" } : {})
    })
  })
  return hooks.length === 0 ? {} : { hooks: registered }
}
