/**
 * An MCP server of `@modelcontextprotocol/sdk` with the tool `upper` and the resource `ui://words`: over standard input and output when run as a
 * program, where it also tells its variable MCP_TOKEN, or over HTTP for those who know the token.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import { isRecord } from "./mockApiReply.ts"

interface Server {
  readonly setRequestHandler: (schema: unknown, handler: (request: unknown) => unknown) => void
  readonly connect: (transport: unknown) => Promise<void>
  readonly close: () => Promise<void>
}

interface Requests {
  readonly handleRequest: (request: Http.IncomingMessage, response: Http.ServerResponse) => Promise<void>
}

const sdk = new URL("../agents/node_modules/@modelcontextprotocol/sdk/dist/esm/", import.meta.url)
const path = (name: string): string => new URL(name, sdk).href

interface Library {
  readonly Server: new (info: object, options: object) => Server
  readonly StdioServerTransport: new () => object
  readonly StreamableHTTPServerTransport: new (options: object) => Requests
}

interface Schemas {
  readonly CallToolRequestSchema: unknown
  readonly ListToolsRequestSchema: unknown
  readonly ReadResourceRequestSchema: unknown
}

const makeServer = async (token: string): Promise<Server> => {
  const { Server }: Library = await import(path("server/index.js"))
  const { CallToolRequestSchema, ListToolsRequestSchema, ReadResourceRequestSchema }: Schemas = await import(
    path("types.js")
  )
  const server = new Server({ name: "words", version: "1.0.0" }, { capabilities: { resources: {}, tools: {} } })
  const inputSchema = { type: "object", properties: { text: { type: "string" } }, required: ["text"] }
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: [{ name: "upper", inputSchema }] }))
  server.setRequestHandler(CallToolRequestSchema, (request) => {
    const params = isRecord(request) && isRecord(request["params"]) ? request["params"] : {}
    const text = isRecord(params["arguments"]) ? String(params["arguments"]["text"]).toUpperCase() : ""
    return { content: [{ type: "text", text: `${text} ${token}` }] }
  })
  server.setRequestHandler(ReadResourceRequestSchema, () => ({
    contents: [{ uri: "ui://words", mimeType: "text/html", text: "<b>words</b>" }]
  }))
  return server
}

const respond = async (request: Http.IncomingMessage, response: Http.ServerResponse, token: string): Promise<void> => {
  if (request.headers.authorization !== `Bearer ${token}`) {
    response.writeHead(401).end()
    return
  }
  const { StreamableHTTPServerTransport }: Library = await import(path("server/streamableHttp.js"))
  const server = await makeServer("")
  const transport = new StreamableHTTPServerTransport({ sessionIdGenerator: undefined })
  response.once("close", () => void server.close())
  await server.connect(transport)
  await transport.handleRequest(request, response)
}

/** The URL of a server that wants this token. */
export const overHttp = (token: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(
      () =>
        new Promise<Http.Server>((resolve) => {
          const server = Http.createServer((request, response) => void respond(request, response, token))
          server.listen(0, "127.0.0.1", () => resolve(server))
        })
    ),
    (server) =>
      Effect.sync(() => {
        server.close()
        server.closeAllConnections()
      })
  ).pipe(
    Effect.map((server) => {
      const address = server.address()
      return `http://127.0.0.1:${isRecord(address) ? Number(address["port"]) : 0}/mcp`
    })
  )

if (import.meta.main) {
  const { StdioServerTransport }: Library = await import(path("server/stdio.js"))
  const server = await makeServer(process.env["MCP_TOKEN"] ?? "")
  await server.connect(new StdioServerTransport())
}
