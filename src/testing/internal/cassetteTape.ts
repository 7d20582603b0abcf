/** What a cassette holds, how it is written as text, and what of two recordings of the same thing is the same. Pure. */
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

const at = Schema.Finite

/** One thing that was said, milliseconds after the process was started. */
export const Entry = Schema.Union([
  Schema.TaggedStruct("Sent", { at, line: Schema.String }),
  Schema.TaggedStruct("Said", { at, line: Schema.String }),
  Schema.TaggedStruct("Stderr", { at, text: Schema.String }),
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

type Json = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is Json => typeof value === "object" && value !== null && !Array.isArray(value)

const parsed = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

/** By what a line is known, in the protocols there are: the type of a frame, the name of a request or of a method. */
export const kindOf = (line: string): string => {
  const frame = parsed(line)
  if (!isObject(frame)) return "text"
  const { method, request, type } = frame
  return [type, method, isObject(request) ? request["subtype"] : undefined]
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
