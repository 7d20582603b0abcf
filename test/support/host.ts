/**
 * A host with one session, that ends in the way it is told on its stdin: for the tests of what a host leaves behind. Its
 * first argument is a `Job`; a job without a prompt opens its session and closes it.
 */
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Session from "effect-agent-session/Session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"

export interface Job {
  readonly executable: string
  readonly cwd: string
  readonly env: { readonly [name: string]: string }
  readonly prompt?: string | undefined
  /** whether Effect's own runtime listens for signals */
  readonly main?: boolean | undefined
}

const end = (how: string): void => {
  if (how === "exit") process.exit(7)
  if (how === "throw") throw new Error("uncaught")
  if (how === "reject") void Promise.reject(new Error("unhandled"))
}

const run = (job: Job): void => {
  const adapter = ClaudeAdapter.layer({ executable: job.executable }).pipe(Layer.provide(NodeServices.layer))
  const program = Effect.gen(function* () {
    const session = yield* Session.make({
      cwd: job.cwd,
      env: { base: "none", set: job.env },
      allowedTools: ["Bash"]
    })
    if (job.prompt !== undefined) yield* session.ask(job.prompt)
  }).pipe(Effect.scoped, Effect.provide(adapter))

  process.stdin.setEncoding("utf8").on("data", (text: string) => end(text.trim()))
  process.stdin.unref()
  if (job.main === true) NodeRuntime.runMain(program)
  else Effect.runFork(program)
}

const [job] = process.argv.slice(2)
if (job !== undefined) run(JSON.parse(job))
