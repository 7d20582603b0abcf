import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it, layer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { homedir } from "node:os"
import * as Transcripts from "../../src/claude/internal/transcripts.ts"
import { seeded } from "../support/seeded.ts"

const Host = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer)

describe("configDir", () => {
  it("is the variable, else .claude in the home of the child", () => {
    assert.strictEqual(Transcripts.configDir({ CLAUDE_CONFIG_DIR: "/conf", HOME: "/home/alice" }), "/conf")
    assert.strictEqual(Transcripts.configDir({ HOME: "/home/alice" }), "/home/alice/.claude")
    assert.strictEqual(Transcripts.configDir({ HOME: Redacted.make("/home/bob") }), "/home/bob/.claude")
  })

  it("without a home it is that of the user", () => {
    for (const env of [{}, { HOME: "" }]) {
      assert.match(Transcripts.configDir(env), /^\/.*\/\.claude$/)
      assert.notStrictEqual(Transcripts.configDir(env), "/.claude")
    }
    assert.strictEqual(Transcripts.configDir({ HOME: homedir() }), `${homedir()}/.claude`)
  })

  it("is normalised as the CLI does it, and an empty variable is not a missing one", () => {
    assert.strictEqual(Transcripts.configDir({ CLAUDE_CONFIG_DIR: "/e\u0301" }), "/\u00e9")
    assert.strictEqual(Transcripts.configDir({ CLAUDE_CONFIG_DIR: "", HOME: "/home/alice" }), "")
  })
})

// The expected names were made by Claude Code 2.1.329 in directories of these names.
describe("projectDirName", () => {
  it("puts a dash for every unit that is no letter or digit, and keeps the case", () => {
    assert.strictEqual(Transcripts.projectDirName("/tmp/a b.c_d@é日/Src"), "-tmp-a-b-c-d----Src")
    assert.strictEqual(Transcripts.projectDirName("/tmp/x😀y"), "-tmp-x--y")
    assert.strictEqual(Transcripts.projectDirName("/tmp/e\u0301x"), "-tmp-e-x")
  })

  it("a name over 200 is cut and told apart by a hash of the whole path", () => {
    const long = `/tmp/${"k".repeat(98)}/${"l".repeat(98)}`
    assert.strictEqual(Transcripts.projectDirName(long), `-tmp-${"k".repeat(98)}-${"l".repeat(96)}-i2ajpk`)
    const units = `/tmp/${"é😀".repeat(35)}/${"x.y".repeat(30)}`
    assert.strictEqual(units.length, 201)
    assert.match(Transcripts.projectDirName(units), /x-yx--nqxysq$/)
    assert.strictEqual(Transcripts.projectDirName(long.slice(0, 200)).length, 200)
  })

  it.prop(
    "is a plain name of bounded length, whatever the directory is called [asm-108]",
    [Schema.String, Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 40 }))],
    ([text, times]: readonly [string, number]) => {
      assert.match(Transcripts.projectDirName(`/${text.repeat(times)}`), /^-[A-Za-z0-9-]{0,206}$/)
    },
    seeded()
  )
})

const id = (digit: number): string => `${String(digit).repeat(8)}-1111-4111-8111-111111111111`

const record = (type: string, more: Readonly<Record<string, unknown>> = {}): string =>
  `${JSON.stringify({ type, uuid: "u", isSidechain: false, ...more })}\n`

const conversation =
  record("queue-operation", { operation: "enqueue" }) + record("user", { message: { content: "hi" } })

layer(Host)("conversations on disk", (it) => {
  /** A configuration folder and two working directories; files are written into the projects of either. */
  const rig = Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const root = yield* Effect.flatMap(fs.makeTempDirectoryScoped(), fs.realPath)
    const configDir = path.join(root, "config")
    const here = path.join(root, "here")
    const there = path.join(root, "there")
    const project = (cwd: string): string => path.join(configDir, "projects", Transcripts.projectDirName(cwd))
    yield* Effect.forEach([here, there, project(here), project(there)], (dir) =>
      fs.makeDirectory(dir, { recursive: true })
    )
    const write = Effect.fnUntraced(function* (cwd: string, name: string, text: string, seconds = 0) {
      const file = path.join(project(cwd), name)
      yield* fs.writeFileString(file, text)
      yield* fs.utimes(file, 1_700_000_000 + seconds, 1_700_000_000 + seconds)
      return file
    })
    return { fs, path, root, configDir, here, there, project, write, place: { configDir, cwd: here } }
  })

  it.effect("rule 20: one is found in the project of the working directory", () =>
    Effect.gen(function* () {
      const { here, place, write } = yield* rig
      const file = yield* write(here, `${id(1)}.jsonl`, conversation)
      assert.deepStrictEqual(yield* Transcripts.find(id(1), place), Option.some(file))
      assert.deepStrictEqual(yield* Transcripts.find(id(2), place), Option.none())
    })
  )

  it.effect("rule 20: one of another working directory is found too, after the own one", () =>
    Effect.gen(function* () {
      const { here, place, there, write } = yield* rig
      const elsewhere = yield* write(there, `${id(1)}.jsonl`, conversation)
      assert.deepStrictEqual(yield* Transcripts.find(id(1), place), Option.some(elsewhere))
      const own = yield* write(here, `${id(1)}.jsonl`, conversation)
      assert.deepStrictEqual(yield* Transcripts.find(id(1), place), Option.some(own))
    })
  )

  it.effect("rule 20: a file without a conversation is none, as it is none to the CLI", () =>
    Effect.gen(function* () {
      const { here, place, there, write } = yield* rig
      const without = {
        empty: "",
        "a blank line": "\n",
        garbage: "not json\n",
        "only a title": record("custom-title", { customTitle: '"type":"user"' }),
        "only a queue": record("queue-operation", { content: '{"type":"user"}' }),
        "only a subagent's work": record("user", { isSidechain: true }) + record("assistant", { isSidechain: true }),
        "half a line": '{"type":"user","mess'
      }
      yield* write(there, `${id(1)}.jsonl`, conversation)
      for (const [what, text] of Object.entries(without)) {
        yield* write(here, `${id(1)}.jsonl`, text)
        assert.deepStrictEqual(yield* Transcripts.find(id(1), place), Option.none(), what)
        assert.deepStrictEqual(yield* Transcripts.latest(place), Option.none(), what)
      }
      yield* write(here, `${id(1)}.jsonl`, record("assistant"))
      assert.isTrue(Option.isSome(yield* Transcripts.find(id(1), place)))
    })
  )

  it.effect("what is no session id finds nothing, wherever it points [asm-108]", () =>
    Effect.gen(function* () {
      const { fs, here, path, place, project, root, write } = yield* rig
      yield* write(here, "title.jsonl", conversation)
      yield* fs.writeFileString(path.join(root, "outside.jsonl"), conversation)
      for (const bad of ["title", path.relative(project(here), path.join(root, "outside")), `${id(1)}/..`, "\0", ""]) {
        assert.deepStrictEqual(yield* Transcripts.find(bad, place), Option.none(), bad)
      }
    })
  )

  it.effect("rule 20: the last one is the file that changed last and holds a conversation", () =>
    Effect.gen(function* () {
      const { fs, here, path, place, project, there, write } = yield* rig
      assert.deepStrictEqual(yield* Transcripts.latest(place), Option.none())
      yield* write(here, `${id(2)}.jsonl`, conversation, 2)
      yield* write(here, `${id(1)}.jsonl`, conversation, 1)
      yield* write(there, `${id(9)}.jsonl`, conversation, 99)
      assert.deepStrictEqual(yield* Transcripts.latest(place), Option.some(id(2)))
      yield* write(here, `${id(3)}.jsonl`, "", 3)
      yield* write(here, `${id(4)}.jsonl`, record("custom-title"), 4)
      yield* write(here, "copy.jsonl", conversation, 5)
      yield* write(here, id(5), conversation, 6)
      yield* fs.makeDirectory(path.join(project(here), `${id(6)}.jsonl`))
      assert.deepStrictEqual(yield* Transcripts.latest(place), Option.some(id(2)))
      yield* write(here, "ABCDEF11-1111-4111-8111-111111111111.jsonl", conversation, 7)
      assert.deepStrictEqual(yield* Transcripts.latest(place), Option.some("ABCDEF11-1111-4111-8111-111111111111"))
    })
  )

  it.effect("a working directory that is a link has the project of what it points to", () =>
    Effect.gen(function* () {
      const { configDir, fs, here, path, root, write } = yield* rig
      const link = path.join(root, "link")
      yield* fs.symlink(here, link)
      const file = yield* write(here, `${id(1)}.jsonl`, conversation)
      const place = { configDir, cwd: link }
      assert.deepStrictEqual(yield* Transcripts.find(id(1), place), Option.some(file))
      assert.deepStrictEqual(yield* Transcripts.latest(place), Option.some(id(1)))
    })
  )

  it.effect("a relative configuration folder starts at the working directory", () =>
    Effect.gen(function* () {
      const { here, write } = yield* rig
      const file = yield* write(here, `${id(1)}.jsonl`, conversation)
      const found = yield* Transcripts.find(id(1), { configDir: "../config", cwd: here })
      assert.deepStrictEqual(found, Option.some(file))
    })
  )

  it.effect("where nothing was ever kept, nothing is found, and the places looked at are told all the same", () =>
    Effect.gen(function* () {
      const { fs, here, path, root } = yield* rig
      const place = { configDir: path.join(root, "never"), cwd: here }
      assert.deepStrictEqual(yield* Transcripts.find(id(1), place), Option.none())
      assert.deepStrictEqual(yield* Transcripts.latest(place), Option.none())
      assert.deepStrictEqual(yield* Transcripts.lookedIn(place), [
        path.join(root, "never", "projects", Transcripts.projectDirName(here)),
        path.join(root, "never", "projects", "*")
      ])
      const file = path.join(root, "a-file")
      yield* fs.writeFileString(file, "")
      assert.deepStrictEqual(yield* Transcripts.find(id(1), { configDir: file, cwd: "/nowhere" }), Option.none())
    })
  )
})
