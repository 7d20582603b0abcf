/**
 * What must hold between options, as sentences that say what to do. Pure: what needs the file system is checked where
 * it is at hand.
 */
import type { ClaudeOnly, ExtraArgs, ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import { ownerOf, withNul } from "./claudeArgs.ts"
import { isUuid } from "../../internal/uuid.ts"

type Issues = ReadonlyArray<string>

const when = (condition: boolean, issue: string): Issues => (condition ? [issue] : [])

const ofStart = ({ start }: ResolvedClaudeOptions): Issues => {
  if (start === "new") return []
  return [
    ...when(
      start.resume !== undefined && !isUuid(start.resume),
      "start.resume must be a session id, which is a UUID: find the id of a titled conversation with `sessions`"
    ),
    ...when(
      start.sessionId !== undefined && (start.resume !== undefined || start.continue === true) && start.fork !== true,
      "start.sessionId with resume or continue needs fork: true, for only a copy can have an id of its own"
    )
  ]
}

const ofModes = ({ model, permissionMode, claude }: ResolvedClaudeOptions): Issues => [
  ...when(
    permissionMode === "bypassPermissions" && claude?.allowDangerouslySkipPermissions !== true,
    'permissionMode "bypassPermissions" needs allowDangerouslySkipPermissions: true, an option of ClaudeSession'
  ),
  ...when(claude?.fallbackModel?.trim() === "", "fallbackModel is empty: name a model or leave it out"),
  ...when(
    model !== undefined && (claude?.fallbackModel ?? "").split(",").some((name) => name.trim() === model),
    "fallbackModel must differ from model"
  )
]

/**
 * Whether the CLI reads a rule as one. It cuts its lists at commas and blanks outside of parentheses, and takes the
 * first closing parenthesis for the end of them.
 */
const isOneRule = (rule: string): boolean => {
  let inside = false
  for (const character of rule) {
    if (character === "(") inside = true
    else if (character === ")") inside = false
    else if (!inside && (character === "," || /\s/.test(character))) return false
  }
  return !inside
}

const ofRules = (option: "allowedTools" | "disallowedTools", rules: ReadonlyArray<string> = []): Issues => [
  ...when(
    rules.some((rule) => rule.trim() === ""),
    `${option} has an empty entry: name a tool or leave it out`
  ),
  ...rules
    .filter((rule) => rule.trim() !== "" && !isOneRule(rule))
    .map(
      (rule) =>
        `${option}: Claude Code would not read ${JSON.stringify(rule)} as one rule: write one rule an entry, without parentheses in its parentheses`
    )
]

const ofTools = ({ allowedTools, disallowedTools = [] }: ResolvedClaudeOptions): Issues => [
  ...ofRules("allowedTools", allowedTools),
  ...ofRules("disallowedTools", disallowedTools),
  ...(allowedTools ?? [])
    .filter((rule) => disallowedTools.includes(rule))
    .map((rule) => `${JSON.stringify(rule)} is in allowedTools and in disallowedTools: keep one of them`)
]

/** What the CLI takes for JSON; any other text is the path of a file to it. */
const looksLikeJson = (text: string): boolean => /^\s*\{[^]*\}\s*$/.test(text)

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const ofSettings = (settings: ClaudeOnly["settings"]): Issues => {
  if (settings === undefined) return []
  if (typeof settings === "string" && settings.trim() === "") {
    return ["settings is empty: give a path or JSON, or leave it out"]
  }
  if (typeof settings === "string" && !looksLikeJson(settings)) {
    return when(settings.trimStart().startsWith("{"), "settings begins like JSON but is none: correct it")
  }
  const content = typeof settings === "string" ? parsed(settings) : settings
  if (typeof content !== "object" || content === null) return ["settings begins like JSON but is none: correct it"]
  return when(
    "env" in content,
    "settings.env would be visible in the process list: use the option env, or a settings file and its path"
  )
}

const ofExtraArgs = (extraArgs: ExtraArgs = {}): Issues =>
  Object.keys(extraArgs).flatMap((flag) => {
    if (!/^[a-z][a-z0-9-]*$/i.test(flag)) {
      return [
        `extraArgs: ${JSON.stringify(flag)} is no name of a flag: write it without dashes in front, as in { effort: "high" }`
      ]
    }
    const owner = ownerOf(flag)
    if (owner === undefined) return []
    return [
      owner === "the adapter"
        ? `extraArgs: --${flag} is decided by the adapter: leave it out`
        : `extraArgs: --${flag} belongs to the option ${owner}: use that one`
    ]
  })

const ofDirectories = ({ claude, env }: ResolvedClaudeOptions): Issues => [
  ...when((claude?.addDirs ?? []).includes(""), "addDirs has an empty entry: name a directory or leave it out"),
  ...when(claude?.configDir === "", "configDir is empty: name a directory or leave it out"),
  ...when(
    claude?.configDir !== undefined && Object.hasOwn(env?.set ?? {}, "CLAUDE_CONFIG_DIR"),
    "configDir and env.set.CLAUDE_CONFIG_DIR say the same thing: keep one of them"
  )
]

/** What is wrong with the options together. Their shape must hold. */
export const together = (options: ResolvedClaudeOptions): Issues => [
  ...ofStart(options),
  ...ofModes(options),
  ...ofTools(options),
  ...ofDirectories(options),
  ...ofSettings(options.claude?.settings),
  ...ofExtraArgs(options.claude?.extraArgs),
  ...withNul(options).map((option) => `${option} holds a NUL character, which no process can be given: remove it`)
]
