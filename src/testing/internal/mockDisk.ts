/**
 * What a mock agent has on disk: conversations, by id, as long as the adapter lives; and which of them are open, since
 * one conversation has one writer.
 */
import * as Result from "effect/Result"
import type { SessionInfo, SessionQuery, Start, TranscriptMessage, TranscriptOptions } from "../../AgentAdapter.ts"
import { type Reason, SessionInUse, SessionNotFound, StartupFailed } from "../../AgentError.ts"
import * as ids from "../../internal/ids.ts"
import type { Asked } from "../AgentScript.ts"

interface Entry {
  readonly message: TranscriptMessage
  readonly text: string
}

export class Conversation {
  readonly id: ids.SessionId
  readonly cwd: string | undefined
  readonly createdAt: number
  updatedAt: number
  readonly #entries: Array<Entry>

  constructor(id: string, cwd: string | undefined, now: number, entries: ReadonlyArray<Entry> = []) {
    this.id = ids.sessionId(id)
    this.cwd = cwd
    this.createdAt = now
    this.updatedAt = now
    this.#entries = [...entries]
  }

  add(role: "user" | "assistant", id: string, text: string, content: unknown, at: number): void {
    this.#entries.push({ message: { id, role, content, at }, text })
    this.updatedAt = at
  }

  get messages(): ReadonlyArray<TranscriptMessage> {
    return this.#entries.map(({ message }) => message)
  }

  /** What was said, a prompt and its reply at a time. */
  get history(): Asked["history"] {
    const history: Array<{ prompt: string; reply: string }> = []
    for (const { message, text } of this.#entries) {
      const last = history.at(-1)
      if (message.role === "user") history.push({ prompt: text, reply: "" })
      else if (last !== undefined) last.reply += text
    }
    return history
  }

  /** A copy under `id`, up to the message `at`. None when there is no such message. */
  copy(id: string, now: number, at?: string): Conversation | undefined {
    const end =
      at === undefined ? this.#entries.length : this.#entries.findIndex(({ message }) => message.id === at) + 1
    return at !== undefined && end === 0 ? undefined : new Conversation(id, this.cwd, now, this.#entries.slice(0, end))
  }
}

const page = <A>(
  items: ReadonlyArray<A>,
  query: { readonly limit?: number | undefined; readonly offset?: number | undefined } | undefined
): ReadonlyArray<A> => {
  const from = query?.offset ?? 0
  return items.slice(from, query?.limit === undefined ? undefined : from + query.limit)
}

export interface Opening {
  readonly conversation: Conversation
  readonly resumed: boolean
}

export class Disk {
  readonly #saved = new Map<string, Conversation>()
  readonly #open = new Map<string, object>()

  save(conversation: Conversation): void {
    // The last one written is the last one of the map.
    this.#saved.delete(conversation.id)
    this.#saved.set(conversation.id, conversation)
  }

  has(id: string): boolean {
    return this.#saved.has(id)
  }

  /** The ids of the conversations that are open. */
  get live(): ReadonlyArray<ids.SessionId> {
    return [...this.#open.keys()].map((id) => ids.sessionId(id))
  }

  /** Makes `owner` the one writer of `id`; false when there is another one. What it held before, it holds no more. */
  hold(id: string, owner: object): boolean {
    if ((this.#open.get(id) ?? owner) !== owner) return false
    this.release(owner)
    this.#open.set(id, owner)
    return true
  }

  release(owner: object): void {
    for (const [id, other] of this.#open) if (other === owner) this.#open.delete(id)
  }

  /** The conversation that a session begins with, held by `owner`. */
  open(start: Start, cwd: string | undefined, now: number, owner: object): Result.Result<Opening, Reason> {
    const begun = this.#begin(start, cwd, now)
    if (Result.isFailure(begun)) return begun
    const { id } = begun.success.conversation
    return this.hold(id, owner) ? begun : Result.fail(new SessionInUse({ id }))
  }

  list(query: SessionQuery | undefined): ReadonlyArray<SessionInfo> {
    const found = this.#newest(query?.cwd).map(({ createdAt, cwd, history, id, updatedAt }): SessionInfo => ({
      id,
      cwd,
      title: history[0]?.prompt,
      createdAt,
      updatedAt
    }))
    return page(found, query)
  }

  transcript(
    id: string,
    options: TranscriptOptions | undefined
  ): Result.Result<ReadonlyArray<TranscriptMessage>, Reason> {
    const conversation = this.#saved.get(id)
    return conversation === undefined
      ? Result.fail(new SessionNotFound({ id, lookedIn: [] }))
      : Result.succeed(page(conversation.messages, options))
  }

  #begin(start: Start, cwd: string | undefined, now: number): Result.Result<Opening, Reason> {
    const fresh = (id: string): Opening => ({ conversation: new Conversation(id, cwd, now), resumed: false })
    if (start === "new") return Result.succeed(fresh(globalThis.crypto.randomUUID()))
    if (start.resume === undefined && start.continue === undefined) {
      return this.#saved.has(start.sessionId)
        ? Result.fail(new SessionInUse({ id: start.sessionId }))
        : Result.succeed(fresh(start.sessionId))
    }
    const found = start.resume === undefined ? this.#newest(cwd)[0] : this.#saved.get(start.resume)
    if (found === undefined) {
      return Result.fail(new SessionNotFound({ id: start.resume ?? "to continue", lookedIn: [] }))
    }
    if (start.fork !== true && start.at === undefined) return Result.succeed({ conversation: found, resumed: true })
    const id = start.fork === true ? (start.sessionId ?? globalThis.crypto.randomUUID()) : found.id
    if (start.fork === true && this.#saved.has(id)) return Result.fail(new SessionInUse({ id }))
    const conversation = found.copy(id, now, start.at)
    return conversation === undefined
      ? Result.fail(
          new StartupFailed({ description: `there is no message ${start.at} in session ${found.id}`, stderrTail: "" })
        )
      : Result.succeed({ conversation, resumed: true })
  }

  #newest(cwd: string | undefined): ReadonlyArray<Conversation> {
    return [...this.#saved.values()]
      .toReversed()
      .filter((conversation) => cwd === undefined || conversation.cwd === cwd)
  }
}
