/** What a short command says: for questions to a program that is not (yet) an agent's process. */
import * as Effect from "effect/Effect"
import * as ChildProcess from "effect/process/ChildProcess"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import type { Environment } from "./agentCommand.ts"
import { live } from "./liveClock.ts"

const deadline = "5 seconds"

/** Nothing when it cannot be run, or takes too long. */
export const commandOutput = Effect.fnUntraced(function* (
  executable: string,
  args: ReadonlyArray<string>,
  env: Environment
): Effect.fn.Return<string, never, ChildProcessSpawner> {
  const spawner = yield* ChildProcessSpawner
  const command = ChildProcess.make(executable, args, { env, extendEnv: false, forceKillAfter: "1 second" })
  return yield* spawner.string(command).pipe(
    Effect.timeout(deadline),
    live,
    Effect.orElseSucceed(() => "")
  )
})
