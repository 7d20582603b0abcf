/** The real CLI that `npm run agents` installs, or the one that `npm run drift` looks at. */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const packages = fileURLToPath(new URL("../agents/node_modules/@anthropic-ai/", import.meta.url))

const binary = process.platform === "win32" ? "claude.exe" : "claude"

/** Where it is. That it is not there is an error, and never a skipped test. */
export const executable = (): string => {
  const other = process.env["DRIFT_EXECUTABLE"]
  if (other !== undefined) return other
  const platform = `${packages}claude-agent-sdk-${process.platform}-${process.arch}`
  const found = [platform, `${platform}-musl`].map((dir) => `${dir}/${binary}`).find(existsSync)
  if (found === undefined) throw new Error(`there is no claude in ${packages}: run \`npm run agents\` first`)
  return found
}

/** What it says it is. */
export const version = (): string => execFileSync(executable(), ["--version"], { encoding: "utf8", env: {} }).trim()

/** The version that its package promises. */
export const promised = (): unknown => {
  const other = process.env["DRIFT_VERSION"]
  if (other !== undefined) return other
  const manifest: unknown = JSON.parse(readFileSync(`${packages}claude-agent-sdk/manifest.json`, "utf8"))
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : undefined
}

const partsOf = (version: string): ReadonlyArray<number> => version.split(".").map(Number)

/** Whether the CLI is of that version or a later one: for tests of what an older one cannot do. */
export const isSince = (version: string): boolean => {
  const [wanted, actual] = [partsOf(version), partsOf(String(promised()))]
  const at = wanted.findIndex((part, index) => part !== actual[index])
  return at === -1 || (actual[at] ?? 0) > (wanted[at] ?? 0)
}
