/** MCP servers that are not ours: what they may be, and how the CLI hears of them. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Redacted from "effect/Redacted"
import type { ResolvedTool } from "effect-agent-session/AgentAdapter"
import { type ClaudeOnly, type McpServer, validate } from "effect-agent-session/claude/ClaudeOptions"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "../support/fakeRig.ts"
import { at } from "../support/fakeClaude/driver.ts"
import { resolved } from "./resolvedOptions.ts"

const secret = "sk-mcp-0123456789"

const stdio: McpServer = {
  command: "/bin/cat",
  args: ["-u"],
  env: { TOKEN: Redacted.make(secret) },
  timeout: 5000
}

const servers: ClaudeOnly["mcpServers"] = {
  files: stdio,
  search: {
    type: "http",
    url: "http://127.0.0.1:1/mcp",
    headers: { authorization: Redacted.make(secret) },
    alwaysLoad: true
  }
}

const asTold = {
  files: { type: "stdio", command: "/bin/cat", args: ["-u"], env: { TOKEN: secret }, timeout: 5000 },
  search: { type: "http", url: "http://127.0.0.1:1/mcp", headers: { authorization: secret }, alwaysLoad: true }
}

/** What a session of that version was started with. */
const started = Effect.fnUntraced(function* (version: string) {
  const fs = yield* FileSystem.FileSystem
  const home = yield* Fake.home
  const session = yield* ClaudeSession.make({
    ...home.options({ FAKE_CLAUDE_VERSION: version }),
    mcpServers: servers
  })
  const record = yield* home.record
  const argv = record.map((line) => line["argv"]).find((args) => Array.isArray(args) && args.includes("-p"))
  const args: ReadonlyArray<unknown> = Array.isArray(argv) ? argv : []
  const initialize = record.map((line) => at(line, "in", "request")).find((request) => request !== undefined)
  return { args, file: args.map(String).find((arg) => arg.startsWith("--mcp-config=")), fs, initialize, session }
})

const tool = (server: string): ResolvedTool => ({
  server,
  name: "add",
  parameters: { type: "object" },
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  call: () => Effect.succeed({ value: 3 })
})

const issues = (mcpServers: ClaudeOnly["mcpServers"], tools?: ReadonlyArray<ResolvedTool>): string =>
  validate(resolved({ claude: { mcpServers }, ...(tools === undefined ? {} : { tools }) })).join("\n")

describe("mcpServers", () => {
  it.live(
    "rule 11: a CLI that knows how hears of them in the handshake, and no secret is among its arguments [cc-27]",
    () =>
      Effect.gen(function* () {
        const { args, file, initialize } = yield* started("2.1.329")
        assert.include(args, "--await-initialize")
        assert.isUndefined(file)
        assert.deepStrictEqual(at(initialize, "mcpServers"), asTold)
        assert.notInclude(args.join(" "), secret)
      }).pipe(Effect.provide(Fake.layer))
  )

  it.live("rule 11: an older one reads them from a file that is ours alone, and gone when the session is closed", () =>
    Effect.gen(function* () {
      const { args, file = "", fs, initialize, session } = yield* started("2.1.197")
      const path = file.replace("--mcp-config=", "")
      assert.deepStrictEqual(JSON.parse(yield* fs.readFileString(path)), { mcpServers: asTold })
      assert.strictEqual((yield* fs.stat(path)).mode & 0o777, 0o600)
      assert.isUndefined(at(initialize, "mcpServers"))
      assert.notInclude(args, "--await-initialize")
      assert.notInclude(args.join(" "), secret)
      yield* session.close
      assert.isFalse(yield* fs.exists(path))
    }).pipe(Effect.provide(Fake.layer))
  )

  it.live("a server that does not connect is told once, and the session goes on without its tools", () =>
    Effect.gen(function* () {
      const mcpServers: ClaudeOnly["mcpServers"] = { gone: { command: "/does/not/exist" }, there: stdio }
      const session = yield* ClaudeSession.make({ ...(yield* Fake.home).options(), mcpServers })
      const notices = (yield* Effect.forEach(["one", "two"], (prompt) => Fake.turn(session, prompt)))
        .flat()
        .flatMap((event) => (event._tag === "Notice" ? [[event.code, event.text]] : []))
      const text = "the MCP server gone did not connect: its tools are missing"
      assert.deepStrictEqual(notices, [["mcp-server-missing", text]])
    }).pipe(Effect.provide(Fake.layer))
  )

  it("rule 21: names that the CLI would pass over or take for others are refused", () => {
    assert.strictEqual(issues({ "my-files_1": stdio }), "")
    assert.include(issues({ "my files": stdio }), "mcpServers.my files: the name of a server is made of")
    assert.include(issues({ a__b: stdio }), "mcpServers.a__b: the name of a server is made of")
    assert.include(issues({ workspace: stdio }), "mcpServers.workspace: Claude Code keeps this name for itself")
    assert.include(issues({ math: stdio }, [tool("math")]), "mcpServers.math: tools has a server of this name too")
    assert.include(issues({}, [tool("ide")]), "tools.ide: Claude Code keeps this name for itself")
  })

  it("rule 21: a server is a command or a URL, and what is wrong is said without its secrets", () => {
    const wrong = (json: string) => issues(JSON.parse(json))
    assert.include(wrong('{"a":{"command":""}}'), "mcpServers.a")
    assert.include(wrong('{"a":{"type":"ftp","url":"x"}}'), "mcpServers.a")
    const leaky = wrong(`{"a":{"type":"http","url":5,"headers":{"authorization":"${secret}"}}}`)
    assert.include(leaky, "mcpServers.a")
    assert.notInclude(leaky, secret)
  })
})
