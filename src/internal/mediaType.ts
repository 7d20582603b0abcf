/** What sort of file some bytes are, by how they begin; names of files lie more often. */
import * as Option from "effect/Option"

const begins = (bytes: Uint8Array, signature: string, at = 0): boolean =>
  Array.from(signature).every((char, index) => bytes[at + index] === char.charCodeAt(0))

/** The media type of a picture or a PDF; undefined for anything else. */
export const sniff = (bytes: Uint8Array): string | undefined => {
  if (begins(bytes, "\u0089PNG\r\n\u001a\n")) return "image/png"
  if (begins(bytes, "\u00ff\u00d8\u00ff")) return "image/jpeg"
  if (begins(bytes, "GIF8")) return "image/gif"
  if (begins(bytes, "RIFF") && begins(bytes, "WEBP", 8)) return "image/webp"
  return begins(bytes, "%PDF-") ? "application/pdf" : undefined
}

/** The text that the bytes are in UTF-8; none when they are something else. */
export const utf8 = (bytes: Uint8Array): Option.Option<string> => {
  // The decoder would take a byte order mark for no part of the text.
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })
  const text = Option.liftThrowable(() => decoder.decode(bytes))()
  return Option.filter(text, (text) => !text.includes("\0"))
}

const base64Form = /^[A-Za-z0-9+/]+={0,2}$/

export const isBase64 = (text: string): boolean => text.length % 4 === 0 && base64Form.test(text)

/** The first bytes of a file, whichever way it is given: enough for `sniff`. */
export const head = (data: string | Uint8Array): Uint8Array =>
  typeof data === "string" ? Buffer.from(data.slice(0, 64), "base64") : data.subarray(0, 48)
