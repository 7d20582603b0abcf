/**
 * The servers of our tools in a session: messages of the CLI for them are answered, calls run in fibers of their own and
 * are interrupted when the CLI gives them up, and what a call gives before its end is told as progress.
 */
import * as Effect from "effect/Effect"
import type { ResolvedTool } from "../../AgentAdapter.ts"
import { Answering } from "../../internal/answering.ts"
import type { Journal } from "../../internal/journal.ts"
import type { Turns } from "../../internal/turns.ts"
import type * as ClaudeControl from "../ClaudeControl.ts"
import type { McpMessage } from "./controlInbound.ts"
import type { Events } from "./events.ts"
import * as Reply from "./reply.ts"
import * as ToolServer from "./toolServer.ts"
import type { JsonObject } from "./wire.ts"

export interface Options {
  readonly tools: ReadonlyArray<ResolvedTool>
  readonly journal: Pick<Journal, "tick" | "later" | "flush">
  readonly turns: Pick<Turns, "hold" | "release">
  readonly events: Pick<Events, "toolProgress">
  readonly write: (message: ClaudeControl.OutboundReply | ClaudeControl.OutboundRequest) => Effect.Effect<void>
}

type Call = Extract<ToolServer.Asked, { readonly _tag: "Call" }>

export class ToolServers {
  readonly #options: Options
  readonly #calls: Answering<string>
  /** Which request of the CLI a call came with, by server and id. */
  readonly #requests = new Map<string, string>()

  constructor(options: Options) {
    this.#options = options
    this.#calls = new Answering(options.journal, options.turns)
  }

  get names(): ReadonlyArray<string> {
    return ToolServer.names(this.#options.tools)
  }

  message(requestId: string, { message, server_name: server }: McpMessage): void {
    const tools = this.#options.tools.filter((tool) => tool.server === server)
    if (tools.length === 0) {
      return this.#write(Reply.refusal(requestId, `There is no MCP server ${server} in this process.`))
    }
    const asked = ToolServer.asked(server, tools, message)
    switch (asked._tag) {
      case "Answer":
        return this.#write(reply(requestId, asked.reply))
      case "Cancel": {
        const key = keyOf(server, asked.id)
        const given = this.#requests.get(key)
        this.#requests.delete(key)
        if (given !== undefined && this.#calls.withdraw(given)) {
          this.#write(reply(given, ToolServer.cancelled(asked.id)))
        }
        return this.#write(reply(requestId, asked.reply))
      }
      case "Call":
        return this.#call(requestId, server, asked)
    }
  }

  /** The CLI takes a request back. False when it is none of ours. */
  withdraw(requestId: string): boolean {
    for (const [key, given] of this.#requests) if (given === requestId) this.#requests.delete(key)
    return this.#calls.withdraw(requestId)
  }

  /** Nobody waits for the answers any more: the session ends, or its process is replaced. */
  withdrawAll(): void {
    this.#calls.withdrawAll()
    this.#requests.clear()
  }

  #call(requestId: string, server: string, call: Call): void {
    const key = keyOf(server, call.id)
    this.#requests.set(key, requestId)
    const work = Effect.match(
      call.tool.call(call.parameters, {
        toolId: call.toolId,
        onPreliminary: this.#progress(requestId, server, call)
      }),
      {
        onSuccess: (answer) => ToolServer.succeeded(call.id, answer),
        onFailure: (text) => ToolServer.failed(call.id, text)
      }
    )
    this.#calls.ask(requestId, work, (answer) => {
      this.#requests.delete(key)
      return this.#options.write(reply(requestId, answer))
    })
  }

  #progress(
    requestId: string,
    server: string,
    { progressToken, toolId }: Call
  ): (value: unknown) => Effect.Effect<void> {
    const { events, journal, write } = this.#options
    let count = 0
    return (value) =>
      Effect.suspend(() => {
        if (!this.#calls.has(requestId)) return Effect.void
        journal.tick()
        if (toolId !== undefined) events.toolProgress(toolId, value)
        const told =
          progressToken === undefined
            ? Effect.void
            : write(notification(server, ToolServer.progress(progressToken, ++count, value)))
        return Effect.andThen(journal.flush, told)
      })
  }

  #write(message: ClaudeControl.OutboundReply): void {
    this.#options.journal.later(this.#options.write(message))
  }
}

const keyOf = (server: string, id: string | number): string => `${server} ${JSON.stringify(id)}`

const reply = (requestId: string, message: JsonObject): ClaudeControl.OutboundReply => ({
  type: "control_response",
  response: { subtype: "success", request_id: requestId, response: { mcp_response: message } }
})

/** Nobody waits for its answer, which says nothing. */
const notification = (server: string, message: JsonObject): ClaudeControl.OutboundRequest => ({
  type: "control_request",
  request_id: globalThis.crypto.randomUUID(),
  request: { subtype: "mcp_message", server_name: server, message }
})
