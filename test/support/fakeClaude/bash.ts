/**
 * The Bash tool of the fake `claude`: a real shell in a session of its own, as the real program runs it. That is why a
 * signal to the program's process group does not reach it.
 */
import { spawn } from "node:child_process"
import { randomUUID } from "node:crypto"
import type { Json } from "./arguments.ts"
import { type Context, system } from "./context.ts"

export interface BashEnd {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

export interface Bash {
  readonly end: Promise<BashEnd>
  readonly output: () => string
  /** Kills the whole session; resolves when it is gone. */
  readonly kill: () => Promise<void>
}

export const runBash = (context: Context, command: string): Bash => {
  const child = spawn("sh", ["-c", command], {
    cwd: context.cwd,
    env: context.env,
    detached: true,
    stdio: ["ignore", "pipe", "pipe"]
  })
  context.record({ child: child.pid, command })
  let stdout = ""
  let stderr = ""
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text))
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text))
  const end = new Promise<BashEnd>((resolve) => {
    child.on("error", (error) => resolve({ code: 127, stdout, stderr: String(error) }))
    child.on("close", (code) => resolve({ code: code ?? 137, stdout, stderr }))
  })
  const kill = async (): Promise<void> => {
    if (child.pid === undefined) return
    try {
      process.kill(-child.pid, "SIGKILL")
    } catch {
      // It has ended by itself.
    }
    await end
  }
  return { end, output: () => stdout + stderr, kill }
}

/** A shell that goes on while the model does. Its end starts a turn by itself. */
export const runInBackground = (context: Context, command: string, description: string, toolId: string): string => {
  const id = `b${randomUUID().slice(0, 8)}`
  const bash = runBash(context, command)
  const task = { id, toolId, description, type: "local_bash", run: `run-${id}` }
  context.tasks.set(id, {
    output: bash.output,
    kill: async () => {
      if (!context.tasks.delete(id)) return
      await bash.kill()
      taskEnded(context, task, "killed", "stopped", description)
    }
  })
  taskStarted(context, task)
  void bash.end.then(() => {
    if (!context.tasks.delete(id)) return
    taskEnded(context, task, "completed", "completed", `Background command "${description}" completed (exit code 0)`)
    selfStart(context, task)
  })
  return id
}

export interface TaskInfo {
  readonly id: string
  readonly toolId: string
  readonly description: string
  readonly type: string
  readonly run: string
}

const runId = (context: Context, task: TaskInfo): Json => (context.old ? {} : { run_id: task.run })

const tasksChanged = (context: Context, tasks: ReadonlyArray<Json>): void => {
  if (!context.old) system(context, "background_tasks_changed", { tasks })
}

export const taskStarted = (context: Context, task: TaskInfo): void => {
  const { id, toolId, description, type } = task
  tasksChanged(context, [{ task_id: id, ...runId(context, task), task_type: type, description }])
  system(context, "task_started", {
    task_id: id,
    ...runId(context, task),
    tool_use_id: toolId,
    description,
    ...(context.old ? {} : { is_backgrounded: true }),
    task_type: type
  })
}

export const taskEnded = (
  context: Context,
  task: TaskInfo,
  status: string,
  outcome: "completed" | "stopped",
  summary: string
): void => {
  const ids = { task_id: task.id, ...runId(context, task) }
  system(context, "task_updated", { ...ids, patch: { status, end_time: Date.now() } })
  system(context, "task_notification", {
    ...ids,
    tool_use_id: task.toolId,
    status: outcome,
    output_file: `/run/fake-claude/tasks/${task.id}.output`,
    summary
  })
  tasksChanged(context, [])
}

/** Queues the turn that the program starts by itself when a background task has ended. */
export const selfStart = (context: Context, task: TaskInfo): void => {
  context.queue.push({
    uuid: undefined,
    content: `<task-notification>${task.description}</task-notification>`,
    text: "",
    shouldQuery: true,
    origin: { kind: "task-notification", producer: "session-task", runId: task.run }
  })
  context.pump()
}
