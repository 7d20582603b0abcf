import { describe } from "@effect/vitest"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { endsClean, isReaped, type Rig } from "../support/hostDeath.ts"
import { executable } from "./agents.ts"
import { claude } from "./support.ts"

const onClaude = (title: string, test: (rig: Rig) => Effect.Effect<void, never, Scope.Scope>): void =>
  claude(title, ({ base, bash, cwd, home, running }) =>
    test({ executable: executable(), home, cwd, env: base.env.set, prompt: bash, running })
  )

describe("a host that ends while Bash of the real CLI runs", () => {
  for (const signal of ["SIGHUP", "SIGTERM", "SIGINT"] as const) {
    onClaude(`rule 10: by ${signal}, leaves nothing and dies of it`, (rig) =>
      endsClean(rig, (host) => host.kill(signal), { code: null, signal })
    )
  }

  onClaude("rule 10: by process.exit, leaves nothing", (rig) =>
    endsClean(rig, (host) => host.say("exit"), { code: 7, signal: null })
  )

  onClaude("rule 10: by an uncaught error, leaves nothing", (rig) =>
    endsClean(rig, (host) => host.say("throw"), { code: 1, signal: null })
  )

  onClaude("rule 10: by an unhandled rejection, leaves nothing", (rig) =>
    endsClean(rig, (host) => host.say("reject"), { code: 1, signal: null })
  )

  onClaude("rule 10: by kill -9, leaves what the next host ends", isReaped)
})
