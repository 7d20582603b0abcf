import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { PermissionMode, Start } from "../../src/AgentAdapter.ts"
import { ClaudeOnly, type ResolvedClaudeOptions, validate } from "../../src/claude/ClaudeOptions.ts"
import { claude, resolved } from "./resolvedOptions.ts"

const id = "0b5e7a4e-91a5-4d23-8f2b-b1a9a3c0ffee"
const other = "1c6f8b5f-a2b6-4e34-9a3c-c2bab4d1aaaa"

const refused = (options: ResolvedClaudeOptions, says: RegExp): void => {
  const issues = validate(options)
  assert.strictEqual(issues.length, 1, `one issue: ${issues.join(" | ")}`)
  assert.match(issues[0] ?? "", says)
}

const accepted = (options: ResolvedClaudeOptions): void => assert.deepStrictEqual(validate(options), [])

/** What a caller without types may write. */
const untyped = (value: unknown): ResolvedClaudeOptions => claude(value as ClaudeOnly)

describe("validate", () => {
  it("nothing is required: the login is the CLI's own business [cc-33]", () => {
    accepted(resolved())
    accepted(claude({}))
  })

  it("rule 21: every option of Claude's own is checked for its type, and the issue names it [cc-29]", () => {
    const wrong = {
      addDirs: "src",
      fallbackModel: 1,
      settingSources: ["home"],
      settings: 7,
      extraArgs: { effort: 3 },
      configDir: false,
      allowDangerouslySkipPermissions: "yes",
      replayUserMessages: 1,
      includeHookEvents: "on"
    } satisfies { readonly [K in keyof Required<ClaudeOnly>]: unknown }
    for (const [name, value] of Object.entries(wrong)) refused(untyped({ [name]: value }), new RegExp(`^${name}`))
  })

  it("all values that are malformed are told at once", () => {
    assert.lengthOf(validate(untyped({ addDirs: "src", fallbackModel: 1 })), 2)
  })

  it("rule 21: resume takes the id of a session and no title [cc-34]", () => {
    accepted(resolved({ start: { resume: id } }))
    accepted(resolved({ start: { resume: id.toUpperCase() } }))
    refused(resolved({ start: { resume: "my refactoring" } }), /^start\.resume must be a session id/)
    refused(resolved({ start: { resume: `${id}/../x` } }), /^start\.resume/)
  })

  it("rule 21: a session id of one's own goes with a new session or a copy, and with nothing else [cc-34]", () => {
    const starts: ReadonlyArray<readonly [boolean, Start]> = [
      [true, { sessionId: id }],
      [true, { resume: id, fork: true, sessionId: other }],
      [true, { continue: true, fork: true, sessionId: other }],
      [false, { resume: id, sessionId: other }],
      [false, { resume: id, fork: false, sessionId: other }],
      [false, { continue: true, sessionId: other }]
    ]
    for (const [good, start] of starts) {
      if (good) accepted(resolved({ start }))
      else refused(resolved({ start }), /^start\.sessionId .* needs fork: true/)
    }
  })

  it("what the CLI can do is not refused: a copy that is not kept, a cut with and without a copy", () => {
    const starts: ReadonlyArray<Start> = [
      { resume: id },
      { resume: id, fork: true },
      { resume: id, at: other },
      { resume: id, at: other, fork: true },
      { continue: true },
      { continue: true, fork: true },
      { sessionId: id },
      "new"
    ]
    for (const start of starts) for (const persist of [true, false]) accepted(resolved({ start, persist }))
  })

  it("rule 21: bypassing permissions needs the option that permits it, which may stand alone [cc-34]", () => {
    const mode = (permissionMode: PermissionMode, permitted?: boolean): ResolvedClaudeOptions =>
      resolved({ permissionMode, claude: { allowDangerouslySkipPermissions: permitted } })
    refused(mode("bypassPermissions"), /needs allowDangerouslySkipPermissions: true/)
    refused(mode("bypassPermissions", false), /needs allowDangerouslySkipPermissions: true/)
    refused(resolved({ permissionMode: "bypassPermissions" }), /needs allowDangerouslySkipPermissions: true/)
    accepted(mode("bypassPermissions", true))
    accepted(mode("default", true))
    accepted(claude({ allowDangerouslySkipPermissions: true }))
    for (const other of ["default", "acceptEdits", "plan", "dontAsk", "auto"] as const) accepted(mode(other))
  })

  it("rule 21: the fallback is another model than the model", () => {
    const models = (model: string | undefined, fallbackModel: string): ResolvedClaudeOptions =>
      resolved({ model, claude: { fallbackModel } })
    accepted(models("opus", "sonnet,haiku"))
    accepted(models(undefined, "sonnet"))
    refused(models("opus", "opus"), /^fallbackModel must differ from model/)
    refused(models("opus", "sonnet, opus"), /^fallbackModel must differ from model/)
    refused(models(undefined, " "), /^fallbackModel is empty/)
  })

  it("rule 21: a rule with commas and blanks in its parentheses is one rule; what the CLI would cut is refused [cc-20]", () => {
    for (const rule of ["Read", "mcp__calc__add", "Bash(git:*)", "Bash(git log --format=%h,%s)", "Bash(echo (a))"]) {
      accepted(resolved({ allowedTools: [rule] }))
    }
    for (const rule of ["Read,Bash", "Read Bash", " Read", "Bash(echo (a,b) c)", "Bash(git log", "Bash(a)\nRead"]) {
      refused(resolved({ allowedTools: [rule] }), /^allowedTools: .* one rule an entry/)
      refused(resolved({ disallowedTools: [rule] }), /^disallowedTools: .* one rule an entry/)
    }
  })

  it("rule 21: no list has an empty entry", () => {
    refused(resolved({ allowedTools: ["Read", ""] }), /^allowedTools has an empty entry/)
    refused(resolved({ disallowedTools: [" "] }), /^disallowedTools has an empty entry/)
    refused(claude({ addDirs: [""] }), /^addDirs has an empty entry/)
    refused(claude({ configDir: "" }), /^configDir is empty/)
    accepted(resolved({ allowedTools: [], disallowedTools: [], claude: { addDirs: [], settingSources: [] } }))
  })

  it("rule 21: a tool is allowed or refused, not both", () => {
    const both = { allowedTools: ["Read", "Bash(rm:*)"], disallowedTools: ["Bash(rm:*)"] }
    refused(resolved(both), /"Bash\(rm:\*\)" is in allowedTools and in disallowedTools/)
    accepted(resolved({ allowedTools: ["Bash"], disallowedTools: ["Bash(rm:*)"] }))
  })

  it("settings are a path, JSON, or an object; text that is neither is refused [cc-25]", () => {
    accepted(claude({ settings: "./settings.json" }))
    accepted(claude({ settings: ' {"model":"opus","permissions":{"allow":["Read"]}} ' }))
    accepted(claude({ settings: { model: "opus", permissions: { allow: ["Read"] } } }))
    refused(claude({ settings: "{bad" }), /^settings begins like JSON/)
    refused(claude({ settings: "{bad}" }), /^settings begins like JSON/)
    refused(claude({ settings: "  " }), /^settings is empty/)
  })

  it("rule 11: settings that go on the command line hold no variables, for there they could be read by all", () => {
    refused(claude({ settings: { env: { API_TOKEN: "s3cret" } } }), /^settings\.env would be visible/)
    refused(claude({ settings: '{"env":{"API_TOKEN":"s3cret"}}' }), /^settings\.env would be visible/)
    assert.notInclude(validate(claude({ settings: { env: { API_TOKEN: "s3cret" } } })).join(), "s3cret")
  })

  it("rule 21: a flag that belongs to an option, or to us, is refused, and the issue says whose it is [cc-28]", () => {
    const owners = {
      model: "model",
      resume: "start",
      "fork-session": "start",
      "allowed-tools": "allowedTools",
      allowedTools: "allowedTools",
      "dangerously-skip-permissions": "permissionMode",
      "permission-prompts": "permissions",
      "system-prompt": "systemPrompt",
      "append-system-prompt": "systemPrompt",
      "json-schema": "outputSchema",
      "add-dir": "addDirs"
    }
    for (const [flag, owner] of Object.entries(owners)) {
      refused(claude({ extraArgs: { [flag]: "x" } }), new RegExp(`--${flag} belongs to the option ${owner}: use that`))
    }
    for (const flag of ["print", "verbose", "input-format", "output-format"]) {
      refused(claude({ extraArgs: { [flag]: true } }), new RegExp(`--${flag} is decided by the adapter`))
    }
    accepted(claude({ extraArgs: { effort: "high", debug: true, "strict-mcp-config": null, "any-later-flag": "" } }))
  })

  it("rule 21: the name of a flag cannot smuggle in anything else", () => {
    for (const flag of ["--effort", "-p", "effort=high", "a b", "", "é"]) {
      refused(claude({ extraArgs: { [flag]: true } }), /is no name of a flag/)
    }
  })

  it("rule 21: text with a NUL is refused before a process is started, by the option's name [asm-117]", () => {
    refused(resolved({ model: "o\0pus" }), /^model holds a NUL/)
    refused(resolved({ start: { resume: id, at: "a\0b" } }), /^start holds a NUL/)
    refused(claude({ addDirs: ["/a\0b"] }), /^addDirs holds a NUL/)
    refused(claude({ configDir: "/a\0b" }), /^configDir holds a NUL/)
    refused(claude({ extraArgs: { effort: "\0" } }), /^extraArgs holds a NUL/)
    accepted(resolved({ systemPrompt: "a\0b" }))
  })

  it("rule 21: the configuration folder is said once", () => {
    const env = (value: string | undefined): ResolvedClaudeOptions =>
      resolved({ env: { set: { CLAUDE_CONFIG_DIR: value } }, claude: { configDir: "/a" } })
    refused(env("/b"), /^configDir and env\.set\.CLAUDE_CONFIG_DIR/)
    refused(env(undefined), /^configDir and env\.set\.CLAUDE_CONFIG_DIR/)
    accepted(resolved({ env: { set: { CLAUDE_CONFIG_DIR: "/b" } } }))
  })

  it("issues of several options come together, each of them a sentence that says what to do", () => {
    const issues = validate(
      resolved({
        start: { resume: "title" },
        permissionMode: "bypassPermissions",
        allowedTools: ["Read", ""],
        claude: { fallbackModel: "", addDirs: [""], settings: "{", extraArgs: { model: "x" } }
      })
    )
    assert.lengthOf(issues, 7)
    for (const issue of issues) assert.match(issue, /:|needs/)
  })
})

describe("ClaudeOnly", () => {
  it.effect("an option that is undefined is an option that is not there", () =>
    Effect.gen(function* () {
      const decode = Schema.decodeUnknownEffect(ClaudeOnly)
      assert.deepStrictEqual(yield* decode({ settings: undefined, addDirs: undefined }), {
        settings: undefined,
        addDirs: undefined
      })
    })
  )
})
