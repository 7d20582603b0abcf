/**
 * The sandbox for commands: its form, and how it is laid over inline settings, which is where the CLI reads it from.
 */
import * as Schema from "effect/Schema"
import { flag, type Settings, text, texts } from "./optionModels.ts"

const port = Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 65_535 })))

type Strings = ReadonlyArray<string> | undefined

/**
 * What sandboxed commands may reach over the network.
 *
 * @since 0.1.0
 * @category options
 */
export interface SandboxNetwork {
  readonly allowedDomains?: Strings
  readonly deniedDomains?: Strings
  /** Denies what is not in `allowedDomains` without asking. */
  readonly strictAllowlist?: boolean | undefined
  readonly allowManagedDomainsOnly?: boolean | undefined
  readonly allowUnixSockets?: Strings
  readonly allowAllUnixSockets?: boolean | undefined
  readonly allowLocalBinding?: boolean | undefined
  readonly allowMachLookup?: Strings
  readonly httpProxyPort?: number | undefined
  readonly socksProxyPort?: number | undefined
  readonly tlsTerminate?:
    | { readonly caCertPath?: string | undefined; readonly caKeyPath?: string | undefined }
    | undefined
}

/**
 * What sandboxed commands may read and write, over what permission rules say.
 *
 * @since 0.1.0
 * @category options
 */
export interface SandboxFilesystem {
  readonly allowWrite?: Strings
  readonly denyWrite?: Strings
  readonly denyRead?: Strings
  readonly allowRead?: Strings
  readonly allowManagedReadPathsOnly?: boolean | undefined
  readonly disabled?: boolean | undefined
}

/**
 * How one credential is kept from sandboxed commands: not there at all, or a stand-in for it.
 *
 * @since 0.1.0
 * @category options
 */
export interface SandboxCredential {
  readonly mode: "deny" | "mask"
  readonly extract?: string | undefined
  readonly onExtractNoMatch?: "deny" | "error" | "warn" | undefined
  readonly decode?: "jwt" | undefined
  readonly maskClaims?: Strings
  readonly injectHosts?: Strings
}

/**
 * Credentials that sandboxed commands do not see.
 *
 * @since 0.1.0
 * @category options
 */
export interface SandboxCredentials {
  readonly files?:
    | ReadonlyArray<SandboxCredential & { readonly path: string; readonly maskDuplicates?: boolean | undefined }>
    | undefined
  readonly envVars?: ReadonlyArray<SandboxCredential & { readonly name: string }> | undefined
  readonly allowPlaintextInject?: boolean | undefined
  /** Since 2.1.300. */
  readonly awsPairs?:
    | ReadonlyArray<{
        readonly accessKeyIdVar: string
        readonly secretAccessKeyVar: string
        readonly sessionTokenVar?: string | undefined
      }>
    | undefined
  readonly sigv4?:
    | {
        readonly streaming?: "deny" | "passthrough" | undefined
        readonly presigned?: "deny" | "passthrough" | undefined
        readonly sigv4a?: "deny" | "passthrough" | undefined
      }
    | undefined
}

/**
 * How commands of the agent are kept apart from this machine. `enabled: true` without a working sandbox (bubblewrap and
 * socat on Linux) fails the start, unless `failIfUnavailable` is false: then commands run outside of it.
 *
 * @since 0.1.0
 * @category options
 */
export interface Sandbox {
  readonly enabled?: boolean | undefined
  /** Default: true where `enabled` is. */
  readonly failIfUnavailable?: boolean | undefined
  /** Sandboxed commands need no permission. */
  readonly autoAllowBashIfSandboxed?: boolean | undefined
  readonly allowUnsandboxedCommands?: boolean | undefined
  readonly network?: SandboxNetwork | undefined
  readonly filesystem?: SandboxFilesystem | undefined
  readonly credentials?: SandboxCredentials | undefined
  readonly ignoreViolations?: { readonly [command: string]: ReadonlyArray<string> } | undefined
  readonly enableWeakerNestedSandbox?: boolean | undefined
  /** Since 2.1.329. */
  readonly allowNestedUserNamespaces?: boolean | undefined
  readonly enableWeakerNetworkIsolation?: boolean | undefined
  readonly allowAppleEvents?: boolean | undefined
  readonly excludedCommands?: Strings
  readonly ripgrep?: { readonly command: string; readonly args?: Strings } | undefined
  readonly bwrapPath?: string | undefined
  readonly socatPath?: string | undefined
}

const credential = {
  mode: Schema.Literals(["deny", "mask"]),
  extract: text,
  onExtractNoMatch: Schema.optional(Schema.Literals(["deny", "error", "warn"])),
  decode: Schema.optional(Schema.Literal("jwt")),
  maskClaims: texts,
  injectHosts: texts
}

const signing = Schema.optional(Schema.Literals(["deny", "passthrough"]))

/**
 * @since 0.1.0
 * @category schemas
 */
export const Sandbox: Schema.Codec<Sandbox> = Schema.Struct({
  enabled: flag,
  failIfUnavailable: flag,
  autoAllowBashIfSandboxed: flag,
  allowUnsandboxedCommands: flag,
  network: Schema.optional(
    Schema.Struct({
      allowedDomains: texts,
      deniedDomains: texts,
      strictAllowlist: flag,
      allowManagedDomainsOnly: flag,
      allowUnixSockets: texts,
      allowAllUnixSockets: flag,
      allowLocalBinding: flag,
      allowMachLookup: texts,
      httpProxyPort: port,
      socksProxyPort: port,
      tlsTerminate: Schema.optional(Schema.Struct({ caCertPath: text, caKeyPath: text }))
    })
  ),
  filesystem: Schema.optional(
    Schema.Struct({
      allowWrite: texts,
      denyWrite: texts,
      denyRead: texts,
      allowRead: texts,
      allowManagedReadPathsOnly: flag,
      disabled: flag
    })
  ),
  credentials: Schema.optional(
    Schema.Struct({
      files: Schema.optional(Schema.Array(Schema.Struct({ path: Schema.String, ...credential, maskDuplicates: flag }))),
      envVars: Schema.optional(Schema.Array(Schema.Struct({ name: Schema.String, ...credential }))),
      allowPlaintextInject: flag,
      awsPairs: Schema.optional(
        Schema.Array(
          Schema.Struct({ accessKeyIdVar: Schema.String, secretAccessKeyVar: Schema.String, sessionTokenVar: text })
        )
      ),
      sigv4: Schema.optional(Schema.Struct({ streaming: signing, presigned: signing, sigv4a: signing }))
    })
  ),
  ignoreViolations: Schema.optional(Schema.Record(Schema.String, Schema.Array(Schema.String))),
  enableWeakerNestedSandbox: flag,
  allowNestedUserNamespaces: flag,
  enableWeakerNetworkIsolation: flag,
  allowAppleEvents: flag,
  excludedCommands: texts,
  ripgrep: Schema.optional(Schema.Struct({ command: Schema.String, args: texts })),
  bwrapPath: text,
  socatPath: text
})

/** What a user turned on must not turn itself off when it cannot be had. */
const strict = (sandbox: Sandbox): Sandbox =>
  sandbox.enabled === true && sandbox.failIfUnavailable === undefined
    ? { ...sandbox, failIfUnavailable: true }
    : sandbox

/** Inline settings with the sandbox in them; they have none of their own (`optionChecks.ts` refuses two). */
export const withSandbox = (settings: Settings | undefined, sandbox: Sandbox): Settings => ({
  ...settings,
  sandbox: strict(sandbox)
})
