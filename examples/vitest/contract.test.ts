/** The behaviours that every adapter must show, asked of one. */
import { describe, it } from "@effect/vitest"
import { Effect } from "effect"
import { AgentAdapter } from "effect-agent-session"
import { AdapterContract, AgentScript, MockAdapter } from "effect-agent-session/testing"
import { TestClock } from "effect/testing"

const scripts = new Map<string, AgentScript.Turn>()

const rig: AdapterContract.Rig = {
  name: "mock",
  can: new Set(["tools", "silence"]),
  options: {},
  prompt: (turn) => {
    const text = `Do turn ${scripts.size + 1}.`
    scripts.set(text, turn)
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
  startup: () => AgentAdapter.AgentAdapter,
  sent: Effect.succeed([])
}

const layer = MockAdapter.layer(({ text }) => scripts.get(text) ?? [AgentScript.echo])

describe("my adapter", () => {
  for (const behaviour of AdapterContract.behaviours.filter(AdapterContract.applies(rig, MockAdapter.capabilities))) {
    it.effect(behaviour.title, () => Effect.provide(behaviour.run(rig), layer))
  }
})
