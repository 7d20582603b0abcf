/** Versions of the CLI. */

/** Whether a version, `2.1.329`, came before another. What is no number in it is older than any. */
export const isOlder = (version: string, than: string): boolean => {
  const [a, b] = [version, than].map((text) => text.split(".").map((part) => Number.parseInt(part, 10)))
  for (const [index, wanted] of (b ?? []).entries()) {
    const found = a?.[index] ?? 0
    if (found !== wanted) return !(found > wanted)
  }
  return false
}
