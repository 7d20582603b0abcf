/**
 * What is spawned, as data: the environment an agent gets and the command it is started with. Pure, so that both are
 * tested without a process.
 */
import { Buffer } from "node:buffer"
import type * as Duration from "effect/Duration"
import * as ChildProcess from "effect/process/ChildProcess"
import * as Redacted from "effect/Redacted"
import type { EnvPolicy } from "../AgentAdapter.ts"
import { markerVariable } from "./procfs.ts"

/** a whole environment: nothing is added to it but our marker */
export type Environment = Record<string, string | Redacted.Redacted<string>>

export interface CommandData {
  readonly executable: string
  readonly args: ReadonlyArray<string>
  /** `undefined`: the directory of the host */
  readonly cwd: string | undefined
  readonly env: Environment
}

/** a nested agent takes the first for "I run inside Claude Code"; the second would load the host's hooks into it */
const neverInherited = ["CLAUDECODE", "NODE_OPTIONS"]

const inherits = (base: EnvPolicy["base"], name: string): boolean =>
  base === undefined || base === "inherit" || (base !== "none" && base.only.includes(name))

/**
 * Builds the whole environment: what the policy takes from the host, then what the adapter needs (`extra`), then what
 * the user says (`set`), each over the one before; `undefined` removes a name. `CLAUDECODE` and `NODE_OPTIONS` arrive
 * only when `set` names them.
 */
export const environment = (
  policy: EnvPolicy | undefined,
  host: Readonly<Record<string, string | undefined>>,
  extra: Readonly<Record<string, string | undefined>> = {}
): Environment => {
  const variables = new Map<string, string | Redacted.Redacted<string>>()
  const assign = (name: string, value: string | Redacted.Redacted<string> | undefined): void => {
    if (value === undefined) variables.delete(name)
    else variables.set(name, value)
  }
  for (const [name, value] of Object.entries(host)) if (inherits(policy?.base, name)) assign(name, value)
  for (const name of neverInherited) variables.delete(name)
  for (const [name, value] of Object.entries(extra)) assign(name, value)
  for (const [name, value] of Object.entries(policy?.set ?? {})) assign(name, value)
  return Object.fromEntries(variables)
}

/**
 * The command as a value. `forceKillAfter` is only the spawner's last net and is short on purpose: the close ladder has
 * had its own SIGTERM wait by then, so what the spawner still finds in the group are zombies.
 */
export const command = (data: CommandData, marker: string): ChildProcess.StandardCommand =>
  ChildProcess.make(data.executable, data.args, {
    ...(data.cwd === undefined ? {} : { cwd: data.cwd }),
    env: { ...data.env, [markerVariable]: marker },
    extendEnv: false,
    killSignal: "SIGTERM",
    forceKillAfter: "100 millis"
  })

/** what a spawn of Node needs of a command */
export interface Settings {
  readonly executable: string
  readonly args: ReadonlyArray<string>
  readonly cwd: string | undefined
  readonly env: Record<string, string>
  readonly killSignal: NodeJS.Signals
  readonly forceKillAfter: Duration.Input | undefined
}

/** an agent of ours, as `command` makes it, with nothing that needs more than a spawn and three pipes; else `undefined` */
export const settingsOf = (command: ChildProcess.Command): Settings | undefined => {
  if (command._tag !== "StandardCommand" || process.platform === "win32") return undefined
  const { cwd, env = {}, forceKillAfter, killSignal = "SIGTERM", ...rest } = command.options
  const known = env[markerVariable] !== undefined && rest.extendEnv === false
  if (!known || Object.keys(rest).length > 1) return undefined
  const plain = (value: string | Redacted.Redacted<string>): string =>
    Redacted.isRedacted(value) ? Redacted.value(value) : value
  const variables = Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, plain(value)]]))
  return {
    executable: command.command,
    args: command.args.map(plain),
    cwd,
    env: Object.fromEntries(variables),
    killSignal,
    forceKillAfter
  }
}

/** Linux refuses one argument of 128 KiB (its closing NUL included) with E2BIG, which Node throws instead of reporting */
const maxArgumentBytes = 131_071

/** which argument is too long to be passed, said without its text */
export const oversizeArgument = (args: ReadonlyArray<string>): string | undefined => {
  const index = args.findIndex((arg) => arg.length * 3 > maxArgumentBytes && Buffer.byteLength(arg) > maxArgumentBytes)
  const arg = args[index]
  return arg === undefined
    ? undefined
    : `argument ${index + 1} has ${Buffer.byteLength(arg)} bytes, the system takes ${maxArgumentBytes} at most`
}

/** those of the values that must not be shown, as they are */
export const redactedOf = (
  values: ReadonlyArray<string | Redacted.Redacted<string> | undefined>
): ReadonlyArray<string> => values.flatMap((value) => (Redacted.isRedacted(value) ? [Redacted.value(value)] : []))
