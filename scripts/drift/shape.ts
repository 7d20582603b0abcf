/** What a CLI was seen to say and take, as sets of names: two of them can be compared. */
import * as fs from "node:fs"
import * as path from "node:path"
import * as ClaudeMessage from "effect-agent-session/claude/ClaudeMessage"

export interface Shape {
  /** `assistant`, `result/success`. */
  readonly frames: ReadonlyArray<string>
  /** `assistant.uuid`. */
  readonly fields: ReadonlyArray<string>
  /** Frames that our Schemas do not know, or find broken. */
  readonly unknown: ReadonlyArray<string>
  /** Control requests that the CLI does not know. */
  readonly refused: ReadonlyArray<string>
  /** What the handshake tells. */
  readonly handshake: ReadonlyArray<string>
  /** Flags that `--help` lists. */
  readonly flags: ReadonlyArray<string>
}

/** What is known of a version. */
export interface Known extends Shape {
  readonly version: string
  /** What comes in some runs and not in others: it is no difference. */
  readonly sometimes: ReadonlyArray<string>
}

export type Section = keyof Shape

export const sections: ReadonlyArray<Section> = ["frames", "fields", "unknown", "refused", "handshake", "flags"]

type Seen = Pick<Shape, "frames" | "fields" | "unknown">

const isObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const parse = (line: string): unknown => {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

const nameOf = (frame: { readonly [key: string]: unknown }): string => {
  const { request, subtype, type } = frame
  const kind = typeof subtype === "string" ? subtype : isObject(request) ? request["subtype"] : undefined
  return kind === undefined ? String(type) : `${String(type)}/${String(kind)}`
}

/** What stands in the files of a recording. */
export const seenIn = (folder: string): Seen => {
  const frames = new Set<string>()
  const fields = new Set<string>()
  const unknown = new Set<string>()
  for (const file of fs.readdirSync(folder)) {
    for (const line of fs.readFileSync(path.join(folder, file), "utf8").split("\n")) {
      const frame = parse(line)
      // What else runs on the host, `git` for one, says nothing of this form.
      if (!isObject(frame) || typeof frame["type"] !== "string") continue
      const name = nameOf(frame)
      frames.add(name)
      const inner = isObject(frame["request"]) ? frame["request"] : frame
      for (const field of Object.keys(inner)) fields.add(`${name}.${field}`)
      const message = ClaudeMessage.decode(frame)
      if (ClaudeMessage.isUnknown(message)) {
        unknown.add(message.issue === undefined ? name : `${name}: ${message.issue.split("\n")[0]}`)
      }
    }
  }
  return { frames: [...frames], fields: [...fields], unknown: [...unknown] }
}

export interface Difference {
  readonly section: Section
  readonly name: string
  readonly is: "new" | "missing"
}

const frameOf = (field: string): string => field.slice(0, field.indexOf("."))

/** What the other one has and the known one has not, and the other way round. */
export const compare = (known: Known, other: Shape): ReadonlyArray<Difference> =>
  sections.flatMap((section) => {
    const had = new Set(known[section])
    const has = new Set(other[section])
    // Of a frame that is new or missing, the fields go without saying.
    const matters = (name: string): boolean =>
      !known.sometimes.includes(name) &&
      (section !== "fields" || (known.frames.includes(frameOf(name)) && other.frames.includes(frameOf(name))))
    return [
      ...[...has]
        .filter((name) => !had.has(name) && matters(name))
        .map((name) => ({ section, name, is: "new" as const })),
      ...[...had]
        .filter((name) => !has.has(name) && matters(name))
        .map((name) => ({ section, name, is: "missing" as const }))
    ].toSorted((a, b) => (a.name < b.name ? -1 : 1))
  })

/** What is known of a version after one more run; what only one of them has comes by chance. */
export const learn = (version: string, now: Shape, before: Known | undefined): Known => {
  const each = (section: Section): ReadonlyArray<string> =>
    [...new Set([...now[section], ...(before?.[section] ?? [])])].toSorted()
  const differences = before === undefined ? [] : compare(before, now)
  return {
    version,
    frames: each("frames"),
    fields: each("fields"),
    unknown: each("unknown"),
    refused: each("refused"),
    handshake: each("handshake"),
    flags: each("flags"),
    sometimes: [...new Set([...(before?.sometimes ?? []), ...differences.map(({ name }) => name)])].toSorted()
  }
}
