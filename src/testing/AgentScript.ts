/**
 * What an agent does, as data: a turn is a list of steps. `MockAdapter` acts it out; a rig of `AdapterContract` makes
 * its own agent do the same.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import type { Reason } from "../AgentError.ts"
import type { Compacted, Notice, PlanEntry, PlanUpdated, RateLimited, Retrying, ToolKind } from "../AgentEvent.ts"
import type * as Input from "../Input.ts"
import { defaultServer, fullName } from "../internal/resolveTools.ts"
import type { Tokens } from "../Usage.ts"

type Plain<Event> = Event extends unknown
  ? Omit<Event, "seq" | "at" | "sessionId" | "turnId" | "parentToolId" | "raw">
  : never

/**
 * When something is said: `after` before its first piece, `every` before each further one. Default: at once.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pace {
  readonly after?: Duration.Input | undefined
  readonly every?: Duration.Input | undefined
}

/**
 * A text item, streamed in these pieces.
 *
 * @since 0.1.0
 * @category models
 */
export interface Text extends Pace {
  readonly _tag: "Text"
  readonly pieces: ReadonlyArray<string>
}

/**
 * A thinking item, streamed in these pieces.
 *
 * @since 0.1.0
 * @category models
 */
export interface Reasoning extends Pace {
  readonly _tag: "Reasoning"
  readonly pieces: ReadonlyArray<string>
}

/**
 * A text item: the prompt, word for word.
 *
 * @since 0.1.0
 * @category models
 */
export interface Echo {
  readonly _tag: "Echo"
}

/**
 * What can be said about a tool call.
 *
 * - `output`: what comes of it; a function gets the input it ran with. Default: that input as JSON text. A tool of
 *   `SessionOptions.tools` runs instead, see {@link callTool}.
 * - `status`: default "ok".
 * - `asks`: the permission handler of the session decides, with its changed input and its message.
 * - `withdrawAfter`: the agent takes the question back when it is not answered by then, and does without the tool.
 * - `suggestions`: offered with the question.
 * - `takes`: how long it runs. Default: no time.
 * - `inside`: what a subagent does while it runs.
 * - `kind`: default "other".
 *
 * @since 0.1.0
 * @category options
 */
export interface ToolOptions {
  readonly output?: unknown
  readonly status?: "ok" | "error" | undefined
  readonly asks?: boolean | undefined
  readonly withdrawAfter?: Duration.Input | undefined
  readonly suggestions?: ReadonlyArray<unknown> | undefined
  readonly takes?: Duration.Input | undefined
  readonly inside?: Turn | undefined
  readonly kind?: ToolKind | undefined
}

/**
 * A tool call.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tool extends ToolOptions {
  readonly _tag: "Tool"
  readonly name: string
  readonly input: unknown
}

/**
 * What an agent may ask of the user, without the ids that it gets when it is asked.
 *
 * @since 0.1.0
 * @category models
 */
export type Asks = Input.Request extends infer Request
  ? Request extends Input.Request
    ? Omit<Request, keyof Input.Asked>
    : never
  : never

/**
 * Something is asked of the user, and the input handler of the session answers. With `withdrawAfter` the agent takes it
 * back when it is not answered by then, and goes on.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ask {
  readonly _tag: "Ask"
  readonly asks: Asks
  readonly withdrawAfter?: Duration.Input | undefined
}

/**
 * Tool calls that run, and ask, at the same time.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tools {
  readonly _tag: "Tools"
  readonly tools: ReadonlyArray<Tool>
}

/**
 * The structured answer, given when the session has an `outputSchema`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  readonly _tag: "Output"
  readonly value: unknown
}

/**
 * Tokens of one model and money (USD); what is left out is 0. `model` is "mock" by default.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spending extends Partial<Tokens> {
  readonly cost?: number | undefined
  readonly model?: string | undefined
}

/**
 * Spent in this turn: added to the totals that the agent reports with every turn.
 *
 * @since 0.1.0
 * @category models
 */
export interface Spent {
  readonly _tag: "Spent"
  readonly spending: Spending
}

/**
 * The totals as the agent will report them, whatever they were: as after its restart, when they begin at zero.
 *
 * @since 0.1.0
 * @category models
 */
export interface Totals {
  readonly _tag: "Totals"
  readonly spending: Spending
}

/**
 * Something the agent tells by the way.
 *
 * @since 0.1.0
 * @category models
 */
export interface Tell {
  readonly _tag: "Tell"
  readonly event: Plain<Notice | PlanUpdated | Retrying | RateLimited | Compacted>
}

/**
 * Work in the background: it begins here, does not hold the turn up, and ends after `lasts`. `followedBy` is the turn that the
 * agent begins by itself when it is over.
 *
 * @since 0.1.0
 * @category models
 */
export interface Task {
  readonly _tag: "Task"
  readonly description: string
  readonly lasts?: Duration.Input | undefined
  readonly status?: "completed" | "failed" | "stopped" | undefined
  readonly summary?: string | undefined
  readonly followedBy?: Turn | undefined
}

/**
 * A turn that the agent begins by itself right after this one.
 *
 * @since 0.1.0
 * @category models
 */
export interface AgentTurn {
  readonly _tag: "AgentTurn"
  readonly turn: Turn
}

/**
 * Nothing for a while.
 *
 * @since 0.1.0
 * @category models
 */
export interface Pause {
  readonly _tag: "Pause"
  readonly duration: Duration.Input
}

/**
 * Nothing any more: the turn does not end by itself.
 *
 * @since 0.1.0
 * @category models
 */
export interface Silence {
  readonly _tag: "Silence"
}

/**
 * The turn ends without success. `reason` decides about its outcome: `LimitReached`, `Refused`, and `Failed` for all else.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fail {
  readonly _tag: "Fail"
  readonly reason: Reason
}

/**
 * Why the model stopped, in the agent's word.
 *
 * @since 0.1.0
 * @category models
 */
export interface StopReason {
  readonly _tag: "StopReason"
  readonly reason: string
}

/**
 * The agent's process ends in the middle of the turn.
 *
 * @since 0.1.0
 * @category models
 */
export interface Crash {
  readonly _tag: "Crash"
  readonly code: number | null
  readonly signal: string | null
  readonly stderr: string
}

/**
 * A line that is no frame.
 *
 * @since 0.1.0
 * @category models
 */
export interface Malformed {
  readonly _tag: "Malformed"
  readonly line: string
}

/**
 * A frame that nobody knows.
 *
 * @since 0.1.0
 * @category models
 */
export interface Unknown {
  readonly _tag: "Unknown"
  readonly frame: { readonly type: string; readonly subtype?: string; readonly [field: string]: unknown }
}

/**
 * From here on, for the rest of the session or until its process is replaced, the agent does not obey: `interrupts` are
 * answered and change nothing, other `requests` are not even answered.
 *
 * @since 0.1.0
 * @category models
 */
export interface Ignore {
  readonly _tag: "Ignore"
  readonly what: "interrupts" | "requests"
}

/**
 * @since 0.1.0
 * @category models
 */
export type Step =
  | Text
  | Reasoning
  | Echo
  | Tool
  | Tools
  | Ask
  | Output
  | Spent
  | Totals
  | Tell
  | Task
  | AgentTurn
  | Pause
  | Silence
  | Fail
  | StopReason
  | Crash
  | Malformed
  | Unknown
  | Ignore

/**
 * What the agent does with one prompt, in order. The turn completes after the last step.
 *
 * @since 0.1.0
 * @category models
 */
export type Turn = ReadonlyArray<Step>

/**
 * A prompt and what was said before it in the conversation. `index` counts the prompts of the conversation from 0; a
 * resumed conversation goes on counting.
 *
 * @since 0.1.0
 * @category models
 */
export interface Asked {
  readonly text: string
  readonly index: number
  readonly history: ReadonlyArray<{ readonly prompt: string; readonly reply: string }>
}

/**
 * What the agent does with every prompt: turn n gets entry n and the last entry is repeated, or a function decides.
 *
 * @since 0.1.0
 * @category models
 */
export type Script = ReadonlyArray<Turn> | ((asked: Asked) => Turn)

const inPieces = (text: string, count: number): ReadonlyArray<string> => {
  const size = Math.max(1, Math.ceil(text.length / count))
  return Array.from({ length: Math.ceil(text.length / size) }, (_, at) => text.slice(at * size, (at + 1) * size))
}

/**
 * How a text is streamed: its pieces are given, or it is cut into about so many. Default: one piece.
 *
 * @since 0.1.0
 * @category options
 */
export interface TextOptions extends Pace {
  readonly pieces?: number | undefined
}

const split = (text: string | ReadonlyArray<string>, pieces: number | undefined): ReadonlyArray<string> =>
  typeof text !== "string" ? text : pieces === undefined ? [text] : inPieces(text, pieces)

/**
 * @example
 * ```ts
 * const script = [[AgentScript.text(["Hel", "lo"], { every: "1 second" })]]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const text = (text: string | ReadonlyArray<string>, { pieces, ...pace }: TextOptions = {}): Text => ({
  _tag: "Text",
  pieces: split(text, pieces),
  ...pace
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const reasoning = (text: string | ReadonlyArray<string>, { pieces, ...pace }: TextOptions = {}): Reasoning => ({
  _tag: "Reasoning",
  pieces: split(text, pieces),
  ...pace
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const echo: Echo = { _tag: "Echo" }

/**
 * @example
 * ```ts
 * const script = [[AgentScript.tool("Bash", { command: "ls" }, { output: "README.md", asks: true })]]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const tool = (name: string, input: unknown = {}, options: ToolOptions = {}): Tool => ({
  _tag: "Tool",
  name,
  input,
  ...options
})

/**
 * A call of a tool of `SessionOptions.tools`, by the name it has there: its handler runs, and what it gives before its
 * end is told as ToolProgress. The agent calls it `mcp__<server>__<name>`; the server is "tools" by default.
 *
 * @example
 * ```ts
 * const script = [[AgentScript.callTool("add", { a: 1, b: 2 }), AgentScript.text("It is 3.")]]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const callTool = (
  name: string,
  input: unknown = {},
  { server = defaultServer, ...options }: ToolOptions & { readonly server?: string | undefined } = {}
): Tool => tool(fullName(server, name), input, { kind: "mcp", ...options })

/**
 * A question with the choices it offers, or any other request for input.
 *
 * @example
 * ```ts
 * const script = [
 *   [AgentScript.ask("Tabs or spaces?", ["Tabs", "Spaces"]), AgentScript.text("Thank you.")],
 *   [AgentScript.ask({ _tag: "Plan", plan: "1. Write it." }), AgentScript.text("I begin.")]
 * ]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const ask: {
  (
    question: string,
    choices: ReadonlyArray<string>,
    options?: { readonly multiSelect?: boolean | undefined; readonly withdrawAfter?: Duration.Input | undefined }
  ): Ask
  (asks: Asks, options?: { readonly withdrawAfter?: Duration.Input | undefined }): Ask
} = (
  asks: string | Asks,
  second?: ReadonlyArray<string> | { readonly withdrawAfter?: Duration.Input | undefined },
  third?: { readonly multiSelect?: boolean | undefined; readonly withdrawAfter?: Duration.Input | undefined }
): Ask => {
  if (typeof asks !== "string") {
    return { _tag: "Ask", asks, withdrawAfter: isChoices(second) ? undefined : second?.withdrawAfter }
  }
  const options = (isChoices(second) ? second : []).map((label) => ({ label }))
  const question = { question: asks, options, multiSelect: third?.multiSelect === true }
  return { _tag: "Ask", asks: { _tag: "Question", questions: [question] }, withdrawAfter: third?.withdrawAfter }
}

const isChoices = (value: unknown): value is ReadonlyArray<string> => Array.isArray(value)

/**
 * @since 0.1.0
 * @category constructors
 */
export const tools = (...tools: ReadonlyArray<Tool>): Tools => ({ _tag: "Tools", tools })

/**
 * @since 0.1.0
 * @category constructors
 */
export const output = (value: unknown): Output => ({ _tag: "Output", value })

/**
 * @since 0.1.0
 * @category constructors
 */
export const spent = (spending: Spending): Spent => ({ _tag: "Spent", spending })

/**
 * @since 0.1.0
 * @category constructors
 */
export const totals = (spending: Spending): Totals => ({ _tag: "Totals", spending })

/**
 * @since 0.1.0
 * @category constructors
 */
export const notice = (
  text: string,
  { code = "mock", level = "info" }: { readonly code?: string; readonly level?: Notice["level"] } = {}
): Tell => ({ _tag: "Tell", event: { _tag: "Notice", level, code, text } })

/**
 * @since 0.1.0
 * @category constructors
 */
export const plan = (...entries: ReadonlyArray<PlanEntry>): Tell => ({
  _tag: "Tell",
  event: { _tag: "PlanUpdated", entries }
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const retrying = (retry: Omit<Plain<Retrying>, "_tag">): Tell => ({
  _tag: "Tell",
  event: { _tag: "Retrying", ...retry }
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const rateLimited = (limit: Omit<Plain<RateLimited>, "_tag">): Tell => ({
  _tag: "Tell",
  event: { _tag: "RateLimited", ...limit }
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const compacted = (compaction: Omit<Plain<Compacted>, "_tag">): Tell => ({
  _tag: "Tell",
  event: { _tag: "Compacted", ...compaction }
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const task = (description: string, options: Omit<Task, "_tag" | "description"> = {}): Task => ({
  _tag: "Task",
  description,
  ...options
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const agentTurn = (...turn: Turn): AgentTurn => ({ _tag: "AgentTurn", turn })

/**
 * @since 0.1.0
 * @category constructors
 */
export const pause = (duration: Duration.Input): Pause => ({ _tag: "Pause", duration })

/**
 * @since 0.1.0
 * @category constructors
 */
export const silence: Silence = { _tag: "Silence" }

/**
 * @since 0.1.0
 * @category constructors
 */
export const fail = (reason: Reason): Fail => ({ _tag: "Fail", reason })

/**
 * @since 0.1.0
 * @category constructors
 */
export const stopReason = (reason: string): StopReason => ({ _tag: "StopReason", reason })

/**
 * Default: exit code 1, nothing on stderr. With a signal there is no code.
 *
 * @since 0.1.0
 * @category constructors
 */
export const crash = (
  how: { readonly code?: number; readonly signal?: string; readonly stderr?: string } = {}
): Crash => ({
  _tag: "Crash",
  code: how.signal === undefined ? (how.code ?? 1) : null,
  signal: how.signal ?? null,
  stderr: how.stderr ?? ""
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const malformed = (line: string): Malformed => ({ _tag: "Malformed", line })

/**
 * @since 0.1.0
 * @category constructors
 */
export const unknown = (frame: Unknown["frame"]): Unknown => ({ _tag: "Unknown", frame })

/**
 * @since 0.1.0
 * @category constructors
 */
export const ignore = (what: Ignore["what"]): Ignore => ({ _tag: "Ignore", what })
