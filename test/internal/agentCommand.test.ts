import { assert, describe, it } from "@effect/vitest"
import * as Redacted from "effect/Redacted"
import { command, environment, oversizeArgument } from "../../src/internal/agentCommand.ts"

const host = {
  PATH: "/bin",
  HOME: "/home/alice",
  CLAUDECODE: "1",
  NODE_OPTIONS: "--inspect",
  EMPTY: "",
  GONE: undefined
}

describe("environment", () => {
  it("rule 12: everything is inherited but CLAUDECODE and NODE_OPTIONS [cc-13]", () => {
    assert.deepStrictEqual(environment(undefined, host), { PATH: "/bin", HOME: "/home/alice", EMPTY: "" })
    assert.deepStrictEqual(environment({ base: "inherit" }, host), environment(undefined, host))
  })

  it("rule 12: exact names are taken, unknown ones are no error, the two stay out even when named [cc-13]", () => {
    const only = (...names: ReadonlyArray<string>) => environment({ base: { only: names } }, host)
    assert.deepStrictEqual(only("PATH", "NOWHERE", "HO", "CLAUDECODE", "NODE_OPTIONS"), { PATH: "/bin" })
    assert.deepStrictEqual(only(), {})
    assert.deepStrictEqual(environment({ base: "none" }, host), {})
  })

  it("rule 12: what the user sets wins over the adapter, and the adapter over the host; undefined removes [cc-12] [cc-15]", () => {
    const built = environment(
      { set: { PATH: "/opt:/bin", HOME: undefined, MODE: "user", KEY: Redacted.make("k"), DROPPED: undefined } },
      host,
      { MODE: "adapter", DROPPED: "adapter", ENTRY: "sdk", EMPTY: undefined }
    )
    assert.deepStrictEqual(Object.keys(built).toSorted(), ["ENTRY", "KEY", "MODE", "PATH"])
    assert.deepStrictEqual([built["PATH"], built["MODE"], built["ENTRY"]], ["/opt:/bin", "user", "sdk"])
    assert.strictEqual(String(built["KEY"]), "<redacted>")
  })

  it("rule 12: CLAUDECODE and NODE_OPTIONS arrive when the user sets them [cc-13]", () => {
    const built = environment({ base: "none", set: { CLAUDECODE: "1", NODE_OPTIONS: "--no-warnings" } }, host)
    assert.deepStrictEqual(built, { CLAUDECODE: "1", NODE_OPTIONS: "--no-warnings" })
  })
})

describe("command", () => {
  const data = {
    executable: "claude",
    args: ["-p", "--model=sonnet", "--allowedTools=Bash(git:*),Read"],
    cwd: "/work tree",
    env: { PATH: "/bin", KEY: Redacted.make("sk-ant-123456789") }
  }

  it("rule 11: arguments, directory and environment are in the value as they were given", () => {
    const made = command(data, "m-1")
    assert.strictEqual(made.command, "claude")
    assert.deepStrictEqual(made.args, data.args)
    assert.strictEqual(made.options.cwd, "/work tree")
    assert.deepStrictEqual(made.options.env, { ...data.env, EFFECT_AGENT_SESSION: "m-1" })
    assert.strictEqual(made.options.extendEnv, false)
    assert.isDefined(made.options.forceKillAfter)
    assert.notProperty(command({ ...data, cwd: undefined }, "m-1").options, "cwd")
  })

  it("rule 12: a secret of the environment does not show in the value", () => {
    assert.notInclude(JSON.stringify(command(data, "m-1").options), "sk-ant")
  })

  it("rule 11: the marker of an outer session is replaced", () => {
    const nested = command({ ...data, env: { EFFECT_AGENT_SESSION: "outer" } }, "inner")
    assert.deepStrictEqual(nested.options.env, { EFFECT_AGENT_SESSION: "inner" })
  })
})

describe("oversizeArgument", () => {
  it("rule 11: an argument of 131,071 bytes passes, one of 131,072 does not", () => {
    assert.isUndefined(oversizeArgument(["-p", "x".repeat(131_071)]))
    assert.include(oversizeArgument(["-p", "x".repeat(131_072)]), "argument 2 has 131072 bytes")
  })

  it("rule 11: bytes are counted, not characters, and the text is not repeated", () => {
    assert.isUndefined(oversizeArgument(["é".repeat(65_535)]))
    const said = oversizeArgument(["é".repeat(65_536)])
    assert.include(said, "131072 bytes")
    assert.notInclude(said, "é")
  })
})
