import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import * as MockApi from "./support/mockApi.ts"
import { deltas, post, read, said, stream, text, user, withApi } from "./support/mockApiClient.ts"

describe("mock Messages API: what a step becomes on the wire", () => {
  withApi("a text is streamed with the events of the API in their order", async (api) => {
    const events = await stream(api, [user("[[text:Hello world]]")])
    assert.deepStrictEqual(events, [
      {
        type: "message_start",
        message: {
          id: "msg_mock0001",
          type: "message",
          role: "assistant",
          model: "claude-test",
          content: [],
          stop_reason: null,
          stop_sequence: null,
          usage: {
            input_tokens: 10,
            cache_creation_input_tokens: 0,
            cache_read_input_tokens: 0,
            output_tokens: 1,
            service_tier: "standard"
          }
        }
      },
      { type: "ping" },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "Hell" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "o w" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: "orld" } },
      { type: "content_block_stop", index: 0 },
      {
        type: "message_delta",
        delta: { stop_reason: "end_turn", stop_sequence: null },
        usage: { output_tokens: 20 }
      },
      { type: "message_stop" }
    ])
  })

  withApi("a text comes in as many deltas as asked for, with no character broken", async (api) => {
    const parts = deltas(await stream(api, [user("[[text deltas=5 delay=1:😀😀😀😀😀😀😀]]")]), "text")
    assert.strictEqual(parts.length, 5)
    assert.strictEqual(parts.join(""), "😀😀😀😀😀😀😀")
    assert.isTrue(parts.every((part) => typeof part === "string" && !/\p{Surrogate}/u.test(part)))
  })

  withApi("a text can be repeated and can be a JSON string with brackets in it", async (api) => {
    assert.strictEqual(await said(api, [user("[[text repeat=3:ab]]")]), "ababab")
    assert.strictEqual(await said(api, [user(`[[text:"a ]] ;; \\"b\\"\\n" ;; stop:end_turn]]`)]), 'a ]] ;; "b"\n')
  })

  withApi("a thinking block is signed before it stops, and the text follows in the next block", async (api) => {
    const events = await stream(api, [user("[[thinking:let me see ;; text:42]]")])
    assert.strictEqual(deltas(events, "thinking").join(""), "let me see")
    assert.deepStrictEqual(
      events.slice(-9).map((event) => [event.type, event.index, event.delta?.["type"]]),
      [
        ["content_block_delta", 0, "thinking_delta"],
        ["content_block_delta", 0, "signature_delta"],
        ["content_block_stop", 0, undefined],
        ["content_block_start", 1, undefined],
        ["content_block_delta", 1, "text_delta"],
        ["content_block_delta", 1, "text_delta"],
        ["content_block_stop", 1, undefined],
        ["message_delta", undefined, undefined],
        ["message_stop", undefined, undefined]
      ]
    )
  })

  withApi("two calls stand in one message that stops for tool use", async (api) => {
    const events = await stream(api, [user(`[[tool:Read {"file_path":"/a"} ;; tool:Bash {"command":"[ ]]"}]]`)])
    assert.deepStrictEqual(
      events.flatMap((event) => (event.content_block === undefined ? [] : [event.content_block])),
      [
        { type: "tool_use", id: "toolu_mock0001_0", name: "Read", input: {} },
        { type: "tool_use", id: "toolu_mock0001_1", name: "Bash", input: {} }
      ]
    )
    const input = (index: number) =>
      deltas(
        events.filter((event) => event.index === index),
        "partial_json"
      ).join("")
    assert.strictEqual(input(0), `{"file_path":"/a"}`)
    assert.strictEqual(input(1), `{"command":"[ ]]"}`)
    assert.deepStrictEqual(deltas(events, "stop_reason"), ["tool_use"])
  })

  withApi("stop reason and token counts are as the script says", async (api) => {
    const prompt = user("[[text:no ;; stop:refusal ;; usage input=100 output=7 cache-read=50 cache-write=3]]")
    const events = await stream(api, [prompt])
    assert.deepStrictEqual(deltas(events, "stop_reason"), ["refusal"])
    assert.deepStrictEqual(events.at(-2)?.usage, { output_tokens: 7 })
    const whole = await post(api, [prompt], { stream: false })
    assert.deepNestedInclude(await whole.json(), {
      stop_reason: "refusal",
      usage: {
        input_tokens: 100,
        cache_creation_input_tokens: 3,
        cache_read_input_tokens: 50,
        output_tokens: 7,
        service_tier: "standard"
      }
    })
  })

  withApi("without stream the answer is one JSON message", async (api) => {
    const response = await post(api, [user(`[[thinking:hm ;; text:hi ;; tool:Bash {"command":"ls"}]]`)], {
      stream: false
    })
    assert.strictEqual(response.headers.get("request-id"), "req_mock0001")
    assert.deepNestedInclude(await response.json(), {
      id: "msg_mock0001",
      stop_reason: "tool_use",
      "content[0].thinking": "hm",
      content: [
        { type: "thinking", thinking: "hm", signature: btoa("mock signature 0001") },
        { type: "text", text: "hi" },
        { type: "tool_use", id: "toolu_mock0001_2", name: "Bash", input: { command: "ls" } }
      ]
    })
  })
})

describe("mock Messages API: faults", () => {
  withApi("an error status comes with the API's error body, always", async (api) => {
    for (const [status, type] of [
      [400, "invalid_request_error"],
      [401, "authentication_error"],
      [403, "permission_error"],
      [404, "not_found_error"],
      [413, "request_too_large"],
      [429, "rate_limit_error"],
      [500, "api_error"],
      [529, "overloaded_error"]
    ] as const) {
      for (const wanted of [true, false]) {
        const response = await post(api, [user(`[[error:${status} no way]]`)], { stream: wanted })
        assert.strictEqual(response.status, status)
        assert.deepStrictEqual(await response.json(), {
          type: "error",
          error: { type, message: "no way" },
          request_id: response.headers.get("request-id")
        })
      }
    }
  })

  withApi("an error happens as often as asked, then the script goes on, per session", async (api) => {
    const messages = [user("[[error times=2 retry-after=1 x-should-retry=false:429]] [[text:after]]")]
    const first = await post(api, messages)
    assert.strictEqual(first.status, 429)
    assert.strictEqual(first.headers.get("retry-after"), "1")
    assert.strictEqual(first.headers.get("x-should-retry"), "false")
    assert.strictEqual((await post(api, messages)).status, 429)
    assert.strictEqual(await said(api, messages), "after")
    assert.strictEqual((await post(api, messages, { session: "other" })).status, 429)
  })

  withApi("a prompt after a turn that failed for good is answered, and the rest of the script is gone", async (api) => {
    const messages = [user([text("[[error:401]] [[text:rest]]\n"), text("hi")])]
    assert.strictEqual(await said(api, messages), "You said: hi")
  })

  withApi("a cut breaks the stream after the deltas, with the block still open", async (api) => {
    const messages = [user("[[text:half ;; cut times=1]] [[text:whole]]")]
    const { broken, events } = await read(await post(api, messages))
    assert.isTrue(broken)
    assert.strictEqual(deltas(events, "text").join(""), "half")
    assert.strictEqual(events.at(-1)?.type, "content_block_delta")
    assert.strictEqual(await said(api, messages), "whole")
  })

  withApi("a cut breaks an answer without stream too", async (api) => {
    const outcome = await post(api, [user("[[cut]]")], { stream: false }).then(
      () => "answered",
      () => "broken"
    )
    assert.strictEqual(outcome, "broken")
  })

  withApi("an error event comes in the stream after the deltas", async (api) => {
    const messages = [user("[[text:half ;; sse-error:api_error]] [[text:whole]]")]
    const events = await stream(api, messages)
    assert.strictEqual(deltas(events, "text").join(""), "half")
    assert.deepStrictEqual(events.at(-1), { type: "error", error: { type: "api_error", message: "mock api_error" } })
    const fallback = await post(api, messages, { stream: false })
    assert.nestedInclude(await fallback.json(), { "content[0].text": "whole" })
  })

  withApi("silence sends a first part and then nothing, until the client leaves", async (api) => {
    const leave = new AbortController()
    const response = await post(api, [user("[[text deltas=1:half ;; silence]]")], { signal: leave.signal })
    const reader = response.body?.getReader()
    let seen = ""
    while (!seen.includes("half")) seen += new TextDecoder().decode((await reader?.read())?.value)
    const next = reader?.read().then(
      () => "more",
      () => "left"
    )
    assert.strictEqual(await Promise.race([next, said(api, [user("[[text:another request]]")])]), "another request")
    leave.abort()
    assert.strictEqual(await next, "left")
  })

  withApi("silence sends headers at least, and does not hit a request without stream", async (api) => {
    const messages = [user("[[silence]] [[text:fallback]]")]
    const leave = new AbortController()
    assert.strictEqual((await post(api, messages, { signal: leave.signal })).status, 200)
    leave.abort()
    const fallback = await post(api, messages, { stream: false })
    assert.nestedInclude(await fallback.json(), { "content[0].text": "fallback" })
  })

  it("a hanging request ends when the server closes, and so does a slow one", async () => {
    const api = await MockApi.start()
    const hanging = post(api, [user("[[hang]]")]).then(
      () => "answered",
      () => "ended"
    )
    const slow = await post(api, [user("[[text delay=60000:abc]]")])
    await api.waitFor((request) => JSON.stringify(request.body).includes("[[hang]]"))
    await api.close()
    assert.strictEqual(await hanging, "ended")
    assert.isTrue((await read(slow)).broken)
  })

  it("after close nothing keeps the process alive", async () => {
    const program = `
      import { start } from ${JSON.stringify(new URL("./support/mockApi.ts", import.meta.url).href)}
      const api = await start()
      const ask = (content) => fetch(api.url + "/v1/messages", {
        method: "POST",
        body: JSON.stringify({ stream: true, messages: [{ role: "user", content }] })
      })
      const slow = await ask("[[text delay=60000:abc]]")
      const silent = await ask("[[silence]]")
      await api.close()
      process.stdout.write("closed")
    `
    const run = promisify(execFile)(process.execPath, ["--input-type=module", "--eval", program], { timeout: 20_000 })
    assert.strictEqual((await run).stdout, "closed")
  }, 20_000)
})

describe("mock Messages API: the rest of the server", () => {
  withApi("tokens are counted, HEAD is answered, and anything else is not found", async (api) => {
    const count = await fetch(`${api.url}/v1/messages/count_tokens?beta=true`, {
      method: "POST",
      body: JSON.stringify({ messages: [] })
    })
    assert.deepStrictEqual(await count.json(), { input_tokens: 4 })
    assert.strictEqual((await fetch(`${api.url}/`, { method: "HEAD" })).status, 200)
    const lost = await fetch(`${api.url}/v1/models`)
    assert.strictEqual(lost.status, 404)
    assert.nestedInclude(await lost.json(), { "error.type": "not_found_error" })
    const garbage = await fetch(`${api.url}/v1/messages`, { method: "POST", body: "{" })
    assert.strictEqual(garbage.status, 400)
  })

  withApi("requests are recorded without their secrets", async (api) => {
    await said(api, [user("hi")])
    const [request] = api.requests
    assert.strictEqual(api.requests.length, 1)
    assert.strictEqual(request?.method, "POST")
    assert.strictEqual(request?.path, "/v1/messages?beta=true")
    assert.strictEqual(request?.headers["x-claude-code-session-id"], "session")
    assert.notInclude(JSON.stringify(request), "secret")
    assert.deepStrictEqual(request?.body, {
      model: "claude-test",
      stream: true,
      messages: [{ role: "user", content: "hi" }]
    })
  })

  it("a wait for a request that never comes ends with the server", async () => {
    const api = await MockApi.start()
    const waiting = api
      .waitFor(() => true)
      .then(
        () => "came",
        (error: Error) => error.message
      )
    await api.close()
    assert.strictEqual(await waiting, "the mock API was closed before such a request came")
  })

  withApi("the environment for a claude holds what it needs and nothing of ours", async (api) => {
    assert.deepStrictEqual(api.env("/tmp/home"), {
      PATH: process.env["PATH"] ?? "",
      HOME: "/tmp/home",
      TMPDIR: "/tmp/home",
      CLAUDE_CONFIG_DIR: "/tmp/home/.claude",
      ANTHROPIC_BASE_URL: api.url,
      ANTHROPIC_API_KEY: "mock-api-key",
      DISABLE_AUTOUPDATER: "1",
      DISABLE_TELEMETRY: "1",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1"
    })
    assert.match(api.url, /^http:\/\/127\.0\.0\.1:\d+$/)
  })
})
