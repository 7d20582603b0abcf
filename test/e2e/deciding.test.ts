/** Rules of a policy beside the same rules given to the real CLI, call by call; and what a request tells. */
import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { pipe } from "effect/Function"
import * as Permission from "effect-agent-session/Permission"
import * as Session from "effect-agent-session/Session"
import * as fs from "node:fs"
import { bodies, claude, collect, only, type Rig, until } from "./support.ts"

interface Call {
  readonly tool: string
  readonly input: { readonly [key: string]: unknown }
}

const bash = (...commands: ReadonlyArray<string>): ReadonlyArray<Call> =>
  commands.map((command) => ({ tool: "Bash", input: { command } }))

const write = (...paths: ReadonlyArray<string>): ReadonlyArray<Call> =>
  paths.map((file_path) => ({ tool: "Write", input: { file_path, content: "x" } }))

const read = (...paths: ReadonlyArray<string>): ReadonlyArray<Call> =>
  paths.map((file_path) => ({ tool: "Read", input: { file_path } }))

const fetch = (...urls: ReadonlyArray<string>): ReadonlyArray<Call> =>
  urls.map((url) => ({ tool: "WebFetch", input: { url, prompt: "x" } }))

const promptOf = ({ input, tool }: Call): string => `[[tool:${tool} ${JSON.stringify(input)}]] [[text:done]]`

const touch = promptOf({ tool: "Bash", input: { command: "touch asked" } })

const isMode = (suggestion: unknown): boolean =>
  typeof suggestion === "object" && suggestion !== null && "type" in suggestion && suggestion.type === "setMode"

/** The requests for permission that the calls come to, one a call, while everything is denied. */
const requests = Effect.fnUntraced(function* (
  { base }: Rig,
  allowedTools: ReadonlyArray<string>,
  calls: ReadonlyArray<Call>
) {
  let last: Permission.Request | undefined
  const session = yield* Session.make({
    ...base,
    allowedTools,
    permissions: (request) => {
      last = request
      return Effect.succeed(Permission.deny("no"))
    }
  })
  return yield* Effect.forEach(calls, (call) =>
    Effect.suspend(() => {
      last = undefined
      return Effect.map(session.ask(promptOf(call)), () => last)
    })
  )
})

type Expected = readonly [rules: ReadonlyArray<string>, allowed: ReadonlyArray<string>]

/**
 * What policies with these rules allow of the calls. Each of them the CLI must let pass with the same rules; what it never
 * asks about says nothing.
 */
const compare = Effect.fnUntraced(function* (
  rig: Rig,
  calls: ReadonlyArray<Call>,
  ...expected: ReadonlyArray<Expected>
) {
  const plain = yield* Effect.scoped(requests(rig, [], calls))
  yield* Effect.forEach(
    expected,
    ([rules, wanted]) =>
      Effect.gen(function* () {
        const policy = Permission.allowTools(...rules)
        const ruled = yield* Effect.scoped(requests(rig, rules, calls))
        const allowed: Array<unknown> = []
        for (const [index, call] of calls.entries()) {
          const request = plain[index]
          if (request === undefined || (yield* policy(request)) === undefined) continue
          const said = JSON.stringify(call.input)
          assert.isUndefined(ruled[index], `${rules.join(" ")} allows ${said}, and the CLI asks`)
          allowed.push(call.input["command"] ?? call.input["file_path"] ?? call.input["url"])
        }
        assert.deepStrictEqual(allowed, [...wanted], rules.join(" "))
      }),
    { concurrency: 2, discard: true }
  )
})

describe("rules of a policy, beside the real CLI", () => {
  claude("Bash(name:*) allows no line of several commands that the CLI would ask about", (rig) =>
    compare(
      rig,
      bash(
        "mkdir -p a",
        " mkdir b ",
        "mkdirx a",
        "mkdir -p c && mkdir -p d",
        "mkdir -p c; mkdir -p d",
        "mkdir -p c | mkdir -p e",
        "mkdir -p c\nmkdir -p d",
        "mkdir -p c &",
        "mkdir -p c & mkdir -p d",
        "mkdir -p c && touch z",
        "mkdir -p c\ntouch z",
        "mkdir -p c #x\ntouch y",
        "mkdir -p c &&",
        "mkdir -p c;",
        "cd src && mkdir -p c",
        "for i in a b; do mkdir -p $i; done",
        "f() { touch x; }; mkdir -p c",
        "alias mkdir=touch; mkdir -p c",
        "(mkdir -p c)",
        "{ mkdir -p c; }"
      ),
      [
        ["Bash(mkdir:*)"],
        [
          "mkdir -p a",
          " mkdir b ",
          "mkdir -p c && mkdir -p d",
          "mkdir -p c; mkdir -p d",
          "mkdir -p c | mkdir -p e",
          "mkdir -p c\nmkdir -p d",
          "mkdir -p c;"
        ]
      ]
    )
  )

  claude("Bash(name:*) allows no command that a shell makes another one of", (rig) =>
    compare(
      rig,
      bash(
        "A=1 mkdir -p c",
        "mkdir -p ${X}",
        "mkdir -p `pwd`",
        "mkdir -p $(pwd)",
        'mkdir -p "q $X"',
        "mkdir -p $'a'",
        "mkdir -p 'q r'",
        'mkdir -p "q r"',
        "mkdir -p q\\ r",
        "mkdir -p {",
        "mkdir -p a{b,c}",
        "mkdir -p *",
        "mkdir -p [a]",
        "mkdir -p ~/x",
        "mkdir -p =x",
        "mkdir -p a=b",
        "mkdir -p c > out",
        "mkdir -p c <<EOF\nx\nEOF",
        "env mkdir -p c",
        "eval mkdir -p c",
        "coproc mkdir -p c",
        "mkdir -p ../up",
        `mkdir -p ${rig.home}/out`,
        "mkdir -p c /tmp && mkdir d"
      ),
      [["Bash(mkdir:*)"], ["mkdir -p 'q r'", 'mkdir -p "q r"', "mkdir -p a=b"]]
    )
  )

  claude("the other forms of a rule about commands allow no more than with the CLI", (rig) => {
    const lines = [
      "mkdir -p c",
      "mkdir",
      "mkdirx",
      "mkdir  -p c",
      "mkdir -p cd",
      "mkdir -p c d",
      "touch x -p c",
      "A=1 mkdir -p c",
      "mkdir -p c && touch z",
      "rm -rf /",
      "find . -delete",
      "git init g",
      "cd g && git init"
    ]
    return compare(
      rig,
      bash(...lines),
      [["Bash(mkdir -p c)"], ["mkdir -p c"]],
      [["Bash(mkdir -p c:*)"], ["mkdir -p c", "mkdir -p c d"]],
      [["Bash(mkdir *)"], ["mkdir -p c", "mkdir", "mkdir  -p c", "mkdir -p cd", "mkdir -p c d"]],
      [["Bash(* -p c)"], ["mkdir -p c", "mkdir  -p c", "touch x -p c"]],
      [["Bash(mkdir:* c)", "Bash(:*)", "bash", "*"], []],
      [["Bash"], lines.filter((line) => line !== "rm -rf /")],
      [["Bash(rm:*)", "Bash(find:*)", "Bash(cd:*)", "Bash(git:*)"], ["git init g"]]
    )
  })

  claude("rules about files to write allow no path that the CLI would ask about", (rig) => {
    const under = (...names: ReadonlyArray<string>) => names.map((name) => `${rig.cwd}/${name}`)
    const inside = under("src/n1", "src/sub/n2", "n3", "sub/src/n4", "src/../n5", "src2/n6", "src/n.md", "n.mdx")
    const guarded = under(".git/hooks/x", "src/.claude/x", ".bashrc", ".vscode/x")
    return compare(
      rig,
      write(...inside, ...guarded, `${rig.home}/n7`, "src/n8"),
      [["Edit(src/**)"], [...under("src/n1", "src/sub/n2", "src/n.md"), "src/n8"]],
      [["Edit(/src/*)"], [...under("src/n1", "src/sub/n2", "src/n.md"), "src/n8"]],
      [["Edit(*.md)"], under("src/n.md")],
      [["Edit(src)"], [...under("src/n1", "src/sub/n2", "sub/src/n4", "src/n.md"), "src/n8"]],
      // The CLI asks about the path that `..` comes to.
      [[`Edit(/${rig.cwd}/**)`], [...inside, "src/n8"]],
      [["Edit(~/n?)"], [`${rig.home}/n7`]],
      [["Write(src/**)", "Edit", "Edit(../**)"], []]
    )
  })

  claude("rules about files to read allow no path that the CLI would ask about", (rig) => {
    const outside = `${rig.home}/outside.txt`
    fs.writeFileSync(outside, "o")
    return compare(
      rig,
      read(outside, "/etc/hostname"),
      [["Read(~/**)"], [outside]],
      [["Read(**)"], []],
      [["Read"], [outside, "/etc/hostname"]]
    )
  })

  claude("rules about hosts allow no address that the CLI would ask about", (rig) =>
    compare(
      rig,
      fetch(
        "https://example.com/a",
        "https://www.example.com/a",
        "https://example.com.evil.org/",
        "https://EXAMPLE.com/"
      ),
      [["WebFetch(domain:example.com)"], ["https://example.com/a", "https://EXAMPLE.com/"]],
      [["WebFetch(domain:*.example.com)"], ["https://www.example.com/a"]]
    )
  )
})

describe("permissions of the real CLI, in full", () => {
  claude("a request tells what the CLI tells: why, how to put it, what to remember, where", ({ base, cwd, home }) =>
    Effect.gen(function* () {
      const asked: Array<Permission.Request> = []
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: (request) => {
          asked.push(request)
          return Effect.succeed(Permission.deny("no"))
        }
      })
      const events = yield* collect(
        session.stream(
          `[[tool:Bash {"command":"touch here"}]] [[tool:Bash {"command":"rm -rf /"}]] [[tool:Write {"file_path":"${home}/there","content":"x"}]] [[text:done]]`
        )
      )
      const [created, remove, written] = asked
      assert(created !== undefined)
      assert.strictEqual(created.displayName, "Bash")
      assert.strictEqual(created.description, "touch here")
      assert.strictEqual(created.blockedPath, `${cwd}/here`)
      assert.isFalse(created.safetyCheck)
      assert.deepStrictEqual([created.cwd, created.home], [cwd, home])
      assert.isNotEmpty(created.suggestions)
      assert.isTrue(remove?.safetyCheck)
      assert.isString(remove?.reason)
      assert.strictEqual(written?.reasonType, "workingDir")
      const order = events.flatMap((event) =>
        event._tag === "ToolStarted" || event._tag === "PermissionRequested" ? [event] : []
      )
      assert.deepStrictEqual(
        order.map(({ _tag, toolId }) => [_tag, toolId]),
        asked.flatMap(({ toolId }) => [
          ["ToolStarted", toolId],
          ["PermissionRequested", toolId]
        ])
      )
    })
  )

  claude("a permission update of an answer is remembered: the same is not asked again", ({ base, cwd }) =>
    Effect.gen(function* () {
      let asked = 0
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: (request) => {
          asked++
          return Effect.succeed(
            Permission.allow({
              updates: request.suggestions.filter(isMode)
            })
          )
        }
      })
      yield* session.ask(promptOf({ tool: "Write", input: { file_path: `${cwd}/one`, content: "x" } }))
      yield* session.ask(promptOf({ tool: "Write", input: { file_path: `${cwd}/two`, content: "x" } }))
      assert.deepStrictEqual(fs.readdirSync(cwd).toSorted(), ["one", "two"])
      assert.strictEqual(asked, 1)
    })
  )

  claude("a chain of policies decides: one allows, one denies, one asks", ({ api, base, cwd }) =>
    Effect.gen(function* () {
      const asked: Array<string> = []
      const permissions = pipe(
        Permission.allowTools("Bash(mkdir:*)"),
        Permission.orElse(Permission.denyTools("Bash(touch:*)")),
        Permission.orElse(
          Permission.ask(({ tool }) =>
            Effect.sync(() => {
              asked.push(tool)
              return true
            })
          )
        )
      )
      const session = yield* Session.make({ ...base, allowedTools: [], permissions })
      const { toolCalls } = yield* session.ask(
        `[[tool:Bash {"command":"mkdir one"}]] [[tool:Bash {"command":"mkdir two && touch three"}]] [[tool:Write {"file_path":"${cwd}/four","content":"x"}]] [[text:done]]`
      )
      assert.deepStrictEqual(
        toolCalls.map(({ status }) => status),
        ["ok", "denied", "ok"]
      )
      assert.deepStrictEqual(fs.readdirSync(cwd).toSorted(), ["four", "one"])
      assert.deepStrictEqual(asked, ["Write"])
      assert.include(JSON.stringify(bodies(api).at(-1)), "Bash(touch:*) is not allowed here.")
    })
  )

  claude("rule 18: a handler that resists its interruption holds up neither the interrupt nor the close", ({ base }) =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        permissions: () => Effect.andThen(Deferred.succeed(asked, undefined), Effect.uninterruptible(Effect.never))
      })
      const turn = yield* Effect.forkChild(Effect.exit(session.ask(touch)))
      yield* Deferred.await(asked)
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      yield* Fiber.join(turn)
      assert.strictEqual((yield* until(session.events, "PermissionResolved")).by, "withdrawn")
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
      yield* session.close
    })
  )

  claude("a handler that is never asked is told so; `*` is no rule, and is asked about", ({ base }) =>
    Effect.gen(function* () {
      const noticed = Effect.fnUntraced(function* (options: {
        readonly allowedTools: ReadonlyArray<string>
        readonly permissionMode?: "dontAsk"
      }) {
        let asked = 0
        const session = yield* Session.make({
          ...base,
          ...options,
          permissions: () => {
            asked++
            return Effect.succeed(Permission.deny("no"))
          }
        })
        yield* session.ask(touch)
        yield* session.close
        const notices = only(yield* collect(session.events), "Notice").filter(
          ({ code }) => code === "permissions-unasked"
        )
        return { asked, notices: notices.map(({ text }) => text) }
      })
      assert.deepStrictEqual(yield* Effect.scoped(noticed({ allowedTools: ["Bash"] })), {
        asked: 0,
        notices: ["the permission handler is not asked about Bash: allowedTools has it without a condition"]
      })
      assert.deepStrictEqual(yield* Effect.scoped(noticed({ allowedTools: [], permissionMode: "dontAsk" })), {
        asked: 0,
        notices: ["the permission handler is not asked: the mode dontAsk denies what no rule allows"]
      })
      assert.deepStrictEqual(yield* Effect.scoped(noticed({ allowedTools: ["*"] })), { asked: 1, notices: [] })
    })
  )
})
