/**
 * The last chance when the host ends without closing its sessions (`process.exit`, an uncaught exception): one listener
 * for all of them SIGKILLs the process groups that are still registered. A signal that ends the host at once is out of
 * its reach; there the agents see the end of their stdin.
 */

const groups = new Set<number>()

const killAll = (): void => {
  for (const group of groups) {
    try {
      process.kill(-group, "SIGKILL")
    } catch {
      // gone already
    }
  }
}

/**
 * Registers a process group until the returned function is called. Call it as soon as the exit of the leader is seen:
 * up to then its pid cannot belong to anybody else, after it can.
 */
export const register = (leader: number): (() => void) => {
  if (groups.size === 0) process.on("exit", killAll)
  groups.add(leader)
  return () => {
    if (groups.delete(leader) && groups.size === 0) process.off("exit", killAll)
  }
}
