/** One turn of the fake `claude`: from the prompts taken out of the queue to the result and what comes behind it. */
import { isRecord, reply } from "../mockApiReply.ts"
import type { Step } from "../mockApiScript.ts"
import type { Json } from "./arguments.ts"
import { apiError, forcedError, retry } from "./apiErrors.ts"
import { selfStart, taskEnded, taskStarted } from "./bash.ts"
import {
  Aborted,
  breathe,
  type Context,
  due,
  find,
  forever,
  guard,
  lifecycle,
  newTurn,
  type Prompt,
  sessionState,
  system,
  type Turn,
  TurnOver
} from "./context.ts"
import { drift, foreignTurn, someTask } from "./disturbance.ts"
import { apiFailure } from "./facts.ts"
import { type Fault, isLasting, numeric, promptFaults, withoutFaults } from "./faults.ts"
import { init, replay, resultBase, sendResult, structuredSchema, user } from "./frames.ts"
import { blocked, checkStop } from "./hooks.ts"
import { localCommand } from "./localCommands.ts"
import { flood, leaveUnfinished, respond, type Response, type Unfinished } from "./model.ts"
import { fireDue } from "./shots.ts"
import { runTools } from "./tools.ts"

const failed = new Map<string, number>()
const failures = {
  count: (key: string) => failed.get(key) ?? 0,
  add: (key: string) => void failed.set(key, (failed.get(key) ?? 0) + 1)
}

const makeTurn = (context: Context, prompts: ReadonlyArray<Prompt>): Turn => {
  const faults: Array<Fault> = [...context.envFaults]
  for (const fault of prompts.flatMap((prompt) => promptFaults(prompt.text))) {
    if (isLasting(fault.name)) context.lasting.set(fault.name, fault)
    else faults.push(fault)
  }
  return newTurn(prompts, faults)
}

const cleanContent = (content: unknown): unknown => {
  if (typeof content === "string") return withoutFaults(content)
  if (!Array.isArray(content)) return content
  return content.map((block: unknown) =>
    isRecord(block) && typeof block["text"] === "string" ? { ...block, text: withoutFaults(block["text"]) } : block
  )
}

const nextStep = (context: Context): Step => {
  const messages = context.transcript
    .entries()
    .map(({ message }) => ({ role: message["role"], content: cleanContent(message["content"]) }))
  return reply({ messages, stream: true }, context.transcript.sessionId(), failures)
}

/** Asks the model until it answers or the retries are used up. */
const callModel = async (context: Context, turn: Turn, unfinished: Unfinished): Promise<Response> => {
  const most = Number(context.env["CLAUDE_CODE_MAX_RETRIES"] ?? 10)
  if (context.launch.partial) {
    const marks = context.old || turn.uuids.length === 0 ? {} : { user_message_uuids: [...turn.uuids] }
    system(context, "status", { status: "requesting", ...marks })
  }
  await breathe(turn)
  await forcedError(context, turn)
  const flooding = due(turn, "flood")
  if (flooding !== undefined) return flood(context, turn, flooding, unfinished)
  for (let attempt = 1; ; attempt++) {
    const step = nextStep(context)
    if (step.fault?.kind === "error") {
      const { status, message, headers } = step.fault
      const retried = apiFailure(status, message, "").retried && headers["x-should-retry"] !== "false"
      if (!retried || attempt > most) apiError(context, turn, status, message)
      await retry(context, turn, attempt, most, status, Number(headers["retry-after"] ?? 0.5) * 1000)
      continue
    }
    const response = await respond(context, turn, step, unfinished)
    if (!response.broken) return response
    if (attempt > most) apiError(context, turn, null, "")
    await retry(context, turn, attempt, most, null, 566)
  }
}

const checkLimits = (context: Context, turn: Turn, wantsMore: boolean): void => {
  const { maxTurns, maxBudgetUsd } = context.launch
  const failure = (subtype: string, terminal: string, error: string): TurnOver =>
    new TurnOver({
      subtype,
      is_error: true,
      stop_reason: wantsMore ? "tool_use" : "end_turn",
      terminal_reason: terminal,
      errors: [error]
    })
  const budget = find(turn, "budget")
  if (budget !== undefined || context.state.costUsd >= maxBudgetUsd) {
    const limit = budget === undefined ? maxBudgetUsd : numeric(budget, 1)
    throw failure("error_max_budget_usd", "budget_exhausted", `Reached maximum budget ($${limit})`)
  }
  const turns = find(turn, "max-turns")
  if (turns !== undefined || (wantsMore && turn.responses >= maxTurns)) {
    const limit = turns === undefined ? maxTurns : numeric(turns, 1)
    throw failure("error_max_turns", "max_turns", `Reached maximum number of turns (${limit})`)
  }
}

/** Messages that came in while tools ran go into the running turn. */
const fold = (context: Context, turn: Turn): void => {
  const folded = context.queue.filter((prompt) => prompt.origin === undefined)
  for (const prompt of folded) {
    context.queue.splice(context.queue.indexOf(prompt), 1)
    turn.folded.push(prompt)
    if (prompt.uuid !== undefined) turn.uuids.push(prompt.uuid)
    context.transcript.append("user", { role: "user", content: prompt.content }, prompt.uuid)
    if (context.launch.replay) replay(context, prompt.content, prompt.uuid)
    lifecycle(context, [prompt.uuid], "started")
  }
}

const enforcement = "[structured-output-enforce] You MUST call the StructuredOutput tool to complete this request."

const converse = async (context: Context, turn: Turn, unfinished: Unfinished): Promise<Json> => {
  let enforced = false
  let stopped = false
  if (context.state.costUsd >= context.launch.maxBudgetUsd) checkLimits(context, turn, false)
  for (;;) {
    const response = await callModel(context, turn, unfinished)
    turn.responses++
    const { calls } = response
    if (calls.length > 0) {
      const tools = runTools(context, turn, calls)
      response.close()
      await tools
      checkStop(turn)
      checkLimits(context, turn, true)
      fold(context, turn)
      continue
    }
    response.close()
    checkLimits(context, turn, false)
    if (structuredSchema(context) !== undefined && !enforced) {
      enforced = true
      user(context, turn, [{ type: "text", text: enforcement }], { isSynthetic: true })
      continue
    }
    const input = { stop_hook_active: stopped, last_assistant_message: response.text, background_tasks: [] }
    const feedback = await blocked(context, turn, "Stop", input)
    if (feedback !== undefined && !stopped) {
      stopped = true
      user(context, turn, `Stop hook feedback:\n${feedback}`, { isSynthetic: true })
      continue
    }
    return {
      subtype: "success",
      is_error: false,
      result: response.text,
      stop_reason: "end_turn",
      terminal_reason: "completed",
      api_error_status: null
    }
  }
}

const aborted = (context: Context, turn: Turn, unfinished: Unfinished): Json => {
  const inTools = turn.phase === "tools"
  const quiet = turn.abortReason === "now"
  const closeMessage = inTools ? () => undefined : leaveUnfinished(context, turn, unfinished)
  if (!quiet) {
    const text = inTools ? "[Request interrupted by user for tool use]" : "[Request interrupted by user]"
    user(context, turn, [{ type: "text", text }])
  }
  closeMessage()
  const stop = inTools ? "tool_use" : null
  return {
    subtype: "error_during_execution",
    is_error: true,
    stop_reason: stop,
    terminal_reason: inTools ? "aborted_tools" : "aborted_streaming",
    errors: [`[ede_diagnostic] result_type=user last_content_type=n/a stop_reason=${stop}`]
  }
}

const finish = (context: Context, turn: Turn, fields: Json): void => {
  const origin = turn.prompts[0]?.origin
  const whole = { ...resultBase(context, turn), ...(origin === undefined ? {} : { origin }), ...fields }
  const result = find(turn, "drifted-result") === undefined ? whole : drift(whole)
  lifecycle(
    context,
    turn.folded.map((prompt) => prompt.uuid),
    "completed"
  )
  sendResult(context, result)
  if (find(turn, "duplicate-result") !== undefined)
    context.out.line({ ...result, session_id: context.transcript.sessionId() })
  const leaf = context.transcript.entries().at(-1)?.uuid
  context.transcript.note({ type: "last-prompt", lastPrompt: turn.prompts.at(-1)?.text, leafUuid: leaf })
  context.transcript.note({
    type: "cost-state",
    totalCostUSD: context.state.costUsd,
    modelUsage: context.state.modelUsage
  })
  const cancelled = fields["is_error"] === true && fields["subtype"] !== "error_max_turns"
  lifecycle(
    context,
    turn.prompts.map((prompt) => prompt.uuid),
    cancelled ? "cancelled" : "completed"
  )
  if (find(turn, "late-frames") !== undefined) taskEnded(context, someTask(), "completed", "completed", "late news")
}

const open = async (context: Context, turn: Turn): Promise<Json | undefined> => {
  if (find(turn, "stuck") !== undefined) await new Promise(() => undefined)
  const [first] = turn.prompts
  const local = first === undefined || turn.prompts.length > 1 ? undefined : localCommand(context, turn, first.text)
  if (local !== undefined) return local
  const reason = await blocked(context, turn, "UserPromptSubmit", { prompt: first?.text })
  if (reason !== undefined) {
    system(context, "informational", { content: reason, level: "warning", prevent_continuation: true })
    return { subtype: "success", is_error: false, result: reason, num_turns: 0 }
  }
  await guard(turn, context.state.greeting)
  init(context, turn)
  const last = turn.prompts.at(-1)
  const content = turn.prompts.length === 1 ? last?.content : turn.prompts.map((prompt) => prompt.text).join("\n")
  context.transcript.append("user", { role: "user", content }, last?.uuid)
  if (turn.prompts.some((prompt) => prompt.shouldQuery)) return undefined
  if (context.launch.replay) replay(context, content, last?.uuid)
  return { subtype: "success", is_error: false, result: "", num_turns: 0 }
}

const play = async (context: Context, turn: Turn): Promise<Json> => {
  const unfinished: Unfinished = { message: {}, index: 0, block: undefined }
  try {
    const fields = (await open(context, turn)) ?? (await converse(context, turn, unfinished))
    await fireDue(context, turn, Number.POSITIVE_INFINITY)
    if (find(turn, "silence") !== undefined) await forever(turn)
    return fields
  } catch (error) {
    if (error instanceof TurnOver) return error.fields
    if (error instanceof Aborted) return aborted(context, turn, unfinished)
    throw error
  }
}

/** Runs a turn to its end; never rejects for what a turn can meet. */
export const runTurn = async (context: Context, prompts: ReadonlyArray<Prompt>): Promise<void> => {
  const turn = makeTurn(context, prompts)
  const { state } = context
  state.turn = turn
  state.begun = true
  sessionState(context, "running")
  const foreign = find(turn, "foreign-result")
  const task = someTask()
  if (foreign !== undefined && foreign.value !== "inside") foreignTurn(context, task)
  if (context.launch.replay) for (const prompt of prompts.slice(0, -1)) replay(context, prompt.content, prompt.uuid)
  lifecycle(
    context,
    turn.prompts.map((prompt) => prompt.uuid),
    "started"
  )
  if (find(turn, "background-task") !== undefined) taskStarted(context, task)
  const fields = await play(context, turn)
  if (foreign?.value === "inside") foreignTurn(context, task)
  finish(context, turn, fields)
  state.turn = undefined
  sessionState(context, "idle")
  if (find(turn, "background-task") === undefined || prompts[0]?.origin !== undefined) return
  context.tasks.set(task.id, { output: () => "", kill: () => Promise.resolve() })
  setTimeout(() => {
    if (!context.tasks.delete(task.id)) return
    taskEnded(context, task, "completed", "completed", task.description)
    // The real one takes its time too.
    setTimeout(() => selfStart(context, task), 20)
  }, 20)
}
