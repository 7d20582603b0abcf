/**
 * What is kept on disk about a child while it runs, so that another host can end what this one left behind, and what
 * such an entry calls for. Pure.
 */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Origin, ProcessId } from "./processTable.ts"

const Process = Schema.Struct({ pid: Schema.Int.check(Schema.isGreaterThan(1)), started: Schema.NonEmptyString })

export const SpawnEntry = Schema.Struct({
  version: Schema.Literal(1),
  /** one run of the system and one set of pids in it, as `Origin` has them */
  boot: Schema.String,
  namespace: Schema.String,
  host: Process,
  child: Process,
  /** the child's process group */
  group: Schema.Int,
  marker: Schema.NonEmptyString,
  /** what was seen below the child */
  descendants: Schema.Array(Process)
})

export type SpawnEntry = typeof SpawnEntry.Type

const Json = Schema.fromJsonString(SpawnEntry)

// Nothing in it is encoded, and one is written with every child: a tenth of what the Schema takes.
export const encode = (entry: SpawnEntry): string => JSON.stringify(entry)

const decodeOption = Schema.decodeUnknownOption(Json)

/** `undefined`: it is none */
export const decode = (text: string): SpawnEntry | undefined => Option.getOrUndefined(decodeOption(text))

/** leave: its host lives, or cannot be seen from here; drop: nothing of it can be left; reap: what it names is an orphan */
export type Verdict = "leave" | "drop" | "reap"

export const judge = (
  entry: SpawnEntry | undefined,
  here: Origin,
  isAlive: (process: ProcessId) => boolean
): Verdict => {
  if (entry === undefined || entry.boot !== here.boot) return "drop"
  return entry.namespace !== here.namespace || isAlive(entry.host) ? "leave" : "reap"
}
