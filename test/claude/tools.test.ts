/** Tools of ours on the fake CLI: what goes over the pipes, and what becomes of calls when the process does not go on. */
import { assert, describe, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Schema from "effect/Schema"
import * as AiPrompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type { ToolServer } from "effect-agent-session/AgentAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Fake from "../support/fakeRig.ts"
import { at } from "../support/fakeClaude/driver.ts"

const Add = Tool.make("add", {
  parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
  success: Schema.Struct({ sum: Schema.Finite })
})
const AddKit = Toolkit.make(Add)
type AddHandler = Toolkit.HandlersFrom<(typeof AddKit)["tools"]>["add"]

const adding = (add: AddHandler): ToolServer => Effect.provide(AddKit, AddKit.toLayer({ add }))

const sum: AddHandler = ({ a, b }) => Effect.succeed({ sum: a + b })

const addOnce = '[[tool:mcp__math__add {"a":2,"b":3}]] [[text:done]]'

/** A session with the tool `add` of the server `math`. */
const open = Effect.fnUntraced(function* (add: AddHandler, variables?: { readonly [name: string]: string }) {
  const home = yield* Fake.home
  const session = yield* ClaudeSession.make({
    ...home.options(variables),
    tools: { math: adding(add) },
    allowedTools: ["mcp__math"]
  })
  return { home, session }
})

/** A handler that tells when it runs and when it was interrupted; the first call never ends by itself. */
const stuckOnce = Effect.gen(function* () {
  const began = yield* Latch.make()
  const interrupted = yield* Deferred.make<void>()
  let calls = 0
  const add: AddHandler = (parameters, context) =>
    ++calls > 1
      ? sum(parameters, context)
      : Effect.andThen(began.open, Effect.never).pipe(
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
  return { add, began: began.await, interrupted: Deferred.await(interrupted) }
})

const messagesIn = (record: ReadonlyArray<{ readonly [key: string]: unknown }>): ReadonlyArray<unknown> =>
  record.flatMap((line) => {
    const frame = line["in"]
    const message = at(frame, "response", "response", "mcp_response") ?? at(frame, "request", "message")
    return message === undefined ? [] : [message]
  })

describe("tools of ours on the fake CLI", () => {
  it.live("the handshake asks for the tools before it is answered, and the session knows their names [cc-40]", () =>
    Effect.gen(function* () {
      const { home, session } = yield* open(sum)
      yield* session.ask(addOnce)
      const named = yield* Fake.event(session, "SessionUpdated", ({ changes }) => changes.tools !== undefined)
      assert.isTrue(named.changes.tools?.includes("mcp__math__add"))
      const messages = messagesIn(yield* home.record)
      assert.deepStrictEqual(at(messages[0], "result", "serverInfo", "name"), "math")
      assert.deepStrictEqual(at(messages[2], "result", "tools", 0, "name"), "add")
    }).pipe(Effect.provide(Fake.layer))
  )

  it.live("structured results and images reach the model as they are [cc-97]", () =>
    Effect.gen(function* () {
      const Draw = Tool.make("draw", {
        success: Schema.Void,
        toModelOutput: () => [
          AiPrompt.textPart({ text: "a dot" }),
          AiPrompt.filePart({ mediaType: "image/png", data: "aGk=" })
        ]
      })
      const DrawKit = Toolkit.make(Draw)
      const home = yield* Fake.home
      const session = yield* ClaudeSession.make({
        ...home.options(),
        tools: { math: adding(sum), art: Effect.provide(DrawKit, DrawKit.toLayer({ draw: () => Effect.void })) },
        allowedTools: ["mcp__math", "mcp__art"]
      })
      const { toolCalls } = yield* session.ask(
        '[[tool:mcp__math__add {"a":2,"b":3}]] [[tool:mcp__art__draw]] [[text:ok]]'
      )
      assert.deepStrictEqual(
        toolCalls.map(({ output }) => output),
        [
          '{"sum":5}',
          [
            { type: "text", text: "a dot" },
            { type: "image", source: { type: "base64", media_type: "image/png", data: "aGk=" } }
          ]
        ]
      )
    }).pipe(Effect.provide(Fake.layer))
  )

  it.live("a call that the CLI gives up is answered, and so is the news of it [cc-97]", () =>
    Effect.gen(function* () {
      const { add, began, interrupted } = yield* stuckOnce
      const { home, session } = yield* open(add)
      yield* Effect.forkChild(Fake.reasonOf(session.ask(addOnce)))
      yield* began
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      yield* interrupted
      assert.strictEqual((yield* session.ask(addOnce)).text, "done")
      const codes = messagesIn(yield* home.record).map((message) => at(message, "error", "code"))
      assert.include(codes, -32_800)
    }).pipe(Effect.provide(Fake.layer))
  )

  it.live("a preliminary result goes to the CLI as progress of the call", () =>
    Effect.gen(function* () {
      const { home, session } = yield* open((parameters, context) =>
        Effect.andThen(context.preliminary({ sum: 0 }), sum(parameters, context))
      )
      yield* session.ask(addOnce)
      const progress = messagesIn(yield* home.record).find(
        (message) => at(message, "method") === "notifications/progress"
      )
      assert.strictEqual(typeof at(progress, "params", "progressToken"), "number")
      assert.deepInclude(at(progress, "params"), { progress: 1, message: '{"sum":0}' })
    }).pipe(Effect.provide(Fake.layer))
  )

  it.live("rule 4: when the process is replaced its calls are interrupted, and the next one has the tools again", () =>
    Effect.gen(function* () {
      const { add, began, interrupted } = yield* stuckOnce
      const home = yield* Fake.home
      const session = yield* ClaudeSession.make({
        ...home.options(),
        tools: { math: adding(add) },
        allowedTools: ["mcp__math"],
        timeouts: { interrupt: "300 millis" }
      })
      yield* session.ask("hello")
      yield* Effect.forkChild(Fake.reasonOf(session.ask(`[[fault:ignore-interrupt]] ${addOnce}`)))
      yield* began
      assert.strictEqual(yield* session.interrupt, "Escalated")
      yield* interrupted
      const { toolCalls } = yield* session.ask(addOnce)
      assert.strictEqual(toolCalls[0]?.output, '{"sum":5}')
    }).pipe(Effect.provide(Fake.layer))
  )

  it.live("a session that closes interrupts its calls, whatever the CLI does", () =>
    Effect.gen(function* () {
      const { add, began, interrupted } = yield* stuckOnce
      const { session } = yield* open(add)
      yield* Effect.forkChild(Fake.reasonOf(session.ask(`[[fault:ignore-interrupt]] ${addOnce}`)))
      yield* began
      yield* session.close
      yield* interrupted
    }).pipe(Effect.provide(Fake.layer))
  )

  it.live("when the process dies its calls are interrupted", () =>
    Effect.gen(function* () {
      const { add, began, interrupted } = yield* stuckOnce
      const { session } = yield* open(add)
      yield* Effect.forkChild(Fake.reasonOf(session.ask(addOnce)))
      yield* began
      const { pid } = yield* session.serverInfo
      assert.isDefined(pid)
      process.kill(pid ?? 0, "SIGKILL")
      yield* interrupted
      yield* Fake.event(session, "SessionEnded")
    }).pipe(Effect.provide(Fake.layer))
  )

  it.live("on an old version they work too", () =>
    Effect.gen(function* () {
      const { session } = yield* open(sum, { FAKE_CLAUDE_VERSION: "2.1.197" })
      assert.strictEqual((yield* session.ask(addOnce)).toolCalls[0]?.output, '{"sum":5}')
    }).pipe(Effect.provide(Fake.layer))
  )
})
