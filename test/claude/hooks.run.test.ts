/** Hooks as values: what they are answered with, and that one can be tried without an agent. */
import { assert, describe, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import { expectTypeOf } from "vitest"
import type { AgentError, Session } from "effect-agent-session"
import type { ClaudeAdapter } from "effect-agent-session/claude/ClaudeAdapter"
import * as ClaudeHook from "effect-agent-session/claude/ClaudeHook"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { canRefuse, toWire } from "../../src/claude/internal/hookOutputs.ts"

class Rules extends Context.Service<Rules, { readonly forbidden: string }>()("test/Rules") {}

const guarded = ClaudeHook.on("PreToolUse", { matcher: "Bash" }, ({ tool_input }) =>
  Effect.map(Rules, ({ forbidden }) =>
    tool_input["command"] === forbidden ? ClaudeHook.deny("forbidden") : ClaudeHook.pass
  )
)

const call = (command: string) => ({ tool_name: "Bash", tool_input: { command }, tool_use_id: "toolu_1" })

describe("ClaudeHook.run", () => {
  it.effect("asks the hook, with the services it needs", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* ClaudeHook.run(guarded, call("rm")), ClaudeHook.deny("forbidden"))
      assert.deepStrictEqual(yield* ClaudeHook.run(guarded, call("ls")), ClaudeHook.pass)
    }).pipe(Effect.provideService(Rules, { forbidden: "rm" }))
  )

  it.effect("gives the refusal of a hook that fails, and of one that is late", () =>
    Effect.gen(function* () {
      const failing = ClaudeHook.on("UserPromptSubmit", () => Effect.fail("broken"))
      assert.deepStrictEqual(
        yield* ClaudeHook.run(failing, { prompt: "hi" }),
        ClaudeHook.block("The hook for UserPromptSubmit failed.")
      )
      const late = yield* Effect.forkChild(
        ClaudeHook.run(
          ClaudeHook.on("PreToolUse", () => Effect.never),
          call("ls")
        )
      )
      yield* Effect.yieldNow
      yield* TestClock.adjust("60 seconds")
      assert.deepStrictEqual(
        yield* Fiber.join(late),
        ClaudeHook.deny("The hook for PreToolUse did not answer in time.")
      )
    })
  )

  it.effect("rule 15: an input is passed on whole; one that drifted is refused and not passed on", () =>
    Effect.gen(function* () {
      const seen: Array<unknown> = []
      const hook = ClaudeHook.on("PreToolUse", (input) => {
        seen.push(input)
        return Effect.succeed(ClaudeHook.allow())
      })
      yield* ClaudeHook.run(hook, { ...call("ls"), new_field: 1 } as ClaudeHook.Told<"PreToolUse">)
      assert.deepInclude(seen[0], { new_field: 1, hook_event_name: "PreToolUse", tool_name: "Bash" })
      const drifted = { ...call("ls"), tool_input: "ls" } as unknown as ClaudeHook.Told<"PreToolUse">
      assert.strictEqual((yield* ClaudeHook.run(hook, drifted))._tag, "Deny")
      assert.strictEqual(seen.length, 1)
    })
  )

  it.effect("an event that was never seen here is told as an object", () =>
    Effect.gen(function* () {
      const hook = ClaudeHook.on("CwdChanged", (input) =>
        Effect.succeed(ClaudeHook.raw({ systemMessage: String(input["new_cwd"]) }))
      )
      assert.deepStrictEqual(
        yield* ClaudeHook.run(hook, { new_cwd: "/srv" }),
        ClaudeHook.raw({ systemMessage: "/srv" })
      )
    })
  )
})

describe("the answers on the wire", () => {
  const cases: ReadonlyArray<readonly [ClaudeHook.HookEvent, ClaudeHook.AnyHookOutput, unknown]> = [
    ["PreToolUse", ClaudeHook.pass, {}],
    ["PreToolUse", ClaudeHook.allow(), { hookEventName: "PreToolUse", permissionDecision: "allow" }],
    [
      "PreToolUse",
      ClaudeHook.allow({ input: { a: 1 } }),
      { hookEventName: "PreToolUse", permissionDecision: "allow", updatedInput: { a: 1 } }
    ],
    [
      "PreToolUse",
      ClaudeHook.ask("why", { input: { a: 1 } }),
      {
        hookEventName: "PreToolUse",
        permissionDecision: "ask",
        permissionDecisionReason: "why",
        updatedInput: { a: 1 }
      }
    ],
    ["PreToolUse", ClaudeHook.rewriteInput({ a: 1 }), { hookEventName: "PreToolUse", updatedInput: { a: 1 } }],
    [
      "PermissionRequest",
      ClaudeHook.deny("no", { stopTurn: true }),
      { hookEventName: "PermissionRequest", decision: { behavior: "deny", message: "no", interrupt: true } }
    ],
    [
      "PermissionRequest",
      ClaudeHook.allow({ input: { a: 1 } }),
      { hookEventName: "PermissionRequest", decision: { behavior: "allow", updatedInput: { a: 1 } } }
    ],
    ["Stop", ClaudeHook.addContext("more"), { hookEventName: "Stop", additionalContext: "more" }],
    ["PostToolUse", ClaudeHook.replaceOutput({ a: 1 }), { hookEventName: "PostToolUse", updatedToolOutput: { a: 1 } }],
    ["SessionStart", ClaudeHook.watch(["/a"]), { hookEventName: "SessionStart", watchPaths: ["/a"] }],
    ["WorktreeCreate", ClaudeHook.worktree("/w"), { hookEventName: "WorktreeCreate", worktreePath: "/w" }],
    ["MessageDisplay", ClaudeHook.display("…"), { hookEventName: "MessageDisplay", displayContent: "…" }]
  ]
  it.each(cases)("%s: %j", (event, output, specific) => {
    assert.deepStrictEqual(toWire(event, output), output._tag === "Pass" ? specific : { hookSpecificOutput: specific })
  })

  it("those that are not about the event alone", () => {
    assert.deepStrictEqual(toWire("Stop", ClaudeHook.block("no")), { decision: "block", reason: "no" })
    assert.deepStrictEqual(toWire("PostToolUse", ClaudeHook.stop("no")), { continue: false, stopReason: "no" })
    assert.deepStrictEqual(toWire("PreToolUse", ClaudeHook.raw({ async: true })), { async: true })
    assert.deepStrictEqual(toWire("PreToolUse", ClaudeHook.deny("no", { stopTurn: true })), {
      continue: false,
      stopReason: "no",
      hookSpecificOutput: {
        hookEventName: "PreToolUse",
        permissionDecision: "deny",
        permissionDecisionReason: "no"
      }
    })
  })

  it("what comes before something can be refused; what came after it cannot", () => {
    assert.deepStrictEqual(ClaudeHook.hookEvents.filter(canRefuse), [
      "PreToolUse",
      "UserPromptSubmit",
      "UserPromptExpansion",
      "PreCompact",
      "PreModelSwitch",
      "PermissionRequest",
      "TaskCreated",
      "TaskCompleted"
    ])
  })
})

describe("the types of hooks", () => {
  it("an answer that the event does not honour is a type error [cc-87]", () => {
    // @ts-expect-error a prompt cannot be asked about
    ClaudeHook.on("UserPromptSubmit", () => Effect.succeed(ClaudeHook.ask("why")))
    // @ts-expect-error what has happened cannot be denied
    ClaudeHook.on("PostToolUse", () => Effect.succeed(ClaudeHook.deny("no")))
    // @ts-expect-error no answer of a Notification is honoured
    ClaudeHook.on("Notification", () => Effect.succeed(ClaudeHook.addContext("more")))
    // @ts-expect-error there is no such event
    ClaudeHook.on("BeforeTool", () => Effect.succeed(ClaudeHook.pass))
  })

  it("a hook needs what its handler needs", () => {
    expectTypeOf(guarded).toEqualTypeOf<ClaudeHook.Hook<"PreToolUse", Rules>>()
    const decoding = ClaudeHook.on("PreToolUse", ({ tool_input }) =>
      Effect.as(Schema.decodeUnknownEffect(Schema.Struct({ command: Schema.String }))(tool_input), ClaudeHook.pass)
    )
    expectTypeOf(decoding).toEqualTypeOf<ClaudeHook.Hook<"PreToolUse">>()
  })

  it("a session needs what its hooks need", () => {
    expectTypeOf(
      ClaudeSession.layer({ hooks: [guarded, ClaudeHook.on("Stop", () => Effect.fail("no"))] })
    ).toEqualTypeOf<
      Layer.Layer<ClaudeSession.ClaudeSession | Session.Session, AgentError.AgentError, ClaudeAdapter | Rules>
    >()
  })
})
