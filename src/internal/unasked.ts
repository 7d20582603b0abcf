/** Which options keep a permission handler from being asked: told as a Notice, since nothing else would say so. */
import type { ResolvedOptions } from "../AgentAdapter.ts"
import type { Body } from "./journal.ts"
import { parse } from "./permissionRule.ts"

const notice = (level: "info" | "warning", text: string): Body => ({
  _tag: "Notice",
  level,
  code: "permissions-unasked",
  text: `the permission handler is not asked${text}`
})

/** When nobody is ever asked in this mode. */
export const inMode = (mode: string | undefined): ReadonlyArray<Body> =>
  mode === "bypassPermissions"
    ? [notice("warning", ": the mode bypassPermissions allows everything")]
    : mode === "dontAsk"
      ? [notice("warning", ": the mode dontAsk denies what no rule allows")]
      : []

/** When nobody is asked about some tools. `*` is no rule to Claude Code, which goes on asking. */
const aboutTools = (rules: ReadonlyArray<string> = []): ReadonlyArray<Body> => {
  const tools = rules
    .map(parse)
    .filter(({ broken, content, tool }) => !broken && content === undefined && tool !== "*")
    .map(({ tool }) => tool)
  return tools.length === 0
    ? []
    : [notice("info", ` about ${tools.join(", ")}: allowedTools has it without a condition`)]
}

/** What to tell when the session opens; nothing without a handler. */
export const notices = ({ allowedTools, permissionMode, permissions }: ResolvedOptions): ReadonlyArray<Body> => {
  if (permissions === undefined) return []
  const mode = inMode(permissionMode)
  return mode.length > 0 ? mode : aboutTools(allowedTools)
}
