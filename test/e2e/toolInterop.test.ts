/**
 * The other side is the MCP library that everybody has, `@modelcontextprotocol/sdk`: its client speaks to the servers of
 * our tools, and the CLI to servers of its making.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as AiPrompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import type { ToolServer } from "effect-agent-session/AgentAdapter"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { fileURLToPath } from "node:url"
import { ToolServers } from "../../src/claude/internal/toolServers.ts"
import { Journal } from "../../src/internal/journal.ts"
import { resolve } from "../../src/internal/resolve.ts"
import * as Words from "../support/mcpWords.ts"
import { bodies, claude, collect, only } from "./support.ts"

interface Message {
  readonly [key: string]: unknown
}

interface Transport {
  readonly start: () => Promise<void>
  readonly send: (message: Message) => Promise<void>
  readonly close: () => Promise<void>
  onmessage?: (message: Message) => void
}

interface Result {
  readonly content: ReadonlyArray<Message>
  readonly structuredContent?: unknown
  readonly isError?: boolean
}

interface CallOptions {
  readonly signal?: AbortSignal
  readonly onprogress?: (progress: Message) => void
}

interface Client {
  readonly connect: (transport: Transport) => Promise<void>
  readonly getServerVersion: () => Message
  readonly ping: () => Promise<unknown>
  readonly listTools: () => Promise<{ readonly tools: ReadonlyArray<Message> }>
  readonly callTool: (
    call: { readonly name: string; readonly arguments?: Message },
    schema?: undefined,
    options?: CallOptions
  ) => Promise<Result>
}

interface Sdk {
  readonly Client: new (info: { readonly name: string; readonly version: string }) => Client
}

const sdk = new URL("../agents/node_modules/@modelcontextprotocol/sdk/dist/esm/", import.meta.url)

/** A client of the server "math", over a transport that wraps messages as the CLI does. */
const connect = Effect.fnUntraced(function* (tools: ToolServer) {
  const { tools: resolved = [] } = yield* resolve({ tools: { math: tools } })
  const clock = yield* Clock.Clock
  const journal = new Journal({ clock, scope: yield* Effect.scope, buffer: 1024 })
  const context = yield* Effect.context<never>()
  let requests = 0
  const awaited = new Set<string>()
  const transport: Transport = {
    start: () => Promise.resolve(),
    close: () => Promise.resolve(),
    send: (message) => {
      const id = `request ${++requests}`
      // A notification is answered too, which is between the CLI and us.
      if (message["id"] !== undefined) awaited.add(id)
      servers.message(id, { subtype: "mcp_message", server_name: "math", message })
      Effect.runForkWith(context)(journal.flush)
      return Promise.resolve()
    }
  }
  const servers = new ToolServers({
    tools: resolved,
    journal,
    turns: { hold: () => undefined, release: () => undefined },
    events: { toolProgress: () => undefined },
    write: (frame) =>
      Effect.sync(() => {
        if (frame.type === "control_request") {
          if (frame.request.subtype === "mcp_message") transport.onmessage?.(frame.request.message)
          return
        }
        const { response } = frame
        if (response.subtype === "error" || !awaited.delete(response.request_id)) return
        if ("mcp_response" in response.response) transport.onmessage?.(Object(response.response.mcp_response))
      })
  })
  const { Client }: Sdk = yield* Effect.promise(() => import(new URL("client/index.js", sdk).href))
  const client = new Client({ name: "interop", version: "1.0.0" })
  yield* Effect.promise(() => client.connect(transport))
  return client
})

const Sum = Tool.make("sum", {
  description: "Adds two numbers.",
  parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
  success: Schema.Struct({ sum: Schema.Finite }),
  failure: Schema.String
}).annotate(Tool.Readonly, true)
const SumKit = Toolkit.make(Sum)
type SumHandler = Toolkit.HandlersFrom<(typeof SumKit)["tools"]>["sum"]

const summing = (sum: SumHandler): ToolServer => Effect.provide(SumKit, SumKit.toLayer({ sum }))

const call = { name: "sum", arguments: { a: 2, b: 3 } }

describe("our servers and the client of @modelcontextprotocol/sdk", () => {
  it.live("the handshake, the list of tools and a ping pass its checks", () =>
    Effect.gen(function* () {
      const client = yield* connect(summing(({ a, b }) => Effect.succeed({ sum: a + b })))
      assert.deepStrictEqual(client.getServerVersion(), { name: "math", version: "1.0.0" })
      yield* Effect.promise(() => client.ping())
      const { tools } = yield* Effect.promise(() => client.listTools())
      assert.deepInclude(tools[0], { name: "sum", description: "Adds two numbers." })
      assert.deepInclude(tools[0]?.["annotations"], { readOnlyHint: true })
    })
  )

  it.live("a structured result is one by the schema that the server promised", () =>
    Effect.gen(function* () {
      const client = yield* connect(summing(({ a, b }) => Effect.succeed({ sum: a + b })))
      yield* Effect.promise(() => client.listTools())
      const { content, structuredContent } = yield* Effect.promise(() => client.callTool(call))
      assert.deepStrictEqual(structuredContent, { sum: 5 })
      assert.deepStrictEqual(content, [{ type: "text", text: '{"sum":5}' }])
    })
  )

  it.live("an image, a document and a link are content it knows", () =>
    Effect.gen(function* () {
      const Show = Tool.make("show", {
        success: Schema.Void,
        toModelOutput: () => [
          AiPrompt.filePart({ mediaType: "image/png", data: "aGk=" }),
          AiPrompt.filePart({ mediaType: "application/pdf", fileName: "a b.pdf", data: new Uint8Array([104, 105]) }),
          AiPrompt.filePart({ mediaType: "text/html", data: new URL("https://example.com/") })
        ]
      })
      const ShowKit = Toolkit.make(Show)
      const client = yield* connect(Effect.provide(ShowKit, ShowKit.toLayer({ show: () => Effect.void })))
      const { content } = yield* Effect.promise(() => client.callTool({ name: "show" }))
      assert.deepStrictEqual(
        content.map(({ type }) => type),
        ["image", "resource", "resource_link"]
      )
    })
  )

  it.live("failures and wrong parameters are results that are errors; an unknown tool is a failed request", () =>
    Effect.gen(function* () {
      const client = yield* connect(summing(() => Effect.fail("no numbers today")))
      yield* Effect.promise(() => client.listTools())
      const failed = yield* Effect.promise(() => client.callTool(call))
      assert.deepStrictEqual(failed, { isError: true, content: [{ type: "text", text: "no numbers today" }] })
      const wrong = yield* Effect.promise(() => client.callTool({ name: "sum", arguments: { a: "two" } }))
      assert.isTrue(wrong.isError)
      assert.include(JSON.stringify(wrong.content), "parameters of sum are wrong")
      const unknown = yield* Effect.promise(() => client.callTool({ name: "no" }).then(String, String))
      assert.include(unknown, "There is no tool no.")
    })
  )

  it.live("progress is heard while the call runs", () =>
    Effect.gen(function* () {
      const heard = yield* Deferred.make<Message>()
      const client = yield* connect(
        summing(({ a, b }, { preliminary }) =>
          preliminary({ sum: a }).pipe(Effect.andThen(Deferred.await(heard)), Effect.as({ sum: a + b }))
        )
      )
      const { structuredContent } = yield* Effect.promise(() =>
        client.callTool(call, undefined, {
          onprogress: (progress) => Deferred.doneUnsafe(heard, Effect.succeed(progress))
        })
      )
      assert.deepStrictEqual(yield* Deferred.await(heard), { progress: 1, message: '{"sum":2}' })
      assert.deepStrictEqual(structuredContent, { sum: 5 })
    })
  )

  it.live("an aborted call interrupts its handler, and the server goes on", () =>
    Effect.gen(function* () {
      const began = yield* Latch.make()
      const interrupted = yield* Deferred.make<void>()
      const client = yield* connect(
        summing(({ a, b }) =>
          a === 0
            ? Effect.andThen(began.open, Effect.never).pipe(
                Effect.onInterrupt(() => Deferred.succeed(interrupted, undefined))
              )
            : Effect.succeed({ sum: a + b })
        )
      )
      const abort = new AbortController()
      const given = client.callTool({ name: "sum", arguments: { a: 0, b: 0 } }, undefined, { signal: abort.signal })
      const ended = given.then(String, () => "aborted")
      yield* began.await
      abort.abort()
      yield* Deferred.await(interrupted)
      assert.strictEqual(yield* Effect.promise(() => ended), "aborted")
      assert.deepStrictEqual((yield* Effect.promise(() => client.callTool(call))).structuredContent, { sum: 5 })
    })
  )

  it.live("calls run at the same time", () =>
    Effect.gen(function* () {
      const both = yield* Latch.make()
      let begun = 0
      const client = yield* connect(
        summing(({ a, b }) =>
          Effect.andThen(++begun === 2 ? both.open : both.await, Effect.as(both.await, { sum: a + b }))
        )
      )
      const results = yield* Effect.promise(() =>
        Promise.all([client.callTool(call), client.callTool({ name: "sum", arguments: { a: 4, b: 5 } })])
      )
      assert.deepStrictEqual(
        results.map(({ structuredContent }) => structuredContent),
        [{ sum: 5 }, { sum: 9 }]
      )
    })
  )
})

const stdioServer = fileURLToPath(new URL("../support/mcpWords.ts", import.meta.url))

const secret = "sk-mcp-0123456789"

describe("the CLI and servers of @modelcontextprotocol/sdk", () => {
  claude("rule 11: it starts a server with its variables, and the model uses its tools", ({ api, base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({
        ...base,
        allowedTools: ["mcp__words"],
        mcpServers: {
          words: { command: process.execPath, args: [stdioServer], env: { MCP_TOKEN: Redacted.make(secret) } }
        }
      })
      const { toolCalls } = yield* session.ask('[[tool:mcp__words__upper {"text":"hello"}]] [[text:done]]')
      assert.strictEqual(toolCalls[0]?.status, "ok")
      assert.include(JSON.stringify(bodies(api).at(-1)), `HELLO ${secret}`)
    })
  )

  claude("rule 11: it calls a server at a URL, with its headers", ({ api, base }) =>
    Effect.gen(function* () {
      const url = yield* Words.overHttp(secret)
      const session = yield* ClaudeSession.make({
        ...base,
        allowedTools: ["mcp__words"],
        mcpServers: { words: { type: "http", url, headers: { authorization: Redacted.make(`Bearer ${secret}`) } } }
      })
      const { toolCalls } = yield* session.ask('[[tool:mcp__words__upper {"text":"hello"}]] [[text:done]]')
      assert.strictEqual(toolCalls[0]?.status, "ok")
      assert.include(JSON.stringify(bodies(api).at(-1)), "HELLO")
    })
  )

  claude("one that does not connect is told, and the session goes on without its tools", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* ClaudeSession.make({
        ...base,
        mcpServers: { gone: { command: "/does/not/exist" }, closed: { type: "http", url: "http://127.0.0.1:1/mcp" } }
      })
      const { text } = yield* session.ask("[[text:hello]]")
      assert.strictEqual(text, "hello")
      yield* session.close
      const notices = only(yield* collect(session.events), "Notice").filter(({ code }) => code === "mcp-server-missing")
      assert.deepStrictEqual(notices.map((notice) => notice.text).toSorted(), [
        "the MCP server closed did not connect: its tools are missing",
        "the MCP server gone did not connect: its tools are missing"
      ])
    })
  )
})
