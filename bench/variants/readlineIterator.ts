/** `node:readline` as an async iterator and `JSON.parse`: the hand-written reader that does have back-pressure. */
import { createInterface } from "node:readline"
import { setTimeout } from "node:timers/promises"
import { close, interrupt, start } from "./rawChild.ts"
import { count } from "./Variant.ts"
import type { Job, Variant } from "./Variant.ts"

const read = async (job: Job): Promise<void> => {
  const child = start(job.executable)
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
    if (count(job.meter, JSON.parse(line))) break
  }
  await close(child)
}

const sleep = async (job: Job): Promise<void> => {
  const child = start(job.executable)
  let awake = false
  for await (const line of createInterface({ input: child.stdout, crlfDelay: Infinity })) {
    if (count(job.meter, JSON.parse(line))) break
    if (awake || job.meter.counted.deltas === 0) continue
    await setTimeout(job.sleepMs)
    awake = true
    job.meter.interrupt()
    interrupt(child)
  }
  await close(child)
}

export const variant: Variant = { read, sleep }
