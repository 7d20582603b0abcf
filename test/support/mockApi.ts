/**
 * A Messages API on 127.0.0.1 that stands in for the model, so that the real `claude` can be driven end to end. Prompts
 * say what it answers (see mockApiScript.ts); a prompt without a script gets a plain, always equal answer.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import * as Path from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { type Failures, isRecord, reply } from "./mockApiReply.ts"
import type { Step } from "./mockApiScript.ts"
import { errorBody, events, type Identity, message, type SseEvent } from "./mockApiWire.ts"

export interface RecordedRequest {
  readonly method: string
  readonly path: string
  /** Lower-case names; without `x-api-key`, `authorization` and `cookie`. */
  readonly headers: Readonly<Record<string, string>>
  /** The parsed body; undefined when it is no JSON. */
  readonly body: unknown
}

export interface MockApi {
  readonly url: string
  /** Everything that was asked so far, oldest first. */
  readonly requests: ReadonlyArray<RecordedRequest>
  /** Resolves with the first request, past or future, that passes the test; rejects when the server closes before. */
  readonly waitFor: (test: (request: RecordedRequest) => boolean) => Promise<RecordedRequest>
  /** Cuts every connection; resolves when nothing of the server is left. */
  readonly close: () => Promise<void>
  /** All that a `claude` needs in its environment to talk to this server, with `home` as its only place for files. */
  readonly env: (home: string) => Record<string, string>
}

/** Resolves when the text has left for the client or the connection is gone; that is also the back-pressure. */
const send = (response: Http.ServerResponse, event: SseEvent): Promise<void> =>
  new Promise((resolve) => {
    response.write(`event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`, () => resolve())
  })

const pause = async (ms: number, gone: AbortSignal): Promise<void> => {
  if (ms > 0) await sleep(ms, undefined, { signal: gone }).catch(() => undefined)
}

const stream = async (
  response: Http.ServerResponse,
  step: Step,
  identity: Identity,
  gone: AbortSignal
): Promise<void> => {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" })
  response.flushHeaders()
  for (const [event, delay] of events(step, identity)) {
    await pause(delay, gone)
    if (gone.aborted) return
    await send(response, event)
  }
  if (step.fault !== undefined) await pause(step.fault.delay, gone)
  switch (step.fault?.kind) {
    case undefined:
      response.end()
      return
    case "cut":
      response.destroy()
      return
    case "sse-error":
      await send(response, { type: "error", error: { type: step.fault.type, message: `mock ${step.fault.type}` } })
      response.end()
  }
}

const json = (
  response: Http.ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {}
): void => {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(JSON.stringify(body))
}

const answer = async (
  response: Http.ServerResponse,
  step: Step,
  identity: Identity,
  streamed: boolean
): Promise<void> => {
  const gone = new AbortController()
  response.once("close", () => gone.abort())
  const { fault } = step
  if (fault?.kind === "hang") return
  if (fault?.kind === "error") {
    await pause(fault.delay, gone.signal)
    return json(response, fault.status, errorBody(fault.status, fault.message, identity.requestId), fault.headers)
  }
  if (streamed) return stream(response, step, identity, gone.signal)
  if (fault?.kind === "cut") {
    response.destroy()
    return
  }
  return json(response, 200, message(step, identity))
}

const readBody = async (request: Http.IncomingMessage): Promise<string> => {
  const chunks: Array<Buffer> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString("utf8")
}

const parseBody = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const secrets = new Set(["x-api-key", "authorization", "cookie"])

const publicHeaders = (headers: Http.IncomingHttpHeaders): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) =>
      value === undefined || secrets.has(name) ? [] : [[name, String(value)]]
    )
  )

const makeFailures = (): Failures => {
  const counts = new Map<string, number>()
  const count = (key: string) => counts.get(key) ?? 0
  return { count, add: (key) => counts.set(key, count(key) + 1) }
}

const environment = (url: string, home: string): Record<string, string> => ({
  PATH: process.env["PATH"] ?? "",
  HOME: home,
  TMPDIR: home,
  CLAUDE_CONFIG_DIR: Path.join(home, ".claude"),
  ANTHROPIC_BASE_URL: url,
  ANTHROPIC_API_KEY: "mock-api-key",
  DISABLE_AUTOUPDATER: "1",
  DISABLE_TELEMETRY: "1",
  CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1"
})

interface Waiter {
  readonly test: (request: RecordedRequest) => boolean
  readonly resolve: (request: RecordedRequest) => void
  readonly reject: (error: Error) => void
}

/** Starts the server on 127.0.0.1, on a free port unless one is given. */
export const start = async (options: { readonly port?: number } = {}): Promise<MockApi> => {
  const requests: Array<RecordedRequest> = []
  const waiters = new Set<Waiter>()
  const failures = makeFailures()

  const record = (request: RecordedRequest): void => {
    requests.push(request)
    for (const waiter of waiters) {
      if (!waiter.test(request)) continue
      waiters.delete(waiter)
      waiter.resolve(request)
    }
  }

  const handle = async (request: Http.IncomingMessage, response: Http.ServerResponse): Promise<void> => {
    const text = await readBody(request)
    const serial = String(requests.length + 1).padStart(4, "0")
    const requestId = `req_mock${serial}`
    response.setHeader("request-id", requestId)
    const body = parseBody(text)
    const { method = "", url: path = "" } = request
    record({ method, path, headers: publicHeaders(request.headers), body })
    const route = `${method} ${path.split("?", 1)[0]}`
    if (route === "HEAD /") {
      response.end()
    } else if (route !== "POST /v1/messages" && route !== "POST /v1/messages/count_tokens") {
      json(response, 404, errorBody(404, `the mock has no ${route}`, requestId))
    } else if (!isRecord(body)) {
      json(response, 400, errorBody(400, "the body is no JSON object", requestId))
    } else if (route === "POST /v1/messages") {
      const session = String(request.headers["x-claude-code-session-id"] ?? "")
      const identity = { serial, requestId, model: String(body["model"] ?? "mock") }
      await answer(response, reply(body, session, failures), identity, body["stream"] === true)
    } else {
      json(response, 200, { input_tokens: Math.ceil(text.length / 4) })
    }
  }

  const server = Http.createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      // A client that left before its body was complete wants no answer; anything else is a mistake in the mock.
      if (request.complete && !response.headersSent) json(response, 500, errorBody(500, String(error), "req_mock"))
      else response.destroy()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(options.port ?? 0, "127.0.0.1", resolve)
  })
  const address = server.address()
  const url = `http://127.0.0.1:${isRecord(address) ? address["port"] : 0}`

  const close = async (): Promise<void> => {
    for (const waiter of waiters) waiter.reject(new Error("the mock API was closed before such a request came"))
    waiters.clear()
    await new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  }

  const waitFor: MockApi["waitFor"] = (test) => {
    const past = requests.find(test)
    if (past !== undefined) return Promise.resolve(past)
    return new Promise((resolve, reject) => waiters.add({ test, resolve, reject }))
  }

  return { url, requests, waitFor, close, env: (home) => environment(url, home) }
}

/** The server as a resource: closed with the Scope. */
export const scoped: Effect.Effect<MockApi, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => start()),
  (api) => Effect.promise(api.close)
)
