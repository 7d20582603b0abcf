/** Behaviours of lent tools: who runs them, what comes of them, and what happens when they fail or nobody wants them. */
import * as assert from "node:assert/strict"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Schema from "effect/Schema"
import type { AnyToolkit } from "../../AgentAdapter.ts"
import * as Script from "../AgentScript.ts"
import {
  asText,
  type Behaviour,
  behaviour,
  beside,
  failure,
  isTag,
  logOf,
  only,
  open,
  part,
  type Rig,
  success,
  until
} from "./contract.ts"

const lending = { needs: ["lends"], capabilities: ["clientTools"] } as const

type Add = (
  parameters: { readonly a: number; readonly b: number },
  context: { readonly preliminary: (result: number) => Effect.Effect<void> }
) => Effect.Effect<number, string>

const sum: Add = ({ a, b }) => Effect.succeed(a + b)

/** A toolkit with one tool, `add`. It only reads, so that an agent may run several calls at once. */
const kit = Effect.fnUntraced(function* (add: Add): Effect.fn.Return<AnyToolkit> {
  const Tool = yield* Effect.promise(() => import("effect/ai/Tool"))
  const Toolkit = yield* Effect.promise(() => import("effect/ai/Toolkit"))
  const toolkit = Toolkit.make(
    Tool.make("add", {
      description: "Adds two numbers.",
      parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
      success: Schema.Finite,
      failure: Schema.String
    }).annotate(Tool.Readonly, true)
  )
  return yield* Effect.provide(toolkit, toolkit.toLayer({ add }))
})

const allowedTools = ["mcp__tools__add"]

const lend = (rig: Rig, add: Add) =>
  Effect.flatMap(kit(add), (tools) => open(rig, { tools, allowedTools, timeouts: { idle: rig.timeouts.idle } }))

const addOnce: Script.Turn = [Script.callTool("add", { a: 2, b: 3 }), Script.text("done")]

/** What became of a turn that calls the tool once; the session must be able to go on after it. */
const called = Effect.fnUntraced(function* (rig: Rig, add: Add, turn: Script.Turn = addOnce) {
  const session = yield* lend(rig, add)
  const result = yield* session.ask(rig.prompt(turn))
  assert.equal(result.text, "done")
  assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  return { call: result.toolCalls[0], log: yield* logOf(session) }
})

const results: ReadonlyArray<Behaviour> = [
  behaviour("a tool of ours runs with its parameters, and its result reaches the agent", lending, function* (rig) {
    const { call, log } = yield* called(rig, sum)
    assert.equal(call?.name, "mcp__tools__add")
    assert.equal(call.status, "ok")
    assert.equal(asText(call.output).includes("5"), true, asText(call.output))
    assert.equal(only(log, "ToolStarted")[0]?.kind, "mcp")
  }),

  behaviour("a tool that fails is an error of the tool and not of the session", lending, function* (rig) {
    const { call } = yield* called(rig, () => Effect.fail("no numbers today"))
    assert.equal(call?.status, "error")
    assert.ok(asText(call.output).includes("no numbers today"), asText(call.output))
  }),

  behaviour("a tool that dies is an error of the tool, and the agent does not hear why", lending, function* (rig) {
    const { call } = yield* called(rig, () => {
      throw new Error("the password is 12345")
    })
    assert.equal(call?.status, "error")
    assert.ok(!asText(call.output).includes("12345"), asText(call.output))
  }),

  behaviour("parameters that are wrong do not reach the handler, and the agent hears why", lending, function* (rig) {
    let calls = 0
    const add: Add = (parameters) =>
      Effect.andThen(
        Effect.sync(() => calls++),
        sum(parameters, neverMind)
      )
    const { call } = yield* called(rig, add, [Script.callTool("add", { a: 2, b: "three" }), Script.text("done")])
    assert.equal(call?.status, "error")
    assert.ok(asText(call.output).includes("parameters of add are wrong"), asText(call.output))
    assert.equal(calls, 0)
  }),

  behaviour("two servers may have a tool of the same name", lending, function* (rig) {
    const session = yield* open(rig, {
      tools: { plain: yield* kit(sum), twice: yield* kit(({ a, b }) => Effect.succeed(2 * (a + b))) },
      allowedTools: ["mcp__plain__add", "mcp__twice__add"]
    })
    const { toolCalls } = yield* session.ask(
      rig.prompt([
        Script.callTool("add", { a: 2, b: 3 }, { server: "plain" }),
        Script.callTool("add", { a: 2, b: 3 }, { server: "twice" }),
        Script.text("done")
      ])
    )
    assert.deepEqual(
      toolCalls.map(({ name, output }) => [name, /\d+/.exec(asText(output))?.[0]]),
      [
        ["mcp__plain__add", "5"],
        ["mcp__twice__add", "10"]
      ]
    )
  })
]

const neverMind = { preliminary: () => Effect.void }

/** A handler that says when it began and when it was interrupted, and ends when it is told to. */
const held = Effect.gen(function* () {
  const began = yield* Latch.make()
  const finish = yield* Deferred.make<number>()
  const interrupted = yield* Deferred.make<void>()
  const add: Add = () =>
    Effect.andThen(began.open, Deferred.await(finish)).pipe(
      Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
    )
  // Whatever becomes of the behaviour, no handler is left.
  yield* Effect.addFinalizer(() => Deferred.succeed(finish, 0))
  return { add, began: began.await, finish, interrupted: Deferred.await(interrupted) }
})

const running: ReadonlyArray<Behaviour> = [
  behaviour("rule 7: the idle clock stands still while a tool of ours runs", lending, function* (rig) {
    const { add, began, finish } = yield* held
    const session = yield* lend(rig, add)
    const turn = yield* beside(session.ask(rig.prompt(addOnce)))
    yield* began
    yield* rig.advance(part(rig.timeouts.idle, 1.3))
    yield* Deferred.succeed(finish, 5)
    assert.equal(success(yield* turn).text, "done")
  }),

  behaviour("what a tool gives before its end is told as progress of its call", lending, function* (rig) {
    const { add, finish } = yield* held
    const session = yield* lend(rig, (parameters, context) =>
      Effect.andThen(context.preliminary(4), add(parameters, context))
    )
    const turn = yield* beside(session.ask(rig.prompt(addOnce)))
    const progress = yield* until(session, isTag("ToolProgress"))
    assert.equal(progress.output, 4)
    yield* Deferred.succeed(finish, 5)
    const { toolCalls } = success(yield* turn)
    assert.equal(toolCalls[0]?.toolId, progress.toolId)
    assert.ok(asText(toolCalls[0]?.output).includes("5"))
  }),

  behaviour("rule 8: an interrupt interrupts the tool, and the session goes on", lending, function* (rig) {
    const { add, began, interrupted } = yield* held
    const session = yield* lend(rig, add)
    const turn = yield* beside(session.ask(rig.prompt(addOnce)))
    yield* began
    assert.equal(yield* session.interrupt, "Interrupted")
    yield* interrupted
    const { result } = failure(yield* turn, "Interrupted")
    assert.equal(result?.toolCalls.length, 1)
    assert.notEqual(result.toolCalls[0]?.status, "ok")
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  }),

  behaviour("a session that closes interrupts its tools", lending, function* (rig) {
    const { add, began, interrupted } = yield* held
    const session = yield* lend(rig, add)
    const turn = yield* beside(session.ask(rig.prompt(addOnce)))
    yield* began
    yield* session.close
    yield* interrupted
    failure(yield* turn, "SessionClosed")
  }),

  behaviour("rule 8: nobody waits for a tool that resists its interruption", lending, function* (rig) {
    const { add, began } = yield* held
    const session = yield* lend(rig, (parameters, context) => Effect.uninterruptible(add(parameters, context)))
    const turn = yield* beside(session.ask(rig.prompt(addOnce)))
    yield* began
    yield* session.interrupt
    failure(yield* turn, "Interrupted")
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
    yield* session.close
    assert.equal((yield* session.status)._tag, "Closed")
  }),

  behaviour("calls run at the same time", { ...lending, needs: ["lends", "parallelAsks"] }, function* (rig) {
    const both = yield* Latch.make()
    let begun = 0
    const session = yield* lend(rig, (parameters, context) => {
      const arrive = ++begun === 2 ? both.open : Effect.void
      return Effect.andThen(Effect.andThen(arrive, both.await), sum(parameters, context))
    })
    const calls = [Script.callTool("add", { a: 1, b: 2 }), Script.callTool("add", { a: 3, b: 4 })]
    const { toolCalls } = yield* session.ask(rig.prompt([Script.tools(...calls), Script.text("done")]))
    assert.deepEqual(
      toolCalls.map(({ output, status }) => [status, /\d+/.exec(asText(output))?.[0]]),
      [
        ["ok", "3"],
        ["ok", "7"]
      ]
    )
  })
]

export const lent: ReadonlyArray<Behaviour> = [...results, ...running]
