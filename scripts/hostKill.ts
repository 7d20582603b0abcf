/**
 * `npm run host-kill`: what is left when a host dies while a tool of its agent runs (docs/processes-and-clean-up.md).
 *
 * - `npm run host-kill -- SIGKILL`: opens a session on the fake agent, runs `sleep 3003` as its tool, and kills itself.
 *   Any signal will do, and so will `exit` and `throw`.
 * - `npm run host-kill`: opens another session and closes it. What a dead host left is ended before it starts.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { Effect, Layer } from "effect"
import { Session } from "effect-agent-session"
import * as ClaudeAdapter from "effect-agent-session/claude/ClaudeAdapter"
import { existsSync, mkdirSync, rmSync } from "node:fs"
import { constants, tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = join(tmpdir(), "effect-agent-session-host-kill")
const home = join(root, "home")
const running = join(home, "running")

const ClaudeLayer = ClaudeAdapter.layer({
  executable: fileURLToPath(new URL("../test/support/fake-claude", import.meta.url)),
  stateDir: join(root, "state")
}).pipe(Layer.provide(NodeServices.layer))

const open = Session.make({
  cwd: home,
  env: { set: { HOME: home, CLAUDE_CONFIG_DIR: join(home, ".claude") } },
  allowedTools: ["Bash"]
})

const isSignal = (text: string): text is NodeJS.Signals => Object.hasOwn(constants.signals, text)

const end = (how: string): void => {
  console.log(`The host (pid ${process.pid}) ends now: ${how}`)
  if (isSignal(how)) process.kill(process.pid, how)
  else if (how === "exit") process.exit(7)
  else
    setImmediate(() => {
      throw new Error(how)
    })
}

const dying = (how: string) =>
  Effect.gen(function* () {
    const session = yield* open
    yield* Effect.forkChild(session.ask(`[[tool:Bash {"command":"touch ${running}; exec sleep 3003"}]]`))
    yield* Effect.repeat(Effect.sleep("20 millis"), { until: () => existsSync(running) })
    yield* Effect.sync(() => end(how))
    yield* Effect.never
  })

const next = Effect.gen(function* () {
  yield* open
  console.log("A session was opened and closed.")
})

const [how] = process.argv.slice(2)
rmSync(home, { recursive: true, force: true })
mkdirSync(home, { recursive: true, mode: 0o700 })
const program = how === undefined ? next : dying(how)
await Effect.runPromise(program.pipe(Effect.scoped, Effect.provide(ClaudeLayer)))
rmSync(root, { recursive: true, force: true })
