/** What an adapter for Claude Code is told once: by value, and by the configuration of a program. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Duration, Effect, FileSystem, Layer, Redacted, Result } from "effect"
import { AgentAdapter, Session, StreamSession } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { MockAdapter } from "effect-agent-session/testing"
import * as FakeRig from "../support/fakeRig.ts"
import { reasonOf } from "../support/mock.ts"

const secret = "sk-ant-this-is-secret"

/** What the fake was started with. */
const started = (home: FakeRig.Home) =>
  Effect.map(home.record, ([first]) => ({
    argv: JSON.stringify(first?.["argv"]),
    env: Object(first?.["env"]) as { readonly [name: string]: string | undefined }
  }))

const claude = (home: FakeRig.Home, config: ClaudeAdapter.ClaudeAdapterConfig = {}) => {
  const { env } = home.options()
  return ClaudeAdapter.layer({
    executable: FakeRig.fakeClaude,
    stateDir: `${home.dir}/state`,
    ...config,
    env: { ...config.env, set: { ...env.set, ...config.env?.set } }
  })
}

const read = (env: { readonly [name: string]: string }) =>
  Effect.provideService(ClaudeAdapter.config, ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))

describe("ClaudeAdapter.layer", () => {
  it.live("gives every session what it was told [cc-100]", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const layer = claude(home, {
        apiKey: Redacted.make(secret),
        baseUrl: "http://127.0.0.1:9",
        configDir: `${home.dir}/config`,
        env: { base: { only: ["PATH"] }, set: { LANG: "C.UTF-8" } }
      })
      yield* Effect.provide(Session.make({ cwd: home.dir }), layer)
      const { argv, env } = yield* started(home)
      assert.deepInclude(env, {
        ANTHROPIC_API_KEY: secret,
        ANTHROPIC_BASE_URL: "http://127.0.0.1:9",
        CLAUDE_CONFIG_DIR: `${home.dir}/config`,
        LANG: "C.UTF-8"
      })
      assert.isUndefined(env["VITEST"])
      assert.notInclude(argv, secret)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("rule 11: a secret of the adapter is in no argument of a session either", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const layer = claude(home, { apiKey: secret })
      const settings = { apiKeyHelper: `echo ${secret}` }
      const reason = yield* reasonOf(Effect.provide(ClaudeSession.make({ cwd: home.dir, settings }), layer))
      assert.strictEqual(reason._tag, "InvalidOptions")
      assert.include(reason.message, "settings holds a secret")
      assert.notInclude(reason.message, secret)
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("what a session says itself counts more [cc-32]", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const layer = claude(home, {
        apiKey: secret,
        baseUrl: "http://127.0.0.1:9",
        configDir: `${home.dir}/config`,
        env: { base: { only: ["PATH"] }, set: { LANG: "C.UTF-8", TZ: "UTC" } }
      })
      const options = {
        cwd: home.dir,
        configDir: `${home.dir}/own`,
        env: { base: "inherit", set: { ANTHROPIC_API_KEY: "mine", LANG: undefined } }
      } as const
      yield* Effect.provide(ClaudeSession.make(options), layer)
      const { env } = yield* started(home)
      assert.deepInclude(env, {
        ANTHROPIC_API_KEY: "mine",
        ANTHROPIC_BASE_URL: "http://127.0.0.1:9",
        CLAUDE_CONFIG_DIR: `${home.dir}/own`,
        TZ: "UTC"
      })
      assert.isUndefined(env["LANG"])
      assert.isDefined(env["VITEST"])
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.live("notes the processes that run in its stateDir", () =>
    Effect.gen(function* () {
      const fs = yield* FileSystem.FileSystem
      const home = yield* FakeRig.home
      yield* Effect.provide(Session.make({ cwd: home.dir }), claude(home))
      assert.isNotEmpty(yield* fs.readDirectory(`${home.dir}/state`))
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.effect("refuses what holds nowhere, before anything is started, and names it", () =>
    Effect.gen(function* () {
      const refused = (config: ClaudeAdapter.ClaudeAdapterConfig) =>
        Effect.map(reasonOf(Effect.provide(Effect.scoped(Session.make()), ClaudeAdapter.layer(config))), (reason) =>
          reason._tag === "InvalidOptions" ? reason.issues.join() : reason._tag
        )
      assert.include(yield* refused({ baseUrl: "example.com" }), "baseUrl")
      assert.include(yield* refused({ configDir: "" }), "configDir")
      assert.include(yield* refused({ stateDir: "" }), "stateDir")
      assert.include(yield* refused({ timeouts: { idle: 0 } }), "timeouts.idle")
    }).pipe(Effect.provide(NodeServices.layer))
  )
})

describe("ClaudeAdapter.config", () => {
  it.effect("reads the variables that Claude Code knows, and those of this library", () =>
    Effect.gen(function* () {
      const { apiKey, timeouts, ...config } = yield* read({
        CLAUDE_CODE_PATH: "/opt/claude",
        ANTHROPIC_API_KEY: secret,
        ANTHROPIC_BASE_URL: "https://gateway.example.com/v1",
        CLAUDE_CONFIG_DIR: "/srv/claude",
        EFFECT_AGENT_SESSION_STATE_DIR: "/srv/state",
        EFFECT_AGENT_SESSION_TIMEOUT_IDLE: "90 seconds"
      })
      assert.deepStrictEqual(config, {
        executable: "/opt/claude",
        baseUrl: "https://gateway.example.com/v1",
        configDir: "/srv/claude",
        stateDir: "/srv/state"
      })
      assert.strictEqual(Redacted.isRedacted(apiKey) && Redacted.value(apiKey), secret)
      assert.deepStrictEqual(timeouts?.idle, Duration.seconds(90))
    })
  )

  it.effect("a variable that is missing, or empty, says nothing", () =>
    Effect.gen(function* () {
      const said = (config: object) => Object.values(config).filter((value) => value !== undefined)
      const { timeouts, ...config } = yield* read({ ANTHROPIC_API_KEY: "", EFFECT_AGENT_SESSION_TIMEOUT_IDLE: "" })
      assert.deepStrictEqual([said(config), said(timeouts ?? {})], [[], []])
      assert.deepStrictEqual(said((yield* read({})).timeouts ?? {}), [])
    })
  )

  it.effect("a value that does not hold is an error that names its variable", () =>
    Effect.gen(function* () {
      const refused = (env: { readonly [name: string]: string }) =>
        Effect.map(Effect.flip(read(env)), (error) => `${error._tag}: ${error.message}`)
      for (const [name, value] of [
        ["EFFECT_AGENT_SESSION_TIMEOUT_STARTUP", "soon"],
        ["EFFECT_AGENT_SESSION_TIMEOUT_TURN", "0 seconds"],
        ["ANTHROPIC_BASE_URL", "example.com"]
      ] as const) {
        const message = yield* refused({ [name]: value, ANTHROPIC_API_KEY: secret })
        assert.match(message, new RegExp(`^ConfigError: .*${name}`, "s"))
        assert.notInclude(message, secret)
      }
    })
  )

  it.effect("the key is never shown [asm-111]", () =>
    Effect.gen(function* () {
      const config = yield* read({ ANTHROPIC_API_KEY: secret })
      assert.notInclude(JSON.stringify(config), secret)
      assert.notInclude(String(config.apiKey), secret)
    })
  )
})

describe("ClaudeAdapter.layerConfig", () => {
  it.live("builds the adapter by it", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const env = {
        CLAUDE_CODE_PATH: FakeRig.fakeClaude,
        ANTHROPIC_API_KEY: secret,
        CLAUDE_CONFIG_DIR: `${home.dir}/config`,
        EFFECT_AGENT_SESSION_STATE_DIR: `${home.dir}/state`,
        EFFECT_AGENT_SESSION_TIMEOUT_IDLE: "90 seconds"
      }
      const layer = Layer.provide(ClaudeAdapter.layerConfig(), ConfigProvider.layer(ConfigProvider.fromEnv({ env })))
      const text = yield* Effect.gen(function* () {
        const adapter = yield* AgentAdapter.AgentAdapter
        assert.deepStrictEqual(adapter.defaults?.timeouts?.idle, Duration.seconds(90))
        const { CLAUDE_CONFIG_DIR: _, ...set } = home.options().env.set ?? {}
        const session = yield* Session.make({ cwd: home.dir, env: { set } })
        return (yield* session.ask("hello")).text
      }).pipe(Effect.provide(layer))
      assert.strictEqual(text, "You said: hello")
      assert.deepInclude((yield* started(home)).env, {
        ANTHROPIC_API_KEY: secret,
        CLAUDE_CONFIG_DIR: `${home.dir}/config`
      })
    }).pipe(Effect.scoped, Effect.provide(NodeServices.layer))
  )

  it.effect("takes Configs of your own, and fails with their names", () =>
    Effect.gen(function* () {
      const layer = ClaudeAdapter.layerConfig({
        apiKey: Config.Redacted("REVIEW_KEY"),
        timeouts: { idle: Config.Duration("REVIEW_PATIENCE") }
      })
      const build = (env: { readonly [name: string]: string }) =>
        Effect.result(
          Effect.scoped(Layer.build(layer)).pipe(
            Effect.provide(ConfigProvider.layer(ConfigProvider.fromEnv({ env }))),
            Effect.provide(NodeServices.layer)
          )
        )
      assert.isTrue(Result.isSuccess(yield* build({ REVIEW_KEY: secret, REVIEW_PATIENCE: "1 minute" })))
      const missing = yield* build({ REVIEW_PATIENCE: "1 minute" })
      assert.include(Result.isFailure(missing) ? missing.failure.message : "", "REVIEW_KEY")
    })
  )
})

describe("deadlines of an adapter", () => {
  const patient = Layer.effect(
    AgentAdapter.AgentAdapter,
    Effect.map(
      MockAdapter.MockAdapter,
      (mock) => ({ ...mock, defaults: { timeouts: { idle: "20 minutes" } } }) as const
    )
  )
  const idle = Effect.flatMap(MockAdapter.MockAdapter, (mock) =>
    Effect.map(mock.opened, (opened) => opened.map(({ timeouts }) => Duration.toMinutes(timeouts.idle)))
  )

  it.effect("are in place of their own defaults, under what the session says", () =>
    Effect.gen(function* () {
      yield* Session.make()
      yield* Session.make({ timeouts: { turn: "1 minute" } })
      yield* Session.make({ timeouts: { idle: "1 minute" } })
      yield* StreamSession.ask({ prompt: "go" })
      yield* StreamSession.ask({ prompt: "go", timeouts: { idle: "1 minute" } })
      assert.deepStrictEqual(yield* idle, [20, 20, 1, 20, 1])
    }).pipe(Effect.scoped, Effect.provide(patient), Effect.provide(MockAdapter.layer()))
  )

  it.effect("without them, the defaults are 6 minutes of silence, and 2 in a one-shot", () =>
    Effect.gen(function* () {
      yield* Session.make()
      yield* StreamSession.ask({ prompt: "go" })
      assert.deepStrictEqual(yield* idle, [6, 2])
    }).pipe(Effect.scoped, Effect.provide(MockAdapter.layer()))
  )
})
