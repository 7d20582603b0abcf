/** Errors of the Messages API as the program reports them: retries, then a synthetic message and a result. */
import { randomUUID } from "node:crypto"
import { type Context, due, find, pause, system, type Turn, TurnOver } from "./context.ts"
import { apiFailure, retryError } from "./facts.ts"
import { numeric } from "./faults.ts"
import { assistant, currentModel } from "./frames.ts"

export const apiError = (context: Context, turn: Turn, status: number | null, message: string): never => {
  const failure = apiFailure(status ?? 0, message, currentModel(context))
  const text = status === null ? "API Error: Connection refused" : failure.text
  const cause =
    status === null ? { api_error: "connection_failed" } : { api_error_status: status, api_error_type: failure.type }
  const content = { type: "text", text }
  const synthetic = {
    id: randomUUID(),
    model: "<synthetic>",
    role: "assistant",
    stop_reason: "stop_sequence",
    stop_sequence: "",
    type: "message",
    usage: { input_tokens: 0, output_tokens: 0 },
    content: [content]
  }
  const error = status === null ? "server_error" : failure.error
  assistant(context, turn, synthetic, { error, ...(context.old ? {} : { is_api_error_message: true, ...cause }) })
  throw new TurnOver({
    subtype: "success",
    is_error: true,
    api_error_status: status,
    ...(context.old ? {} : cause),
    result: text,
    stop_reason: "stop_sequence",
    terminal_reason: failure.terminal
  })
}

export const retry = async (
  context: Context,
  turn: Turn,
  attempt: number,
  most: number,
  status: number | null,
  delay: number
): Promise<void> => {
  const failure = apiFailure(status ?? 0, "", "")
  system(context, "api_retry", {
    attempt,
    max_retries: most,
    retry_delay_ms: delay,
    error_status: status,
    error: retryError(status, failure)
  })
  // The delay it names is the real program's; tests have no time for that.
  await pause(turn, 2)
}

/** The fault api-error. */
export const forcedError = async (context: Context, turn: Turn): Promise<void> => {
  const fault = due(turn, "api-error")
  if (fault === undefined) return
  const status = numeric(fault, 500)
  const retries = numeric(find(turn, "retries"), 0)
  for (let attempt = 1; attempt <= retries; attempt++) await retry(context, turn, attempt, retries, status, 500)
  apiError(context, turn, status, `fake ${status}`)
}
