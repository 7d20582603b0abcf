/** What one writes by hand: `node:readline`, its "line" event, `JSON.parse`. No checks, no back-pressure. */
import { createInterface } from "node:readline"
import { close, start } from "./rawChild.ts"
import { count } from "./Variant.ts"
import type { Job, Variant } from "./Variant.ts"

const read = async (job: Job): Promise<void> => {
  const child = start(job.executable)
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", (line) => {
      if (count(job.meter, JSON.parse(line))) resolve()
    })
  })
  await close(child)
}

export const variant: Variant = { read }
