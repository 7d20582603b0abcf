/** The spawner of `DirectSpawner.ts`: agents of ours are started here, everything else beneath. */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type ChildProcessHandle, ChildProcessSpawner, make } from "effect/process/ChildProcessSpawner"
import * as Scope from "effect/Scope"
import { settingsOf } from "./agentCommand.ts"
import * as DirectChild from "./directChild.ts"

/** Nothing that stays with the child is to reach the command: a whole environment is in it. */
const owned = (child: DirectChild.DirectChild): Effect.Effect<ChildProcessHandle, never, Scope.Scope> =>
  Effect.flatMap(Effect.scope, (scope) => Effect.as(Scope.addFinalizer(scope, child.release), child.handle()))

const over = (beneath: ChildProcessSpawner["Service"]): ChildProcessSpawner["Service"] =>
  make((command) => {
    const settings = settingsOf(command)
    if (settings === undefined) return beneath.spawn(command)
    return Effect.uninterruptibleMask((restore) =>
      Effect.suspend(() => {
        const child = DirectChild.spawn(settings)
        // What cannot be started fails as it does beneath.
        return child === undefined ? restore(beneath.spawn(command)) : owned(child)
      })
    )
  })

export const layer: Layer.Layer<ChildProcessSpawner, never, ChildProcessSpawner> = Layer.effect(
  ChildProcessSpawner,
  Effect.map(ChildProcessSpawner, over)
)
