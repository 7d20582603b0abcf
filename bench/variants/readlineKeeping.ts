/** `readline` that keeps what tools answered until the program ends, as the results of our turns do. */
import type { Counter } from "../meter.ts"
import { open as openReadline, variant as readline } from "./readline.ts"
import type { Live, Setting, Variant } from "./Variant.ts"

const kept: Array<string> = []

const keeping = (counter: Counter): Counter => ({
  delta: (text, parts) => counter.delta(text, parts),
  toolResult: (text) => {
    kept.push(text)
    counter.toolResult(text)
  },
  end: (reported) => counter.end(reported)
})

const open = async (setting: Setting): Promise<Live> => {
  const live = await openReadline(setting)
  return { ...live, turn: (counter) => live.turn(keeping(counter)) }
}

export const variant: Variant = { ...readline, open }
