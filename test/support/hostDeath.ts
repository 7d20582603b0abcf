/** What the tests of a dying host share, on the fake and on the real CLI. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readdirSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { isGone, remnants } from "../e2e/support.ts"
import type { Job } from "./host.ts"

const program = fileURLToPath(new URL("host.ts", import.meta.url))

/** Where a tool can be run that goes on until it is killed. */
export interface Rig {
  readonly executable: string
  /** only what is started for this rig has it for its HOME */
  readonly home: string
  readonly cwd: string
  readonly env: { readonly [name: string]: string }
  readonly prompt: string
  /** the pid of the tool, when it runs */
  readonly running: Effect.Effect<number>
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stderr: string
}

export interface Host {
  readonly kill: (signal: NodeJS.Signals) => void
  readonly say: (ending: string) => void
  readonly exit: Effect.Effect<Exit>
}

export const stateHome = (rig: Rig): string => join(rig.home, "state")

/** The names of the children on disk. */
export const entries = (rig: Rig): ReadonlyArray<string> => {
  const directory = join(stateHome(rig), "effect-agent-session")
  return existsSync(directory) ? readdirSync(directory) : []
}

/** A host of its own, with the rig's state directory; dead at the latest when the test ends. */
export const host = (rig: Rig, job: Pick<Job, "prompt" | "main">): Effect.Effect<Host, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => {
        const whole: Job = { executable: rig.executable, cwd: rig.cwd, env: rig.env, ...job }
        const args = ["--conditions=@effect-agent-session/source", program, JSON.stringify(whole)]
        const env = { ...process.env, XDG_STATE_HOME: stateHome(rig) }
        const child = spawn(process.execPath, args, { env, stdio: ["pipe", "ignore", "pipe"] })
        let stderr = ""
        child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
        child.stdin.on("error", () => {})
        const closed = once(child, "exit").then((): Exit => ({
          code: child.exitCode,
          signal: child.signalCode,
          stderr
        }))
        return { child, closed }
      }),
      ({ child, closed }) =>
        Effect.promise(() => {
          child.kill("SIGKILL")
          return closed
        })
    ),
    ({ child, closed }) => ({
      kill: (signal) => void child.kill(signal),
      say: (ending) => void child.stdin.write(`${ending}\n`),
      exit: Effect.promise(() => closed)
    })
  )

/** Waits until nothing of a rig runs: SIGKILL takes effect when the kernel gets to it. */
export const nothingLeft = (rig: Rig): Effect.Effect<void> =>
  Effect.suspend(() => (remnants(rig.home).length === 0 ? Effect.void : Effect.sleep("10 millis"))).pipe(
    Effect.repeat({ until: () => remnants(rig.home).length === 0 })
  )

/** A host dies with a tool running: by itself, or by a signal. Nothing may be left, and nothing be on disk. */
export const endsClean = (
  rig: Rig,
  end: (host: Host) => void,
  expected: Pick<Exit, "code" | "signal">,
  main = false
): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const dying = yield* host(rig, { prompt: rig.prompt, main })
    const tool = yield* rig.running
    assert.isFalse(isGone(tool))
    assert.strictEqual(entries(rig).length, 1)
    end(dying)
    const { code, signal, stderr } = yield* dying.exit
    assert.deepStrictEqual({ code, signal }, expected, stderr)
    yield* nothingLeft(rig)
    assert.deepStrictEqual(entries(rig), [])
  })

/** A host is killed with -9 with a tool running; the next one ends what is left, and leaves alone what has a host. */
export const isReaped = (rig: Rig): Effect.Effect<void, never, Scope.Scope> =>
  Effect.gen(function* () {
    const dying = yield* host(rig, { prompt: rig.prompt })
    const tool = yield* rig.running
    const witness = yield* host(rig, {})
    yield* witness.exit
    assert.isFalse(isGone(tool), "another host ended what has a living one")
    dying.kill("SIGKILL")
    yield* dying.exit
    assert.isFalse(isGone(tool))
    assert.strictEqual(entries(rig).length, 1)
    const next = yield* host(rig, {})
    const { code, stderr } = yield* next.exit
    assert.strictEqual(code, 0, stderr)
    yield* nothingLeft(rig)
    assert.deepStrictEqual(entries(rig), [])
  })
