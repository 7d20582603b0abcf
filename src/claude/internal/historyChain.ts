/**
 * Which records of a transcript are the conversation: a file is a tree (branches after a resume in the middle, after two
 * writers at once), and the conversation is the path to the leaf that was written last. Pure. Measured on 2.1.329, and
 * equal to what the official SDK reads from the same files.
 */
import type { Entry } from "./historyRecord.ts"

type Entries = Map<string, Entry>

/** Messages that a compaction kept hang behind its summary, and what followed the summary hangs behind them. */
const relink = (entries: Entries): void => {
  const follow = (after: string, first: string, last: string): void => {
    for (const [uuid, entry] of entries) {
      if (entry.parent === after && uuid !== first) entries.set(uuid, { ...entry, parent: last })
    }
  }
  const kepts = [...entries.values()].flatMap(({ relink: kept }) => kept ?? [])
  for (const kept of kepts) {
    if ("kept" in kept) {
      const [first] = kept.kept
      if (first === undefined || kept.kept.some((uuid) => !entries.has(uuid))) continue
      let parent = kept.after
      for (const uuid of kept.kept) {
        const entry = entries.get(uuid)
        if (entry !== undefined) entries.set(uuid, { ...entry, parent })
        parent = uuid
      }
      follow(kept.after, first, parent)
    } else {
      const head = entries.get(kept.head)
      if (head !== undefined) entries.set(kept.head, { ...head, parent: kept.after })
      follow(kept.after, kept.head, kept.tail)
    }
  }
}

const isTalk = ({ type }: Entry): boolean => type === "user" || type === "assistant"

/** From a record to its root, or to where it comes back to itself. */
function* upwards(from: Entry | undefined, entries: Entries): Generator<Entry> {
  const passed = new Set<string>()
  for (let at = from; at !== undefined && !passed.has(at.uuid);) {
    passed.add(at.uuid)
    yield at
    at = at.parent === undefined ? undefined : entries.get(at.parent)
  }
}

const nearestTalk = (from: Entry, entries: Entries): Entry | undefined => {
  for (const entry of upwards(from, entries)) if (isTalk(entry)) return entry
  return undefined
}

/** The ends of the branches, the one that was written last first. */
const leaves = (entries: Entries): ReadonlyArray<Entry> => {
  const parents = new Set<string>()
  for (const { aside, parent } of entries.values()) if (!aside && parent !== undefined) parents.add(parent)
  const ends = [...entries.values()].filter(({ aside, uuid }) => !aside && !parents.has(uuid))
  const talks = new Map<string, Entry>()
  for (const end of ends.toSorted((a, b) => b.line - a.line)) {
    const talk = nearestTalk(end, entries)
    if (talk !== undefined) talks.set(talk.uuid, talk)
  }
  return [...talks.values()]
}

/** A file that holds nothing but the work of subagents: its last message is the leaf all the same. */
const lastResort = (entries: Entries): Entry | undefined => {
  const parents = new Set([...entries.values()].map(({ parent }) => parent))
  const talks = [...entries.values()]
    .filter(({ uuid }) => !parents.has(uuid))
    .flatMap((end) => nearestTalk(end, entries) ?? [])
  const plain = talks.filter(({ aside, meta }) => !aside && !meta)
  return (plain.length > 0 ? plain : talks).toSorted((a, b) => b.line - a.line)[0]
}

const byTime = (a: Entry, b: Entry): number => (a.timestamp < b.timestamp ? -1 : a.timestamp > b.timestamp ? 1 : 0)

/**
 * Calls that ran side by side hang beside the chain: the other blocks of an answer, and the results of their calls, come
 * back behind the last block of that answer that is in it.
 */
const withParallelCalls = (chain: ReadonlyArray<Entry>, entries: Entries): ReadonlyArray<Entry> => {
  const blocks = new Map<string, Array<Entry>>()
  const callers = new Map<string, Entry>()
  const results = new Map<string, Array<Entry>>()
  for (const entry of entries.values()) {
    if (entry.messageId !== undefined) {
      blocks.set(entry.messageId, [...(blocks.get(entry.messageId) ?? []), entry])
      for (const id of entry.toolUses) callers.set(id, entry)
    }
  }
  for (const entry of entries.values()) {
    if (entry.toolResults.length === 0 || entry.parent === undefined) continue
    const answered = [entry.parent, entry.answers, ...entry.toolResults.map((id) => callers.get(id)?.uuid)]
    for (const uuid of new Set(answered)) {
      const caller = uuid === undefined ? undefined : entries.get(uuid)
      if (caller?.aside === entry.aside) results.set(caller.uuid, [...(results.get(caller.uuid) ?? []), entry])
    }
  }
  const there = new Set(chain.map(({ uuid }) => uuid))
  const answered = new Set(chain.flatMap(({ toolResults }) => toolResults))
  const last = new Map<string, Entry>()
  for (const entry of chain) if (entry.messageId !== undefined) last.set(entry.messageId, entry)
  return chain.flatMap((entry) => {
    if (entry.messageId === undefined || last.get(entry.messageId) !== entry) return [entry]
    const all = blocks.get(entry.messageId) ?? []
    const others = all.filter(({ uuid }) => !there.has(uuid)).toSorted(byTime)
    const theirs = all
      .flatMap(({ uuid }) => results.get(uuid) ?? [])
      .filter(({ toolResults, uuid }) => !there.has(uuid) && toolResults.some((id) => !answered.has(id)))
      .toSorted(byTime)
    const found = [...new Set([...others, ...theirs])]
    for (const { toolResults, uuid } of found) {
      there.add(uuid)
      for (const id of toolResults) answered.add(id)
    }
    return [entry, ...found]
  })
}

const pathTo = (leaf: Entry | undefined, entries: Entries): ReadonlyArray<Entry> =>
  withParallelCalls([...upwards(leaf, entries)].toReversed(), entries)

const index = (records: Iterable<Entry>): Entries => {
  const entries: Entries = new Map()
  for (const entry of records) entries.set(entry.uuid, entry)
  relink(entries)
  return entries
}

/** The conversation, oldest first: with `leaf` the branch that ends there, else the one that was written last. */
export const chainOf = (records: Iterable<Entry>, leaf?: string): ReadonlyArray<Entry> => {
  const entries = index(records)
  return pathTo(leaf === undefined ? (leaves(entries)[0] ?? lastResort(entries)) : entries.get(leaf), entries)
}

/** The last message of each branch, the one that was written last first. */
export const branchesOf = (records: Iterable<Entry>): ReadonlyArray<Entry> => leaves(index(records))

/** The conversation of a subagent: its file holds one path, to its last message. */
export const chainOfSubagent = (records: ReadonlyArray<Entry>): ReadonlyArray<Entry> => {
  const entries: Entries = new Map(records.map((entry) => [entry.uuid, entry]))
  return pathTo(records.findLast(isTalk), entries)
}

/** What a reader is shown: what the two said, and not what the CLI told the model on its own account. */
export const isShown = (entry: Entry, system: boolean): boolean =>
  (isTalk(entry) || (system && entry.type === "system")) && !entry.meta && !entry.aside
