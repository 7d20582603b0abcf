import { assert, describe, it } from "@effect/vitest"
import { Effect, Fiber, Option, Schema, Stream } from "effect"
import { Tool, Toolkit } from "effect/ai"
import { TestClock } from "effect/testing"
import { AgentAdapter, AgentError, AgentEvent, Permission, Session, StreamSession } from "effect-agent-session"
import { AgentScript as S, MockAdapter } from "effect-agent-session/testing"
import { collect, of, provide, reasonOf, tags, until } from "../support/mock.ts"

describe("script", () => {
  it.effect("without a script every prompt is echoed [cc-120]", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      assert.strictEqual((yield* session.ask("  hello\n")).text, "  hello\n")
      assert.strictEqual((yield* session.ask("bye")).text, "bye")
    }).pipe(provide())
  )

  it.effect("turn n gets entry n, the last one is repeated, and each session begins anew [cc-120]", () =>
    Effect.gen(function* () {
      for (const _ of [1, 2]) {
        const session = yield* Session.make()
        const texts = yield* Effect.forEach(["a", "b", "c"], (text) => session.ask(text))
        assert.deepStrictEqual(
          texts.map(({ text }) => text),
          ["one", "two", "two"]
        )
      }
    }).pipe(provide([[S.text("one")], [S.text("two")]]))
  )

  it.effect("a resumed conversation goes on in the script where it was", () =>
    Effect.gen(function* () {
      const { sessionId } = yield* StreamSession.ask({ prompt: "first" })
      const session = yield* Session.make({ start: { resume: sessionId ?? "" } })
      assert.strictEqual((yield* session.ask("second")).text, "two")
    }).pipe(provide([[S.text("one")], [S.text("two")]]))
  )

  it.effect("a function gets the prompt, its number and what was said before [cc-120]", () => {
    const asked: Array<S.Asked> = []
    return Effect.gen(function* () {
      const session = yield* Session.make()
      yield* session.ask("My name is Alice")
      assert.strictEqual((yield* session.ask("What is my name?")).text, "My name is Alice")
      assert.deepStrictEqual(asked, [
        { text: "My name is Alice", index: 0, history: [] },
        { text: "What is my name?", index: 1, history: [{ prompt: "My name is Alice", reply: "Hello!" }] }
      ])
    }).pipe(
      provide((prompt) => {
        asked.push(prompt)
        return [S.text(prompt.history[0]?.prompt ?? "Hello!")]
      })
    )
  })

  it.effect("a script that throws fails the turn, and the session goes on", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const reason = yield* reasonOf(session.ask("go"))
      assert.strictEqual(reason._tag, "TurnFailed")
      assert.include(reason.message, "no answer to that")
      assert.strictEqual((yield* session.ask("hello")).text, "hello")
    }).pipe(
      provide(({ text }) => {
        if (text === "go") throw new Error("no answer to that")
        return [S.echo]
      })
    )
  )

  it.effect("text comes piece by piece, when the clock says so", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const turn = yield* Effect.forkChild(collect(session), { startImmediately: true })
      yield* until(session, "TurnStarted")
      yield* TestClock.adjust("2 seconds")
      yield* until(session, "TextDelta")
      yield* TestClock.adjust("1 second")
      const events = yield* Fiber.join(turn)
      assert.deepStrictEqual(
        events.flatMap((event) => (event._tag === "TextDelta" ? [[event.text, event.at]] : [])),
        [
          ["Hel", 2000],
          ["lo", 3000]
        ]
      )
      assert.strictEqual(of(events, "TurnEnded")[0]?.result.durationMs, 3000)
    }).pipe(provide([[S.text(["Hel", "lo"], { after: "2 seconds", every: "1 second" })]]))
  )

  it.effect("without partial messages a text takes its time and comes whole; tool inputs are not streamed", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ partialMessages: false })
      const turn = yield* Effect.forkChild(collect(session), { startImmediately: true })
      yield* until(session, "TurnStarted")
      yield* TestClock.adjust("2 seconds")
      const events = yield* Fiber.join(turn)
      assert.deepStrictEqual(tags(events), [
        "TurnStarted",
        "TextDelta",
        "TextCompleted",
        "ToolStarted",
        "ToolEnded",
        "TurnEnded"
      ])
      assert.strictEqual(of(events, "TextDelta")[0]?.text, "abc")
    }).pipe(provide([[S.text(["a", "b", "c"], { every: "1 second" }), S.tool("Read")]]))
  )

  it.effect("everything that is told by the way is an event of the turn", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const events = yield* collect(session)
      assert.deepStrictEqual(tags(events).slice(1, -1), [
        "ReasoningDelta",
        "ReasoningCompleted",
        "Notice",
        "PlanUpdated",
        "Retrying",
        "RateLimited",
        "Compacted",
        "Malformed",
        "Unknown"
      ])
      assert.deepInclude(of(events, "Malformed")[0], { bytes: 4, prefix: "{\u00fc}" })
      assert.deepInclude(of(events, "Unknown")[0], {
        type: "odd",
        subtype: "very",
        raw: { type: "odd", subtype: "very" }
      })
      assert.strictEqual(of(events, "TurnEnded")[0]?.result.stopReason, "max_tokens")
      assert.deepStrictEqual(tags(yield* collect(session)), tags(events))
    }).pipe(
      provide([
        [
          S.reasoning("hm"),
          S.notice("careful", { level: "warning" }),
          S.plan({ text: "think", status: "in_progress" }),
          S.retrying({ attempt: 1, delayMs: 500 }),
          S.rateLimited({ status: "allowed_warning" }),
          S.compacted({ trigger: "auto" }),
          S.malformed("{\u00fc}"),
          S.unknown({ type: "odd", subtype: "very" }),
          S.stopReason("max_tokens")
        ]
      ])
    )
  )

  it.effect("rule 17: what is still said after a turn was given up is another item", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const timeouts = { turn: "3500 millis" } as const
      const asking = yield* Effect.forkChild(reasonOf(session.ask("go", { timeouts })), { startImmediately: true })
      for (const count of [1, 2, 3, 4, 5, 6]) {
        yield* until(session, "TextDelta", count)
        yield* TestClock.adjust("1 second")
      }
      assert.strictEqual((yield* Fiber.join(asking))._tag, "TurnTimeout")
      yield* session.close
      const items = new Map<string, Array<string>>()
      for (const event of yield* Stream.runCollect(session.events)) {
        if (event._tag === "TextDelta") items.set(event.itemId, [...(items.get(event.itemId) ?? []), event.text])
        if (event._tag === "TextCompleted")
          items.set(event.itemId, [...(items.get(event.itemId) ?? []), `=${event.text}`])
      }
      assert.deepStrictEqual(
        [...items.values()].map((pieces) => pieces.join(" ")),
        ["0 1 2 3 =0123", "4 5 6 =456"]
      )
    }).pipe(provide([[S.text("0123456".split(""), { every: "1 second" }), S.silence]], { obeysInterrupt: false }))
  )

  it.effect("rule 17: an item that the end of its turn completed is not completed again", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ buffer: 1024 })
      const log = yield* Effect.forkChild(Stream.runCollect(session.events), { startImmediately: true })
      const turn = session.stream("go", { timeouts: { turn: "1 second" } })
      const unread = Stream.tap(Stream.rechunk(turn, 1), () => Effect.never)
      yield* Effect.forkChild(Stream.runDrain(unread), { startImmediately: true })
      yield* until(session, "TextDelta")
      yield* TestClock.adjust("100 millis")
      yield* until(session, "Notice")
      yield* TestClock.adjust("1 second")
      yield* until(session, "TurnEnded")
      yield* session.close
      const events = yield* Fiber.join(log)
      const end = events.findIndex(AgentEvent.is("TurnEnded"))
      assert.strictEqual(of(events, "TurnEnded")[0]?.result.text.length, 2001)
      assert.deepStrictEqual(tags(events.slice(end)), ["TurnEnded", "SessionEnded"])
    }).pipe(provide([[S.text(["a", "x".repeat(2000)], { every: "100 millis" })]], { obeysInterrupt: false }))
  )

  it.effect("a crash tells its signal and the last words", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const reason = yield* reasonOf(session.ask("go"))
      assert.deepInclude(reason, { _tag: "ProcessExited", code: null, signal: "SIGKILL", stderrTail: "out of memory" })
      const log = yield* Stream.runCollect(session.events)
      assert.deepStrictEqual(of(log, "SessionEnded")[0]?.exit, { code: null, signal: "SIGKILL" })
    }).pipe(provide([[S.crash({ signal: "SIGKILL", stderr: "out of memory" })]]))
  )

  it.effect("the reason of a failure decides about the outcome [cc-120]", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const outcomes = yield* Effect.forEach([1, 2, 3], () =>
        Effect.map(Effect.flip(session.ask("go")), (error) => [error.reason._tag, error.result?.outcome])
      )
      assert.deepStrictEqual(outcomes, [
        ["LimitReached", { _tag: "LimitReached", which: "budget" }],
        ["Refused", { _tag: "Refused" }],
        ["Overloaded", { _tag: "Failed" }]
      ])
    }).pipe(
      provide([
        [S.fail(new AgentError.LimitReached({ which: "budget" }))],
        [S.fail(new AgentError.Refused({ description: "no" }))],
        [S.fail(new AgentError.Overloaded({ description: "busy" }))]
      ])
    )
  )
})

describe("tools", () => {
  const Weather = Tool.make("Weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String })
  const toolkit = Toolkit.make(Weather)
  const handlers = toolkit.toLayer({ Weather: ({ city }) => Effect.succeed(`sunny in ${city}`) })

  it.effect("a tool of ours is called by its name", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ tools: toolkit })
      const result = yield* session.ask("go")
      assert.deepStrictEqual(
        result.toolCalls.map(({ output, status }) => [status, output]),
        [["ok", "sunny in Oslo"]]
      )
      const broken = yield* session.ask("go")
      assert.strictEqual(broken.toolCalls[0]?.status, "error")
    }).pipe(
      Effect.provide(handlers),
      provide([[S.callTool("Weather", { city: "Oslo" })], [S.callTool("Weather", { city: 42 })]])
    )
  )

  it.effect("a tool gives what the script says: a value, what a function makes of the input, or the input", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const { toolCalls } = yield* session.ask("go")
      assert.deepStrictEqual(
        toolCalls.map(({ name, output, status }) => [name, status, output]),
        [
          ["Read", "ok", "text"],
          ["Read", "error", "gone"],
          ["Add", "ok", 3],
          ["Bash", "ok", '{"command":"ls"}']
        ]
      )
    }).pipe(
      provide([
        [
          S.tool("Read", {}, { output: "text" }),
          S.tool("Read", {}, { output: "gone", status: "error" }),
          S.tool("Add", { a: 1 }, { output: ({ a }: { readonly a: number }) => a + 2 }),
          S.tool("Bash", { command: "ls" })
        ]
      ])
    )
  )

  it.effect("a tool takes its time, and an interrupt ends it", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const first = yield* Effect.forkChild(session.ask("go"), { startImmediately: true })
      yield* until(session, "ToolStarted")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(first)).durationMs, 10_000)
      const second = yield* Effect.forkChild(Effect.flip(session.ask("go")), { startImmediately: true })
      yield* until(session, "ToolStarted", 2)
      yield* session.interrupt
      assert.strictEqual((yield* Fiber.join(second)).result?.toolCalls[0]?.status, "interrupted")
    }).pipe(provide([[S.tool("Bash", {}, { takes: "10 seconds" })]]))
  )

  it.effect("rule 7: the idle clock stands still while a tool of ours runs, and goes on after it", () =>
    Effect.gen(function* () {
      const Slow = Toolkit.make(Tool.make("Slow", { success: Schema.String }))
      const slow = Slow.toLayer({ Slow: () => Effect.as(Effect.sleep("10 minutes"), "at last") })
      const session = yield* Session.make({ tools: Slow }).pipe(Effect.provide(slow))
      const asking = yield* Effect.forkChild(Effect.flip(session.ask("go")), { startImmediately: true })
      yield* until(session, "ToolStarted")
      yield* TestClock.adjust("10 minutes")
      yield* until(session, "ToolEnded")
      yield* TestClock.adjust("6 minutes")
      const { reason, result } = yield* Fiber.join(asking)
      assert.strictEqual(reason._tag, "IdleTimeout")
      assert.deepInclude(result?.toolCalls[0], { status: "ok", output: "at last" })
    }).pipe(provide([[S.callTool("Slow"), S.silence]]))
  )

  it.effect("a denial with stopTurn interrupts the calls beside it", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        permissions: () => Effect.succeed(Permission.deny("stop", { stopTurn: true }))
      })
      const { reason, result } = yield* Effect.flip(session.ask("go"))
      assert.strictEqual(reason._tag, "Interrupted")
      assert.deepStrictEqual(
        result?.toolCalls.map(({ name, status }) => [name, status]),
        [
          ["Bash", "denied"],
          ["Fetch", "interrupted"]
        ]
      )
    }).pipe(provide([[S.tools(S.tool("Bash", {}, { asks: true }), S.tool("Fetch", {}, { takes: "1 minute" }))]]))
  )

  it.effect("the session's rules and mode decide before the handler is asked", () =>
    Effect.gen(function* () {
      const status = (options: AgentAdapter.SessionOptions) =>
        Effect.scoped(
          Effect.gen(function* () {
            const session = yield* Session.make<AgentAdapter.SessionOptions>({
              permissions: Permission.denyAll,
              ...options
            })
            return (yield* session.ask("go")).toolCalls.map((call) => call.status)
          })
        )
      assert.deepStrictEqual(yield* status({}), ["denied", "denied"])
      assert.deepStrictEqual(yield* status({ allowedTools: ["Edit"] }), ["ok", "denied"])
      assert.deepStrictEqual(yield* status({ permissionMode: "acceptEdits" }), ["ok", "denied"])
      assert.deepStrictEqual(yield* status({ permissionMode: "bypassPermissions" }), ["ok", "ok"])
      const bypassing = { permissionMode: "bypassPermissions", disallowedTools: ["Bash"] } as const
      assert.deepStrictEqual(yield* status(bypassing), ["ok", "denied"])
      const mock = yield* MockAdapter.MockAdapter
      assert.strictEqual((yield* mock.decisions).length, 4)
      assert.deepStrictEqual(yield* status({ permissionMode: "dontAsk", permissions: Permission.allowAll }), [
        "denied",
        "denied"
      ])
      assert.strictEqual((yield* mock.decisions).length, 4)
    }).pipe(provide([[S.tool("Edit", {}, { asks: true, kind: "edit" }), S.tool("Bash", {}, { asks: true })]]))
  )

  it.effect("maxTurns counts a request to the model for each tool step", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ maxTurns: 2 })
      const error = yield* Effect.flip(session.ask("go"))
      assert.deepInclude(error.reason, { _tag: "LimitReached", which: "turns" })
      assert.strictEqual(error.result?.toolCalls.length, 2)
      assert.strictEqual((yield* session.ask("short")).text, "done")
    }).pipe(
      provide([
        [S.tool("Read"), S.tool("Read"), S.tool("Read"), S.text("done")],
        [S.tool("Agent", {}, { inside: [S.tool("Read"), S.tool("Read")] }), S.text("done")]
      ])
    )
  )
})

describe("money", () => {
  it.effect("rule 6: what turns spend is reported as running totals and told per turn [asm-88]", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const costs = yield* Effect.forEach([1, 2, 3], () => Effect.map(session.ask("go"), ({ cost }) => cost))
      assert.deepStrictEqual(costs, [Option.some(0.25), Option.some(0.5), Option.some(0)])
      const { cost, usage } = yield* session.summary
      assert.deepStrictEqual(cost, Option.some(0.75))
      assert.deepInclude(usage, { inputTokens: 30, outputTokens: 5 })
      assert.deepStrictEqual(Object.keys(usage.models), ["mock", "haiku"])
    }).pipe(
      provide([
        [S.spent({ inputTokens: 10, cost: 0.25 })],
        [S.spent({ inputTokens: 20, cost: 0.25 }), S.spent({ outputTokens: 5, cost: 0.25, model: "haiku" })],
        [S.text("free")]
      ])
    )
  )

  it.effect("rule 6: totals that start again from zero are not subtracted [asm-89] [asm-90]", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const costs = yield* Effect.forEach([1, 2, 3], () => Effect.map(session.ask("go"), ({ cost }) => cost))
      assert.deepStrictEqual(costs, [Option.some(0.5), Option.some(0.25), Option.some(0.125)])
      assert.deepStrictEqual((yield* session.summary).cost, Option.some(0.875))
    }).pipe(provide([[S.totals({ cost: 0.5 })], [S.totals({ cost: 0.25 })], [S.totals({ cost: 0.375 })]]))
  )

  it.effect("rule 6: a turn that is interrupted counts, and so does one that the close ends [asm-91]", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      for (const end of [session.interrupt, session.close]) {
        const asking = yield* Effect.forkChild(Effect.flip(session.ask("go")), { startImmediately: true })
        yield* until(session, "TextCompleted", (yield* session.history).length + 1)
        yield* end
        assert.deepStrictEqual((yield* Fiber.join(asking)).result?.cost, Option.some(0.5))
      }
      assert.deepStrictEqual((yield* session.summary).cost, Option.some(1))
    }).pipe(provide([[S.spent({ cost: 0.5 }), S.text("begun"), S.silence]]))
  )

  it.effect("an agent that tells no cost has none", () =>
    Effect.gen(function* () {
      const session = yield* Session.make()
      const { cost, usage } = yield* session.ask("go")
      assert.deepStrictEqual(cost, Option.none())
      assert.strictEqual(usage.inputTokens, 7)
    }).pipe(provide([[S.spent({ inputTokens: 7, cost: 1 })]], { capabilities: { cost: false } }))
  )

  it.effect("maxBudgetUsd ends the turn that spends it, and every one after it", () =>
    Effect.gen(function* () {
      const session = yield* Session.make({ maxBudgetUsd: 1 })
      assert.strictEqual((yield* session.ask("one")).text, "done")
      const second = yield* Effect.flip(session.ask("two"))
      assert.deepInclude(second.reason, { _tag: "LimitReached", which: "budget" })
      assert.deepStrictEqual(second.result?.cost, Option.some(0.75))
      assert.strictEqual(second.result?.text, "")
      assert.strictEqual((yield* reasonOf(session.ask("three")))._tag, "LimitReached")
    }).pipe(provide([[S.spent({ cost: 0.75 }), S.text("done")]]))
  )
})
