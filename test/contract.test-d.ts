/** What is inferred from options: services, output, and that a misspelt option is an error. */
import { describe, expectTypeOf, it } from "vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { pipe } from "effect/Function"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type * as Stream from "effect/Stream"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import {
  AgentAdapter,
  type AgentError,
  type AgentEvent,
  Input,
  Permission,
  type Prompt,
  Session,
  StreamSession
} from "effect-agent-session"
import type * as Turn from "effect-agent-session/Turn"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import type { ClaudeAdapter } from "effect-agent-session/claude/ClaudeAdapter"

interface Ui {
  readonly ask: (question: string) => Effect.Effect<boolean>
}
const Ui = Context.Service<Ui, Ui>("test/Ui")
interface Db {
  readonly rows: ReadonlyArray<string>
}
const Db = Context.Service<Db, Db>("test/Db")

type Error = AgentError.AgentError
type Adapter = AgentAdapter.AgentAdapter

const askUi: Permission.Handler<Ui> = (request) =>
  Effect.flatMap(Ui, (ui) =>
    Effect.map(ui.ask(request.tool), (yes) => (yes ? Permission.allow() : Permission.deny("no")))
  )
const Lookup = Tool.make("Lookup", {
  parameters: Schema.Struct({ key: Schema.String }),
  success: Schema.String,
  dependencies: [Db]
})
const Kit = Toolkit.make(Lookup)
type KitHandlers = Tool.HandlersFor<{ readonly Lookup: typeof Lookup }>
const Answer = Schema.Struct({ word: Schema.String })

describe("Session.layer", () => {
  it("without options needs the adapter and nothing else", () => {
    expectTypeOf(Session.layer()).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter>>()
    expectTypeOf(Session.layer({ model: "sonnet" })).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter>>()
  })

  it("needs what the input handlers need, all of them", () => {
    const input = Input.handlers({
      question: () => Effect.as(Ui, Input.decline()),
      plan: () => Effect.as(Db, Input.approve())
    })
    expectTypeOf(input).toEqualTypeOf<Input.Handler<Ui | Db>>()
    expectTypeOf(Session.layer({ input })).toEqualTypeOf<
      Layer.Layer<Session.Session, AgentError.AgentError, AgentAdapter.AgentAdapter | Ui | Db>
    >()
    expectTypeOf(Input.handlers({})).toEqualTypeOf<Input.Handler>()
    // @ts-expect-error a plan is not filled in
    Input.handlers({ plan: () => Effect.succeed(Input.accept({})) })
  })

  it("needs what the permission handler needs, inline too", () => {
    expectTypeOf(Session.layer({ permissions: askUi })).toEqualTypeOf<
      Layer.Layer<Session.Session, Error, Adapter | Ui>
    >()
    const inline = Session.layer({
      permissions: (request) => {
        expectTypeOf(request).toEqualTypeOf<Permission.Request>()
        return Effect.as(Ui, Permission.allow())
      }
    })
    expectTypeOf(inline).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter | Ui>>()
  })

  it("needs what tools need, their handlers and what those call", () => {
    expectTypeOf(Session.layer({ tools: Kit })).toEqualTypeOf<
      Layer.Layer<Session.Session, Error, Adapter | KitHandlers | Db>
    >()
    expectTypeOf(Session.layer({ tools: Kit, permissions: askUi })).toEqualTypeOf<
      Layer.Layer<Session.Session, Error, Adapter | KitHandlers | Db | Ui>
    >()
  })

  it("needs what the tools of all servers need", () => {
    const Other = Toolkit.make(Tool.make("Other", { success: Schema.String }))
    type OtherHandlers = Tool.HandlersFor<typeof Other.tools>
    expectTypeOf(Session.layer({ tools: { one: Kit, two: Other } })).toEqualTypeOf<
      Layer.Layer<Session.Session, Error, Adapter | KitHandlers | OtherHandlers | Db>
    >()
    const ready = Effect.provide(Other, Other.toLayer({ Other: () => Effect.succeed("") }))
    expectTypeOf(Session.layer({ tools: { one: ready } })).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter>>()
    expectTypeOf(Session.layer({ tools: ready })).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter>>()
    const erased: AgentAdapter.SessionOptions<Ui> = { tools: { one: Effect.as(Ui, {} as AgentAdapter.AnyToolkit) } }
    expectTypeOf(Session.layer(erased)).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter | Ui>>()
    // @ts-expect-error a tool is not a toolkit
    Session.layer({ tools: { one: Lookup } })
  })

  it("takes annotated options, options kept in a const, and a conditional spread", () => {
    const plain: AgentAdapter.SessionOptions = { model: "sonnet" }
    expectTypeOf(Session.layer(plain)).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter>>()
    const annotated: AgentAdapter.SessionOptions<Ui> = { permissions: askUi }
    expectTypeOf(Session.layer(annotated)).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter | Ui>>()
    const kept = { permissions: askUi, maxTurns: 3 } as const
    expectTypeOf(Session.layer(kept)).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter | Ui>>()
    const spread = Session.layer({ model: "x", ...(Math.random() > 0.5 ? { permissions: askUi } : {}) })
    expectTypeOf(spread).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter | Ui>>()
  })

  it("takes values that may be undefined, as those of the environment", () => {
    const model: string | undefined = process.env.MODEL
    expectTypeOf(Session.layer({ model })).toEqualTypeOf<Layer.Layer<Session.Session, Error, Adapter>>()
  })

  it("refuses what is misspelt, wrong, or excludes one another", () => {
    // @ts-expect-error an unknown option
    Session.layer({ modle: "sonnet" })
    // @ts-expect-error an unknown mode
    Session.layer({ permissionMode: "yolo" })
    // @ts-expect-error resume and continue exclude one another
    Session.layer({ start: { resume: "x", continue: true } })
    // @ts-expect-error an option of Claude alone
    Session.layer({ addDirs: ["x"] })
  })
})

describe("output", () => {
  it("of ask is what the schema decodes to, undefined without one", () => {
    const typed = Effect.flatMap(Session.make({ outputSchema: Answer }), (session) => session.ask("x"))
    expectTypeOf(typed).toEqualTypeOf<
      Effect.Effect<Turn.TurnResult<{ readonly word: string }>, Error, Adapter | Scope.Scope>
    >()
    const untyped = Effect.flatMap(Session.make(), (session) => session.ask("x"))
    expectTypeOf(untyped).toEqualTypeOf<Effect.Effect<Turn.TurnResult<undefined>, Error, Adapter | Scope.Scope>>()
  })

  it("of a one-shot too", () => {
    expectTypeOf(StreamSession.ask({ prompt: "x", outputSchema: Answer })).toEqualTypeOf<
      Effect.Effect<Turn.TurnResult<{ readonly word: string }>, Error, Adapter>
    >()
  })
})

describe("StreamSession", () => {
  it("has no error left with errors: event", () => {
    expectTypeOf(StreamSession.stream({ prompt: "x" })).toEqualTypeOf<
      Stream.Stream<AgentEvent.AgentEvent, Error, Adapter>
    >()
    expectTypeOf(StreamSession.stream({ prompt: "x", errors: "event" })).toEqualTypeOf<
      Stream.Stream<AgentEvent.AgentEvent, never, Adapter>
    >()
  })

  it("takes any opener, and gives back no Scope", () => {
    const stream = StreamSession.streamWith(ClaudeSession.make({ addDirs: ["x"], permissions: askUi }), { prompt: "x" })
    expectTypeOf(stream).toEqualTypeOf<Stream.Stream<AgentEvent.AgentEvent, Error, ClaudeAdapter | Ui>>()
  })

  it("needs a prompt and refuses what is misspelt", () => {
    // @ts-expect-error no prompt
    StreamSession.stream({})
    // @ts-expect-error an unknown option
    StreamSession.stream({ prompt: "x", promt: "x" })
  })
})

describe("execute", () => {
  it("leaves of an effect's needs what the agent's host does not give", () => {
    const program = Effect.gen(function* () {
      const session = yield* Session.Session
      return yield* session.execute(Effect.as(Db, 1))
    })
    expectTypeOf(program).toEqualTypeOf<Effect.Effect<number, never, Session.Session | Db>>()
  })
})

describe("permissions", () => {
  const askDb: Permission.Policy<Db> = () => Effect.as(Db, undefined)

  it("compose: a handler at the end gives a handler", () => {
    const handler = pipe(
      Permission.allowTools("Read"),
      Permission.orElse(Permission.denyTools("Bash")),
      Permission.orElse(askUi),
      Permission.withTimeout("1 minute")
    )
    expectTypeOf(handler).toEqualTypeOf<Permission.Handler<Ui>>()
    expectTypeOf(Session.layer({ permissions: handler })).toEqualTypeOf<
      Layer.Layer<Session.Session, Error, Adapter | Ui>
    >()
    expectTypeOf(Permission.orElse(askDb, askUi)).toEqualTypeOf<Permission.Handler<Db | Ui>>()
    expectTypeOf(pipe(askDb, Permission.orElse(askUi))).toEqualTypeOf<Permission.Handler<Db | Ui>>()
  })

  it("compose: policies alone give a policy, which is not enough for a session", () => {
    const policy = pipe(Permission.allowTools("Read"), Permission.orElse(askDb), Permission.withTimeout("1 minute"))
    expectTypeOf(policy).toEqualTypeOf<Permission.Policy<Db>>()
    expectTypeOf(Permission.orElse(askDb, Permission.denyTools("Bash"))).toEqualTypeOf<Permission.Policy<Db>>()
    expectTypeOf(Permission.forTools("Read")(askUi)).toEqualTypeOf<Permission.Policy<Ui>>()
    // @ts-expect-error it may leave a request without an answer
    Session.layer({ permissions: policy })
  })

  it("withTimeout keeps what it is given: a handler or a policy", () => {
    expectTypeOf(Permission.withTimeout(askUi, "1 minute")).toEqualTypeOf<Permission.Handler<Ui>>()
    expectTypeOf(Permission.withTimeout(askDb, "1 minute")).toEqualTypeOf<Permission.Policy<Db>>()
  })

  it("know the request of an inline handler", () => {
    const handler = Permission.orElse(askDb, (request) => {
      expectTypeOf(request).toEqualTypeOf<Permission.Request>()
      return Effect.as(Ui, Permission.allow())
    })
    expectTypeOf(handler).toEqualTypeOf<Permission.Handler<Db | Ui>>()
  })
})

describe("the schemas of small models", () => {
  it("are those of their types", () => {
    expectTypeOf<typeof Prompt.Input.Type>().toEqualTypeOf<Prompt.Input>()
    expectTypeOf<typeof Prompt.Part.Type>().toEqualTypeOf<Prompt.Part>()
    expectTypeOf<typeof Prompt.Message.Type>().toEqualTypeOf<Prompt.Message>()
    expectTypeOf<typeof AgentEvent.ExitStatus.Type>().toEqualTypeOf<AgentEvent.ExitStatus>()
    expectTypeOf<typeof AgentEvent.SessionChanges.Type>().toEqualTypeOf<AgentEvent.SessionChanges>()
    expectTypeOf<typeof AgentEvent.PlanEntry.Type>().toEqualTypeOf<AgentEvent.PlanEntry>()
    expectTypeOf<typeof AgentEvent.ToolKind.Type>().toEqualTypeOf<AgentEvent.ToolKind>()
    expectTypeOf<typeof AgentEvent.Resolver.Type>().toEqualTypeOf<AgentEvent.Resolver>()
  })
})
