/** Drives the fake `claude` by hand: writes its stdin and waits for frames by name. For tests of the fake itself. */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { fileURLToPath } from "node:url"
import { isRecord } from "../mockApiReply.ts"

export type Frame = Readonly<Record<string, unknown>>

/** The arguments without which it does not start. */
export const streaming = ["-p", "--output-format=stream-json", "--input-format=stream-json", "--verbose"]

const executable = fileURLToPath(new URL("../fake-claude", import.meta.url))

/** What lies at the end of a path of keys. */
export const at = (value: unknown, ...path: ReadonlyArray<string | number>): unknown =>
  path.reduce<unknown>((inner, key) => {
    if (Array.isArray(inner)) return inner[Number(key)]
    return isRecord(inner) ? inner[String(key)] : undefined
  }, value)

/** `assistant`, `system/init`, `stream_event/message_start`, `control_response/success`, ... */
export const nameOf = (frame: Frame): string => {
  const detail =
    frame["subtype"] ??
    frame["state"] ??
    at(frame, "event", "type") ??
    at(frame, "request", "subtype") ??
    at(frame, "response", "subtype")
  return detail === undefined ? String(frame["type"]) : `${String(frame["type"])}/${String(detail)}`
}

export class Fake {
  readonly child: ChildProcessWithoutNullStreams
  readonly lines: Array<string> = []
  stderr = ""
  #rest = ""
  #taken = 0
  #ended = false
  #wake: () => void = () => undefined
  readonly exit: Promise<number | NodeJS.Signals | null>

  constructor(folder: string, args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) {
    this.child = spawn(executable, args, {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, ...env }
    })
    this.child.stdin.on("error", () => undefined)
    this.child.stderr.on("data", (chunk: Buffer) => (this.stderr += chunk.toString()))
    this.child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      const lines = (this.#rest + chunk).split("\n")
      this.#rest = lines.pop() ?? ""
      this.lines.push(...lines)
      this.#wake()
    })
    this.exit = new Promise((resolve) => {
      this.child.on("close", (code, signal) => {
        this.#ended = true
        this.#wake()
        resolve(code ?? signal)
      })
    })
  }

  write(line: string): void {
    this.child.stdin.write(`${line}\n`)
  }

  user(content: string, fields: Frame = {}): string {
    const uuid = randomUUID()
    const message = { role: "user", content }
    this.write(JSON.stringify({ type: "user", message, parent_tool_use_id: null, session_id: "", uuid, ...fields }))
    return uuid
  }

  request(subtype: string, fields: Frame = {}): void {
    this.write(JSON.stringify({ type: "control_request", request_id: subtype, request: { subtype, ...fields } }))
  }

  reply(request: Frame, response: unknown): void {
    const body = { subtype: "success", request_id: request["request_id"], response }
    this.write(JSON.stringify({ type: "control_response", response: body }))
  }

  /** The next frame of that name; what comes before it is passed over. */
  async next(name: string): Promise<Frame> {
    for (;;) {
      while (this.#taken < this.lines.length) {
        const line = this.lines[this.#taken++] ?? ""
        const frame: unknown = line.startsWith("{") ? JSON.parse(line) : undefined
        if (isRecord(frame) && nameOf(frame) === name) return frame
      }
      if (this.#ended) throw new Error(`ended before ${name}: ${this.stderr}`)
      await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }

  async close(): Promise<number | NodeJS.Signals | null> {
    this.child.stdin.end()
    return this.exit
  }

  frames(): ReadonlyArray<Frame> {
    return this.lines.map((line) => JSON.parse(line))
  }
}

export const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A folder that is home and working directory of the fakes started in it; nothing of them outlives `dispose`. */
export class Rig {
  readonly folder = Fs.realpathSync(Fs.mkdtempSync(Path.join(Os.tmpdir(), "fake-claude-")))
  readonly #file = Path.join(this.folder, "record.ndjson")
  readonly #fakes: Array<Fake> = []

  launch(args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}): Fake {
    const fake = new Fake(this.folder, args, { FAKE_CLAUDE_RECORD: this.#file, ...env })
    this.#fakes.push(fake)
    return fake
  }

  /** What the fakes have recorded. */
  record(): ReadonlyArray<Frame> {
    if (!Fs.existsSync(this.#file)) return []
    const lines = Fs.readFileSync(this.#file, "utf8").split("\n")
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line))
  }

  forget(): void {
    Fs.rmSync(this.#file)
  }

  /** The process ids of the shells they ran. */
  shells(): ReadonlyArray<number> {
    return this.record().flatMap(({ child }) => (typeof child === "number" ? [child] : []))
  }

  async dispose(): Promise<void> {
    for (const fake of this.#fakes) fake.child.kill("SIGKILL")
    await Promise.all(this.#fakes.map((fake) => fake.exit))
    for (const pid of this.shells()) if (isAlive(pid)) process.kill(-pid, "SIGKILL")
    Fs.rmSync(this.folder, { recursive: true, force: true })
  }
}
