/**
 * Which response comes next in a conversation: the next step of the last script in it, or an answer of the mock's own.
 * The server keeps no conversation; what the client sends back tells where the script stands.
 */
import { errorStep, parse, ScriptError, type Step, textStep } from "./mockApiScript.ts"

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/**
 * One thing said. The client writes two things in the user's name: a notice, when a response was cut short and has to go
 * on, and a break, when what follows has nothing to do with the turn before (an interrupt, a side question).
 */
type Entry =
  | { readonly kind: "user"; readonly text: string; readonly steered: boolean }
  | { readonly kind: "notice" | "break" | "toolResult" | "assistant" }

const steering = /^(?:<system-reminder>\n)?The user sent a new message while you were working:\n([^]*?)(?:\n\n|\n<\/|$)/

const userEntry = (text: string): Entry => {
  if (/^(\[Request interrupted by user|<system-reminder>This is a side question)/.test(text)) return { kind: "break" }
  if (/^(Your response above was |Output token limit hit)/.test(text)) return { kind: "notice" }
  const steer = steering.exec(text)?.[1]
  return { kind: "user", text: steer ?? text, steered: steer !== undefined }
}

const textOf = (block: unknown): string | undefined =>
  isRecord(block) && typeof block["text"] === "string" ? block["text"] : undefined

const blocks = (content: unknown): ReadonlyArray<unknown> => {
  if (typeof content === "string") return [{ type: "text", text: content }]
  return Array.isArray(content) ? content : []
}

const messageEntries = (message: Readonly<Record<string, unknown>>): ReadonlyArray<Entry> =>
  blocks(message["content"]).flatMap((block): ReadonlyArray<Entry> => {
    if (isRecord(block) && block["type"] === "tool_result") return [{ kind: "toolResult" }]
    const text = textOf(block)
    if (text === undefined) return []
    // What the client says as the system is no part of the conversation, but for messages it took in during a turn.
    return message["role"] === "user" || steering.test(text) ? [userEntry(text)] : []
  })

const conversation = (messages: unknown): ReadonlyArray<Entry> => {
  const entries: Array<Entry> = []
  // Assistant messages in a row are one response that the client has split; a notice with none before it is about a
  // response of which nothing survived.
  const answered = () => {
    if (entries.at(-1)?.kind !== "assistant") entries.push({ kind: "assistant" })
  }
  for (const message of Array.isArray(messages) ? messages : []) {
    if (!isRecord(message)) continue
    if (message["role"] === "assistant") {
      answered()
      continue
    }
    for (const entry of messageEntries(message)) {
      if (entry.kind === "notice") answered()
      entries.push(entry)
    }
  }
  return entries
}

/** What the user has typed in a text. The client wraps what it adds by itself in tags. */
const typed = (text: string): string => text.replaceAll(/<([a-z][\w-]*)>[^]*?<\/\1>/g, "").trim()

const statement =
  /\b(my|the) ([a-z][\w -]{0,40}?) (?:is|was) (?:called )?(?!what\b)([^\n]+?)(?= and | but |[.?!,;]+(?:\s|$)|\s*$|\n)/gi
const question = /\bwhat(?:'s| is| was) (my|the) ([a-z][\w -]{0,40}?)\s*\?/i

const recall = (asked: RegExpExecArray, texts: ReadonlyArray<string>): string => {
  const [, owner = "", thing = ""] = asked
  const known = texts
    .flatMap((text) => [...text.matchAll(statement)])
    .findLast(
      (said) => said[1]?.toLowerCase() === owner.toLowerCase() && said[2]?.toLowerCase() === thing.toLowerCase()
    )
  const subject = owner.toLowerCase() === "my" ? `your ${thing}` : `the ${thing}`
  if (known === undefined) return `I do not know ${subject}.`
  return `${subject[0]?.toUpperCase()}${subject.slice(1)} is ${known[3]}.`
}

/** The script in a text. A broken one is an API error that says what is wrong with it. */
const script = (text: string): ReadonlyArray<Step> => {
  try {
    return parse(text)
  } catch (error) {
    if (error instanceof ScriptError) return [errorStep(400, `mock script: ${error.message}`)]
    throw error
  }
}

const prompts = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  entries.flatMap((entry) => (entry.kind === "user" ? [typed(entry.text)] : [])).filter((text) => text !== "")

const sinceLastAnswer = (entries: ReadonlyArray<Entry>): ReadonlyArray<Entry> =>
  entries.slice(entries.findLastIndex((entry) => entry.kind === "assistant") + 1)

const answer = (entries: ReadonlyArray<Entry>): string => {
  const last = prompts(sinceLastAnswer(entries)).at(-1)
  if (last === undefined) return "Noted."
  if (script(last).length > 0) return "The script is over."
  const asked = question.exec(last)
  return asked === null ? `You said: ${last}` : recall(asked, prompts(entries))
}

/** What the client asks for its own purposes, with the user's prompts in it as material: no script runs there. */
const chore = (entries: ReadonlyArray<Entry>): string | undefined => {
  const last = entries.at(-1)
  if (last?.kind !== "user") return undefined
  if (last.text.startsWith("<session>")) return JSON.stringify({ title: "Mock session" })
  if (!/^.{0,1000}Your task is to create a detailed summary of the conversation/s.test(last.text)) return undefined
  const said = prompts(entries.slice(0, -1)).filter((text) => script(text).length === 0)
  return `<summary>\nThe user said:\n${said.join("\n")}\n</summary>`
}

/** A step that fails may do so a number of times; this counts, because a failed attempt leaves no trace in the messages. */
export interface Failures {
  readonly count: (key: string) => number
  readonly add: (key: string) => void
}

/** The client keeps the blocks that were complete before a fault; the last one never is. */
const leavesMessage = (step: Step): boolean => step.fault === undefined || step.blocks.length > 1

/** A request without a stream is how the client gets past a stream that does not work; it meets only what can hit it. */
const hits = (step: Step, stream: boolean): boolean =>
  stream || step.fault?.kind === "error" || step.fault?.kind === "cut"

const scripted = (
  entries: ReadonlyArray<Entry>,
  session: string,
  stream: boolean,
  failures: Failures
): Step | undefined => {
  const at = entries.findLastIndex(
    (entry) => entry.kind === "break" || (entry.kind === "user" && script(entry.text).length > 0)
  )
  const entry = entries[at]
  if (entry?.kind !== "user") return undefined
  const after = entries.slice(at + 1)
  let answered = after.filter((entry) => entry.kind === "assistant").length
  for (const [index, step] of script(entry.text).entries()) {
    const key = JSON.stringify([session, at, index, entry.text])
    if (leavesMessage(step)) {
      if (answered === 0) return step
      answered--
    } else if (answered === 0 && hits(step, stream) && failures.count(key) < step.times) {
      // The turn that failed is over, and the script with it, when a new prompt stands behind it.
      if (prompts(sinceLastAnswer(after).filter((entry) => entry.kind === "user" && !entry.steered)).length > 0) break
      failures.add(key)
      return step
    }
  }
  return undefined
}

/** The response to a request body. `session` keeps the failures of one conversation apart from those of another. */
export const reply = (body: Readonly<Record<string, unknown>>, session: string, failures: Failures): Step => {
  const entries = conversation(body["messages"])
  const own = chore(entries)
  if (own !== undefined) return textStep(own)
  return scripted(entries, session, body["stream"] === true, failures) ?? textStep(answer(entries))
}
