import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Scope from "effect/Scope"
import { statSync } from "node:fs"
import { join } from "node:path"
import { openGate, script } from "./e2e/support.ts"
import { fakeClaude } from "./support/fakeRig.ts"
import { endsClean, host, isReaped, nothingLeft, type Rig, stateHome } from "./support/hostDeath.ts"

const makeRig = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const home = yield* Effect.orDie(fs.makeTempDirectoryScoped({ prefix: "host-death-" }))
  const gate = yield* Effect.acquireRelease(Effect.promise(openGate), (gate) => Effect.sync(gate.close))
  yield* Effect.orDie(fs.writeFileString(join(home, "wait.sh"), script(gate.port)))
  const rig: Rig = {
    executable: fakeClaude,
    home,
    cwd: home,
    env: { HOME: home, PATH: String(process.env["PATH"]), CLAUDE_CONFIG_DIR: join(home, ".claude") },
    prompt: `[[tool:Bash {"command":"bash ${join(home, "wait.sh")}"}]]`,
    running: gate.running
  }
  return rig
})

const onLinux = (title: string, test: (rig: Rig) => Effect.Effect<void, never, Scope.Scope>): void => {
  it.live.runIf(process.platform === "linux")(
    title,
    () => Effect.flatMap(makeRig, test).pipe(Effect.scoped, Effect.provide(NodeServices.layer)),
    60_000
  )
}

describe("a host that ends while a tool runs", () => {
  for (const signal of ["SIGHUP", "SIGTERM", "SIGINT"] as const) {
    onLinux(`rule 10: by ${signal}, leaves nothing and dies of it`, (rig) =>
      endsClean(rig, (host) => host.kill(signal), { code: null, signal })
    )
  }

  onLinux("rule 10: by process.exit, leaves nothing", (rig) =>
    endsClean(rig, (host) => host.say("exit"), { code: 7, signal: null })
  )

  onLinux("rule 10: by an uncaught error, leaves nothing", (rig) =>
    endsClean(rig, (host) => host.say("throw"), { code: 1, signal: null })
  )

  onLinux("rule 10: by an unhandled rejection, leaves nothing", (rig) =>
    endsClean(rig, (host) => host.say("reject"), { code: 1, signal: null })
  )

  onLinux("rule 10: by a signal that its own runtime listens for, closes its sessions in peace", (rig) =>
    endsClean(rig, (host) => host.kill("SIGTERM"), { code: 130, signal: null }, true)
  )

  onLinux("rule 10: by kill -9, leaves what the next host ends; what has a living host is left alone", isReaped)

  onLinux("rule 10: nobody else can read what is kept on disk, and it is gone at the close", (rig) =>
    Effect.gen(function* () {
      const running = yield* host(rig, { prompt: rig.prompt })
      yield* rig.running
      const directory = join(stateHome(rig), "effect-agent-session")
      assert.strictEqual(statSync(directory).mode & 0o777, 0o700)
      running.kill("SIGTERM")
      yield* running.exit
      yield* nothingLeft(rig)
    })
  )
})
