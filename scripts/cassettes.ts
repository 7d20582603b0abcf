/**
 * `npm run cassettes [-- NAME …]`: records the scenarios of test/support/cassetteScenarios.ts from the real CLI, in the
 * pinned version and in the oldest one that is looked after, on a Messages API of ours.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, FileSystem, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { Cassette } from "effect-agent-session/testing"
import { fileURLToPath } from "node:url"
import { executable, promised } from "../test/e2e/agents.ts"
import { type Scenario, scenarios } from "../test/support/cassetteScenarios.ts"
import * as MockApi from "../test/support/mockApi.ts"
import * as Installed from "./drift/install.ts"

const oldest = "2.1.197"

const folder = fileURLToPath(new URL("../test/fixtures/cassettes", import.meta.url))

/** What the handshake lists is long, differs by version alone, and is not what is looked at: a few of each are enough. */
const shortened = (line: string): string => {
  const frame: unknown = JSON.parse(line)
  return JSON.stringify(frame, (key, value: unknown) => {
    if (["commands", "models", "slash_commands", "skills", "agents", "tools"].includes(key) && Array.isArray(value)) {
      return value.slice(0, 2)
    }
    return value
  })
    .replaceAll(/127\.0\.0\.1:\d+/g, "127.0.0.1:80")
    .replaceAll(/"pid":\d+/g, '"pid":1')
    .replaceAll(/cc-socks\/\d+/g, "cc-socks/1")
}

const record = Effect.fnUntraced(function* (executable: string, version: string, { name, run }: Scenario) {
  const files = yield* FileSystem.FileSystem
  const home = yield* files.makeTempDirectoryScoped({ prefix: "cassette-" })
  const cwd = `${home}/work`
  yield* files.makeDirectory(cwd)
  const api = yield* MockApi.scoped
  const set = api.env(home)
  const recorder = yield* Cassette.record({
    title: `${name}, Claude Code ${version}`,
    paths: { [home]: "/home/user" },
    secrets: [set["ANTHROPIC_API_KEY"] ?? ""],
    redact: (line) => (line.startsWith("{") ? shortened(line) : line)
  })
  yield* run((options) =>
    Session.make({ ...options, cwd, env: { base: "none", set }, timeouts: { idle: "30 seconds" } })
  ).pipe(Effect.scoped, Effect.provide(ClaudeAdapter.layer({ executable }).pipe(Layer.provide(recorder.layer))))
  yield* files.makeDirectory(`${folder}/${version}`, { recursive: true })
  yield* Cassette.save(`${folder}/${version}/${name}.ndjson`, yield* recorder.cassette)
  console.log(`${version} ${name}`)
}, Effect.scoped)

const program = Effect.gen(function* () {
  const names = process.argv.slice(2)
  const chosen = scenarios.filter(({ name }) => names.length === 0 || names.includes(name))
  const installed = yield* Installed.install(oldest)
  for (const [program, version] of [
    [executable(), String(promised())],
    [installed, oldest]
  ] as const) {
    for (const scenario of chosen) yield* record(program, version, scenario)
  }
})

program.pipe(Effect.scoped, Effect.provide(NodeServices.layer), NodeRuntime.runMain)
