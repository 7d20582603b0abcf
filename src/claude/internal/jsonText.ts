/** Texts that should be JSON and may be anything, as they stand in files and options. */
import { isObject, type JsonObject } from "./wire.ts"

export const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** None for a text that is no JSON, or no object. */
export const parsedObject = (text: string): JsonObject | undefined => {
  const value = parsed(text)
  return isObject(value) ? value : undefined
}
