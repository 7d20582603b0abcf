/**
 * The rules of Claude Code about tool calls, `Bash(git:*)`, `Edit(src/**)`, `mcp__server__*`, held against a request. What
 * a rule allows here, the CLI would have allowed with it; where it is not certain what a call does, no rule covers it.
 * A rule that denies is read the other way round: what it may mean, it denies.
 */
import * as Shell from "./shellCommand.ts"

/** What of a permission request rules look at. */
export interface Subject {
  readonly tool: string
  readonly input: unknown
  readonly reasonType?: string | undefined
  readonly safetyCheck?: boolean | undefined
  readonly requiresUser?: boolean | undefined
  readonly askRule?: unknown
  readonly blockedPath?: string | undefined
  readonly cwd?: string | undefined
  readonly home?: string | undefined
}

/** `content` is what stands in the parentheses; undefined: the whole tool. `broken`: it is no rule the CLI would read. */
export interface Rule {
  readonly tool: string
  readonly content: string | undefined
  readonly broken: boolean
}

export const parse = (rule: string): Rule => {
  const [, tool, content] = /^([^()\s]+)(?:\((.*)\))?$/s.exec(rule.trim()) ?? []
  if (tool === undefined) return { tool: rule.trim().split("(")[0] ?? "", content: undefined, broken: true }
  return { tool, content: content === "" || content === "*" ? undefined : content, broken: false }
}

export const show = ({ content, tool }: Rule): string => (content === undefined ? tool : `${tool}(${content})`)

const field = (input: unknown, name: string): string | undefined => {
  if (typeof input !== "object" || input === null) return undefined
  const value = new Map<string, unknown>(Object.entries(input)).get(name)
  return typeof value === "string" ? value : undefined
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

/* Shell commands */

const isPrefix = (content: string): boolean => content.endsWith(":*")

const prefixOf = (content: string): string => content.slice(0, -2)

const matchesCommand = (content: string, text: string): boolean => {
  if (content.includes("\\")) return false
  if (isPrefix(content)) {
    const prefix = prefixOf(content)
    return prefix !== "" && !prefix.includes("*") && (text === prefix || text.startsWith(`${prefix} `))
  }
  if (!content.includes("*")) return text === content.trim()
  // A blank and a star at the end: with arguments, and without.
  const pattern = content.split("*").map(escaped).join(".*")
  return new RegExp(`^${pattern.replace(/ \.\*$/, "(?: .*)?")}$`, "s").test(text)
}

const maybeCommand = (content: string, text: string): boolean => {
  const known = isPrefix(content) ? prefixOf(content) : content.trim().replace(/ \*$/, "")
  const pattern = known.split("*").map(escaped).join(".*")
  return new RegExp(`^${pattern}(?![\\w-])`, "s").test(text) || matchesCommand(content, text)
}

/* Files */

/** Claude Code asks about these whatever the rules say. */
const guarded =
  /^(?:\.git|\.claude|\.vscode|\.idea|\.husky|\.devcontainer|\.cargo|\.npmrc|\.yarnrc.*|\.mcp\.json|\.claude\.json|\.gitconfig|\.gitmodules|\.ripgreprc|\.bash.*|\.zsh.*|\.profile|\.envrc)$/i

const editing = new Set(["Edit", "Write", "MultiEdit", "NotebookEdit"])
const reading = new Set(["Read", "NotebookRead", "Glob", "Grep", "LS"])

const pathOf = ({ input }: Subject): string | undefined =>
  field(input, "file_path") ?? field(input, "notebook_path") ?? field(input, "path")

const segments = (path: string): ReadonlyArray<string> => path.split("/").filter((part) => part !== "" && part !== ".")

/** Without `..`, from the root; undefined when that cannot be said. */
const absolute = (path: string, cwd: string | undefined): ReadonlyArray<string> | undefined => {
  if (/^~|\\/.test(path)) return undefined
  const base = path.startsWith("/") ? [] : cwd?.startsWith("/") === true ? segments(cwd) : undefined
  if (base === undefined) return undefined
  const whole: Array<string> = []
  for (const part of [...base, ...segments(path)]) {
    if (part === "..") whole.pop()
    else whole.push(part)
  }
  return whole
}

interface Pattern {
  readonly root: "cwd" | "home" | "/"
  readonly parts: ReadonlyArray<string>
  readonly anywhere: boolean
  readonly onlyFolder: boolean
}

/** As in a .gitignore, with `//` for the root of the disk and `~/` for the home; undefined when it holds what is not read. */
const patternOf = (content: string): Pattern | undefined => {
  if (/[[\]{}\\!()]/.test(content) || /(^|\/)\.\.(\/|$)/.test(content)) return undefined
  const root = content.startsWith("//") ? "/" : content.startsWith("~/") ? "home" : "cwd"
  const rest = content.replace(/^~?\/{1,2}|^\.\//, "")
  const parts = segments(rest)
  if (parts.length === 0) return undefined
  const anywhere = root === "cwd" && parts.length === 1 && !/^\.?\//.test(content)
  return { root, parts, anywhere, onlyFolder: content.endsWith("/") }
}

const matchesPart = (pattern: string, part: string, flags: string): boolean =>
  new RegExp(
    `^${escaped(pattern)
      .replaceAll(String.raw`\*`, ".*")
      .replaceAll(String.raw`\?`, ".")}$`,
    `s${flags}`
  ).test(part)

const matchesParts = (pattern: ReadonlyArray<string>, parts: ReadonlyArray<string>, flags: string): boolean => {
  const [first, ...rest] = pattern
  if (first === undefined) return parts.length === 0
  if (first === "**") {
    return rest.length === 0
      ? parts.length > 0
      : parts.some((_, index) => matchesParts(rest, parts.slice(index), flags))
  }
  const [part, ...others] = parts
  return part !== undefined && matchesPart(first, part, flags) && matchesParts(rest, others, flags)
}

const matchesPath = (
  pattern: Pattern,
  file: ReadonlyArray<string>,
  { cwd, home }: Subject,
  flags: string
): boolean | undefined => {
  const base = pattern.root === "/" ? "/" : pattern.root === "home" ? home : cwd
  if (base?.startsWith("/") !== true) return undefined
  const root = segments(base)
  if (!root.every((part, index) => part === file[index])) return false
  const below = file.slice(root.length)
  const wanted = pattern.anywhere && pattern.parts[0] !== "**" ? ["**", ...pattern.parts] : pattern.parts
  // A pattern for a folder is one for all that is in it.
  return below.some((_, index) => {
    const length = index + 1
    return (!pattern.onlyFolder || length < below.length) && matchesParts(wanted, below.slice(0, length), flags)
  })
}

const isGuarded = (subject: Subject): boolean => {
  const path = pathOf(subject)
  return editing.has(subject.tool) && path !== undefined && segments(path).some((part) => guarded.test(part))
}

const isBelow = (path: string, cwd: string | undefined): boolean => {
  const file = absolute(path, cwd)
  return (
    file !== undefined &&
    cwd !== undefined &&
    path.startsWith("/") &&
    segments(cwd).every((part, index) => part === file[index])
  )
}

const coversPath = (content: string, subject: Subject): boolean => {
  const path = pathOf(subject)
  const pattern = patternOf(content)
  if (path === undefined || pattern === undefined || segments(path).includes("..")) return false
  if (pattern.root === "cwd" && subject.reasonType === "workingDir") return false
  const file = absolute(path, subject.cwd)
  return file !== undefined && matchesPath(pattern, file, subject, "") === true
}

const mayMeanPath = (content: string, subject: Subject): boolean => {
  const path = pathOf(subject)
  const pattern = patternOf(content)
  if (path === undefined || pattern === undefined) return true
  const file = absolute(path, subject.cwd)
  return file === undefined || matchesPath(pattern, file, subject, "i") !== false
}

/* Hosts */

const hostOf = ({ input }: Subject): string | undefined => {
  const url = URL.parse(field(input, "url") ?? "")
  return url === null || url.username !== "" || url.password !== "" ? undefined : url.hostname
}

const matchesHost = (content: string, host: string): boolean => {
  const [, domain] = /^domain:(.+)$/s.exec(content) ?? []
  if (domain === undefined) return false
  if (domain === "*") return true
  return domain.startsWith("*.")
    ? host.endsWith(domain.slice(1).toLowerCase()) && !domain.slice(2).includes("*")
    : host === domain.toLowerCase()
}

/* Tools */

const isTool = (rule: Rule, tool: string): boolean => {
  if (rule.tool === tool) return true
  const server = rule.tool.replace(/__\*$/, "")
  return (
    /^mcp__[^_*]/.test(server) &&
    !server.includes("*") &&
    // Only the name of a server stands for all of its tools.
    !server.slice("mcp__".length).includes("__") &&
    tool.startsWith(`${server}__`)
  )
}

const mayMeanTool = (rule: Rule, tool: string): boolean =>
  isTool(rule, tool) ||
  new RegExp(`^${rule.tool.split("*").map(escaped).join(".*")}$`, "s").test(tool) ||
  (editing.has(rule.tool) && editing.has(tool)) ||
  (rule.tool === "Read" && reading.has(tool)) ||
  (["Agent", "Task"].includes(rule.tool) && ["Agent", "Task"].includes(tool))

/** A person wanted to be asked, or the agent holds it dangerous: rules do not answer then. */
const isForPeople = (subject: Subject): boolean =>
  subject.requiresUser === true ||
  subject.safetyCheck === true ||
  subject.askRule !== undefined ||
  !["workingDir", "subcommandResults", "other", undefined].includes(subject.reasonType) ||
  isGuarded(subject)

const coversContent = (content: string, rule: Rule, subject: Subject): boolean => {
  switch (rule.tool) {
    case "Edit":
      return editing.has(subject.tool) && coversPath(content, subject)
    case "Read":
      return subject.tool === "Read" && coversPath(content, subject)
    case "WebFetch": {
      const host = hostOf(subject)
      return subject.tool === "WebFetch" && host !== undefined && matchesHost(content, host)
    }
    default:
      return false
  }
}

/** A command may name several paths, and the agent tells of one at most. */
const staysInside = (word: string, cwd: string | undefined): boolean =>
  /^(?:https?|ssh|git):\/\/[^/]/.test(word) ||
  (!/(?:^|[^\w.-])\.\.(?:\/|$)/.test(word) &&
    [...word.matchAll(/(?:^-\w|^|[^\w.@+%-])(\/[^\s=:,]*)/g)].every(([, path = ""]) => isBelow(path, cwd)))

const coversBash = (rules: ReadonlyArray<Rule>, subject: Subject): boolean => {
  const commands = Shell.commandsOf(field(subject.input, "command") ?? "")
  return (
    commands !== undefined &&
    subject.reasonType !== "workingDir" &&
    (subject.blockedPath === undefined || isBelow(subject.blockedPath, subject.cwd)) &&
    commands.every(
      ({ text, words }) =>
        words.every((word) => staysInside(word, subject.cwd)) &&
        rules.some(({ content }) => content !== undefined && matchesCommand(content, text))
    )
  )
}

/** Whether the rules together allow the call. */
export const allows = (rules: ReadonlyArray<Rule>, subject: Subject): boolean => {
  if (isForPeople(subject)) return false
  const sound = rules.filter(({ broken }) => !broken)
  return (
    sound.some((rule) =>
      rule.content === undefined ? isTool(rule, subject.tool) : coversContent(rule.content, rule, subject)
    ) ||
    (subject.tool === "Bash" &&
      coversBash(
        sound.filter(({ tool }) => tool === "Bash"),
        subject
      ))
  )
}

const deniesContent = (content: string, rule: Rule, subject: Subject): boolean => {
  if (editing.has(rule.tool) || rule.tool === "Read") return mayMeanPath(content, subject)
  if (rule.tool === "Bash") {
    const line = field(subject.input, "command")
    return line === undefined || Shell.suspects(line).some((text) => maybeCommand(content, text))
  }
  if (rule.tool === "WebFetch") {
    const host = hostOf(subject)
    return host === undefined || !content.startsWith("domain:") || matchesHost(content, host)
  }
  const name = field(subject.input, "subagent_type") ?? field(subject.input, "skill")
  return name === undefined || maybeCommand(content, name)
}

/** The first rule that may mean the call. */
export const denies = (rules: ReadonlyArray<Rule>, subject: Subject): Rule | undefined =>
  rules.find(
    (rule) =>
      mayMeanTool(rule, subject.tool) && (rule.content === undefined || deniesContent(rule.content, rule, subject))
  )
