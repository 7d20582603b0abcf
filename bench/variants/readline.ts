/** What one writes by hand: `node:readline`, its "line" event, `JSON.parse`. No checks, no back-pressure. */
import { createInterface } from "node:readline"
import { close, open as openChild, prompt, start } from "./rawChild.ts"
import { count, isDelta } from "./Variant.ts"
import type { Counter } from "../meter.ts"
import type { Frame, Job, Live, Prompted, Setting, Variant } from "./Variant.ts"

const read = async (job: Job): Promise<void> => {
  const child = start(job.executable)
  await new Promise<void>((resolve) => {
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", (line) => {
      if (count(job.meter, JSON.parse(line))) resolve()
    })
  })
  await close(child)
}

export const open = async (setting: Setting): Promise<Live> => {
  const child = openChild(setting.executable)
  let take: (line: string) => void = () => {}
  createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", (line) => take(line))
  const until = (isLast: (frame: Frame) => boolean): Promise<void> =>
    new Promise((resolve) => {
      take = (line) => {
        if (!isLast(JSON.parse(line))) return
        take = () => {}
        resolve()
      }
      prompt(child)
    })
  return {
    turn: (counter) => until((frame) => count(counter, frame)),
    leave: (counter, deltas) => {
      let left = deltas
      return until((frame) => {
        count(counter, frame)
        return isDelta(frame) && --left === 0
      })
    },
    close: () => {
      child.kill()
      return close(child)
    }
  }
}

const promptOne = (setting: Setting, counter: Counter): Prompted => {
  const child = start(setting.executable)
  const turn = new Promise<void>((resolve) => {
    createInterface({ input: child.stdout, crlfDelay: Infinity }).on("line", (line) => {
      if (count(counter, JSON.parse(line))) resolve()
    })
  })
  return {
    turn,
    close: () => {
      child.kill()
      return close(child)
    }
  }
}

export const variant: Variant = { read, open, prompt: promptOne }
