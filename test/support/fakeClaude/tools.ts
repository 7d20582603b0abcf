/** The tools of the fake `claude`: Bash, Write, Read, questions, in-process MCP and structured output really do something. */
import * as Fs from "node:fs"
import { randomUUID } from "node:crypto"
import * as Path from "node:path"
import { isRecord } from "../mockApiReply.ts"
import { runAgent, type ToolOutcome } from "./agent.ts"
import type { Json } from "./arguments.ts"
import { runBash, runInBackground } from "./bash.ts"
import { Aborted, askHost, type Context, guard, pause, type Turn, TurnOver, withdraw } from "./context.ts"
import { numeric } from "./faults.ts"
import { structuredSchema, user } from "./frames.ts"
import { postToolUse } from "./hooks.ts"
import { callMcp } from "./mcp.ts"
import { type Call, type Decision, decide, rejected, setMode } from "./permission.ts"

const ok = (content: unknown, details: unknown): ToolOutcome => ({ content, details, isError: false })

const failed = (message: string): ToolOutcome => ({ content: message, details: `Error: ${message}`, isError: true })

const bash = async (context: Context, turn: Turn, call: Call): Promise<ToolOutcome> => {
  const command = String(call.input["command"] ?? "")
  const details = { stdout: "", stderr: "", interrupted: false, isImage: false, noOutputExpected: false }
  const standalone = /^\s*sleep\s+(\S+)\s*$/.exec(command)
  if (standalone !== null && !context.old && Number(standalone[1]) >= 2) {
    return failed(`<tool_use_error>Blocked: standalone sleep ${standalone[1]}.</tool_use_error>`)
  }
  if (call.input["run_in_background"] === true) {
    const id = runInBackground(context, command, String(call.input["description"] ?? command), call.id)
    return ok(`Command running in background with ID: ${id}.`, { ...details, backgroundTaskId: id })
  }
  const running = runBash(context, command)
  context.foreground.add(running.kill)
  try {
    const { code, stdout, stderr } = await guard(turn, running.end)
    if (code !== 0) return failed(`Exit code ${code}${stderr === "" ? "" : `\n${stderr.trimEnd()}`}`)
    const said = [stdout.trimEnd(), stderr.trimEnd()].filter((text) => text !== "").join("\n")
    const shown = { ...details, stdout: stdout.trimEnd(), stderr: stderr.trimEnd(), noOutputExpected: said === "" }
    return ok(said === "" ? "(Bash completed with no output)" : said, shown)
  } catch (error) {
    await running.kill()
    throw error
  } finally {
    context.foreground.delete(running.kill)
  }
}

const write = (context: Context, call: Call): ToolOutcome => {
  const path = Path.resolve(context.cwd, String(call.input["file_path"]))
  const content = String(call.input["content"] ?? "")
  Fs.mkdirSync(Path.dirname(path), { recursive: true })
  Fs.writeFileSync(path, content)
  const details = { type: "create", filePath: path, content, structuredPatch: [], originalFile: null }
  return ok(`File created successfully at: ${path}`, details)
}

const read = (context: Context, call: Call): ToolOutcome => {
  const path = Path.resolve(context.cwd, String(call.input["file_path"]))
  if (!Fs.existsSync(path)) return failed("File does not exist.")
  const content = Fs.readFileSync(path, "utf8")
  const numbered = content.split("\n").map((line, index) => `${String(index + 1).padStart(6)}\t${line}`)
  return ok(numbered.join("\n"), { type: "text", file: { filePath: path, content } })
}

const questions = (call: Call): ToolOutcome => {
  const answers = isRecord(call.input["answers"]) ? call.input["answers"] : {}
  const said = Object.entries(answers).map(([question, answer]) => `"${question}"="${String(answer)}"`)
  return ok(`Your questions have been answered: ${said.join(", ")}. You can now continue.`, call.input)
}

const problem = (schema: Json, value: Json): string | undefined => {
  const required = Array.isArray(schema["required"]) ? schema["required"] : []
  const missing = required.find((name: unknown) => !Object.hasOwn(value, String(name)))
  return missing === undefined ? undefined : `root: must have required property '${String(missing)}'`
}

const structured = (context: Context, turn: Turn, call: Call): ToolOutcome => {
  const wrong = problem(structuredSchema(context) ?? {}, call.input)
  if (wrong === undefined) return ok("Structured output provided successfully", call.input)
  turn.structuredAttempts++
  return failed(`Output does not match required schema: ${wrong}`)
}

/** What the host says is what comes of the call. */
const askUser = async (context: Context, turn: Turn, request: Json): Promise<ToolOutcome> => {
  const id = randomUUID()
  const asked = askHost(context, request, id)
  const withdrawal = turn.faults.find((fault) => fault.name === "withdraw-ask")
  if (withdrawal !== undefined) {
    await pause(turn, numeric(withdrawal, 10))
    withdraw(context, id)
  }
  const reply = await guard(turn, asked)
  return reply.kind === "success" ? ok(JSON.stringify(reply.response), reply.response) : failed(`asked: ${reply.kind}`)
}

/** Kinds that the host did not declare are not shown. */
const dialog = async (context: Context, turn: Turn, call: Call): Promise<ToolOutcome> => {
  const kinds = context.state.initialize?.["supportedDialogKinds"]
  if (!Array.isArray(kinds) || !kinds.includes(call.input["dialog_kind"])) return failed("no dialog can be shown")
  return askUser(context, turn, { subtype: "request_user_dialog", ...call.input, tool_use_id: call.id })
}

const run = async (context: Context, turn: Turn, call: Call): Promise<ToolOutcome> => {
  const server = /^mcp__(.+?)__(.+)$/.exec(call.name)
  if (server !== null) return callMcp(context, turn, call, server[1] ?? "", server[2] ?? "")
  switch (call.name) {
    case "Bash":
      return bash(context, turn, call)
    case "Write":
      return write(context, call)
    case "Read":
      return read(context, call)
    case "AskUserQuestion":
      return questions(call)
    case "Elicit":
      return askUser(context, turn, { subtype: "elicitation", ...call.input })
    case "Dialog":
      return dialog(context, turn, call)
    case "Agent":
      return runAgent(context, turn, call, run)
    case "ExitPlanMode":
      setMode(context, "default")
      return ok("User has approved exiting plan mode. You can now proceed.", { plan: null, isAgent: false })
    case "StructuredOutput":
      return structured(context, turn, call)
    default:
      return ok(`${call.name} done`, call.input)
  }
}

const sendResultOf = (context: Context, turn: Turn, call: Call, outcome: ToolOutcome, meta: Json): void => {
  const { content, isError, details } = outcome
  const block = isError
    ? { type: "tool_result", content, is_error: true, tool_use_id: call.id }
    : { tool_use_id: call.id, type: "tool_result", content, is_error: false }
  user(context, turn, [block], { tool_use_result: details, tool_result_meta: [{ id: call.id, ...meta }] })
}

const denial = (call: Call): Json => ({ tool_name: call.name, tool_use_id: call.id, tool_input: call.input })

const finish = async (
  context: Context,
  turn: Turn,
  call: Call,
  decision: Decision,
  answered: () => void
): Promise<void> => {
  if (decision.kind === "deny") {
    turn.denials.push(denial(call))
    answered()
    const outcome = { content: decision.message, isError: true, details: decision.outcome }
    sendResultOf(context, turn, call, outcome, decision.meta)
    if (decision.interrupt) {
      turn.abort.abort()
      throw new Aborted()
    }
    return
  }
  const allowed = { ...call, input: decision.input }
  const outcome = await run(context, turn, allowed)
  answered()
  sendResultOf(context, turn, call, outcome, { permission_decision: decision.permission })
  await postToolUse(context, turn, allowed, outcome.details)
  if (call.name !== "StructuredOutput") return
  if (!outcome.isError) {
    const result = JSON.stringify(call.input)
    throw new TurnOver({
      subtype: "success",
      is_error: false,
      result,
      structured_output: call.input,
      stop_reason: "tool_use",
      terminal_reason: "completed",
      api_error_status: null
    })
  }
  if (turn.structuredAttempts < 5) return
  throw new TurnOver({
    subtype: "error_max_structured_output_retries",
    is_error: true,
    stop_reason: "tool_use",
    terminal_reason: "structured_output_retry_exhausted",
    errors: ["Failed to provide valid structured output after 5 attempts"]
  })
}

/** What an interrupt leaves of the calls that had not ended. `asked`: the call was still before the host. */
const rejectRest = (context: Context, turn: Turn, calls: ReadonlyArray<Call>, asked: ReadonlySet<string>): void => {
  const outcome = { content: rejected, isError: true, details: "User rejected tool use" }
  for (const call of calls) {
    if (asked.has(call.id)) turn.denials.push(denial(call))
    sendResultOf(context, turn, call, outcome, { non_execution_kind: "user-rejected" })
  }
}

/** Runs the calls of one response, one after the other; with the fault parallel-asks all are asked about at once. */
export const runTools = async (context: Context, turn: Turn, calls: ReadonlyArray<Call>): Promise<void> => {
  turn.phase = "tools"
  const open = new Set(calls)
  const asked = new Set<string>()
  const decision = async (call: Call): Promise<Decision> => {
    asked.add(call.id)
    const decided = await decide(context, turn, call)
    asked.delete(call.id)
    return decided
  }
  const finished = async (call: Call): Promise<void> => {
    await finish(context, turn, call, await decision(call), () => open.delete(call))
  }
  try {
    if (turn.faults.some((fault) => fault.name === "parallel-asks")) await Promise.all(calls.map(finished))
    else for (const call of calls) await finished(call)
  } catch (error) {
    if (error instanceof Aborted) rejectRest(context, turn, [...open], asked)
    throw error
  }
  turn.phase = "streaming"
}
