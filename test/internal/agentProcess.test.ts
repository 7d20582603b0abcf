import { readdirSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { assert, describe, layer } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as AgentProcess from "../../src/internal/agentProcess.ts"
import * as DirectSpawner from "../../src/DirectSpawner.ts"
import { rungs } from "../../src/internal/closeLadder.ts"
import { live } from "../../src/internal/liveClock.ts"

const linux = process.platform === "linux"

interface Overrides {
  readonly env?: AgentProcess.Environment
  readonly cwd?: string
  readonly secrets?: ReadonlyArray<string>
  readonly timeout?: Duration.Input
  readonly stateDir?: string
  readonly beforeEnd?: Effect.Effect<void>
}

const start = (executable: string, args: ReadonlyArray<string>, over: Overrides = {}) =>
  AgentProcess.spawn({
    command: { executable, args, cwd: over.cwd, env: over.env ?? AgentProcess.environment(undefined, process.env) },
    secrets: over.secrets,
    stateDir: over.stateDir,
    shutdownTimeout: Duration.fromInputUnsafe(over.timeout ?? "5 seconds"),
    beforeEnd: () => over.beforeEnd
  })

const sh = (script: string, over?: Overrides) => start("sh", ["-c", script], over)

/** reads stdout in the background; answers with its lines, one per take */
const lines = Effect.fnUntraced(function* (child: AgentProcess.AgentProcess) {
  const queue = yield* Queue.unbounded<string>()
  let rest = ""
  yield* Effect.forkScoped(
    child.read((chunks) => {
      const pieces = (rest + Buffer.concat(chunks).toString()).split("\n")
      rest = pieces.pop() ?? ""
      return Queue.offerAll(queue, pieces)
    })
  )
  return Queue.take(queue)
})

const everything = Effect.fnUntraced(function* (child: AgentProcess.AgentProcess) {
  const chunks: Array<Uint8Array> = []
  yield* child.read((more) => Effect.sync(() => chunks.push(...more)))
  return Buffer.concat(chunks).toString()
})

/** how many calls were under way at once, at most, and how many bytes they got together */
const readSlowly = Effect.fnUntraced(function* (child: AgentProcess.AgentProcess) {
  let inside = 0
  let most = 0
  let bytes = 0
  yield* child.read((chunks) =>
    Effect.gen(function* () {
      most = Math.max(most, ++inside)
      for (const chunk of chunks) bytes += chunk.length
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      inside--
    })
  )
  return { most, bytes }
})

const isAlive = (pid: number): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    return stat.charAt(stat.lastIndexOf(")") + 2) !== "Z"
  } catch {
    return false
  }
}

/** What is not held up ends long before this, on a busy machine too; what is held up waits for a minute. */
const longest = 20_000

const timed = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<readonly [A, number], E, R> =>
  Effect.suspend(() => {
    const started = performance.now()
    return Effect.map(effect, (value) => [value, performance.now() - started] as const)
  })

/** a child with a tool as the CLI has them: in a session of its own, its pid said first */
const withTool = (leader: string): string => `setsid sh -c 'echo $$; exec sleep 60' & ${leader}`

const spawners = {
  "the spawner of Node": NodeServices.layer,
  "the direct spawner": Layer.provideMerge(DirectSpawner.layer, NodeServices.layer)
}

describe.each(Object.entries(spawners))("agent process, %s", (name, services) =>
  layer(services)((it) => {
    describe("stdin and stdout", () => {
      it.effect("rule 9: lines go in and come out in order, with a newline each, given or not", () =>
        Effect.gen(function* () {
          const child = yield* start("cat", [])
          const line = yield* lines(child)
          assert.isTrue(yield* child.write("one"))
          assert.isTrue(yield* child.write("two\n"))
          assert.isTrue(yield* child.write("quotes \" ' $HOME \\n 𝄞"))
          assert.strictEqual(yield* line, "one")
          assert.strictEqual(yield* line, "two")
          assert.strictEqual(yield* line, "quotes \" ' $HOME \\n 𝄞")
        })
      )

      it.effect("rule 8: the next pull waits for the call, and nothing is lost", () =>
        Effect.gen(function* () {
          const child = yield* start(process.execPath, ["-e", "process.stdout.write('x'.repeat(3_000_000))"])
          assert.deepStrictEqual(yield* readSlowly(child), { most: 1, bytes: 3_000_000 })
        })
      )

      it.effect("what it says is the reader's own only where no spawner of others had it in hand", () =>
        Effect.gen(function* () {
          const child = yield* start(process.execPath, ["-e", "process.stdout.write('x'.repeat(300_000))"])
          const owns = new Set<boolean>()
          yield* child.read((_, own) => Effect.sync(() => owns.add(own)))
          assert.deepStrictEqual([...owns], [name === "the direct spawner"])
        })
      )

      it.effect("rule 8: a reader that was interrupted is followed by another, which misses nothing", () =>
        Effect.gen(function* () {
          const child = yield* start("cat", [])
          const seen = yield* Deferred.make<string>()
          const first = yield* Effect.forkScoped(
            child.read((chunks) => Deferred.succeed(seen, Buffer.concat(chunks).toString()))
          )
          yield* child.write("one")
          assert.strictEqual(yield* Deferred.await(seen), "one\n")
          yield* Fiber.interrupt(first)
          yield* child.write("two")
          const line = yield* lines(child)
          assert.strictEqual(yield* line, "two")
        })
      )

      it.effect("rule 2: what was written right before the exit is read to its end", () =>
        Effect.gen(function* () {
          const child = yield* sh("i=0; while [ $i -lt 5000 ]; do echo $i; i=$((i+1)); done; exit 0")
          yield* child.exit
          const text = yield* everything(child)
          assert.strictEqual(text.split("\n").length, 5_001)
          assert.isTrue(text.endsWith("4999\n"))
        })
      )

      it.effect("rule 2: a grandchild that holds stdout does not delay the end of it", () =>
        Effect.gen(function* () {
          const child = yield* sh("sleep 60 & echo last; exit 0")
          const [text, millis] = yield* timed(everything(child))
          assert.strictEqual(text, "last\n")
          assert.isAtLeast(millis, 240)
          assert.isBelow(millis, longest)
        })
      )

      it.effect("rule 2: time in the call is not silence, however long it takes after the exit", () =>
        Effect.gen(function* () {
          const child = yield* sh("sleep 60 & head -c 150000 /dev/zero; exit 0")
          let bytes = 0
          yield* child.read((chunks) => {
            for (const chunk of chunks) bytes += chunk.length
            return Effect.andThen(child.exit, live(Effect.sleep("350 millis")))
          })
          assert.strictEqual(bytes, 150_000)
        })
      )
    })

    describe("writing to a child that is gone", () => {
      it.effect("rule 7: a write after the exit answers false at once", () =>
        Effect.gen(function* () {
          const child = yield* sh("exit 0")
          yield* child.exit
          assert.isFalse(yield* child.write("too late"))
        })
      )

      it.effect("rule 7: many writers that wait for a child that does not read are let go when it dies", () =>
        Effect.gen(function* () {
          const child = yield* start("sleep", ["60"])
          const line = "x".repeat(100_000)
          const writers = yield* Effect.forkScoped(
            Effect.all(
              Array.from({ length: 300 }, () => child.write(line)),
              { concurrency: "unbounded" }
            ),
            { startImmediately: true }
          )
          process.kill(child.pid, "SIGKILL")
          const answers = yield* Fiber.join(writers)
          assert.isAtLeast(answers.filter((ok) => !ok).length, 300 - 2 * 64)
        })
      )

      it.effect("rule 7: writers are let go when the child closes its stdin and lives on", () =>
        Effect.gen(function* () {
          const child = yield* sh("exec 0<&-; echo closed; exec sleep 60", { timeout: "500 millis" })
          const line = yield* lines(child)
          assert.strictEqual(yield* line, "closed")
          yield* child.write("x").pipe(Effect.repeat({ while: (ok) => ok }))
          assert.isUndefined(child.exited())
        })
      )

      it.effect("rule 7: a write after the shutdown answers false", () =>
        Effect.gen(function* () {
          const child = yield* start("cat", [])
          yield* child.shutdown
          assert.isFalse(yield* child.write("too late"))
        })
      )
    })

    describe("exit and stderr", () => {
      it.effect("rule 13: exit code and last words are data, and the words are complete", () =>
        Effect.gen(function* () {
          const child = yield* start(process.execPath, [
            "-e",
            "process.stderr.write('x'.repeat(300_000) + '\\nlast words\\n', () => process.exit(3))"
          ])
          assert.deepStrictEqual(yield* child.exit, { code: 3, signal: null })
          assert.deepStrictEqual(child.exited(), { code: 3, signal: null })
          assert.isTrue(child.stderrTail().endsWith("xxx\nlast words\n"))
        })
      )

      it.effect("rule 13: words that are still on their way when the child exits belong to the tail", () =>
        Effect.gen(function* () {
          const child = yield* sh("(sleep 0.1; echo last words >&2) & exit 0")
          assert.deepStrictEqual(yield* child.exit, { code: 0, signal: null })
          assert.strictEqual(child.stderrTail(), "last words\n")
        })
      )

      it.effect("rule 13: a grandchild that holds stderr does not delay the exit", () =>
        Effect.gen(function* () {
          const child = yield* sh("sleep 60 & exit 0")
          const [, millis] = yield* timed(child.exit)
          assert.isBelow(millis, longest)
        })
      )

      it.effect("rule 13: the signal that killed the child is data", () =>
        Effect.gen(function* () {
          const child = yield* start("sleep", ["60"])
          assert.isUndefined(child.exited())
          process.kill(child.pid, "SIGTERM")
          assert.deepStrictEqual(yield* child.exit, { code: null, signal: "SIGTERM" })
        })
      )

      it.effect(
        "rule 13: a flood on stderr stops neither the child nor its stdout, and the tail is the tail [asm-27]",
        () =>
          Effect.gen(function* () {
            const flood =
              "for (let i = 0; i < 40_000; i++) process.stderr.write('noise ' + i + '\\n'); console.log('through')"
            const child = yield* start(process.execPath, ["-e", flood])
            assert.strictEqual(yield* everything(child), "through\n")
            yield* child.exit
            const tail = child.stderrTail()
            assert.isTrue(tail.endsWith("noise 39999\n"))
            assert.isAtLeast(tail.length, 16_000)
            assert.isAtMost(tail.length, 16_384)
          })
      )

      it.effect(
        "rule 13: secrets do not show in the tail, whether given, in the environment, or by their looks [asm-111]",
        () =>
          Effect.gen(function* () {
            const env = { ...AgentProcess.environment(undefined, process.env), MY_KEY: Redacted.make("from-the-env") }
            const child = yield* sh(
              'echo "$MY_KEY given-one Bearer abc.def OPENAI_API_KEY=zzz sk-ant-api03-xyz end" >&2',
              {
                env,
                secrets: ["given-one"]
              }
            )
            yield* child.exit
            assert.strictEqual(
              child.stderrTail(),
              "[redacted] [redacted] Bearer [redacted] OPENAI_API_KEY=[redacted] [redacted] end\n"
            )
          })
      )
    })

    describe("a start that fails", () => {
      const failure = (effect: ReturnType<typeof start>) => Effect.flip(Effect.scoped(effect))

      it.effect("rule 11: a missing executable is named, its arguments are not [asm-16]", () =>
        Effect.gen(function* () {
          const error = yield* failure(start("/nowhere/agent", ["--settings=s3cret"]))
          assert.strictEqual(error._tag, "NotFound")
          assert.include(error.description, "/nowhere/agent")
          assert.notInclude(JSON.stringify({ ...error, cause: String(error.cause) }), "s3cret")
          assert.notProperty(error.cause, "spawnargs")
        })
      )

      it.effect("rule 11: a file that may not be executed and a directory are PermissionDenied [asm-16]", () =>
        Effect.gen(function* () {
          assert.strictEqual((yield* failure(start(fileURLToPath(import.meta.url), [])))._tag, "PermissionDenied")
          assert.strictEqual((yield* failure(start("/", [])))._tag, "PermissionDenied")
        })
      )

      it.effect(
        "rule 11: a working directory that is missing or a file is told from a missing executable [asm-16]",
        () =>
          Effect.gen(function* () {
            for (const cwd of ["/nowhere/project", fileURLToPath(import.meta.url)]) {
              const error = yield* failure(start("cat", [], { cwd }))
              assert.strictEqual(error._tag, "CwdNotFound")
              assert.include(error.description, cwd)
            }
          })
      )

      it.effect(
        "rule 11: an oversize argument is a typed error before the start, and the longest that fits is passed",
        () =>
          Effect.gen(function* () {
            assert.strictEqual((yield* failure(sh("x".repeat(131_072))))._tag, "ArgumentTooLong")
            const child = yield* start("true", ["x".repeat(131_071)])
            assert.deepStrictEqual(yield* child.exit, { code: 0, signal: null })
          })
      )

      it.effect.runIf(linux)("rule 11: what the system refuses as too long in all is the same error", () =>
        Effect.gen(function* () {
          const error = yield* failure(start("true", Array(100).fill("x".repeat(131_000))))
          assert.strictEqual(error._tag, "ArgumentTooLong")
          assert.notInclude(String(error.cause), "xxx")
          const byEnv = yield* failure(start("true", [], { env: { LONG: "x".repeat(140_000) } }))
          assert.strictEqual(byEnv._tag, "ArgumentTooLong")
        })
      )

      it.effect("rule 11: a NUL in an argument is an error without the argument", () =>
        Effect.gen(function* () {
          const error = yield* failure(start("true", ["s3cret\0"]))
          assert.strictEqual(error._tag, "Other")
          assert.include(error.description, "NUL")
          assert.notInclude(error.description, "s3cret")
        })
      )
    })

    describe("environment", () => {
      const seenBy = Effect.fnUntraced(function* (
        policy: Parameters<typeof AgentProcess.environment>[0],
        host: Record<string, string | undefined>
      ) {
        const child = yield* start(process.execPath, ["-p", "JSON.stringify(process.env)"], {
          env: AgentProcess.environment(policy, host)
        })
        const seen: Record<string, string> = JSON.parse(yield* everything(child))
        assert.match(seen["EFFECT_AGENT_SESSION"] ?? "", /^[0-9a-f-]{36}$/)
        delete seen["EFFECT_AGENT_SESSION"]
        return seen
      })
      const host = { PATH: "/bin", KEEP: "1", CLAUDECODE: "1", NODE_OPTIONS: "--throw-deprecation", OUT: undefined }

      it.effect("rule 12: the child inherits everything but CLAUDECODE and NODE_OPTIONS [cc-14] [asm-118]", () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* seenBy(undefined, host), { PATH: "/bin", KEEP: "1" })
        })
      )

      it.effect("rule 12: the child sees the named variables alone, or none [cc-14] [asm-118]", () =>
        Effect.gen(function* () {
          assert.deepStrictEqual(yield* seenBy({ base: { only: ["KEEP", "CLAUDECODE"] } }, host), { KEEP: "1" })
          assert.deepStrictEqual(yield* seenBy({ base: "none" }, host), {})
        })
      )

      it.effect("rule 12: the child sees what is set, verbatim, and not what is unset [cc-11] [cc-15] [asm-118]", () =>
        Effect.gen(function* () {
          const set = { KEEP: undefined, ODD: "a<b>c!#$@ \"'\n", KEY: Redacted.make("k-1"), CLAUDECODE: "mine" }
          assert.deepStrictEqual(yield* seenBy({ set }, host), {
            PATH: "/bin",
            ODD: set.ODD,
            KEY: "k-1",
            CLAUDECODE: "mine"
          })
        })
      )

      it.effect("rule 12: the child runs where it is told to", () =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const cwd = yield* fs.realPath(yield* fs.makeTempDirectoryScoped())
          const child = yield* start("pwd", [], { cwd })
          assert.strictEqual(yield* everything(child), `${cwd}\n`)
        })
      )
    })

    describe("the ladder", () => {
      it.effect.runIf(linux)("rule 9: a child that exits on EOF leaves no tool behind that lost its parent", () =>
        Effect.gen(function* () {
          const child = yield* sh(withTool("exec cat"))
          const line = yield* lines(child)
          const tool = Number(yield* line)
          const [, millis] = yield* timed(child.shutdown)
          assert.deepStrictEqual(child.exited(), { code: 0, signal: null })
          assert.deepStrictEqual([isAlive(child.pid), isAlive(tool)], [false, false])
          assert.isBelow(millis, longest)
        })
      )

      it.effect.runIf(linux)("rule 9: a tool that threw its environment away is found by its parent", () =>
        Effect.gen(function* () {
          const child = yield* sh("setsid env -i sh -c 'echo $$; exec sleep 60' & exec cat")
          const line = yield* lines(child)
          const tool = Number(yield* line)
          yield* child.shutdown
          assert.deepStrictEqual([isAlive(child.pid), isAlive(tool)], [false, false])
        })
      )

      it.effect.runIf(linux)("rule 9: a tool that is started after stdin has ended does not escape", () =>
        Effect.gen(function* () {
          const child = yield* sh(`trap '' TERM; cat; ${withTool("wait; exec sleep 60")}`, { timeout: "500 millis" })
          const line = yield* lines(child)
          yield* child.shutdown
          assert.deepStrictEqual([isAlive(child.pid), isAlive(Number(yield* line))], [false, false])
        })
      )

      it.effect.runIf(linux)("rule 9: a tool whose agent was killed with -9 is swept", () =>
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          const child = yield* Scope.provide(sh(withTool("exec cat")), scope)
          const line = yield* lines(child)
          const tool = Number(yield* line)
          process.kill(child.pid, "SIGKILL")
          assert.deepStrictEqual(yield* child.exit, { code: null, signal: "SIGKILL" })
          assert.isTrue(isAlive(tool))
          yield* Scope.close(scope, Exit.void)
          assert.isFalse(isAlive(tool))
        })
      )

      it.effect.runIf(linux)(
        "rule 9: what ignores the end of stdin and SIGTERM is killed within the bound [asm-12]",
        () =>
          Effect.gen(function* () {
            const child = yield* sh(
              "trap '' TERM; sh -c \"trap '' TERM; echo $$; exec sleep 60\" & wait; exec sleep 60",
              {
                timeout: "500 millis"
              }
            )
            const line = yield* lines(child)
            yield* line
            const [, millis] = yield* timed(child.shutdown)
            assert.deepStrictEqual(child.exited(), { code: null, signal: "SIGKILL" })
            assert.isFalse(isAlive(child.pid))
            assert.isAtLeast(millis, 290)
            assert.isBelow(millis, longest)
          })
      )

      it.effect("rule 9: SIGTERM comes before SIGKILL, and a child that honours it leaves by itself", () =>
        Effect.gen(function* () {
          const program =
            "process.on('SIGTERM', () => process.exit(143)); setInterval(() => {}, 1000); console.log('ready')"
          const child = yield* start(process.execPath, ["-e", program], { timeout: "1 second" })
          const line = yield* lines(child)
          yield* line
          yield* child.shutdown
          assert.deepStrictEqual(child.exited(), { code: 143, signal: null })
        })
      )

      it.effect("rule 9: what was accepted for writing is flushed before stdin ends", () =>
        Effect.gen(function* () {
          const child = yield* start("cat", [])
          let bytes = 0
          yield* Effect.forkScoped(
            child.read((chunks) => Effect.sync(() => chunks.forEach((c) => (bytes += c.length))))
          )
          yield* child.write("x".repeat(1_000_000))
          yield* child.shutdown
          assert.deepStrictEqual([bytes, child.exited()], [1_000_001, { code: 0, signal: null }])
        })
      )

      it.effect("rule 9: a child that is still talking when it is closed gets to its end without a reader", () =>
        Effect.gen(function* () {
          const child = yield* start(process.execPath, [
            "-e",
            "process.stdin.resume().on('end', () => process.stdout.write('x'.repeat(2_000_000)))"
          ])
          yield* child.shutdown
          assert.deepStrictEqual(child.exited(), { code: 0, signal: null })
        })
      )

      it.effect.runIf(linux)("rule 9: output that nobody read leaves no descriptor open", () =>
        Effect.gen(function* () {
          const descriptors = (): number => readdirSync("/proc/self/fd").length
          yield* Effect.scoped(start("true", []))
          const before = descriptors()
          yield* sh("head -c 150000 /dev/zero; exit 0").pipe(
            Effect.flatMap((child) => child.exit),
            Effect.scoped,
            Effect.repeat({ times: 9 })
          )
          yield* live(Effect.repeat(Effect.sleep("5 millis"), { until: () => descriptors() <= before }))
        })
      )

      it.effect("rule 9: a megabyte that the child does not read does not hold up the close", () =>
        Effect.gen(function* () {
          const child = yield* start("sleep", ["60"], { timeout: "500 millis" })
          yield* child.write("x".repeat(1_000_000))
          const [, millis] = yield* timed(child.shutdown)
          assert.deepStrictEqual(child.exited(), { code: null, signal: "SIGTERM" })
          assert.isBelow(millis, longest)
        })
      )

      it.effect("rule 9: a turn is interrupted first, while the child still listens", () =>
        Effect.gen(function* () {
          const asked = yield* Deferred.make<string>()
          const child: AgentProcess.AgentProcess = yield* start("cat", [], {
            beforeEnd: Effect.suspend(() => Effect.andThen(child.write("interrupt"), Deferred.await(asked)))
          })
          yield* Effect.forkScoped(child.read((chunks) => Deferred.succeed(asked, Buffer.concat(chunks).toString())))
          const [, millis] = yield* timed(child.shutdown)
          assert.strictEqual(yield* Deferred.await(asked), "interrupt\n")
          assert.isBelow(millis, longest)
        })
      )

      it.effect("rule 9: an interrupt that hangs, dies or cannot be interrupted does not hold up the close", () =>
        Effect.gen(function* () {
          for (const beforeEnd of [Effect.never, Effect.uninterruptible(Effect.never), Effect.die("broken")]) {
            const child = yield* start("cat", [], { beforeEnd, timeout: "500 millis" })
            const [, millis] = yield* timed(child.shutdown)
            assert.deepStrictEqual(child.exited(), { code: 0, signal: null })
            assert.isBelow(millis, longest)
          }
        })
      )

      it.effect("rule 9: closed ten times at once it is released once, and all ten wait for it [asm-6]", () =>
        Effect.gen(function* () {
          let asked = 0
          const child = yield* start("cat", [], { beforeEnd: Effect.sync(() => void asked++) })
          const status = Effect.sync(child.exited)
          const seen = yield* Effect.all(
            Array.from({ length: 10 }, () => Effect.andThen(child.shutdown, status)),
            { concurrency: "unbounded" }
          )
          yield* child.shutdown
          assert.deepStrictEqual(
            seen,
            Array.from({ length: 10 }, () => ({ code: 0, signal: null }))
          )
          assert.strictEqual(asked, 1)
        })
      )

      it.effect("rule 9: the scope waits for a shutdown that another fiber has begun", () =>
        Effect.gen(function* () {
          const scope = yield* Scope.make()
          const begun = yield* Deferred.make<void>()
          const child = yield* start("cat", [], {
            beforeEnd: Effect.andThen(Deferred.succeed(begun, undefined), live(Effect.sleep("100 millis")))
          }).pipe(Scope.provide(scope))
          yield* Effect.forkScoped(child.shutdown)
          yield* Deferred.await(begun)
          yield* Scope.close(scope, Exit.void)
          assert.deepStrictEqual(child.exited(), { code: 0, signal: null })
        })
      )

      it.effect("rule 9: an interrupt of the fiber that owns the child ends it like any other close [asm-15]", () =>
        Effect.gen(function* () {
          const running = yield* Deferred.make<AgentProcess.AgentProcess>()
          const owner = yield* start("cat", []).pipe(
            Effect.flatMap((child) => Deferred.succeed(running, child)),
            Effect.andThen(Effect.never),
            Effect.scoped,
            Effect.forkScoped
          )
          const child = yield* Deferred.await(running)
          yield* Fiber.interrupt(owner)
          assert.deepStrictEqual(child.exited(), { code: 0, signal: null })
        })
      )

      it.effect.runIf(linux)(
        "rule 4: a process that is replaced is killed at once, with its tools and without a question",
        () =>
          Effect.gen(function* () {
            let asked = 0
            const child = yield* sh(`trap '' TERM; ${withTool("exec cat")}`, {
              beforeEnd: Effect.sync(() => void asked++)
            })
            const line = yield* lines(child)
            const tool = Number(yield* line)
            const [, millis] = yield* timed(child.kill)
            assert.deepStrictEqual(child.exited(), { code: null, signal: "SIGKILL" })
            assert.deepStrictEqual([isAlive(child.pid), isAlive(tool), asked], [false, false, 0])
            assert.isBelow(millis, longest)
          })
      )

      it.effect("rule 4: a kill overtakes a shutdown that is waiting", () =>
        Effect.gen(function* () {
          const begun = yield* Deferred.make<void>()
          const child = yield* sh("trap '' TERM; exec sleep 60", {
            timeout: "1 minute",
            beforeEnd: Effect.andThen(Deferred.succeed(begun, undefined), Effect.never)
          })
          const shutdown = yield* Effect.forkScoped(child.shutdown)
          yield* Deferred.await(begun)
          const [, millis] = yield* timed(child.kill)
          yield* Fiber.join(shutdown)
          assert.deepStrictEqual(child.exited(), { code: null, signal: "SIGKILL" })
          assert.isBelow(millis, longest)
        })
      )

      it.effect(
        "rule 9: the rungs before SIGKILL share four fifths of the bound, and never take more than 1, 1 and 2 s",
        () =>
          Effect.sync(() => {
            assert.deepStrictEqual(rungs(Duration.seconds(5)), { ask: 1_000, end: 1_000, terminate: 2_000 })
            assert.deepStrictEqual(rungs(Duration.minutes(1)), rungs(Duration.seconds(5)))
            assert.deepStrictEqual(rungs(Duration.millis(100)), { ask: 20, end: 20, terminate: 40 })
          })
      )
    })

    describe("a handle that was wrapped", () => {
      const byHandle = Effect.fnUntraced(function* (
        executable: string,
        args: ReadonlyArray<string>,
        over: Overrides = {}
      ) {
        const { spawn } = yield* ChildProcessSpawner.ChildProcessSpawner
        const wrapping = ChildProcessSpawner.make((command) =>
          Effect.map(spawn(command), (handle) => ChildProcessSpawner.makeHandle({ ...handle }))
        )
        return yield* start(executable, args, over).pipe(
          Effect.provideService(ChildProcessSpawner.ChildProcessSpawner, wrapping)
        )
      })

      it.effect("rule 9: lines go in and come out in order, and stdin is flushed before it ends", () =>
        Effect.gen(function* () {
          const child = yield* byHandle("cat", [])
          const line = yield* lines(child)
          yield* child.write("one")
          yield* child.write("two\n")
          assert.deepStrictEqual([yield* line, yield* line], ["one", "two"])
          yield* child.write("x".repeat(300_000))
          yield* child.shutdown
          assert.strictEqual((yield* line).length, 300_000)
          assert.deepStrictEqual(child.exited(), { code: 0, signal: null })
        })
      )

      it.effect("rule 8: the next pull waits for the call, and nothing is lost", () =>
        Effect.gen(function* () {
          const child = yield* byHandle(process.execPath, ["-e", "process.stdout.write('x'.repeat(3_000_000))"])
          assert.deepStrictEqual(yield* readSlowly(child), { most: 1, bytes: 3_000_000 })
        })
      )

      it.effect("rule 2: a grandchild that holds stdout does not delay the end of it", () =>
        Effect.gen(function* () {
          const child = yield* byHandle("sh", ["-c", "sleep 60 & echo last; exit 0"])
          assert.strictEqual(yield* everything(child), "last\n")
        })
      )

      it.effect("rule 13: exit code, signal and last words are data", () =>
        Effect.gen(function* () {
          const child = yield* byHandle("sh", ["-c", "echo last words >&2; exit 3"])
          assert.deepStrictEqual(yield* child.exit, { code: 3, signal: null })
          assert.strictEqual(child.stderrTail(), "last words\n")
          const killed = yield* byHandle("sleep", ["60"])
          process.kill(killed.pid, "SIGTERM")
          assert.deepStrictEqual(yield* killed.exit, { code: null, signal: "SIGTERM" })
        })
      )

      it.effect("rule 7: many writers that wait for a child that does not read are let go when it dies", () =>
        Effect.gen(function* () {
          const child = yield* byHandle("sleep", ["60"])
          const line = "x".repeat(100_000)
          const writers = yield* Effect.forkScoped(
            Effect.all(
              Array.from({ length: 300 }, () => child.write(line)),
              { concurrency: "unbounded" }
            ),
            { startImmediately: true }
          )
          process.kill(child.pid, "SIGKILL")
          const answers = yield* Fiber.join(writers)
          // 64 are on their way, 64 wait, and 64 may be taken before the death is known.
          assert.isAtLeast(answers.filter((ok) => !ok).length, 300 - 3 * 64)
          assert.isFalse(yield* child.write("too late"))
        })
      )
    })

    describe("a spawner of another kind", () => {
      it.effect.runIf(linux)(
        "rule 9: a handle that never exits is given up within the bound, and its pid is not signalled",
        () =>
          Effect.gen(function* () {
            const stranger = yield* sh("setsid sh -c 'echo $$; exec sleep 60' & exec cat")
            const line = yield* lines(stranger)
            const pid = Number(yield* line)
            let signals = 0
            const handle = ChildProcessSpawner.makeHandle({
              pid: ChildProcessSpawner.ProcessId(pid),
              exitCode: Effect.never,
              isRunning: Effect.succeed(true),
              kill: () =>
                Effect.andThen(
                  Effect.sync(() => void signals++),
                  Effect.uninterruptible(Effect.never)
                ),
              stdin: Sink.drain,
              stdout: Stream.never,
              stderr: Stream.never,
              all: Stream.never,
              getInputFd: () => Sink.drain,
              getOutputFd: () => Stream.never,
              unref: Effect.succeed(Effect.void)
            })
            const child = yield* start("agent", [], { timeout: "500 millis" }).pipe(
              Effect.provideService(
                ChildProcessSpawner.ChildProcessSpawner,
                ChildProcessSpawner.make(() => Effect.succeed(handle))
              )
            )
            const [, millis] = yield* timed(child.shutdown)
            assert.isBelow(millis, longest)
            assert.deepStrictEqual([signals, isAlive(pid)], [1, true])
            assert.deepStrictEqual(yield* child.exit, { code: null, signal: null })
          })
      )
    })

    describe("the state directory", () => {
      it.effect("rule 10: one that cannot be written is warned of, and the child runs", () =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const file = `${yield* fs.makeTempDirectoryScoped()}/file`
          yield* fs.writeFileString(file, "")
          const warned: Array<string> = []
          const logger = Logger.make(({ logLevel, message }) => warned.push(`${logLevel} ${String(message)}`))
          const child = yield* start("cat", [], { stateDir: `${file}/state` }).pipe(
            Effect.provide(Logger.layer([logger]))
          )
          assert.match(warned.join(), /^Warn agents are not written down in .*ENOTDIR/)
          yield* child.shutdown
          assert.deepStrictEqual(child.exited(), { code: 0, signal: null })
        })
      )

      it.effect("rule 10: it holds a child from its start to its close", () =>
        Effect.gen(function* () {
          const fs = yield* FileSystem.FileSystem
          const stateDir = `${yield* fs.makeTempDirectoryScoped()}/state`
          const child = yield* start("cat", [], { stateDir })
          assert.strictEqual((yield* fs.readDirectory(stateDir)).length, 1)
          yield* child.shutdown
          assert.deepStrictEqual(yield* fs.readDirectory(stateDir), [])
        })
      )
    })

    describe("the exit guard", () => {
      it.effect("rule 10: it listens once for all children, and not at all when they are gone", () =>
        Effect.gen(function* () {
          const before = process.listenerCount("exit")
          const children = yield* Effect.all([start("cat", []), start("cat", []), start("cat", [])])
          const during = process.listenerCount("exit")
          yield* Effect.forEach(children, (child) => child.shutdown)
          assert.deepStrictEqual([during, process.listenerCount("exit")], [before + 1, before])
        })
      )

      it.effect("rule 10: a child that has exited stays guarded until it is closed: its tools may live", () =>
        Effect.gen(function* () {
          const before = process.listenerCount("SIGTERM")
          const child = yield* start("cat", [])
          process.kill(child.pid, "SIGKILL")
          yield* child.exit
          assert.strictEqual(process.listenerCount("SIGTERM"), before + 1)
          yield* child.shutdown
          assert.strictEqual(process.listenerCount("SIGTERM"), before)
        })
      )
    })
  })
)
