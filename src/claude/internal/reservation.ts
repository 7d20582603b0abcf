/**
 * One writer for each conversation: the CLI has no lock on it, and the last writer wins.
 */

// One list for the whole program: adapters come and go, the files are the same.
const openConversations = new Set<string>()

export const isOpen = (key: string): boolean => openConversations.has(key)

/** By what a conversation is told from those of other configurations. */
export const keyOf = (configDir: string, sessionId: string): string => `${configDir}\n${sessionId}`

/** Holds one conversation at a time; which one it is changes when it is cleared. */
export class Reservation {
  #held: string | undefined

  take(key: string): boolean {
    if (key === this.#held) return true
    if (openConversations.has(key)) return false
    this.release()
    openConversations.add(key)
    this.#held = key
    return true
  }

  release(): void {
    if (this.#held !== undefined) openConversations.delete(this.#held)
    this.#held = undefined
  }
}
