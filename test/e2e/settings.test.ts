import { assert, describe } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as Session from "effect-agent-session/Session"
import * as fs from "node:fs"
import { isSince } from "./agents.ts"
import { bodies, claude, failure } from "./support.ts"

const Answer = Schema.Struct({ city: Schema.String, people: Schema.Finite })

describe("settings of the real CLI", () => {
  claude("the model is changed between turns [asm-86]", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, model: "sonnet" })
      yield* session.ask("hi")
      yield* session.setModel("haiku")
      yield* session.ask("hi")
      const { model } = yield* session.summary
      const asked = bodies(api).map((body) => String(body["model"]))
      assert.match(asked[0] ?? "", /sonnet/)
      assert.match(asked[1] ?? "", /haiku/)
      assert.strictEqual(Option.getOrThrow(model), asked[1])
    })
  )

  claude(
    "the model is changed in the middle of a turn, and nobody waits for its end",
    ({ api, base, bash, release, running }) =>
      Effect.gen(function* () {
        const session = yield* Session.make({ ...base, model: "sonnet" })
        const turn = yield* Effect.forkChild(session.ask(bash))
        yield* running
        yield* session.setModel("haiku")
        yield* release
        assert.strictEqual((yield* Fiber.join(turn)).text, "done")
        assert.match(String(bodies(api).at(-1)?.["model"]), /haiku/)
      }),
    { since: "2.1.329" }
  )

  claude(
    "a model that is set is told by its full name at once",
    ({ base }) =>
      Effect.gen(function* () {
        const session = yield* Session.make({ ...base, model: "sonnet" })
        yield* session.setModel("haiku")
        assert.match(Option.getOrThrow((yield* session.summary).model), /^claude-haiku-/)
      }),
    { since: "2.1.329" }
  )

  claude("the permission mode is changed, and counts [cc-82]", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, allowedTools: [] })
      const write = (name: string): string =>
        `[[tool:Write ${JSON.stringify({ file_path: `${cwd}/${name}`, content: "x" })}]] [[text:done]]`
      assert.notStrictEqual((yield* session.ask(write("denied"))).toolCalls[0]?.status, "ok")
      yield* session.setPermissionMode("acceptEdits")
      assert.deepStrictEqual((yield* session.summary).permissionMode, Option.some("acceptEdits"))
      assert.strictEqual((yield* session.ask(write("allowed"))).toolCalls[0]?.status, "ok")
      assert.deepStrictEqual(fs.readdirSync(cwd), ["allowed"])
    })
  )

  claude("a mode that was not unlocked at the start is refused, and the old one stays [asm-86]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, permissionMode: "plan" })
      const error = yield* failure(session.setPermissionMode("bypassPermissions"))
      assert.strictEqual(error.phase, "control")
      assert.deepInclude(error.reason, { _tag: "ControlFailed", request: "set_permission_mode" })
      yield* session.ask("hi")
      assert.deepStrictEqual((yield* session.summary).permissionMode, Option.some("plan"))
    })
  )

  claude("a system prompt takes the place of the CLI's own, whatever is in it [cc-16] [asm-117]", ({ api, base }) =>
    Effect.gen(function* () {
      const systemPrompt = `--help 'You' are "a $(poet)"\n`
      const session = yield* Session.make({ ...base, systemPrompt })
      yield* session.ask("hi")
      const system = JSON.stringify(bodies(api)[0]?.["system"])
      assert.include(system, JSON.stringify(systemPrompt).slice(1, -1))
      assert.notInclude(system, "Anthropic's official CLI")
    })
  )

  claude("a system prompt may be added to the CLI's own", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, systemPrompt: { append: "And you are a poet." } })
      yield* session.ask("hi")
      const system = JSON.stringify(bodies(api)[0]?.["system"])
      assert.include(system, "And you are a poet.")
      assert.isAbove(system.length, 2_000)
    })
  )

  claude("an answer has the form that was asked for [asm-49]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, outputSchema: Answer })
      const { output } = yield* session.ask(`[[tool:StructuredOutput {"city":"Bern","people":134000}]] [[text:done]]`)
      assert.strictEqual(output.city, "Bern")
      assert.strictEqual(output.people, 134_000)
    })
  )

  claude("an answer that never takes its form is StructuredOutputInvalid [asm-49]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, outputSchema: Answer })
      const error = yield* failure(session.ask("[[text:Bern]] [[text:Bern, really]]"))
      assert.strictEqual(error.reason._tag, "StructuredOutputInvalid")
      assert.strictEqual(error.result?.outcome._tag, "Completed")
    })
  )

  claude("prompts of any text arrive as they are [cc-16] [asm-117]", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make(base)
      for (const prompt of ["-p --help", `'q' "d" $(date) \u2028 \\n é 🙂`, "line\nline\r\n"]) {
        yield* session.ask(prompt)
        assert.include(JSON.stringify(bodies(api).at(-1)), JSON.stringify(prompt).slice(1, -1))
      }
    })
  )

  claude("the CLI gets its own environment, and nothing of ours [cc-14] [asm-118]", ({ base, home }) =>
    Effect.gen(function* () {
      const set = { ...base.env.set, STRANGE: "<>!#$@ '" }
      const session = yield* Session.make({ ...base, env: { ...base.env, set } })
      const result = yield* session.ask(`[[tool:Bash {"command":"env"}]] [[text:done]]`)
      const lines = String(result.toolCalls[0]?.output).split("\n")
      assert.include(lines, "STRANGE=<>!#$@ '")
      assert.include(lines, `HOME=${home}`)
      assert.deepStrictEqual(
        lines.filter((line) => /^(VITEST|NODE_OPTIONS|npm_)/.test(line)),
        []
      )
    })
  )
})

describe("what only the real CLI can do", () => {
  claude("native frames come as they are, each once", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const id = Option.getOrThrow(yield* session.id)
      const frames = yield* Effect.forkChild(
        session.messages.pipe(
          Stream.takeUntil((message) => "type" in message && message.type === "result"),
          Stream.runCollect
        ),
        { startImmediately: true }
      )
      yield* session.ask("[[text deltas=2:hi]]")
      const received = Array.from(yield* Fiber.join(frames))
      const kinds = new Set(received.map((message) => ("_tag" in message ? "Unknown" : message.type)))
      assert.deepStrictEqual(
        kinds,
        new Set(["assistant", ...(isSince("2.1.329") ? ["command_lifecycle"] : []), "result", "stream_event", "system"])
      )
      const ids = received.flatMap((message) => ("uuid" in message ? [message.uuid] : []))
      assert.strictEqual(new Set(ids).size, received.length)
      const [result] = received.slice(-1)
      assert.deepInclude(result, { type: "result", session_id: id, subtype: "success", result: "hi" })
    })
  )

  claude("the handshake tells what is there [cc-39]", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      const info = yield* session.serverInfo
      assert.isAbove(info.models?.length ?? 0, 0)
      assert.isAbove(info.commands?.length ?? 0, 0)
    })
  )

  claude("any request of the control protocol is answered, in the middle of a turn too", ({ base, bash, running }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      yield* Effect.forkChild(session.ask(bash))
      yield* running
      const settings = yield* session.control("get_settings", {})
      assert.isDefined(settings)
    })
  )

  claude("what has no method is asked for by its name", ({ base, cwd }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make(base)
      fs.writeFileSync(`${cwd}/notes.md`, "some notes")
      assert.strictEqual((yield* session.control("read_file", { path: "notes.md" })).contents, "some notes")
      assert.isDefined(yield* session.control("seed_read_state", { path: `${cwd}/notes.md`, mtime: 1 }))
      const override = { serverName: "nobody", mode: "default" } as const
      assert.include((yield* session.control("set_mcp_permission_mode_override", override)).warning, "nobody")
      if (isSince("2.1.300")) {
        assert.property(yield* session.control("reload_output_styles", {}), "available_output_styles")
      } else {
        const { reason } = yield* Effect.flip(session.control("reload_output_styles", {}))
        assert.strictEqual(reason._tag, "Unsupported")
      }
    })
  )
})
