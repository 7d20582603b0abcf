import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type { PermissionMode, ResolvedTool, Start } from "../../src/AgentAdapter.ts"
import * as ClaudeHook from "../../src/claude/ClaudeHook.ts"
import type { ClaudeOnly, ResolvedClaudeOptions } from "../../src/claude/ClaudeOptions.ts"
import * as Args from "../../src/claude/internal/claudeArgs.ts"
import * as Input from "../../src/Input.ts"
import * as Permission from "../../src/Permission.ts"
import { cases, type Seen, values } from "./optionCases.ts"
import { claude, resolved } from "./resolvedOptions.ts"
import { seeded } from "../support/seeded.ts"

const fresh = "11111111-1111-4111-8111-111111111111"
const earlier = "22222222-2222-4222-8222-222222222222"
const own = "33333333-3333-4333-8333-333333333333"

const argv = (options: ResolvedClaudeOptions, resumed?: string): ReadonlyArray<string> =>
  Args.args(options, { sessionId: fresh, resumed })

/** What an option adds to the arguments. */
const added = (over: Partial<ResolvedClaudeOptions>): ReadonlyArray<string> => {
  const plain = new Set(argv(resolved()))
  return argv(resolved(over)).filter((token) => !plain.has(token))
}

const startTokens = (start: Start, resumed?: string): ReadonlyArray<string> =>
  argv(resolved({ start, partialMessages: false }), resumed).slice(4, -1)

const outputSchema = { jsonSchema: { type: "object", title: "answer" }, decode: Effect.succeed }

const tool: ResolvedTool = {
  server: "math",
  name: "add",
  parameters: { type: "object" },
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  call: () => Effect.succeed({ value: 3 })
}

describe("args", () => {
  it("the protocol's flags are always there and always first [cc-18]", () => {
    const protocol = ["-p", "--output-format=stream-json", "--input-format=stream-json", "--verbose"]
    assert.deepStrictEqual(argv(resolved()).slice(0, 4), protocol)
    assert.deepStrictEqual(argv(resolved()), [
      ...protocol,
      `--session-id=${fresh}`,
      "--permission-mode=default",
      "--include-partial-messages"
    ])
  })

  it("every start has its flags, and a session or a copy an id that is known beforehand [cc-18]", () => {
    const fork = "--fork-session"
    assert.deepStrictEqual(startTokens("new"), [`--session-id=${fresh}`])
    assert.deepStrictEqual(startTokens({ sessionId: own }), [`--session-id=${own}`])
    assert.deepStrictEqual(startTokens({ resume: earlier }), [`--resume=${earlier}`])
    assert.deepStrictEqual(startTokens({ resume: earlier, fork: false }), [`--resume=${earlier}`])
    assert.deepStrictEqual(startTokens({ resume: earlier, at: "m1" }), [
      `--resume=${earlier}`,
      "--resume-session-at=m1"
    ])
    assert.deepStrictEqual(startTokens({ resume: earlier, fork: true }), [
      `--resume=${earlier}`,
      fork,
      `--session-id=${fresh}`
    ])
    assert.deepStrictEqual(startTokens({ resume: earlier, fork: true, sessionId: own }), [
      `--resume=${earlier}`,
      fork,
      `--session-id=${own}`
    ])
    assert.deepStrictEqual(startTokens({ continue: true }), ["--continue"])
    assert.deepStrictEqual(startTokens({ continue: true, fork: true }), ["--continue", fork, `--session-id=${fresh}`])
  })

  it("rule 20: the conversation that continue was found to mean is resumed by its id", () => {
    assert.deepStrictEqual(startTokens({ continue: true }, earlier), [`--resume=${earlier}`])
    assert.deepStrictEqual(startTokens({ continue: true, fork: true }, earlier), [
      `--resume=${earlier}`,
      "--fork-session",
      `--session-id=${fresh}`
    ])
    assert.deepStrictEqual(startTokens("new", earlier), [`--session-id=${fresh}`])
  })

  it("a switch is a bare flag when it is on and nothing when it is off [cc-21]", () => {
    const switches: ReadonlyArray<readonly [Partial<ResolvedClaudeOptions>, string]> = [
      [{ persist: false }, "--no-session-persistence"],
      [{ claude: { allowDangerouslySkipPermissions: true } }, "--allow-dangerously-skip-permissions"],
      [{ claude: { replayUserMessages: true } }, "--replay-user-messages"],
      [{ claude: { includeHookEvents: true } }, "--include-hook-events"]
    ]
    for (const [on, flag] of switches) assert.deepStrictEqual(added(on), [flag])
    assert.deepStrictEqual(added({ persist: true }), [])
    const off = { allowDangerouslySkipPermissions: false, replayUserMessages: false, includeHookEvents: false }
    assert.deepStrictEqual(added({ claude: off }), [])
    assert.notInclude(argv(resolved({ partialMessages: false })), "--include-partial-messages")
  })

  it("a list is one token with commas; an empty one is nothing [cc-19] [cc-20]", () => {
    assert.deepStrictEqual(added({ allowedTools: ["Read", "Bash(git:*)"] }), ["--allowedTools=Read,Bash(git:*)"])
    assert.deepStrictEqual(added({ disallowedTools: ["WebFetch"] }), ["--disallowedTools=WebFetch"])
    assert.deepStrictEqual(added({ allowedTools: [], disallowedTools: [], claude: { addDirs: [] } }), [])
  })

  it("each directory is a token of its own, whatever is in its name [cc-19]", () => {
    assert.deepStrictEqual(added({ claude: { addDirs: ["../a b", "/c,d", "-e"] } }), [
      "--add-dir=../a b",
      "--add-dir=/c,d",
      "--add-dir=-e"
    ])
  })

  it("every permission mode keeps its name [cc-22]", () => {
    const modes: ReadonlyArray<PermissionMode> = ["acceptEdits", "plan", "dontAsk", "auto", "bypassPermissions"]
    for (const permissionMode of modes) {
      assert.deepStrictEqual(added({ permissionMode }), [`--permission-mode=${permissionMode}`])
    }
  })

  it("the permission mode is always said: a CLI that is not told one may begin in one that runs what nobody allowed", () => {
    assert.include(argv(resolved()), "--permission-mode=default")
    assert.include(argv(resolved({ permissionMode: "default" })), "--permission-mode=default")
  })

  it("rule 18: the permission surface is offered only where a handler decides [cc-22]", () => {
    assert.deepStrictEqual(added({ permissions: Permission.allowAll }), ["--permission-prompt-tool=stdio"])
    assert.deepStrictEqual(added({ permissions: undefined }), [])
  })

  it("settings sources: unset says nothing, an empty list says none [cc-23]", () => {
    assert.deepStrictEqual(added({ claude: { settingSources: undefined } }), [])
    assert.deepStrictEqual(added({ claude: { settingSources: [] } }), ["--setting-sources="])
    assert.deepStrictEqual(added({ claude: { settingSources: ["user", "local"] } }), ["--setting-sources=user,local"])
  })

  it("settings go as the path, as the text, or as the object's JSON [cc-25]", () => {
    assert.deepStrictEqual(added({ claude: { settings: "s.json" } }), ["--settings=s.json"])
    assert.deepStrictEqual(added({ claude: { settings: '{"a":1}' } }), ['--settings={"a":1}'])
    assert.deepStrictEqual(added({ claude: { settings: { a: { b: [1, "x=y"] } } } }), [
      '--settings={"a":{"b":[1,"x=y"]}}'
    ])
  })

  it("thinking is on, off, or has a number of tokens, and is shown as told [cc-26]", () => {
    assert.deepStrictEqual(added({ claude: { thinking: { type: "adaptive" } } }), ["--thinking=adaptive"])
    assert.deepStrictEqual(added({ claude: { thinking: { type: "disabled" } } }), ["--thinking=disabled"])
    assert.deepStrictEqual(
      added({ claude: { thinking: { type: "enabled", budgetTokens: 2000, display: "summarized" } } }),
      ["--max-thinking-tokens=2000", "--thinking-display=summarized"]
    )
  })

  it("numbers are written as numbers [cc-28]", () => {
    assert.deepStrictEqual(added({ maxTurns: 3, maxBudgetUsd: 0.25 }), ["--max-turns=3", "--max-budget-usd=0.25"])
    assert.deepStrictEqual(added({ maxBudgetUsd: 5 }), ["--max-budget-usd=5"])
  })

  it("extra flags come last, bare or with a value [cc-28]", () => {
    const options = resolved({
      model: "opus",
      persist: false,
      claude: {
        extraArgs: { autocompact: "100000", brief: true, "safe-mode": null, empty: "" },
        fallbackModel: "haiku"
      }
    })
    assert.deepStrictEqual(argv(options).slice(-4), ["--autocompact=100000", "--brief", "--safe-mode", "--empty="])
  })

  it.prop(
    "rule 11: whatever a value is, it stays in the one token of its flag [asm-117]",
    [Schema.String],
    ([text]: readonly [string]) => {
      const tokens = argv(
        resolved({ model: text, claude: { fallbackModel: text, settings: text, addDirs: [text, text] } })
      )
      assert.lengthOf(tokens, 7 + 4)
      for (const token of tokens.slice(1)) assert.match(token, /^--[a-z][a-zA-Z-]*(=|$)/)
      assert.lengthOf(
        tokens.filter((token) => token.endsWith(`=${text}`)),
        4
      )
    },
    seeded()
  )
})

describe("initialize", () => {
  it("rule 11: system prompts and schemas go through the handshake, never on the command line [cc-24] [cc-38]", () => {
    const marker = 'You are $(id) "quoted" -p --model=x\n'
    for (const systemPrompt of [marker, { append: marker }]) {
      const options = resolved({ systemPrompt, outputSchema })
      assert.deepStrictEqual(argv(options), argv(resolved()))
      assert.include(JSON.stringify(Args.initialize(options)), JSON.stringify(marker).slice(1, -1))
    }
    assert.deepStrictEqual(Args.initialize(resolved({ systemPrompt: marker, outputSchema })), {
      systemPrompt: [marker],
      jsonSchema: outputSchema.jsonSchema
    })
    assert.deepStrictEqual(Args.initialize(resolved({ systemPrompt: { append: marker } })), {
      appendSystemPrompt: marker
    })
  })

  it("says nothing when nothing is asked for, and an empty prompt when one is [cc-38]", () => {
    assert.deepStrictEqual(Args.initialize(resolved()), {})
    assert.deepStrictEqual(Args.initialize(resolved({ systemPrompt: "" })), { systemPrompt: [""] })
  })

  it("rule 21: a system prompt for a resumed conversation takes the place of the recorded one", () => {
    const starts: ReadonlyArray<Start> = [{ resume: earlier }, { resume: earlier, fork: true }, { continue: true }]
    for (const start of starts) {
      assert.deepStrictEqual(Args.initialize(resolved({ start, systemPrompt: "new" })), {
        systemPrompt: ["new"],
        systemPromptSnapshot: false
      })
      assert.deepStrictEqual(Args.initialize(resolved({ start })), {})
    }
    assert.notProperty(
      Args.initialize(resolved({ start: { sessionId: own }, systemPrompt: "new" })),
      "systemPromptSnapshot"
    )
  })
})

describe("env", () => {
  const always = { CLAUDE_CODE_EMIT_SESSION_STATE_EVENTS: "1", CLAUDE_CODE_STARTUP_FAILURE_RESULTS: "1" }

  it("rule 12: the host's without what would nest, our two variables, then what the user sets [asm-118]", () => {
    const key = Redacted.make("sk-1")
    const options = resolved({ env: { set: { ANTHROPIC_API_KEY: key, HOME: undefined, PATH: "/opt" } } })
    const host = { PATH: "/bin", HOME: "/root", CLAUDECODE: "1", NODE_OPTIONS: "--inspect", LANG: "C" }
    assert.deepStrictEqual(Args.env(options, host), { ...always, PATH: "/opt", LANG: "C", ANTHROPIC_API_KEY: key })
  })

  it("nothing is added that nobody asked for", () => {
    assert.deepStrictEqual(Args.env(resolved({ env: { base: "none" } }), { PATH: "/bin" }), always)
  })

  it("the configuration folder is the CLI's variable, over the host's", () => {
    const { CLAUDE_CONFIG_DIR } = Args.env(claude({ configDir: "/conf" }), { CLAUDE_CONFIG_DIR: "/host" })
    assert.strictEqual(CLAUDE_CONFIG_DIR, "/conf")
    assert.notInclude(argv(claude({ configDir: "/conf" })).join(" "), "/conf")
  })

  it("rule 11: what is set in the environment is in no argument [cc-17]", () => {
    const options = resolved({ env: { set: { ANTHROPIC_API_KEY: "sk-secret" } }, metadata: { ticket: "sk-secret" } })
    assert.deepStrictEqual(argv(options), argv(resolved()))
    assert.deepStrictEqual(Args.initialize(options), {})
  })
})

describe("the table", () => {
  type Every = Omit<ResolvedClaudeOptions, "claude"> & ClaudeOnly
  type Samples = { readonly [K in keyof Required<Every>]: Every[K] }

  const samples: Samples = {
    cwd: "/work",
    model: "opus",
    systemPrompt: "Be brief",
    permissionMode: "plan",
    allowedTools: ["Read"],
    disallowedTools: ["Bash"],
    env: { set: { LANG: "C" } },
    maxTurns: 1,
    maxBudgetUsd: 1,
    persist: false,
    repairOutput: true,
    failFast: true,
    budget: { name: "b", left: () => 1, usedUp: () => undefined, charge: () => {}, whenUsedUp: () => () => {} },
    limiter: { admit: Effect.void, hold: () => Effect.void, heldUntil: Effect.succeedNone },
    partialMessages: false,
    start: { resume: earlier },
    turns: { policy: "reject", capacity: 0 },
    buffer: 1,
    metadata: { ticket: "7" },
    timeouts: { ...resolved().timeouts, idle: Duration.seconds(9) },
    permissions: Permission.allowAll,
    tools: [tool],
    outputSchema,
    input: () => Effect.succeed(Input.decline()),
    hooks: [
      { event: "Stop", matcher: undefined, timeout: Duration.seconds(1), handle: () => Effect.succeed(ClaudeHook.pass) }
    ],
    mcpServers: { files: { command: "files" } },
    ...values
  }

  const ownNames: ReadonlySet<string> = new Set([...Object.keys(cases), "mcpServers"])
  /** What the adapter or the session does itself: the directory and the deadlines of the process, the queue, spans, prompts. */
  const local: ReadonlySet<string> = new Set([
    "cwd",
    "turns",
    "buffer",
    "metadata",
    "timeouts",
    "repairOutput",
    "failFast",
    "budget",
    "limiter",
    "verbatimPrompts"
  ])

  const launch = (options: ResolvedClaudeOptions): string =>
    JSON.stringify([argv(options), Args.initialize(options), Args.env(options, {})])

  /** Of two that come to the same thing, one may stand there for both. */
  const alike: { readonly [name: string]: ReadonlyArray<string> } = {
    permissions: ["input"],
    input: ["permissions"],
    systemPromptSnapshot: ["systemPrompt", "start"]
  }

  const pick = (names: Iterable<string>): ResolvedClaudeOptions => {
    const entries = [...new Set(names)].map((name) => [name, Reflect.get(samples, name)] as const)
    return resolved({
      ...Object.fromEntries(entries.filter(([name]) => !ownNames.has(name))),
      claude: Object.fromEntries(entries.filter(([name]) => ownNames.has(name)))
    })
  }

  it("rule 21: every option changes how the CLI is started, or is ours [asm-116]", () => {
    for (const name of Object.keys(samples)) {
      assert.strictEqual(launch(pick([name])) !== launch(resolved()), !local.has(name), name)
    }
  })

  it("every option of Claude's own goes where it has to, and nowhere else", () => {
    const plain = { argv: new Set(argv(resolved())), env: Args.env(resolved(), {}) }
    for (const name of Struct.keys(cases)) {
      const options = pick([name])
      const env = Object.entries(Args.env(options, {})).filter(([variable]) => !Object.hasOwn(plain.env, variable))
      const seen: Seen = {
        argv: argv(options).filter((token) => !plain.argv.has(token)),
        initialize: Args.initialize(options),
        env: Object.fromEntries(env.map(([variable, value]) => [variable, String(value)]))
      }
      const [, { prompt: _said, ...wanted }] = cases[name]
      assert.deepStrictEqual(seen, { argv: [], initialize: {}, env: {}, ...wanted }, name)
    }
  })

  it.prop(
    "rule 21: options do not take one another's effect away, whichever are combined [asm-116]",
    [Schema.Array(Schema.Literals(Object.keys(samples)))],
    ([names]: readonly [ReadonlyArray<string>]) => {
      const all = launch(pick(names))
      for (const name of new Set(names)) {
        if ((alike[name] ?? []).some((other) => names.includes(other))) continue
        const without = launch(pick(names.filter((other) => other !== name)))
        assert.strictEqual(all === without, local.has(name), `${name} among ${names.join()}`)
      }
    },
    seeded()
  )

  it("options that are ours never reach the command line [cc-17]", () => {
    assert.strictEqual(launch(pick(local)), launch(resolved()))
  })

  it("the servers of our tools are named in the handshake, each once, and none where there are no tools", () => {
    const tools = [tool, { ...tool, name: "subtract" }, { ...tool, server: "text" }]
    assert.deepStrictEqual(Args.initialize(resolved({ tools })), { sdkMcpServers: ["math", "text"] })
    assert.deepStrictEqual(Args.initialize(resolved({ tools: [] })), {})
  })

  it("every flag we can produce belongs to somebody, but for the extra ones", () => {
    const names = Object.keys(samples).filter((name) => name !== "extraArgs")
    const tokens = [
      ...argv(pick(names)),
      ...startTokens({ continue: true, fork: true }),
      ...startTokens({ resume: earlier, at: "m" })
    ]
    for (const token of tokens) {
      assert.isDefined(Args.ownerOf(token.replace(/^-+/, "").replace(/=.*$/s, "")), token)
    }
    assert.isUndefined(Args.ownerOf("autocompact"))
  })
})
