import { assert, describe, it } from "@effect/vitest"
import { Context, Deferred, Effect, Exit, Fiber, Layer, Option, Ref, Schema, Scope, Stream } from "effect"
import { TestClock } from "effect/testing"
import { AgentAdapter, AgentError, Permission, Session, SessionRegistry } from "effect-agent-session"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { AgentScript as S, MockAdapter } from "effect-agent-session/testing"
import * as FakeRig from "./support/fakeRig.ts"
import { reasonOf, until } from "./support/mock.ts"

const { SessionRegistry: Registry } = SessionRegistry

const provide = (script?: S.Script, options?: SessionRegistry.LayerOptions<{}>, config?: MockAdapter.Config) =>
  Effect.provide(Layer.provideMerge(SessionRegistry.layer(options), MockAdapter.layer(script, config)))

/** An adapter that opens when it is told, and tells when it is asked to. */
const gated = Effect.gen(function* () {
  const mock = yield* MockAdapter.MockAdapter
  const asked = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void, AgentError.AgentError>()
  const adapter: AgentAdapter.AgentAdapter = {
    ...mock,
    open: (options) =>
      Deferred.succeed(asked, undefined).pipe(Effect.andThen(Deferred.await(gate)), Effect.andThen(mock.open(options)))
  }
  return { adapter, asked: Deferred.await(asked), let: Deferred.succeed(gate, undefined), gate }
})

/** The next `count` changes, from now on. */
const next = (count: number) =>
  Effect.flatMap(Registry, (registry) =>
    Effect.forkChild(Stream.runCollect(Stream.take(registry.changes, count)), { startImmediately: true })
  )

const brief = ({ _tag, name }: SessionRegistry.RegistryChange) => `${_tag} ${name}`

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

const opened = Effect.flatMap(MockAdapter.MockAdapter, (mock) => Effect.map(mock.opened, (all) => all.length))
const live = Effect.flatMap(MockAdapter.MockAdapter, (mock) => Effect.map(mock.live, (all) => all.length))

const idOf = (session: Session.Session) => Effect.map(session.id, (id) => Option.getOrThrow(id))

const boom = new AgentError.AgentError({
  phase: "handshake",
  reason: new AgentError.StartupFailed({ description: "no luck", stderrTail: "" })
})

/** Says everything that was said to it. */
const remembers: S.Script = ({ history, text }) => [S.text([...history.map(({ prompt }) => prompt), text].join(" / "))]

/** An opener that opens at once at first, and when it is told from then on. */
const reopened = Effect.gen(function* () {
  const asked = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  let first = true
  const open = Effect.suspend(() => {
    if (!first)
      return Effect.andThen(Deferred.succeed(asked, undefined), Effect.andThen(Deferred.await(gate), Session.make()))
    first = false
    return Session.make()
  })
  return { open, asked: Deferred.await(asked), release: Deferred.succeed(gate, undefined) }
})

/** An opener whose session is gone when `finalizer` has run. */
const releasedBy = (finalizer: Effect.Effect<void>) =>
  Effect.andThen(
    Effect.addFinalizer(() => finalizer),
    Session.make()
  )

/** An opener whose session closes when it is told. */
const slowToClose = Effect.gen(function* () {
  const closing = yield* Deferred.make<void>()
  const gate = yield* Deferred.make<void>()
  const released = yield* Ref.make(false)
  const close = Deferred.succeed(closing, undefined).pipe(
    Effect.andThen(Deferred.await(gate)),
    Effect.andThen(Ref.set(released, true))
  )
  return {
    open: releasedBy(close),
    closing: Deferred.await(closing),
    release: Deferred.succeed(gate, undefined),
    released: Ref.get(released)
  }
})

describe("start", () => {
  it.effect("opens a session under a name, and get gives it back", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const session = yield* registry.start("reviewer", { model: "opus" })
      assert.strictEqual((yield* session.ask("hello")).text, "hello")
      assert.strictEqual(yield* registry.get("reviewer"), session)
      assert.deepStrictEqual((yield* session.summary).model, Option.some("opus"))
    }).pipe(provide())
  )

  it.effect("refuses a name that is taken, and leaves who has it alone [cc-98]", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const session = yield* registry.start("one")
      const reason = yield* reasonOf(registry.start("one"))
      assert.deepInclude(reason, { _tag: "SessionExists", name: "one" })
      assert.strictEqual((yield* session.ask("still there")).text, "still there")
      assert.strictEqual(yield* opened, 1)
    }).pipe(provide())
  )

  it.effect("refuses an empty name", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      assert.strictEqual((yield* reasonOf(registry.start("")))._tag, "InvalidOptions")
    }).pipe(provide())
  )

  it.effect("tells why a session does not open, and the name is free again", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* next(2)
      assert.strictEqual((yield* reasonOf(registry.startWith("one", Effect.fail(boom))))._tag, "StartupFailed")
      assert.deepStrictEqual(yield* registry.list, [])
      yield* registry.start("one")
      const [failed, started] = yield* Fiber.join(changes)
      assert.deepInclude(failed, { _tag: "Failed", name: "one", error: boom })
      assert.deepInclude(started, { _tag: "Started", name: "one", agent: "mock" })
    }).pipe(provide())
  )

  it.effect("an opener that dies is a failure to start", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const reason = yield* reasonOf(registry.startWith("one", Effect.die(new Error("bug"))))
      assert.deepInclude(reason, { _tag: "StartupFailed", description: "bug" })
      assert.deepStrictEqual(yield* registry.list, [])
    }).pipe(provide())
  )

  it.effect("refuses options that hold nowhere, and no session is asked for", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      assert.strictEqual((yield* reasonOf(registry.start("one", { maxTurns: 0 })))._tag, "InvalidOptions")
      assert.strictEqual(yield* opened, 0)
    }).pipe(provide())
  )

  it.effect("takes the services of handlers from where it is called", () =>
    Effect.gen(function* () {
      class Policy extends Context.Service<Policy, { readonly allows: string }>()("test/Policy") {}
      const registry = yield* Registry
      const session = yield* registry
        .start("one", {
          permissions: (request) =>
            Effect.map(Policy, ({ allows }) =>
              request.tool === allows ? Permission.allow() : Permission.deny("not this one")
            )
        })
        .pipe(Effect.provideService(Policy, { allows: "Read" }))
      const { toolCalls } = yield* session.ask("go")
      assert.deepStrictEqual(
        toolCalls.map(({ status }) => status),
        ["ok", "denied"]
      )
    }).pipe(provide([[S.tool("Read", {}, { asks: true }), S.tool("Write", {}, { asks: true })]]))
  )

  it.effect("decodes the output by the schema of the options", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const session = yield* registry.start("one", { outputSchema: Schema.Struct({ word: Schema.String }) })
      const { output } = yield* session.ask("go")
      assert.strictEqual(output.word, "yes")
    }).pipe(provide([[S.output({ word: "yes" })]]))
  )

  it.effect("the session does not end with the scope it was started in", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const session = yield* Effect.scoped(registry.start("one"))
      assert.strictEqual((yield* session.ask("still there")).text, "still there")
    }).pipe(provide())
  )

  it.effect("opens with another adapter when it is told to", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const other = yield* MockAdapter.make([[S.text("from the other")]], { name: "other" })
      const session = yield* registry.start("one", { adapter: other })
      yield* registry.start("two")
      assert.strictEqual((yield* session.ask("go")).text, "from the other")
      assert.deepStrictEqual(
        (yield* registry.list).map(({ agent }) => agent),
        ["other", "mock"]
      )
    }).pipe(provide())
  )

  it.effect("more sessions than maxSessions are RegistryFull, until one is stopped [asm-61]", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      yield* registry.start("one")
      yield* registry.start("two")
      const error = yield* Effect.flip(registry.start("three"))
      assert.deepInclude(error.reason, { _tag: "RegistryFull", maxSessions: 2 })
      assert.isTrue(error.isRetryable)
      yield* registry.stop("one")
      yield* registry.start("three")
      assert.deepStrictEqual(
        (yield* registry.list).map(({ name }) => name),
        ["two", "three"]
      )
    }).pipe(provide(undefined, { maxSessions: 2 }))
  )

  it.effect("interrupted, it leaves nothing", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { adapter, asked } = yield* gated
      const changes = yield* next(1)
      const start = yield* fork(registry.start("one", { adapter }))
      yield* asked
      yield* Fiber.interrupt(start)
      assert.deepStrictEqual(yield* registry.list, [])
      assert.deepInclude((yield* Fiber.join(changes))[0], { _tag: "Stopped", reason: "stopped" })
      assert.strictEqual(yield* live, 0)
    }).pipe(provide())
  )

  it.effect("rule 19: two names do not write to one conversation, and may after a fork", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const id = yield* idOf(yield* registry.start("one"))
      yield* Effect.flatMap(registry.get("one"), (one) => one.ask("hello"))
      assert.strictEqual((yield* reasonOf(registry.start("two", { start: { resume: id } })))._tag, "SessionInUse")
      yield* registry.start("two", { start: { resume: id, fork: true } })
      assert.strictEqual(yield* live, 2)
    }).pipe(provide())
  )
})

describe("startWith", () => {
  it.effect("keeps the type of the session, and takes its services from where it is called", () =>
    Effect.gen(function* () {
      class Label extends Context.Service<Label, string>()("test/Label") {}
      const registry = yield* Registry
      const open = Effect.gen(function* () {
        const label = yield* Label
        return { ...(yield* Session.make()), label }
      })
      const session = yield* Effect.provideService(registry.startWith("one", open), Label, "mine")
      assert.strictEqual(session.label, "mine")
      assert.strictEqual(yield* registry.get("one"), session)
    }).pipe(provide())
  )

  it.effect("what the opener acquires is released with the session", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const released = yield* Ref.make(false)
      yield* registry.startWith("one", releasedBy(Ref.set(released, true)))
      assert.isFalse(yield* Ref.get(released))
      yield* registry.stop("one")
      assert.isTrue(yield* Ref.get(released))
    }).pipe(provide())
  )
})

describe("getOrStart", () => {
  it.effect("of many at once one starts the session, and all get it [asm-119]", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { adapter, asked, let: open } = yield* gated
      const all = yield* fork(
        Effect.forEach(Array.from({ length: 50 }), () => registry.getOrStart("one", { adapter }), {
          concurrency: "unbounded"
        })
      )
      yield* asked
      yield* open
      const sessions = yield* Fiber.join(all)
      assert.strictEqual(new Set(sessions).size, 1)
      assert.strictEqual(yield* opened, 1)
      assert.strictEqual(yield* registry.getOrStart("one"), sessions[0])
    }).pipe(provide())
  )

  it.effect("two names are two sessions", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const one = yield* registry.getOrStart("one")
      const two = yield* registry.getOrStart("two")
      assert.notStrictEqual(yield* idOf(one), yield* idOf(two))
    }).pipe(provide())
  )

  it.effect("whoever waits gets the failure of the start, and the next one starts anew", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { adapter, asked, gate } = yield* gated
      const first = yield* fork(Effect.flip(registry.getOrStart("one", { adapter })))
      yield* asked
      const second = yield* fork(Effect.flip(registry.getOrStart("one", { adapter })))
      const third = yield* fork(Effect.flip(registry.get("one")))
      yield* Deferred.fail(gate, boom)
      for (const fiber of [first, second, third]) assert.strictEqual(yield* Fiber.join(fiber), boom)
      assert.strictEqual((yield* (yield* registry.getOrStart("one")).ask("hello")).text, "hello")
    }).pipe(provide())
  )

  it.effect("who is interrupted while it waits does not end the start of the others", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { adapter, asked, let: open } = yield* gated
      const first = yield* fork(registry.getOrStart("one", { adapter }))
      yield* asked
      const second = yield* fork(registry.getOrStart("one", { adapter }))
      const third = yield* fork(registry.get("one"))
      yield* Fiber.interrupt(first)
      yield* Fiber.interrupt(second)
      yield* open
      assert.strictEqual(yield* registry.get("one"), yield* Fiber.join(third))
      assert.strictEqual(yield* opened, 1)
    }).pipe(provide())
  )

  it.effect("when the last one that waits is interrupted, the start is", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { adapter, asked } = yield* gated
      const first = yield* fork(registry.getOrStart("one", { adapter }))
      yield* asked
      const second = yield* fork(registry.getOrStart("one", { adapter }))
      yield* Fiber.interrupt(first)
      assert.strictEqual((yield* registry.list).length, 1)
      yield* Fiber.interrupt(second)
      assert.deepStrictEqual(yield* registry.list, [])
    }).pipe(provide())
  )
})

describe("list", () => {
  it.effect("waits for nothing: not for a start, a turn or a close", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { adapter, asked, let: open } = yield* gated
      const slow = yield* slowToClose
      yield* TestClock.adjust("1 second")
      const busy = yield* registry.start("busy")
      const turn = yield* fork(busy.ask("go"))
      yield* until(busy, "TurnStarted")
      yield* registry.startWith("closing", slow.open)
      const stop = yield* fork(registry.stop("closing"))
      yield* slow.closing
      const start = yield* fork(registry.start("starting", { adapter }))
      yield* asked

      const list = yield* registry.list
      assert.deepStrictEqual(
        list.map(({ agent, name, restarts, startedAt, status }) => [name, status._tag, agent, startedAt, restarts]),
        [
          ["busy", "Running", "mock", 1000, 0],
          ["closing", "Closing", "mock", 1000, 0],
          ["starting", "Starting", "mock", 1000, 0]
        ]
      )
      assert.deepStrictEqual(list[0]?.sessionId, yield* idOf(busy))
      assert.isUndefined(list[2]?.sessionId)
      const json = Schema.encodeSync(Schema.toCodecJson(Schema.Array(SessionRegistry.SessionEntry)))(list)
      assert.deepStrictEqual(JSON.parse(JSON.stringify(json))[0].status, list[0]?.status)

      yield* slow.release
      yield* open
      yield* Effect.all([Fiber.join(stop), Fiber.join(start), Fiber.interrupt(turn)])
    }).pipe(provide([[S.silence]]))
  )
})

describe("stop", () => {
  it.effect("closes the session, and the name is free", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* next(2)
      const session = yield* registry.start("one")
      yield* registry.stop("one")
      assert.deepStrictEqual(yield* session.status, { _tag: "Closed", reason: "closed" })
      assert.strictEqual((yield* reasonOf(registry.get("one")))._tag, "SessionNotFound")
      assert.deepStrictEqual((yield* Fiber.join(changes)).map(brief), ["Started one", "Stopped one"])
      assert.strictEqual(yield* live, 0)
      yield* registry.start("one")
    }).pipe(provide())
  )

  it.effect("of a name that nobody has is SessionNotFound, which names it [cc-98]", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      assert.deepInclude(yield* reasonOf(registry.stop("nobody")), { _tag: "SessionNotFound", id: "nobody" })
    }).pipe(provide())
  )

  it.effect("during a start interrupts it, and whoever waits is told", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { adapter, asked } = yield* gated
      const start = yield* fork(reasonOf(registry.start("one", { adapter })))
      yield* asked
      yield* registry.stop("one")
      assert.strictEqual((yield* Fiber.join(start))._tag, "SessionClosed")
      assert.deepStrictEqual(yield* registry.list, [])
      assert.strictEqual(yield* opened, 0)
    }).pipe(provide())
  )

  it.effect("two at once wait for the same end, and a start waits for it too", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const slow = yield* slowToClose
      yield* registry.startWith("one", slow.open)
      const stops = yield* Effect.forEach([1, 2], () => fork(Effect.andThen(registry.stop("one"), slow.released)))
      yield* slow.closing
      assert.strictEqual((yield* reasonOf(registry.get("one")))._tag, "SessionNotFound")
      const start = yield* fork(Effect.andThen(registry.start("one"), slow.released))
      assert.strictEqual(yield* opened, 1)
      yield* slow.release
      for (const fiber of [...stops, start]) assert.isTrue(yield* Fiber.join(fiber))
    }).pipe(provide())
  )

  it.effect("goes on when its caller is interrupted", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const slow = yield* slowToClose
      yield* registry.startWith("one", slow.open)
      const changes = yield* next(1)
      const stop = yield* fork(registry.stop("one"))
      yield* slow.closing
      yield* Fiber.interrupt(stop)
      yield* slow.release
      assert.deepStrictEqual((yield* Fiber.join(changes)).map(brief), ["Stopped one"])
    }).pipe(provide())
  )

  it.effect("may be called by a handler of the session itself", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* next(2)
      const session = yield* registry.start("one", {
        permissions: () => Effect.as(registry.stop("one"), Permission.allow())
      })
      assert.strictEqual((yield* reasonOf(session.ask("go")))._tag, "SessionClosed")
      assert.deepStrictEqual((yield* Fiber.join(changes)).map(brief), ["Started one", "Stopped one"])
    }).pipe(provide([[S.tool("Write", {}, { asks: true }), S.silence]]))
  )
})

describe("stopAll", () => {
  it.effect("closes all at once, and the registry goes on", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const names = ["one", "two", "three"]
      const closing = yield* Ref.make(0)
      const all = yield* Deferred.make<void>()
      // Each waits for the others: one after the other they would wait for ever.
      const meet = Effect.gen(function* () {
        if ((yield* Ref.updateAndGet(closing, (count) => count + 1)) === names.length) {
          yield* Deferred.succeed(all, undefined)
        }
        yield* Deferred.await(all)
      })
      for (const name of names) {
        yield* registry.startWith(name, releasedBy(meet))
      }
      yield* registry.stopAll
      assert.deepStrictEqual(yield* registry.list, [])
      assert.strictEqual(yield* live, 0)
      yield* registry.start("one")
    }).pipe(provide())
  )
})

describe("a session that ends by itself", () => {
  it.effect("leaves the list with its reason, and its name is free at once [asm-60] [asm-119]", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* next(3)
      const session = yield* registry.start("one")
      assert.strictEqual((yield* reasonOf(session.ask("go")))._tag, "ProcessExited")
      const again = yield* registry.start("one")
      assert.notStrictEqual(again, session)
      const [, stopped, started] = yield* Fiber.join(changes)
      assert.deepInclude(stopped, { _tag: "Stopped", reason: "exited", exit: { code: 3, signal: null } })
      assert.deepInclude(started, { _tag: "Started" })
    }).pipe(provide([[S.crash({ code: 3 })]]))
  )

  it.effect("is found by nobody, even before the registry has heard of it", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const session = yield* registry.start("one")
      yield* Effect.exit(session.ask("go"))
      assert.strictEqual((yield* reasonOf(registry.get("one")))._tag, "SessionNotFound")
      assert.strictEqual((yield* reasonOf(registry.restart("one")))._tag, "SessionNotFound")
    }).pipe(provide([[S.crash()]]))
  )

  it.effect("leaves the list without anybody asking", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* next(2)
      const session = yield* registry.start("one")
      yield* fork(Effect.exit(session.ask("go")))
      yield* Fiber.join(changes)
      assert.deepStrictEqual(yield* registry.list, [])
    }).pipe(provide([[S.crash()]]))
  )

  it.effect("closed by who uses it, it is gone from the registry", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* next(2)
      const session = yield* registry.start("one")
      yield* session.close
      assert.deepInclude((yield* Fiber.join(changes))[1], { _tag: "Stopped", reason: "closed" })
    }).pipe(provide())
  )
})

describe("restart", () => {
  it.effect("goes on with the conversation under the same name", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* next(2)
      const first = yield* registry.start("one", { model: "opus" })
      yield* first.ask("My name is Alice")
      const id = yield* idOf(first)
      const second = yield* registry.restart("one")
      assert.strictEqual(yield* idOf(second), id)
      assert.strictEqual((yield* second.ask("?")).text, "My name is Alice / ?")
      assert.deepStrictEqual((yield* second.summary).model, Option.some("opus"))
      assert.deepStrictEqual(yield* first.status, { _tag: "Closed", reason: "closed" })
      assert.strictEqual(yield* registry.get("one"), second)
      assert.deepInclude((yield* Fiber.join(changes))[1], { _tag: "Restarted", name: "one", sessionId: id })
      assert.strictEqual((yield* registry.list)[0]?.restarts, 1)
    }).pipe(provide(remembers))
  )

  it.effect("adopts another conversation, with the options of the first", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const elsewhere = yield* registry.start("elsewhere")
      yield* elsewhere.ask("The code is 12345")
      const id = yield* idOf(elsewhere)
      yield* registry.stop("elsewhere")
      const first = yield* registry.start("one", { model: "opus" })
      yield* first.ask("My name is Alice")
      const second = yield* registry.restart("one", { start: { resume: id } })
      assert.strictEqual((yield* second.ask("?")).text, "The code is 12345 / ?")
      const third = yield* registry.restart("one")
      assert.strictEqual(yield* idOf(third), id)
      assert.deepStrictEqual((yield* third.summary).model, Option.some("opus"))
    }).pipe(provide(remembers))
  )

  it.effect("keeps what earlier restarts laid over, deadlines one by one", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const mock = yield* MockAdapter.MockAdapter
      yield* registry.start("one", { timeouts: { idle: "1 minute", turn: "2 minutes" } })
      yield* registry.restart("one", { model: "opus", timeouts: { idle: "5 minutes" } })
      yield* registry.restart("one", { maxTurns: 3 })
      const last = (yield* mock.opened).at(-1)
      assert.deepInclude(last, { model: "opus", maxTurns: 3 })
      assert.strictEqual(String(last?.timeouts.idle), String((yield* mock.opened)[1]?.timeouts.idle))
      assert.strictEqual(String(last?.timeouts.turn), String((yield* mock.opened)[0]?.timeouts.turn))
    }).pipe(provide())
  )

  it.effect("of a session in which nothing was said begins as it began", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const sessionId = "00000000-0000-4000-8000-000000000001"
      yield* registry.start("one", { start: { sessionId } })
      const second = yield* registry.restart("one")
      assert.strictEqual(yield* idOf(second), sessionId)
    }).pipe(provide())
  )

  it.effect("of a conversation that was cleared begins a new one", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const first = yield* registry.start("one")
      yield* first.ask("My name is Alice")
      yield* first.clear
      const second = yield* registry.restart("one")
      assert.strictEqual((yield* second.ask("?")).text, "?")
    }).pipe(provide(remembers))
  )

  it.effect("is refused while a turn runs, and the turn is left alone", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const session = yield* registry.start("one")
      const turn = yield* fork(session.ask("go"))
      yield* until(session, "TextDelta")
      assert.strictEqual((yield* reasonOf(registry.restart("one")))._tag, "TurnRejected")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* Fiber.join(turn)).text, "first, second")
    }).pipe(provide([[S.text("first, second", { pieces: 2, every: "1 minute" })]]))
  )

  it.effect("with interrupt ends the turn that runs and those that wait", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const mock = yield* MockAdapter.MockAdapter
      const session = yield* registry.start("one")
      yield* session.ask("before")
      const turn = yield* fork(Effect.flip(session.ask("go")))
      yield* until(session, "TurnStarted", 2)
      const queued = yield* fork(Effect.flip(session.ask("queued")))
      const second = yield* registry.restart("one", { interrupt: true })
      assert.strictEqual((yield* Fiber.join(turn)).reason._tag, "SessionClosed")
      assert.strictEqual((yield* Fiber.join(queued)).reason._tag, "SessionClosed")
      assert.deepStrictEqual(
        (yield* mock.sent).map(({ text }) => text),
        ["before", "go"]
      )
      assert.strictEqual((yield* second.status)._tag, "Idle")
    }).pipe(provide([[S.echo], [S.silence], [S.echo]]))
  )

  it.effect("the name is not free meanwhile: a start is refused, who gets waits", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { open, asked, release } = yield* reopened
      const first = yield* registry.startWith("one", open)
      const restart = yield* fork(registry.restart("one"))
      yield* asked
      assert.deepStrictEqual(
        (yield* registry.list).map(({ name, status }) => [name, status._tag]),
        [["one", "Starting"]]
      )
      assert.strictEqual((yield* reasonOf(registry.start("one")))._tag, "SessionExists")
      const get = yield* fork(registry.get("one"))
      const getOrStart = yield* fork(registry.getOrStart("one"))
      yield* release
      const second = yield* Fiber.join(restart)
      assert.notStrictEqual(second, first)
      assert.strictEqual(yield* Fiber.join(get), second)
      assert.strictEqual(yield* Fiber.join(getOrStart), second)
    }).pipe(provide())
  )

  it.effect("a second one waits for the first", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { open, asked, release } = yield* reopened
      yield* registry.startWith("one", open)
      const first = yield* fork(registry.restart("one"))
      yield* asked
      const second = yield* fork(registry.restart("one"))
      yield* release
      const sessions = [yield* Fiber.join(first), yield* Fiber.join(second)]
      assert.strictEqual(yield* registry.get("one"), sessions[1])
      assert.strictEqual((yield* registry.list)[0]?.restarts, 2)
      assert.strictEqual(yield* live, 1)
    }).pipe(provide())
  )

  it.effect("waits for a start that is under way", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { adapter, asked, let: open } = yield* gated
      const start = yield* fork(registry.start("one", { adapter }))
      yield* asked
      const restart = yield* fork(registry.restart("one"))
      yield* open
      assert.notStrictEqual(yield* Fiber.join(restart), yield* Fiber.join(start))
      assert.strictEqual((yield* registry.list)[0]?.restarts, 1)
    }).pipe(provide())
  )

  it.effect("goes on when its caller is interrupted: others know the name", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { open, asked, release } = yield* reopened
      const first = yield* registry.startWith("one", open)
      const restart = yield* fork(registry.restart("one"))
      yield* asked
      yield* Fiber.interrupt(restart)
      yield* release
      assert.notStrictEqual(yield* registry.get("one"), first)
    }).pipe(provide())
  )

  it.effect("when the other one does not open, its error says why, and the name is gone", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const first = yield* registry.start("one")
      yield* first.ask("hello")
      const changes = yield* next(1)
      const nowhere = "00000000-0000-4000-8000-00000000000f"
      const reason = yield* reasonOf(registry.restart("one", { start: { resume: nowhere } }))
      assert.deepInclude(reason, { _tag: "SessionNotFound", id: nowhere })
      const [failed] = yield* Fiber.join(changes)
      assert.strictEqual(failed?._tag === "Failed" && failed.error.reason._tag, "SessionNotFound")
      assert.deepStrictEqual(yield* registry.list, [])
      assert.strictEqual(yield* live, 0)
    }).pipe(provide())
  )

  it.effect("rule 19: into a conversation that another name has is SessionInUse", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const other = yield* registry.start("other")
      yield* other.ask("hello")
      yield* registry.start("one")
      const taken = registry.restart("one", { start: { resume: yield* idOf(other) } })
      assert.strictEqual((yield* reasonOf(taken))._tag, "SessionInUse")
      assert.strictEqual((yield* other.ask("still there")).text, "still there")
    }).pipe(provide())
  )

  it.effect("stopped meanwhile, the other session is not opened", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const { open, asked } = yield* reopened
      yield* registry.startWith("one", open)
      const restart = yield* fork(reasonOf(registry.restart("one")))
      yield* asked
      yield* registry.stop("one")
      assert.strictEqual((yield* Fiber.join(restart))._tag, "SessionClosed")
      assert.strictEqual(yield* live, 0)
    }).pipe(provide())
  )

  it.effect("of a name that nobody has is SessionNotFound", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      assert.strictEqual((yield* reasonOf(registry.restart("nobody")))._tag, "SessionNotFound")
    }).pipe(provide())
  )
})

describe("layer", () => {
  it.effect("opens its sessions, all at once, before it is there", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      assert.deepStrictEqual((yield* registry.list).map(({ name, status }) => [name, status._tag]).toSorted(), [
        ["reviewer", "Idle"],
        ["writer", "Idle"]
      ])
    }).pipe(
      Effect.provide(
        SessionRegistry.layer({ sessions: { reviewer: { model: "opus" }, writer: {} } }).pipe(
          Layer.provide(MockAdapter.layer())
        )
      )
    )
  )

  it.effect("when one of its sessions does not open, it fails and leaves nothing", () =>
    Effect.gen(function* () {
      const layer = SessionRegistry.layer({ sessions: { good: {}, bad: { start: { resume: "nowhere" } } } })
      assert.strictEqual((yield* reasonOf(Effect.scoped(Layer.build(layer))))._tag, "SessionNotFound")
      assert.strictEqual(yield* live, 0)
    }).pipe(Effect.provide(MockAdapter.layer()))
  )

  it.effect("more sessions than maxSessions, or a limit that is none, do not build", () =>
    Effect.gen(function* () {
      const build = (options: SessionRegistry.LayerOptions<{ readonly [name: string]: {} }>) =>
        reasonOf(Effect.scoped(Layer.build(SessionRegistry.layer(options))))
      assert.strictEqual((yield* build({ sessions: { one: {}, two: {} }, maxSessions: 1 }))._tag, "RegistryFull")
      assert.strictEqual((yield* build({ maxSessions: 0 }))._tag, "InvalidOptions")
      assert.strictEqual((yield* build({ maxSessions: 1.5 }))._tag, "InvalidOptions")
    }).pipe(Effect.provide(MockAdapter.layer()))
  )

  it.effect("closed, everything is gone: sessions, starts and the stream of changes", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const registry = Context.get(yield* Scope.provide(Layer.build(SessionRegistry.layer()), scope), Registry)
      const changes = yield* fork(Stream.runCollect(registry.changes))
      const session = yield* registry.start("one")
      const { adapter, asked } = yield* gated
      const start = yield* fork(reasonOf(registry.start("two", { adapter })))
      yield* asked
      yield* Scope.close(scope, Exit.void)
      assert.strictEqual((yield* session.status)._tag, "Closed")
      assert.strictEqual((yield* Fiber.join(start))._tag, "SessionClosed")
      assert.deepStrictEqual((yield* Fiber.join(changes)).map(brief).toSorted(), [
        "Started one",
        "Stopped one",
        "Stopped two"
      ])
      assert.strictEqual((yield* reasonOf(registry.start("three")))._tag, "SessionClosed")
      assert.strictEqual(yield* live, 0)
    }).pipe(Effect.provide(MockAdapter.layer()))
  )

  it.effect("borrows the adapter: another registry goes on with it", () =>
    Effect.gen(function* () {
      yield* Effect.flatMap(Registry, (registry) => registry.start("one")).pipe(Effect.provide(SessionRegistry.layer()))
      const text = yield* Effect.flatMap(Registry, (registry) => registry.start("one")).pipe(
        Effect.flatMap((session) => session.ask("hello")),
        Effect.provide(SessionRegistry.layer())
      )
      assert.strictEqual(text.text, "hello")
    }).pipe(Effect.provide(MockAdapter.layer()))
  )
})

describe("changes", () => {
  it.effect("go through JSON and come back", () =>
    Effect.gen(function* () {
      const registry = yield* Registry
      const changes = yield* next(4)
      const session = yield* registry.start("one")
      yield* Effect.exit(registry.startWith("two", Effect.fail(boom)))
      yield* registry.restart("one")
      yield* Effect.exit(Effect.flatMap(registry.get("one"), (session) => session.ask("go")))
      yield* session.close
      const all = yield* Fiber.join(changes)
      assert.deepStrictEqual(all.map(brief), ["Started one", "Failed two", "Restarted one", "Stopped one"])
      const codec = Schema.toCodecJson(Schema.Array(SessionRegistry.RegistryChange))
      const text = JSON.stringify(yield* Schema.encodeEffect(codec)(all))
      const back = yield* Schema.decodeUnknownEffect(codec)(JSON.parse(text))
      assert.deepStrictEqual(back.map(brief), all.map(brief))
      assert.strictEqual(back[1]?._tag === "Failed" && back[1].error.reason._tag, "StartupFailed")
    }).pipe(provide([[S.crash({ signal: "SIGKILL" })]]))
  )
})

describe("on processes", () => {
  const registry = Effect.flatMap(Layer.build(SessionRegistry.layer()), (context) =>
    Effect.succeed(Context.get(context, Registry))
  )
  const process = (home: FakeRig.Home) =>
    Effect.map(home.record, (record) => record.filter((line) => "argv" in line).length)

  it.live("a race starts one process, under a name that tells what only Claude can do", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const sessions = yield* registry
      const all = yield* Effect.forEach(
        Array.from({ length: 10 }),
        () => sessions.getOrStart("one", { ...home.options() }),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(new Set(all).size, 1)
      assert.strictEqual(yield* process(home), 1)
      const claude = yield* sessions.startWith(
        "two",
        ClaudeSession.make({ ...home.options(), replayUserMessages: true })
      )
      assert.isNotEmpty((yield* claude.serverInfo).models ?? [])
    }).pipe(Effect.scoped, Effect.provide(FakeRig.layer))
  )

  it.live("restart: another process goes on with the conversation, with the options of the opener", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const sessions = yield* registry
      const first = yield* sessions.startWith(
        "one",
        ClaudeSession.make({ ...home.options(), replayUserMessages: true })
      )
      yield* first.ask("My name is Alice")
      const second = yield* sessions.restart("one", { model: "opus" })
      assert.strictEqual(yield* idOf(second), yield* idOf(first))
      assert.strictEqual((yield* second.ask("What is my name?")).text, "Your name is Alice.")
      const [, again] = (yield* home.record).filter((line) => "argv" in line)
      const args = JSON.stringify(again)
      for (const flag of ["--replay-user-messages", "--model=opus", `--resume=${yield* idOf(first)}`]) {
        assert.include(args, flag)
      }
    }).pipe(Effect.scoped, Effect.provide(FakeRig.layer))
  )

  it.live("restart of a cleared conversation begins anew", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const sessions = yield* registry
      const first = yield* sessions.start("one", home.options())
      yield* first.ask("My name is Alice")
      yield* first.clear
      const second = yield* sessions.restart("one")
      assert.notStrictEqual((yield* second.ask("What is my name?")).text, "Your name is Alice.")
    }).pipe(Effect.scoped, Effect.provide(FakeRig.layer))
  )

  it.live("rule 19: one conversation has one writer, whichever registry and adapter it is opened with", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const sessions = yield* registry
      const first = yield* sessions.start("one", home.options())
      yield* first.ask("My name is Alice")
      const start = { resume: yield* idOf(first) }
      assert.strictEqual((yield* reasonOf(sessions.start("two", { ...home.options(), start })))._tag, "SessionInUse")
      const others = Effect.flatMap(registry, (others) => others.start("one", { ...home.options(), start }))
      const elsewhere = Effect.scoped(Effect.provide(others, Layer.fresh(FakeRig.layer)))
      assert.strictEqual((yield* reasonOf(elsewhere))._tag, "SessionInUse")
      yield* sessions.stop("one")
      const next = yield* sessions.start("two", { ...home.options(), start })
      assert.strictEqual((yield* next.ask("What is my name?")).text, "Your name is Alice.")
    }).pipe(Effect.scoped, Effect.provide(FakeRig.layer))
  )

  it.live("a process that is killed leaves the list with its signal", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const sessions = yield* registry
      const changes = yield* fork(Stream.runCollect(Stream.take(sessions.changes, 2)))
      const session = yield* sessions.start("one", home.options())
      assert.strictEqual((yield* reasonOf(session.ask("[[fault:kill]]")))._tag, "ProcessExited")
      assert.deepInclude((yield* Fiber.join(changes))[1], {
        _tag: "Stopped",
        reason: "exited",
        exit: { code: null, signal: "SIGKILL" }
      })
    }).pipe(Effect.scoped, Effect.provide(FakeRig.layer))
  )

  it.live("closed, no process is left", () =>
    Effect.gen(function* () {
      const home = yield* FakeRig.home
      const sessions = yield* Effect.scoped(
        Effect.gen(function* () {
          const sessions = yield* registry
          yield* Effect.forEach(["one", "two", "three"], (name) => sessions.start(name, home.options()), {
            concurrency: "unbounded"
          })
          return sessions
        })
      )
      assert.deepStrictEqual(yield* sessions.list, [])
      const ended = (yield* home.record).filter((line) => "eof" in line)
      assert.strictEqual(ended.length, 3)
    }).pipe(Effect.scoped, Effect.provide(FakeRig.layer))
  )
})
