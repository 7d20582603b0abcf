/** What is measured of sessions rather than of turns: many one after the other, many at once, one that is warm. */
import { setTimeout } from "node:timers/promises"
import { children, heap, isZombie, leftToFullCollection, memory, openFiles } from "./census.ts"
import type { Counts } from "./knobs.ts"
import { type Counter, Meter } from "./meter.ts"
import type { Live, Prompted, Setting, Variant } from "./variants/Variant.ts"

export type Figures = { readonly [name: string]: number | undefined }

/** What a suite of sessions found: figures, and what is wrong with them. */
export interface Found {
  readonly figures: Figures
  readonly problems: ReadonlyArray<string>
}

export interface Plan {
  /** Sessions one after the other, or at once. */
  readonly sessions: number
  /** Deltas that a session takes before it is left; 0 = all. */
  readonly leaveAfter: number
  /** Turns that are measured after one that warms up. */
  readonly turns: number
}

type Open = (setting: Setting) => Promise<Live>

class Ended implements Counter {
  deltas = 0
  reported: number | undefined
  readonly onDelta: (text: string) => void

  constructor(onDelta: (text: string) => void = () => {}) {
    this.onDelta = onDelta
  }

  delta(text: string, parts = 1): void {
    this.deltas += parts
    this.onDelta(text)
  }

  toolResult(): void {}

  end(reported: number | undefined): void {
    this.reported = reported
  }
}

export const quantile = (values: ReadonlyArray<number>, at: number): number =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * at))] ?? NaN

const cpuMs = (since: NodeJS.CpuUsage): number => {
  const { system, user } = process.cpuUsage(since)
  return (user + system) / 1000
}

/** Until the children of this process are gone, and how long that took from `since`. */
const untilGone = async (since: number): Promise<number> => {
  while (children().length > 0) {
    if (performance.now() - since > 10_000) throw new Error("a child is left 10 s after the close")
    await setTimeout(1)
  }
  return performance.now() - since
}

/** What is still there after a while: a pipe is closed a little later than its child is gone. */
const leftovers = async (filesBefore: number): Promise<ReadonlyArray<string>> => {
  const since = performance.now()
  while (openFiles() > filesBefore && performance.now() - since < 10_000) await setTimeout(5)
  const more = openFiles() - filesBefore
  return [
    ...(more > 0 ? [`${more} more open files than before`] : []),
    ...children().map((pid) => `${isZombie(pid) ? "a zombie" : "a child"} is left (${pid})`)
  ]
}

/** Open, a turn (or the beginning of one), close; over and over. The first tenth only warms up. */
export const cycles = async (open: Open, setting: Setting, plan: Plan): Promise<Found> => {
  const problems: Array<string> = []
  const closeMs: Array<number> = []
  const firstMs: Array<number> = []
  const cycle = async (): Promise<void> => {
    let first: number | undefined
    const opened = performance.now()
    const counter = new Ended(() => (first ??= performance.now() - opened))
    const live = await open(setting)
    if (plan.leaveAfter > 0) await live.leave(counter, plan.leaveAfter)
    else await live.turn(counter)
    if (counter.deltas === 0) problems.push("no delta was seen")
    firstMs.push(first ?? NaN)
    const closing = performance.now()
    await live.close()
    closeMs.push(await untilGone(closing))
  }
  const run = async (count: number): Promise<void> => {
    for (let at = 0; at < count; at++) await cycle()
  }

  const quarter = Math.ceil(plan.sessions / 4)
  await run(Math.ceil(plan.sessions / 10))
  const files = openFiles()
  const base = { rss: memory("VmRSS"), heap: await heap() }
  closeMs.length = 0
  firstMs.length = 0
  const usage = process.cpuUsage()
  const start = performance.now()
  await run(quarter)
  const afterQuarter = { cpu: cpuMs(usage), wall: performance.now() - start }
  const heapAfterQuarter = await heap()
  const usageOfRest = process.cpuUsage()
  const startOfRest = performance.now()
  await run(plan.sessions - quarter)
  const cpu = afterQuarter.cpu + cpuMs(usageOfRest)
  const wall = afterQuarter.wall + performance.now() - startOfRest
  const heapAtEnd = await heap()
  problems.push(...(await leftovers(files)))
  const figures = {
    cpuMsPerCycle: cpu / plan.sessions,
    msPerCycle: wall / plan.sessions,
    firstP50: quantile(firstMs, 0.5),
    firstP99: quantile(firstMs, 0.99),
    goneP50: quantile(closeMs, 0.5),
    goneP99: quantile(closeMs, 0.99),
    heapBase: base.heap,
    heapAfterQuarter,
    heapAtEnd,
    heapGrowth: heapAtEnd - heapAfterQuarter,
    rssGrowth: memory("VmRSS") - base.rss,
    openFiles: openFiles() - files
  }
  const weighed = Math.min(50, plan.sessions)
  const leftKb = (await leftToFullCollection(() => run(weighed))) / weighed
  return { problems: [...new Set(problems)], figures: { ...figures, leftKb } }
}

/**
 * Many sessions at once, asked one after the other and without waiting, as by a program that is asked much at once. Each
 * has a turn of deltas that come at a rate, stamped with the time they were sent; the first are on their way while the
 * last sessions are still being opened.
 */
export const paced = async (
  { open, prompt }: Required<Pick<Variant, "open" | "prompt">>,
  setting: Setting,
  plan: Plan
): Promise<Found> => {
  const problems: Array<string> = []
  const warm = await open(setting)
  await warm.leave(new Ended(), 3)
  await warm.close()
  await untilGone(performance.now())
  const files = openFiles()
  const base = { rss: memory("VmRSS"), heap: await heap() }

  const latencies: Array<number> = []
  const firsts: Array<number> = []
  let opening: { readonly cpu: number; readonly deltas: number } | undefined
  const usage = process.cpuUsage()
  const start = performance.now()
  const begin = (): { readonly counter: Ended; readonly asked: Prompted } => {
    let isFirst = true
    const counter = new Ended((text) => {
      const now = process.hrtime.bigint()
      latencies.push(Number(now - BigInt(text.slice(1, text.indexOf(" ")))) / 1e6)
      if (!isFirst) return
      isFirst = false
      firsts.push(performance.now() - start)
      if (firsts.length === plan.sessions) opening = { cpu: cpuMs(usage), deltas: latencies.length }
    })
    return { counter, asked: prompt(setting, counter) }
  }
  const sessions = Array.from({ length: plan.sessions }, begin)
  for (const { asked, counter } of sessions) {
    await asked.turn
    if (counter.deltas !== counter.reported) problems.push(`${counter.deltas} deltas of ${counter.reported} were seen`)
  }
  const cpu = cpuMs(usage)
  const kilobytes = { rss: (memory("VmRSS") - base.rss) * 1024, heap: ((await heap()) - base.heap) * 1024 }
  await Promise.all(sessions.map(({ asked }) => asked.close()))
  await untilGone(performance.now())
  problems.push(...(await leftovers(files)))
  return {
    problems: [...new Set(problems)],
    figures: {
      cpuMs: cpu,
      openingCpuMs: opening?.cpu,
      usPerDelta:
        opening === undefined ? undefined : ((cpu - opening.cpu) * 1000) / (latencies.length - opening.deltas),
      p50: quantile(latencies, 0.5),
      p99: quantile(latencies, 0.99),
      max: quantile(latencies, 1),
      firstP50: quantile(firsts, 0.5),
      firstP99: quantile(firsts, 0.99),
      rssKbPerSession: kilobytes.rss / plan.sessions,
      heapKbPerSession: kilobytes.heap / plan.sessions
    }
  }
}

/** Turns of one session, after one that is not measured: the middle one of them. */
export const warm = async (
  open: Open,
  setting: Setting,
  plan: Plan
): Promise<Found & { readonly counted: ReadonlyArray<Counts> }> => {
  const live = await open(setting)
  await live.turn(new Ended())
  const meters: Array<Meter> = []
  for (let turn = 0; turn < plan.turns; turn++) {
    const meter = new Meter()
    await live.turn(meter)
    meters.push(meter)
  }
  await live.close()
  const measured = meters.map((meter) => meter.measured)
  const middle = (of: (one: (typeof measured)[number]) => number): number => quantile(measured.map(of), 0.5)
  return {
    problems: measured.every(({ sawResult }) => sawResult) ? [] : ["a turn was not read to its result"],
    counted: measured.map(({ counted }) => counted),
    figures: {
      cpuMs: middle(({ cpuMs }) => cpuMs),
      wallMs: middle(({ wallMs }) => wallMs),
      rssGrowth: middle(({ rssBefore, rssPeak }) => rssPeak - rssBefore)
    }
  }
}
