/**
 * What can happen at once with work in the background and subagents. Each scene is played on the real CLI
 * (test/e2e/background.test.ts), which records it on request, and on its recordings (test/claude/tasks.test.ts).
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type AgentError, AgentEvent, Permission } from "effect-agent-session"
import type { ClaudeAdapter } from "effect-agent-session/claude/ClaudeAdapter"
import type { ClaudeOptions } from "effect-agent-session/claude/ClaudeOptions"
import type { ClaudeSession } from "effect-agent-session/claude/ClaudeSession"

export interface Stage {
  readonly open: (
    options: ClaudeOptions
  ) => Effect.Effect<ClaudeSession, AgentError.AgentError, ClaudeAdapter | Scope.Scope>
  /** Lets the command of this name end. */
  readonly release: (name: string) => Effect.Effect<void>
}

export interface Scene {
  readonly name: string
  readonly title: string
  readonly play: (
    stage: Stage
  ) => Effect.Effect<ReadonlyArray<AgentEvent.AgentEvent>, AgentError.AgentError, ClaudeAdapter | Scope.Scope>
  /** Who began each turn, and what was said in it. */
  readonly turns: ReadonlyArray<readonly [origin: "caller" | "agent", text: string]>
  /** The first version that tells of an end in the middle of a turn. */
  readonly since?: string
}

/** A call of Bash that runs until the command of this name is released. */
const command = (name: string, more: object = {}): string =>
  `tool:Bash ${JSON.stringify({ command: `until test -e ${name}; do sleep 0.05; done; echo ${name} ended`, ...more })}`

const agent = (prompt: string, more: object = {}): string => {
  const input = { description: "a subagent", prompt, subagent_type: "general-purpose", ...more }
  return `tool:Agent ${JSON.stringify(input).replaceAll("]]", "]\\u005d")}`
}

const background = { run_in_background: true }
/** 2.1.329 puts subagents into the background by itself. */
const foreground = { run_in_background: false }

const options: ClaudeOptions = { allowedTools: ["Bash", "Agent"], partialMessages: false }

const fork = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.forkChild(effect, { startImmediately: true })

/** Waits for an event, also an earlier one. */
const event = <Tag extends AgentEvent.AgentEvent["_tag"]>(
  session: ClaudeSession,
  tag: Tag,
  where: (event: AgentEvent.Of<Tag>) => boolean = () => true
) =>
  session.events.pipe(
    Stream.filter(AgentEvent.is(tag)),
    Stream.filter(where),
    Stream.runHead,
    Effect.map(Option.getOrThrow)
  )

const log = (session: ClaudeSession) =>
  Effect.andThen(
    session.quiescent,
    Effect.andThen(
      session.close,
      Effect.map(Stream.runCollect(session.events), (all) => Array.from(all))
    )
  )

/** Begins something, and has it end in the middle of another turn. */
const endsInTurn =
  (prompt: string) =>
  ({ open, release }: Stage) =>
    Effect.gen(function* () {
      const session = yield* open(options)
      yield* session.ask(prompt)
      const turn = yield* fork(session.ask(`[[${command("b")}]] [[text:second]] [[text:Noted.]]`))
      yield* event(session, "ToolStarted", ({ input }) => JSON.stringify(input).includes("test -e b"))
      yield* release("a")
      yield* event(session, "TaskEnded")
      yield* release("b")
      yield* Fiber.join(turn)
      return yield* log(session)
    })

export const scenes: ReadonlyArray<Scene> = [
  {
    name: "command-ends-in-turn",
    title: "a command in the background ends in the middle of another turn",
    play: endsInTurn(`[[${command("a", background)}]] [[text:started]]`),
    turns: [
      ["caller", "started"],
      ["caller", "second"]
    ],
    since: "2.1.329"
  },
  {
    name: "subagent-ends-in-turn",
    title: "a subagent in the background ends in the middle of another turn",
    play: endsInTurn(`[[${agent(`[[${command("a")}]] [[text:report]]`, background)}]] [[text:started]]`),
    turns: [
      ["caller", "started"],
      ["caller", "second"]
    ],
    since: "2.1.329"
  },
  {
    name: "two-commands",
    title: "two commands in the background end one after the other",
    play: ({ open, release }) =>
      Effect.gen(function* () {
        const session = yield* open(options)
        yield* session.ask(
          `[[${command("a", background)} ;; ${command("b", background)}]] [[text:started]] [[text:one]] [[text:two]]`
        )
        yield* release("a")
        yield* event(session, "TurnEnded", ({ result }) => result.text === "one")
        yield* release("b")
        return yield* log(session)
      }),
    turns: [
      ["caller", "started"],
      ["agent", "one"],
      ["agent", "two"]
    ]
  },
  {
    name: "subagent-asks",
    title: "a subagent in the foreground asks for a permission, and says something",
    play: ({ open }) =>
      Effect.gen(function* () {
        const session = yield* open({
          ...options,
          allowedTools: ["Agent"],
          forwardSubagentText: true,
          permissions: Permission.allowAll
        })
        yield* session.ask(
          `[[${agent('[[tool:Bash {"command":"echo one > file"}]] [[text:report]]', foreground)}]] [[text:done]]`
        )
        return yield* log(session)
      }),
    turns: [["caller", "done"]]
  },
  {
    name: "background-subagent-asks",
    title: "a subagent in the background asks for a permission in the middle of another turn",
    play: ({ open, release }) =>
      Effect.gen(function* () {
        const session = yield* open({
          ...options,
          allowedTools: ["Agent", "Bash(until:*)"],
          permissions: Permission.allowAll
        })
        const asking = '[[tool:Bash {"command":"echo one > file"}]] [[text:report]]'
        yield* session.ask(`[[${agent(`[[${command("a")}]] ${asking}`, background)}]] [[text:started]]`)
        const turn = yield* fork(session.ask(`[[${command("b")}]] [[text:second]] [[text:Noted.]]`))
        yield* event(session, "ToolStarted", ({ input }) => JSON.stringify(input).includes("test -e b"))
        yield* release("a")
        yield* event(session, "TaskEnded")
        yield* release("b")
        yield* Fiber.join(turn)
        return yield* log(session)
      }),
    turns: [
      ["caller", "started"],
      ["caller", "second"]
    ],
    since: "2.1.329"
  },
  {
    name: "long-command",
    title: "a command in the foreground that takes so long that it is told as a task",
    play: ({ open, release }) =>
      Effect.gen(function* () {
        const session = yield* open(options)
        const turn = yield* fork(session.ask(`[[${command("a")}]] [[text:done]]`))
        yield* event(session, "TaskStarted")
        yield* release("a")
        yield* Fiber.join(turn)
        return yield* log(session)
      }),
    turns: [["caller", "done"]]
  },
  {
    name: "moved",
    title: "a command in the foreground is moved to the background",
    play: ({ open, release }) =>
      Effect.gen(function* () {
        const session = yield* open(options)
        const turn = yield* fork(session.ask(`[[${command("a")}]] [[text:moved]] [[text:Noted.]]`))
        const { toolId } = yield* event(session, "TaskStarted")
        yield* session.backgroundTasks(toolId)
        yield* Fiber.join(turn)
        yield* release("a")
        return yield* log(session)
      }),
    turns: [
      ["caller", "moved"],
      ["agent", "Noted."]
    ]
  }
]

/** Names in the place of ids, in the order in which they come. */
const names = (): ((id: string | undefined) => string | undefined) => {
  const known = new Map<string, string>()
  return (id) => {
    if (id === undefined) return undefined
    const name = known.get(id) ?? String(known.size + 1)
    known.set(id, name)
    return name
  }
}

/** What counts of a scene: turns, tasks and calls, and what belongs to what. */
export const summary = (events: ReadonlyArray<AgentEvent.AgentEvent>): ReadonlyArray<string> => {
  const turn = names()
  const call = names()
  const task = names()
  return events.flatMap((event) => {
    const where = [
      ...(event.turnId === undefined ? [] : [`in turn ${turn(event.turnId)}`]),
      ...(event.parentToolId === undefined ? [] : [`under call ${call(event.parentToolId)}`])
    ]
    const line = (...words: ReadonlyArray<string | undefined>) => [[event._tag, ...words, ...where].join(" ")]
    switch (event._tag) {
      case "TurnStarted":
        return line(event.origin)
      case "TurnEnded":
        return line(event.result.text)
      case "TextCompleted":
        return line(event.text)
      case "ToolStarted":
        return line(`${call(event.toolId)} ${event.name}`)
      case "ToolEnded":
        return line(call(event.toolId), event.status)
      case "TaskStarted":
        return line(
          task(event.taskId),
          event.kind,
          event.background ? "background" : "foreground",
          `of call ${call(event.toolId)}`
        )
      case "TaskEnded":
        return line(task(event.taskId), event.status)
      case "PermissionRequested":
        return line(event.tool)
      case "PermissionResolved":
        return line(event.by)
      default:
        return []
    }
  })
}

/** What of a scene is not as it must be, however its parts fell in time. */
export const faults = ({ turns }: Scene, events: ReadonlyArray<AgentEvent.AgentEvent>): ReadonlyArray<string> => {
  const started = events.filter(AgentEvent.is("TaskStarted")).map(({ taskId }) => taskId)
  const ended = events.filter(AgentEvent.is("TaskEnded")).map(({ taskId }) => taskId)
  const origins = events.filter(AgentEvent.is("TurnStarted")).map(({ origin }) => origin)
  const texts = events.filter(AgentEvent.is("TurnEnded")).map(({ result }) => result.text)
  const seen = origins.map((origin, at) => [origin, texts[at]])
  const turnOf = new Map<string, string | undefined>()
  for (const event of events) if (event._tag === "ToolStarted") turnOf.set(event.toolId, event.turnId)
  return [
    ...(JSON.stringify(seen) === JSON.stringify(turns) ? [] : [`the turns were ${JSON.stringify(seen)}`]),
    ...(JSON.stringify(started.toSorted()) === JSON.stringify(ended.toSorted()) ? [] : ["not each task ended once"]),
    ...events.flatMap(({ _tag, parentToolId, turnId }) => {
      const own = parentToolId === undefined || turnId === undefined || turnOf.get(parentToolId) === turnId
      return own ? [] : [`${_tag} of a subagent is in a turn that is not the one of its call`]
    }),
    ...events.filter(AgentEvent.is("TextCompleted")).flatMap(({ parentToolId, text }) => {
      const right = (text === "report") === (parentToolId !== undefined)
      return right ? [] : [`"${text}" is said by the wrong one`]
    })
  ]
}
