/**
 * What must hold between options, as sentences that say what to do. Pure: what needs the file system is checked where
 * it is at hand.
 */
import type { ClaudeOnly, ExtraArgs, ResolvedClaudeOptions } from "../ClaudeOptions.ts"
import { isUuid } from "../../internal/uuid.ts"
import { doubled, ownerOf, tooLong, withNul, withSecret } from "./claudeArgs.ts"
import * as McpServers from "./mcpServers.ts"
import { inline, isPath } from "./settingsOption.ts"
import { isObject } from "./wire.ts"

type Issues = ReadonlyArray<string>

const when = (condition: boolean, issue: string): Issues => (condition ? [issue] : [])

const ofStart = ({ claude = {}, start, systemPrompt }: ResolvedClaudeOptions): Issues => {
  const at = start === "new" ? undefined : start.at
  const dropped = when(
    claude.resumeDropsTurn !== undefined && at === undefined,
    "resumeDropsTurn needs start.at: it names the turn that is cut off there"
  )
  if (start === "new" || (start.resume === undefined && start.continue !== true)) return dropped
  return [
    ...dropped,
    ...when(
      start.resume !== undefined && !isUuid(start.resume),
      "start.resume must be a session id, which is a UUID: find the id of a titled conversation with `sessions`"
    ),
    ...when(
      start.sessionId !== undefined && start.fork !== true,
      "start.sessionId with resume or continue needs fork: true, for only a copy can have an id of its own"
    ),
    ...when(
      claude.title !== undefined && start.fork !== true,
      "title is for a new conversation or a copy: leave it out, or use the request rename_session"
    ),
    ...when(
      claude.worktree !== undefined,
      "worktree is for a new conversation: leave it out, and let cwd be the worktree of the earlier one"
    ),
    ...when(
      claude.systemPromptSnapshot === true && systemPrompt !== undefined,
      "systemPromptSnapshot: true sends the recorded prompt in place of systemPrompt: leave out one of them"
    )
  ]
}

const ofPrompts = ({ claude = {}, persist, systemPrompt }: ResolvedClaudeOptions): Issues => [
  ...when(
    claude.excludeDynamicSections === true && typeof systemPrompt === "string",
    "excludeDynamicSections changes nothing in a systemPrompt of yours: leave out one of them"
  ),
  ...when(
    claude.sessionMirror === true && !persist,
    "sessionMirror repeats what is kept, and persist: false keeps nothing: leave out one of them"
  ),
  ...when(claude.debug === false && claude.debugFile !== undefined, "debugFile says debug: leave out debug: false")
]

const ofModes = ({ claude, input, model, permissionMode, permissions }: ResolvedClaudeOptions): Issues => [
  ...when(
    claude?.permissionPromptTool !== undefined && (permissions !== undefined || input !== undefined),
    "permissionPromptTool decides in the place of permissions and input: keep the one or the other"
  ),
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

const ofBuiltIns = ({ claude = {}, disallowedTools = [] }: ResolvedClaudeOptions): Issues => {
  const { builtInTools, disableSlashCommands, skills } = claude
  const named = builtInTools === undefined || builtInTools === "default" ? undefined : builtInTools
  const wanted = skills !== undefined && skills.length > 0
  return [
    ...(named ?? [])
      .filter((name) => !/^\w+$/.test(name))
      .map((name) => `builtInTools: ${JSON.stringify(name)} is no name of a tool: rules belong in allowedTools`),
    ...(named ?? [])
      .filter((name) => disallowedTools.includes(name))
      .map((name) => `${JSON.stringify(name)} is in builtInTools and in disallowedTools: keep one of them`),
    ...when(wanted && disableSlashCommands === true, "disableSlashCommands leaves out the skills: keep one of them"),
    ...when(
      wanted && (named?.includes("Skill") === false || disallowedTools.includes("Skill")),
      "skills needs the tool Skill: add it to builtInTools, and leave it out of disallowedTools"
    )
  ]
}

const ofSettings = ({ managedSettings, sandbox, settings }: ClaudeOnly): Issues => {
  const content = inline(settings)
  const permissions = content?.["permissions"]
  return [
    ...(typeof settings === "string" ? ofSettingsText(settings) : []),
    ...when(
      content !== undefined && "env" in content,
      "settings.env would be visible in the process list: use the option env, or a settings file and its path"
    ),
    ...when(
      managedSettings !== undefined && "env" in managedSettings,
      "managedSettings.env would be visible in the process list: use the option env"
    ),
    ...when(
      isObject(permissions) && permissions["defaultMode"] !== undefined,
      "settings.permissions.defaultMode would be passed over, for the mode is always said: use the option permissionMode"
    ),
    ...when(
      sandbox !== undefined && content?.["sandbox"] !== undefined,
      "sandbox and settings.sandbox say the same thing: keep one of them"
    ),
    ...when(
      sandbox !== undefined && typeof settings === "string" && isPath(settings),
      "sandbox cannot be laid over a settings file: write it there, or give the settings as an object"
    )
  ]
}

const ofSettingsText = (settings: string): Issues => {
  if (settings.trim() === "") return ["settings is empty: give a path or JSON, or leave it out"]
  return when(
    settings.trimStart().startsWith("{") && inline(settings) === undefined,
    "settings begins like JSON but is none: correct it"
  )
}

const ofExtraArgs = (extraArgs: ExtraArgs = {}): Issues =>
  Object.keys(extraArgs).flatMap((flag) => {
    if (!/^[a-z][a-z0-9-]*$/i.test(flag)) {
      return [
        `extraArgs: ${JSON.stringify(flag)} is no name of a flag: write it without dashes in front, as in { "safe-mode": true }`
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

const ofDirectories = ({ claude }: ResolvedClaudeOptions): Issues => [
  ...when((claude?.addDirs ?? []).includes(""), "addDirs has an empty entry: name a directory or leave it out"),
  ...when(claude?.configDir === "", "configDir is empty: name a directory or leave it out")
]

/** Secrets among the arguments: those of the environment, which may be the adapter's, and of MCP servers. */
export const secretsShown = (options: ResolvedClaudeOptions): Issues =>
  withSecret(options).map(
    (option) => `${option} holds a secret, which everyone could read in the process list: take it out`
  )

const ofPassing = (options: ResolvedClaudeOptions): Issues => {
  const long = tooLong(options)
  return [
    ...doubled(options).map(
      ([option, variable]) => `${option} and env.set.${variable} say the same thing: keep one of them`
    ),
    ...withNul(options).map((option) => `${option} holds a NUL character, which no process can be given: remove it`),
    ...secretsShown(options),
    ...when(long !== undefined, `${long} is longer than the system takes on a command line: make it shorter, or a file`)
  ]
}

/** What is wrong with the options together. Their shape must hold. */
export const together = (options: ResolvedClaudeOptions): Issues => [
  ...ofStart(options),
  ...ofModes(options),
  ...ofPrompts(options),
  ...ofTools(options),
  ...ofBuiltIns(options),
  ...McpServers.issues(options),
  ...ofDirectories(options),
  ...ofSettings(options.claude ?? {}),
  ...ofExtraArgs(options.claude?.extraArgs),
  ...ofPassing(options)
]
