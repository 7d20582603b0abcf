import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { assert, describe, it, layer } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as ProcessTable from "../../src/internal/processTable.ts"
import * as ProcessTree from "../../src/internal/processTree.ts"
import { live } from "../../src/internal/closeLadder.ts"

const linux = process.platform === "linux"

const entry = (pid: number, parent: number, started = String(pid)): ProcessTable.ProcessEntry => ({
  pid,
  parent,
  group: pid,
  zombie: false,
  started
})

const pidsOf = (entries: ReadonlyArray<ProcessTable.ProcessEntry>): ReadonlyArray<number> =>
  entries.map((one) => one.pid).toSorted((left, right) => left - right)

/** a shell in a session of its own, dead at the latest when the test ends; answers with its first line of output */
const shell = Effect.fnUntraced(function* (script: string, env: Record<string, string> = {}) {
  const child = spawn("sh", ["-c", script], {
    detached: true,
    stdio: ["ignore", "pipe", "ignore"],
    env: { ...process.env, ...env }
  })
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()))
  yield* Effect.addFinalizer(() =>
    Effect.promise(() => {
      child.stdout.destroy()
      if (child.exitCode === null && child.signalCode === null) child.kill("SIGKILL")
      return exited
    })
  )
  const line = yield* Effect.promise(
    () => new Promise<string>((resolve) => child.stdout.once("data", (data) => resolve(String(data).trim())))
  )
  return { pid: Number(child.pid), line, exited: Effect.promise(() => exited) }
})

describe("reading a process", () => {
  it("rule 9: a stat line is read behind the name, whatever the name holds", () => {
    const rest = Array.from({ length: 50 }, (_, index) => index + 4)
    const line = (state: string) => `77 (a) R 1 (b)) ${state} ${rest.join(" ")}\n`
    assert.deepStrictEqual(ProcessTable.parseStat(line("S")), {
      pid: 77,
      parent: 4,
      group: 5,
      zombie: false,
      started: "22"
    })
    assert.isTrue(ProcessTable.parseStat(line("Z"))?.zombie)
    assert.isUndefined(ProcessTable.parseStat(""))
    assert.isUndefined(ProcessTable.parseStat("77 (cut"))
  })

  it("rule 9: the lines of ps are read, with a start time of many words", () => {
    const text = [
      "    1     0     1 Ss   Fri Nov 21 03:33:00 2025",
      "  804     1   803 Z+   Fri Nov  7 03:43:12 2025    ",
      "ps: garbage",
      ""
    ].join("\n")
    assert.deepStrictEqual(ProcessTable.parsePs(text), [
      { pid: 1, parent: 0, group: 1, zombie: false, started: "Fri Nov 21 03:33:00 2025" },
      { pid: 804, parent: 1, group: 803, zombie: true, started: "Fri Nov  7 03:43:12 2025" }
    ])
  })
})

describe("descendants", () => {
  const table = [entry(1, 0), entry(10, 1), entry(11, 10), entry(12, 11), entry(13, 10), entry(20, 1), entry(21, 20)]

  it("rule 9: all levels are found, and nobody else", () => {
    assert.deepStrictEqual(pidsOf(ProcessTree.descendants(table, [entry(10, 1)])), [11, 12, 13])
    assert.deepStrictEqual(pidsOf(ProcessTree.descendants(table, [entry(11, 10), entry(20, 1)])), [12, 21])
  })

  it("rule 9: a root whose pid has passed to another process has no descendants", () => {
    assert.deepStrictEqual(ProcessTree.descendants(table, [entry(10, 1, "earlier")]), [])
    assert.deepStrictEqual(ProcessTree.descendants(table, [entry(99, 1)]), [])
  })

  it("rule 9: a table that was read while pids changed hands has no endless walk", () => {
    const torn = [entry(10, 12), entry(11, 10), entry(12, 11)]
    assert.deepStrictEqual(pidsOf(ProcessTree.descendants(torn, [entry(10, 12)])), [11, 12])
  })
})

layer(NodeServices.layer)("with real processes", (it) => {
  it.effect.runIf(linux)("rule 9: the table holds this process, its parent and its group", () =>
    Effect.gen(function* () {
      const table = yield* ProcessTable.make
      const all = yield* table.all
      const self = all.find((one) => one.pid === process.pid)
      assert.strictEqual(self?.parent, process.ppid)
      assert.isFalse(self?.zombie)
      assert.deepStrictEqual(yield* table.find(process.pid), self)
      assert.isUndefined(yield* table.find(2 ** 22 + 1))
    })
  )

  it.effect.runIf(linux)("rule 9: a marked process is found under pid 1, and only under its own marker", () =>
    Effect.gen(function* () {
      const table = yield* ProcessTable.make
      const { line } = yield* shell("setsid sh -c 'echo $$; exec sleep 60' & exit 0", {
        EFFECT_AGENT_SESSION: "tree-a"
      })
      const orphan = Number(line)
      assert.deepStrictEqual(pidsOf(yield* table.marked("tree-a")), [orphan])
      assert.deepStrictEqual(yield* table.marked("tree"), [])
      yield* live(ProcessTree.sweep(table, new Map(), "tree-a"))
      assert.isNotFalse((yield* table.find(orphan))?.zombie ?? true)
    })
  )

  it.effect.runIf(linux)("rule 9: a process without the marker is found by its parent and swept once on record", () =>
    Effect.gen(function* () {
      const table = yield* ProcessTable.make
      const root = yield* shell("setsid env -i sh -c 'echo $$; sleep 60 & exec sleep 60' & exec sleep 60")
      const tool = Number(root.line)
      const leader = yield* table.find(root.pid)
      if (leader === undefined) return assert.fail("the shell is not in the table")
      const recorded: ProcessTree.Recorded = new Map([[leader.pid, leader]])
      yield* ProcessTree.record(table, recorded)
      assert.include([...recorded.keys()], tool)
      process.kill(root.pid, "SIGKILL")
      yield* root.exited
      yield* live(ProcessTree.sweep(table, recorded, "no-such-marker"))
      const left = yield* Effect.forEach(recorded.keys(), table.find)
      assert.deepStrictEqual(
        left.filter((one) => one !== undefined && !one.zombie),
        []
      )
    })
  )

  it.effect.runIf(linux)("rule 9: a pid with another start time is not signalled", () =>
    Effect.gen(function* () {
      const table = yield* ProcessTable.make
      const { pid } = yield* shell("echo ready; exec sleep 60")
      const found = yield* table.find(pid)
      if (found === undefined) return assert.fail("the shell is not in the table")
      const recycled = { ...found, started: "0" }
      yield* ProcessTree.kill(table, recycled)
      yield* live(ProcessTree.sweep(table, new Map([[pid, recycled]]), "no-such-marker"))
      const after = yield* table.find(pid)
      assert.deepStrictEqual([after?.started, after?.zombie], [found.started, false])
    })
  )

  it.effect.runIf(linux && existsSync("/bin/ps"))("rule 9: ps tells the same tree as /proc", () =>
    Effect.gen(function* () {
      const ps = ProcessTable.fromPs(yield* ChildProcessSpawner)
      const proc = ProcessTable.fromProc(yield* FileSystem.FileSystem)
      const { pid } = yield* shell("sleep 60 & echo $!; exec sleep 60")
      const [one, other] = [yield* ps.find(pid), yield* proc.find(pid)]
      assert.deepStrictEqual({ ...one, started: "" }, { ...other, started: "" })
      assert.strictEqual(one?.parent, process.pid)
      const below = (table: ProcessTable.ProcessTable, root: ProcessTable.ProcessEntry | undefined) =>
        Effect.map(table.all, (all) => pidsOf(ProcessTree.descendants(all, root === undefined ? [] : [root])))
      const children = yield* below(ps, one)
      assert.strictEqual(children.length, 1)
      assert.deepStrictEqual(children, yield* below(proc, other))
      assert.isUndefined(yield* ps.find(2 ** 22 + 1))
      for (const child of children) process.kill(child, "SIGKILL")
    })
  )
})

describe("a shared walk", () => {
  it.effect("rule 9: fifty that ask at once cost two walks, and nobody gets one that began before the question", () =>
    Effect.gen(function* () {
      let walks = 0
      const fs = FileSystem.makeNoop({
        readDirectory: () => Effect.andThen(Effect.yieldNow, () => Effect.sync(() => [`${++walks}`, "self"]))
      })
      const table = ProcessTable.fromProc(fs)
      yield* Effect.all(
        Array.from({ length: 50 }, () => table.all),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(walks, 2)
      yield* table.all
      assert.strictEqual(walks, 3)
    })
  )
})
