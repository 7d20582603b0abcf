/**
 * Fails a run that leaves something behind. Every process of the run inherits a variable that names it, and the run has
 * a directory for temporary files of its own, so that other runs on the machine are not mistaken for it.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"

const variable = "EFFECT_AGENT_SESSION_TEST_RUN"
const filePrefix = "effect-agent-session-"
/** of a child that is no more */
const entry = /^state\/effect-agent-session\/./

/** what is on its way out when the last test ends may take this long */
const graceMillis = 2_000

interface Leftover {
  readonly pid: number
  readonly command: string
}

const read = (pid: number, file: string): string => {
  try {
    return readFileSync(`/proc/${pid}/${file}`, "utf8")
  } catch {
    return ""
  }
}

const pids = (): ReadonlyArray<number> => {
  try {
    return readdirSync("/proc").map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

const isZombie = (pid: number): boolean => {
  const stat = read(pid, "stat")
  return stat === "" || "ZXx".includes(stat.charAt(stat.lastIndexOf(")") + 2))
}

const commandOf = (pid: number): string => read(pid, "cmdline").split("\0").join(" ").trim()

/** the runner's workers and its watchdog inherit the variable like everything else */
const isRunner = (command: string): boolean => /^vitest\b|^\S*node\b.*\bvitest\b/.test(command)

const leftovers = (run: string): ReadonlyArray<Leftover> =>
  pids()
    .filter((pid) => pid !== process.pid && read(pid, "environ").split("\0").includes(`${variable}=${run}`))
    .filter((pid) => !isZombie(pid))
    .map((pid) => ({ pid, command: commandOf(pid) }))
    .filter(({ command }) => !isRunner(command))

const settled = async (run: string): Promise<ReadonlyArray<Leftover>> => {
  const deadline = Date.now() + graceMillis
  for (;;) {
    const found = leftovers(run)
    if (found.length === 0 || Date.now() > deadline) return found
    await sleep(50)
  }
}

const kill = ({ pid }: Leftover): void => {
  try {
    process.kill(pid, "SIGKILL")
  } catch {
    // gone in the meantime
  }
}

export default function setup(): () => Promise<void> {
  const run = crypto.randomUUID()
  const outerTemporary = process.env["TMPDIR"]
  const outerState = process.env["XDG_STATE_HOME"]
  const temporary = mkdtempSync(join(tmpdir(), "eas-test-"))
  process.env[variable] = run
  process.env["TMPDIR"] = temporary
  process.env["XDG_STATE_HOME"] = join(temporary, "state")
  return async () => {
    const processes = await settled(run)
    const files = readdirSync(temporary, { recursive: true, encoding: "utf8" }).filter(
      (name) => name.startsWith(filePrefix) || entry.test(name)
    )
    processes.forEach(kill)
    rmSync(temporary, { recursive: true, force: true })
    delete process.env[variable]
    if (outerTemporary === undefined) delete process.env["TMPDIR"]
    else process.env["TMPDIR"] = outerTemporary
    if (outerState === undefined) delete process.env["XDG_STATE_HOME"]
    else process.env["XDG_STATE_HOME"] = outerState
    if (processes.length + files.length === 0) return
    const lines = [
      ...processes.map(({ command, pid }) => `  process ${pid}: ${command}`),
      ...files.map((name) => `  file ${join(temporary, name)}`)
    ]
    process.exitCode = 1
    throw new Error(`The run left something behind:\n${lines.join("\n")}`)
  }
}
