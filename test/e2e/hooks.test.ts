import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as ClaudeHook from "effect-agent-session/claude/ClaudeHook"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Permission from "effect-agent-session/Permission"
import * as fs from "node:fs"
import { bodies, claude, collect, failure, only } from "./support.ts"

const run = (command: string): string => `[[tool:Bash ${JSON.stringify({ command })}]] [[text:done]]`
const write = (file: string): string =>
  `[[tool:Write ${JSON.stringify({ file_path: file, content: "x" })}]] [[text:done]]`
const agent = (prompt: string): string =>
  `[[tool:Agent ${JSON.stringify({ description: "d", prompt, subagent_type: "general-purpose", run_in_background: false })}]]`

const newer = { since: "2.1.300" }

describe("hooks of the real CLI", () => {
  claude("a hook rewrites a command, and the rules decide about the new one", ({ base, cwd }) =>
    Effect.gen(function* () {
      const hook = ClaudeHook.on("PreToolUse", { matcher: "Bash" }, ({ tool_input }) =>
        Effect.succeed(ClaudeHook.rewriteInput({ ...tool_input, command: "touch rewritten" }))
      )
      const session = yield* ClaudeSession.make({ ...base, hooks: [hook] })
      const events = yield* collect(session.stream(run("touch original")))
      assert.deepStrictEqual(fs.readdirSync(cwd), ["rewritten"])
      assert.deepInclude(only(events, "ToolStarted")[0]?.input, { command: "touch original" })
      assert.strictEqual(only(events, "ToolEnded")[0]?.status, "ok")
    })
  )

  claude("a denied call does not run; the model hears why, and the turn goes on", ({ api, base, cwd }) =>
    Effect.gen(function* () {
      const hook = ClaudeHook.on("PreToolUse", () => Effect.succeed(ClaudeHook.deny("not on my watch")))
      const session = yield* ClaudeSession.make({ ...base, hooks: [hook] })
      const { text, toolCalls } = yield* session.ask(run("touch made"))
      assert.deepStrictEqual([text, toolCalls[0]?.status], ["done", "denied"])
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
      assert.include(JSON.stringify(bodies(api).at(-1)), "not on my watch")
    })
  )

  claude(
    "a denial ends the turn, which is completed then",
    ({ api, base }) =>
      Effect.gen(function* () {
        const hook = ClaudeHook.on("PreToolUse", () => Effect.succeed(ClaudeHook.deny("stop it", { stopTurn: true })))
        const session = yield* ClaudeSession.make({ ...base, hooks: [hook] })
        const { outcome, text, toolCalls } = yield* session.ask(run("touch made"))
        assert.deepStrictEqual([outcome._tag, text, toolCalls[0]?.status], ["Completed", "", "denied"])
        assert.strictEqual(bodies(api).length, 1)
      }),
    newer
  )

  claude("an allowed call needs no permission; one that a hook asks about gets to the handler", ({ base, cwd }) =>
    Effect.gen(function* () {
      const reasons: Array<string | undefined> = []
      const hook = ClaudeHook.on("PreToolUse", ({ tool_name }) =>
        Effect.succeed(tool_name === "Write" ? ClaudeHook.allow() : ClaudeHook.ask("is that wise?"))
      )
      const session = yield* ClaudeSession.make({
        ...base,
        hooks: [hook],
        permissions: (request) => {
          reasons.push(request.reason)
          return Effect.succeed(Permission.allow())
        }
      })
      yield* session.ask(write(`${cwd}/a`))
      assert.deepStrictEqual([fs.readdirSync(cwd), reasons], [["a"], []])
      yield* session.ask(run("echo hi"))
      assert.deepStrictEqual(reasons, ["is that wise?"])
    })
  )

  claude("rule 18: a hook that fails, or is late, denies the call", ({ base, cwd }) =>
    Effect.gen(function* () {
      for (const handler of [() => Effect.die("broken"), () => Effect.never]) {
        const hook = ClaudeHook.on("PreToolUse", { timeout: "300 millis" }, handler)
        const session = yield* ClaudeSession.make({ ...base, hooks: [hook] })
        const events = yield* collect(session.stream(run("touch made")))
        assert.strictEqual(only(events, "ToolEnded")[0]?.status, "denied")
        assert.strictEqual(only(events, "Notice").filter((notice) => notice.code === "hook-failed").length, 1)
      }
      assert.deepStrictEqual(fs.readdirSync(cwd), [])
    })
  )

  claude("an answer that cannot be read refuses; 2.1.197 runs the tool", ({ base, cwd }) =>
    Effect.gen(function* () {
      const hook = ClaudeHook.on("PreToolUse", () =>
        Effect.succeed(
          ClaudeHook.raw({ hookSpecificOutput: { hookEventName: "PreToolUse", permissionDecision: "maybe" } })
        )
      )
      const session = yield* ClaudeSession.make({ ...base, hooks: [hook] })
      const { toolCalls } = yield* session.ask(run("touch made"))
      const { claude_code_version } = yield* session.serverInfo
      const failsOpen = claude_code_version === undefined
      assert.strictEqual(toolCalls[0]?.status, failsOpen ? "ok" : "denied")
      assert.deepStrictEqual(fs.readdirSync(cwd), failsOpen ? ["made"] : [])
    })
  )

  claude("rule 7: an interrupt takes the call back, and the hook is interrupted", ({ base }) =>
    Effect.gen(function* () {
      const called = yield* Deferred.make<void>()
      const interrupted = yield* Deferred.make<void>()
      const hook = ClaudeHook.on("PreToolUse", () =>
        Deferred.succeed(called, undefined).pipe(
          Effect.andThen(Effect.never),
          Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
        )
      )
      const session = yield* ClaudeSession.make({ ...base, hooks: [hook] })
      const turn = yield* Effect.forkChild(failure(session.ask(run("echo hi"))))
      yield* Deferred.await(called)
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      yield* Deferred.await(interrupted)
      assert.strictEqual((yield* Fiber.join(turn)).reason._tag, "Interrupted")
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
    })
  )

  claude("what a tool gave is replaced, and context is added", ({ api, base }) =>
    Effect.gen(function* () {
      const hooks = [
        ClaudeHook.on("PostToolUse", ({ tool_response }) =>
          Effect.succeed(ClaudeHook.replaceOutput({ ...Object(tool_response), stdout: "[redacted]" }))
        ),
        ClaudeHook.on("PreToolUse", () => Effect.succeed(ClaudeHook.addContext("context-before"))),
        ClaudeHook.on("PostToolBatch", () => Effect.succeed(ClaudeHook.addContext("context-batch"))),
        ClaudeHook.on("UserPromptSubmit", () => Effect.succeed(ClaudeHook.addContext("context-prompt")))
      ]
      const session = yield* ClaudeSession.make({ ...base, hooks })
      yield* session.ask(run("echo secret-$((40 + 2))"))
      const sent = JSON.stringify(bodies(api).at(-1))
      for (const text of ["[redacted]", "context-before", "context-batch", "context-prompt"]) assert.include(sent, text)
      assert.notInclude(sent, "secret-42")
    })
  )

  claude("a failed tool gets context; after a tool the turn may be stopped", ({ api, base }) =>
    Effect.gen(function* () {
      const hooks = [
        ClaudeHook.on("PostToolUseFailure", ({ error }) => Effect.succeed(ClaudeHook.addContext(`seen: ${error}`))),
        ClaudeHook.on("PostToolUse", () => Effect.succeed(ClaudeHook.stop("enough")))
      ]
      const session = yield* ClaudeSession.make({ ...base, hooks })
      yield* session.ask(run("exit 3"))
      assert.include(JSON.stringify(bodies(api).at(-1)), "seen: Exit code 3")
      const asked = bodies(api).length
      const { text, toolCalls } = yield* session.ask(run("echo hi"))
      assert.deepStrictEqual([text, toolCalls[0]?.status, bodies(api).length], ["", "ok", asked + 1])
    })
  )

  claude("a prompt is blocked before the model sees it; a turn that may not stop goes on", ({ api, base }) =>
    Effect.gen(function* () {
      const hooks = [
        ClaudeHook.on("UserPromptSubmit", ({ prompt }) =>
          Effect.succeed(prompt === "bad" ? ClaudeHook.block("not that word") : ClaudeHook.pass)
        ),
        ClaudeHook.on("Stop", ({ stop_hook_active }) =>
          Effect.succeed(stop_hook_active ? ClaudeHook.pass : ClaudeHook.block("one more thing"))
        )
      ]
      const session = yield* ClaudeSession.make({ ...base, hooks })
      const blocked = yield* session.ask("bad")
      assert.include(blocked.text, "not that word")
      assert.strictEqual(bodies(api).length, 0)
      yield* session.ask("[[text:first]] [[text:second]]")
      assert.strictEqual(bodies(api).length, 2)
      assert.include(JSON.stringify(bodies(api).at(-1)), "one more thing")
    })
  )

  claude("a permission request is decided by a hook before the handler has answered", ({ base, cwd }) =>
    Effect.gen(function* () {
      const hook = ClaudeHook.on("PermissionRequest", ({ tool_input }) =>
        Effect.succeed(
          tool_input["file_path"] === `${cwd}/no`
            ? ClaudeHook.deny("not that one")
            : ClaudeHook.allow({ input: { file_path: `${cwd}/other`, content: "y" } })
        )
      )
      const session = yield* ClaudeSession.make({ ...base, hooks: [hook], permissions: () => Effect.never })
      const denied = yield* session.ask(write(`${cwd}/no`))
      assert.strictEqual(denied.toolCalls[0]?.status, "denied")
      const events = yield* collect(session.stream(write(`${cwd}/yes`)))
      assert.strictEqual(only(events, "PermissionResolved")[0]?.by, "withdrawn")
      assert.deepStrictEqual(fs.readdirSync(cwd), ["other"])
    })
  )

  claude("subagents: context for their beginning, and one that may not stop goes on", ({ api, base }) =>
    Effect.gen(function* () {
      const hooks = [
        ClaudeHook.on("SubagentStart", ({ agent_type }) =>
          Effect.succeed(ClaudeHook.addContext(`context-${agent_type}`))
        ),
        ClaudeHook.on("SubagentStop", ({ stop_hook_active }) =>
          Effect.succeed(stop_hook_active ? ClaudeHook.pass : ClaudeHook.block("not yet done"))
        )
      ]
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["Bash", "Agent"], hooks })
      yield* session.ask(`${agent("[[text:inner]] [[text:inner again]]")} [[text:outer]]`)
      const sent = JSON.stringify(bodies(api))
      assert.include(sent, "context-general-purpose")
      assert.include(sent, "not yet done")
    })
  )

  claude("a compaction and a new task are blocked", ({ api, base }) =>
    Effect.gen(function* () {
      const hooks = [
        ClaudeHook.on("PreCompact", ({ trigger }) => Effect.succeed(ClaudeHook.block(trigger))),
        ClaudeHook.on("TaskCreated", () => Effect.succeed(ClaudeHook.block("no more tasks"))),
        ClaudeHook.on("TaskCompleted", () => Effect.succeed(ClaudeHook.block("not completed")))
      ]
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["TaskCreate"], hooks })
      yield* session.ask(`[[tool:TaskCreate {"subject":"s","description":"d"}]] [[text:done]]`)
      assert.include(JSON.stringify(bodies(api).at(-1)), "no more tasks")
      const asked = bodies(api).length
      assert.include((yield* session.ask("/compact")).text, "blocked")
      assert.strictEqual(bodies(api).length, asked)
    })
  )

  claude(
    "a change of the model is blocked, and the session says so",
    ({ api, base }) =>
      Effect.gen(function* () {
        const hook = ClaudeHook.on("PreModelSwitch", ({ to_model }) =>
          Effect.succeed(to_model.includes("haiku") ? ClaudeHook.block("too small") : ClaudeHook.pass)
        )
        const after = ClaudeHook.on("PostModelSwitch", () => Effect.succeed(ClaudeHook.addContext("context-switch")))
        const session = yield* ClaudeSession.make({ ...base, model: "sonnet", hooks: [hook, after] })
        yield* session.ask("hi")
        const error = yield* failure(session.setModel("haiku"))
        assert.deepInclude(error.reason, { _tag: "ControlFailed", request: "set_model" })
        assert.include(error.message, "too small")
        yield* session.setModel("opus")
        yield* session.ask("hi")
        assert.include(JSON.stringify(bodies(api).at(-1)), "context-switch")
      }),
    newer
  )

  claude("a conversation that begins anew gets context, and files are watched", ({ api, base, cwd }) =>
    Effect.gen(function* () {
      const changed = yield* Deferred.make<string>()
      const ended = yield* Deferred.make<string>()
      fs.writeFileSync(`${cwd}/watched`, "1")
      const hooks = [
        ClaudeHook.on("SessionStart", { matcher: "clear" }, () => Effect.succeed(ClaudeHook.watch([`${cwd}/watched`]))),
        ClaudeHook.on("SessionStart", ({ source }) => Effect.succeed(ClaudeHook.addContext(`context-${source}`))),
        ClaudeHook.on("SessionEnd", ({ reason }) => Effect.as(Deferred.succeed(ended, reason), ClaudeHook.pass)),
        ClaudeHook.on("FileChanged", ({ file_path }) =>
          Effect.as(Deferred.succeed(changed, file_path), ClaudeHook.pass)
        )
      ]
      const session = yield* ClaudeSession.make({ ...base, hooks })
      yield* session.ask("hi")
      assert.notInclude(JSON.stringify(bodies(api)), "context-startup")
      yield* session.clear
      assert.strictEqual(yield* Deferred.await(ended), "clear")
      yield* session.ask("hi")
      assert.include(JSON.stringify(bodies(api).at(-1)), "context-clear")
      // The watch begins some time after the answer; nothing tells when.
      const writing = yield* Effect.forkChild(
        Effect.forever(
          Effect.delay(
            Effect.sync(() => fs.appendFileSync(`${cwd}/watched`, "2")),
            "1 second"
          )
        )
      )
      assert.strictEqual(yield* Deferred.await(changed), `${cwd}/watched`)
      yield* Fiber.interrupt(writing)
    })
  )

  claude("a worktree is where the hook made it", ({ base, home }) =>
    Effect.gen(function* () {
      fs.mkdirSync(`${home}/tree`)
      const hook = ClaudeHook.on("WorktreeCreate", () => Effect.succeed(ClaudeHook.worktree(`${home}/tree`)))
      const session = yield* ClaudeSession.make({ ...base, allowedTools: ["EnterWorktree", "Bash"], hooks: [hook] })
      const { toolCalls } = yield* session.ask(
        `[[tool:EnterWorktree {"name":"wt"}]] [[tool:Bash {"command":"pwd"}]] [[text:done]]`
      )
      assert.include(String(toolCalls.at(-1)?.output), `${home}/tree`)
    })
  )

  claude("the events that fire over this channel, each with an input of the known form", ({ base, cwd }) =>
    Effect.gen(function* () {
      const fired = new Set<string>()
      const silent = new Set<ClaudeHook.HookEvent>(["WorktreeCreate"])
      const hooks = ClaudeHook.hookEvents
        .filter((event) => !silent.has(event))
        .map((event) =>
          ClaudeHook.on(event, () =>
            Effect.sync(() => {
              fired.add(event)
              return ClaudeHook.pass
            })
          )
        )
      const session = yield* ClaudeSession.make({
        ...base,
        allowedTools: ["Bash", "Agent", "TaskCreate", "TaskUpdate"],
        permissions: Permission.denyAll,
        hooks
      })
      const events = yield* session.subscribe
      const notices: Array<string> = []
      yield* Effect.forkScoped(
        Effect.map(collect(events), (all) => only(all, "Notice").forEach(({ text }) => notices.push(text)))
      )
      yield* session.ask(run("echo hi"))
      yield* session.ask(run("exit 3"))
      yield* session.ask(write(`${cwd}/denied`))
      yield* session.ask(`${agent("[[text:inner]]")} [[text:outer]]`)
      yield* session.ask(
        `[[tool:TaskCreate {"subject":"s","description":"d"}]] [[tool:TaskUpdate {"taskId":"1","status":"completed"}]] [[text:done]]`
      )
      yield* failure(session.ask("[[error x-should-retry=false:400 bad]]"))
      yield* session.setModel("haiku")
      yield* session.ask("/compact")
      yield* session.clear
      yield* session.close
      assert.deepStrictEqual(
        [...fired].toSorted(),
        [
          "MessageDisplay",
          "PermissionRequest",
          "PostCompact",
          "PostToolBatch",
          "PostToolUse",
          "PostToolUseFailure",
          "PreCompact",
          "PreToolUse",
          "SessionEnd",
          "SessionStart",
          "Stop",
          "StopFailure",
          "SubagentStart",
          "SubagentStop",
          "TaskCompleted",
          "TaskCreated",
          "UserPromptSubmit",
          ...((yield* session.serverInfo).claude_code_version === undefined
            ? []
            : ["PostModelSwitch", "PreModelSwitch"])
        ].toSorted()
      )
      assert.deepStrictEqual(
        notices.filter((text) => text.includes("hook")),
        []
      )
    })
  )
})
