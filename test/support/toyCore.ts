/** A session without an agent, and the events that are made of frames it is told. */
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as ClaudeMessage from "effect-agent-session/claude/ClaudeMessage"
import { MockAdapter } from "effect-agent-session/testing"
import { Events } from "../../src/claude/internal/events.ts"
import * as Core from "../../src/internal/core.ts"
import type { TurnEnd } from "../../src/internal/liveTurn.ts"
import { resolve } from "../../src/internal/resolve.ts"

/** Whose frames become events; the rest is heard elsewhere. */
type Heard = Parameters<Events["message"]>[0]

const elsewhere: ReadonlySet<string> = new Set([
  "result",
  "control_request",
  "control_response",
  "control_cancel_request"
])

const isHeard = (message: ClaudeMessage.ClaudeMessage): message is Heard =>
  !ClaudeMessage.isUnknown(message) && !elsewhere.has(message.type)

export const completed: TurnEnd = { outcome: { _tag: "Completed" } }

/** An agent that does what it is told, which is nothing. */
export const driver: Core.Driver = {
  send: () => Effect.void,
  interrupt: () => Effect.void,
  replace: Effect.void,
  setModel: () => Effect.void,
  setPermissionMode: () => Effect.void,
  steer: () => Effect.void,
  clear: Effect.void,
  transcript: () => Stream.empty,
  closeItems: () => undefined,
  shutdown: Effect.void
}

export const make = Effect.gen(function* () {
  const core: Core.Core = yield* Core.make(
    {
      agent: "toy",
      capabilities: MockAdapter.capabilities,
      resolved: yield* resolve({}),
      host: yield* Effect.context<Core.Host>()
    },
    (): Core.Driver => ({ ...driver, closeItems: (interrupted) => events.closeItems(interrupted) })
  )
  const events = new Events(core)
  const hear = (...frames: ReadonlyArray<object>) =>
    Effect.suspend(() => {
      for (const frame of frames) {
        const message = ClaudeMessage.decode(frame)
        assert.isTrue(isHeard(message), JSON.stringify(frame))
        if (isHeard(message)) events.message(message, 64)
      }
      return core.journal.flush
    })
  yield* core.opened({ resumed: false })
  return { core, events, hear }
})
