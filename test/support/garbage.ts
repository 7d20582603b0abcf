/** What is garbage, seen by who holds it weakly. */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

export const collectGarbage = async (): Promise<void> => {
  setFlagsFromString("--expose-gc")
  // a WeakRef that was made or read in this turn of the event loop keeps its target until the next one
  await new Promise((resolve) => setImmediate(resolve))
  runInNewContext("gc")()
}
