/** What is inferred from the options of service classes and of the registry. */
import { describe, expectTypeOf, it } from "vitest"
import * as Config from "effect/Config"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Layer from "effect/Layer"
import type * as Path from "effect/Path"
import type * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { AgentAdapter, type AgentError, Permission, Session, SessionRegistry } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import type * as Turn from "effect-agent-session/Turn"

interface Ui {
  readonly ask: (question: string) => Effect.Effect<boolean>
}
const Ui = Context.Service<Ui, Ui>("test/Ui")

type Error = AgentError.AgentError
type Adapter = AgentAdapter.AgentAdapter
type Host = FileSystem.FileSystem | Path.Path | ChildProcessSpawner.ChildProcessSpawner

const askUi: Permission.Handler<Ui> = () => Effect.as(Ui, Permission.allow())
const Verdict = Schema.Struct({ ok: Schema.Boolean })
type Verdict = { readonly ok: boolean }

class Reviewer extends Session.Service<Reviewer>()("test/Reviewer", { permissions: askUi, outputSchema: Verdict }) {}
class Plain extends Session.Service<Plain>()("test/Plain") {}
class Docs extends ClaudeSession.Service<Docs>()("test/Docs", { addDirs: ["../shared"], permissions: askUi }) {}

describe("Session.Service", () => {
  it("has a Layer that needs what its handlers need", () => {
    expectTypeOf(Plain.layer).toEqualTypeOf<Layer.Layer<Plain, Error, Adapter>>()
    expectTypeOf(Reviewer.layer).toEqualTypeOf<Layer.Layer<Reviewer, Error, Adapter | Ui>>()
    expectTypeOf(Reviewer.layerWith({ model: "opus" })).toEqualTypeOf<Layer.Layer<Reviewer, Error, Adapter | Ui>>()
  })

  it("gives the output of its schema", () => {
    const verdict = Effect.flatMap(Reviewer, (reviewer) => reviewer.ask("x"))
    expectTypeOf(verdict).toEqualTypeOf<Effect.Effect<Turn.TurnResult<Verdict>, Error, Reviewer>>()
    const plain = Effect.flatMap(Plain, (session) => session.ask("x"))
    expectTypeOf(plain).toEqualTypeOf<Effect.Effect<Turn.TurnResult<undefined>, Error, Plain>>()
  })

  it("refuses what is misspelt, and handlers where only values are laid over", () => {
    // @ts-expect-error an unknown option
    Session.Service<Plain>()("x", { modle: "opus" })
    // @ts-expect-error an unknown option
    Plain.layerWith({ modle: "opus" })
    // @ts-expect-error an option of Claude alone
    Plain.layerWith({ addDirs: ["x"] })
    // @ts-expect-error not a plain value
    Plain.layerWith({ permissions: askUi })
  })
})

describe("ClaudeSession.Service", () => {
  it("is a ClaudeSession, from a ClaudeAdapter", () => {
    expectTypeOf(Docs.layer).toEqualTypeOf<Layer.Layer<Docs, Error, ClaudeAdapter.ClaudeAdapter | Ui>>()
    expectTypeOf(Docs.layerWith({ fallbackModel: "haiku", model: "opus" })).toEqualTypeOf<
      Layer.Layer<Docs, Error, ClaudeAdapter.ClaudeAdapter | Ui>
    >()
    const info = Effect.map(Docs, (docs) => docs.serverInfo)
    expectTypeOf(info).toEqualTypeOf<Effect.Effect<ClaudeSession.ClaudeSession["serverInfo"], never, Docs>>()
  })

  it("refuses what is misspelt", () => {
    // @ts-expect-error an unknown option
    ClaudeSession.Service<Docs>()("x", { addDir: ["x"] })
    // @ts-expect-error an unknown option
    Docs.layerWith({ addDir: ["x"] })
  })
})

describe("SessionRegistry", () => {
  const use = <A, E, R>(f: (registry: SessionRegistry.SessionRegistry) => Effect.Effect<A, E, R>) =>
    Effect.flatMap(SessionRegistry.SessionRegistry, f)
  type Registry = SessionRegistry.SessionRegistry

  it("start needs what the handlers need, no Scope and no adapter, and gives the typed session", () => {
    expectTypeOf(use((registry) => registry.start("x"))).toEqualTypeOf<
      Effect.Effect<Session.Session<undefined>, Error, Registry>
    >()
    expectTypeOf(use((registry) => registry.start("x", { permissions: askUi, outputSchema: Verdict }))).toEqualTypeOf<
      Effect.Effect<Session.Session<Verdict>, Error, Registry | Ui>
    >()
    expectTypeOf(use((registry) => registry.getOrStart("x", { permissions: askUi }))).toEqualTypeOf<
      Effect.Effect<Session.Session, Error, Registry | Ui>
    >()
  })

  it("start takes another adapter, and refuses what is misspelt", () => {
    expectTypeOf(
      Effect.gen(function* () {
        const adapter = yield* AgentAdapter.AgentAdapter
        const registry = yield* SessionRegistry.SessionRegistry
        return yield* registry.start("x", { adapter, model: "opus" })
      })
    ).toEqualTypeOf<Effect.Effect<Session.Session<undefined>, Error, Registry | Adapter>>()
    // @ts-expect-error an unknown option
    use((registry) => registry.start("x", { modle: "opus" }))
    // @ts-expect-error an option of Claude alone
    use((registry) => registry.start("x", { addDirs: ["x"] }))
    // @ts-expect-error an unknown option
    use((registry) => registry.restart("x", { modle: "opus" }))
  })

  it("startWith keeps the type of the session", () => {
    const open = ClaudeSession.make({ addDirs: ["x"], permissions: askUi })
    expectTypeOf(use((registry) => registry.startWith("x", open))).toEqualTypeOf<
      Effect.Effect<ClaudeSession.ClaudeSession<undefined>, Error, Registry | ClaudeAdapter.ClaudeAdapter | Ui>
    >()
  })

  it("layer needs the adapter, and what the handlers of its sessions need", () => {
    expectTypeOf(SessionRegistry.layer()).toEqualTypeOf<Layer.Layer<Registry, Error, Adapter>>()
    expectTypeOf(
      SessionRegistry.layer({ sessions: { one: { permissions: askUi }, two: {} }, maxSessions: 3 })
    ).toEqualTypeOf<Layer.Layer<Registry, Error, Adapter | Ui>>()
    // @ts-expect-error an unknown option
    SessionRegistry.layer({ maxSession: 3 })
    // @ts-expect-error an unknown option of a session
    SessionRegistry.layer({ sessions: { one: { model: "opus", modle: "opus" } } })
  })
})

describe("ClaudeAdapter.layerConfig", () => {
  it("takes one Config, or one for each value", () => {
    type Claude = Layer.Layer<ClaudeAdapter.ClaudeAdapter | Adapter, Config.ConfigError, Host>
    expectTypeOf(ClaudeAdapter.layerConfig()).toEqualTypeOf<Claude>()
    expectTypeOf(ClaudeAdapter.layerConfig(ClaudeAdapter.config)).toEqualTypeOf<Claude>()
    const each = ClaudeAdapter.layerConfig({
      apiKey: Config.Redacted("KEY"),
      executable: Config.withDefault(Config.String("CLI"), undefined),
      timeouts: { idle: Config.Duration("PATIENCE") }
    })
    expectTypeOf(each).toEqualTypeOf<Claude>()
  })
})

describe("the schemas of the session", () => {
  it("are those of their types", () => {
    expectTypeOf<typeof Session.SessionStatus.Type>().toEqualTypeOf<Session.SessionStatus>()
    expectTypeOf<typeof Session.InterruptOutcome.Type>().toEqualTypeOf<Session.InterruptOutcome>()
    expectTypeOf<typeof Session.Health.Type>().toEqualTypeOf<Session.Health>()
    expectTypeOf<typeof Session.SessionSummary.Type>().toEqualTypeOf<Session.SessionSummary>()
    expectTypeOf<typeof AgentAdapter.Capabilities.Type>().toEqualTypeOf<AgentAdapter.Capabilities>()
    expectTypeOf<typeof SessionRegistry.SessionEntry.Type>().toEqualTypeOf<SessionRegistry.SessionEntry>()
    expectTypeOf<typeof SessionRegistry.RegistryChange.Type>().toEqualTypeOf<SessionRegistry.RegistryChange>()
  })
})

it("a service class needs no Scope of its own", () => {
  expectTypeOf<Layer.Services<typeof Reviewer.layer>>().exclude<Scope.Scope>().toEqualTypeOf<Adapter | Ui>()
})
