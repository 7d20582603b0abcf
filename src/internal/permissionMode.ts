/** The permission modes there are, for values that come from outside. */
import * as Schema from "effect/Schema"
import type { PermissionMode as Mode } from "../AgentAdapter.ts"

export const PermissionMode: Schema.Codec<Mode> = Schema.Literals([
  "default",
  "acceptEdits",
  "plan",
  "dontAsk",
  "auto",
  "bypassPermissions"
])
