/** Signals by pid or by group, to what may be gone already: the one place where they are sent. */

/**
 * Sends a signal to a pid, or to a group when negative; 0 asks whether it is there. `false`: there is nobody, or nobody
 * that may be signalled. Never goes to everybody, to the first process or to this one.
 */
export const send = (target: number, signal: NodeJS.Signals | 0): boolean => {
  if (Math.abs(target) <= 1 || Math.abs(target) === process.pid) return false
  try {
    return process.kill(target, signal)
  } catch {
    return false
  }
}

/** whether a process group has a member, be it a zombie */
export const groupExists = (group: number): boolean => send(-group, 0)
