/** Prompts that never reach the model: /clear, /compact and /usage. */
import { randomUUID } from "node:crypto"
import type { Json } from "./arguments.ts"
import { type Context, send, system, type Turn } from "./context.ts"
import { assistant, init } from "./frames.ts"

const nothing: Json = { subtype: "success", is_error: false, result: "", num_turns: 0 }

/** The id in `conversation_reset` is not that of the session from now on: the next init tells that. */
const clear = (context: Context, turn: Turn): Json => {
  const id = randomUUID()
  if (!context.old) {
    send(context, {
      type: "conversation_reset",
      new_conversation_id: id,
      uuid: id,
      trigger: "clear",
      user_message_uuid: turn.uuids[0],
      timestamp: new Date().toISOString()
    })
    system(context, "background_tasks_changed", { tasks: [] })
  }
  context.transcript.reset(randomUUID())
  context.state.costUsd = 0
  context.state.modelUsage = {}
  init(context, turn)
  return context.old ? nothing : { ...nothing, local_command: "clear" }
}

const compact = (context: Context): Json => {
  system(context, "status", { status: "compacting" })
  system(context, "status", { status: null, compact_result: "success" })
  system(context, "compact_boundary", {
    compact_metadata: { trigger: "manual", pre_tokens: 117, post_tokens: 25, duration_ms: 1 }
  })
  const note = (content: string, extra: Json): void => {
    send(context, { type: "user", message: { role: "user", content }, parent_tool_use_id: null, ...extra })
  }
  const summary = "This session is being continued from a previous conversation that ran out of context."
  note(summary, { isReplay: false, isSynthetic: true })
  note("<local-command-stdout>Compacted </local-command-stdout>", { isReplay: true })
  return { ...nothing, local_command: "compact" }
}

const usage = (context: Context, turn: Turn): Json => {
  const text = `Total cost: $${context.state.costUsd.toFixed(4)}`
  const content = [{ type: "text", text }]
  const message = { id: randomUUID(), model: "<synthetic>", role: "assistant", type: "message", content }
  assistant(context, turn, { ...message, stop_reason: "end_turn", stop_sequence: null, usage: {} })
  return { ...nothing, result: text, local_command: "usage" }
}

/** The fields of the result when the prompt is such a command. */
export const localCommand = (context: Context, turn: Turn, text: string): Json | undefined => {
  const [, name] = /^\/(clear|compact|usage)\b/.exec(text) ?? []
  switch (name) {
    case "clear":
      return clear(context, turn)
    case "compact":
      return compact(context)
    case "usage":
      return usage(context, turn)
    default:
      return undefined
  }
}
