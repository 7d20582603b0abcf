/** What every agent's session tells about itself in the same words. Each is a fresh value: the journal completes it. */
import type { Body } from "./journal.ts"

export const readerPaused = (): Body => ({
  _tag: "Notice",
  level: "info",
  code: "reader-paused",
  text: "much waits for a slow reader, so the agent is held back; its requests wait too"
})

export const processReplaced = (): Body => ({
  _tag: "Notice",
  level: "warning",
  code: "process-replaced",
  text: "the agent did not obey; another process goes on with the conversation"
})
