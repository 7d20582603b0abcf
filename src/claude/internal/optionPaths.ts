/**
 * Which of `addDirs` the agent could not work in. The CLI passes over those that do not exist without a word.
 */
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Path from "effect/Path"

/** An issue for each directory that is none. Relative ones start at `cwd`, which is absolute. */
export const issues = Effect.fnUntraced(function* (
  dirs: ReadonlyArray<string>,
  cwd: string
): Effect.fn.Return<ReadonlyArray<string>, never, FileSystem.FileSystem | Path.Path> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const missing = yield* Effect.filter(dirs, (dir) =>
    fs.stat(path.resolve(cwd, dir)).pipe(
      Effect.map(({ type }) => type !== "Directory"),
      Effect.orElseSucceed(() => true)
    )
  )
  return missing.map((dir) => `addDirs: ${dir} is no directory: create it or leave it out`)
})
