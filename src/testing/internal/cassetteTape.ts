/** What a cassette holds, how it is written as text, and what of two recordings of the same thing is the same. Pure. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { isObject } from "../../internal/jsonObject.ts"

const at = Schema.Finite

/** One thing that was said, milliseconds after the process was started. */
export const Entry = Schema.Union([
  Schema.TaggedStruct("Sent", { at, line: Schema.String }),
  /** `cut`: its end never came. */
  Schema.TaggedStruct("Said", { at, line: Schema.String, cut: Schema.optionalKey(Schema.Literal(true)) }),
  Schema.TaggedStruct("Stderr", { at, text: Schema.String }),
  /** Its stdin was ended. */
  Schema.TaggedStruct("Closed", { at }),
  Schema.TaggedStruct("Exited", {
    at,
    code: Schema.NullOr(Schema.Int),
    signal: Schema.NullOr(Schema.String)
  })
])
export type Entry = typeof Entry.Type

/** A process from its start to its end. */
export const Run = Schema.Struct({ args: Schema.Array(Schema.String), entries: Schema.Array(Entry) })
export interface Run extends Schema.Schema.Type<typeof Run> {}

export const Tape = Schema.Struct({
  cassette: Schema.Literal(1),
  /** What is on it, in the words of who recorded it. */
  title: Schema.String,
  runs: Schema.Array(Run)
})
export interface Tape extends Schema.Schema.Type<typeof Tape> {}

const Line = Schema.Union([
  Schema.Struct({ cassette: Schema.Literal(1), title: Schema.String }),
  Schema.Struct({ run: Schema.Array(Schema.String) }),
  Entry
])

/** A line an entry, so that a difference between two of them is read as one. */
export const toText = ({ runs, title }: Tape): string =>
  [{ cassette: 1, title }, ...runs.flatMap(({ args, entries }): ReadonlyArray<object> => [{ run: args }, ...entries])]
    .map((line) => `${JSON.stringify(line)}\n`)
    .join("")

const parse = Schema.decodeUnknownResult(Schema.fromJsonString(Line))

/** What the text holds, or what is wrong with it. */
export const fromText = (text: string): Result.Result<Tape, string> => {
  let title: string | undefined
  const runs: Array<{ args: ReadonlyArray<string>; entries: Array<Entry> }> = []
  for (const [index, line] of text.split("\n").entries()) {
    if (line === "") continue
    const parsed = parse(line)
    if (Result.isFailure(parsed)) return Result.fail(`line ${index + 1} is not of a cassette`)
    const value = parsed.success
    if ("cassette" in value) title = value.title
    else if ("run" in value) runs.push({ args: value.run, entries: [] })
    else if (runs.length === 0) return Result.fail(`line ${index + 1} comes before a run`)
    else runs.at(-1)?.entries.push(value)
  }
  return title === undefined
    ? Result.fail("it does not begin as a cassette")
    : Result.succeed({ cassette: 1, title, runs })
}

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/**
 * By what a line is known, in the protocols there are: the type of a frame, the name of a request or of a method, and for
 * a reply the request that the agent made, since replies come in any order.
 */
export const kindOf = (line: string): string => {
  const frame = parsed(line)
  if (!isObject(frame)) return "text"
  const { method, request, response, type } = frame
  return [
    type,
    method,
    isObject(request) ? request["subtype"] : undefined,
    isObject(response) ? response["request_id"] : undefined
  ]
    .filter((part) => typeof part === "string")
    .join("/")
}

const id = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g

/** The ids of two texts of one form, one by one: what was recorded, and what stands in its place now. */
const pairs = (recorded: string, actual: string): ReadonlyArray<readonly [string, string]> => {
  const before = recorded.match(id) ?? []
  const now = actual.match(id) ?? []
  return before.length === now.length ? before.flatMap((from, index) => [[from, now[index] ?? from] as const]) : []
}

/** Notes which ids stand for which: those of our requests and prompts are fresh each time. */
export const learn = (ids: Map<string, string>, recorded: string, actual: string): void => {
  for (const [from, to] of pairs(recorded, actual)) ids.set(from, to)
}

/** A recorded line, in the ids of today. */
export const inTodaysIds = (ids: ReadonlyMap<string, string>, line: string): string =>
  ids.size === 0 ? line : line.replace(id, (found) => ids.get(found) ?? found)

export interface LineReader {
  readonly push: (bytes: Uint8Array) => void
  /** What came after the last newline. */
  readonly end: () => string
}

/** Whole lines of bytes that come in pieces, in time that grows with the bytes alone. */
export const lineReader = (line: (text: string) => void): LineReader => {
  const decoder = new TextDecoder()
  let pieces: Array<string> = []
  return {
    push: (bytes) => {
      const text = decoder.decode(bytes, { stream: true })
      if (!text.includes("\n")) {
        pieces.push(text)
        return
      }
      const [first = "", ...others] = text.split("\n")
      const rest = others.pop() ?? ""
      for (const whole of [[...pieces, first].join(""), ...others]) if (whole !== "") line(whole)
      pieces = [rest]
    },
    end: () => [...pieces.splice(0), decoder.decode()].join("")
  }
}

/** Replaces folders of this machine, at the borders of a name, also where Claude makes one name of a whole path. */
export const withoutPaths = (paths: Readonly<Record<string, string>>): ((text: string) => string) => {
  const written = (path: string): string => JSON.stringify(path).slice(1, -1)
  const pattern = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`)
  const folder = (path: string): string => path.replaceAll(/[^A-Za-z0-9]/g, "-")
  const rules = Object.entries(paths)
    .filter(([path]) => path.length > 1)
    .toSorted(([left], [right]) => right.length - left.length)
    .flatMap(([from, to]): ReadonlyArray<readonly [RegExp, string]> => [
      [new RegExp(`(?<![A-Za-z0-9_.-])${pattern(written(from))}(?![A-Za-z0-9_])`, "g"), written(to)],
      [new RegExp(`(?<=[/\\\\])${pattern(folder(from))}(?![A-Za-z0-9_])`, "g"), folder(to)]
    ])
  return (text) => rules.reduce((clean, [from, to]) => clean.replace(from, () => to), text)
}
