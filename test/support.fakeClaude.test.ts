/** The fake `claude` is what other tests believe in, so it is tested itself, as a process. */
import { assert, afterEach, beforeEach, describe, it } from "@effect/vitest"
import { randomUUID } from "node:crypto"
import * as Fs from "node:fs"
import * as Path from "node:path"
import { at, type Fake, isAlive, nameOf, Rig, streaming } from "./support/fakeClaude/driver.ts"
import { encodePath } from "./support/fakeClaude/transcript.ts"

let rig: Rig

beforeEach(() => {
  rig = new Rig()
})

afterEach(() => rig.dispose())

const start = (args: ReadonlyArray<string> = [], env: Readonly<Record<string, string>> = {}): Fake =>
  rig.launch([...streaming, ...args], env)

const names = (fake: Fake): ReadonlyArray<string> => fake.frames().map(nameOf)

describe("fake claude", () => {
  it("a turn has the frames of the real program, in their order", async () => {
    const fake = start(["--include-partial-messages"])
    fake.request("initialize")
    const handshake = await fake.next("control_response/success")
    assert.strictEqual(at(handshake, "response", "response", "pid"), fake.child.pid)
    const uuid = fake.user("[[thinking:hm ;; text:Hello big  world]]")
    const result = await fake.next("result/success")
    assert.strictEqual(await fake.close(), 0)
    const event = (name: string): string => `stream_event/${name}`
    const thought = ["system/thinking_tokens", event("content_block_delta")]
    assert.deepStrictEqual(names(fake), [
      "control_response/success",
      "command_lifecycle/queued",
      "command_lifecycle/started",
      "system/init",
      "system/status",
      event("message_start"),
      event("content_block_start"),
      ...thought,
      ...thought,
      event("content_block_delta"),
      "assistant",
      event("content_block_stop"),
      event("content_block_start"),
      ...["Hello ", "big  ", "world"].map(() => event("content_block_delta")),
      "assistant",
      event("content_block_stop"),
      event("message_delta"),
      event("message_stop"),
      "result/success",
      "command_lifecycle/completed"
    ])
    const said = fake.frames().flatMap((frame) => at(frame, "event", "delta", "text") ?? [])
    assert.deepStrictEqual(said, ["Hello ", "big  ", "world"])
    assert.strictEqual(result["result"], "Hello big  world")
    assert.deepStrictEqual(result["user_message_uuids"], [uuid])
  })

  it("cost and model usage add up over the turns of a process, the turn's usage does not", async () => {
    const fake = start()
    fake.user("[[text:a ;; usage input=100 output=10]]")
    const first = await fake.next("result/success")
    fake.user("[[text:b ;; usage input=100 output=10]]")
    const second = await fake.next("result/success")
    assert.strictEqual(second["total_cost_usd"], Number(first["total_cost_usd"]) * 2)
    assert.strictEqual(at(second, "modelUsage", "claude-opus-5-5", "inputTokens"), 200)
    assert.strictEqual(at(second, "usage", "input_tokens"), 100)
    assert.deepStrictEqual([first["result_index"], second["result_index"]], [0, 1])
  })

  it("the old version knows no lifecycle, message ids, capabilities or replies with payload", async () => {
    const fake = start([], { FAKE_CLAUDE_VERSION: "2.1.197" })
    fake.request("set_model", { model: "haiku" })
    const reply = await fake.next("control_response/success")
    fake.user("hi")
    await fake.next("result/success")
    await fake.close()
    assert.notProperty(reply["response"], "response")
    const text = fake.lines.join("\n")
    for (const newer of ["command_lifecycle", "user_message_uuid", "capabilities", "result_index"])
      assert.notInclude(text, newer)
  })

  const refused: ReadonlyArray<readonly [what: string, args: ReadonlyArray<string>, stderr: string]> = [
    ["an unknown option", [...streaming, "--nope=1"], "error: unknown option '--nope'"],
    ["stream-json without --verbose", streaming.slice(0, 3), "requires --verbose"],
    ["a permission mode that does not exist", [...streaming, "--permission-mode", "x"], "Allowed choices are"],
    ["a session id that is no UUID", [...streaming, "--session-id=x"], "Must be a valid UUID"]
  ]
  it.each(refused)("%s ends it at once", async (_, args, stderr) => {
    const fake = rig.launch(args)
    assert.strictEqual(await fake.exit, 1)
    assert.include(fake.stderr, stderr)
    assert.deepStrictEqual(fake.lines, [])
  })

  const fatal: ReadonlyArray<readonly [what: string, line: string, stderr: string]> = [
    ["that is not JSON", "{oops", "SyntaxError"],
    ["with null", "null", "TypeError"],
    ["with a control request without a request", '{"type":"control_request","request_id":"1"}', "Missing request"],
    ["with a user message without a message", '{"type":"user"}', "Expected message role 'user'"],
    ["with a user message of a number", '{"type":"user","message":{"role":"user","content":5}}', "content"]
  ]
  it.each(fatal)("a line %s kills it", async (_, line, stderr) => {
    const fake = start()
    fake.write(line)
    assert.strictEqual(await fake.exit, 1)
    assert.include(fake.stderr, stderr)
  })

  it("a blank line kills the old version only", async () => {
    const before = start([], { FAKE_CLAUDE_VERSION: "2.1.197" })
    before.write(" ")
    const now = start()
    now.write(" ")
    assert.deepStrictEqual([await before.exit, await now.close()], [1, 0])
  })

  it("an initialize request with a misspelt field is answered with an error", async () => {
    const fake = start()
    fake.request("initialize", { systemPromt: ["x"] })
    const reply = await fake.next("control_response/error")
    assert.strictEqual(at(reply, "response", "error"), "initialize: unknown field systemPromt")
  })

  it("a resumed process remembers what an earlier one was told, and what it cost", async () => {
    const id = randomUUID()
    const first = start([`--session-id=${id}`])
    const uuid = first.user("My name is Alice")
    const before = await first.next("result/success")
    await first.close()
    const file = Path.join(rig.folder, ".claude", "projects", encodePath(rig.folder), `${id}.jsonl`)
    assert.strictEqual(JSON.parse(Fs.readFileSync(file, "utf8").split("\n")[0] ?? "")["uuid"], uuid)

    const again = start([`--session-id=${id}`])
    assert.strictEqual(await again.exit, 1)
    assert.include(again.stderr, "is already in use")

    const second = start([`--resume=${id}`])
    second.user("What is my name?")
    const after = await second.next("result/success")
    assert.strictEqual(after["result"], "Your name is Alice.")
    assert.strictEqual(after["session_id"], id)
    assert.isAbove(Number(after["total_cost_usd"]), Number(before["total_cost_usd"]))
  })

  it("resuming what does not exist gives a result and exit code 1, also before any input", async () => {
    const id = randomUUID()
    const fake = start([`--resume=${id}`])
    assert.strictEqual(await fake.exit, 1)
    assert.deepStrictEqual(at(fake.frames()[0], "errors"), [`No conversation found with session ID: ${id}`])
  })

  it("a forked session has an id of its own and leaves the first one as it is", async () => {
    const id = randomUUID()
    const first = start([`--session-id=${id}`])
    first.user("The code is 42")
    await first.next("result/success")
    await first.close()
    const file = Path.join(rig.folder, ".claude", "projects", encodePath(rig.folder), `${id}.jsonl`)
    const content = Fs.readFileSync(file, "utf8")
    const fork = start(["--continue", "--fork-session"])
    fork.user("What is the code?")
    const result = await fork.next("result/success")
    assert.strictEqual(result["result"], "The code is 42.")
    assert.notStrictEqual(result["session_id"], id)
    assert.strictEqual(Fs.readFileSync(file, "utf8"), content)
  })

  it("a project folder is named after its path, a long one with a hash", () => {
    assert.strictEqual(encodePath("/a b/日.x_é"), "-a-b---x--")
    assert.match(encodePath(`/${"a".repeat(300)}`), /^-a{199}-[0-9a-z]+$/)
  })

  it("a tool asks the host, and runs with the input the host allowed", async () => {
    const fake = start(["--permission-prompt-tool=stdio"])
    fake.user('[[tool:Bash {"command":"echo asked"}]] [[text:done]]')
    const ask = await fake.next("control_request/can_use_tool")
    assert.deepStrictEqual(at(ask, "request", "input"), { command: "echo asked" })
    fake.reply(ask, { behavior: "allow", updatedInput: { command: "echo allowed" } })
    const answer = await fake.next("user")
    assert.strictEqual(at(answer, "message", "content", 0, "content"), "allowed")
    assert.strictEqual((await fake.next("result/success"))["result"], "done")
  })

  it("an allow without updatedInput is refused by the old version", async () => {
    const fake = start(["--permission-prompt-tool=stdio"], { FAKE_CLAUDE_VERSION: "2.1.197" })
    fake.user('[[tool:Bash {"command":"echo x"}]] [[text:done]]')
    fake.reply(await fake.next("control_request/can_use_tool"), { behavior: "allow" })
    assert.isTrue(at(await fake.next("user"), "message", "content", 0, "is_error"))
  })

  it("without anybody to ask a tool is denied, unless it is on the list", async () => {
    const denied = start()
    denied.user('[[tool:Bash {"command":"echo x"}]] [[text:done]]')
    await denied.next("system/permission_denied")
    assert.strictEqual(at(await denied.next("result/success"), "permission_denials", 0, "tool_name"), "Bash")
    const allowed = start(["--allowedTools=Bash(echo:*)"])
    allowed.user('[[tool:Bash {"command":"echo x"}]] [[text:done]]')
    assert.strictEqual(at(await allowed.next("user"), "message", "content", 0, "content"), "x")
  })

  it("messages sent while a turn runs are merged into one next turn", async () => {
    const fake = start()
    fake.user("[[text delay=20 deltas=3:first answer]]")
    const uuids = [fake.user("two"), fake.user("three")]
    await fake.next("result/success")
    const merged = await fake.next("result/success")
    assert.deepStrictEqual(merged["user_message_uuids"], uuids)
    assert.strictEqual(merged["result"], "You said: two\nthree")
    assert.strictEqual(await fake.close(), 0)
    assert.lengthOf(
      names(fake).filter((name) => name === "result/success"),
      2
    )
  })

  it("an interrupt is answered first, then the turn ends as aborted and the session goes on", async () => {
    const fake = start(["--include-partial-messages"])
    fake.user("[[text:half a ;; silence]]")
    await fake.next("stream_event/content_block_delta")
    fake.request("interrupt")
    const result = await fake.next("result/error_during_execution")
    assert.strictEqual(result["terminal_reason"], "aborted_streaming")
    const order = names(fake)
    assert.isBelow(order.indexOf("control_response/success"), order.indexOf("assistant"))
    assert.isBelow(order.indexOf("assistant"), order.indexOf("user"))
    fake.request("interrupt")
    await fake.next("control_response/success")
    fake.user("hi")
    assert.strictEqual((await fake.next("result/success"))["result"], "You said: hi")
    assert.strictEqual(await fake.close(), 0)
  })

  it("an interrupt withdraws an open question before it is answered", async () => {
    const fake = start(["--permission-prompt-tool=stdio"])
    fake.user('[[tool:Bash {"command":"echo x"}]]')
    const ask = await fake.next("control_request/can_use_tool")
    fake.request("interrupt")
    assert.strictEqual((await fake.next("control_cancel_request"))["request_id"], ask["request_id"])
    await fake.next("control_response/success")
    assert.strictEqual((await fake.next("result/error_during_execution"))["terminal_reason"], "aborted_tools")
  })

  const bash = '[[tool:Bash {"command":"exec sleep 1000"}]]'
  const running = async (env: Readonly<Record<string, string>> = {}): Promise<readonly [Fake, number]> => {
    const fake = start(["--allowedTools=Bash"], env)
    fake.user(bash)
    await fake.next("assistant")
    fake.request("mcp_status")
    await fake.next("control_response/success")
    return [fake, rig.shells()[0] ?? 0]
  }

  it("an interrupt and SIGTERM kill the shell it runs", async () => {
    const [interrupted, first] = await running()
    assert.isTrue(isAlive(first))
    interrupted.request("interrupt")
    await interrupted.next("result/error_during_execution")
    assert.isFalse(isAlive(first))
    rig.forget()
    const [terminated, second] = await running()
    terminated.child.kill("SIGTERM")
    assert.strictEqual(await terminated.exit, 143)
    assert.isFalse(isAlive(second))
  })

  it("SIGKILL, and SIGTERM in the old version, leave the shell behind", async () => {
    const [killed, first] = await running()
    process.kill(killed.child.pid ?? 0, "SIGKILL")
    assert.strictEqual(await killed.exit, "SIGKILL")
    assert.isTrue(isAlive(first))
    process.kill(-first, "SIGKILL")
    rig.forget()
    const [terminated, second] = await running({ FAKE_CLAUDE_VERSION: "2.1.197" })
    terminated.child.kill("SIGTERM")
    assert.strictEqual(await terminated.exit, 143)
    assert.isTrue(isAlive(second))
  })

  it("the end of input lets it finish, and the last result decides the exit code", async () => {
    const fake = start()
    fake.user("[[text delay=20 deltas=3:to the end]]")
    assert.strictEqual(await fake.close(), 0)
    assert.strictEqual((await fake.next("result/success"))["result"], "to the end")
    const failing = start()
    failing.user("[[error:400 no]]")
    assert.strictEqual(await failing.close(), 1)
  })

  it("everything it was given is on record", async () => {
    const fake = start(["--model=haiku"], { MARK: "1" })
    fake.request("mcp_status")
    await fake.next("control_response/success")
    await fake.close()
    const [first, ...rest] = rig.record()
    assert.deepStrictEqual(first?.["argv"], [...streaming, "--model=haiku"])
    assert.strictEqual(at(first, "env", "MARK"), "1")
    assert.strictEqual(at(first, "cwd"), rig.folder)
    const request = { type: "control_request", request_id: "mcp_status", request: { subtype: "mcp_status" } }
    assert.deepStrictEqual(rest, [{ in: request }, { eof: true }])
  })

  describe("faults", () => {
    const exits: ReadonlyArray<readonly [fault: string, exit: number | string]> = [
      ["crash=9", 9],
      ["kill", "SIGKILL"],
      ["half-line-then-exit=3", 3],
      ["delta-no-snapshot=4", 4]
    ]
    it.each(exits)("%s ends the process before the snapshot", async (fault, exit) => {
      const fake = start(["--include-partial-messages"])
      fake.user(`[[fault:${fault}]] [[text:never finished]]`)
      assert.strictEqual(await fake.exit, exit)
      assert.notInclude(
        fake.lines.map((line) => JSON.parse(line)["type"]),
        "assistant"
      )
    })

    it("a fault between two steps happens in the second response", async () => {
      const fake = start(["--allowedTools=Bash"])
      fake.user('[[tool:Bash {"command":"echo x"}]] [[fault:crash]] [[text:y]]')
      await fake.next("user")
      assert.strictEqual(await fake.exit, 1)
    })

    it("garbage stands between whole frames", async () => {
      const fake = start([], { FAKE_CLAUDE_FAULT: "garbage,non-object" })
      fake.user("hi")
      assert.strictEqual(await fake.close(), 0)
      for (const line of ["this is not JSON", "", "42", "null"]) assert.include(fake.lines, line)
      assert.strictEqual(JSON.parse(fake.lines.at(-2) ?? "")["result"], "You said: hi")
    })

    it("a flood lasts until it is interrupted", async () => {
      const fake = start(["--include-partial-messages"])
      fake.user("[[fault:flood]]")
      for (let count = 0; count < 2000; count++) await fake.next("stream_event/content_block_delta")
      fake.request("interrupt")
      await fake.next("result/error_during_execution")
      assert.strictEqual(await fake.close(), 1)
    })

    it("a foreign result carries its origin and no message id", async () => {
      const fake = start()
      const uuid = fake.user("[[fault:foreign-result]] hi")
      const foreign = await fake.next("result/success")
      assert.strictEqual(at(foreign, "origin", "kind"), "task-notification")
      assert.notProperty(foreign, "user_message_uuids")
      assert.deepStrictEqual((await fake.next("result/success"))["user_message_uuids"], [uuid])
    })

    it("a background task ends after the turn and starts one by itself", async () => {
      const fake = start([], { FAKE_CLAUDE_FAULT: "background-task" })
      fake.user("hi")
      await fake.next("result/success")
      await fake.next("system/task_notification")
      assert.strictEqual(at(await fake.next("result/success"), "origin", "kind"), "task-notification")
      assert.strictEqual(await fake.close(), 0)
    })

    it("a drifted result keeps what identifies it", async () => {
      const fake = start([], { FAKE_CLAUDE_FAULT: "drifted-result" })
      const uuid = fake.user("hi")
      const result = await fake.next("result/success")
      assert.deepStrictEqual(
        [result["usage"], result["is_error"], result["user_message_uuids"]],
        ["none", false, [uuid]]
      )
    })

    it("what is ignored changes nothing", async () => {
      const fake = start([], { FAKE_CLAUDE_FAULT: "ignore-eof,ignore-term,no-initialize,no-control-reply=set_model" })
      fake.request("initialize")
      fake.request("set_model", { model: "haiku" })
      fake.request("mcp_status")
      assert.strictEqual(at(await fake.next("control_response/success"), "response", "request_id"), "mcp_status")
      fake.child.kill("SIGTERM")
      fake.user("[[text delay=30 deltas=4:still here]]")
      fake.child.stdin.end()
      await fake.next("result/success")
      assert.isNull(fake.child.exitCode)
      assert.lengthOf(
        names(fake).filter((name) => name.startsWith("control_response")),
        1
      )
    })

    it("a name that is not in the table is an error of its own", async () => {
      const fake = start([], { FAKE_CLAUDE_FAULT: "crush" })
      assert.strictEqual(await fake.exit, 70)
      assert.include(fake.stderr, 'no fault "crush"')
    })
  })
})
