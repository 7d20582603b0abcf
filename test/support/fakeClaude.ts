/**
 * A program that behaves like the `claude` command line in stream-json mode, for tests of what real processes, pipes and
 * signals do. It is strict about what it is sent, and says what the prompt tells it to say: see mockApiScript.ts for the
 * syntax; a prompt without a script gets `You said: …` or an answer from memory ("What is my name?").
 *
 * Environment:
 *
 * ```txt
 * FAKE_CLAUDE_VERSION=2.1.197   behaves like that version: no lifecycle frames, no message ids, no capabilities, ...
 * FAKE_CLAUDE_VERSION=2.1.300   names no messages in system/init
 * FAKE_CLAUDE_RECORD=<file>     JSON lines: {argv,env,cwd}, then {in} per stdin line, {eof}, {signal}, {child,command}
 * FAKE_CLAUDE_FAULT=a,b=1       faults for the whole process; `[[fault:a,b=1]]` in a prompt: for that turn, in its place
 * ```
 *
 * A response's place in the script is counted: `[[tool:Bash {"command":"x"}]] [[fault:crash]] [[text:y]]` crashes in the
 * second response. A fault behind the last response happens before the result. Bash runs for real, in a session of its
 * own; a bare `sleep N` is refused as the new version does, `exec sleep N` runs. Every tool that no rule or mode allows
 * is asked about (the real program lets harmless commands pass). The tools `Elicit` and `Dialog` ask the host what their
 * input says, as an MCP server and the program itself would.
 *
 * Faults of the process (in a prompt: from that turn on):
 *
 * ```txt
 * no-initialize                 initialize is never answered
 * exit-at-start=CODE            writes to stderr and exits at once (1)
 * slow-start=MS                 reads nothing and says nothing before (1000)
 * ignore-interrupt              interrupts are answered but change nothing; SIGINT too
 * no-control-reply[=SUBTYPE]    requests but initialize (or those of one subtype) are neither executed nor answered
 * exit-at-request=SUBTYPE       exits at once, with code 1, when this is asked
 * ignore-eof, ignore-term       the end of stdin, SIGTERM and SIGHUP change nothing
 * session-id-drift              all frames carry another session id than was asked for
 * refuse-mode                   set_permission_mode is answered with an error
 * ```
 *
 * Faults in a response, once, after its first delta:
 *
 * ```txt
 * garbage, non-object           lines that are not JSON; numbers, strings, arrays, null
 * unknown-type, unknown-subtype frames nobody knows
 * broken-known                  frames of a known type with fields of a wrong type
 * half-line[=MS]                half a frame, a pause (30), the other half
 * half-line-then-exit[=CODE]    half a frame, then the end of the process (1)
 * huge-line=BYTES               one valid frame that is that long (1000000)
 * silence-after-first-delta     nothing any more in this turn; it can be interrupted
 * crash[=CODE], kill            stderr text and exit (1); SIGKILL to itself
 * stderr-flood=BYTES            noise on stderr; goes on when all is taken (1000000)
 * json-stderr                   a line on stderr that looks like a frame
 * tool-child[=hold]             leaves a `sleep 1000` in a session of its own; `hold`: with stdout and stderr open
 * close-stdout                  closes stdout and lives on
 * unknown-control-request       sends a request of unknown subtype; waits for the error reply, exits 1 on a success
 * ```
 *
 * Faults of a turn:
 *
 * ```txt
 * silence                       nothing any more in place of the response; it can be interrupted
 * stuck                         nothing at all, not even on disk, and it cannot be interrupted
 * delta-no-snapshot[=CODE]      all deltas of the block, then a crash (1) instead of the assistant frame
 * flood[=N]                     the response is N deltas (endless until interrupted) as fast as the pipe takes them
 * slow=MS                       pause before every delta
 * foreign-result[=inside]       a whole turn of a background task, with its result, before ours (before our result)
 * background-task               a task starts in the turn and ends after it, then the program starts a turn by itself
 * late-frames                   news of a task after the result
 * duplicate-result              the result comes twice
 * drifted-result                only type, subtype, is_error and the ids of the result are as they should be
 * parallel-asks                 the tools of one response are asked about at once
 * withdraw-ask[=MS]             can_use_tool is withdrawn after a while (10)
 * drifted-hook=input|id         a hook is called with an input that is no object, or by an id nobody registered
 * api-error=STATUS, retries=N   N api_retry frames, then the synthetic message and the result of an API error (500, 0)
 * max-turns[=N], budget[=USD]   the turn ends with that limit after its first response
 * ```
 */
import { isRecord } from "./mockApiReply.ts"
import { type Json, type Launch, LaunchError, readLaunch } from "./fakeClaude/arguments.ts"
import { type Context, lifecycle, type Prompt, stderr } from "./fakeClaude/context.ts"
import { abortTurn, handleControl, startDelay } from "./fakeClaude/control.ts"
import { type Fault, FaultError, isLasting, type Lasting, numeric, readFaults } from "./fakeClaude/faults.ts"
import { replay } from "./fakeClaude/frames.ts"
import { makeOutput, makeRecorder } from "./fakeClaude/output.ts"
import { OpenError, openTranscript } from "./fakeClaude/transcript.ts"
import { runTurn } from "./fakeClaude/turn.ts"

const argv = process.argv.slice(2)
// The wrapper sets it for this process only; the shells it runs shall not write into our cache.
delete process.env["NODE_COMPILE_CACHE"]
const { env } = process
const cwd = process.cwd()
const record = makeRecorder(env["FAKE_CLAUDE_RECORD"])
const out = makeOutput()

const fail = (message: string, code = 1): void => {
  void stderr(`${message}\n`).then(() => out.exit(code))
}

/** Does what is queued, or ends the process when nothing can come any more. */
const pump = (context: Context): void => {
  const { state, queue, tasks, lasting } = context
  if (state.turn !== undefined || state.exiting) return
  const [first] = queue
  if (first !== undefined && !state.ending) {
    const count = first.origin === undefined ? queue.findIndex((prompt) => prompt.origin !== undefined) : 1
    void runTurn(context, queue.splice(0, count === -1 ? queue.length : count)).then(
      () => pump(context),
      (error: unknown) => fail(`fake claude: ${error instanceof Error ? error.stack : String(error)}`, 70)
    )
    return
  }
  const over = state.ending || (state.eof && !lasting.has("ignore-eof"))
  if (!over || (tasks.size > 0 && !state.ending && !state.lastIsError)) return
  state.exiting = true
  void Promise.all([...tasks.values()].map((task) => task.kill())).then(() =>
    out.exit(state.lastIsError && !state.interrupted ? 1 : 0)
  )
}

const makeContext = (launch: Launch, faults: ReadonlyArray<Fault>): Context => {
  const transcript = openTranscript(launch, env, cwd)
  const lasting = new Map<Lasting, Fault>()
  for (const fault of faults) if (isLasting(fault.name)) lasting.set(fault.name, fault)
  const before = transcript.costBefore
  const modelUsage: Record<string, Record<string, unknown>> = {}
  for (const [model, usage] of Object.entries(before?.modelUsage ?? {}))
    if (isRecord(usage)) modelUsage[model] = { ...usage }
  const context: Context = {
    launch,
    env,
    cwd,
    out,
    record,
    transcript,
    lasting,
    old: launch.old,
    envFaults: faults.filter((fault) => !isLasting(fault.name)),
    mcpServers: { ...launch.mcpServers },
    queue: [],
    pending: new Map(),
    tasks: new Map(),
    foreground: new Set(),
    seenUuids: new Set(transcript.entries().map((entry) => entry.uuid)),
    grants: [],
    pump: () => pump(context),
    state: {
      modelUsage,
      mode: launch.permissionMode,
      model: launch.model,
      turn: undefined,
      ending: false,
      exiting: false,
      interrupted: false,
      eof: false,
      initialize: undefined,
      greeting: Promise.resolve(),
      mcpTools: new Map(),
      begun: false,
      lastIsError: false,
      resultIndex: 0,
      costUsd: before?.usd ?? 0,
      usageSinceResult: {},
      apiCalls: 0,
      apiMs: 0,
      driftedId: undefined
    }
  }
  return context
}

const textOf = (content: unknown): string =>
  typeof content === "string"
    ? content
    : (Array.isArray(content) ? content : [])
        .flatMap((block: unknown) => (isRecord(block) && typeof block["text"] === "string" ? [block["text"]] : []))
        .join("\n")

const isContent = (content: unknown): boolean =>
  typeof content === "string" ||
  (Array.isArray(content) && content.every((block: unknown) => isRecord(block) && typeof block["type"] === "string"))

const onUser = (context: Context, frame: Json): string | undefined => {
  const { message, uuid } = frame
  const role = isRecord(message) ? message["role"] : undefined
  if (!isRecord(message) || role !== "user") return `Error: Expected message role 'user', got '${String(role)}'`
  const { content } = message
  if (!isContent(content)) return "Error: message content must be a string or an array of blocks"
  const id = typeof uuid === "string" ? uuid : undefined
  if (id !== undefined && context.seenUuids.has(id)) {
    if (context.launch.replay) replay(context, content, id)
    return undefined
  }
  if (id !== undefined) context.seenUuids.add(id)
  lifecycle(context, [id], "queued")
  const shouldQuery = frame["shouldQuery"] !== false
  const prompt: Prompt = { content, shouldQuery, uuid: id, text: textOf(content), origin: undefined }
  if (frame["priority"] === "now") {
    context.queue.unshift(prompt)
    abortTurn(context, "now")
  } else context.queue.push(prompt)
  pump(context)
  return undefined
}

const onReply = (context: Context, frame: Json): string | undefined => {
  const { response } = frame
  if (!isRecord(response)) return context.old ? "Error: malformed control_response" : undefined
  const pending = context.pending.get(String(response["request_id"]))
  if (response["subtype"] === "error") pending?.settle({ kind: "error", error: String(response["error"]) })
  else pending?.settle({ kind: "success", response: response["response"] })
  return undefined
}

/** Takes a message of the host. A text is why the process must end. */
const onFrame = (context: Context, frame: Json): string | undefined => {
  switch (frame["type"]) {
    case "user":
      return onUser(context, frame)
    case "control_request":
      if (!isRecord(frame["request"])) return "Error: Missing request on control_request"
      void handleControl(context, frame["request_id"], frame["request"])
      return undefined
    case "control_response":
      return onReply(context, frame)
    default:
      return undefined
  }
}

const firstMustInitialize =
  "Error: --await-initialize requires the initialize control request as the first stdin line, and the first line is a different message."

const isInitialize = (frame: unknown): boolean =>
  isRecord(frame) && isRecord(frame["request"]) && frame["request"]["subtype"] === "initialize"

const makeReader = (context: Context): ((line: string) => void) => {
  let awaiting = context.launch.awaitInitialize
  let dead = false
  const stop = (message: string): void => {
    dead = true
    fail(message)
  }
  const broken = (line: string, error: string): void =>
    stop(`Error parsing streaming input line (type=unknown, ${line.length} chars): ${error}`)
  return (line) => {
    if (dead) return
    if (line.trim() === "") {
      if (context.old) broken(line, "SyntaxError")
      return
    }
    let frame: unknown
    try {
      frame = JSON.parse(line)
    } catch {
      record({ in: line })
      broken(line, "SyntaxError")
      return
    }
    record({ in: frame })
    if (frame === null) {
      broken(line, "TypeError")
      return
    }
    if (awaiting && !isInitialize(frame)) {
      stop(firstMustInitialize)
      return
    }
    awaiting = false
    const problem = isRecord(frame) ? onFrame(context, frame) : undefined
    if (problem !== undefined) stop(problem)
  }
}

const listen = (context: Context): void => {
  const read = makeReader(context)
  let rest: Array<Buffer> = []
  const feed = (chunk: Buffer): void => {
    let from = 0
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, from)) {
      const line = Buffer.concat([...rest, chunk.subarray(from, at)]).toString("utf8")
      rest = []
      from = at + 1
      read(line.endsWith("\r") ? line.slice(0, -1) : line)
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  process.stdin.on("data", feed)
  process.stdin.on("end", () => {
    if (rest.length > 0) read(Buffer.concat(rest).toString("utf8"))
    record({ eof: true })
    context.state.eof = true
    for (const pending of context.pending.values()) pending.settle({ kind: "closed" })
    pump(context)
  })
}

const killTools = async (context: Context): Promise<void> => {
  const foreground = context.old ? [] : [...context.foreground].map((kill) => kill())
  await Promise.all([...foreground, ...[...context.tasks.values()].map((task) => task.kill())])
}

const onSignals = (context: Context): void => {
  const { state, lasting } = context
  const terminate = (signal: string, code: number): void => {
    record({ signal })
    if (lasting.has("ignore-term")) return
    state.exiting = true
    void killTools(context).then(() => process.exit(code))
  }
  process.on("SIGTERM", () => terminate("SIGTERM", 143))
  process.on("SIGHUP", () => terminate("SIGHUP", 129))
  process.on("SIGINT", () => {
    record({ signal: "SIGINT" })
    if (lasting.has("ignore-interrupt")) return
    state.ending = true
    state.interrupted = true
    abortTurn(context, "interrupt")
    pump(context)
  })
}

const refuse = (error: OpenError, launch: Launch): void => {
  if (error.result) {
    out.line({
      type: "result",
      subtype: "error_during_execution",
      duration_ms: 0,
      duration_api_ms: 0,
      is_error: true,
      num_turns: 0,
      stop_reason: null,
      session_id: error.sessionId,
      total_cost_usd: 0,
      usage: { input_tokens: 0, output_tokens: 0, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 },
      modelUsage: {},
      permission_denials: [],
      uuid: crypto.randomUUID(),
      errors: [error.message],
      ...(launch.old ? {} : { result_index: 0 })
    })
  }
  fail(error.message)
}

const main = (): void => {
  record({ argv, env: { ...env }, cwd })
  const faults = readFaults(env["FAKE_CLAUDE_FAULT"] ?? "")
  const exit = faults.find((fault) => fault.name === "exit-at-start")
  if (exit !== undefined) {
    fail("fake claude: cannot start", numeric(exit, 1))
    return
  }
  const launch = readLaunch(argv, env)
  if (launch === "version") {
    out.raw(`${env["FAKE_CLAUDE_VERSION"] ?? "2.1.329"} (Claude Code)\n`)
    out.exit(0)
    return
  }
  try {
    const context = makeContext(launch, faults)
    onSignals(context)
    // A turn that waits for nothing but the host keeps the process alive.
    setInterval(() => undefined, 2 ** 30)
    setTimeout(() => listen(context), startDelay(context))
  } catch (error) {
    if (!(error instanceof OpenError)) throw error
    refuse(error, launch)
  }
}

try {
  main()
} catch (error) {
  if (error instanceof LaunchError) fail(error.message)
  else if (error instanceof FaultError) fail(error.message, 70)
  else throw error
}
