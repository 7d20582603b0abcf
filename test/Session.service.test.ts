/** Sessions as service classes, and as entries of a LayerMap. */
import { assert, describe, it } from "@effect/vitest"
import { Config, ConfigProvider, Context, Deferred, Effect, Layer, LayerMap, Option, Schema } from "effect"
import { TestClock } from "effect/testing"
import { Permission, Session } from "effect-agent-session"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { AgentScript as S, MockAdapter } from "effect-agent-session/testing"
import * as FakeRig from "./support/fakeRig.ts"
import { provide } from "./support/mock.ts"

const Verdict = Schema.Struct({ ok: Schema.Boolean })

class Reviewer extends Session.Service<Reviewer>()("test/Reviewer", {
  model: "opus",
  outputSchema: Verdict,
  timeouts: { idle: "1 minute", turn: "2 minutes" }
}) {
  static readonly configured = Layer.unwrap(
    Effect.map(Config.String("REVIEW_MODEL"), (model) => Reviewer.layerWith({ model }))
  )
}

class Writer extends Session.Service<Writer>()("test/Writer") {}

const modelOf = (session: Session.Session) => Effect.map(session.summary, ({ model }) => Option.getOrUndefined(model))
const idOf = (session: Session.Session) => Effect.map(session.id, Option.getOrThrow)

describe("Session.Service", () => {
  it.effect("several at once are sessions of their own, each with its own options", () =>
    Effect.gen(function* () {
      const reviewer = yield* Reviewer
      const writer = yield* Writer
      assert.notStrictEqual(yield* idOf(reviewer), yield* idOf(writer))
      assert.strictEqual(yield* modelOf(reviewer), "opus")
      assert.strictEqual(yield* modelOf(writer), "mock")
      assert.strictEqual((yield* writer.ask("hello")).text, "hello")
      const { output } = yield* reviewer.ask("Review it")
      assert.isTrue(output.ok)
    }).pipe(
      Effect.provide([Reviewer.layer, Writer.layer]),
      provide(({ text }) => (text === "hello" ? [S.echo] : [S.output({ ok: true })]))
    )
  )

  it.effect("the session is open as long as its Layer", () =>
    Effect.gen(function* () {
      const session = yield* Effect.provide(Writer, Writer.layer)
      assert.deepStrictEqual(yield* session.status, { _tag: "Closed", reason: "closed" })
      const mock = yield* MockAdapter.MockAdapter
      assert.deepStrictEqual(yield* mock.live, [])
    }).pipe(provide())
  )

  it.effect("layerWith lays values of the configuration over those of the class", () =>
    Effect.gen(function* () {
      const session = yield* Reviewer
      assert.strictEqual(yield* modelOf(session), "haiku")
      assert.isTrue((yield* session.ask("Review it")).output.ok)
    }).pipe(
      Effect.provide(Reviewer.configured),
      Effect.provide(ConfigProvider.layer(ConfigProvider.fromUnknown({ REVIEW_MODEL: "haiku" }))),
      provide([[S.output({ ok: true })]])
    )
  )

  it.effect("layerWith: what is undefined lays nothing over, and deadlines go one by one", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const opened = (layer: typeof Reviewer.layer) =>
        Effect.andThen(
          Effect.provide(Reviewer, layer),
          Effect.map(mock.opened, (all) => all.at(-1))
        )
      const own = yield* opened(Reviewer.layer)
      const over = yield* opened(Reviewer.layerWith({ model: undefined, timeouts: { idle: "5 minutes" } }))
      assert.strictEqual(over?.model, "opus")
      assert.deepStrictEqual(over?.timeouts.turn, own?.timeouts.turn)
      assert.notDeepEqual(over?.timeouts.idle, own?.timeouts.idle)
    }).pipe(provide())
  )

  it.effect("layerWith: what somebody further out lays over counts more", () =>
    Effect.gen(function* () {
      const session = yield* Reviewer
      assert.strictEqual(yield* modelOf(session), "sonnet")
    }).pipe(
      Effect.provide(Reviewer.layerWith({ model: "haiku" })),
      Effect.provideService(Session.Overrides, { model: "sonnet" }),
      provide()
    )
  )

  it.effect("handlers of the class use the services of its Layer", () =>
    Effect.gen(function* () {
      class Answers extends Context.Service<Answers, Permission.Decision>()("test/Answers") {}
      class Asking extends Session.Service<Asking>()("test/Asking", { permissions: () => Answers }) {}
      const { toolCalls } = yield* Effect.flatMap(Asking, (session) => session.ask("go")).pipe(
        Effect.provide(Asking.layer),
        Effect.provideService(Answers, Permission.allow())
      )
      assert.strictEqual(toolCalls[0]?.status, "ok")
    }).pipe(provide([[S.tool("Write", {}, { asks: true })]]))
  )
})

describe("ClaudeSession.Service", () => {
  class Docs extends ClaudeSession.Service<Docs>()("test/Docs", { model: "opus", replayUserMessages: true }) {}
  class Tests extends ClaudeSession.Service<Tests>()("test/Tests", { model: "haiku" }) {}

  it.live("several at once are processes of their own; layerWith takes the CLI's own options too", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const other = yield* FakeRig.home
      const program = Effect.gen(function* () {
        const docs = yield* Docs
        const tests = yield* Tests
        assert.notStrictEqual(yield* idOf(docs), yield* idOf(tests))
        assert.strictEqual((yield* docs.serverInfo).claude_code_version, (yield* tests.serverInfo).claude_code_version)
        assert.strictEqual((yield* tests.ask("hello")).text, "You said: hello")
      })
      yield* program.pipe(
        Effect.provide([
          Docs.layerWith({ ...home.options(), fallbackModel: "sonnet", replayUserMessages: undefined }),
          Tests.layerWith(other.options())
        ])
      )
      const argsOf = (record: ReadonlyArray<{ readonly [key: string]: unknown }>) => JSON.stringify(record[0])
      const args = argsOf(yield* home.record)
      for (const flag of ["--model=opus", "--fallback-model=sonnet", "--replay-user-messages"]) {
        assert.include(args, flag)
      }
      const plain = argsOf(yield* other.record)
      assert.include(plain, "--model=haiku")
      assert.notInclude(plain, "--fallback-model")
    }).pipe(Effect.scoped, Effect.provide(FakeRig.layer))
  )
})

describe("a LayerMap of sessions", () => {
  it.effect("opens one session a key, and closes it when it was idle for so long", () =>
    Effect.gen(function* () {
      const mock = yield* MockAdapter.MockAdapter
      const closed = yield* Deferred.make<void>()
      const sessions = yield* LayerMap.make(
        (user: string) =>
          Layer.effect(
            Session.Session,
            Effect.andThen(
              Effect.addFinalizer(() => Deferred.succeed(closed, undefined)),
              Session.make({ metadata: { user } })
            )
          ),
        { idleTimeToLive: "10 minutes" }
      )
      const use = (user: string) => Effect.flatMap(Session.Session, idOf).pipe(Effect.provide(sessions.get(user)))
      const alice = yield* use("alice")
      assert.notStrictEqual(yield* use("bob"), alice)
      yield* TestClock.adjust("9 minutes")
      assert.strictEqual(yield* use("alice"), alice)
      yield* TestClock.adjust("10 minutes")
      yield* Deferred.await(closed)
      assert.notStrictEqual(yield* use("alice"), alice)
      assert.strictEqual((yield* mock.opened).length, 3)
    }).pipe(Effect.scoped, provide())
  )
})
