/**
 * The command line of the fake `claude`: every flag of 2.1.329 that the protocol reference names, read as strictly as
 * the real one reads them. A wrong command line is a text for stderr; the exit code is 1.
 */
import * as Fs from "node:fs"
import { isRecord } from "../mockApiReply.ts"

export type Json = Readonly<Record<string, unknown>>

export interface Launch {
  readonly old: boolean
  readonly version: string
  readonly partial: boolean
  readonly replay: boolean
  readonly persist: boolean
  readonly awaitInitialize: boolean
  /** Whether can_use_tool requests are sent. */
  readonly asks: boolean
  readonly start: Start
  readonly model: string | undefined
  readonly permissionMode: string
  readonly allowBypass: boolean
  readonly allowedTools: ReadonlyArray<string>
  readonly disallowedTools: ReadonlyArray<string>
  readonly maxTurns: number
  readonly maxBudgetUsd: number
  readonly jsonSchema: Json | undefined
  readonly mcpServers: Json
  readonly title: string | undefined
  readonly agent: string | undefined
  readonly effort: string | undefined
  /** Of --settings and --managed-settings, where they are on the command line. */
  readonly settings: Json | undefined
  readonly managedSettings: Json | undefined
}

export interface Start {
  readonly from: "new" | "continue" | "resume"
  readonly resume: string
  /** The id the caller wants for the new (or forked) session. */
  readonly sessionId: string | undefined
  readonly fork: boolean
  readonly at: string | undefined
}

/** The command line cannot be accepted; `message` is what stderr gets. */
export class LaunchError extends Error {
  override readonly name = "LaunchError"
}

export const permissionModes = ["acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "plan"]

type Kind = "flag" | "value" | "optional" | "variadic"

const words = (kind: Kind, names: string): ReadonlyArray<readonly [string, Kind]> =>
  names.split(/\s+/).map((name) => [`--${name}`, kind])

const known: ReadonlyMap<string, Kind> = new Map([
  ...words(
    "flag",
    `print verbose include-partial-messages include-hook-events replay-user-messages continue fork-session bare version
     no-session-persistence strict-mcp-config allow-dangerously-skip-permissions dangerously-skip-permissions ide
     session-mirror disable-slash-commands safe-mode`
  ),
  ...words(
    "value",
    `output-format input-format model fallback-model agent agents json-schema debug-file permission-prompt-tool
     permission-mode session-id system-prompt append-system-prompt system-prompt-file
     append-system-prompt-file settings setting-sources plugin-dir plugin-dir-no-mcp max-turns max-budget-usd
     max-thinking-tokens thinking thinking-display task-budget effort resume-session-at managed-settings sdk-url name`
  ),
  ...words("optional", "resume debug worktree"),
  ...words(
    "variadic",
    "allowedTools allowed-tools disallowedTools disallowed-tools tools mcp-config add-dir betas channels file"
  )
])

const knownToNewOnly: ReadonlyMap<string, Kind> = new Map([
  ...words("flag", "await-initialize forward-subagent-text managed-settings-in-initialize"),
  ...words("value", "initialize-fields permission-prompts project-config-root resume-drops-turn system-prompt-snapshot")
])

const short: Readonly<Record<string, string>> = {
  "-p": "--print",
  "-c": "--continue",
  "-r": "--resume",
  "-d": "--debug",
  "-n": "--name",
  "-v": "--version"
}

const canonical: Readonly<Record<string, string>> = {
  "--allowed-tools": "--allowedTools",
  "--disallowed-tools": "--disallowedTools"
}

const choices: Readonly<Record<string, ReadonlyArray<string>>> = {
  "--output-format": ["text", "json", "stream-json"],
  "--input-format": ["text", "stream-json"],
  "--permission-mode": [...permissionModes, "manual"],
  "--thinking": ["enabled", "adaptive", "disabled"],
  "--thinking-display": ["summarized", "omitted"]
}

type Flags = ReadonlyMap<string, ReadonlyArray<string>>

const readFlags = (argv: ReadonlyArray<string>, old: boolean): Flags => {
  const flags = new Map<string, Array<string>>()
  const kindOf = (name: string): Kind | undefined => known.get(name) ?? (old ? undefined : knownToNewOnly.get(name))
  for (let at = 0; at < argv.length; at++) {
    const token = argv[at] ?? ""
    if (!token.startsWith("-") || token === "-") continue
    const equals = token.indexOf("=")
    const spelt = equals === -1 ? token : token.slice(0, equals)
    const long = short[spelt] ?? spelt
    const name = canonical[long] ?? long
    const kind = kindOf(name)
    if (kind === undefined || (kind === "flag" && equals !== -1)) {
      throw new LaunchError(`error: unknown option '${equals === -1 ? token : spelt}'`)
    }
    const values = flags.get(name) ?? []
    flags.set(name, values)
    if (kind === "flag") continue
    if (equals !== -1) {
      values.push(token.slice(equals + 1))
      continue
    }
    const isValue = (next: string | undefined): next is string => next !== undefined && !/^-[-\w]/.test(next)
    const before = values.length
    for (let next = argv[at + 1]; isValue(next); next = argv[at + 1]) {
      values.push(next)
      at++
      if (kind !== "variadic") break
    }
    if (values.length === before && kind !== "optional") {
      throw new LaunchError(`error: option '${name} <value>' argument missing`)
    }
  }
  return flags
}

const last = (flags: Flags, name: string): string | undefined => flags.get(name)?.at(-1)

const checkChoices = (flags: Flags): void => {
  for (const [name, allowed] of Object.entries(choices)) {
    const value = last(flags, name)
    if (value === undefined || allowed.includes(value)) continue
    const list = allowed.join(", ")
    throw new LaunchError(
      `error: option '${name} <${name.split("-").at(-1)}>' argument '${value}' is invalid. Allowed choices are ${list}.`
    )
  }
}

const checkFormats = (flags: Flags): void => {
  const output = last(flags, "--output-format") ?? "text"
  const input = last(flags, "--input-format") ?? "text"
  if (flags.has("--include-partial-messages") && output !== "stream-json") {
    throw new LaunchError("Error: --include-partial-messages requires --print and --output-format=stream-json.")
  }
  if (input === "stream-json" && output !== "stream-json") {
    throw new LaunchError("Error: --input-format=stream-json requires output-format=stream-json.")
  }
  if (output === "stream-json" && !flags.has("--verbose")) {
    throw new LaunchError("Error: When using --print, --output-format=stream-json requires --verbose")
  }
  if (input !== "stream-json") {
    throw new LaunchError(
      "Error: Input must be provided either through stdin or as a prompt argument when using --print"
    )
  }
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const parsed = (text: string): { readonly value: unknown } | undefined => {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined
  }
}

const number = (flags: Flags, name: string, metavar: string, old: boolean): number => {
  const text = last(flags, name)
  if (text === undefined) return Number.POSITIVE_INFINITY
  const value = Number(text)
  if (text !== "" && value > 0) return value
  if (old) return Number.POSITIVE_INFINITY
  throw new LaunchError(`error: option '${name} <${metavar}>' argument '${text}' is invalid. must be a number`)
}

const readFile = (path: string): string | undefined => {
  try {
    return Fs.readFileSync(path, "utf8")
  } catch {
    return undefined
  }
}

const mcpServers = (flags: Flags): Json => {
  const servers: Record<string, unknown> = {}
  for (const config of flags.get("--mcp-config") ?? []) {
    const text = config.trimStart().startsWith("{") && parsed(config) !== undefined ? config : readFile(config)
    if (text === undefined) {
      throw new LaunchError(`Error: Invalid MCP configuration:\nMCP config file not found: ${config}`)
    }
    const value = parsed(text)?.value
    const found = isRecord(value) ? value["mcpServers"] : undefined
    if (!isRecord(found))
      throw new LaunchError("Error: Invalid MCP configuration:\nmcpServers: Does not adhere to schema")
    Object.assign(servers, found)
  }
  return servers
}

const checkOthers = (flags: Flags, env: NodeJS.ProcessEnv): void => {
  const root = last(flags, "--project-config-root")
  if (root !== undefined && !root.startsWith("/")) {
    throw new LaunchError("Error: --project-config-root must be an absolute local path")
  }
  if (flags.has("--resume-drops-turn") && !flags.has("--resume-session-at")) {
    throw new LaunchError("Error: --resume-drops-turn requires --resume-session-at")
  }
  if (flags.has("--file") && env["CLAUDE_CODE_SESSION_ACCESS_TOKEN"] === undefined) {
    throw new LaunchError(
      "Error: Session token required for file downloads. CLAUDE_CODE_SESSION_ACCESS_TOKEN must be set."
    )
  }
}

const inline = (flags: Flags, name: string): Json | undefined => {
  const value = parsed(last(flags, name) ?? "")?.value
  return isRecord(value) ? value : undefined
}

const checkJson = (flags: Flags, old: boolean): void => {
  const agents = last(flags, "--agents")
  if (!old && agents !== undefined && !isRecord(parsed(agents)?.value)) {
    throw new LaunchError("Error: Invalid --agents configuration:\ninvalid JSON")
  }
  const settings = last(flags, "--settings")
  if (settings !== undefined && parsed(settings) === undefined && readFile(settings) === undefined) {
    throw new LaunchError(`Error: Settings file not found: ${settings}`)
  }
}

const jsonSchema = (flags: Flags): Json | undefined => {
  const text = last(flags, "--json-schema")
  if (text === undefined) return undefined
  const schema = parsed(text)?.value
  if (!isRecord(schema)) throw new LaunchError("Error: --json-schema is not valid JSON")
  return schema
}

const start = (flags: Flags): Start => {
  const sessionId = last(flags, "--session-id")
  const fork = flags.has("--fork-session")
  const from = flags.has("--resume") ? "resume" : flags.has("--continue") ? "continue" : "new"
  if (sessionId !== undefined && !uuid.test(sessionId)) {
    throw new LaunchError("Error: Invalid session ID. Must be a valid UUID.")
  }
  if (sessionId !== undefined && from !== "new" && !fork) {
    throw new LaunchError("Error: --session-id with --continue or --resume also needs --fork-session.")
  }
  return { from, resume: last(flags, "--resume") ?? "", sessionId, fork, at: last(flags, "--resume-session-at") }
}

const list = (flags: Flags, name: string): ReadonlyArray<string> =>
  (flags.get(name) ?? []).flatMap((value) => value.split(/,(?![^(]*\))/)).filter((value) => value !== "")

/** Throws a LaunchError for a command line that the real program refuses. */
export const readLaunch = (argv: ReadonlyArray<string>, env: NodeJS.ProcessEnv): Launch | "version" => {
  const version = env["FAKE_CLAUDE_VERSION"] ?? "2.1.329"
  const old = version === "2.1.197"
  const flags = readFlags(argv, old)
  if (flags.has("--version")) return "version"
  checkChoices(flags)
  const maxTurns = number(flags, "--max-turns", "turns", old)
  const maxBudgetUsd = number(flags, "--max-budget-usd", "amount", old)
  checkFormats(flags)
  checkJson(flags, old)
  checkOthers(flags, env)
  const mode = last(flags, "--permission-mode") ?? (version === "2.1.300" ? "auto" : "default")
  const skip = flags.has("--dangerously-skip-permissions")
  const bypass = skip || mode === "bypassPermissions"
  if (bypass && process.getuid?.() === 0 && env["IS_SANDBOX"] !== "1") {
    throw new LaunchError(
      "--dangerously-skip-permissions cannot be used with root/sudo privileges for security reasons"
    )
  }
  return {
    old,
    version,
    maxTurns,
    maxBudgetUsd,
    partial: flags.has("--include-partial-messages"),
    replay: flags.has("--replay-user-messages"),
    persist: !flags.has("--no-session-persistence"),
    awaitInitialize: flags.has("--await-initialize"),
    asks: last(flags, "--permission-prompt-tool") === "stdio" && last(flags, "--permission-prompts") !== "none",
    start: start(flags),
    model: last(flags, "--model"),
    permissionMode: skip ? "bypassPermissions" : mode === "manual" ? "default" : mode,
    allowBypass: bypass || flags.has("--allow-dangerously-skip-permissions"),
    allowedTools: list(flags, "--allowedTools"),
    disallowedTools: list(flags, "--disallowedTools"),
    jsonSchema: jsonSchema(flags),
    mcpServers: mcpServers(flags),
    title: last(flags, "--name"),
    agent: last(flags, "--agent"),
    effort: last(flags, "--effort"),
    settings: inline(flags, "--settings"),
    managedSettings: inline(flags, "--managed-settings")
  }
}
