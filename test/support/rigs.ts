/** The rigs of the adapter contract: a mock adapter on TestClock, and the Claude adapter on the fake CLI. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { TestClock } from "effect/testing"
import { AgentAdapter, AgentError } from "effect-agent-session"
import { type AdapterContract, AgentScript, MockAdapter } from "effect-agent-session/testing"
import * as Fake from "./fakeRig.ts"
import { render } from "./promptScript.ts"

const everywhere: ReadonlyArray<AdapterContract.Ability> = [
  "tools",
  "asks",
  "questions",
  "forms",
  "lends",
  "parallelAsks",
  "withdraws",
  "silence",
  "crash",
  "malformed",
  "unknownFrames",
  "failures",
  "reasoning",
  "subagents",
  "spending",
  "output",
  "agentTurns",
  "pace",
  "flood",
  "ignoresInterrupts",
  "ignoresRequests",
  "startups",
  "sent"
]

/** What the fake CLI can be made to do. */
export const fakeCan: ReadonlySet<AdapterContract.Ability> = new Set(everywhere)

const startups = {
  silent: "silent",
  failing: { fails: new AgentError.StartupFailed({ description: "no licence", stderrTail: "licence missing" }) }
} as const

/** A rig of its own for each test: what it was told stays in it. */
export const makeMockRig: Effect.Effect<{
  readonly rig: AdapterContract.Rig
  readonly layer: Layer.Layer<AgentAdapter.AgentAdapter>
}> = Effect.gen(function* () {
  const turns = new Map<string, AgentScript.Turn>()
  const mock = yield* MockAdapter.make(({ text }) => turns.get(text) ?? [AgentScript.echo])
  return {
    layer: Layer.succeedContext(Context.make(AgentAdapter.AgentAdapter, mock)),
    rig: {
      name: "mock",
      can: new Set([...everywhere, "tasks"]),
      options: {},
      prompt: (turn) => {
        const text = `turn ${turns.size + 1}`
        turns.set(text, turn)
        return text
      },
      advance: (duration) => TestClock.adjust(duration),
      timeouts: {
        startup: "1 minute",
        idle: "1 minute",
        turn: "2 minutes",
        control: "30 seconds",
        permission: "1 minute",
        interrupt: "5 seconds"
      },
      startup: (how) => MockAdapter.make([], { startup: startups[how] }),
      sent: Effect.map(mock.sent, (sent) => sent.map(({ text }) => text))
    }
  }
})

const faults = { silent: "no-initialize", failing: "exit-at-start=3" } as const

/** The prompts among what a CLI was sent. */
const promptsOf = (record: ReadonlyArray<{ readonly [key: string]: unknown }>): ReadonlyArray<string> =>
  record.flatMap((line) => {
    const frame = line["in"]
    if (typeof frame !== "object" || frame === null || !("type" in frame) || frame.type !== "user") return []
    const text = JSON.stringify(frame)
    const [mark] = /#\d+#/.exec(text) ?? []
    return mark === undefined ? [] : [mark]
  })

/** A rig in a home of its own. A prompt is known by its mark, `#1#`. */
export const makeFakeRig: Effect.Effect<AdapterContract.Rig, never, FileSystem.FileSystem | Scope.Scope> = Effect.gen(
  function* () {
    const home = yield* Fake.home
    const options = home.options()
    const prompts = new Map<string, string>()
    const faulty = (fault: string) => home.options({ FAKE_CLAUDE_FAULT: fault }).env
    return {
      name: "fake claude",
      can: fakeCan,
      options,
      prompt: (turn) => {
        const mark = `#${prompts.size + 1}#`
        const text = `${mark} ${render(turn)}`
        prompts.set(mark, text)
        return text
      },
      advance: (duration) => Effect.sleep(duration),
      timeouts: {
        startup: "700 millis",
        idle: "800 millis",
        turn: "1500 millis",
        control: "500 millis",
        permission: "400 millis",
        interrupt: "500 millis"
      },
      startup: (how) =>
        Effect.map(AgentAdapter.AgentAdapter, (adapter) => ({
          ...adapter,
          open: (options) => adapter.open({ ...options, env: faulty(faults[how]) })
        })),
      sent: Effect.map(
        Effect.orElseSucceed(home.record, () => []),
        (record) => promptsOf(record).flatMap((mark) => prompts.get(mark) ?? [])
      )
    }
  }
)
