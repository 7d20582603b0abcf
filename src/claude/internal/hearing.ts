/**
 * What the messages of the CLI mean: which turn begins and ends, what is asked of us, what is news. Synchronous; what
 * has to run goes through the journal.
 */
import * as Effect from "effect/Effect"
import { AuthenticationFailed, ContinuityLost } from "../../AgentError.ts"
import type { Core } from "../../internal/core.ts"
import * as ids from "../../internal/ids.ts"
import type { Outgoing, TurnEnd } from "../../internal/liveTurn.ts"
import * as Prompt from "../../Prompt.ts"
import type * as ClaudeControl from "../ClaudeControl.ts"
import * as ClaudeMessage from "../ClaudeMessage.ts"
import type { Asking } from "./asking.ts"
import type { Events } from "./events.ts"
import type { HookCalls } from "./hookCalls.ts"
import * as Outcome from "./outcome.ts"
import { Prompts } from "./prompts.ts"
import * as Reply from "./reply.ts"
import type { ToolServers } from "./toolServers.ts"
import { isObject } from "./wire.ts"

export interface Options {
  readonly core: Core
  readonly events: Events
  readonly answer: (reply: ClaudeControl.OutboundReply) => Effect.Effect<void>
  readonly asking: Asking
  readonly toolServers: ToolServers
  readonly hookCalls: HookCalls
  /** The conversation goes on under this id. */
  readonly moved: (sessionId: string) => void
}

const stopped: TurnEnd = { outcome: { _tag: "Interrupted" } }

export class Hearing {
  readonly prompts = new Prompts()
  /** Something was said in this conversation, so that it must be on disk. */
  kept = false
  readonly #options: Options
  /** The id that the next turn must come with: that of the conversation that is gone on with. */
  #expected: string | undefined
  /** What was sent may give the conversation another id: `/clear` does. */
  #isCommand = false
  /** The agent is to run what was said into a turn too late, and has not begun. */
  #awaited = false

  constructor(options: Options) {
    this.#options = options
  }

  /** Another process is heard from now on. */
  process(expected: string | undefined): void {
    this.#isCommand = false
    this.#expected = expected
    this.#awaited = false
    this.prompts.reset()
  }

  /** A prompt goes out. */
  sending({ messageId, prompt }: Outgoing): void {
    this.#isCommand = Prompt.textOf(prompt).startsWith("/")
    this.prompts.sent(messageId)
  }

  message(message: ClaudeMessage.ClaudeMessage, size: number): void {
    const { answer, asking, core, events, hookCalls, toolServers } = this.#options
    if (ClaudeMessage.isUnknown(message)) return this.#unknown(message, size)
    switch (message.type) {
      case "control_response":
        return
      case "control_request": {
        const { request } = message
        if (request.subtype === "can_use_tool") return asking.tool(message.request_id, request, message, size)
        if (request.subtype === "elicitation") return asking.elicitation(message.request_id, request, message, size)
        if (request.subtype === "request_user_dialog") return asking.dialog(message.request_id, request, message, size)
        if (request.subtype === "mcp_message") return toolServers.message(message.request_id, request)
        if (request.subtype === "hook_callback") return hookCalls.called(message.request_id, request)
        return core.journal.later(answer(Reply.unhandled(message.request_id, request)))
      }
      case "control_cancel_request":
        if (toolServers.withdraw(message.request_id) || hookCalls.withdraw(message.request_id)) return
        core.decisions.withdraw(ids.requestId(message.request_id))
        return
      case "result":
        return this.#result(message)
      case "system":
        return this.#system(message, size)
      case "conversation_reset":
        this.#expected = undefined
        return events.message(message, size)
      case "command_lifecycle":
        return this.#life(message)
      default:
        return events.message(message, size)
    }
  }

  #system(message: ClaudeMessage.SystemMessage, size: number): void {
    const { core, events } = this.#options
    switch (message.subtype) {
      case "init":
        return this.#init(message, size)
      case "session_state_changed":
        if (message.state !== "requires_action") core.quiescence.works(message.state === "running")
        return
      case "api_retry":
        events.message(message, size)
        if (core.resolved.failFast === true && (message.error_status === 401 || message.error_status === 403)) {
          core.turns.fail(new AuthenticationFailed({ description: `the provider answered ${message.error_status}` }))
        }
        return
      case "task_notification":
        // The CLI tells the model of work that ended by itself in a turn of its own, unless one runs that can be told.
        if (message.status !== "stopped" && core.turns.running === undefined) {
          core.quiescence.expects(ids.taskId(message.task_id))
        }
        return events.message(message, size)
      default:
        return events.message(message, size)
    }
  }

  #init(message: ClaudeMessage.SystemInit, size: number): void {
    const { core, events, moved } = this.#options
    const { journal, turns } = core
    const { session_id: sessionId } = message
    const lost = this.#continuityLost(sessionId)
    if (lost !== undefined) {
      // At once: the answer of the wrong conversation may be in the same piece.
      turns.end(lost)
      return journal.later(core.lost(turns.error("handshake", lost)))
    }
    if (sessionId !== journal.sessionId) {
      this.kept = false
      moved(sessionId)
    }
    core.quiescence.began()
    const ours = turns.caller !== undefined && this.prompts.begins(message)
    if (ours) turns.agentTurnEnded(stopped)
    else turns.agentBegan()
    this.#awaited = false
    events.init(message, size)
  }

  #continuityLost(sessionId: string): ContinuityLost | undefined {
    const expected = this.#expected
    if (expected === undefined || (this.#isCommand && expected === sessionId)) return undefined
    this.#expected = undefined
    return this.#isCommand || expected === sessionId ? undefined : new ContinuityLost({ expected, actual: sessionId })
  }

  #life(message: ClaudeMessage.CommandLifecycle): void {
    const { turns } = this.#options.core
    const became = this.prompts.lives(message)
    if (became === "dropped") turns.turnEnded(stopped)
    else if (became === "unsaid" && this.#awaited) {
      this.#awaited = false
      turns.agentTurnEnded(stopped)
    }
  }

  #result(result: ClaudeMessage.Result): void {
    const { core, events } = this.#options
    const end = Outcome.endOf(result, events.takeContext())
    this.kept ||= result.num_turns !== 0
    if (!this.prompts.ends(result)) return core.turns.agentTurnEnded(end)
    this.#awaited = this.prompts.isLate
    // Folded into a turn the agent ran by itself: one result ends both.
    core.turns.agentTurnEnded({ ...end, report: undefined })
    core.turns.turnEnded(end, this.#awaited)
  }

  #unknown(message: ClaudeMessage.Unknown, size: number): void {
    const { answer, core, hookCalls } = this.#options
    const { issue, raw, subtype, type } = message
    core.journal.emit(
      {
        _tag: "Unknown",
        type: type ?? "",
        ...(subtype === undefined ? {} : { subtype }),
        ...(issue === undefined ? {} : { issue })
      },
      undefined,
      raw,
      size
    )
    const result = ClaudeMessage.recoverResult(raw)
    if (result !== undefined) this.#result(result)
    const requestId = ClaudeMessage.requestId(message)
    if (type !== "control_request" || requestId === undefined) return
    if (subtype === "hook_callback") hookCalls.unreadable(requestId, isObject(raw) ? raw["request"] : undefined)
    else {
      core.journal.later(answer(Reply.refusal(requestId, `${subtype ?? "the request"} is not of a known form`)))
    }
  }
}
