/**
 * One sample in one process: `node bench/sample.ts <variant> <mode> <job JSON>`. Runs one variant against the fake CLI
 * (whose knobs are in the environment) and prints what it measured as one line of JSON.
 */
import { Meter } from "./meter.ts"
import type { Measured } from "./meter.ts"
import type { Job, Variant } from "./variants/Variant.ts"

export type Mode = "read" | "sleep" | "stuck"

export interface Sample extends Measured {
  /** What the interrupt of a stuck consumer said. */
  readonly outcome: string | undefined
}

const run = async (name: string, mode: Mode, settings: Omit<Job, "meter">): Promise<Sample> => {
  const { variant }: { variant: Variant } = await import(`./variants/${name}.ts`)
  const body = variant[mode]
  if (body === undefined) throw new Error(`the variant ${name} has no mode ${mode}`)
  const meter = new Meter()
  const outcome = await body({ ...settings, meter })
  return { ...meter.measured, outcome: outcome ?? undefined }
}

const [name, mode, settings] = process.argv.slice(2)
if (name !== undefined && settings !== undefined && (mode === "read" || mode === "sleep" || mode === "stuck")) {
  const sample = await run(name, mode, JSON.parse(settings))
  process.stdout.write(`${JSON.stringify(sample)}\n`, () => process.exit(0))
}
