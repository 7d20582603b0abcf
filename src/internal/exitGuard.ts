/**
 * The last chance when the host ends without closing its sessions: by `process.exit`, an uncaught error, or a signal
 * that nobody else listens for. What its agents are and have started is killed on the spot. Out of its reach is a host
 * that is killed with -9; what that leaves is for `spawnRegistry.ts`.
 */
import { table } from "./processTable.ts"
import * as ProcessTree from "./processTree.ts"

export interface Guarded {
  readonly tree: ProcessTree.Tree
  /** runs when the tree is dead */
  readonly forget: () => void
}

const signals = ["SIGHUP", "SIGINT", "SIGTERM"] as const

const guarded = new Set<Guarded>()

const killAll = (): void => {
  ProcessTree.sweepNow(
    table,
    Array.from(guarded, ({ tree }) => tree)
  )
  for (const one of guarded) one.forget()
}

/** Whoever listens too decides what the signal means; otherwise it goes on, so that the host ends by it. */
const onSignal = (signal: NodeJS.Signals): void => {
  if (process.listenerCount(signal) > 1) return
  killAll()
  process.off(signal, onSignal)
  process.kill(process.pid, signal)
}

/** Guards a tree until the returned function is called. */
export const register = (one: Guarded): (() => void) => {
  if (guarded.size === 0) {
    process.on("exit", killAll)
    for (const signal of signals) process.on(signal, onSignal)
  }
  guarded.add(one)
  return () => {
    if (!guarded.delete(one) || guarded.size > 0) return
    process.off("exit", killAll)
    for (const signal of signals) process.off(signal, onSignal)
  }
}
