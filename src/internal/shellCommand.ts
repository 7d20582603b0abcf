/**
 * Reads a shell line as far as it is certain what it runs: plain commands, one after the other. What a shell would expand,
 * group, redirect or run beside is not read at all, because a rule about a command says nothing about it.
 */

/** `text` as it was written; `words` without their quotes. */
export interface Command {
  readonly text: string
  readonly words: ReadonlyArray<string>
}

const plainCharacter = /[A-Za-z0-9_./,:@%+^-]/

/** Inside of a word these stand for themselves; where a path may begin, `~` is a home. */
const isInside = (word: string, character: string): boolean =>
  character === "=" || (character === "~" && /[A-Za-z0-9^~]$/.test(word))

// eslint-disable-next-line no-control-regex
const control = /[\u0000-\u001f\u007f\u0085\u2028\u2029]/

const keywords = new Set(
  "if then elif else fi for while until do done case esac select function time coproc in".split(" ")
)

/** What they are given is run, or changes what later words mean. */
const interpreters = new Set("eval source . exec trap alias unalias enable builtin command".split(" "))

/** What they do lasts: the rest of the line means something else after them. */
const lasting = new Set(
  "cd pushd popd set shopt export declare typeset local readonly unset hash umask ulimit".split(" ")
)

/** Arguments of `find` that run, write or delete. */
const findActions = /^-(exec|execdir|ok|okdir|delete|fprint0?|fprintf|fls)$/

const isPlain = ({ words }: Command, alone: boolean): boolean => {
  const [name = ""] = words
  return (
    /^[A-Za-z0-9_./+-]+$/.test(name) &&
    !keywords.has(name) &&
    !interpreters.has(name) &&
    (alone || !lasting.has(name)) &&
    (name !== "find" || !words.some((word) => findActions.test(word)))
  )
}

/** The index after a quoted text, or -1 when it has no end or is not only text. */
const quoteEnd = (line: string, start: number): number => {
  const quote = line[start]
  for (let at = start + 1; at < line.length; at++) {
    const character = line[at] ?? ""
    if (character === quote) return at + 1
    if (control.test(character) || (quote === '"' && /[$`\\]/.test(character))) return -1
  }
  return -1
}

/** The commands of a line that holds nothing but plain commands, joined by `;`, `&&`, `||`, `|` or new lines. */
export const commandsOf = (line: string): ReadonlyArray<Command> | undefined => {
  const commands: Array<Command> = []
  let words: Array<string> = []
  let word: string | undefined
  let start = 0
  let mayEnd = false
  const closeWord = (): void => {
    if (word !== undefined) words.push(word)
    word = undefined
  }
  const closeCommand = (end: number): boolean => {
    closeWord()
    if (words.length === 0) return false
    commands.push({ text: line.slice(start, end).trim(), words })
    words = []
    return true
  }
  for (let at = 0; at < line.length;) {
    const character = line[at] ?? ""
    if (character === " ") {
      closeWord()
      at++
    } else if (plainCharacter.test(character) || (word !== undefined && isInside(word, character))) {
      word = (word ?? "") + character
      at++
    } else if (character === "'" || character === '"') {
      const end = quoteEnd(line, at)
      if (end === -1) return undefined
      word = (word ?? "") + line.slice(at + 1, end - 1)
      at = end
    } else {
      const [operator] = /^(?:&&|\|\|(?!\|)|\|(?![|&])|;(?!;)|\n)/.exec(line.slice(at, at + 3)) ?? []
      if (operator === undefined) return undefined
      // Empty lines are nothing; any other operator stands after a command.
      if (!closeCommand(at) && !(operator === "\n" && (commands.length === 0 || mayEnd))) return undefined
      mayEnd = operator === ";" || operator === "\n"
      at += operator.length
      start = at
    }
  }
  if (!closeCommand(line.length) && !mayEnd) return undefined
  const alone = commands.length === 1
  return commands.length > 0 && commands.every((command) => isPlain(command, alone)) ? commands : undefined
}

/** They run what follows them. */
const wrappers = new Set(
  "timeout time nice nohup stdbuf env sudo doas xargs setsid ionice chroot watch command builtin exec eval sh bash zsh dash find".split(
    " "
  )
)

/** What a rule that denies is held against: every text of the line that may be the beginning of a command. */
export const suspects = (line: string): ReadonlyArray<string> => {
  const commands = commandsOf(line)
  if (commands === undefined) {
    const bare = line.replaceAll(/["'\\]/g, "")
    return [line, bare].flatMap((text) =>
      [...text.matchAll(/(?<![\w./-])[\w./-]/g)].map(({ index }) => text.slice(index).replaceAll(/\s+/g, " "))
    )
  }
  return commands.flatMap(({ text, words }) =>
    [text].concat(
      words.flatMap((_, index) => (index === 0 || wrappers.has(words[0] ?? "") ? [words.slice(index).join(" ")] : []))
    )
  )
}
