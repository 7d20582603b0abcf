/** What this process has: memory, open files, children. From /proc, where there is one. */
import { readFileSync, readdirSync } from "node:fs"
import { setTimeout } from "node:timers/promises"
import { getHeapSpaceStatistics } from "node:v8"

/** Resident memory now, or at its highest, MiB. */
export const memory = (field: "VmRSS" | "VmHWM"): number => {
  try {
    const line = readFileSync("/proc/self/status", "utf8").match(new RegExp(`${field}:\\s+(\\d+) kB`))
    return Number(line?.[1]) / 1024
  } catch {
    return field === "VmRSS" ? process.memoryUsage.rss() / 2 ** 20 : process.resourceUsage().maxRSS / 1024
  }
}

const listed = (path: string): ReadonlyArray<string> => {
  try {
    return readdirSync(path)
  } catch {
    return []
  }
}

export const openFiles = (): number => listed("/proc/self/fd").length

/** Living children and zombies alike. */
export const children = (): ReadonlyArray<number> =>
  listed("/proc/self/task").flatMap((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/children`, "utf8").split(" ").filter(Boolean).map(Number)
    } catch {
      return []
    }
  })

export const isZombie = (pid: number): boolean => {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, "utf8").replace(/\(.*\)/, ""))
  } catch {
    return false
  }
}

/** Where the engine keeps what it compiled: it compiles for as long as code gets hotter, whoever calls it. */
const isCode = (space: string): boolean => space.startsWith("code") || space.startsWith("trusted")

const held = (): number =>
  getHeapSpaceStatistics()
    .filter(({ space_name }) => !isCode(space_name))
    .reduce((sum, { space_used_size }) => sum + space_used_size, process.memoryUsage().external)

/** What one collection after the other may still find, bytes. */
const settled = 2048

/** For what timers and closing handles still hold, milliseconds. */
const graceMs = 50

const collector = (): NonNullable<typeof globalThis.gc> => {
  if (globalThis.gc === undefined) throw new Error("run with --expose-gc")
  return globalThis.gc
}

const collectYoung = (): void => void collector()({ type: "minor" })

/** How much of what `run` made is left to the next full collection, KiB: what minor ones find is free at once. */
export const leftToFullCollection = async (run: () => Promise<void>): Promise<number> => {
  await heap()
  collectYoung()
  const before = process.memoryUsage().heapUsed
  await run()
  await setTimeout(graceMs)
  collectYoung()
  collectYoung()
  return (process.memoryUsage().heapUsed - before) / 1024
}

/** What a program holds after full collections, MiB: objects on the heap, and buffers outside of it. */
export const heap = async (): Promise<number> => {
  let least = Infinity
  // What timers and closing handles still hold is free a little later, what is finalized after the next collection.
  for (let round = 0; round < 20; round++) {
    collector()()
    await setTimeout(graceMs)
    const now = held()
    if (round > 3 && least - now < settled) return Math.min(least, now) / 2 ** 20
    least = Math.min(least, now)
  }
  return least / 2 ** 20
}
