/**
 * One sample in one process: `node sample.js <variant> <mode> <job JSON>`. Runs one variant against the fake CLI (whose
 * knobs are in the environment) and prints what it measured as one line of JSON.
 */
import type { Counts } from "./knobs.ts"
import { Meter } from "./meter.ts"
import type { Measured } from "./meter.ts"
import { cycles, type Figures, paced, type Plan, warm } from "./sessions.ts"
import type { Setting, Variant } from "./variants/Variant.ts"

export const modes = ["read", "sleep", "stuck", "warm", "cycles", "paced", "import"] as const
export type Mode = (typeof modes)[number]

export interface Settings extends Setting, Plan {
  /** Where the official SDK is. */
  readonly sdk: string
}

export interface Sample {
  readonly figures: Figures
  /** What a suite of sessions found wrong. */
  readonly problems: ReadonlyArray<string>
  /** Of each turn that was measured to its end, what was counted. */
  readonly counted: ReadonlyArray<Counts>
  /** Of a single turn. */
  readonly turn?: Pick<Measured, "lines" | "sawResult" | "reported">
  /** What the interrupt of a stuck consumer said. */
  readonly outcome?: string
}

const ofTurn = (measured: Measured, outcome: string | undefined): Sample => {
  const { counted, lines, reported, sawResult, ...figures } = measured
  return {
    figures: { ...figures, rssGrowth: figures.rssPeak - figures.rssBefore },
    problems: [],
    counted: [counted],
    turn: { lines, reported, sawResult },
    ...(outcome === undefined ? {} : { outcome })
  }
}

/** What it costs to load a module, in a process that has loaded nothing. */
const load = async (modules: ReadonlyArray<string>): Promise<Sample> => {
  const usage = process.cpuUsage()
  const start = performance.now()
  for (const module of modules) await import(module)
  const { system, user } = process.cpuUsage(usage)
  return {
    figures: { cpuMs: (system + user) / 1000, wallMs: performance.now() - start },
    problems: [],
    counted: []
  }
}

const imports: { readonly [name: string]: (sdk: string) => ReadonlyArray<string> } = {
  sdk: (sdk) => [sdk],
  root: () => ["../src/index.js"],
  claude: () => ["../src/Session.js", "../src/claude/ClaudeAdapter.js", "@effect/platform-node/NodeServices"],
  effect: () => ["effect"]
}

const run = async (name: string, mode: Mode, settings: Settings): Promise<Sample> => {
  if (mode === "import") return load(imports[name]?.(settings.sdk) ?? [])
  const { variant }: { variant: Variant } = await import(`./variants/${name}.js`)
  await variant.load?.(settings.sdk)
  const able = <A>(part: A | undefined): A => {
    if (part === undefined) throw new Error(`the variant ${name} has no mode ${mode}`)
    return part
  }
  if (mode === "warm" || mode === "cycles" || mode === "paced") {
    const open = able(variant.open)
    if (mode === "warm") return warm(open, settings, settings)
    if (mode === "cycles") return { counted: [], ...(await cycles(open, settings, settings)) }
    return { counted: [], ...(await paced({ open, prompt: able(variant.prompt) }, settings, settings)) }
  }
  const body = able(variant[mode])
  const meter = new Meter()
  const outcome = await body({ ...settings, meter })
  return ofTurn(meter.measured, outcome ?? undefined)
}

const [name, mode, settings] = process.argv.slice(2)
const known = modes.find((known) => known === mode)
if (name !== undefined && settings !== undefined && known !== undefined) {
  const sample = await run(name, known, JSON.parse(settings))
  process.stdout.write(`${JSON.stringify(sample)}\n`, () => process.exit(0))
}
