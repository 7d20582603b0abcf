/**
 * Which of our prompts the CLI is at. It says so itself: with the ids in the frames of a turn, and with the life of each
 * prompt (`command_lifecycle`). 2.1.197 has neither, and 2.1.300 not the ids at a beginning, so what each process tells
 * decides, and never its version. Where nothing is told, a beginning is taken for that of the prompt that was sent.
 */
import type { CommandLifecycle, Result, SystemInit } from "../ClaudeMessage.ts"

export class Prompts {
  /** The prompt of the turn that was sent and has not ended. */
  #own: string | undefined
  /** Its turn has begun. */
  #begun = false
  #life: CommandLifecycle["state"] | undefined
  /** Said into a running turn, and not yet taken in. */
  #steers: ReadonlyArray<string> = []
  /** This process tells the life of prompts. */
  #tells = false

  sent(id: string): void {
    this.#own = id
    this.#begun = false
    this.#life = undefined
  }

  steered(id: string): void {
    this.#steers = [...this.#steers, id]
  }

  /** Another process: it knows none of them. */
  reset(): void {
    this.#own = undefined
    this.#tells = false
    this.#steers = []
  }

  /** Whether a prompt that was sent waits behind what the CLI does. */
  waits(id: string): boolean {
    return this.#own === id && !this.#begun && this.#life === "queued"
  }

  /** Something was said into a turn that is not taken in. If the turn ends now, it will be a turn of its own. */
  get isLate(): boolean {
    return this.#steers.length > 0
  }

  /** And nothing else waits: all that waits may be dropped. */
  get isLateAlone(): boolean {
    return this.isLate && (this.#own === undefined || !this.waits(this.#own))
  }

  /** "dropped": our prompt will have no turn; "unsaid": the last of what was said into a turn will have none. */
  lives({ command_uuid: id, state }: CommandLifecycle): "dropped" | "unsaid" | undefined {
    this.#tells = true
    if (id === this.#own) {
      this.#life = state
      return state === "cancelled" && !this.#begun ? "dropped" : undefined
    }
    if (state === "queued" || !this.#steers.includes(id)) return undefined
    this.#steers = this.#steers.filter((steer) => steer !== id)
    return state === "cancelled" && !this.isLate ? "unsaid" : undefined
  }

  /** A turn begins. True when it is that of our prompt. */
  begins({ user_message_uuids: ids }: SystemInit): boolean {
    const own = this.#own
    if (own === undefined) return false
    // It may be told twice.
    const isNamed = ids?.includes(own) === true
    if (this.#begun) return isNamed
    this.#begun = isNamed || (ids === undefined && (!this.#tells || this.#life === "started"))
    return this.#begun
  }

  /** A turn ends. True when it is that of our prompt. */
  ends({ origin, user_message_uuid, user_message_uuids }: Result): boolean {
    const own = this.#own
    if (own === undefined) return false
    const ids = user_message_uuids ?? (user_message_uuid === undefined ? undefined : [user_message_uuid])
    const foreign = origin?.kind !== undefined && origin.kind !== "human"
    const ours = ids !== undefined ? ids.includes(own) : !foreign && !(this.#tells && this.#life === "queued")
    if (ours) this.#own = undefined
    // Its beginning was taken for ours, which is still to come.
    else if (!this.#tells) this.#begun = false
    return ours
  }
}
