/** What comes into a turn, or behind it, that is no part of it. */
import { randomUUID } from "node:crypto"
import type { Json } from "./arguments.ts"
import type { TaskInfo } from "./bash.ts"
import { type Context, newTurn, send } from "./context.ts"
import { currentModel, init, resultBase, sendResult, spend } from "./frames.ts"

/** A whole turn that no prompt has asked for: background work that reports in between. */
export const foreignTurn = (context: Context, task: TaskInfo): void => {
  const turn = newTurn([], [])
  init(context, turn)
  const message = {
    id: `msg_${randomUUID()}`,
    type: "message",
    role: "assistant",
    model: currentModel(context),
    content: [{ type: "text", text: "A background task has ended." }],
    stop_reason: null,
    stop_sequence: null,
    usage: { input_tokens: 1, output_tokens: 1 }
  }
  send(context, { type: "assistant", message, parent_tool_use_id: null })
  spend(context, turn, { input: 10, output: 20, cacheRead: 0, cacheWrite: 0 }, true)
  sendResult(context, {
    ...resultBase(context, turn),
    subtype: "success",
    is_error: false,
    result: "A background task has ended.",
    terminal_reason: "completed",
    stop_reason: "end_turn",
    origin: { kind: "task-notification", producer: "session-task", runId: task.run }
  })
}

export const someTask = (): TaskInfo => {
  const id = `b${randomUUID().slice(0, 8)}`
  return { id, toolId: `toolu_${id}`, description: "background job", type: "local_bash", run: `run-${id}` }
}

/** Only what a reader needs to recognise the end of its turn is left as it should be. */
export const drift = (result: Json): Json => ({
  ...result,
  usage: "none",
  modelUsage: [],
  total_cost_usd: "0.1",
  duration_ms: null,
  num_turns: "one",
  permission_denials: {},
  result: { text: result["result"] }
})
