/**
 * `npm run demo`: an agent answers, streamed, with a tool call and a cost line.
 *
 * - `npm run demo`: the fake agent of this repository, a real child process that speaks Claude Code's protocol.
 * - `npm run demo -- --agent claude "…"`: Claude Code, with your login.
 * - `npm run demo -- --agent claude --offline "…"`: Claude Code, against a model that this program makes up.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem, Layer, Option, Stream } from "effect"
import { type AgentAdapter, type AgentEvent, Permission, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { fileURLToPath } from "node:url"
import { parseArgs } from "node:util"
import * as MockApi from "../test/support/mockApi.ts"

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { agent: { type: "string", default: "fake" }, offline: { type: "boolean", default: false } }
})

const script =
  'Show me around. [[text:Let me see what is here. ;; tool:Bash {"command":"echo README.md src test"}]] [[text:A README, the sources and the tests. That is all there is to it.]]'

const fromRoot = (path: string): string => fileURLToPath(new URL(`../${path}`, import.meta.url))
const fake = fromRoot("test/support/fake-claude")
const bundled = fromRoot(
  `test/agents/node_modules/@anthropic-ai/claude-agent-sdk-${process.platform}-${process.arch}/claude`
)

/** The agent that was asked for: what is printed about it, where it is, what it gets for an environment. */
const agent = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const temporary = fs.makeTempDirectoryScoped({ prefix: "effect-agent-session-demo-" })
  if (values.agent === "fake") {
    const home = yield* temporary
    return {
      about: "The fake agent of this repository, a real child process (no model, no network).",
      executable: fake,
      cwd: home,
      env: { set: { HOME: home, CLAUDE_CONFIG_DIR: `${home}/.claude` } }
    }
  }
  // The real CLI that the end-to-end tests use, when `npm run agents` has installed it.
  const installed = yield* fs.exists(bundled)
  const executable = installed && process.env.CLAUDE_CODE_PATH === undefined ? bundled : undefined
  if (!values.offline) return { about: "Claude Code, with your login.", executable, cwd: undefined, env: {} }
  const home = yield* temporary
  const api = yield* MockApi.scoped
  return {
    about: `Claude Code, offline: its model is made up at ${api.url}.`,
    executable,
    cwd: home,
    env: { base: "none" as const, set: api.env(home) }
  }
})

const write = (text: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(text))

const show = (event: AgentEvent.AgentEvent): Effect.Effect<void> => {
  switch (event._tag) {
    case "TextDelta":
      return write(event.text)
    case "ToolStarted":
      return write(`\n  → ${event.name} ${JSON.stringify(event.input)}\n`)
    case "ToolEnded":
      return write(`  ← ${event.status}: ${JSON.stringify(event.output)}\n`)
    case "TurnEnded": {
      const { cost, durationMs, usage } = event.result
      const price = Option.match(cost, { onNone: () => "unknown cost", onSome: (usd) => `$${usd.toFixed(5)}` })
      return write(`\n\n${usage.inputTokens} tokens in, ${usage.outputTokens} out, ${price}, ${durationMs} ms\n`)
    }
    default:
      return Effect.void
  }
}

const program = Effect.gen(function* () {
  const { about, cwd, env, executable } = yield* agent
  yield* write(`${about}\n\n`)
  const options: AgentAdapter.SessionOptions = {
    cwd,
    env,
    permissions: Permission.orElse(Permission.allowTools("Bash"), Permission.denyAll)
  }
  const layer = Session.layer(options).pipe(Layer.provide(ClaudeAdapter.layer({ executable })))
  yield* Effect.gen(function* () {
    const session = yield* Session.Session
    const prompt = positionals.join(" ") || (values.agent === "fake" || values.offline ? script : "Say hello.")
    yield* Stream.runForEach(session.stream(prompt), show)
  }).pipe(Effect.provide(layer))
})

program.pipe(Effect.scoped, Effect.provide(NodeServices.layer), NodeRuntime.runMain)
