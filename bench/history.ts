/**
 * `npm run bench:history`: what it takes to list, read and search a project of `--size` MiB (1,024), each in a process of its
 * own, beside the official SDK on the same files. Memory is the most that the process ever held.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Stream } from "effect"
import * as ClaudeHistory from "effect-agent-session/claude/ClaudeHistory"
import { execFileSync } from "node:child_process"
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"

const { values } = parseArgs({
  options: {
    size: { type: "string", default: "1024" },
    run: { type: "string" },
    dir: { type: "string", default: "" },
    id: { type: "string", default: "" }
  }
})

const sdkFile = fileURLToPath(
  new URL("../test/agents/node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs", import.meta.url)
)

interface Sdk {
  readonly listSessions: () => Promise<ReadonlyArray<unknown>>
  readonly getSessionMessages: (id: string) => Promise<ReadonlyArray<unknown>>
}

const idOf = (number: number): string => `0b6d2f6e-6c0e-4a51-8f0c-${String(number).padStart(12, "0")}`

/** Conversations of 64 MiB, of messages of 4 KiB; and one that is as large as all of them. */
const write = (configDir: string, mebibytes: number): void => {
  const folder = path.join(configDir, "projects", "-work-app")
  fs.mkdirSync(folder, { recursive: true })
  const text = "All work and no play makes Jack a dull boy. ".repeat(90)
  const conversation = (number: number, size: number): void => {
    const file = fs.openSync(path.join(folder, `${idOf(number)}.jsonl`), "w")
    let parentUuid: string | null = null
    for (let written = 0, line = 0; written < size * 2 ** 20;) {
      let piece = ""
      while (piece.length < 2 ** 20) {
        const uuid = `${idOf(number).slice(0, 24)}${String(line).padStart(12, "0")}`
        const type = line % 2 === 0 ? "user" : "assistant"
        const message = { id: `msg-${line}`, role: type, content: [{ type: "text", text }] }
        const timestamp = new Date(1_700_000_000_000 + line * 1000).toISOString()
        piece += `${JSON.stringify({ parentUuid, isSidechain: false, type, uuid, timestamp, cwd: "/work/app", message })}\n`
        parentUuid = uuid
        line++
      }
      fs.writeSync(file, piece)
      written += piece.length
    }
    fs.closeSync(file)
  }
  for (let number = 1; number <= mebibytes / 128; number++) conversation(number, 64)
  conversation(0, mebibytes / 2)
}

interface Sample {
  readonly count: number
  readonly seconds: number
  readonly peakMiB: number
}

const measured = async (work: () => Promise<number>): Promise<Sample> => {
  const before = process.cpuUsage()
  const count = await work()
  const { system, user } = process.cpuUsage(before)
  return { count, seconds: (system + user) / 1e6, peakMiB: process.resourceUsage().maxRSS / 1024 }
}

const run = <A>(effect: Effect.Effect<A, unknown, NodeServices.NodeServices>): Promise<A> =>
  Effect.runPromise(Effect.provide(effect, NodeServices.layer))

const jobs: { readonly [name: string]: (configDir: string, id: string) => Promise<number> } = {
  "list, ours": (configDir) => run(Stream.runCount(ClaudeHistory.sessions({ configDir }))),
  "read, ours": (configDir, id) => run(Stream.runCount(ClaudeHistory.messages(id, { configDir }))),
  "search, ours": (configDir) => run(Stream.runCount(ClaudeHistory.search("not in there", { configDir }))),
  "list, sdk": async () => {
    const sdk: Sdk = await import(sdkFile)
    return (await sdk.listSessions()).length
  },
  "read, sdk": async (_, id) => {
    const sdk: Sdk = await import(sdkFile)
    return (await sdk.getSessionMessages(id)).length
  }
}

/** `heap`: no more than that many MiB of JavaScript objects, which shows what is truly held. */
const alone = (name: string, configDir: string, id: string, heap?: number): Sample | string => {
  try {
    const out = execFileSync(
      process.execPath,
      [
        "--conditions=@effect-agent-session/source",
        ...(heap === undefined ? [] : [`--max-old-space-size=${heap}`]),
        fileURLToPath(import.meta.url),
        `--run=${name}`,
        `--dir=${configDir}`,
        `--id=${id}`
      ],
      { encoding: "utf8", env: { ...process.env, CLAUDE_CONFIG_DIR: configDir }, stdio: ["ignore", "pipe", "pipe"] }
    )
    return JSON.parse(out)
  } catch (error) {
    return String(error).split("\n").slice(0, 2).join(" ")
  }
}

const job = values.run === undefined ? undefined : jobs[values.run]
if (job !== undefined) {
  process.stdout.write(JSON.stringify(await measured(() => job(values.dir, values.id))))
} else {
  const configDir = fs.mkdtempSync(path.join(os.tmpdir(), "effect-agent-session-history-"))
  try {
    const size = Number(values.size)
    write(configDir, size)
    console.log(`${size} MiB of conversations, half of them in one file`)
    for (const [what, id, heap] of [
      ["list, ours", ""],
      ["list, sdk", ""],
      ["read, ours", idOf(1)],
      ["read, sdk", idOf(1)],
      ["read, ours", idOf(0)],
      ["read, sdk", idOf(0)],
      ["search, ours", ""],
      ["read, ours", idOf(0), 128],
      ["read, sdk", idOf(0), 128],
      ["search, ours", "", 128]
    ] as const) {
      const sample = alone(what, configDir, id, heap)
      const of = `${id === "" ? "" : ` ${id === idOf(0) ? size / 2 : 64} MiB`}${heap === undefined ? "" : `, in a heap of ${heap} MiB`}`
      console.log(
        typeof sample === "string"
          ? `${what}${of}: failed: ${sample}`
          : `${what}${of}: ${sample.count} in ${sample.seconds.toFixed(2)} s of CPU, ${sample.peakMiB.toFixed(0)} MiB at most`
      )
    }
  } finally {
    fs.rmSync(configDir, { recursive: true, force: true })
  }
}
