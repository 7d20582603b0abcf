/**
 * What the behaviours of the adapter contract are made of: the rig they run on, and a few ways to open, wait and look.
 */
import * as assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { AgentAdapter, type BaseOptions, type Capabilities, type SessionOptions } from "../../AgentAdapter.ts"
import { AgentError, isAgentError, type Reason } from "../../AgentError.ts"
import * as AgentEvent from "../../AgentEvent.ts"
import * as Session from "../../Session.ts"
import * as Script from "../AgentScript.ts"

/**
 * What a rig can make its agent do, beyond saying text.
 *
 * - `tools`: the tool Bash; `asks`: with questions for permission; `parallelAsks`: several at once; `withdraws`: a
 *   question is taken back.
 * - `questions`: questions and plans for the user; `forms`: forms and pages of servers.
 * - `lends`: calls of tools of `SessionOptions.tools`.
 * - `silence`, `crash`, `malformed`, `unknownFrames`, `failures`, `reasoning`, `subagents`, `spending`, `output`,
 *   `agentTurns`, `tasks`: the steps of that sort.
 * - `pace`: text with pauses between its pieces; `flood`: thousands of pieces without.
 * - `ignoresInterrupts`, `ignoresRequests`: the agent does not obey.
 * - `startups`: starts that fail.
 * - `sent`: what reached the agent is known.
 *
 * @since 0.1.0
 * @category models
 */
export type Ability =
  | "tools"
  | "asks"
  | "questions"
  | "forms"
  | "lends"
  | "parallelAsks"
  | "withdraws"
  | "silence"
  | "crash"
  | "malformed"
  | "unknownFrames"
  | "failures"
  | "reasoning"
  | "subagents"
  | "spending"
  | "output"
  | "agentTurns"
  | "tasks"
  | "pace"
  | "flood"
  | "ignoresInterrupts"
  | "ignoresRequests"
  | "startups"
  | "sent"

/**
 * An adapter with an agent behind it that can be told what to do.
 *
 * - `options`: for every session.
 * - `prompt`: a text that makes the agent do the turn, another one with each call.
 * - `advance`: lets time pass: `TestClock.adjust`, or a real wait.
 * - `timeouts`: deadlines for sessions, short enough to wait for them, long enough not to pass by accident.
 * - `startup`: the adapter with agents that never answer the handshake, or end at once.
 * - `sent`: the texts that reached the agents so far.
 * - `planOptions`: what a session needs besides, for its agent to make plans. Default: nothing.
 *
 * @since 0.1.0
 * @category models
 */
export interface Rig {
  readonly name: string
  readonly can: ReadonlySet<Ability>
  readonly options: BaseOptions
  readonly prompt: (turn: Script.Turn) => string
  readonly advance: (duration: Duration.Input) => Effect.Effect<void>
  readonly timeouts: {
    readonly startup: Duration.Input
    readonly idle: Duration.Input
    readonly turn: Duration.Input
    readonly control: Duration.Input
    readonly permission: Duration.Input
    readonly interrupt: Duration.Input
  }
  readonly startup: (how: "silent" | "failing") => Effect.Effect<AgentAdapter, never, AgentAdapter>
  readonly sent: Effect.Effect<ReadonlyArray<string>>
  readonly planOptions?: SessionOptions | undefined
}

/**
 * Something every adapter must do. It holds when `run` succeeds; it applies when the rig `needs` no more than it can
 * and the adapter has the `capabilities`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Behaviour {
  readonly title: string
  readonly needs: ReadonlyArray<Ability>
  readonly capabilities: ReadonlyArray<keyof Capabilities>
  readonly run: (rig: Rig) => Effect.Effect<void, unknown, AgentAdapter | Scope.Scope>
}

interface Requirements {
  readonly needs?: ReadonlyArray<Ability>
  readonly capabilities?: ReadonlyArray<keyof Capabilities>
}

export const behaviour = (
  title: string,
  { capabilities = [], needs = [] }: Requirements,
  run: (rig: Rig) => Generator<Effect.Effect<unknown, unknown, AgentAdapter | Scope.Scope>, void>
): Behaviour => ({ title, needs, capabilities, run: (rig) => Effect.gen(() => run(rig)) })

/** A session with the rig's options and these. */
export const open = (
  rig: Rig,
  options: SessionOptions = {}
): Effect.Effect<Session.Session, AgentError, AgentAdapter | Scope.Scope> =>
  Session.make<SessionOptions>({ ...rig.options, ...options })

/** Says `begun` and then nothing: it runs until somebody stops it. */
export const hanging: Script.Turn = [Script.text("begun"), Script.silence]

/** Part of a deadline. */
export const part = (duration: Duration.Input, factor: number): Duration.Duration =>
  Duration.times(Duration.fromInputUnsafe(duration), factor)

export const isTag = AgentEvent.is

/** Waits for the `count`th event of the session that is so, those before now included. */
export const until = <A extends AgentEvent.AgentEvent>(
  session: Session.Session,
  is: (event: AgentEvent.AgentEvent) => event is A,
  count = 1
): Effect.Effect<A> =>
  session.events.pipe(
    Stream.filter(is),
    Stream.take(count),
    Stream.runCollect,
    Effect.map((found) => {
      const last = found[count - 1]
      assert.ok(last, `the session ended after ${found.length} of ${count} events that were waited for`)
      return last
    })
  )

/** Waits until the agent has begun to speak in `count` turns. */
export const speaks = (session: Session.Session, count = 1): Effect.Effect<void> => {
  const turns = new Set<string | undefined>()
  const spoken = (event: AgentEvent.AgentEvent): event is AgentEvent.TextDelta =>
    event._tag === "TextDelta" && turns.add(event.turnId).size === count
  return Effect.asVoid(until(session, spoken))
}

/** Runs beside the behaviour; gives how it ended. */
export const beside = <A, E, R>(
  effect: Effect.Effect<A, E, R>
): Effect.Effect<Effect.Effect<Exit.Exit<A, E>>, never, R> =>
  Effect.map(Effect.forkChild(effect, { startImmediately: true }), Fiber.await)

/** The error of an Effect that must fail for this reason. */
export const failure = <Tag extends Reason["_tag"]>(
  exit: Exit.Exit<unknown, unknown>,
  tag: Tag
): AgentError & { readonly reason: Extract<Reason, { readonly _tag: Tag }> } => {
  assert.ok(Exit.isFailure(exit), `it must fail with ${tag}, and succeeded`)
  const error = Option.getOrUndefined(Exit.findErrorOption(exit))
  assert.ok(isAgentError(error), `it must fail with ${tag}, not with ${String(exit)}`)
  assert.equal(error.reason._tag, tag, error.message)
  return error as AgentError & { readonly reason: Extract<Reason, { readonly _tag: Tag }> }
}

export const fails = <Tag extends Reason["_tag"], R>(effect: Effect.Effect<unknown, unknown, R>, tag: Tag) =>
  Effect.map(Effect.exit(effect), (exit) => failure(exit, tag))

export const success = <A>(exit: Exit.Exit<A, unknown>): A => {
  assert.ok(Exit.isSuccess(exit), `it must succeed, not end with ${String(exit)}`)
  return exit.value
}

export const tags = (events: ReadonlyArray<AgentEvent.AgentEvent>): ReadonlyArray<AgentEvent.AgentEvent["_tag"]> =>
  events.map((event) => event._tag)

/** The events of one sort. */
export const only = <Tag extends AgentEvent.AgentEvent["_tag"]>(
  events: ReadonlyArray<AgentEvent.AgentEvent>,
  tag: Tag
): ReadonlyArray<AgentEvent.Of<Tag>> => events.filter(AgentEvent.is(tag))

/** All that a session logged, once it is closed. */
export const logOf = (session: Session.Session): Effect.Effect<ReadonlyArray<AgentEvent.AgentEvent>> =>
  Effect.andThen(session.close, Stream.runCollect(session.events))

/** What a tool gave, as text, whatever form the agent puts it in. */
export const asText = (output: unknown): string =>
  typeof output === "string" ? output : (JSON.stringify(output) ?? "")

export const bash = (command: string, options: Script.ToolOptions = {}): Script.Tool =>
  Script.tool("Bash", { command }, { kind: "execute", ...options })
