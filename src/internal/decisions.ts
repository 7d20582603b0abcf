/**
 * What the agent asks of the user's code: may this tool run, and what does the user say. Each is told as an event, answered
 * by the handler or by default, and told again when it is settled.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ResolvedOptions } from "../AgentAdapter.ts"
import type { InputRequested } from "../AgentEvent.ts"
import * as Input from "../Input.ts"
import * as Permission from "../Permission.ts"
import { Answering } from "./answering.ts"
import * as Handler from "./handlerRun.ts"
import type { RequestId, ToolId } from "./ids.ts"
import { issueOf } from "./inputAnswer.ts"
import type { Body, Journal } from "./journal.ts"
import type { Turns } from "./turns.ts"

const isDecision = Schema.is(Permission.Decision)
const isAnswer = Schema.is(Input.Answer)

const kinds: { readonly [K in Input.Request["_tag"]]: InputRequested["kind"] } = {
  Question: "question",
  Plan: "plan",
  Form: "form",
  Url: "url",
  Dialog: "dialog"
}

interface Answered extends Handler.Outcome<Input.Answer> {
  /** Why the handler's answer did not count. */
  readonly issue?: string | undefined
}

export class Decisions {
  readonly #journal: Journal
  readonly #resolved: ResolvedOptions
  readonly #permissions: Answering<RequestId>
  readonly #inputs: Answering<RequestId>

  constructor(journal: Journal, turns: Turns, resolved: ResolvedOptions) {
    this.#journal = journal
    this.#resolved = resolved
    this.#permissions = new Answering(journal, turns, (requestId: RequestId) =>
      journal.emit({ _tag: "PermissionResolved", requestId, by: "withdrawn" })
    )
    this.#inputs = new Answering(journal, turns, (requestId: RequestId) =>
      journal.emit({ _tag: "InputResolved", requestId, by: "withdrawn" })
    )
  }

  /** Asks the permission handler; `reply` takes the decision to the agent. `parent`: the call of the subagent that asks. */
  request(
    request: Permission.Request,
    reply: (decision: Permission.Decision) => Effect.Effect<void>,
    raw?: unknown,
    parent?: ToolId
  ): void {
    const { requestId, toolId } = request
    if (this.#permissions.has(requestId)) return
    const tell = this.#teller(parent)
    this.#journal.emit(
      {
        _tag: "PermissionRequested",
        requestId,
        tool: request.tool,
        input: request.input,
        suggestions: request.suggestions,
        ...(toolId === undefined ? {} : { toolId })
      },
      parent,
      raw
    )
    this.#permissions.ask(requestId, this.#decide(request), ({ answer, by }) => {
      tell({ _tag: "PermissionResolved", requestId, by, decision: answer })
      return reply(answer)
    })
  }

  /** Asks the input handler; `reply` takes the answer to the agent. */
  input(
    request: Input.Request,
    reply: (answer: Input.Answer) => Effect.Effect<void>,
    raw?: unknown,
    size?: number,
    parent?: ToolId
  ): void {
    const { requestId, toolId } = request
    if (this.#inputs.has(requestId)) return
    const tell = this.#teller(parent)
    this.#journal.emit(
      {
        _tag: "InputRequested",
        requestId,
        kind: kinds[request._tag],
        payload: request,
        ...(toolId === undefined ? {} : { toolId })
      },
      parent,
      raw,
      size
    )
    this.#inputs.ask(requestId, this.#answer(request), ({ answer, by, issue }) => {
      if (issue !== undefined) {
        const text = `the answer of the input handler does not fit, so it is declined: ${issue}`
        this.#journal.emit({ _tag: "Notice", level: "warning", code: "input-invalid", text })
      }
      tell({ _tag: "InputResolved", requestId, by, answer })
      return reply(answer)
    })
  }

  /** The agent takes a request back. False when there is no such request. */
  withdraw(requestId: RequestId): boolean {
    return this.#permissions.withdraw(requestId) || this.#inputs.withdraw(requestId)
  }

  withdrawAll(): void {
    this.#permissions.withdrawAll()
    this.#inputs.withdrawAll()
  }

  /** For what comes of a request that is made now: when it is no part of a turn, that is none either. */
  #teller(parent: ToolId | undefined): (body: Body) => void {
    const journal = this.#journal
    const tell = (body: Body) => journal.emit(body, parent)
    return journal.current === undefined ? (body) => journal.apart(() => tell(body)) : tell
  }

  #decide(request: Permission.Request): Effect.Effect<Handler.Outcome<Permission.Decision>> {
    const { permissions, timeouts } = this.#resolved
    if (permissions === undefined) {
      return Effect.succeed({ by: "default", answer: Permission.deny("No permission handler is installed.") })
    }
    return Handler.run({
      who: "The permission handler",
      work: () => permissions(request),
      deadline: timeouts.permission,
      isAnswer: isDecision,
      otherwise: (message) => Permission.deny(message)
    })
  }

  #answer(request: Input.Request): Effect.Effect<Answered> {
    const { input, timeouts } = this.#resolved
    if (input === undefined) {
      return Effect.succeed({ by: "default", answer: Input.decline("Nobody answers questions here.") })
    }
    const given = Handler.run({
      who: "The input handler",
      work: () => input(request),
      deadline: timeouts.permission,
      isAnswer,
      otherwise: (message) => Input.decline(message)
    })
    return Effect.flatMap(given, (outcome) =>
      Effect.map(issueOf(request, outcome.answer), (issue) =>
        issue === undefined
          ? outcome
          : { by: "default", answer: Input.decline(`The answer does not fit: ${issue}`), issue }
      )
    )
  }
}
