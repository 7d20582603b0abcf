/**
 * /proc of this machine, read at once and not through a FileSystem service: pids mean this machine's processes whatever
 * files the adapter was given, the end of the host leaves no time for a fiber, and a file of /proc is read in 10 µs.
 */
import { Buffer } from "node:buffer"
import * as fs from "node:fs"
import type { ProcessEntry } from "./processTable.ts"

/** in the environment of every child, with a value of its own per child; what the child starts inherits it */
export const markerVariable = "EFFECT_AGENT_SESSION"

const markerPattern = new RegExp(`(?:^|\\0)${markerVariable}=([^\\0]*)`)

/** kept between reads: `readFileSync` takes a fresh one for every file whose size it is not told */
const piece = Buffer.allocUnsafeSlow(16 * 1024)

const read = (path: string): string | undefined => {
  let file: number | undefined
  try {
    file = fs.openSync(path, "r")
    let text = ""
    for (;;) {
      const bytes = fs.readSync(file, piece, 0, piece.length, null)
      text += piece.toString("latin1", 0, bytes)
      if (bytes < piece.length) return text
    }
  } catch {
    return undefined
  } finally {
    if (file !== undefined) fs.closeSync(file)
  }
}

const numbersIn = (directory: string): ReadonlyArray<number> => {
  try {
    return fs.readdirSync(directory).map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** /proc/<pid>/stat; the name in parentheses may hold spaces and parentheses */
export const parseStat = (text: string): ProcessEntry | undefined => {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  const [state, parent, group] = fields
  const started = fields[19]
  const pid = Number.parseInt(text, 10)
  if (state === undefined || started === undefined || Number.isNaN(pid)) return undefined
  return { pid, parent: Number(parent), group: Number(group), zombie: "ZXx".includes(state), started }
}

export const find = (pid: number): ProcessEntry | undefined => parseStat(read(`/proc/${pid}/stat`) ?? "")

export const pids = (): ReadonlyArray<number> => numbersIn("/proc")

/** the marker that a process carries; the kernel refuses the environments of those that we could not kill anyway */
export const markerOf = (pid: number): string | undefined => markerPattern.exec(read(`/proc/${pid}/environ`) ?? "")?.[1]

/** the pids of the direct children, of all threads; `undefined` where the kernel does not tell */
export const childrenOf = (pid: number): ReadonlyArray<number> | undefined => {
  const found: Array<number> = []
  for (const thread of numbersIn(`/proc/${pid}/task`)) {
    const children = read(`/proc/${pid}/task/${thread}/children`)
    if (children === undefined) continue
    for (const child of children.split(" ")) if (child !== "") found.push(Number(child))
  }
  return found.length === 0 && !tellsChildren() ? undefined : found
}

let told: boolean | undefined
const tellsChildren = (): boolean => (told ??= read(`/proc/${process.pid}/task/${process.pid}/children`) !== undefined)

/** more processes and threads a second than a machine starts */
const startsPerMilli = 100

/** fewer pids than this are asked one by one, without a look at the whole of /proc */
const fewPids = 32

let highest: number | undefined
const pidMax = (): number => (highest ??= Number(read("/proc/sys/kernel/pid_max") ?? Number.NaN))

/**
 * The pids that may have been given out in the last `millis` since `pid` was; pids are given out in turn. `undefined`
 * where that cannot be told: the kernel does not say the last one, or could have gone round since.
 */
export const givenOutSince = (pid: number, millis: number): ReadonlyArray<number> | undefined => {
  if (!(millis * startsPerMilli < pidMax())) return undefined
  const last = Number(read("/proc/sys/kernel/ns_last_pid") ?? Number.NaN)
  if (Number.isNaN(last)) return undefined
  const count = (last - pid + pidMax()) % pidMax()
  if (count < fewPids) {
    // Most are gone by now, and to ask costs a quarter of an open that fails.
    return Array.from({ length: count }, (_, index) => ((pid + index) % pidMax()) + 1).filter((one) =>
      fs.existsSync(`/proc/${one}`)
    )
  }
  return pids().filter((one) => one > 0 && (one - pid + pidMax()) % pidMax() <= count && one !== pid)
}

/** names one run of the kernel */
export const bootId = (): string => (read("/proc/sys/kernel/random/boot_id") ?? "").trim()

/** names the set of pids that is seen from here; a container has one of its own */
export const pidNamespace = (): string => {
  try {
    return fs.readlinkSync("/proc/self/ns/pid")
  } catch {
    return ""
  }
}
