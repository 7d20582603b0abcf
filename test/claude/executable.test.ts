import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodePath from "@effect/platform-node/NodePath"
import { assert, describe, it, layer } from "@effect/vitest"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import * as PlatformError from "effect/PlatformError"
import type { AgentError } from "../../src/AgentError.ts"
import * as Executable from "../../src/claude/internal/executable.ts"

const Host = Layer.mergeAll(NodeFileSystem.layer, NodePath.layer)

/** The reason of a search that must fail. */
const failure = <R>(search: Effect.Effect<Executable.Executable, AgentError, R>) =>
  Effect.map(Effect.flip(search), (error) => {
    assert.deepStrictEqual([error.agent, error.phase], ["claude", "resolve"])
    return error.reason
  })

layer(Host)("an executable that is named", (it) => {
  const write = Effect.fnUntraced(function* (name: string, mode: number) {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const dir = yield* fs.makeTempDirectoryScoped()
    const file = path.join(dir, name)
    yield* fs.writeFileString(file, "")
    yield* fs.chmod(file, mode)
    return { dir, file }
  })

  it.effect("by its path, by the variable, and the option before the variable [cc-118]", () =>
    Effect.gen(function* () {
      const { file } = yield* write("my claude", 0o755)
      const other = yield* write("other", 0o755)
      const expected = { path: file, args: [] }
      assert.deepStrictEqual(yield* Executable.find({ executable: file }, {}), expected)
      assert.deepStrictEqual(yield* Executable.find({}, { CLAUDE_CODE_PATH: file }), expected)
      assert.deepStrictEqual(
        yield* Executable.find({ executable: file }, { CLAUDE_CODE_PATH: other.file, PATH: other.dir }),
        expected
      )
    })
  )

  it.effect("a relative path starts where we are, and becomes absolute: the session may be elsewhere", () =>
    Effect.gen(function* () {
      const path = yield* Path.Path
      const { file } = yield* write("claude", 0o755)
      const relative = path.relative(process.cwd(), file)
      assert.strictEqual((yield* Executable.find({ executable: relative }, {})).path, file)
    })
  )

  it.effect("a bare name is looked for in PATH, in its order", () =>
    Effect.gen(function* () {
      const first = yield* write("claude-next", 0o755)
      const second = yield* write("claude-next", 0o755)
      const env = { PATH: `/nowhere:${first.dir}:${second.dir}` }
      assert.strictEqual((yield* Executable.find({ executable: "claude-next" }, env)).path, first.file)
    })
  )

  it.effect("a script is run by the runtime we run on, and needs no permission to be executed", () =>
    Effect.gen(function* () {
      for (const name of ["cli.js", "cli.mjs", "cli.cjs", "cli.ts"]) {
        const { file } = yield* write(name, 0o644)
        assert.deepStrictEqual(yield* Executable.find({ executable: file }, {}), {
          path: process.execPath,
          args: [file]
        })
      }
    })
  )

  it.effect("one that is not there is not found, and no other one is taken in its place [cc-36]", () =>
    Effect.gen(function* () {
      const { dir, file } = yield* write("claude", 0o755)
      for (const env of [{ PATH: dir }, { PATH: dir, CLAUDE_CODE_PATH: `${file}x` }]) {
        const reason = yield* failure(Executable.find({ executable: `${file}x` }, env))
        assert.strictEqual(reason._tag, "ExecutableNotFound")
        assert.deepStrictEqual("lookedIn" in reason && reason.lookedIn, [`${file}x`])
        assert.include(reason.message, "npm install")
      }
    })
  )

  it.effect("one that may not be executed, or is a directory, is a failure that says so [cc-118]", () =>
    Effect.gen(function* () {
      const { dir, file } = yield* write("claude", 0o644)
      const reason = yield* failure(Executable.find({ executable: file }, {}))
      assert.strictEqual(reason._tag, "SpawnFailed")
      assert.include(reason.message, `${file} is not executable`)
      const folder = yield* failure(Executable.find({ executable: dir }, {}))
      assert.strictEqual(folder._tag, "SpawnFailed")
      assert.include(folder.message, `${dir} is not a file`)
    })
  )
})

describe("an executable that is looked for", () => {
  const cwd = process.cwd()
  const platform = `${process.platform}-${process.arch}`
  const loader = `/lib/ld-musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`
  const absent = (file: string) =>
    PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "stat", pathOrDescriptor: file })

  const info = (mode: number): FileSystem.File.Info => ({
    type: "File",
    mtime: Option.none(),
    atime: Option.none(),
    birthtime: Option.none(),
    dev: 0n,
    ino: Option.none(),
    mode,
    nlink: Option.none(),
    uid: Option.none(),
    gid: Option.none(),
    rdev: Option.none(),
    size: ByteSize.zero,
    blksize: Option.none(),
    blocks: Option.none()
  })

  /** A machine with these files and no others; links lead from one path to another. */
  const machine = (files: Readonly<Record<string, number>>, links: Readonly<Record<string, string>> = {}) =>
    Layer.mergeAll(
      NodePath.layer,
      FileSystem.layerNoop({
        stat: (file) => {
          const mode = files[file]
          return mode === undefined ? Effect.fail(absent(file)) : Effect.succeed(info(mode))
        },
        exists: (file) => Effect.succeed(file in files),
        realPath: (file) => {
          const target = links[file]
          return target === undefined ? Effect.fail(absent(file)) : Effect.succeed(target)
        }
      })
    )

  const env = { PATH: "/sbin:/usr/local/bin:/opt/bin", HOME: "/home/alice" }
  const search = (files: ReadonlyArray<string>, links?: Readonly<Record<string, string>>, variables = env) =>
    Executable.find({}, variables).pipe(
      Effect.provide(machine(Object.fromEntries(files.map((file) => [file, 0o755])), links))
    )
  const scope = `${cwd}/node_modules/@anthropic-ai`

  it.effect("is the package in node_modules before PATH before the folders of installers [cc-118]", () =>
    Effect.gen(function* () {
      const order = [
        `${scope}/claude-agent-sdk-${platform}/claude`,
        `${scope}/claude-code-${platform}/claude`,
        `${scope}/claude-code/cli.js`,
        `/node_modules/@anthropic-ai/claude-agent-sdk-${platform}/claude`,
        "/sbin/claude",
        "/usr/local/bin/claude",
        "/opt/bin/claude",
        "/home/alice/.local/bin/claude",
        "/home/alice/.claude/local/claude",
        "/opt/homebrew/bin/claude"
      ]
      for (const [index, file] of order.entries()) {
        const found = yield* search(order.slice(index))
        const expected = file.endsWith(".js") ? { path: process.execPath, args: [file] } : { path: file, args: [] }
        assert.deepStrictEqual(found, expected)
      }
    })
  )

  it.effect("is where npm and pnpm put what the packages depend on", () =>
    Effect.gen(function* () {
      const store = `${cwd}/node_modules/.pnpm/sdk@1/node_modules/@anthropic-ai`
      const sibling = `${store}/claude-agent-sdk-${platform}/claude`
      const links = { [`${scope}/claude-agent-sdk`]: `${store}/claude-agent-sdk` }
      assert.strictEqual((yield* search([sibling, "/sbin/claude"], links)).path, sibling)
      const nested = `${scope}/claude-code/node_modules/@anthropic-ai/claude-code-${platform}/claude`
      const self = { [`${scope}/claude-code`]: `${scope}/claude-code` }
      assert.strictEqual((yield* search([nested, "/sbin/claude"], self)).path, nested)
    })
  )

  it.effect.skipIf(process.platform !== "linux")(
    "is the one for the libc that is there, where both are installed",
    () =>
      Effect.gen(function* () {
        const glibc = `${scope}/claude-agent-sdk-${platform}/claude`
        const musl = `${scope}/claude-agent-sdk-${platform}-musl/claude`
        assert.strictEqual((yield* search([glibc, musl])).path, glibc)
        assert.strictEqual((yield* search([glibc, musl, loader])).path, musl)
        assert.strictEqual((yield* search([glibc, loader])).path, glibc)
        assert.strictEqual((yield* search([musl, "/sbin/claude"])).path, "/sbin/claude")
      })
  )

  it.effect("is passed over where it may not be executed, as the shell does", () =>
    Effect.gen(function* () {
      const found = yield* Executable.find({}, env).pipe(
        Effect.provide(machine({ "/sbin/claude": 0o644, "/opt/bin/claude": 0o700 }))
      )
      assert.strictEqual(found.path, "/opt/bin/claude")
    })
  )

  it.effect("an empty variable says nothing, and an empty entry of PATH is not the working directory", () =>
    Effect.gen(function* () {
      const found = yield* search(["/opt/bin/claude", `${cwd}/claude`], {}, { ...env, PATH: "::/opt/bin" })
      assert.strictEqual(found.path, "/opt/bin/claude")
      const named = yield* Executable.find({ executable: "" }, { ...env, CLAUDE_CODE_PATH: "" }).pipe(
        Effect.provide(machine({ "/opt/bin/claude": 0o755 }))
      )
      assert.strictEqual(named.path, "/opt/bin/claude")
    })
  )

  it.effect(
    "when it is nowhere, the failure says where it was looked for, each place once, and how to install it [cc-36]",
    () =>
      Effect.gen(function* () {
        const reason = yield* failure(search([]))
        assert.strictEqual(reason._tag, "ExecutableNotFound")
        if (reason._tag !== "ExecutableNotFound") return
        assert.include(reason.lookedIn, `${scope}/claude-agent-sdk-${platform}/claude`)
        assert.include(reason.lookedIn, "/opt/bin/claude")
        assert.include(reason.lookedIn, "/home/alice/.local/bin/claude")
        assert.strictEqual(new Set(reason.lookedIn).size, reason.lookedIn.length)
        assert.include(reason.install, "npm install -g @anthropic-ai/claude-code")
      })
  )

  it.effect("nothing is remembered: it is found as soon as it is installed", () =>
    Effect.gen(function* () {
      yield* failure(search([]))
      assert.strictEqual((yield* search(["/opt/bin/claude"])).path, "/opt/bin/claude")
    })
  )
})
