/** The real CLI that `npm run agents` installs. */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const packages = fileURLToPath(new URL("../agents/node_modules/@anthropic-ai/", import.meta.url))

const binary = process.platform === "win32" ? "claude.exe" : "claude"

/** Where it is. That it is not there is an error, and never a skipped test. */
export const executable = (): string => {
  const platform = `${packages}claude-agent-sdk-${process.platform}-${process.arch}`
  const found = [platform, `${platform}-musl`].map((dir) => `${dir}/${binary}`).find(existsSync)
  if (found === undefined) throw new Error(`there is no claude in ${packages}: run \`npm run agents\` first`)
  return found
}

/** What it says it is. */
export const version = (): string => execFileSync(executable(), ["--version"], { encoding: "utf8", env: {} }).trim()

/** The version that its package promises. */
export const promised = (): unknown => {
  const manifest: unknown = JSON.parse(readFileSync(`${packages}claude-agent-sdk/manifest.json`, "utf8"))
  return typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : undefined
}
