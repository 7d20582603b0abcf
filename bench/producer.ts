/**
 * Builds what is measured: the fake CLI, in C where there is a compiler (and checks that both of its forms print the
 * same bytes), and this library with its variants as JavaScript, because stripping types is not what we measure.
 */
import { spawnSync } from "node:child_process"
import { createHash } from "node:crypto"
import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { defaults, toEnv } from "./knobs.ts"
import type { Knobs } from "./knobs.ts"

export interface Producer {
  readonly executable: string
  /** How it was made, for the report. */
  readonly kind: string
}

const root = join(import.meta.dirname, "..")
const directory = join(root, ".bench")

/** An executable that runs `fakeCli.ts` on this very Node, whatever is in PATH. */
const launcher = (): string => {
  const path = join(directory, "fakeCli-node")
  writeFileSync(path, `#!/bin/sh\nexec "${process.execPath}" "${join(root, "bench/fakeCli.ts")}" "$@"\n`)
  chmodSync(path, 0o755)
  return path
}

const compiled = (): string | undefined => {
  const path = join(directory, "fakeCli")
  const cc = spawnSync("cc", ["-O2", "-o", path, join(root, "bench/fakeCli.c")], {
    stdio: ["ignore", "ignore", "inherit"]
  })
  return cc.status === 0 ? path : undefined
}

const input =
  '{"type":"control_request","request_id":"1","request":{"subtype":"initialize"}}\n' +
  '{"uuid":"7f131acc-7445-47ae-abe6-7b1cad9e91c0","type":"user","message":{"role":"user","content":"{\\"type\\":"}}\n' +
  '{"request":{"type":"user","subtype":"set_model"},"type":"control_request","request_id":"2"}\n' +
  '{"type":"user","message":{"role":"user","content":"again"}}\n'

const identicalFor: ReadonlyArray<Partial<Knobs>> = [
  { n: 10_000 },
  { n: 5000, delta: 3, nbig: 3, big: 20_000 },
  { n: 0, nbig: 2, big: 2_000_000, text: "ascii" }
]

/** The sha256 of everything it prints; its pid in the reply to `initialize` is the only thing that may differ. */
const digest = (executable: string, knobs: Knobs): string => {
  const { error, status, stdout } = spawnSync(executable, ["--session-id=5e551017-0000-4000-8000-000000000000"], {
    env: toEnv(knobs),
    input,
    maxBuffer: 2 ** 28,
    encoding: "latin1"
  })
  if (error !== undefined || status !== 0) throw new Error(`${executable} failed: ${error?.message ?? status}`)
  return createHash("sha256")
    .update(stdout.replace(/"pid":\d+/, ""), "latin1")
    .digest("hex")
}

/** The fake CLI to use, and what is wrong with it. */
export const build = (): { readonly producer: Producer; readonly failures: ReadonlyArray<string> } => {
  mkdirSync(join(directory, "home"), { recursive: true })
  const inNode = launcher()
  const inC = compiled()
  if (inC === undefined) {
    return { producer: { executable: inNode, kind: "TypeScript (no C compiler: slower, not compared)" }, failures: [] }
  }
  const failures = identicalFor.flatMap((some) => {
    const knobs = { ...defaults, ...some }
    return digest(inC, knobs) === digest(inNode, knobs)
      ? []
      : [`fakeCli.c and fakeCli.ts print different bytes for ${JSON.stringify(some)}`]
  })
  return { producer: { executable: inC, kind: "C (cc -O2), the same bytes as fakeCli.ts" }, failures }
}

/** The program that takes one sample. */
export const compileSample = (): string => {
  const out = join(directory, "js")
  rmSync(out, { recursive: true, force: true })
  const tsc = spawnSync(process.execPath, [join(root, "node_modules/typescript/bin/tsc"), "-p", join(root, "bench")], {
    stdio: "inherit"
  })
  if (tsc.status !== 0) throw new Error("the variants do not compile")
  return join(out, "bench/sample.js")
}

/** The whole environment of a sample: nothing of ours, the knobs of the producer. */
export const environment = (knobs: Knobs): Record<string, string> => ({
  PATH: "/usr/local/bin:/usr/bin:/bin",
  HOME: join(directory, "home"),
  ...toEnv(knobs)
})
