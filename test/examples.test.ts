/** Every example runs as a program of its own, with the fake agent where it wants Claude Code, and says what it should. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { globSync, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import "../examples/vitest/contract.test.ts"
import "../examples/vitest/greet.test.ts"

const root = fileURLToPath(new URL("..", import.meta.url))

/** What an example must print, among other things. */
const expected: { readonly [file: string]: string } = {
  "adopt.ts": "Started docs\nRestarted docs\nStopped docs\nThe code is 12345.\n",
  "after.ts": "You \nsaid: \nHello!\n",
  "approve.ts":
    'ok (Bash completed with no output)\nMay it run Bash {"command":"rm -rf old && mkdir old"}?\n[y]es, [a]lways, [n]o <why>\ndenied The user said no: there is no terminal\n',
  "background.ts": "meanwhile, claude is at work\nYou said: Review the last commit\n",
  "before.ts": "You \nsaid: \nHello!\n",
  "cassette.ts": "You said: Hello!\nYou said: Hello!\nProcessExited\n",
  "claude-agent.ts": "general-purpose, critic\nYou said: Review the last commit\n",
  "budget.ts": "stopped: acme\nstopped: acme\ndone: You said: one\ndone: You said: two\nstopped: acme\nleft 0 0\n",
  "claude-control.ts":
    "5 models, 0 % of the context window\nNo file checkpoint found for this message.\nEstimated cost: $0.0004\n",
  "claude-options.ts": "You said: What is in there?\n",
  "clear.ts": "I do not know your name.\n",
  "close.ts": "Closed - claude (turn): the session is closed; open another one\n",
  "configuration.ts": 'You said: Hello!\nSchemaError(Expected string\n  at ["REVIEW_API_KEY"])\n',
  "continue.ts": "Your topic is the weather.\n",
  "conversation.ts": "Your name is Alice.\n",
  "demo.ts": "\n20 tokens in, 40 out, $",
  "errors-as-events.ts": "ExecutableNotFound - its program was not found",
  "errors.ts": "said so far: OTP is\nOTP keeps processes alive.\n",
  "events.ts": "turn is over Completed",
  "fork-at.ts": "Your name is Alice.\n",
  "fork.ts": "Your name is Mike.\na conversation of its own\n",
  "frames.ts": "system init\nassistant \nresult success\n",
  "history.ts": "The code (fork)\n",
  "hooks.ts": "would run: rm -r logs\nThere is a secret in it.\nRewriteInput\n",
  "interrupt.ts": "Interrupted\nYou said: Are you there?\n",
  "layer-map.ts": "Your name is Alice.\n",
  "many-agents.ts":
    "src/index.ts: You said: Review src/index.ts\nsrc/Session.ts: You said: Review src/Session.ts\nREADME.md: You said: Review README.md\n",
  "mcp-servers.ts": "the MCP server files did not connect: its tools are missing\n",
  "multi-turn.ts": "Your name is Alice.\nYou said: Thank you!\n3 turns, 60 tokens out, $ 0.00132\n",
  "observe.ts": "0 SessionStarted\n1 TurnStarted\n",
  "options.ts": "You said: Hello!\n",
  "permission-handler.ts": "May the agent use Write?\nBash ok\nWrite denied\n",
  "permissions.ts": "Read ok\nBash denied\n",
  "prompts.ts":
    "You said: What is in this picture?\nYou said: What is to do?\nYou said: Now in French, please.\nYou said: Explain OTP in one line\nPromptTooLong\n",
  "questions.ts": '"Tabs or spaces?"="Spaces"',
  "registry.ts": "Your name is Alice.\nreviewer claude Idle\nalice claude Idle\nmike claude Idle\n",
  "resume-after-crash.ts":
    "its process ended with SIGKILL. Open a session with start: { resume } to go on\nYour name is Alice.\n",
  "resume.ts": "The code is 12345.\n",
  "retry.ts": "You said: Explain OTP in one line\n",
  "runtime-control.ts": "claude-opus-5-5 acceptEdits\n4 commands, 5 models\n0 MCP servers\n",
  "service.ts": "You said: Review this: You said: Write a haiku\n",
  "start-session.ts": "You said: Hello!\n",
  "structured-output.ts": "Jane Austen was born in 1775\nFrances Burney after 2 turns\n",
  "subagents.ts": "begun: the build\nIt runs.\nover: stopped\n",
  "testing.ts": "Your name is Alice.\n",
  "tool-results.ts": "ok\nso far { done: 0.5 }\nok\n",
  "tools.ts": 'mcp__tools__count ok {"item":"pears","left":7}\nmcp__tools__count error We never had figs.\n',
  "typewriter.ts": "You said: Explain OTP in one line"
}

interface Run {
  readonly code: unknown
  readonly stdout: string
  readonly stderr: string
}

const run = (file: string, home: string): Promise<Run> =>
  new Promise((resolve) => {
    execFile(
      process.execPath,
      ["--conditions=@effect-agent-session/source", file],
      {
        cwd: home,
        env: {
          ...process.env,
          HOME: home,
          CLAUDE_CONFIG_DIR: join(home, ".claude"),
          CLAUDE_CODE_PATH: join(root, "test/support/fake-claude"),
          NODE_OPTIONS: undefined
        },
        timeout: 30_000
      },
      (error, stdout, stderr) => resolve({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr })
    )
  })

const files = globSync("examples/*.ts", { cwd: root }).toSorted()
let folder = ""

describe("examples", () => {
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "examples-"))
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it("none is without an expectation, and no expectation without an example", () => {
    assert.deepStrictEqual(files.map((file) => basename(file)).toSorted(), Object.keys(expected).toSorted())
  })

  it.concurrent.each(files)(
    "%s runs and ends by itself",
    async (file) => {
      const { code, stderr, stdout } = await run(join(root, file), mkdtempSync(join(folder, "home-")))
      assert.strictEqual(code, 0, stderr)
      assert.include(stdout, expected[basename(file)] ?? "an expectation in the table")
    },
    40_000
  )
})
