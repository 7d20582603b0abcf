/**
 * The transcript files of the fake `claude`: where they lie, what a record holds, and how a conversation is taken up
 * again, forked or branched (reference: claude-protocol §17 and §18).
 */
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import * as Os from "node:os"
import * as Path from "node:path"
import { isRecord } from "../mockApiReply.ts"
import type { Json, Launch } from "./arguments.ts"

/** A message of the conversation; `uuid` is also the uuid of its frame on stdout. */
export interface Entry {
  readonly uuid: string
  readonly parentUuid: string | null
  readonly type: "user" | "assistant"
  readonly message: Json
}

export interface Cost {
  readonly usd: number
  readonly modelUsage: Json
}

export interface Transcript {
  readonly sessionId: () => string
  /** The file the session is written to. */
  readonly path: () => string
  readonly entries: () => ReadonlyArray<Entry>
  readonly append: (type: Entry["type"], message: Json, uuid?: string) => string
  /** A record that is no message, such as a title. */
  readonly note: (record: Json) => void
  /** What the session had cost when it was taken up. */
  readonly costBefore: Cost | undefined
  /** A new conversation with a new id, as after /clear. */
  readonly reset: (id: string) => void
}

/** The session that was asked for cannot be opened. `result`: whether stdout gets a result frame for it too. */
export class OpenError extends Error {
  override readonly name = "OpenError"
  readonly result: boolean
  readonly sessionId: string

  constructor(message: string, result: boolean, sessionId: string) {
    super(message)
    this.result = result
    this.sessionId = sessionId
  }
}

/** The name of a project's folder: every UTF-16 unit but ASCII letters and digits becomes a dash; long paths get a hash. */
export const encodePath = (path: string): string => {
  const dashed = path.replaceAll(/[^A-Za-z0-9]/g, "-")
  if (dashed.length <= 200) return dashed
  let hash = 0
  for (let at = 0; at < path.length; at++) hash = ((hash << 5) - hash + path.charCodeAt(at)) | 0
  return `${dashed.slice(0, 200)}-${Math.abs(hash).toString(36)}`
}

const projectsFolder = (env: NodeJS.ProcessEnv): string =>
  Path.join(env["CLAUDE_CONFIG_DIR"] ?? Path.join(env["HOME"] ?? Os.homedir(), ".claude"), "projects")

const names = (folder: string): ReadonlyArray<string> => {
  try {
    return Fs.readdirSync(folder)
  } catch {
    return []
  }
}

const readRecords = (path: string): ReadonlyArray<Json> =>
  Fs.readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      try {
        const record: unknown = JSON.parse(line)
        return isRecord(record) ? [record] : []
      } catch {
        return []
      }
    })

const toEntry = (record: Json): Entry | undefined => {
  const { uuid, parentUuid, type, message } = record
  if ((type !== "user" && type !== "assistant") || typeof uuid !== "string" || !isRecord(message)) return undefined
  return { uuid, type, message, parentUuid: typeof parentUuid === "string" ? parentUuid : null }
}

/** The branch that ends in `leaf`, or the newest one. */
const branch = (entries: ReadonlyArray<Entry>, leaf: string | undefined): ReadonlyArray<Entry> => {
  const byId = new Map(entries.map((entry) => [entry.uuid, entry]))
  const chain: Array<Entry> = []
  let next = leaf === undefined ? entries.at(-1) : byId.get(leaf)
  while (next !== undefined) {
    chain.unshift(next)
    next = next.parentUuid === null ? undefined : byId.get(next.parentUuid)
  }
  return chain
}

const findResumed = (projects: string, project: string, wanted: string): string | undefined => {
  const folders = [project, ...names(projects).map((name) => Path.join(projects, name))]
  const byId = folders.map((folder) => Path.join(folder, `${wanted}.jsonl`)).find((path) => Fs.existsSync(path))
  if (byId !== undefined) return byId
  return names(project)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => Path.join(project, name))
    .find((path) => readRecords(path).some((record) => record["customTitle"] === wanted))
}

const findNewest = (project: string): string | undefined =>
  names(project)
    .filter((name) => name.endsWith(".jsonl"))
    .map((name) => Path.join(project, name))
    .toSorted((a, b) => Fs.statSync(b).mtimeMs - Fs.statSync(a).mtimeMs)[0]

interface Past {
  readonly path: string
  readonly records: ReadonlyArray<Json>
}

const findPast = (launch: Launch, projects: string, project: string): Past | undefined => {
  const { from, resume } = launch.start
  if (from === "new") return undefined
  const path = from === "continue" ? findNewest(project) : findResumed(projects, project, resume)
  const records = path === undefined ? [] : readRecords(path)
  if (path !== undefined && records.some((record) => toEntry(record) !== undefined)) return { path, records }
  if (from === "continue") return undefined
  throw new OpenError(`No conversation found with session ID: ${resume}`, true, resume)
}

const readCost = (records: ReadonlyArray<Json>): Cost | undefined => {
  const saved = records.findLast((record) => record["type"] === "cost-state")
  if (saved === undefined) return undefined
  const { totalCostUSD, modelUsage } = saved
  return { usd: Number(totalCostUSD ?? 0), modelUsage: isRecord(modelUsage) ? modelUsage : {} }
}

/** Opens the session of a command line. Throws an OpenError when there is no such session, or it exists already. */
export const openTranscript = (launch: Launch, env: NodeJS.ProcessEnv, cwd: string): Transcript => {
  const { start, persist } = launch
  const projects = projectsFolder(env)
  const project = Path.join(projects, encodePath(Fs.realpathSync(cwd)))
  const past = findPast(launch, projects, project)
  const newFile = (id: string): string => Path.join(project, `${id}.jsonl`)
  if (start.sessionId !== undefined && Fs.existsSync(newFile(start.sessionId))) {
    throw new OpenError(`Error: Session ID ${start.sessionId} is already in use.`, false, start.sessionId)
  }
  const isNew = past === undefined || start.fork
  let sessionId = isNew ? (start.sessionId ?? randomUUID()) : Path.basename(past.path, ".jsonl")
  let path = isNew ? newFile(sessionId) : past.path
  const known = (past?.records ?? []).flatMap((record) => toEntry(record) ?? [])
  if (start.at !== undefined && !known.some((entry) => entry.uuid === start.at)) {
    throw new OpenError(`No message found with message.uuid of: ${start.at}`, true, sessionId)
  }
  const entries = [...branch(known, start.at)]
  // Nothing is on disk before the first message; what comes before it waits here.
  const waiting: Array<Json> = []
  let onDisk = !isNew
  if (isNew && past !== undefined) {
    const kept = new Set(entries.map((entry) => entry.uuid))
    for (const record of past.records) if (kept.has(String(record["uuid"]))) waiting.push({ ...record, sessionId })
  }

  const write = (record: Json): void => {
    if (!persist) return
    Fs.mkdirSync(Path.dirname(path), { recursive: true })
    const lines = [...waiting.splice(0), record].map((record) => `${JSON.stringify(record)}\n`)
    Fs.appendFileSync(path, lines.join(""), { mode: 0o600 })
  }

  const note = (record: Json): void => {
    const full = { ...record, sessionId }
    if (onDisk) write(full)
    else waiting.push(full)
  }
  if (launch.title !== undefined) note({ type: "custom-title", customTitle: launch.title })

  return {
    sessionId: () => sessionId,
    path: () => path,
    entries: () => entries,
    append: (type, message, uuid = randomUUID()) => {
      const entry: Entry = { uuid, parentUuid: entries.at(-1)?.uuid ?? null, type, message }
      entries.push(entry)
      onDisk = true
      write({
        ...entry,
        isSidechain: false,
        timestamp: new Date().toISOString(),
        sessionId,
        cwd,
        version: launch.version,
        gitBranch: "",
        userType: "external",
        entrypoint: env["CLAUDE_CODE_ENTRYPOINT"] ?? "sdk-cli"
      })
      return uuid
    },
    note,
    costBefore: past === undefined ? undefined : readCost(past.records),
    reset: (id) => {
      sessionId = id
      path = newFile(id)
      entries.length = 0
      waiting.length = 0
      onDisk = false
    }
  }
}
