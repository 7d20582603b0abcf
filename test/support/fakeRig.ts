/** ClaudeAdapter on the fake CLI, in a temporary home: what tests of real processes start with. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { fileURLToPath } from "node:url"
import type { AgentError, AgentEvent, Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import type { ClaudeOptions } from "effect-agent-session/claude/ClaudeOptions"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import * as DirectSpawner from "effect-agent-session/DirectSpawner"

export const fakeClaude: string = fileURLToPath(new URL("./fake-claude", import.meta.url))

const adapter = ClaudeAdapter.layer({ executable: fakeClaude })

export const layer = adapter.pipe(Layer.provideMerge(NodeServices.layer))

/** The same on the spawner that hears the pipes itself. */
export const layerDirect = adapter.pipe(Layer.provideMerge(DirectSpawner.layer), Layer.provideMerge(NodeServices.layer))

export interface Home {
  readonly dir: string
  /** Options of a session that lives in this home; `variables` are for the fake. */
  readonly options: (variables?: { readonly [name: string]: string }) => {
    readonly cwd: string
    readonly env: NonNullable<ClaudeOptions["env"]>
  }
  /** What the fake was sent and told, line by line. */
  readonly record: Effect.Effect<ReadonlyArray<{ readonly [key: string]: unknown }>>
}

export const home: Effect.Effect<Home, never, FileSystem.FileSystem | Scope.Scope> = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const dir = yield* Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "effect-agent-session-test-" }))
  const file = `${dir}/record.ndjson`
  return {
    dir,
    options: (variables = {}) => ({
      cwd: dir,
      env: { set: { HOME: dir, CLAUDE_CONFIG_DIR: `${dir}/.claude`, FAKE_CLAUDE_RECORD: file, ...variables } }
    }),
    record: Effect.map(Effect.orDie(fs.readFileString(file)), (text) =>
      // The fake may be at a line just now: what has no end yet is not read.
      text
        .slice(0, text.lastIndexOf("\n") + 1)
        .split("\n")
        .filter((line) => line !== "")
        .map((line): { readonly [key: string]: unknown } => JSON.parse(line))
    )
  }
})

/** A session on the fake. */
export const open = (
  variables?: { readonly [name: string]: string },
  options?: ClaudeOptions
): Effect.Effect<
  ClaudeSession.ClaudeSession & { readonly home: Home },
  AgentError.AgentError,
  ClaudeAdapter.ClaudeAdapter | FileSystem.FileSystem | Scope.Scope
> =>
  Effect.gen(function* () {
    const at = yield* home
    const session = yield* ClaudeSession.make({ ...at.options(variables), ...options })
    return { ...session, home: at }
  })

/** Waits for an event of the session. */
export const event = <Tag extends AgentEvent.AgentEvent["_tag"]>(
  session: Session.Session,
  tag: Tag,
  where: (event: AgentEvent.Of<Tag>) => boolean = () => true
): Effect.Effect<AgentEvent.Of<Tag>> =>
  session.events.pipe(
    Stream.filter((event): event is AgentEvent.Of<Tag> => event._tag === tag),
    Stream.filter(where),
    Stream.runHead,
    Effect.map(Option.getOrThrow)
  )

/** The events of one turn, whether it fails or not. */
export const turn = (session: Session.Session, prompt: string): Effect.Effect<ReadonlyArray<AgentEvent.AgentEvent>> =>
  Effect.suspend(() => {
    const events: Array<AgentEvent.AgentEvent> = []
    return session.stream(prompt).pipe(
      Stream.runForEach((event) => Effect.sync(() => events.push(event))),
      Effect.ignore,
      Effect.as(events)
    )
  })

/** The reason that an effect fails with. */
export const reasonOf = <A, R>(
  effect: Effect.Effect<A, AgentError.AgentError, R>
): Effect.Effect<AgentError.Reason, never, R> =>
  Effect.flip(effect).pipe(
    Effect.map((error) => error.reason),
    Effect.orDie
  )
