/**
 * Who answers when the agent asks something of the user: a question with options, a plan to approve, a form or a page of
 * an MCP server, a dialog. A session without an input handler declines, and so does one whose handler fails, dies, is late
 * or gives an answer that does not fit.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { PermissionMode } from "./AgentAdapter.ts"
import type { RequestId, SessionId, ToolId } from "./internal/ids.ts"
import { PermissionMode as Mode } from "./internal/permissionMode.ts"

/**
 * What every request has. `agentId` is the subagent that asks, `toolId` the tool call it belongs to.
 *
 * @since 0.1.0
 * @category models
 */
export interface Asked {
  readonly requestId: RequestId
  readonly sessionId?: SessionId
  readonly toolId?: ToolId
  readonly agentId?: string
}

/**
 * One of the answers that a question offers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Choice {
  readonly label: string
  readonly description?: string
  readonly preview?: string
}

/**
 * The agent asks one or more questions. Each offers `options`; any other text is an answer too.
 *
 * @since 0.1.0
 * @category models
 */
export interface Question extends Asked {
  readonly _tag: "Question"
  readonly questions: ReadonlyArray<{
    readonly question: string
    readonly header?: string
    readonly options: ReadonlyArray<Choice>
    readonly multiSelect?: boolean
  }>
}

/**
 * The agent has made a plan and asks whether it may begin. `plan` is absent when the agent only wrote it down elsewhere.
 *
 * @since 0.1.0
 * @category models
 */
export interface Plan extends Asked {
  readonly _tag: "Plan"
  readonly plan?: string
}

/**
 * An MCP server asks for values. `schema` is the JSON Schema that they must fit; `order` is that of its fields.
 *
 * @since 0.1.0
 * @category models
 */
export interface Form extends Asked {
  readonly _tag: "Form"
  readonly server: string
  readonly message: string
  readonly schema?: { readonly [key: string]: unknown }
  readonly order?: ReadonlyArray<string>
  readonly title?: string
  readonly displayName?: string
  readonly description?: string
}

/**
 * An MCP server asks that a page be opened, as for a login. To accept means that the user agreed to open it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Url extends Asked {
  readonly _tag: "Url"
  readonly server: string
  readonly message: string
  readonly url: string
  readonly elicitationId?: string
}

/**
 * The agent asks for a dialog of a kind that the session declared. `payload` and result are what that kind says.
 *
 * @since 0.1.0
 * @category models
 */
export interface Dialog extends Asked {
  readonly _tag: "Dialog"
  readonly kind: string
  readonly payload: unknown
}

/**
 * What the agent asks of the user.
 *
 * @since 0.1.0
 * @category models
 */
export type Request = Question | Plan | Form | Url | Dialog

/**
 * Answers by the text of their question. A question may be left out; several labels are for `multiSelect`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answered {
  readonly _tag: "Answered"
  readonly answers: { readonly [question: string]: string | ReadonlyArray<string> }
}

/**
 * The plan may be carried out, from now on in this permission mode. Default: that of before the plan.
 *
 * @since 0.1.0
 * @category models
 */
export interface Approved {
  readonly _tag: "Approved"
  readonly mode?: PermissionMode
}

/**
 * The form is filled in, or the page may be opened.
 *
 * @since 0.1.0
 * @category models
 */
export interface Accepted {
  readonly _tag: "Accepted"
  readonly content?: { readonly [field: string]: unknown }
}

/**
 * What came of a dialog.
 *
 * @since 0.1.0
 * @category models
 */
export interface Completed {
  readonly _tag: "Completed"
  readonly result: unknown
}

/**
 * No. The agent reads `message` after a question or a plan, and goes on, or ends the turn with `stopTurn`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Declined {
  readonly _tag: "Declined"
  readonly message?: string
  readonly stopTurn?: boolean
}

/**
 * Neither yes nor no: the user went away. Servers of forms and pages may tell it from a no.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cancelled {
  readonly _tag: "Cancelled"
}

/**
 * The answer to a request. Which one fits which request: {@link AnswerTo}.
 *
 * @since 0.1.0
 * @category models
 */
export type Answer = Answered | Approved | Accepted | Completed | Declined | Cancelled

/**
 * The answers to one sort of request: `AnswerTo<Input.Question>`.
 *
 * @since 0.1.0
 * @category utility types
 */
export type AnswerTo<A extends Request> =
  | (A extends Question ? Answered : A extends Plan ? Approved : A extends Dialog ? Completed : Accepted)
  | Declined
  | Cancelled

/**
 * The schema of an answer, for one that is given elsewhere, as in a browser.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Answer: Schema.Codec<Answer> = Schema.Union([
  Schema.TaggedStruct("Answered", {
    answers: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Array(Schema.String)]))
  }),
  Schema.TaggedStruct("Approved", {
    mode: Schema.optionalKey(Mode)
  }),
  Schema.TaggedStruct("Accepted", { content: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)) }),
  Schema.TaggedStruct("Completed", { result: Schema.Unknown }),
  Schema.TaggedStruct("Declined", {
    message: Schema.optionalKey(Schema.String),
    stopTurn: Schema.optionalKey(Schema.Boolean)
  }),
  Schema.TaggedStruct("Cancelled", {})
])

/**
 * Answers every request. Requests run at the same time, each in a fiber of its own, which is interrupted when the agent
 * takes the request back. `timeouts.permission` bounds it. See {@link handlers} for one per sort of request.
 *
 * @since 0.1.0
 * @category models
 */
export type Handler<out R = never> = (request: Request) => Effect.Effect<Answer, unknown, R>

/**
 * Answers a question, by the texts of its questions.
 *
 * @example
 * ```ts
 * const tabs = Input.answer({ "Tabs or spaces?": "Tabs" })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const answer = (answers: Answered["answers"]): Answered => ({ _tag: "Answered", answers })

/**
 * Approves a plan.
 *
 * @since 0.1.0
 * @category constructors
 */
export const approve = (options?: { readonly mode?: PermissionMode | undefined }): Approved =>
  options?.mode === undefined ? { _tag: "Approved" } : { _tag: "Approved", mode: options.mode }

/**
 * Fills a form in, or agrees to open a page.
 *
 * @since 0.1.0
 * @category constructors
 */
export const accept = (content?: Accepted["content"]): Accepted =>
  content === undefined ? { _tag: "Accepted" } : { _tag: "Accepted", content }

/**
 * Gives the result of a dialog.
 *
 * @since 0.1.0
 * @category constructors
 */
export const complete = (result: unknown): Completed => ({ _tag: "Completed", result })

/**
 * Says no. `stopTurn` (default: false) ends the turn that asked a question or for a plan's approval.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decline = (message?: string, options?: { readonly stopTurn?: boolean | undefined }): Declined => ({
  _tag: "Declined",
  ...(message === undefined ? {} : { message }),
  ...(options?.stopTurn === undefined ? {} : { stopTurn: options.stopTurn })
})

/**
 * Says neither yes nor no.
 *
 * @since 0.1.0
 * @category constructors
 */
export const cancel: Cancelled = { _tag: "Cancelled" }

/**
 * Declines everything, as a session without a handler does.
 *
 * @since 0.1.0
 * @category handlers
 */
export const declineAll: Handler = () => Effect.succeed(decline())

/**
 * A handler per sort of request. What has none is declined.
 *
 * @since 0.1.0
 * @category models
 */
export interface Handlers<out R = never> {
  readonly question?: ((request: Question) => Effect.Effect<AnswerTo<Question>, unknown, R>) | undefined
  readonly plan?: ((request: Plan) => Effect.Effect<AnswerTo<Plan>, unknown, R>) | undefined
  readonly form?: ((request: Form) => Effect.Effect<AnswerTo<Form>, unknown, R>) | undefined
  readonly url?: ((request: Url) => Effect.Effect<AnswerTo<Url>, unknown, R>) | undefined
  readonly dialog?: ((request: Dialog) => Effect.Effect<AnswerTo<Dialog>, unknown, R>) | undefined
}

/**
 * The services that the handlers `H` need.
 *
 * @since 0.1.0
 * @category utility types
 */
export type Services<H> = {
  readonly [K in keyof H]: H[K] extends (request: never) => Effect.Effect<infer _A, infer _E, infer R> ? R : never
}[keyof H]

/**
 * One handler of several, each for one sort of request; what has none is declined.
 *
 * @example
 * ```ts
 * const input = Input.handlers({
 *   question: ({ questions }) =>
 *     Effect.succeed(Input.answer(Object.fromEntries(questions.map((one) => [one.question, one.options[0]?.label ?? ""])))),
 *   plan: () => Effect.succeed(Input.approve({ mode: "acceptEdits" }))
 * })
 * const session = yield* Session.make({ input })
 * ```
 *
 * @since 0.1.0
 * @category handlers
 */
export const handlers =
  <const H extends Handlers<unknown>>(handlers: H): Handler<Services<H>> =>
  (request) => {
    // What the handlers need is what `Services` read off `H`.
    const own: Handlers<Services<H>> = handlers as Handlers<Services<H>>
    const declined = Effect.succeed(decline())
    switch (request._tag) {
      case "Question":
        return own.question?.(request) ?? declined
      case "Plan":
        return own.plan?.(request) ?? declined
      case "Form":
        return own.form?.(request) ?? declined
      case "Url":
        return own.url?.(request) ?? declined
      case "Dialog":
        return own.dialog?.(request) ?? declined
    }
  }
