import { spawn } from "node:child_process"
import { existsSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { parseStat } from "../../src/internal/procfs.ts"
import * as ProcessTable from "../../src/internal/processTable.ts"
import * as ProcessTree from "../../src/internal/processTree.ts"

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
    assert.deepStrictEqual(parseStat(line("S")), {
      pid: 77,
      parent: 4,
      group: 5,
      zombie: false,
      started: "22"
    })
    assert.isTrue(parseStat(line("Z"))?.zombie)
    assert.isUndefined(parseStat(""))
    assert.isUndefined(parseStat("77 (cut"))
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
    assert.deepStrictEqual(pidsOf(ProcessTable.descendants(table, [entry(10, 1)])), [11, 12, 13])
    assert.deepStrictEqual(pidsOf(ProcessTable.descendants(table, [entry(11, 10), entry(20, 1)])), [12, 21])
  })

  it("rule 9: a root whose pid has passed to another process has no descendants", () => {
    assert.deepStrictEqual(ProcessTable.descendants(table, [entry(10, 1, "earlier")]), [])
    assert.deepStrictEqual(ProcessTable.descendants(table, [entry(99, 1)]), [])
  })

  it("rule 9: a table that was read while pids changed hands has no endless walk", () => {
    const torn = [entry(10, 12), entry(11, 10), entry(12, 11)]
    assert.deepStrictEqual(pidsOf(ProcessTable.descendants(torn, [entry(10, 12)])), [11, 12])
  })
})

const { table } = ProcessTable

const treeOf = (marker: string, ...recorded: ReadonlyArray<ProcessTable.ProcessId>): ProcessTree.Tree => ({
  marker,
  recorded: new Map(recorded.map((one) => [one.pid, one]))
})

const leaderOf = (pid: number): ProcessTable.ProcessEntry => {
  const found = table.find(pid)
  if (found === undefined) throw new Error("the shell is not in the table")
  return found
}

const isDead = (pid: number): boolean => table.find(pid)?.zombie ?? true

describe("with real processes", () => {
  it.live.runIf(linux)("rule 9: the table holds this process, its parent and its group", () =>
    Effect.sync(() => {
      const self = table.all().find((one) => one.pid === process.pid)
      assert.strictEqual(self?.parent, process.ppid)
      assert.isFalse(self?.zombie)
      assert.deepStrictEqual(table.find(process.pid), self)
      assert.isUndefined(table.find(2 ** 22 + 1))
    })
  )

  it.live.runIf(linux)("rule 9: a marked process is found under pid 1, and only under its own marker", () =>
    Effect.gen(function* () {
      const { line } = yield* shell("setsid sh -c 'echo $$; exec sleep 60' & exit 0", {
        EFFECT_AGENT_SESSION: "tree-a"
      })
      const orphan = Number(line)
      assert.deepStrictEqual(table.markers().get("tree-a"), [orphan])
      assert.isUndefined(table.markers().get("tree"))
      yield* ProcessTree.sweep(table, treeOf("tree-a"))
      assert.isTrue(isDead(orphan))
    })
  )

  it.live.runIf(linux)("rule 9: a marked process that is younger than the child is found without a walk", () =>
    Effect.gen(function* () {
      const child = yield* shell("echo ready; exec sleep 60")
      const { line } = yield* shell("setsid sh -c 'echo $$; exec sleep 60' & exit 0", {
        EFFECT_AGENT_SESSION: "tree-young"
      })
      const orphan = Number(line)
      // `undefined` where the kernel does not say which pid was the last: then the walk is taken
      const found = table.markedSince("tree-young", child.pid, 0)
      assert.deepStrictEqual(found ?? table.markers().get("tree-young"), [orphan])
      assert.deepStrictEqual(table.markedSince("tree-young", orphan, 0) ?? [], [])
      yield* ProcessTree.sweep(table, treeOf("tree-young"))
      assert.isTrue(isDead(orphan))
    })
  )

  it("rule 9: after so long that pids may have come round, only a walk tells", () => {
    assert.isUndefined(ProcessTable.fromProc.markedSince("tree-old", process.pid, 24 * 60 * 60 * 1_000))
  })

  it.live.runIf(linux)("rule 9: a process without the marker is found by its parent and swept once on record", () =>
    Effect.gen(function* () {
      const root = yield* shell("setsid env -i sh -c 'echo $$; sleep 60 & exec sleep 60' & exec sleep 60")
      const tool = Number(root.line)
      const tree = treeOf("no-such-marker", leaderOf(root.pid))
      ProcessTree.record(table, tree)
      assert.include([...tree.recorded.keys()], tool)
      process.kill(root.pid, "SIGKILL")
      yield* root.exited
      yield* ProcessTree.sweep(table, tree)
      assert.deepStrictEqual(
        [...tree.recorded.keys()].filter((pid) => !isDead(pid)),
        []
      )
    })
  )

  it.live.runIf(linux)("rule 9: a pid with another start time is not signalled", () =>
    Effect.gen(function* () {
      const { pid } = yield* shell("echo ready; exec sleep 60")
      const found = leaderOf(pid)
      const recycled = { ...found, started: "0" }
      ProcessTree.kill(table, recycled)
      yield* ProcessTree.sweep(table, treeOf("no-such-marker", recycled))
      const after = table.find(pid)
      assert.deepStrictEqual([after?.started, after?.zombie], [found.started, false])
    })
  )

  it.live.runIf(linux)("rule 10: at the end of the host a tree is swept without waiting for anything", () =>
    Effect.gen(function* () {
      const root = yield* shell("setsid sh -c 'echo $$; exec sleep 60' & exec sleep 60", {
        EFFECT_AGENT_SESSION: "tree-now"
      })
      ProcessTree.sweepNow(table, [treeOf("tree-now", leaderOf(root.pid)), treeOf("tree-empty")])
      assert.deepStrictEqual([isDead(root.pid), isDead(Number(root.line))], [true, true])
    })
  )

  it.live.runIf(linux && existsSync("/bin/ps"))("rule 9: ps tells the same tree as /proc", () =>
    Effect.gen(function* () {
      const { fromProc, fromPs } = ProcessTable
      const { pid } = yield* shell("sleep 60 & echo $!; exec sleep 60")
      const [one, other] = [fromPs.find(pid), fromProc.find(pid)]
      assert.deepStrictEqual({ ...one, started: "" }, { ...other, started: "" })
      assert.strictEqual(one?.parent, process.pid)
      const below = (of: ProcessTable.ProcessTable): ReadonlyArray<number> => {
        const root = of.find(pid)
        return pidsOf(root === undefined ? [] : of.below([root]))
      }
      const children = below(fromPs)
      assert.strictEqual(children.length, 1)
      assert.deepStrictEqual(children, below(fromProc))
      assert.isUndefined(fromPs.find(2 ** 22 + 1))
      for (const child of children) process.kill(child, "SIGKILL")
    })
  )
})

describe("a shared walk", () => {
  it.effect("rule 9: fifty sweeps that begin together cost one walk, and a later one takes its own", () =>
    Effect.gen(function* () {
      let walks = 0
      const counted: ProcessTable.ProcessTable = {
        ...ProcessTable.fromProc,
        find: () => undefined,
        markers: () => {
          walks++
          return new Map()
        }
      }
      yield* Effect.all(
        Array.from({ length: 50 }, (_, index) => ProcessTree.sweep(counted, treeOf(`walk-${index}`))),
        { concurrency: "unbounded" }
      )
      assert.strictEqual(walks, 1)
      yield* ProcessTree.sweep(counted, treeOf("walk-late"))
      assert.strictEqual(walks, 2)
    })
  )
})
