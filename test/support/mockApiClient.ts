/** What the tests of the mock Messages API ask it with: the little of an API client that they need. */
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as MockApi from "./mockApi.ts"

export interface Message {
  readonly role: "user" | "assistant" | "system"
  readonly content: unknown
}

export const user = (content: unknown): Message => ({ role: "user", content })
export const assistant = (content: unknown): Message => ({ role: "assistant", content })
export const text = (text: string): unknown => ({ type: "text", text })
export const result: Message = user([{ type: "tool_result", tool_use_id: "toolu_1", content: "hi", is_error: false }])

export interface Options {
  readonly stream?: boolean
  readonly session?: string
  readonly signal?: AbortSignal
}

export const post = (
  api: MockApi.MockApi,
  messages: ReadonlyArray<Message>,
  options: Options = {}
): Promise<Response> =>
  fetch(`${api.url}/v1/messages?beta=true`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-api-key": "secret-key",
      authorization: "Bearer secret-token",
      "x-claude-code-session-id": options.session ?? "session"
    },
    body: JSON.stringify({ model: "claude-test", stream: options.stream ?? true, messages }),
    ...(options.signal === undefined ? {} : { signal: options.signal })
  })

export interface SseEvent {
  readonly type: string
  readonly index?: number
  readonly message?: unknown
  readonly content_block?: unknown
  readonly delta?: Readonly<Record<string, unknown>>
  readonly usage?: unknown
  readonly error?: unknown
}

const parseSse = (chunk: string): ReadonlyArray<SseEvent> =>
  chunk
    .split("\n\n")
    .filter((frame) => frame !== "")
    .map((frame) => {
      const [event, data = ""] = frame.split("\n")
      const parsed: SseEvent = JSON.parse(data.replace("data: ", ""))
      assert.strictEqual(event, `event: ${parsed.type}`)
      return parsed
    })

/** Reads a stream to its end; `broken` when it did not end by itself. */
export const read = async (
  response: Response
): Promise<{ readonly events: ReadonlyArray<SseEvent>; readonly broken: boolean }> => {
  let body = ""
  const decoder = new TextDecoder()
  try {
    for await (const chunk of response.body ?? []) body += decoder.decode(chunk, { stream: true })
    return { events: parseSse(body), broken: false }
  } catch {
    return { events: parseSse(body), broken: true }
  }
}

export const stream = async (
  api: MockApi.MockApi,
  messages: ReadonlyArray<Message>,
  options?: Options
): Promise<ReadonlyArray<SseEvent>> => {
  const response = await post(api, messages, options)
  assert.strictEqual(response.status, 200)
  return (await read(response)).events
}

export const deltas = (events: ReadonlyArray<SseEvent>, field: string): ReadonlyArray<unknown> =>
  events.flatMap((event) => (event.delta?.[field] === undefined ? [] : [event.delta[field]]))

/** The text of the streamed answer. */
export const said = async (
  api: MockApi.MockApi,
  messages: ReadonlyArray<Message>,
  options?: Options
): Promise<string> => deltas(await stream(api, messages, options), "text").join("")

/** A test with a server of its own. */
export const withApi = (title: string, body: (api: MockApi.MockApi) => Promise<void>): void =>
  it.live(title, () => Effect.flatMap(MockApi.scoped, (api) => Effect.promise(() => body(api))))
