/** The official TypeScript SDK, unmodified, from `test/agents` (`npm run agents` installs it). */
import { setTimeout } from "node:timers/promises"
import { count, givenUp } from "./Variant.ts"
import type { Frame, Job, Variant } from "./Variant.ts"

interface Query extends AsyncIterable<Frame> {
  readonly interrupt: () => Promise<unknown>
}
interface Sdk {
  readonly query: (input: { readonly prompt: unknown; readonly options: object }) => Query
}

const location = new URL("../../test/agents/node_modules/@anthropic-ai/claude-agent-sdk/sdk.mjs", import.meta.url)
const { query }: Sdk = await import(location.href)

const options = (job: Job): object => ({
  pathToClaudeCodeExecutable: job.executable,
  settingSources: [],
  includePartialMessages: true
})

/** An open conversation: the SDK can interrupt only when its prompt is an iterable that has not ended. */
async function* conversation(): AsyncGenerator<object> {
  yield { type: "user", message: { role: "user", content: "go" }, parent_tool_use_id: null, session_id: "" }
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

export const variant: Variant = { read, sleep, stuck }
