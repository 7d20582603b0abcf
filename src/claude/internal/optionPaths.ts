/**
 * Which of the options name a file or directory that is not there. The CLI passes over most of them without a word.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Path from "effect/Path"
import type { ClaudeOnly } from "../ClaudeOptions.ts"

interface Named {
  readonly option: string
  readonly path: string
  readonly wanted: "a directory" | "a directory or a .zip file"
}

const named = (
  { addDirs = [], debugFile, plugins = [], projectConfigRoot }: ClaudeOnly,
  path: Path.Path
): ReadonlyArray<Named> => [
  ...addDirs.map((dir) => ({ option: "addDirs", path: dir, wanted: "a directory" }) as const),
  ...plugins.map(
    (plugin) =>
      ({
        option: "plugins",
        path: typeof plugin === "string" ? plugin : plugin.path,
        wanted: "a directory or a .zip file"
      }) as const
  ),
  ...(projectConfigRoot === undefined
    ? []
    : [{ option: "projectConfigRoot", path: projectConfigRoot, wanted: "a directory" } as const]),
  ...(debugFile === undefined
    ? []
    : [{ option: "debugFile", path: path.dirname(debugFile), wanted: "a directory" } as const])
]

/** An issue for each that is not there. Relative ones start at `cwd`, which is absolute. */
export const issues = Effect.fnUntraced(function* (
  options: ClaudeOnly,
  cwd: string
): Effect.fn.Return<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const missing = yield* Effect.filter(named(options, path), (one) =>
    Effect.map(Effect.option(fs.stat(path.resolve(cwd, one.path))), (found) => {
      if (Option.isNone(found)) return true
      const { type } = found.value
      return type !== "Directory" && !(one.wanted !== "a directory" && type === "File" && one.path.endsWith(".zip"))
    })
  )
  return missing.map(({ option, path, wanted }) => `${option}: ${path} is not ${wanted}: create it or leave it out`)
})
