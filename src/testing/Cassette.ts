/**
 * A session with a real agent, on tape: everything it was sent, said and complained of, with its timing. Recorded once, it
 * is played as often as one likes, on the test's own Clock and with faults of choice: for regression tests, and for the
 * report of somebody whose agent did something odd.
 *
 * @since 0.1.0
 */
import { homedir } from "node:os"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as ChildProcessSpawner from "effect/process/ChildProcessSpawner"
import * as Result from "effect/Result"
import { AgentError, StoreFailed } from "../AgentError.ts"
import { redact as withoutSecrets } from "../internal/stderrTail.ts"
import * as Player from "./internal/cassettePlayer.ts"
import * as Recorder_ from "./internal/cassetteRecorder.ts"
import * as Tape from "./internal/cassetteTape.ts"

/**
 * What one process was sent (`Sent`) and said (`Said`, `Stderr`), a line an entry, when its stdin was ended (`Closed`) and
 * how it ended (`Exited`); `at` in milliseconds since it was started.
 *
 * @since 0.1.0
 * @category models
 */
export interface Run extends Tape.Run {}

/**
 * A recording: a run for each process the session had.
 *
 * @since 0.1.0
 * @category models
 */
export interface Cassette extends Tape.Tape {}

/**
 * What goes wrong before the agent's line with the number `at` (the first is 1): the process is killed (by a signal, or it
 * ends with a code), says nothing any more, says something odd, or takes its time.
 *
 * @since 0.1.0
 * @category models
 */
export type Fault = Player.Fault

/**
 * @since 0.1.0
 * @category options
 */
export interface RecordOptions {
  /** What is on it. Default: "a session". */
  readonly title?: string | undefined
  /**
   * Secrets that are cut out, besides what looks like a key. One that the agent says in pieces, word by word, is not found.
   * Default: none.
   */
  readonly secrets?: ReadonlyArray<string> | undefined
  /**
   * Folders by what is written in their place, so that a recording says nothing of the machine it was made on. Default:
   * the user's home is `/home/user`.
   */
  readonly paths?: Readonly<Record<string, string>> | undefined
  /** Sees every line last. Default: leaves it as it is. */
  readonly redact?: ((line: string) => string) | undefined
}

/**
 * @since 0.1.0
 * @category options
 */
export interface PlayOptions {
  /** `recorded`: the agent takes as long as it did, by the Clock. `none`: it never waits. Default: "recorded". */
  readonly timing?: "recorded" | "none" | undefined
  /** Faults of the first process, or a list for each process. Default: none. */
  readonly faults?: ReadonlyArray<Fault> | ReadonlyArray<ReadonlyArray<Fault>> | undefined
  /** Is told, when a process ends, of each line that was not sent when it was recorded. Default: nobody is. */
  readonly strange?: ((line: string) => void) | undefined
  /** Is told of each line that was sent when it was recorded and was not now. Default: nobody is. */
  readonly missing?: ((line: string) => void) | undefined
}

/**
 * A recording in progress.
 *
 * @since 0.1.0
 * @category models
 */
export interface Recorder {
  /** The spawner that is listened to, in place of the one it needs. */
  readonly layer: Layer.Layer<ChildProcessSpawner.ChildProcessSpawner, never, ChildProcessSpawner.ChildProcessSpawner>
  /** What was recorded so far. */
  readonly cassette: Effect.Effect<Cassette>
}

/**
 * Begins to record every process of the layer below. The agent does not notice.
 *
 * @example
 * ```ts
 * const program = Effect.gen(function* () {
 *   const recorder = yield* Cassette.record({ title: "a greeting" })
 *   const agent = ClaudeAdapter.layer().pipe(Layer.provide(recorder.layer))
 *   yield* StreamSession.ask({ prompt: "Hello!" }).pipe(Effect.provide(agent))
 *   yield* Cassette.save("greeting.ndjson", yield* recorder.cassette)
 * })
 * ```
 *
 * @since 0.1.0
 * @category recording
 */
export const record = (options: RecordOptions = {}): Effect.Effect<Recorder> =>
  Effect.sync(() => {
    const recordings: Array<Recorder_.Recording> = []
    const {
      paths = { [homedir()]: "/home/user" },
      redact = (line) => line,
      secrets = [],
      title = "a session"
    } = options
    const moved = Tape.withoutPaths(paths)
    // In a line of JSON a secret may stand with its quotes and newlines escaped.
    const spelled = secrets.flatMap((secret) => [secret, JSON.stringify(secret).slice(1, -1)])
    return {
      layer: Layer.effect(
        ChildProcessSpawner.ChildProcessSpawner,
        Effect.map(ChildProcessSpawner.ChildProcessSpawner, (spawner) =>
          Recorder_.listen(
            spawner,
            (line) => redact(moved(withoutSecrets(line, spelled))),
            (recording) => recordings.push(recording)
          )
        )
      ),
      cassette: Effect.sync(() => ({
        cassette: 1,
        title,
        runs: recordings.map((run) => run())
      }))
    }
  })

const isPerRun = (
  faults: ReadonlyArray<Fault> | ReadonlyArray<ReadonlyArray<Fault>>
): faults is ReadonlyArray<ReadonlyArray<Fault>> => faults.every((fault) => Array.isArray(fault))

/**
 * Processes that play a recording: what an adapter starts says what the recorded one said, when it is sent what that one
 * was sent. What the order of some of those lines is does not matter. The first process plays the first run, and so on. Ids
 * that are fresh each time are those of today. Give the adapter a program that is there, such as
 * `process.execPath`: it is looked for, and not started.
 *
 * @example
 * ```ts
 * const agent = ClaudeAdapter.layer({ executable: process.execPath }).pipe(
 *   Layer.provide(Cassette.layer(cassette, { faults: [{ at: 5, kill: "SIGKILL" }] })),
 *   Layer.provide(NodeServices.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category playing
 */
export const layer = (
  cassette: Cassette,
  { faults = [], missing = () => {}, strange = () => {}, timing = "recorded" }: PlayOptions = {}
): Layer.Layer<ChildProcessSpawner.ChildProcessSpawner> =>
  Layer.sync(ChildProcessSpawner.ChildProcessSpawner, () =>
    Player.spawner(cassette, {
      timed: timing === "recorded",
      faults: isPerRun(faults) ? faults : [faults],
      strange,
      missing
    })
  )

const failed = (description: string, cause?: unknown): AgentError =>
  new AgentError({
    phase: "store",
    reason: new StoreFailed({ description, ...(cause === undefined ? {} : { cause }) })
  })

/**
 * The recording as text, a line an entry.
 *
 * @since 0.1.0
 * @category encoding
 */
export const toText: (cassette: Cassette) => string = Tape.toText

/**
 * The recording that a text holds. Fails with `StoreFailed`, and says which line is wrong.
 *
 * @since 0.1.0
 * @category encoding
 */
export const fromText = (text: string): Effect.Effect<Cassette, AgentError> =>
  Result.match(Tape.fromText(text), {
    onFailure: (issue) => Effect.fail(failed(issue)),
    onSuccess: (tape) => Effect.succeed(tape)
  })

/**
 * Writes a recording to a file, whole or not at all.
 *
 * @since 0.1.0
 * @category encoding
 */
export const save = Effect.fn("Cassette.save")(function* (
  file: string,
  cassette: Cassette
): Effect.fn.Return<void, AgentError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  yield* fs.writeFileString(`${file}.part`, Tape.toText(cassette)).pipe(
    Effect.andThen(fs.rename(`${file}.part`, file)),
    Effect.mapError((error) => failed(`${file} could not be written`, error))
  )
})

/**
 * Reads a recording from a file.
 *
 * @since 0.1.0
 * @category encoding
 */
export const load = Effect.fn("Cassette.load")(function* (
  file: string
): Effect.fn.Return<Cassette, AgentError, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const text = yield* Effect.mapError(fs.readFileString(file), (error) => failed(`${file} could not be read`, error))
  return yield* fromText(text)
})
