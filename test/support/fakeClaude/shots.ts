/** The faults that happen once, in the middle of a response. */
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import { askHost, type Context, forever, guard, pause, stderr, system, type Turn, wireId } from "./context.ts"
import { type Fault, isShot, numeric, type Shot } from "./faults.ts"

type Fire = (context: Context, turn: Turn, fault: Fault) => void | Promise<void>

const lines = (context: Context, texts: ReadonlyArray<string | Uint8Array>): void => {
  for (const text of texts) {
    context.out.raw(text)
    context.out.raw("\n")
  }
}

const anyFrame = (context: Context): string =>
  JSON.stringify({
    type: "system",
    subtype: "informational",
    content: "a line in two halves",
    level: "info",
    uuid: randomUUID(),
    session_id: wireId(context)
  })

const die = async (context: Context, fault: Fault): Promise<void> => {
  await stderr("fake claude: fatal error\n    at mid-turn (fakeClaude.ts)\n")
  context.out.exit(numeric(fault, 1))
}

const fire: Readonly<Record<Shot, Fire>> = {
  garbage: (context) =>
    lines(context, ["this is not JSON", '{"type":"assistant","message":{', "", Uint8Array.of(0xff, 0xfe, 0x7b)]),
  "non-object": (context) => lines(context, ["42", '"text"', "[1,2]", "null", "true"]),
  "unknown-type": (context) =>
    context.out.line({
      type: "fake_future_event",
      payload: { deep: [1] },
      uuid: randomUUID(),
      session_id: wireId(context)
    }),
  "unknown-subtype": (context) => system(context, "fake_future_notice", { detail: "unheard of" }),
  "broken-known": (context) => {
    system(context, "status", { status: 42 })
    system(context, "api_retry", { attempt: "one", max_retries: null, retry_delay_ms: {}, error_status: [], error: 5 })
    context.out.line({ type: "assistant", message: "no object", uuid: randomUUID(), session_id: wireId(context) })
  },
  "half-line": async (context, turn, fault) => {
    const text = `${anyFrame(context)}\n`
    context.out.raw(text.slice(0, 40))
    await pause(turn, numeric(fault, 30))
    context.out.raw(text.slice(40))
  },
  "half-line-then-exit": (context, turn, fault) => {
    context.out.raw(anyFrame(context).slice(0, 40))
    context.out.exit(numeric(fault, 1))
    return forever(turn)
  },
  "huge-line": async (context, turn, fault) => {
    system(context, "informational", { level: "info", content: "x".repeat(numeric(fault, 1_000_000)) })
    await guard(turn, context.out.drained())
  },
  "silence-after-first-delta": (_context, turn) => forever(turn),
  crash: async (context, turn, fault) => {
    await die(context, fault)
    await forever(turn)
  },
  kill: (_context, turn) => {
    process.kill(process.pid, "SIGKILL")
    return forever(turn)
  },
  "stderr-flood": async (_context, turn, fault) => {
    const line = `${"noise ".repeat(20)}\n`
    for (let left = numeric(fault, 1_000_000); left > 0; left -= line.length) await guard(turn, stderr(line))
  },
  "tool-child": (context, _turn, fault) => {
    const held = fault.value === "hold" ? "inherit" : "ignore"
    const child = spawn("sh", ["-c", "exec sleep 1000"], { detached: true, stdio: ["ignore", held, held] })
    child.unref()
    context.record({ child: child.pid, command: "exec sleep 1000" })
  },
  "close-stdout": (context) => context.out.close(),
  "json-stderr": () => stderr('{"type":"result","subtype":"success","is_error":true,"result":"from stderr"}\n'),
  "unknown-control-request": async (context, turn) => {
    const reply = await guard(turn, askHost(context, { subtype: "fake_unknown_request", detail: 1 }))
    if (reply.kind !== "success") return
    await stderr("fake claude: an unknown control request was answered with success\n")
    context.out.exit(1)
    await forever(turn)
  }
}

/** Fires what is due in this response, each fault once. */
export const fireDue = async (context: Context, turn: Turn, response: number): Promise<void> => {
  for (const fault of turn.faults.filter((fault) => isShot(fault.name) && fault.at <= response)) {
    turn.faults.splice(turn.faults.indexOf(fault), 1)
    if (isShot(fault.name)) await fire[fault.name](context, turn, fault)
  }
}

/** Fails the turn's process between the deltas of a block and its snapshot. */
export const crash = async (context: Context, turn: Turn, fault: Fault): Promise<never> => {
  await die(context, fault)
  return forever(turn)
}
