/** Options as an adapter receives them when the user writes nothing, and what is laid over them. */
import * as Duration from "effect/Duration"
import type { ResolvedClaudeOptions } from "../../src/claude/ClaudeOptions.ts"

const timeout = Duration.seconds(1)

const defaults: ResolvedClaudeOptions = {
  persist: true,
  partialMessages: true,
  start: "new",
  turns: { policy: "queue", capacity: 16 },
  buffer: 1024,
  timeouts: {
    startup: timeout,
    idle: timeout,
    turn: timeout,
    control: timeout,
    permission: timeout,
    interrupt: timeout,
    shutdown: timeout
  }
}

export const resolved = (over: Partial<ResolvedClaudeOptions> = {}): ResolvedClaudeOptions => ({ ...defaults, ...over })

export const claude = (only: ResolvedClaudeOptions["claude"]): ResolvedClaudeOptions => resolved({ claude: only })
