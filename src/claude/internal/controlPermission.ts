/**
 * Permission updates (offered by the CLI, sent back by us) and the answer to `can_use_tool`.
 */
import * as Schema from "effect/Schema"
import * as SchemaParser from "effect/SchemaParser"
import { type JsonObject, type Open, optionalString } from "./wire.ts"
import type { PermissionMode } from "./wireSystem.ts"

/**
 * Where a permission update is kept.
 *
 * @since 0.1.0
 * @category permissions
 */
export type PermissionDestination = Open<"userSettings" | "projectSettings" | "localSettings" | "session" | "cliArg">

/**
 * @since 0.1.0
 * @category permissions
 */
export interface PermissionRule {
  readonly toolName: string
  readonly ruleContent?: string
}

/**
 * @since 0.1.0
 * @category permissions
 */
export interface PermissionRulesUpdate {
  readonly type: "addRules" | "replaceRules" | "removeRules"
  readonly rules: ReadonlyArray<PermissionRule>
  readonly behavior: Open<"allow" | "deny" | "ask">
  readonly destination: PermissionDestination
}

/**
 * @since 0.1.0
 * @category permissions
 */
export interface PermissionModeUpdate {
  readonly type: "setMode"
  readonly mode: PermissionMode
  readonly destination: PermissionDestination
}

/**
 * @since 0.1.0
 * @category permissions
 */
export interface PermissionDirectoriesUpdate {
  readonly type: "addDirectories" | "removeDirectories"
  readonly directories: ReadonlyArray<string>
  readonly destination: PermissionDestination
}

/**
 * A change of what may be done without asking.
 *
 * @since 0.1.0
 * @category permissions
 */
export type PermissionUpdate = PermissionRulesUpdate | PermissionModeUpdate | PermissionDirectoriesUpdate

/**
 * @since 0.1.0
 * @category schemas
 */
export const PermissionUpdate: Schema.Codec<PermissionUpdate> = Schema.Union([
  Schema.Struct({
    type: Schema.Literals(["addRules", "replaceRules", "removeRules"]),
    rules: Schema.Array(Schema.Struct({ toolName: Schema.String, ruleContent: optionalString })),
    behavior: Schema.String,
    destination: Schema.String
  }),
  Schema.Struct({ type: Schema.Literal("setMode"), mode: Schema.String, destination: Schema.String }),
  Schema.Struct({
    type: Schema.Literals(["addDirectories", "removeDirectories"]),
    directories: Schema.Array(Schema.String),
    destination: Schema.String
  })
])

/**
 * Whether a value, such as one of the `permission_suggestions` of `can_use_tool`, is an update that may be sent back.
 *
 * @since 0.1.0
 * @category permissions
 */
export const isPermissionUpdate: (value: unknown) => value is PermissionUpdate = SchemaParser.is(PermissionUpdate)

/**
 * Run the tool. `updatedInput` is required here although the protocol has it optional: 2.1.197 takes an allow without it
 * for a denial. `updatedPermissions` are {@link PermissionUpdate}s, or suggestions of the CLI as they came.
 *
 * @since 0.1.0
 * @category permissions
 */
export interface PermissionAllow {
  readonly behavior: "allow"
  readonly updatedInput: JsonObject
  readonly updatedPermissions?: ReadonlyArray<unknown>
  readonly toolUseID?: string
  readonly decisionClassification?: "user_temporary" | "user_permanent" | "user_reject"
}

/**
 * Do not run it. The model is told `message`; with `interrupt` the turn ends too.
 *
 * @since 0.1.0
 * @category permissions
 */
export interface PermissionDeny {
  readonly behavior: "deny"
  readonly message: string
  readonly interrupt?: boolean
  readonly toolUseID?: string
  readonly decisionClassification?: "user_temporary" | "user_permanent" | "user_reject"
}

/**
 * The answer to `can_use_tool`.
 *
 * @since 0.1.0
 * @category permissions
 */
export type PermissionResult = PermissionAllow | PermissionDeny
