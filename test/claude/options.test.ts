import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Struct from "effect/Struct"
import type { ClaudeOnly, ClaudeOptions } from "effect-agent-session/claude/ClaudeOptions"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { readFileSync } from "node:fs"
import type { InitializeResponse, ModelInfo } from "../../src/claude/ClaudeControl.ts"
import * as Honoured from "../../src/claude/internal/honoured.ts"
import * as Paths from "../../src/claude/internal/optionPaths.ts"
import * as Fake from "../support/fakeRig.ts"
import { isRecord } from "../support/mockApiReply.ts"
import { cases, type Name, values } from "./optionCases.ts"
import { elsewhere } from "./sdkOptions.ts"
import { claude as resolvedClaude, resolved } from "./resolvedOptions.ts"

const record = (value: unknown): { readonly [key: string]: unknown } => (isRecord(value) ? value : {})

type Line = { readonly [key: string]: unknown }

/** What the last process of a record was started with and told. */
const lastLaunch = (lines: ReadonlyArray<Line>) => {
  const at = lines.findLastIndex((line) => "argv" in line)
  const said = lines.slice(at + 1).map((line) => record(line["in"]))
  return {
    argv: (lines[at]?.["argv"] ?? []) as ReadonlyArray<string>,
    env: record(lines[at]?.["env"]),
    initialize: record(said.find((line) => record(line["request"])["subtype"] === "initialize")?.["request"]),
    prompt: record(said.findLast((line) => line["type"] === "user"))
  }
}

/** What it was told of an option, and in the order it was told. */
const assertSeen = (name: Name, launch: ReturnType<typeof lastLaunch>): void => {
  const { argv = [], env = {}, initialize = {}, prompt = {} } = cases[name][1]
  assert.deepStrictEqual(
    launch.argv.filter((token) => argv.includes(token)),
    argv,
    name
  )
  assert.deepInclude(launch.env, env, name)
  // What crossed the pipe is JSON.
  assert.deepInclude(launch.initialize, record(JSON.parse(JSON.stringify(initialize))), name)
  assert.deepInclude(launch.prompt, prompt, name)
}

/** What only goes on with an earlier conversation, or without one of the others. */
const later: ReadonlyArray<Name> = ["resumeDropsTurn", "sandbox", "disableSlashCommands"]
const first: ReadonlyArray<Name> = Struct.keys(cases).filter((name) => !later.includes(name))

const pick = (names: ReadonlyArray<Name>): ClaudeOnly => Object.fromEntries(names.map((name) => [name, values[name]]))

const refusal = (only: ClaudeOptions, variables?: { readonly [name: string]: string }) =>
  Fake.reasonOf(Fake.open(variables, only))

layer(Fake.layer, { excludeTestServices: true })("options of Claude Code, on the fake CLI", (it) => {
  it.effect(
    "rule 21: the CLI receives every option, as an argument, in the handshake, in its environment or with prompts",
    () =>
      Effect.gen(function* () {
        const home = yield* Fake.home
        const { cwd, env } = home.options()
        // The folder is an option here.
        const { CLAUDE_CONFIG_DIR: _, ...set } = env.set ?? {}
        const shared = { cwd, env: { ...env, set: { ...set, CLAUDE_CODE_SESSION_ACCESS_TOKEN: "dummy" } } }
        const { messageId } = yield* Effect.scoped(
          Effect.gen(function* () {
            const session = yield* ClaudeSession.make({ ...shared, ...pick(first) })
            const result = yield* session.ask("[[text:one]]")
            return { messageId: { resume: result.sessionId, at: result.userMessageId } }
          })
        )
        const begun = lastLaunch(yield* home.record)
        for (const name of first) assertSeen(name, begun)

        const { at, resume } = messageId
        if (resume === undefined || at === undefined) return assert.fail("the turn has no ids")
        const session = yield* ClaudeSession.make({
          ...shared,
          ...pick(later),
          configDir: values.configDir,
          start: { resume, at }
        })
        yield* session.ask("[[text:two]]")
        const resumed = lastLaunch(yield* home.record)
        for (const name of later) assertSeen(name, resumed)
      })
  )

  it.effect("the permission mode is always said, so that no version begins in one of its own", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open({ FAKE_CLAUDE_VERSION: "2.1.300" })
      assert.strictEqual((yield* session.serverInfo).current_permission_mode, "default")
    })
  )

  it.effect("a session is cleared although its prompts are verbatim", () =>
    Effect.gen(function* () {
      const session = yield* Fake.open({}, { verbatimPrompts: true })
      yield* session.ask("/clear")
      const prompts = Effect.map(session.home.record, (lines) =>
        lines.map((line) => record(line["in"])).filter((line) => line["type"] === "user")
      )
      yield* session.clear
      const sent = yield* prompts
      assert.deepStrictEqual(
        sent.map((line) => [record(line["message"])["content"], line["client_composed"]]),
        [
          ["/clear", true],
          ["/clear", undefined]
        ]
      )
    })
  )

  describe("what the CLI passes over without a word", () => {
    it.effect("rule 21: an agent to lead that there is not is refused, with those that there are", () =>
      Effect.gen(function* () {
        const reason = yield* refusal({ agent: "nobody" })
        assert.strictEqual(reason._tag, "InvalidOptions")
        assert.match(reason.message, /there is no "nobody": there are claude, Explore, general-purpose/)
      })
    )

    it.effect("rule 21: settings that the CLI drops are refused, by their place", () =>
      Effect.gen(function* () {
        const reason = yield* refusal({ settings: { permissions: { allow: ["Read"] }, effortLevel: 7 } })
        assert.strictEqual(reason._tag, "InvalidOptions")
        assert.match(reason.message, /settings\.permissions: Claude Code did not take it/)
      })
    )

    it.effect("rule 21: an effort that the model does not know is Unsupported", () =>
      Effect.gen(function* () {
        const reason = yield* refusal({ model: "claude-sonnet-4-5", effort: "high" })
        assert.strictEqual(reason._tag, "Unsupported")
        assert.match(reason.message, /effort "high" with the model claude-sonnet-4-5/)
      })
    )

    it.effect("rule 21: what an old version does not know is Unsupported, and says from which one it is there", () =>
      Effect.gen(function* () {
        const old = { FAKE_CLAUDE_VERSION: "2.1.197" }
        const reason = yield* refusal({ verbatimPrompts: true }, old)
        assert.strictEqual(reason._tag, "Unsupported")
        assert.match(reason.message, /verbatimPrompts needs Claude Code 2\.1\.248, this one is 2\.1\.197/)
      })
    )

    it.effect("rule 21: a flag that an old version does not know is Unsupported, by the option's name", () =>
      Effect.gen(function* () {
        const old = { FAKE_CLAUDE_VERSION: "2.1.197" }
        for (const [only, says] of [
          [{ projectConfigRoot: "/" }, /projectConfigRoot: .* does not know --project-config-root/],
          [{ extraArgs: { zork: true } }, /extraArgs: .* does not know --zork/]
        ] as const) {
          const reason = yield* refusal(only, old)
          assert.strictEqual(reason._tag, "Unsupported")
          assert.match(reason.message, says)
        }
      })
    )
  })
})

describe("docs/claude-options.md", () => {
  const rows = readFileSync(new URL("../../docs/claude-options.md", import.meta.url), "utf8").split("\n")

  it("has a row for every option", () => {
    for (const name of [...Struct.keys(cases), "mcpServers"]) {
      assert.lengthOf(
        rows.filter((row) => row.startsWith(`| \`${name}\` | `) && row.split("|").length === 7),
        1,
        name
      )
    }
  })

  it("says of every option of the SDK that has another name what it is here", () => {
    const at = rows.indexOf("| theirs | ours |")
    assert.deepStrictEqual(
      rows.slice(at + 2, rows.indexOf("", at)),
      Object.entries(elsewhere).map(([theirs, ours]) => `| \`${theirs}\` | ${ours} |`)
    )
  })
})

describe("what a CLI honours", () => {
  const models: ReadonlyArray<ModelInfo> = [
    { value: "new", resolvedModel: "claude-new", supportsAdaptiveThinking: true, supportsThinkingOff: false },
    { value: "old", resolvedModel: "claude-old", supportsThinkingOff: true }
  ]
  const told = (model: string, over: Partial<Honoured.Facts> = {}): Honoured.Facts => ({
    info: { models } satisfies InitializeResponse,
    version: "2.1.329",
    settings: { applied: { model, effort: "high" }, sources: [] },
    ...over
  })
  const says = (only: ClaudeOnly, facts: Honoured.Facts, expected: RegExp | undefined): void => {
    const { message } = Honoured.problem(resolvedClaude(only), facts) ?? {}
    if (expected === undefined) assert.isUndefined(message)
    else assert.match(message ?? "", expected)
  }

  layer(NodeServices.layer)((it) => {
    it("rule 21: thinking that the model cannot do as it is asked for is Unsupported", () => {
      const budget = { type: "enabled", budgetTokens: 2000 } as const
      says({ thinking: { type: "adaptive" } }, told("claude-new"), undefined)
      says(
        { thinking: { type: "disabled" } },
        told("claude-new"),
        /thinking of type "disabled" with the model claude-new/
      )
      says({ thinking: budget }, told("claude-new"), /thinking of type "enabled" with the model claude-new/)
      says({ thinking: { type: "adaptive" } }, told("claude-old"), /thinking of type "adaptive"/)
      says({ thinking: { type: "disabled" } }, told("claude-old"), undefined)
      says({ thinking: budget }, told("claude-old"), undefined)
      says({ thinking: budget }, told("claude-unlisted"), undefined)
    })

    it("rule 21: an effort counts as the CLI says it counts", () => {
      says({ effort: "high" }, told("claude-new"), undefined)
      says({ effort: "max" }, told("claude-new"), /effort "max" with the model claude-new, which goes on with high/)
      says({ effort: "max" }, told("claude-new", { settings: {} }), undefined)
      says({}, told("claude-new"), undefined)
    })

    it("rule 21: a version is compared number by number, and an unknown one is the oldest", () => {
      const options: ClaudeOnly = { verbatimPrompts: true }
      for (const version of ["2.1.248", "2.1.1000", "2.2.0", "3.0.0"]) says(options, told("m", { version }), undefined)
      for (const version of ["2.1.99", "2.0.999", "1.9.999", undefined, "odd"]) {
        says(options, told("m", { version }), /verbatimPrompts needs Claude Code 2\.1\.248/)
      }
    })

    it("rule 21: what came later than 2.1.197 is refused there, and only where it is used", () => {
      const used: ReadonlyArray<ClaudeOnly> = [
        { perTaskStopAffordance: true },
        { systemPromptSnapshot: false },
        { agents: { a: { description: "d", prompt: "p", observer: "b" } } },
        { sandbox: { credentials: { awsPairs: [] } } },
        { sandbox: { allowNestedUserNamespaces: true } }
      ]
      const unused: ClaudeOnly = { perTaskStopAffordance: false, agents: {}, sandbox: { credentials: {} } }
      for (const only of used) says(only, told("m", { version: "2.1.197" }), /needs Claude Code 2\.1\.3/)
      says(unused, told("m", { version: "2.1.197", settings: {} }), undefined)
    })

    it("rule 21: an agent of ours that the CLI does not list was dropped", () => {
      const critic = { description: "d", prompt: "p" }
      const info = { agents: [{ name: "Explore" }, { name: "critic" }] }
      says({ agents: { critic } }, told("m", { info }), undefined)
      says({ agents: { critic, other: critic } }, told("m", { info }), /agents\.other: Claude Code did not take it/)
      says({ agent: "critic" }, told("m", { info }), undefined)
    })

    it("rule 21: settings are looked for where the CLI says what it took, whatever their values look like there", () => {
      const took = (source: string, settings: unknown) =>
        told("m", { settings: { applied: {}, sources: [{ source, settings }] } })
      const settings = { model: "opus", permissions: { allow: ["Read", "Bash("] } }
      says({ settings }, took("flagSettings", settings), undefined)
      says({ settings }, took("flagSettings", { ...settings, model: "[hidden]" }), undefined)
      says(
        { settings },
        took("flagSettings", { model: "opus", permissions: { allow: ["Read"] } }),
        /settings\.permissions\.allow/
      )
      says({ settings: JSON.stringify(settings) }, took("flagSettings", {}), /settings\.model/)
      says({ settings }, took("userSettings", settings), /settings: Claude Code did not take it/)
      says({ settings: "a/path.json" }, took("userSettings", {}), undefined)
      says({ sandbox: { enabled: false } }, took("flagSettings", {}), /settings\.sandbox/)
      says({ managedSettings: { model: "opus" } }, took("policySettings", {}), /managedSettings\.model/)
    })

    it.effect("nothing is asked about what is not used", () =>
      Effect.gen(function* () {
        const asked: Array<string> = []
        const connection: Parameters<typeof Honoured.check>[1] = {
          info: {},
          control: (subtype) => {
            asked.push(subtype)
            return Effect.die(new Error("nothing is to be asked"))
          }
        }
        const fail = () => assert.fail("nothing is to fail")
        yield* Honoured.check(resolved(), connection, fail)
        yield* Honoured.check(resolvedClaude({ settings: "a/path.json", fallbackModel: "haiku" }), connection, fail)
        assert.deepStrictEqual(asked, [])
      })
    )

    it.effect("rule 21: a path that is not there is told, which the CLI would not do", () =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const root = yield* fs.makeTempDirectoryScoped({ prefix: "effect-agent-session-test-" })
        yield* fs.makeDirectory(`${root}/here`)
        yield* fs.writeFileString(`${root}/file`, "")
        yield* fs.writeFileString(`${root}/plugin.zip`, "")
        const issues = (only: ClaudeOnly) => Paths.issues(only, `${root}/here`)
        const good: ClaudeOnly = {
          addDirs: [root, ".."],
          plugins: ["../here", { path: "../plugin.zip" }],
          debugFile: "debug.log",
          projectConfigRoot: root
        }
        assert.deepStrictEqual(yield* issues(good), [])
        assert.deepStrictEqual(
          yield* issues({
            addDirs: ["..", "../nowhere", "../file"],
            plugins: ["../nowhere", "../file"],
            debugFile: "../nowhere/debug.log",
            projectConfigRoot: `${root}/file`
          }),
          [
            "addDirs: ../nowhere is not a directory: create it or leave it out",
            "addDirs: ../file is not a directory: create it or leave it out",
            "plugins: ../nowhere is not a directory or a .zip file: create it or leave it out",
            "plugins: ../file is not a directory or a .zip file: create it or leave it out",
            `projectConfigRoot: ${root}/file is not a directory: create it or leave it out`,
            "debugFile: ../nowhere is not a directory: create it or leave it out"
          ]
        )
      })
    )
  })
})
