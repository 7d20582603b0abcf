/**
 * What the mock Messages API is told to do, as text in a prompt. Each `[[...]]` is one API response; `;;` separates
 * the parts of one response.
 *
 * ```txt
 * [[text:Hello world]]                                  streamed in 3 deltas
 * [[text deltas=200 delay=5:Hello ...]]                 200 deltas, 5 ms apart
 * [[text repeat=100000:0123456789]]                     1 MB of text
 * [[thinking:let me see ;; text:42]]                    a signed thinking block, then text
 * [[tool:Bash {"command":"ls"}]] [[text:done]]          a call, then (when its result is there) text
 * [[tool:Read {"file_path":"/a"} ;; tool:Bash {"command":"ls"}]]    two calls in one message
 * [[error:529]]  [[error:400 prompt is too long]]       always; the API's error body
 * [[error times=2 retry-after=1:429]] [[text:ok]]       twice, then the script goes on
 * [[error x-should-retry=false:500]]
 * [[text:half ;; cut]]                                  the socket dies in mid-stream
 * [[text:half ;; silence]]  [[silence]]                 nothing more after the delta, after the headers
 * [[text:half ;; sse-error:overloaded_error]]           an error event in the stream
 * [[hang]]                                              not even headers
 * [[text:half ;; stop:max_tokens]]  [[text:no ;; stop:refusal]]
 * [[text:hi ;; usage input=100 output=20 cache-read=50 cache-write=7]]
 * ```
 *
 * cut, silence, hang and sse-error take `times=` too; error, cut and sse-error `delay=`, the ms before it happens. Text is
 * taken as it stands, without the one space before a `;;`; one that begins with `"` is a JSON string, which may hold `]]`
 * and `;;`. `[[` without one of these words after it is no script. A broken script is answered with a 400 that says why.
 *
 * The last script in a conversation counts, and it lasts over several turns until its steps are used up; it ends early
 * with an interrupt, with a new prompt after a turn that failed for good, and with a compaction.
 */

export type Block =
  | { readonly kind: "text" | "thinking"; readonly text: string; readonly pace: Pace }
  | { readonly kind: "tool"; readonly name: string; readonly input: string; readonly pace: Pace }

/** How a block is streamed: in how many deltas, and how many ms apart. */
export interface Pace {
  readonly deltas: number
  readonly delay: number
}

export type Fault =
  | {
      readonly kind: "error"
      readonly status: number
      readonly message: string
      readonly headers: Readonly<Record<string, string>>
      readonly delay: number
    }
  | { readonly kind: "cut" | "silence" | "hang"; readonly delay: number }
  | { readonly kind: "sse-error"; readonly type: string; readonly delay: number }

export interface Usage {
  readonly input: number
  readonly output: number
  readonly cacheRead: number
  readonly cacheWrite: number
}

/** One API response. A fault comes after the blocks and replaces the end of the message. */
export interface Step {
  readonly blocks: ReadonlyArray<Block>
  readonly fault: Fault | undefined
  /** How often the fault happens before the script goes on with the next step. */
  readonly times: number
  readonly stopReason: string
  readonly usage: Usage
}

/** A script that cannot be meant as it is written. */
export class ScriptError extends Error {
  override readonly name = "ScriptError"
}

const defaultUsage: Usage = { input: 10, output: 20, cacheRead: 0, cacheWrite: 0 }

const defaultPace: Pace = { deltas: 3, delay: 0 }

/** In ms. A client drops what it has not read yet when a connection dies; this lets it read the deltas before. */
const faultDelay = 50

export const textStep = (text: string): Step => ({
  blocks: [{ kind: "text", text, pace: defaultPace }],
  fault: undefined,
  times: Number.POSITIVE_INFINITY,
  stopReason: "end_turn",
  usage: defaultUsage
})

export const errorStep = (status: number, message: string): Step => ({
  ...textStep(""),
  blocks: [],
  fault: { kind: "error", status, message, headers: {}, delay: 0 }
})

type Kind = keyof typeof optionsOf

const optionsOf = {
  text: ["deltas", "delay", "repeat"],
  thinking: ["deltas", "delay", "repeat"],
  tool: ["deltas", "delay"],
  error: ["times", "delay", "retry-after", "x-should-retry"],
  cut: ["times", "delay"],
  silence: ["times"],
  hang: ["times"],
  "sse-error": ["times", "delay"],
  stop: [],
  usage: ["input", "output", "cache-read", "cache-write"]
} as const

const isKind = (word: string | undefined): word is Kind => word !== undefined && Object.hasOwn(optionsOf, word)

const head = new RegExp(`(${Object.keys(optionsOf).join("|")})((?: +[a-z-]+=[^\\s:;\\]]+)*)(:| *(?=;;|\\]\\]))`, "y")

interface Part {
  readonly kind: Kind
  readonly options: ReadonlyMap<string, string>
  readonly payload: string
  readonly end: number
}

const options = (kind: Kind, source: string): ReadonlyMap<string, string> => {
  const known: ReadonlyArray<string> = optionsOf[kind]
  const entries = source
    .trim()
    .split(/ +/)
    .filter((word) => word !== "")
    .map((word): [string, string] => {
      const at = word.indexOf("=")
      return [word.slice(0, at), word.slice(at + 1)]
    })
  const unknown = entries.find(([key]) => !known.includes(key))
  if (unknown !== undefined) {
    throw new ScriptError(`${kind} has no option "${unknown[0]}", it has: ${known.join(", ") || "none"}`)
  }
  return new Map(entries)
}

/** The index after the JSON string or object that begins at `start`. */
const jsonEnd = (text: string, start: number): number => {
  let depth = 0
  let inString = false
  for (let at = start; at < text.length; at++) {
    const char = text[at]
    if (inString) {
      if (char === "\\") at++
      else if (char === '"') inString = false
    } else if (char === '"') inString = true
    else if (char === "{" || char === "[") depth++
    else if (char === "}" || char === "]") depth--
    if (depth === 0 && !inString) return at + 1
  }
  throw new ScriptError(`this JSON has no end: ${text.slice(start, start + 80)}`)
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    throw new ScriptError(`this is not JSON: ${text.slice(0, 80)}`)
  }
}

const rawEnd = (text: string, start: number): number => {
  const close = text.indexOf("]]", start)
  if (close === -1) throw new ScriptError(`"]]" is missing after: ${text.slice(start, start + 80)}`)
  const next = text.indexOf(";;", start)
  return next === -1 || next > close ? close : next
}

const payloadEnd = (kind: Kind, text: string, start: number): number => {
  if (kind === "tool") {
    const json = /[\w-]+\s*(?=\{)/y
    json.lastIndex = start
    return json.test(text) ? jsonEnd(text, json.lastIndex) : rawEnd(text, start)
  }
  return text[start] === '"' ? jsonEnd(text, start) : rawEnd(text, start)
}

const readPart = (text: string, start: number): Part | undefined => {
  head.lastIndex = start
  const match = head.exec(text)
  if (match === null || !isKind(match[1])) return undefined
  const kind = match[1]
  const payloadStart = head.lastIndex
  const end = match[3] === ":" ? payloadEnd(kind, text, payloadStart) : payloadStart
  const raw = text.slice(payloadStart, end)
  const payload = text.startsWith(";;", end) && raw.endsWith(" ") ? raw.slice(0, -1) : raw
  return { kind, options: options(kind, match[2] ?? ""), payload, end }
}

const number = (part: Part, key: string, fallback: number): number => {
  const value = part.options.get(key)
  if (value === undefined) return fallback
  const parsed = Number(value)
  if (!(parsed >= 0)) throw new ScriptError(`${part.kind} ${key}=${value} is not a number`)
  return parsed
}

const pace = (part: Part): Pace => ({
  deltas: Math.max(1, number(part, "deltas", defaultPace.deltas)),
  delay: number(part, "delay", defaultPace.delay)
})

const string = (payload: string): string => (payload.startsWith('"') ? String(parseJson(payload)) : payload)

const error = (part: Part): Fault => {
  const match = /^\s*(\d{3})\s*([^]*)$/.exec(string(part.payload))
  if (match === null) throw new ScriptError(`error needs a status, as in [[error:529]], not "${part.payload}"`)
  const status = Number(match[1])
  const names = new Set(["retry-after", "x-should-retry"])
  const headers = Object.fromEntries([...part.options].filter(([key]) => names.has(key)))
  return { kind: "error", status, message: match[2] || `mock ${status}`, headers, delay: number(part, "delay", 0) }
}

const tool = (part: Part): Block => {
  const match = /^([\w-]+)\s*([^]*)$/.exec(part.payload.trim())
  if (match === null) throw new ScriptError(`tool needs a name, as in [[tool:Bash {"command":"ls"}]]`)
  const input = match[2] || "{}"
  parseJson(input)
  return { kind: "tool", name: match[1] ?? "", input, pace: pace(part) }
}

const apply = (step: Step, part: Part): Step => {
  const block = (block: Block): Step => {
    if (step.fault !== undefined)
      throw new ScriptError(`nothing can come after ${step.fault.kind}, but ${part.kind} does`)
    return { ...step, blocks: [...step.blocks, block] }
  }
  const fault = (fault: Fault): Step => {
    if (step.blocks.length > 0 && (fault.kind === "error" || fault.kind === "hang")) {
      throw new ScriptError(`${fault.kind} answers nothing, so nothing can stand before it`)
    }
    return { ...step, fault, times: number(part, "times", Number.POSITIVE_INFINITY) }
  }
  switch (part.kind) {
    case "text":
    case "thinking":
      return block({
        kind: part.kind,
        text: string(part.payload).repeat(number(part, "repeat", 1)),
        pace: pace(part)
      })
    case "tool":
      return { ...block(tool(part)), stopReason: "tool_use" }
    case "error":
      return fault(error(part))
    case "cut":
    case "silence":
    case "hang":
      return fault({ kind: part.kind, delay: number(part, "delay", faultDelay) })
    case "sse-error":
      return fault({
        kind: "sse-error",
        type: part.payload.trim() || "overloaded_error",
        delay: number(part, "delay", faultDelay)
      })
    case "stop":
      return { ...step, stopReason: part.payload.trim() }
    case "usage":
      return {
        ...step,
        usage: {
          input: number(part, "input", step.usage.input),
          output: number(part, "output", step.usage.output),
          cacheRead: number(part, "cache-read", step.usage.cacheRead),
          cacheWrite: number(part, "cache-write", step.usage.cacheWrite)
        }
      }
  }
}

const emptyStep: Step = { ...textStep(""), blocks: [] }

const readStep = (text: string, start: number): { readonly step: Step; readonly end: number } | undefined => {
  const first = readPart(text, start)
  if (first === undefined) return undefined
  let step = apply(emptyStep, first)
  let at = first.end
  const space = /\s*/y
  const skip = (from: number): number => {
    space.lastIndex = from
    space.test(text)
    return space.lastIndex
  }
  for (;;) {
    at = skip(at)
    if (text.startsWith("]]", at)) return { step, end: at + 2 }
    if (!text.startsWith(";;", at)) throw new ScriptError(`";;" or "]]" must come before: ${text.slice(at, at + 80)}`)
    at = skip(at + 2)
    const part = readPart(text, at)
    if (part === undefined) throw new ScriptError(`this is no part of a script: ${text.slice(at, at + 80)}`)
    step = apply(step, part)
    at = part.end
  }
}

/** The steps a text asks for, in order; none when it holds no script. Throws a ScriptError when it holds a broken one. */
export const parse = (text: string): ReadonlyArray<Step> => {
  const steps: Array<Step> = []
  let at = text.indexOf("[[")
  while (at !== -1) {
    const found = readStep(text, at + 2)
    if (found !== undefined) steps.push(found.step)
    at = text.indexOf("[[", found?.end ?? at + 2)
  }
  return steps
}
