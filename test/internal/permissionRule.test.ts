import { assert, describe, it } from "@effect/vitest"
import * as Arbitrary from "effect/Arbitrary"
import { allows, denies, parse, type Subject } from "../../src/internal/permissionRule.ts"
import { commandsOf } from "../../src/internal/shellCommand.ts"
import { oneOf } from "../support/linesRig.ts"
import { seeded } from "../support/seeded.ts"

const subject = (tool: string, input: unknown, more: Partial<Subject> = {}): Subject => ({
  tool,
  input,
  cwd: "/home/me/work",
  home: "/home/me",
  ...more
})

const bash = (command: string, more?: Partial<Subject>): Subject => subject("Bash", { command }, more)

const allowed = (rules: string | ReadonlyArray<string>, request: Subject): boolean =>
  allows([rules].flat().map(parse), request)

const denied = (rules: string | ReadonlyArray<string>, request: Subject): boolean =>
  denies([rules].flat().map(parse), request) !== undefined

/** What of the lines `Bash(git:*)` covers as a whole. */
const covered = (...lines: ReadonlyArray<string>): ReadonlyArray<string> =>
  lines.filter((line) => allowed("Bash(git:*)", bash(line)))

/**
 * Says for itself, with nothing of the reader, whether a line may be one plain command: what is quoted is text, and outside
 * of it there is nothing that a shell takes for more than a word.
 */
const mayBePlain = (line: string): boolean => {
  const bare = line.replaceAll(/'[^']*'|"[^"$`\\]*"/g, "Q")
  return /^ *git(?: |$)/.test(bare) && !/[^\w ./,:@%+^=~Q-]|(?:^|[ =:])~/.test(bare)
}

const signs = ";&|<>(){}[]$`\\\"'#!*?~=\n\r\t -/.,:".split("")

const words = ["git", "git status", "&&", "||", "$(", "<<EOF\n", "rm -rf x", "A=1", "é", "\u00a0", "if", "then", "cd"]

const wholes = ["$'a'", "'a b'", '"a;b"', "{ ", " }", "# ", "..", "HEAD~1", "\\\n", "\u2028", "eval", "@{u}", "s", "t"]

const fragments: ReadonlyArray<string> = [...signs, ...words, ...wholes]

const fragment = oneOf(fragments)

/** Nothing after it may be text in quotes. */
const unquoted = oneOf(fragments.filter((text) => !/['"]/.test(text)))

describe("a rule about commands", () => {
  it("covers the command, alone and with arguments, and no other one that begins so", () => {
    assert.deepStrictEqual(covered("git", "git status", " git log --format=%H ", "gitk", "git-x", "mygit"), [
      "git",
      "git status",
      " git log --format=%H "
    ])
    assert.isTrue(allowed("Bash(npm run test)", bash("npm run test")))
    assert.isFalse(allowed("Bash(npm run test)", bash("npm run test --watch")))
    assert.isTrue(allowed("Bash(npm run *)", bash("npm run test --watch")))
    assert.isTrue(allowed("Bash(* --version)", bash("node --version")))
    assert.isFalse(allowed("Bash(* --version)", bash("node --version x")))
  })

  it("covers text in quotes, whatever is in it", () => {
    const lines = ["git commit -m 'x; y && z {'", 'git commit -m "a | b > c"', "git log 'HEAD~1' HEAD^ a=b"]
    assert.deepStrictEqual(covered(...lines), lines)
  })

  it("covers several commands only when each of them is covered", () => {
    for (const joint of [" && ", " || ", "; ", " | ", "\n", ";"]) {
      assert.deepStrictEqual(covered(`git status${joint}git log`), [`git status${joint}git log`])
      assert.deepStrictEqual(covered(`git status${joint}rm -rf x`, `rm -rf x${joint}git status`), [])
    }
    assert.isTrue(allowed(["Bash(git:*)", "Bash(npm:*)"], bash("git status && npm test")))
  })

  it("covers no substitution, redirection, group, assignment, glob, escape, comment or command beside", () => {
    const lines = [
      "git log $(rm x)",
      "git log `rm x`",
      "git log $X",
      'git log "$(rm x)"',
      "git log > x",
      "git log 2>&1",
      "git log < x",
      "git log <<EOF",
      "(git log)",
      "{ git log; }",
      "git {",
      "git { a",
      "git }",
      "git a{b,c}",
      "A=1 git log",
      "git *",
      "git a?",
      "git [a]",
      "git ~/x",
      "git a=~/x",
      "git x\\ y",
      "git log & rm x",
      "git log &",
      "git log # x",
      "git log #x\nrm x",
      "! git log",
      "git $'a'",
      "git log |& rm x",
      "git log\rrm x",
      "git\tlog",
      "git log\u00a0x",
      "git 'open",
      'git "open',
      "git log &&",
      "&& git log",
      "git log ;; git log",
      "git log\u2028rm x",
      "if git log; then git log; fi",
      "function git { rm x; }",
      "git() { rm x; }; git log",
      "alias git=rm; git log",
      "cd x && git log",
      "git log; cd x",
      "eval git log",
      "command git log",
      '"git" log',
      ""
    ]
    assert.deepStrictEqual(covered(...lines), [])
  })

  it("covers no path outside of the working directory", () => {
    const lines = [
      "git add ../x",
      "git add a/../../x",
      "git -C/etc log",
      "git --git-dir=/etc log",
      "git add /etc/x",
      "git a:/x"
    ]
    assert.deepStrictEqual(covered(...lines), [])
    assert.deepStrictEqual(covered("git add /home/me/work/x", "git log a..b", "git clone https://example.com/x"), [
      "git add /home/me/work/x",
      "git log a..b",
      "git clone https://example.com/x"
    ])
    assert.isFalse(allowed("Bash(touch:*)", bash("touch a b", { blockedPath: "/etc/b" })))
    assert.isTrue(allowed("Bash(touch:*)", bash("touch a", { blockedPath: "/home/me/work/a" })))
  })

  it("covers no search that runs or deletes", () => {
    assert.isTrue(allowed("Bash(find:*)", bash("find . -name x")))
    for (const action of ["-delete", "-exec rm x +", "-ok rm x +", "-fprint x"]) {
      assert.isFalse(allowed("Bash(find:*)", bash(`find . ${action}`)))
    }
  })

  it("is no rule when it is broken, for other tools, and for nothing", () => {
    for (const rule of ["Bash(git:*", "bash(git:*)", "Bash(:*)", "Bash(git:* x)", "*", "Write(git:*)"]) {
      assert.isFalse(allowed(rule, bash("git log")), rule)
    }
    assert.isFalse(allowed("Bash(git:*)", subject("Write", { command: "git log" })))
    assert.isFalse(allowed("Bash(git:*)", subject("Bash", { command: 1 })))
  })

  it.prop(
    "covers no line as a whole with something else in it than one plain command",
    {
      parts: Arbitrary.array(fragment, { maxLength: 8 }),
      begin: oneOf(["git ", "git", ""])
    },
    ({ begin, parts }) => {
      const line = `${begin}${parts.join("")}`
      const commands = commandsOf(line)
      if (!allowed("Bash(git:*)", bash(line))) return
      assert.isDefined(commands)
      for (const { text } of commands ?? []) assert.isTrue(mayBePlain(text), JSON.stringify(line))
      // What joins them is all that stands between them.
      const rest = (commands ?? []).reduce((left, { text }) => left.replace(text, "C"), line)
      assert.match(rest, /^[ \n]*C(?:[ \n]*(?:;|&&|\|\|?|\n)[ \n]*C)*[ \n;]*$/, JSON.stringify(line))
    },
    seeded({ runs: 5000 })
  )

  it.prop(
    "denies every line that has the command in it, wherever",
    { before: Arbitrary.array(unquoted, { maxLength: 4 }), after: Arbitrary.array(fragment, { maxLength: 4 }) },
    ({ after, before }) => {
      const line = `${before.join("")} ; rm -rf x ; ${after.join("")}`
      assert.isTrue(denied("Bash(rm:*)", bash(line)), JSON.stringify(line))
    },
    seeded({ runs: 2000 })
  )
})

describe("a rule about commands that denies", () => {
  it("finds the command in a line, behind wrappers, quotes and substitutions", () => {
    const lines = [
      "rm x",
      "rm",
      "git status && rm x",
      "echo $(rm x)",
      "echo `rm x`",
      "A=1 rm x",
      "(rm x)",
      "{ rm x; }",
      "timeout 5 rm x",
      "sudo rm x",
      "'rm' x",
      "r'm' x",
      "r\\m x",
      "bash -c 'rm x'",
      "find . -exec rm {} +",
      "true & rm x",
      "/bin/echo; rm x"
    ]
    for (const line of lines) assert.isTrue(denied("Bash(rm:*)", bash(line)), line)
  })

  it("leaves other commands", () => {
    for (const line of ["git rm x", "rmdir x", "git status", "echo rm-x", "npm run format"]) {
      assert.isFalse(denied("Bash(rm:*)", bash(line)), line)
    }
  })
})

const file = (tool: string, file_path: string, more?: Partial<Subject>): Subject => subject(tool, { file_path }, more)

describe("a rule about files", () => {
  const paths = ["src/a", "src/b/c", "b/src/a", "a", "a.md", "src/a.md", "src2/a"]
  const matched = (rule: string): ReadonlyArray<string> =>
    paths.filter((path) => allowed(rule, file("Edit", `/home/me/work/${path}`)))

  it("is read as in a .gitignore", () => {
    assert.deepStrictEqual(matched("Edit(src/**)"), ["src/a", "src/b/c", "src/a.md"])
    assert.deepStrictEqual(matched("Edit(/src/*)"), ["src/a", "src/b/c", "src/a.md"])
    assert.deepStrictEqual(matched("Edit(./src/a)"), ["src/a"])
    assert.deepStrictEqual(matched("Edit(src)"), ["src/a", "src/b/c", "b/src/a", "src/a.md"])
    assert.deepStrictEqual(matched("Edit(src/)"), ["src/a", "src/b/c", "b/src/a", "src/a.md"])
    assert.deepStrictEqual(matched("Edit(*.md)"), ["a.md", "src/a.md"])
    assert.deepStrictEqual(matched("Edit(**/a)"), ["src/a", "b/src/a", "a", "src2/a"])
    assert.deepStrictEqual(matched("Edit(**)"), paths)
    assert.deepStrictEqual(matched("Edit(//home/me/work/src/b/**)"), ["src/b/c"])
    assert.deepStrictEqual(matched("Edit(~/work/src2/**)"), ["src2/a"])
  })

  it("covers every tool that writes by Edit(…), and none by Write(…); reading by Read(…) alone", () => {
    for (const tool of ["Edit", "Write", "MultiEdit"]) {
      assert.isTrue(allowed("Edit(src/**)", file(tool, "/home/me/work/src/a")), tool)
      assert.isFalse(allowed("Write(src/**)", file(tool, "/home/me/work/src/a")), tool)
    }
    assert.isTrue(allowed("Read(src/**)", file("Read", "/home/me/work/src/a")))
    assert.isFalse(allowed("Edit(src/**)", file("Read", "/home/me/work/src/a")))
    assert.isFalse(allowed("Edit", file("Write", "/home/me/work/src/a")))
  })

  it("covers no path that leads elsewhere, or that nobody can place", () => {
    for (const path of ["/home/me/work/src/../a", "/home/me/work/../x/src/a", "~/work/src/a", "src\\a", "/etc/src/a"]) {
      assert.isFalse(allowed("Edit(src/**)", file("Edit", path)), path)
    }
    assert.isFalse(allowed("Edit(src/**)", file("Edit", "/home/me/work/src/a", { cwd: undefined })))
    assert.isFalse(allowed("Edit(~/work/**)", file("Edit", "/home/me/work/src/a", { home: undefined })))
    assert.isFalse(allowed("Edit(src/**)", file("Edit", "/home/me/work/src/a", { reasonType: "workingDir" })))
    assert.isFalse(allowed("Edit(src/**)", subject("Edit", {})))
    for (const rule of ["Edit([s]rc/**)", "Edit(!src/**)", "Edit({src,x}/**)", "Edit(../**)"]) {
      assert.isFalse(allowed(rule, file("Edit", "/home/me/work/src/a")), rule)
    }
  })

  it("covers no file that the agent is governed by", () => {
    for (const path of [".git/hooks/x", "src/.claude/settings.json", ".bashrc", ".mcp.json", "a/.vscode/tasks.json"]) {
      assert.isFalse(allowed(["Edit(**)", "Edit"], file("Edit", `/home/me/work/${path}`)), path)
    }
  })

  it("denies what it may mean: other tools for the same, other cases, paths that nobody can place", () => {
    assert.isTrue(denied("Write(src/**)", file("Edit", "/home/me/work/src/a")))
    assert.isTrue(denied("Edit(src/**)", file("Write", "/home/me/work/SRC/a")))
    assert.isTrue(denied("Edit(src/**)", file("Edit", "/home/me/work/x/../src/a")))
    assert.isTrue(denied("Edit(src/**)", file("Edit", "~/x")))
    assert.isTrue(denied("Edit([s]rc/**)", file("Edit", "/home/me/work/x")))
    assert.isTrue(denied("Read(.env)", subject("Grep", { path: "/home/me/work/.env" })))
    assert.isFalse(denied("Edit(src/**)", file("Edit", "/home/me/work/x")))
    assert.isFalse(denied("Edit(src/**)", file("Read", "/home/me/work/src/a")))
  })
})

describe("rules about other tools", () => {
  const fetch = (url: string): Subject => subject("WebFetch", { url })

  it("a host is that host, `*.` its subdomains", () => {
    const urls = [
      "https://example.com/a",
      "https://EXAMPLE.com",
      "http://example.com:8080/",
      "https://www.example.com/",
      "https://example.com.evil.org/",
      "https://evil.org/example.com",
      "https://u@example.com/",
      "example.com"
    ]
    assert.deepStrictEqual(
      urls.filter((url) => allowed("WebFetch(domain:example.com)", fetch(url))),
      urls.slice(0, 3)
    )
    assert.deepStrictEqual(
      urls.filter((url) => allowed("WebFetch(domain:*.example.com)", fetch(url))),
      ["https://www.example.com/"]
    )
    assert.isTrue(denied("WebFetch(domain:example.com)", fetch("https://u@example.com/")))
    assert.isFalse(denied("WebFetch(domain:example.com)", fetch("https://example.org/")))
  })

  it("the name of an MCP server stands for its tools, and for those of no other", () => {
    for (const rule of ["mcp__git", "mcp__git__*", "mcp__git__log"]) {
      assert.isTrue(allowed(rule, subject("mcp__git__log", {})), rule)
      assert.isFalse(allowed(rule, subject("mcp__github__log", {})), rule)
    }
    assert.isFalse(allowed("mcp__git__log", subject("mcp__git__log__all", {})))
    assert.isFalse(allowed(["mcp__*", "mcp__*__log", "mcp__git__l*"], subject("mcp__git__log", {})))
    assert.isTrue(denied("mcp__*__log", subject("mcp__git__log", {})))
  })

  it("a rule with a content that is not understood allows nothing, and denies the tool", () => {
    assert.isFalse(allowed("WebSearch(x)", subject("WebSearch", { query: "x" })))
    assert.isTrue(denied("WebSearch(x)", subject("WebSearch", { query: "y" })))
    assert.isTrue(denied("Agent(Explore)", subject("Agent", { subagent_type: "Explore" })))
    assert.isFalse(denied("Agent(Explore)", subject("Agent", { subagent_type: "Plan" })))
    assert.isTrue(denied("*", subject("Write", {})))
  })

  it("no rule answers what a person is wanted for, or what the agent holds dangerous", () => {
    const asks: ReadonlyArray<Partial<Subject>> = [
      { safetyCheck: true },
      { requiresUser: true },
      { askRule: { source: "userSettings" } },
      { reasonType: "safetyCheck" },
      { reasonType: "hook" },
      { reasonType: "rule" },
      { reasonType: "mode" },
      { reasonType: "a reason of tomorrow" }
    ]
    for (const more of asks)
      assert.isFalse(allowed(["Bash", "Bash(git:*)"], bash("git log", more)), JSON.stringify(more))
    assert.isTrue(allowed("Bash", bash("rm -rf x > y", { reasonType: "other" })))
  })
})
