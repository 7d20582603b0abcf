/** The spawner of `DirectSpawner.ts`: agents of ours are started here, everything else beneath. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { ChildProcessSpawner, make } from "effect/process/ChildProcessSpawner"
import { settingsOf } from "./agentCommand.ts"
import * as DirectChild from "./directChild.ts"

const over = (beneath: ChildProcessSpawner["Service"]): ChildProcessSpawner["Service"] =>
  make((command) => {
    const settings = settingsOf(command)
    if (settings === undefined) return beneath.spawn(command)
    const child = Effect.acquireRelease(
      Effect.sync(() => DirectChild.spawn(settings)),
      (started) => started?.release ?? Effect.void
    )
    // What cannot be started fails as it does beneath.
    return Effect.flatMap(child, (started) =>
      started === undefined ? beneath.spawn(command) : Effect.succeed(started.handle())
    )
  })

export const layer: Layer.Layer<ChildProcessSpawner, never, ChildProcessSpawner> = Layer.effect(
  ChildProcessSpawner,
  Effect.map(ChildProcessSpawner, over)
)
