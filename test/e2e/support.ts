/**
 * What the end-to-end tests share: the real CLI against a mock Messages API, each test with a home of its own, and the
 * check that nothing of it is left. Time is real here, so the tests wait for events and requests, never for a while.
 */
import { assert, it } from "@effect/vitest"
import type * as NodeServices from "@effect/platform-node/NodeServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Path from "effect/Path"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AgentAdapter } from "effect-agent-session/AgentAdapter"
import type { AgentError } from "effect-agent-session/AgentError"
import type { AgentEvent, Of } from "effect-agent-session/AgentEvent"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import * as fs from "node:fs"
import * as net from "node:net"
import * as MockApi from "../support/mockApi.ts"
import { isRecord } from "../support/mockApiReply.ts"
import { executable, isSince } from "./agents.ts"
import { services as node } from "./recording.ts"

export interface Rig {
  readonly api: MockApi.MockApi
  /** The only place for files that the CLI knows of. Its name is in the environment of all that a test starts. */
  readonly home: string
  readonly cwd: string
  /** What every session of a test needs: where to work, and an environment that holds nothing of this machine's. */
  readonly base: {
    readonly cwd: string
    readonly env: { readonly base: "none"; readonly set: Readonly<Record<string, string>> }
    readonly allowedTools: ReadonlyArray<string>
    readonly timeouts: { readonly idle: "30 seconds" }
  }
  /** A prompt that is answered with a call of Bash, which runs until it is released; then "done" is said. */
  readonly bash: string
  /** The same in the background. */
  readonly background: string
  /** The pid of that Bash, when it is there. */
  readonly running: Effect.Effect<number>
  /** When that Bash and all below it are gone. */
  readonly ended: Effect.Effect<void>
  readonly release: Effect.Effect<void>
}

// Blocks until it is told to go on, or killed; a grandchild shows that the whole tree goes.
export const script = (port: number): string => `
exec 3<>/dev/tcp/127.0.0.1/${port}
echo $$ >&3
sleep 600 &
read -r line <&3
kill $!
echo released
`

export interface Gate {
  readonly port: number
  readonly running: Effect.Effect<number>
  readonly ended: Effect.Effect<void>
  readonly release: () => void
  readonly close: () => void
}

export const openGate = async (): Promise<Gate> => {
  const sockets = new Set<net.Socket>()
  const pid = Deferred.makeUnsafe<number>()
  const ended = Deferred.makeUnsafe<void>()
  const server = net.createServer((socket) => {
    sockets.add(socket)
    socket.on("error", () => socket.destroy())
    socket.once("close", () => Deferred.doneUnsafe(ended, Effect.void))
    socket.once("data", (line) => Deferred.doneUnsafe(pid, Effect.succeed(Number(line))))
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  return {
    port: isRecord(address) ? Number(address["port"]) : 0,
    running: Deferred.await(pid),
    ended: Deferred.await(ended),
    release: () => sockets.forEach((socket) => socket.write("go\n")),
    close: () => {
      sockets.forEach((socket) => socket.destroy())
      server.close()
    }
  }
}

const makeRig = Effect.gen(function* () {
  const files = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const api = yield* MockApi.scoped
  const gate = yield* Effect.acquireRelease(Effect.promise(openGate), (gate) => Effect.sync(gate.close))
  const home = yield* files.makeTempDirectoryScoped({ prefix: "claude-e2e-" })
  const cwd = path.join(home, "work")
  yield* files.makeDirectory(cwd)
  const file = path.join(home, "wait.sh")
  yield* files.writeFileString(file, script(gate.port))
  const bash = (input: Readonly<Record<string, unknown>>): string =>
    `[[tool:Bash ${JSON.stringify({ command: `bash ${file}`, ...input })}]] [[text:done]]`
  const rig: Rig = {
    api,
    home,
    cwd,
    base: {
      cwd,
      env: { base: "none", set: api.env(home) },
      allowedTools: ["Bash"],
      timeouts: { idle: "30 seconds" }
    },
    bash: bash({}),
    background: bash({ run_in_background: true }),
    running: gate.running,
    ended: gate.ended,
    release: Effect.sync(gate.release)
  }
  return rig
})

const read = (file: string): string => {
  try {
    return fs.readFileSync(file, "latin1")
  } catch {
    return ""
  }
}

export interface Remnant {
  readonly pid: number
  readonly command: string
}

/** Dead, or only not yet collected by its parent. */
export const isGone = (pid: number): boolean => {
  const stat = read(`/proc/${pid}/stat`)
  return stat === "" || "ZX".includes(stat[stat.lastIndexOf(")") + 2] ?? "")
}

const parentOf = (pid: number): number => {
  const stat = read(`/proc/${pid}/stat`)
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1])
}

/**
 * What runs with this home: found by environment, since tools run in sessions of their own and lose their parent; and
 * whatever has this process for its parent.
 */
export const remnants = (home: string): ReadonlyArray<Remnant> =>
  (fs.existsSync("/proc") ? fs.readdirSync("/proc") : [])
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && !isGone(pid))
    .filter((pid) => `\0${read(`/proc/${pid}/environ`)}`.includes(`\0HOME=${home}\0`) || parentOf(pid) === process.pid)
    .map((pid) => ({ pid, command: read(`/proc/${pid}/cmdline`).replaceAll("\0", " ") }))

/** Asserts that nothing of what a test started is left, at this very moment. */
export const left = (home: string): Effect.Effect<void> =>
  Effect.sync(() => assert.deepStrictEqual(remnants(home), [], "processes are left behind"))

type Services = AgentAdapter | ClaudeAdapter.ClaudeAdapter | NodeServices.NodeServices

const services = Layer.provideMerge(
  Layer.unwrap(Effect.sync(() => ClaudeAdapter.layer({ executable: executable() }))),
  node
)

/**
 * A test on the real CLI. What it opens in its Scope is closed at its end, and then nothing may be left. `since`: the
 * version of the CLI that can do it first; on an older one the test is left out.
 */
export const claude = <A, E>(
  title: string,
  test: (rig: Rig) => Effect.Effect<A, E, Services | Scope.Scope>,
  { since = "0.0.0" }: { readonly since?: string } = {}
): void =>
  it.live.runIf(isSince(since))(title, () =>
    Effect.gen(function* () {
      const rig = yield* makeRig
      yield* Effect.scoped(test(rig))
      yield* left(rig.home)
    }).pipe(Effect.scoped, Effect.provide(services))
  )

/** Why an effect failed, which it must. */
export const failure = <A, R>(self: Effect.Effect<A, AgentError, R>): Effect.Effect<AgentError, never, R> =>
  Effect.catchCause(Effect.flip(self), (cause) => Effect.die(new Error(`it did not fail: ${String(cause)}`)))

export const collect = <E, R>(self: Stream.Stream<AgentEvent, E, R>): Effect.Effect<ReadonlyArray<AgentEvent>, E, R> =>
  Effect.map(Stream.runCollect(self), (events) => Array.from(events))

/** Reads up to the first event of a kind, and leaves. */
export const until = <Tag extends AgentEvent["_tag"], E, R>(
  self: Stream.Stream<AgentEvent, E, R>,
  tag: Tag
): Effect.Effect<Of<Tag>, E, R> =>
  self.pipe(
    Stream.filter((event): event is Of<Tag> => event._tag === tag),
    Stream.take(1),
    Stream.runCollect,
    Effect.flatMap((events) => {
      const [event] = Array.from(events)
      return event === undefined ? Effect.die(new Error(`there was no ${tag}`)) : Effect.succeed(event)
    })
  )

export const only = <Tag extends AgentEvent["_tag"]>(
  events: ReadonlyArray<AgentEvent>,
  tag: Tag
): ReadonlyArray<Of<Tag>> => events.filter((event): event is Of<Tag> => event._tag === tag)

export const tags = (events: ReadonlyArray<AgentEvent>): ReadonlyArray<AgentEvent["_tag"]> =>
  events.map((event) => event._tag)

/** Whether a request of the API holds a text. */
export const holds =
  (text: string) =>
  ({ body }: MockApi.RecordedRequest): boolean =>
    body !== undefined && JSON.stringify(body).includes(text)

/** The bodies of the requests for an answer, oldest first. */
export const bodies = (api: MockApi.MockApi): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  api.requests.flatMap(({ body, path }) => (path.startsWith("/v1/messages?") && isRecord(body) ? [body] : []))
