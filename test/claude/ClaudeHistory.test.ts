/** What is read of transcripts that no CLI of today writes, or that are broken; the rest is in test/e2e/history.test.ts. */
import { assert, describe, it } from "@effect/vitest"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import * as ClaudeHistory from "effect-agent-session/claude/ClaudeHistory"
import { projectDirName } from "../../src/claude/internal/transcripts.ts"

type Json = { readonly [key: string]: unknown }

const id = "0b6d2f6e-6c0e-4a51-8f0c-6f6f6c1f2a01"
const other = "0b6d2f6e-6c0e-4a51-8f0c-6f6f6c1f2a02"

let clock = 0

const record = (uuid: string, parent: string | null, more: Json = {}): Json => ({
  type: "user",
  uuid,
  parentUuid: parent,
  isSidechain: false,
  timestamp: new Date((clock += 1000)).toISOString(),
  sessionId: id,
  cwd: "/work/app",
  gitBranch: "main",
  message: { role: "user", content: uuid },
  ...more
})

const answer = (uuid: string, parent: string, more: Json = {}): Json =>
  record(uuid, parent, {
    type: "assistant",
    message: { id: `msg-${uuid}`, role: "assistant", content: [{ type: "text", text: uuid }] },
    ...more
  })

interface Disk {
  readonly configDir: string
  readonly write: (cwd: string, name: string, lines: ReadonlyArray<Json | string>) => Effect.Effect<string>
}

const disk = Effect.gen(function* () {
  const fs = yield* FileSystem.FileSystem
  const configDir = yield* fs.makeTempDirectoryScoped({ prefix: "history-test-" })
  return {
    configDir,
    write: (cwd: string, name: string, lines: ReadonlyArray<Json | string>) =>
      Effect.gen(function* () {
        const file = `${configDir}/projects/${projectDirName(cwd)}/${name}`
        yield* fs.makeDirectory(file.slice(0, file.lastIndexOf("/")), { recursive: true })
        const text = lines.map((line) => (typeof line === "string" ? line : `${JSON.stringify(line)}\n`)).join("")
        yield* fs.writeFileString(file, text)
        return file
      }).pipe(Effect.orDie)
  } satisfies Disk
})

const onDisk = <A, E>(test: (disk: Disk) => Effect.Effect<A, E, NodeServices.NodeServices>) =>
  Effect.scoped(Effect.flatMap(disk, test)).pipe(Effect.provide(NodeServices.layer))

const read = (at: Disk, lines: ReadonlyArray<Json | string>, options: ClaudeHistory.MessageOptions = {}) =>
  at.write("/work/app", `${id}.jsonl`, lines).pipe(
    Effect.andThen(Stream.runCollect(ClaudeHistory.messages(id, { configDir: at.configDir, ...options }))),
    Effect.map((messages) => messages.map((message) => message.id))
  )

const titles = (at: Disk, query: ClaudeHistory.Query = {}) =>
  ClaudeHistory.sessions({ configDir: at.configDir, ...query }).pipe(
    Stream.map(({ title }) => title),
    Stream.runCollect
  )

describe("messages of a conversation", () => {
  it.effect("a chain is read from its root to its leaf, whatever the order of its lines [cc-105]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* read(at, [answer("b", "a"), record("c", "b"), record("a", null)]), [
          "a",
          "b",
          "c"
        ])
        assert.deepStrictEqual(yield* read(at, [record("a", null)]), ["a"])
        assert.deepStrictEqual(yield* read(at, [{ type: "last-prompt", lastPrompt: "x" }]), [])
      })
    )
  )

  it.effect("of two branches the one that was written last counts, and a leaf names the other [cc-105]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const lines = [record("a", null), answer("b", "a"), record("old", "b"), record("new", "b")]
        assert.deepStrictEqual(yield* read(at, lines), ["a", "b", "new"])
        assert.deepStrictEqual(yield* read(at, lines, { leaf: "old" }), ["a", "b", "old"])
        const branches = yield* ClaudeHistory.branches(id, at)
        assert.deepStrictEqual(
          branches.map(({ id, messages }) => [id, messages]),
          [
            ["new", 3],
            ["old", 3]
          ]
        )
        const error = yield* Effect.flip(read(at, lines, { leaf: "nobody" }))
        assert.strictEqual(error.reason._tag, "SessionNotFound")
      })
    )
  )

  it.effect("records that come back to themselves do not read for ever [cc-105]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const messages = yield* read(at, [record("a", "b"), answer("b", "a"), record("c", "b")])
        assert.deepStrictEqual(messages, ["a", "b", "c"])
      })
    )
  )

  it.effect("side work, teammates and what the CLI told the model are left out [cc-105] [cc-106]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const lines = [
          record("a", null),
          record("meta", "a", { isMeta: true }),
          answer("b", "meta"),
          record("side", "b", { isSidechain: true }),
          record("mate", "b", { teamName: "reviewers" })
        ]
        assert.deepStrictEqual(yield* read(at, lines), ["a", "b"])
      })
    )
  )

  it.effect("a summary of a compaction begins the conversation, and what it kept comes behind it [cc-105]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const boundary = record("edge", null, {
          type: "system",
          subtype: "compact_boundary",
          logicalParentUuid: "d",
          compactMetadata: { preservedMessages: { uuids: ["c", "d"], anchorUuid: "sum" } }
        })
        const lines = [
          record("a", null),
          answer("b", "a"),
          record("c", "b"),
          answer("d", "c"),
          boundary,
          record("sum", "edge", { isCompactSummary: true }),
          record("e", "sum")
        ]
        assert.deepStrictEqual(yield* read(at, lines), ["sum", "c", "d", "e"])
        assert.deepStrictEqual(yield* read(at, lines, { system: true }), ["edge", "sum", "c", "d", "e"])
      })
    )
  )

  it.effect("calls that ran side by side come back behind their answer", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const call = (uuid: string, parent: string, tool: string): Json =>
          answer(uuid, parent, {
            message: {
              id: "msg-1",
              role: "assistant",
              content: [{ type: "tool_use", id: tool, name: "Bash", input: {} }]
            }
          })
        const result = (uuid: string, parent: string, tool: string): Json =>
          record(uuid, parent, { message: { role: "user", content: [{ type: "tool_result", tool_use_id: tool }] } })
        const lines = [
          record("a", null),
          call("call1", "a", "t1"),
          call("call2", "call1", "t2"),
          result("result1", "call1", "t1"),
          result("result2", "call2", "t2"),
          answer("b", "result2")
        ]
        assert.deepStrictEqual(yield* read(at, lines), ["a", "call1", "call2", "result1", "result2", "b"])
      })
    )
  )

  it.effect("lines that are no records are passed over, a torn last one too [cc-107]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const lines = [
          record("a", null),
          "not json\n",
          "[1]\n",
          "\n",
          answer("b", "a"),
          '{"type":"user","uuid":"c","par'
        ]
        assert.deepStrictEqual(yield* read(at, lines), ["a", "b"])
      })
    )
  )

  it.effect("limit and offset cut a page, and must be whole numbers [cc-108]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const lines = [record("a", null), answer("b", "a"), record("c", "b"), answer("d", "c")]
        assert.deepStrictEqual(yield* read(at, lines, { offset: 1, limit: 2 }), ["b", "c"])
        assert.deepStrictEqual(yield* read(at, lines, { offset: 9 }), [])
        const error = yield* Effect.flip(read(at, lines, { limit: -1 }))
        assert.strictEqual(error.reason._tag, "InvalidOptions")
      })
    )
  )

  it.effect("content is as it stands in the file, text or blocks [cc-106]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        yield* read(at, [record("a", null), answer("b", "a")])
        const messages = yield* Stream.runCollect(ClaudeHistory.messages(id, at))
        assert.deepStrictEqual(
          messages.map(({ content, role }) => [role, content]),
          [
            ["user", "a"],
            ["assistant", [{ type: "text", text: "b" }]]
          ]
        )
      })
    )
  )

  it.effect("an id that is no UUID names no file, whatever path it spells [cc-108] [asm-108]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        yield* at.write("/work/app", `${id}.jsonl`, [record("a", null)])
        for (const wrong of ["../../etc/passwd", `../${projectDirName("/work/app")}/${id}`, "", "x\0y", `${id}/..`]) {
          const error = yield* Effect.flip(Stream.runCollect(ClaudeHistory.messages(wrong, at)))
          assert.strictEqual(error.reason._tag, "SessionNotFound", wrong)
          for (const change of [ClaudeHistory.remove(wrong, at), ClaudeHistory.rename(wrong, "x", at)]) {
            assert.strictEqual((yield* Effect.flip(change)).reason._tag, "SessionNotFound", wrong)
          }
          assert.isTrue(Option.isNone(yield* ClaudeHistory.info(wrong, at)))
        }
        const nobody = yield* Effect.flip(Stream.runCollect(ClaudeHistory.subagentMessages(id, "../../x", at)))
        assert.strictEqual(nobody.reason._tag, "SessionNotFound")
      })
    )
  )
})

describe("a list of conversations", () => {
  it.effect("the title is the one that was given, else the last prompt, else the first [cc-109] [cc-112]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const cases: ReadonlyArray<readonly [string, ReadonlyArray<Json | string>]> = [
          ["first", [record("first", null)]],
          ["last", [record("first", null), { type: "last-prompt", lastPrompt: "last" }]],
          ["sum", [record("first", null), { type: "summary", summary: "sum" }]],
          ["by AI", [record("first", null), { type: "ai-title", aiTitle: "by AI" }]],
          [
            "mine",
            [
              record("first", null),
              { type: "custom-title", customTitle: "no" },
              { type: "custom-title", customTitle: "mine" }
            ]
          ],
          ["spaced", [record("first", null), '{"type": "custom-title", "customTitle": "spaced"}\n']],
          ['a "b" \u00e9', [record("first", null), { type: "custom-title", customTitle: 'a "b" \u00e9' }]]
        ]
        for (const [title, lines] of cases) {
          yield* at.write("/work/app", `${id}.jsonl`, lines)
          assert.deepStrictEqual(yield* titles(at), [title])
        }
      })
    )
  )

  it.effect("directory, branch, size and times are told [cc-109]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const lines = [record("first", null), record("b", "first", { gitBranch: "topic" })]
        yield* at.write("/work/app", `${id}.jsonl`, lines)
        const found = Option.getOrThrow(yield* ClaudeHistory.info(id, at))
        assert.deepInclude(found, { cwd: "/work/app", gitBranch: "topic", firstPrompt: "first" })
        assert.strictEqual(found.fileSize, lines.map((line) => `${JSON.stringify(line)}\n`).join("").length)
        assert.isAbove(found.updatedAt, 1_600_000_000_000)
        assert.strictEqual(new Date(found.createdAt ?? 0).toISOString(), lines[0]?.["timestamp"])
      })
    )
  )

  it.effect("files that are no conversation are passed over [cc-110] [cc-114]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        yield* at.write("/work/app", `${id}.jsonl`, [record("first", null)])
        yield* at.write("/work/app", "notes.jsonl", [record("no", null)])
        yield* at.write("/work/app", `${other}.json`, [record("no", null)])
        yield* at.write("/work/app", `${other}.jsonl`, [record("no", null, { isSidechain: true })])
        yield* at.write("/work/app", "0b6d2f6e-6c0e-4a51-8f0c-6f6f6c1f2a03.jsonl", [])
        yield* at.write("/work/app", "0b6d2f6e-6c0e-4a51-8f0c-6f6f6c1f2a04.jsonl", [{ type: "mode", mode: "x" }])
        assert.deepStrictEqual(yield* titles(at), ["first"])
      })
    )
  )

  it.effect("the first prompt is what the user said, cut at 200 [cc-111]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const say = (content: unknown, more: Json = {}): Json =>
          record("a", null, { message: { role: "user", content }, ...more })
        const machine = [
          say("meta", { isMeta: true }),
          say("summary", { isCompactSummary: true }),
          say([{ type: "tool_result", tool_use_id: "t" }]),
          say("<local-command-stdout>x</local-command-stdout>"),
          say("[Request interrupted by user]")
        ]
        const cases: ReadonlyArray<readonly [string | undefined, ReadonlyArray<Json>]> = [
          ["hello there", [...machine, say("hello\nthere")]],
          ["from a block", [...machine, say([{ type: "text", text: "from a block" }])]],
          ["/review", [...machine, say("<command-name>/review</command-name>")]],
          ["! ls -l", [say("<bash-input>ls -l</bash-input>")]],
          [`${"x".repeat(200)}…`, [say("x".repeat(300))]],
          [undefined, [...machine, { type: "custom-title", customTitle: "t" }]]
        ]
        for (const [prompt, lines] of cases) {
          yield* at.write("/work/app", `${id}.jsonl`, lines)
          const [found] = yield* Stream.runCollect(ClaudeHistory.sessions(at))
          assert.strictEqual(found?.firstPrompt, prompt)
        }
      })
    )
  )

  it.effect("one directory, all of them, and one that has none [cc-114]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        assert.deepStrictEqual(yield* titles(at), [])
        yield* at.write("/work/app", `${id}.jsonl`, [record("app", null)])
        yield* at.write("/work/other", `${other}.jsonl`, [record("other", null, { cwd: "/work/other" })])
        assert.deepStrictEqual(yield* titles(at, { cwd: "/work/app" }), ["app"])
        assert.deepStrictEqual((yield* titles(at)).toSorted(), ["app", "other"])
        assert.deepStrictEqual(yield* titles(at, { cwd: "/nowhere" }), [])
        const projects = yield* ClaudeHistory.projects(at)
        assert.deepStrictEqual(projects.map(({ cwd, sessions }) => [cwd, sessions]).toSorted(), [
          ["/work/app", 1],
          ["/work/other", 1]
        ])
      })
    )
  )

  it.effect("two directories that share a folder keep their conversations apart [cc-113] [cc-115]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        yield* at.write("/work/a.b", `${id}.jsonl`, [record("dot", null, { cwd: "/work/a.b" })])
        yield* at.write("/work/a-b", `${other}.jsonl`, [record("dash", null, { cwd: "/work/a-b" })])
        assert.deepStrictEqual(yield* titles(at, { cwd: "/work/a.b" }), ["dot"])
        assert.deepStrictEqual(yield* titles(at, { cwd: "/work/a-b" }), ["dash"])
      })
    )
  )

  it.effect("folders of both namings are found, and long names by their beginning [cc-113]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const old = `${at.configDir}/projects/-work-my.app`
        yield* fs.makeDirectory(old, { recursive: true })
        yield* fs.writeFileString(
          `${old}/${id}.jsonl`,
          `${JSON.stringify(record("old", null, { cwd: "/work/my.app" }))}\n`
        )
        assert.deepStrictEqual(yield* titles(at, { cwd: "/work/my.app" }), ["old"])
        const long = `/work/${"deep/".repeat(60)}end`
        const odd = `${at.configDir}/projects/${projectDirName(long).slice(0, 201)}otherhash`
        yield* fs.makeDirectory(odd, { recursive: true })
        yield* fs.writeFileString(`${odd}/${other}.jsonl`, `${JSON.stringify(record("long", null, { cwd: long }))}\n`)
        assert.deepStrictEqual(yield* titles(at, { cwd: long }), ["long"])
      })
    )
  )

  it.effect("the other worktrees of a repository are listed too, unless told not to be [cc-115]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const main = `${at.configDir}/repo`
        const tree = `${at.configDir}/tree`
        yield* fs.makeDirectory(`${main}/.git/worktrees/tree`, { recursive: true })
        yield* fs.makeDirectory(tree)
        yield* fs.writeFileString(`${main}/.git/worktrees/tree/gitdir`, `${tree}/.git\n`)
        yield* fs.writeFileString(`${main}/.git/worktrees/tree/commondir`, "../..\n")
        yield* fs.writeFileString(`${tree}/.git`, `gitdir: ${main}/.git/worktrees/tree\n`)
        yield* at.write(main, `${id}.jsonl`, [record("in main", null, { cwd: main })])
        yield* at.write(tree, `${other}.jsonl`, [record("in tree", null, { cwd: tree })])
        for (const cwd of [main, tree]) {
          assert.deepStrictEqual((yield* titles(at, { cwd })).toSorted(), ["in main", "in tree"])
        }
        assert.deepStrictEqual(yield* titles(at, { cwd: tree, worktrees: false }), ["in tree"])
        assert.deepStrictEqual(
          (yield* Stream.runCollect(ClaudeHistory.messages(other, { ...at, cwd: main }))).length,
          1
        )
      })
    )
  )

  it.effect("a file that cannot be read is HistoryFailed, and says which", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        yield* fs.writeFileString(`${at.configDir}/projects`, "not a folder")
        const error = yield* Effect.flip(titles(at))
        assert.strictEqual(error.reason._tag, "HistoryFailed")
        assert.include(error.message, `${at.configDir}/projects`)
      })
    )
  )
})

describe("changing conversations", () => {
  it.effect("a record added behind a torn line does not go with it", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        yield* at.write("/work/app", `${id}.jsonl`, [record("a", null), '{"type":"user","uu'])
        yield* ClaudeHistory.rename(id, "  Taxes ", at)
        assert.deepStrictEqual(yield* titles(at), ["Taxes"])
      })
    )
  )

  it.effect("an empty title or tag is refused, and nothing is written", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const file = yield* at.write("/work/app", `${id}.jsonl`, [record("a", null)])
        const before = yield* fs.readFileString(file)
        for (const change of [ClaudeHistory.rename(id, " ", at), ClaudeHistory.tag(id, "", at)]) {
          assert.strictEqual((yield* Effect.flip(change)).reason._tag, "InvalidOptions")
        }
        assert.strictEqual(yield* fs.readFileString(file), before)
      })
    )
  )

  it.effect("a copy to an id that exists, or up to a message that does not, is refused and leaves nothing", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        yield* at.write("/work/app", `${id}.jsonl`, [record("a", null)])
        yield* at.write("/work/app", `${other}.jsonl`, [record("mine", null)])
        const taken = yield* Effect.flip(ClaudeHistory.fork(id, { ...at, sessionId: other }))
        assert.strictEqual(taken.reason._tag, "HistoryFailed")
        const unknown = yield* Effect.flip(ClaudeHistory.fork(id, { ...at, upTo: "nobody" }))
        assert.strictEqual(unknown.reason._tag, "SessionNotFound")
        assert.deepStrictEqual((yield* titles(at)).toSorted(), ["a", "mine"])
      })
    )
  )

  it.effect("what belongs to a conversation is removed with it", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        const fs = yield* FileSystem.FileSystem
        const file = yield* at.write("/work/app", `${id}.jsonl`, [record("a", null)])
        yield* at.write("/work/app", `${id}/subagents/agent-x1.jsonl`, [record("s", null, { isSidechain: true })])
        yield* ClaudeHistory.remove(id, at)
        assert.deepStrictEqual(yield* fs.readDirectory(file.slice(0, file.lastIndexOf("/"))), [])
      })
    )
  )
})

describe("subagents and search", () => {
  const withSubagent = (at: Disk) =>
    Effect.gen(function* () {
      yield* at.write("/work/app", `${id}.jsonl`, [record("find the Needle", null), answer("b", "find the Needle")])
      yield* at.write("/work/app", `${id}/subagents/agent-x1.jsonl`, [
        record("task", null, { isSidechain: true, agentId: "x1" }),
        answer("report", "task", { isSidechain: true, agentId: "x1" })
      ])
      yield* at.write("/work/app", `${id}/subagents/agent-x1.meta.json`, [
        { agentType: "explore", description: "look", toolUseId: "toolu_1" }
      ])
    })

  it.effect("a subagent is listed with what started it, and read apart [cc-106]", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        yield* withSubagent(at)
        const [subagent, ...others] = yield* ClaudeHistory.subagents(id, at)
        assert.deepInclude(subagent, { id: "x1", type: "explore", description: "look" })
        assert.strictEqual(others.length, 0)
        const messages = yield* Stream.runCollect(ClaudeHistory.subagentMessages(id, "x1", at))
        assert.deepStrictEqual(
          messages.map(({ id, parentToolId }) => [id, String(parentToolId)]),
          [
            ["task", "toolu_1"],
            ["report", "toolu_1"]
          ]
        )
      })
    )
  )

  it.effect("search finds messages in any case, and says where", () =>
    onDisk((at) =>
      Effect.gen(function* () {
        yield* withSubagent(at)
        const found = yield* Stream.runCollect(ClaudeHistory.search("needle", at))
        assert.deepStrictEqual(
          found.map(({ excerpt, message, session }) => [session.id, message.id, excerpt]),
          [[id, "find the Needle", "find the Needle"]]
        )
        assert.deepStrictEqual(yield* Stream.runCollect(ClaudeHistory.search("haystack", at)), [])
        assert.strictEqual(
          (yield* Effect.flip(Stream.runCollect(ClaudeHistory.search("", at)))).reason._tag,
          "InvalidOptions"
        )
      })
    )
  )
})
