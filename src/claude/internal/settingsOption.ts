/** The option `settings`: what of it is inline, for that is on the command line and can be looked into. Pure. */
import { parsedObject } from "./jsonText.ts"
import type { Settings } from "./optionModels.ts"
import { isObject } from "./wire.ts"

/** What the CLI takes for JSON; any other text is the path of a file to it. */
const looksLikeJson = (text: string): boolean => /^\s*\{[^]*\}\s*$/.test(text)

/** Whether the text is the path of a settings file. */
export const isPath = (settings: string): boolean => !looksLikeJson(settings)

/** The settings that are on the command line, as an object; undefined for a path, and for JSON that is none. */
export const inline = (settings: string | Settings | undefined): Settings | undefined => {
  if (typeof settings === "string") return isPath(settings) ? undefined : parsedObject(settings)
  return isObject(settings) ? settings : undefined
}
