/** What makes a figure worthless: a turn not read to its end, a wrong count, something left behind. */
import { counts, lines } from "./knobs.ts"
import type { Counts } from "./knobs.ts"
import type { Sample } from "./sample.ts"
import type { Case } from "./suites.ts"
import { ours } from "./suites.ts"

const differences = (expected: Counts, counted: Counts): ReadonlyArray<string> =>
  (Object.keys(expected) as ReadonlyArray<keyof Counts>)
    .filter((key) => expected[key] !== counted[key])
    .map((key) => `${key}: ${counted[key]} instead of ${expected[key]}`)

/** The characters of a case are counted once: its tool results can be 20 MB of text. */
const expectedCounts = new WeakMap<Case, Counts>()

const expectedFor = (test: Case): Counts => {
  const known = expectedCounts.get(test) ?? counts(test.knobs, test.knobs.n)
  expectedCounts.set(test, known)
  return known
}

const ofTurn = (test: Case, variant: string, { counted, turn }: Sample): ReadonlyArray<string> => {
  const [first] = counted
  if (turn === undefined || first === undefined) return ["nothing was counted"]
  if (test.mode === "stuck") return ours.includes(variant) && !turn.sawResult ? ["the interrupt did not settle"] : []
  if (!turn.sawResult) {
    return test.mode === "sleep" && !ours.includes(variant) ? [] : ["the turn was not read to its result"]
  }
  if (variant === "newlines") {
    const expected = lines(test.knobs)
    return turn.lines === expected ? [] : [`lines: ${turn.lines} instead of ${expected}`]
  }
  if (turn.reported === undefined) return ["the result does not say how many deltas were sent"]
  if (test.mode === "sleep") return differences(counts(test.knobs, turn.reported), first)
  return [
    ...(turn.reported === test.knobs.n ? [] : [`the producer sent ${turn.reported} deltas`]),
    ...differences(expectedFor(test), first)
  ]
}

/** What is wrong with a sample; nothing for a good one. */
export const check = (test: Case, variant: string, sample: Sample): ReadonlyArray<string> => {
  switch (test.mode) {
    case "warm":
      return [...sample.problems, ...sample.counted.flatMap((counted) => differences(expectedFor(test), counted))]
    case "cycles":
    case "paced":
      // What a peer leaves behind is for it to know.
      return ours.includes(variant) ? sample.problems : []
    case "import":
      return []
    default:
      return ofTurn(test, variant, sample)
  }
}
