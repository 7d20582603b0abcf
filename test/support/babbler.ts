/**
 * A Claude Code that does its turns, and talks a lot of nonsense while it does: what it says comes damaged and in pieces.
 * How much of that, a seed decides; what it has said is known.
 */
import { Buffer } from "node:buffer"
import type { JsonObject } from "../../src/claude/ClaudeMessage.ts"
import { damaged, pieces } from "./damage.ts"
import type { Hears, MemoryProcess } from "./memoryProcess.ts"
import type { Random } from "./random.ts"

export interface Turn {
  readonly uuid: string
  /** The pieces of its answer, as they were meant. */
  readonly texts: ReadonlyArray<string>
  readonly end: "result" | "exit" | "silence"
}

export interface Babbler {
  /** A process of it. */
  readonly behave: (process: MemoryProcess) => Hears
  /** It says nothing any more, in a turn that should have an end. */
  readonly isSilent: () => boolean
  /** The turns it was sent, in order. */
  readonly turns: ReadonlyArray<Turn>
  /** What each of its processes has said; half a line, after which it was ended, nobody need hear. */
  readonly said: () => ReadonlyArray<Buffer>
}

export interface Options {
  readonly random: Random
  /** Lines that may stand between its own. */
  readonly noise: ReadonlyArray<Buffer>
  /** How many of its own lines are damaged, from 0 to 1; with 0 each turn ends well. */
  readonly damage: number
}

const words = ["é", "漢字", "😀", "\n", ' "so" ', "\\", "\u2028", "ok ", "{", "\u0000"]

const newline = Buffer.from("\n")

export const make = ({ damage, noise, random }: Options): Babbler => {
  const turns: Array<Turn> = []
  const said: Array<{ readonly bytes: Array<Buffer>; exited: boolean }> = []
  let counted = 0
  let isSilent = false
  const id = (): string => `00000000-0000-4000-8000-${(++counted).toString(16).padStart(12, "0")}`
  const token = (): string => `<${random.below(2 ** 32).toString(36)}.${++counted}>`

  const behave = ({ args, exit, say }: MemoryProcess): Hears => {
    const session_id = args.find((arg) => arg.startsWith("--session-id="))?.slice("--session-id=".length) ?? id()
    const mine = { bytes: new Array<Buffer>(), exited: false }
    said.push(mine)

    const speak = (lines: ReadonlyArray<Buffer>, cutOff = 0): void => {
      const whole = Buffer.concat(lines.flatMap((line) => [line, newline]))
      const bytes = whole.subarray(0, whole.length - cutOff)
      mine.bytes.push(bytes)
      for (const piece of pieces(bytes, random)) say(piece)
    }
    const line = (frame: JsonObject): Buffer => Buffer.from(JSON.stringify(frame))
    const noisy = (lines: ReadonlyArray<Buffer>): ReadonlyArray<Buffer> =>
      lines.flatMap((line) => {
        const spoken = random.chance(damage) ? damaged(line, random) : line
        const between = random.chance(0.3) ? random.pick(noise) : undefined
        return between === undefined ? [spoken] : [between, spoken]
      })

    const result = (uuid: string, fields: JsonObject = {}): JsonObject => ({
      type: "result",
      subtype: "success",
      is_error: false,
      num_turns: 1,
      result: "",
      stop_reason: "end_turn",
      session_id,
      total_cost_usd: turns.length * 0.01,
      usage: { input_tokens: 1, output_tokens: 1 },
      user_message_uuid: uuid,
      user_message_uuids: [uuid],
      uuid: id(),
      ...fields
    })

    const block = (messageId: string, index: number, texts: ReadonlyArray<string>): ReadonlyArray<JsonObject> => {
      const stream = (event: JsonObject): JsonObject => ({
        type: "stream_event",
        event,
        session_id,
        parent_tool_use_id: null,
        uuid: id()
      })
      return [
        stream({ type: "content_block_start", index, content_block: { type: "text", text: "" } }),
        ...texts.map((text) => stream({ type: "content_block_delta", index, delta: { type: "text_delta", text } })),
        {
          type: "assistant",
          message: {
            id: messageId,
            type: "message",
            role: "assistant",
            content: [{ type: "text", text: texts.join("") }]
          },
          parent_tool_use_id: null,
          session_id,
          uuid: id()
        },
        stream({ type: "content_block_stop", index })
      ]
    }

    const answer = (messageId: string, blocks: ReadonlyArray<ReadonlyArray<string>>): ReadonlyArray<JsonObject> => [
      {
        type: "stream_event",
        event: { type: "message_start", message: { id: messageId, type: "message", role: "assistant", content: [] } },
        session_id,
        parent_tool_use_id: null,
        uuid: id()
      },
      ...blocks.flatMap((texts, index) => block(messageId, index, texts))
    ]

    const turn = (uuid: string): void => {
      const blocks = Array.from({ length: 1 + random.below(3) }, () =>
        Array.from({ length: 1 + random.below(8) }, () => `${token()}${random.pick(words)}`)
      )
      const end = damage === 0 || random.chance(0.75) ? "result" : random.chance(0.6) ? "exit" : "silence"
      isSilent = false
      turns.push({ uuid, texts: blocks.flat(), end })
      const frames: ReadonlyArray<JsonObject> = [
        { type: "system", subtype: "init", cwd: "/", session_id, user_message_uuids: [uuid], uuid: id() },
        ...(random.chance(0.2) ? [result(id())] : []),
        ...answer(`msg_${++counted}`, blocks),
        ...(damage > 0 && random.chance(0.3) ? [result(uuid)] : [])
      ]
      const lines = noisy(frames.map(line))
      if (end === "result") return speak([...lines, line(result(uuid, random.chance(0.2) ? { usage: "drifted" } : {}))])
      speak(lines, random.below(300))
      isSilent = end === "silence"
      if (isSilent) return
      mine.exited = true
      exit(random.below(3))
    }

    const reply = (request_id: unknown, response: JsonObject): void =>
      speak([line({ type: "control_response", response: { subtype: "success", request_id, response } })])

    return ({ request, request_id, type, uuid }) => {
      if (type === "user") return turn(String(uuid))
      if (type !== "control_request" || typeof request !== "object" || request === null) return
      const subtype = "subtype" in request ? request.subtype : undefined
      if (subtype === "initialize") return reply(request_id, { commands: [], claude_code_version: "2.1.329" })
      if (subtype !== "interrupt" || random.chance(0.5)) return
      // What was cut off is ended first: nobody can read on in half a line.
      speak([Buffer.of()])
      reply(request_id, {})
      const last = turns.at(-1)
      if (last !== undefined) speak([line(result(last.uuid, { is_error: true, subtype: "error_during_execution" }))])
    }
  }

  return {
    behave,
    isSilent: () => isSilent,
    turns,
    said: () =>
      said.map(({ bytes, exited }) => {
        const all = Buffer.concat(bytes)
        return exited ? all : all.subarray(0, all.lastIndexOf(newline) + 1)
      })
  }
}
