/**
 * With `DRIFT_RECORD=<folder>`, every byte that the CLIs of the end-to-end tests write to stdout is kept there, a file a
 * process. `npm run drift` reads them.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Stream from "effect/Stream"
import * as fs from "node:fs"

const recorded = (folder: string) =>
  Layer.effect(
    ChildProcessSpawner.ChildProcessSpawner,
    Effect.map(ChildProcessSpawner.ChildProcessSpawner, ({ spawn }) =>
      ChildProcessSpawner.make((command) =>
        Effect.map(spawn(command), (handle) => {
          const file = `${folder}/${process.pid}-${handle.pid}.ndjson`
          return ChildProcessSpawner.makeHandle({
            ...handle,
            stdout: Stream.tap(handle.stdout, (bytes) => Effect.sync(() => fs.appendFileSync(file, bytes)))
          })
        })
      )
    )
  )

const folder = process.env["DRIFT_RECORD"]

/** What Node gives, and the recording when it is asked for. */
export const services: Layer.Layer<NodeServices.NodeServices> =
  folder === undefined ? NodeServices.layer : recorded(folder).pipe(Layer.provideMerge(NodeServices.layer))
