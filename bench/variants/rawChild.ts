/** A child of `node:child_process` with nothing around it, for the variants without a library. */
import { spawn } from "node:child_process"
import type { ChildProcessByStdio } from "node:child_process"
import { once } from "node:events"
import type { Readable, Writable } from "node:stream"

export type RawChild = ChildProcessByStdio<Writable, Readable, null>

const flags = [
  "-p",
  "--output-format=stream-json",
  "--input-format=stream-json",
  "--verbose",
  "--include-partial-messages"
]

const send = (child: RawChild, frame: object): void => {
  child.stdin.write(`${JSON.stringify(frame)}\n`)
}

/** Spawns the CLI and sends `initialize`. */
export const open = (executable: string): RawChild => {
  const child = spawn(executable, flags, { stdio: ["pipe", "pipe", "inherit"] })
  send(child, { type: "control_request", request_id: "1", request: { subtype: "initialize" } })
  return child
}

export const prompt = (child: RawChild): void =>
  send(child, {
    type: "user",
    message: { role: "user", content: "go" },
    parent_tool_use_id: null,
    uuid: globalThis.crypto.randomUUID()
  })

/** Spawns the CLI, sends `initialize` and the prompt. */
export const start = (executable: string): RawChild => {
  const child = open(executable)
  prompt(child)
  return child
}

export const interrupt = (child: RawChild): void =>
  send(child, { type: "control_request", request_id: "2", request: { subtype: "interrupt" } })

export const close = async (child: RawChild): Promise<void> => {
  child.stdin.end()
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit")
}
