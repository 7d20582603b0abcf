/** Takes what the CLI asks to the handlers of the session, and their answers back. */
import * as Effect from "effect/Effect"
import type { Core } from "../../internal/core.ts"
import type { ToolId } from "../../internal/ids.ts"
import type * as ClaudeControl from "../ClaudeControl.ts"
import * as Asked from "./asked.ts"
import type { CanUseTool, Elicitation, RequestUserDialog } from "./controlInbound.ts"
import type { PermissionResult } from "./controlPermission.ts"
import type { Events } from "./events.ts"
import * as Reply from "./reply.ts"

export interface Options {
  readonly core: Core
  readonly events: Pick<Events, "asked" | "denied">
  readonly answer: (reply: ClaudeControl.OutboundReply) => Effect.Effect<void>
  readonly place: Asked.Place
  /** Kinds of dialogs that the handshake declared. Another kind is not ours to answer. */
  readonly dialogKinds: ReadonlyArray<string>
}

export class Asking {
  readonly #options: Options

  constructor(options: Options) {
    this.#options = options
  }

  tool(requestId: string, request: CanUseTool, raw: unknown, size: number): void {
    const { core, events, place } = this.#options
    const { sessionId } = core.journal
    const reply = (result: PermissionResult) => this.#decided(requestId, request, result)
    const input = Asked.toolInput(requestId, request, sessionId)
    const ask = (parent: ToolId | undefined): void =>
      input === undefined
        ? core.decisions.request(
            Asked.permissionRequest(requestId, request, sessionId, place),
            (decision) => reply(Asked.permissionResult(request, decision)),
            raw,
            parent
          )
        : core.decisions.input(input, (answer) => reply(Asked.toolInputResult(request, answer)), raw, size, parent)
    events.asked(request, ask, raw, size)
  }

  elicitation(requestId: string, request: Elicitation, raw: unknown, size: number): void {
    const { answer, core } = this.#options
    core.decisions.input(
      Asked.elicitation(requestId, request, core.journal.sessionId),
      (given) => answer(Reply.success(requestId, Asked.elicitationResult(request, given))),
      raw,
      size
    )
  }

  dialog(requestId: string, request: RequestUserDialog, raw: unknown, size: number): void {
    const { answer, core, dialogKinds } = this.#options
    if (!dialogKinds.includes(request.dialog_kind)) return
    core.decisions.input(
      Asked.dialog(requestId, request, core.journal.sessionId),
      (given) => answer(Reply.success(requestId, Asked.dialogResult(given))),
      raw,
      size
    )
  }

  #decided(requestId: string, { tool_use_id }: CanUseTool, result: PermissionResult): Effect.Effect<void> {
    const { answer, core, events } = this.#options
    return Effect.suspend(() => {
      if (result.behavior === "deny") {
        if (tool_use_id !== undefined) events.denied(tool_use_id)
        const { running } = core.turns
        if (result.interrupt === true && running !== undefined) running.interrupted = true
      }
      return answer(Reply.success(requestId, { ...result }))
    })
  }
}
