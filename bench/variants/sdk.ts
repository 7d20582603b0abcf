/** The official TypeScript SDK, unmodified, from `test/agents` (`npm run agents` installs it). */
import { setTimeout } from "node:timers/promises"
import { count, givenUp, isDelta } from "./Variant.ts"
import type { Counter } from "../meter.ts"
import type { Frame, Job, Live, Prompted, Setting, Variant } from "./Variant.ts"

interface Query extends AsyncGenerator<Frame, void> {
  readonly interrupt: () => Promise<unknown>
  readonly close: () => void
}
interface Sdk {
  readonly query: (input: { readonly prompt: unknown; readonly options: object }) => Query
}

let query: Sdk["query"]

const load = async (path: string): Promise<void> => {
  const sdk: Sdk = await import(path)
  query = sdk.query
}

const options = (job: Setting): object => ({
  pathToClaudeCodeExecutable: job.executable,
  settingSources: [],
  includePartialMessages: true
})

const go = { type: "user", message: { role: "user", content: "go" }, parent_tool_use_id: null, session_id: "" }

/** An open conversation: the SDK can interrupt only when its prompt is an iterable that has not ended. */
async function* conversation(): AsyncGenerator<object> {
  yield go
  await new Promise<never>(() => {})
}

const read = async (job: Job): Promise<void> => {
  for await (const message of query({ prompt: "go", options: options(job) })) {
    if (count(job.meter, message)) break
  }
}

const sleep = async (job: Job): Promise<void> => {
  const messages = query({ prompt: conversation(), options: options(job) })
  let awake = false
  for await (const message of messages) {
    if (count(job.meter, message) || givenUp(job)) break
    if (awake || job.meter.counted.deltas === 0) continue
    await setTimeout(job.sleepMs)
    awake = true
    job.meter.interrupt()
    messages.interrupt().catch(() => {})
  }
}

const stuck = async (job: Job): Promise<string> => {
  const messages = query({ prompt: conversation(), options: options(job) })
  for await (const message of messages) {
    count(job.meter, message)
    if (job.meter.counted.deltas === 0) continue
    await setTimeout(job.sleepMs)
    job.meter.interrupt()
    await messages.interrupt()
    job.meter.end(undefined)
    break
  }
  return "settled"
}

const open = async (job: Setting): Promise<Live> => {
  let waiting = 0
  let wake: () => void = () => {}
  async function* prompts(): AsyncGenerator<object> {
    for (; ; waiting--) {
      if (waiting === 0) await new Promise<void>((resolve) => (wake = resolve))
      yield go
    }
  }
  const messages = query({ prompt: prompts(), options: options(job) })
  /** Reads on until `isLast`; a `for await` would close the conversation when it leaves. */
  const until = async (isLast: (frame: Frame) => boolean): Promise<void> => {
    waiting++
    wake()
    for (let next = await messages.next(); next.done !== true && !isLast(next.value);) next = await messages.next()
  }
  return {
    turn: (counter) => until((frame) => count(counter, frame)),
    leave: (counter, deltas) => {
      let left = deltas
      return until((frame) => {
        count(counter, frame)
        return isDelta(frame) && --left === 0
      })
    },
    close: async () => messages.close()
  }
}

const prompt = (job: Setting, counter: Counter): Prompted => {
  const messages = query({ prompt: "go", options: options(job) })
  const turn = async (): Promise<void> => {
    for (let next = await messages.next(); next.done !== true; next = await messages.next()) {
      if (count(counter, next.value)) return
    }
  }
  return { turn: turn(), close: async () => messages.close() }
}

export const variant: Variant = { load, read, sleep, stuck, open, prompt }
