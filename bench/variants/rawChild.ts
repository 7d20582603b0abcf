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

/** Spawns the CLI, sends `initialize` and the prompt. */
export const start = (executable: string): RawChild => {
  const child = spawn(executable, flags, { stdio: ["pipe", "pipe", "inherit"] })
  send(child, { type: "control_request", request_id: "1", request: { subtype: "initialize" } })
  send(child, {
    type: "user",
    message: { role: "user", content: "go" },
    parent_tool_use_id: null,
    uuid: "7f131acc-7445-47ae-abe6-7b1cad9e91c0"
  })
  return child
}

export const interrupt = (child: RawChild): void =>
  send(child, { type: "control_request", request_id: "2", request: { subtype: "interrupt" } })

export const close = async (child: RawChild): Promise<void> => {
  child.stdin.end()
  if (child.exitCode === null) await once(child, "exit")
}
