/**
 * What can be told to go wrong, read from FAKE_CLAUDE_FAULT and from `[[fault:name=value]]` in a prompt. The table at the
 * top of fakeClaude.ts says what each fault does.
 */
import { parse } from "../mockApiScript.ts"

/** Happen once, in the middle of a response. */
const shots = [
  "garbage",
  "non-object",
  "unknown-type",
  "unknown-subtype",
  "broken-known",
  "half-line",
  "half-line-then-exit",
  "huge-line",
  "silence-after-first-delta",
  "crash",
  "kill",
  "stderr-flood",
  "tool-child",
  "close-stdout",
  "json-stderr",
  "unknown-control-request"
] as const

/** Change how the process behaves from then on. */
const lasting = [
  "no-initialize",
  "exit-at-start",
  "slow-start",
  "ignore-interrupt",
  "no-control-reply",
  "exit-at-request",
  "ignore-eof",
  "ignore-term",
  "session-id-drift",
  "refuse-mode"
] as const

/** Change how a turn goes. */
const shapes = [
  "silence",
  "stuck",
  "delta-no-snapshot",
  "flood",
  "slow",
  "foreign-result",
  "late-frames",
  "background-task",
  "duplicate-result",
  "drifted-result",
  "parallel-asks",
  "withdraw-ask",
  "drifted-hook",
  "api-error",
  "retries",
  "max-turns",
  "budget"
] as const

export type Shot = (typeof shots)[number]
export type Lasting = (typeof lasting)[number]
export type Shape = (typeof shapes)[number]

const isOneOf =
  <Name extends string>(names: ReadonlyArray<Name>) =>
  (name: string): name is Name =>
    names.some((known) => known === name)

export const isShot = isOneOf(shots)
export const isLasting = isOneOf(lasting)
const isShape = isOneOf(shapes)

export interface Fault {
  readonly name: Shot | Lasting | Shape
  readonly value: string | undefined
  /** The responses of the turn that come before it. */
  readonly at: number
}

export class FaultError extends Error {
  override readonly name = "FaultError"
}

/** Reads `name[=value],name[=value]`. Throws a FaultError for a name that is not in the table. */
export const readFaults = (list: string, at = 0): ReadonlyArray<Fault> =>
  list
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "")
    .map((word) => {
      const [name = "", ...value] = word.split("=")
      if (!isShot(name) && !isLasting(name) && !isShape(name)) throw new FaultError(`fake claude: no fault "${name}"`)
      return { name, at, value: value.length === 0 ? undefined : value.join("=") }
    })

const inPrompt = /\s*\[\[fault:([^\]]*)\]\]/g

export const withoutFaults = (prompt: string): string => prompt.replaceAll(inPrompt, "")

const countSteps = (text: string): number => {
  try {
    return parse(text).length
  } catch {
    return 0
  }
}

export const promptFaults = (prompt: string): ReadonlyArray<Fault> =>
  [...prompt.matchAll(inPrompt)].flatMap((match) =>
    readFaults(match[1] ?? "", countSteps(withoutFaults(prompt.slice(0, match.index))))
  )

/** The number that a fault was given. */
export const numeric = (fault: Fault | undefined, fallback: number): number => {
  const value = Number(fault?.value)
  return fault?.value === undefined || !Number.isFinite(value) ? fallback : value
}
