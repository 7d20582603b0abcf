/** The Agent tool: a second conversation whose frames point to the tool call they belong to. It has no transcript of its own. */
import { randomBytes } from "node:crypto"
import { reply } from "../mockApiReply.ts"
import { message } from "../mockApiWire.ts"
import type { Json } from "./arguments.ts"
import { breathe, type Context, send, system, type Turn } from "./context.ts"
import { messageModel, spend } from "./frames.ts"
import { type Call, callsOf, decide } from "./permission.ts"

export interface ToolOutcome {
  readonly content: unknown
  readonly isError: boolean
  readonly details: unknown
}

type Run = (context: Context, turn: Turn, call: Call) => Promise<ToolOutcome>

const noFailures = { count: () => 0, add: () => undefined }

const only = (whole: Json, content: unknown): Json => ({ ...whole, content: [content], stop_reason: null })

/** Runs the sub-agent that a call asks for; `run` executes the tools it uses. */
export const runAgent = async (context: Context, turn: Turn, call: Call, run: Run): Promise<ToolOutcome> => {
  const id = `a${randomBytes(8).toString("hex")}`
  const prompt = String(call.input["prompt"] ?? "")
  const description = String(call.input["description"] ?? "")
  const kind = { subagent_type: String(call.input["subagent_type"] ?? "general-purpose") }
  const task = { task_id: id, ...(context.old ? {} : { run_id: `run-${id}` }) }
  const marks = {
    parent_tool_use_id: call.id,
    ...(context.old ? {} : { agent_id: id }),
    ...kind,
    task_description: description
  }
  system(context, "task_started", {
    ...task,
    tool_use_id: call.id,
    description,
    ...kind,
    ...(context.old ? {} : { is_backgrounded: false, spawn_depth: 1 }),
    task_type: "local_agent",
    prompt
  })
  const messages: Array<Json> = [{ role: "user", content: [{ type: "text", text: prompt }] }]
  send(context, { type: "user", message: messages[0], ...marks })
  let summary = ""
  for (let wantsMore = true; wantsMore;) {
    await breathe(turn)
    const step = reply({ messages, stream: true }, id, noFailures)
    const serial = `${id}${String(messages.length).padStart(2, "0")}`
    const whole = message(step, { serial, requestId: `req_mock${serial}`, model: messageModel(context) })
    const contents = Array.isArray(whole["content"]) ? whole["content"] : []
    for (const content of contents) {
      send(context, { type: "assistant", message: only(whole, content), ...marks, request_id: `req_mock${serial}` })
    }
    messages.push({ role: "assistant", content: contents })
    spend(context, turn, step.usage, false)
    summary = step.blocks.flatMap((block) => (block.kind === "text" ? [block.text] : [])).at(-1) ?? summary
    const calls = callsOf(contents)
    wantsMore = calls.length > 0
    for (const nested of calls) {
      const doing = { description: `Running ${nested.name}`, ...kind, last_tool_name: nested.name }
      system(context, "task_progress", { ...task, tool_use_id: call.id, ...doing })
      const decision = await decide(context, turn, nested, { agent_id: id })
      const outcome =
        decision.kind === "deny"
          ? { content: decision.message, isError: true }
          : await run(context, turn, { ...nested, input: decision.input })
      const { content, isError } = outcome
      const block = { tool_use_id: nested.id, type: "tool_result", content, is_error: isError }
      const said = { role: "user", content: [block] }
      messages.push(said)
      send(context, { type: "user", message: said, ...marks })
    }
  }
  system(context, "task_updated", { ...task, patch: { status: "completed", end_time: Date.now() } })
  const output = `/run/fake-claude/tasks/${id}.output`
  const end = { tool_use_id: call.id, status: "completed", output_file: output, summary }
  system(context, "task_notification", { ...task, ...end })
  const content = [{ type: "text", text: summary }]
  return { content, isError: false, details: { status: "completed", prompt, agentId: id, content } }
}
