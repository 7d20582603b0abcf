import { spawn } from "node:child_process"
import { once } from "node:events"
import * as fs from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type ProcessEntry, table } from "../../src/internal/processTable.ts"
import type { Tree } from "../../src/internal/processTree.ts"
import * as SpawnEntry from "../../src/internal/spawnEntry.ts"
import * as SpawnRegistry from "../../src/internal/spawnRegistry.ts"

const entry: SpawnEntry.SpawnEntry = {
  version: 1,
  boot: "boot",
  namespace: "pid:[1]",
  host: { pid: 10, started: "100" },
  child: { pid: 11, started: "110" },
  group: 11,
  marker: "mark",
  descendants: [{ pid: 12, started: "120" }]
}

describe("an entry", () => {
  const here = { boot: "boot", namespace: "pid:[1]" }
  const alive = (): boolean => true
  const dead = (): boolean => false

  it("rule 10: what is written is read, and what is no entry is none", () => {
    assert.deepStrictEqual(SpawnEntry.decode(SpawnEntry.encode(entry)), entry)
    const whole: object = JSON.parse(SpawnEntry.encode(entry))
    for (const text of [
      "",
      "{",
      "null",
      "[]",
      JSON.stringify({ ...whole, version: 2 }),
      JSON.stringify({ ...whole, child: { pid: 1, started: "1" } }),
      JSON.stringify({ ...whole, child: { pid: -1, started: "1" } }),
      JSON.stringify({ ...whole, marker: "" })
    ]) {
      assert.isUndefined(SpawnEntry.decode(text), text)
    }
  })

  it("rule 10: only the entry of a dead host of this boot is reaped", () => {
    assert.strictEqual(SpawnEntry.judge(entry, here, dead), "reap")
    assert.strictEqual(SpawnEntry.judge(entry, here, alive), "leave")
    assert.strictEqual(SpawnEntry.judge(entry, { ...here, boot: "other" }, dead), "drop")
    assert.strictEqual(SpawnEntry.judge(entry, { ...here, namespace: "pid:[2]" }, dead), "leave")
    assert.strictEqual(SpawnEntry.judge(undefined, here, alive), "drop")
  })

  it("rule 10: the host is alive when its pid has its start time, not when another process has the pid", () => {
    const seen: Array<unknown> = []
    SpawnEntry.judge(entry, here, (process) => seen.push(process) > 0)
    assert.deepStrictEqual(seen, [entry.host])
  })
})

const directory: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => fs.mkdtempSync(join(tmpdir(), "registry-"))),
  (dir) => Effect.sync(() => fs.rmSync(dir, { recursive: true, force: true }))
)

/** a process in a group of its own, that nobody here has started by the registry */
const stranger = Effect.acquireRelease(
  Effect.promise(async () => {
    const child = spawn("sh", ["-c", "echo ready; exec sleep 60"], {
      detached: true,
      stdio: ["ignore", "pipe", "ignore"]
    })
    const gone = once(child, "exit")
    await once(child.stdout, "data")
    const found = table.find(child.pid ?? 0)
    if (found === undefined) throw new Error("it is not in the table")
    return { found, gone, kill: () => child.kill("SIGKILL") }
  }),
  ({ gone, kill }) =>
    Effect.promise(() => {
      kill()
      return gone
    })
)

const isAlive = (one: ProcessEntry): boolean => table.find(one.pid)?.zombie === false

const treeOf = (child: ProcessEntry, marker: string): Tree => ({ marker, recorded: new Map([[child.pid, child]]) })

/** the entry of a child whose host is dead: its pid is this process's, its start time is not */
const orphaned = (child: ProcessEntry, over: Partial<SpawnEntry.SpawnEntry> = {}): string =>
  SpawnEntry.encode({
    ...entry,
    ...table.origin(),
    host: { pid: process.pid, started: "0" },
    child: { pid: child.pid, started: child.started },
    group: child.group,
    marker: "no-such-marker",
    descendants: [],
    ...over
  })

const onLinux = (title: string, test: () => Effect.Effect<void, never, Scope.Scope>): void =>
  it.live.runIf(process.platform === "linux")(title, () => Effect.scoped(test()))

describe("the registry", () => {
  onLinux("rule 10: an entry is a file that only its owner can read, in a directory of the same kind", () =>
    Effect.gen(function* () {
      const dir = join(yield* directory, "a", "b")
      const { found } = yield* stranger
      const registration = SpawnRegistry.make(table, dir).add(found, treeOf(found, "mark-1"))
      assert.isUndefined(registration.complaint)
      assert.deepStrictEqual(fs.readdirSync(dir), ["mark-1.json"])
      assert.strictEqual(fs.statSync(dir).mode & 0o777, 0o700)
      assert.strictEqual(fs.statSync(join(dir, "mark-1.json")).mode & 0o777, 0o600)
      const written = SpawnEntry.decode(fs.readFileSync(join(dir, "mark-1.json"), "utf8"))
      assert.strictEqual(written?.host.pid, process.pid)
      assert.deepStrictEqual(written?.child, { pid: found.pid, started: found.started })
      registration.remove()
      registration.remove()
      assert.deepStrictEqual(fs.readdirSync(dir), [])
    })
  )

  onLinux("rule 10: what is seen below the child is added to its entry", () =>
    Effect.gen(function* () {
      const dir = yield* directory
      const { found } = yield* stranger
      const tree = treeOf(found, "mark-2")
      const registration = SpawnRegistry.make(table, dir).add(found, tree)
      tree.recorded.set(12, { pid: 12, started: "120" })
      registration.update()
      const written = SpawnEntry.decode(fs.readFileSync(join(dir, "mark-2.json"), "utf8"))
      assert.deepStrictEqual(written?.descendants, [{ pid: 12, started: "120" }])
      registration.remove()
    })
  )

  onLinux("rule 10: the orphan of a dead host is ended, with its group and what was seen below it", () =>
    Effect.gen(function* () {
      const dir = yield* directory
      const [leader, below] = [yield* stranger, yield* stranger]
      const { pid, started } = below.found
      fs.writeFileSync(join(dir, "a.json"), orphaned(leader.found, { descendants: [{ pid, started }] }))
      yield* SpawnRegistry.make(table, dir).reap
      yield* Effect.promise(() => Promise.all([leader.gone, below.gone]))
      assert.deepStrictEqual(fs.readdirSync(dir), [])
    })
  )

  onLinux("rule 10: a pid that has passed to another process is not signalled, and its entry is dropped", () =>
    Effect.gen(function* () {
      const dir = yield* directory
      const { found } = yield* stranger
      const { pid } = found
      const recycled = { pid, started: "0" }
      fs.writeFileSync(join(dir, "a.json"), orphaned(found, { child: recycled, descendants: [recycled] }))
      yield* SpawnRegistry.make(table, dir).reap
      assert.isTrue(isAlive(found))
      assert.deepStrictEqual(fs.readdirSync(dir), [])
    })
  )

  onLinux("rule 10: garbage, entries of another boot and half-written ones of dead hosts are dropped", () =>
    Effect.gen(function* () {
      const dir = yield* directory
      const { found } = yield* stranger
      fs.writeFileSync(join(dir, "empty.json"), "")
      fs.writeFileSync(join(dir, "huge.json"), "x".repeat(100_000))
      fs.writeFileSync(join(dir, "boot.json"), orphaned(found, { boot: "another" }))
      fs.writeFileSync(join(dir, `half.json.${2 ** 22 + 1}`), "{")
      fs.writeFileSync(join(dir, "README"), "not ours")
      yield* SpawnRegistry.make(table, dir).reap
      assert.isTrue(isAlive(found))
      assert.deepStrictEqual(fs.readdirSync(dir), ["README"])
    })
  )

  onLinux("rule 10: entries of a living host, of a container of its own, and links to elsewhere end nobody", () =>
    Effect.gen(function* () {
      const dir = yield* directory
      const { found } = yield* stranger
      const self = table.find(process.pid)
      const host = { pid: process.pid, started: String(self?.started) }
      const elsewhere = join(yield* directory, "entry.json")
      fs.writeFileSync(elsewhere, orphaned(found))
      fs.writeFileSync(join(dir, "living.json"), orphaned(found, { host }))
      fs.writeFileSync(join(dir, "other.json"), orphaned(found, { namespace: "pid:[7]" }))
      fs.symlinkSync(elsewhere, join(dir, "link.json"))
      yield* SpawnRegistry.make(table, dir).reap
      assert.isTrue(isAlive(found))
      assert.deepStrictEqual(fs.readdirSync(dir), ["living.json", "other.json"])
    })
  )

  onLinux("rule 10: a directory that others can write is not believed, and nothing is written into it", () =>
    Effect.gen(function* () {
      const dir = yield* directory
      const { found } = yield* stranger
      fs.writeFileSync(join(dir, "a.json"), orphaned(found))
      fs.chmodSync(dir, 0o777)
      const registry = SpawnRegistry.make(table, dir)
      yield* registry.reap
      assert.isTrue(isAlive(found))
      const registration = registry.add(found, treeOf(found, "mark-3"))
      assert.include(registration.complaint, "can be written by other users")
      assert.deepStrictEqual(fs.readdirSync(dir), ["a.json"])
    })
  )

  onLinux("rule 10: a directory that cannot be made is said once, and fails nothing", () =>
    Effect.gen(function* () {
      const file = join(yield* directory, "file")
      fs.writeFileSync(file, "")
      const { found } = yield* stranger
      const registry = SpawnRegistry.make(table, join(file, "state"))
      yield* registry.reap
      const [first, second] = [1, 2].map((n) => registry.add(found, treeOf(found, `mark-${n}`)))
      assert.include(first?.complaint, "ENOTDIR")
      assert.isUndefined(second?.complaint)
      first?.update()
      first?.remove()
    })
  )

  onLinux("rule 10: a host reaps once, however often it is asked", () =>
    Effect.gen(function* () {
      const dir = yield* directory
      const { found } = yield* stranger
      const registry = SpawnRegistry.make(table, dir)
      yield* registry.reap
      fs.writeFileSync(join(dir, "a.json"), orphaned(found))
      yield* Effect.all([registry.reap, registry.reap], { concurrency: "unbounded" })
      assert.isTrue(isAlive(found))
    })
  )

  it("rule 10: the directory is below XDG_STATE_HOME when that is absolute", () => {
    const before = process.env["XDG_STATE_HOME"]
    try {
      process.env["XDG_STATE_HOME"] = "/xdg"
      assert.strictEqual(SpawnRegistry.defaultDirectory(), "/xdg/effect-agent-session")
      process.env["XDG_STATE_HOME"] = "relative"
      assert.match(SpawnRegistry.defaultDirectory(), /\/\.local\/state\/effect-agent-session$/)
    } finally {
      if (before === undefined) delete process.env["XDG_STATE_HOME"]
      else process.env["XDG_STATE_HOME"] = before
    }
  })
})
