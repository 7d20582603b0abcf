/**
 * Why there is no process, as data. The spawner's own errors hold the whole command line, so nothing of them is passed
 * on but what happened.
 */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Predicate from "effect/Predicate"
import type { CommandData } from "./agentCommand.ts"

/** neither `description` nor `cause` holds the arguments or the environment */
export interface SpawnFailure {
  readonly _tag: "NotFound" | "PermissionDenied" | "CwdNotFound" | "ArgumentTooLong" | "Other"
  readonly description: string
  readonly cause?: unknown
}

const make = (tag: SpawnFailure["_tag"], description: string, cause?: unknown): SpawnFailure => {
  const code = Predicate.hasProperty(cause, "code") ? cause.code : undefined
  // Node puts the arguments on the error itself (`spawnargs`), its message names the executable only
  if (!Predicate.isError(cause) || !Predicate.isString(code)) return { _tag: tag, description }
  return { _tag: tag, description, cause: Object.assign(new Error(cause.message), { code }) }
}

export const argumentTooLong = (description: string): SpawnFailure => make("ArgumentTooLong", description)

/** a missing directory is the same ENOENT as a missing executable, and a file in its place an ENOTDIR that is thrown */
const unlessDirectory = (
  fs: FileSystem.FileSystem,
  data: CommandData,
  failure: SpawnFailure
): Effect.Effect<SpawnFailure> => {
  if (data.cwd === undefined || failure._tag === "ArgumentTooLong") return Effect.succeed(failure)
  const missing: SpawnFailure = {
    ...failure,
    _tag: "CwdNotFound",
    description: `the working directory ${data.cwd} is not there, or is no directory`
  }
  return fs.stat(data.cwd).pipe(
    Effect.map((info) => (info.type === "Directory" ? failure : missing)),
    Effect.orElseSucceed(() => missing)
  )
}

/** what the spawner reports */
export const fromPlatformError = (
  fs: FileSystem.FileSystem,
  data: CommandData,
  { reason }: PlatformError
): Effect.Effect<SpawnFailure> => {
  const failure =
    reason._tag === "NotFound"
      ? make("NotFound", `${data.executable} was not found, or the program that runs it`, reason.cause)
      : reason._tag === "PermissionDenied"
        ? make("PermissionDenied", `${data.executable} may not be executed`, reason.cause)
        : make("Other", `${data.executable} could not be started: ${reason.description ?? reason._tag}`, reason.cause)
  return unlessDirectory(fs, data, failure)
}

/** what Node throws out of the spawn call instead */
export const fromDefect = (
  fs: FileSystem.FileSystem,
  data: CommandData,
  defect: unknown
): Effect.Effect<SpawnFailure> => {
  const failure =
    Predicate.hasProperty(defect, "code") && defect.code === "E2BIG"
      ? make("ArgumentTooLong", "the arguments and the environment together are longer than the system takes", defect)
      : make("Other", `${data.executable} could not be started`, defect)
  return unlessDirectory(fs, data, failure)
}
