/**
 * MCP servers that the CLI starts or calls itself: what they may be, and how the CLI hears of them. Their headers and
 * variables may be secret, so they never stand among the arguments: a CLI that takes servers in the handshake gets them
 * there, an older one from a file that only we and it can read.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"
import type { PlatformError } from "effect/PlatformError"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type Environment, redactedOf } from "../../internal/agentCommand.ts"
import { commandOutput } from "../../internal/commandOutput.ts"
import { serverIssue } from "../../internal/resolveTools.ts"
import type { InitializeFields, McpServerConfig } from "../ClaudeControl.ts"
import type { ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import type { Executable } from "./executable.ts"
import { Filled } from "./optionModels.ts"
import { isOlder } from "./version.ts"
import { explain } from "./wire.ts"

type Text = string | Redacted.Redacted<string>

interface Any {
  /** Milliseconds that a call of one of its tools may take. Default: the CLI's. */
  readonly timeout?: number | undefined
  /** Whether the model always sees its tools, and need not search for them. Default: the CLI decides. */
  readonly alwaysLoad?: boolean | undefined
}

/**
 * A server that the CLI starts, and speaks to over its standard input and output.
 *
 * @since 0.1.0
 * @category options
 */
export interface McpCommand extends Any {
  readonly type?: "stdio" | undefined
  readonly command: string
  readonly args?: ReadonlyArray<string> | undefined
  /** Added to the environment of the CLI. */
  readonly env?: { readonly [name: string]: Text } | undefined
}

/**
 * A server at a URL.
 *
 * @since 0.1.0
 * @category options
 */
export interface McpUrl extends Any {
  readonly type: "http" | "sse"
  readonly url: Text
  readonly headers?: { readonly [name: string]: Text } | undefined
}

/**
 * An MCP server that is not in our process.
 *
 * @since 0.1.0
 * @category options
 */
export type McpServer = McpCommand | McpUrl

const Texts = Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Redacted(Schema.String)]))
const both = {
  timeout: Schema.optional(Schema.Int.check(Schema.isGreaterThan(0))),
  alwaysLoad: Schema.optional(Schema.Boolean)
}

/** @internal */
export const McpServer: Schema.Codec<McpServer> = Schema.Union([
  Schema.Struct({
    type: Schema.optional(Schema.Literal("stdio")),
    command: Filled,
    args: Schema.optional(Schema.Array(Schema.String)),
    env: Schema.optional(Texts),
    ...both
  }),
  Schema.Struct({
    type: Schema.Literals(["http", "sse"]),
    url: Schema.Union([Filled, Schema.Redacted(Filled)]),
    headers: Schema.optional(Texts),
    ...both
  })
])

const AllServers: Schema.Codec<Servers> = Schema.Record(Schema.String, McpServer)

type Servers = { readonly [name: string]: McpServer }

const shown = (text: Text): string => (Redacted.isRedacted(text) ? Redacted.value(text) : text)

const shownAll = (texts: { readonly [name: string]: Text }): { readonly [name: string]: string } =>
  Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, shown(text)]))

const configOf = (server: McpServer): McpServerConfig => {
  const { alwaysLoad, timeout } = server
  const rest = {
    ...(alwaysLoad === undefined ? {} : { alwaysLoad }),
    ...(timeout === undefined ? {} : { timeout })
  }
  if ("url" in server) {
    const { headers, type, url } = server
    return { type, url: shown(url), ...(headers === undefined ? {} : { headers: shownAll(headers) }), ...rest }
  }
  const { args, command, env } = server
  return {
    type: "stdio",
    command,
    ...(args === undefined ? {} : { args }),
    ...(env === undefined ? {} : { env: shownAll(env) }),
    ...rest
  }
}

/** As the CLI takes them, nothing hidden. */
export const config = (servers: Servers): { readonly [name: string]: McpServerConfig } =>
  Object.fromEntries(Object.entries(servers).map(([name, server]) => [name, configOf(server)]))

const textsOf = (server: McpServer): ReadonlyArray<Text> =>
  "url" in server ? Object.values(server.headers ?? {}).concat(server.url) : Object.values(server.env ?? {})

/** What must not be shown. */
export const secretsOf = (servers: Servers = {}): ReadonlyArray<string> =>
  redactedOf(Object.values(servers).flatMap(textsOf))

// The CLI passes over servers of these names without a word.
const reserved = new Set(["claude-in-chrome", "computer-use", "ide", "workspace"])
/** And over the tools of a server of ours with this one. */
const reservedForTools = "ide"

const nameIssue = (name: string): string | undefined => {
  if (reserved.has(name)) return "Claude Code keeps this name for itself: take another one"
  return serverIssue(name)
}

/** What is wrong with names of servers beside those of our tools. */
const nameIssues = (names: ReadonlyArray<string>, ours: ReadonlySet<string>, path: string): ReadonlyArray<string> => [
  ...names.flatMap((name) => {
    const issue = nameIssue(name)
    return issue === undefined ? [] : [`${path}.${name}: ${issue}`]
  }),
  ...names.filter((name) => ours.has(name)).map((name) => `${path}.${name}: tools has a server of this name too`)
]

/** What is wrong with servers that come later, beside those of our tools. */
export const issuesOf = (servers: Servers, ours: ReadonlyArray<string>): ReadonlyArray<string> => {
  const issue = explain(AllServers, servers)
  return issue === undefined ? nameIssues(Object.keys(servers), new Set(ours), "servers") : [issue]
}

/** What is wrong with the servers together, ours and others. */
export const issues = ({ claude, tools = [] }: ResolvedClaudeOptions): ReadonlyArray<string> => {
  const ours = new Set(tools.map(({ server }) => server))
  return [
    ...nameIssues(Object.keys(claude?.mcpServers ?? {}), ours, "mcpServers"),
    ...(ours.has(reservedForTools)
      ? [`tools.${reservedForTools}: Claude Code keeps this name for itself: take another one`]
      : [])
  ]
}

/** The first version that takes servers in the handshake. */
const inHandshake = "2.1.329"

/** Whether the CLI takes servers in the handshake. One that does not say its version in time gets the file. */
export const takesServers = (
  { args, path }: Executable,
  env: Environment
): Effect.Effect<boolean, never, ChildProcessSpawner> =>
  Effect.map(commandOutput(path, [...args, "--version"], env), (said) => {
    const [version] = /^\d+\.\d+\.\d+/.exec(said.trim()) ?? []
    return version !== undefined && !isOlder(version, inHandshake)
  })

export interface Passed {
  readonly args: ReadonlyArray<string>
  readonly initialize: InitializeFields
}

/** The servers of the handshake, where the CLI does not take them there in a file that lives as long as the Scope. */
export const pass = Effect.fnUntraced(function* (
  { args, initialize }: Passed,
  inFile: boolean
): Effect.fn.Return<Passed, PlatformError, FileSystem.FileSystem | Path.Path | Scope.Scope> {
  const { mcpServers, ...rest } = initialize
  if (mcpServers === undefined) return { args, initialize }
  if (!inFile) return { args: [...args, "--await-initialize"], initialize }
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const dir = yield* fs.makeTempDirectoryScoped({ prefix: "effect-agent-session-mcp-" })
  const file = path.join(dir, "servers.json")
  yield* fs.writeFileString(file, JSON.stringify({ mcpServers }), { flag: "wx", mode: 0o600 })
  return { args: [...args, `--mcp-config=${file}`], initialize: rest }
})
