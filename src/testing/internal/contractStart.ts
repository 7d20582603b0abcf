/** Behaviours of the start: which conversation it is, who may have it, and which options are refused. */
import * as assert from "node:assert/strict"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import {
  AgentAdapter,
  type Capabilities,
  type ResolvedOptions,
  type ResolvedTool,
  type SessionOptions
} from "../../AgentAdapter.ts"
import { resolve } from "../../internal/resolve.ts"
import * as Permission from "../../Permission.ts"
import * as Session from "../../Session.ts"
import * as Script from "../AgentScript.ts"
import { type Behaviour, behaviour, fails, logOf, only, open, type Rig } from "./contract.ts"

const someId = "00000000-0000-4000-8000-000000000000"

/** A conversation that is closed again; gives its id. */
const earlier = (rig: Rig, options: SessionOptions = {}) =>
  Effect.scoped(
    Effect.gen(function* () {
      const session = yield* open(rig, options)
      const { sessionId } = yield* session.ask(rig.prompt([Script.text("earlier")]))
      assert.ok(sessionId !== undefined)
      return sessionId
    })
  )

const conversations: ReadonlyArray<Behaviour> = [
  behaviour(
    "rule 20: a resumed session goes on with the conversation under its id [cc-102]",
    { capabilities: ["resume"] },
    function* (rig) {
      const id = yield* earlier(rig)
      const session = yield* open(rig, { start: { resume: id } })
      const result = yield* session.ask(rig.prompt([Script.text("again")]))
      assert.equal(result.sessionId, id)
      assert.deepEqual(yield* session.id, Option.some(id))
      const [started] = only(yield* logOf(session), "SessionStarted")
      assert.equal(started?.resumed, true)
    }
  ),

  behaviour("rule 20: continue takes the last conversation", { capabilities: ["resume"] }, function* (rig) {
    yield* earlier(rig)
    const last = yield* earlier(rig)
    const session = yield* open(rig, { start: { continue: true } })
    assert.equal((yield* session.ask(rig.prompt([Script.text("again")]))).sessionId, last)
  }),

  behaviour(
    "rule 20: a fork has an id of its own and leaves the conversation as it was [asm-102]",
    { capabilities: ["resume", "fork"] },
    function* (rig) {
      const id = yield* earlier(rig)
      const fork = yield* open(rig, { start: { resume: id, fork: true } })
      const parent = yield* open(rig, { start: { resume: id } })
      const forked = yield* fork.ask(rig.prompt([Script.text("forked")]))
      assert.ok(forked.sessionId !== undefined)
      assert.notEqual(forked.sessionId, id)
      assert.equal((yield* parent.ask(rig.prompt([Script.text("parent")]))).sessionId, id)
    }
  ),

  behaviour(
    "rule 20: a conversation that does not exist is SessionNotFound, never a fresh start [cc-41] [asm-99]",
    { capabilities: ["resume"] },
    function* (rig) {
      const { reason } = yield* fails(open(rig, { start: { resume: someId } }), "SessionNotFound")
      assert.equal(reason.id, someId)
    }
  ),

  behaviour(
    "rule 20: a conversation that was not kept cannot be resumed",
    { capabilities: ["resume"] },
    function* (rig) {
      const id = yield* earlier(rig, { persist: false })
      yield* fails(open(rig, { start: { resume: id } }), "SessionNotFound")
    }
  ),

  behaviour("rule 20: a session may be given its id [cc-102]", { capabilities: ["ownSessionId"] }, function* (rig) {
    const id = globalThis.crypto.randomUUID()
    const session = yield* open(rig, { start: { sessionId: id } })
    assert.equal(Option.getOrUndefined(yield* session.id), id)
    assert.equal((yield* session.ask(rig.prompt([Script.text("hello")]))).sessionId, id)
  }),

  behaviour("rule 20: a new conversation is not resumed", {}, function* (rig) {
    const session = yield* open(rig)
    yield* session.ask(rig.prompt([Script.text("hello")]))
    const [started] = only(yield* logOf(session), "SessionStarted")
    assert.equal(started?.resumed, false)
  }),

  behaviour(
    "rule 19: a conversation that is open cannot be opened again; when it is closed, it can",
    { capabilities: ["resume"] },
    function* (rig) {
      const id = yield* earlier(rig)
      const session = yield* open(rig, { start: { resume: id } })
      const { reason } = yield* fails(open(rig, { start: { resume: id } }), "SessionInUse")
      assert.equal(reason.id, id)
      yield* session.close
      const again = yield* open(rig, { start: { resume: id } })
      assert.equal((yield* again.ask(rig.prompt([Script.text("again")]))).sessionId, id)
    }
  ),

  behaviour(
    "rule 3: clear begins a new conversation in the same session",
    { capabilities: ["clear"] },
    function* (rig) {
      const session = yield* open(rig)
      const before = yield* session.ask(rig.prompt([Script.text("before")]))
      yield* session.clear
      const after = yield* session.ask(rig.prompt([Script.text("after")]))
      assert.equal(after.text, "after")
      assert.notEqual(after.sessionId, before.sessionId)
      assert.deepEqual(yield* session.id, Option.fromUndefinedOr(after.sessionId))
    }
  )
]

const invalidOptions: ReadonlyArray<readonly [part: string, options: SessionOptions]> = [
  ["model", { model: "" }],
  ["maxTurns", { maxTurns: 0 }],
  ["maxBudgetUsd", { maxBudgetUsd: -1 }],
  ["buffer", { buffer: 0 }],
  ["capacity", { turns: { policy: "queue", capacity: -1 } }],
  ["start", { start: { sessionId: "not a UUID" } }],
  ["timeouts.idle", { timeouts: { idle: 0 } }],
  ["timeouts.startup", { timeouts: { startup: "-1 seconds" } }]
]

const tool: ResolvedTool = {
  server: "tools",
  name: "look",
  parameters: { type: "object" },
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  call: () => Effect.succeed({ value: "" })
}

const unsupported: ReadonlyArray<readonly [capability: keyof Capabilities, options: Partial<ResolvedOptions>]> = [
  ["permissionPrompts", { permissions: Permission.allowAll }],
  ["setMode", { permissionMode: "plan" }],
  ["clientTools", { tools: [tool] }],
  ["structuredOutput", { outputSchema: { jsonSchema: {}, decode: Effect.succeed } }],
  ["ownSessionId", { start: { sessionId: someId } }],
  ["resume", { start: { resume: someId } }],
  ["resume", { start: { continue: true } }],
  ["fork", { start: { resume: someId, fork: true } }]
]

const options: ReadonlyArray<Behaviour> = [
  behaviour("rule 21: an option that is not valid is refused before anything is started [asm-10]", {}, function* (rig) {
    for (const [part, options] of invalidOptions) {
      const { phase, reason } = yield* fails(open(rig, options), "InvalidOptions")
      assert.equal(phase, "resolve")
      assert.ok(
        reason.issues.some((issue) => issue.includes(part)),
        `${part}: ${reason.issues.join("; ")}`
      )
    }
  }),

  behaviour("rule 21: what is wrong with options is said all at once", {}, function* (rig) {
    const { reason } = yield* fails(open(rig, { model: "", buffer: 0, timeouts: { idle: 0 } }), "InvalidOptions")
    assert.equal(reason.issues.length, 3, reason.issues.join("; "))
  }),

  behaviour("rule 21: a prompt of nothing is refused, and nothing is sent", {}, function* (rig) {
    const session = yield* open(rig)
    yield* fails(session.ask([]), "InvalidOptions")
    yield* fails(session.ask(" \n"), "InvalidOptions")
    yield* fails(session.ask([{ role: "assistant", content: "me?" }]), "InvalidOptions")
    yield* fails(session.ask("hello", { timeouts: { idle: 0 } }), "InvalidOptions")
    assert.equal((yield* session.summary).turns, 0)
    assert.equal((yield* session.ask(rig.prompt([Script.text("next")]))).text, "next")
  }),

  behaviour(
    "rule 21: an option the agent cannot honour is Unsupported, never ignored [asm-100] [asm-116]",
    {},
    function* (rig) {
      const adapter = yield* AgentAdapter
      const resolved = yield* resolve(rig.options)
      for (const [name, options] of unsupported) {
        const capability = adapter.capabilities[name]
        if (capability === false || capability === "none") {
          yield* fails(adapter.open({ ...resolved, ...options }), "Unsupported")
        }
      }
    }
  ),

  behaviour("rule 21: options laid over by the caller's caller win", {}, function* (rig) {
    const opening = Effect.provideService(open(rig, { buffer: 1024 }), Session.Overrides, { buffer: 0 })
    yield* fails(opening, "InvalidOptions")
  }),

  behaviour(
    "rule 7: an agent that ends at its start fails the opening, and says why [cc-36] [cc-41]",
    { needs: ["startups"] },
    function* (rig) {
      const adapter = yield* rig.startup("failing")
      const { reason } = yield* fails(Effect.provideService(open(rig), AgentAdapter, adapter), "StartupFailed")
      assert.ok(reason.stderrTail !== "")
    }
  )
]

export const starting: ReadonlyArray<Behaviour> = [...conversations, ...options]
