/** The shape of an `initialize` request. The fake refuses what the real program would silently ignore: a misspelt field. */
import { isRecord } from "../mockApiReply.ts"
import type { Json, Launch } from "./arguments.ts"

type Test = (value: unknown) => boolean

const isString: Test = (value) => typeof value === "string"
const isBoolean: Test = (value) => typeof value === "boolean"
const isStrings: Test = (value) => Array.isArray(value) && value.every(isString)

const isMatcher: Test = (value) => isRecord(value) && isStrings(value["hookCallbackIds"])

const isHooks: Test = (value) =>
  isRecord(value) && Object.values(value).every((matchers) => Array.isArray(matchers) && matchers.every(isMatcher))

const isAgents: Test = (value) =>
  isRecord(value) &&
  Object.values(value).every((agent) => isRecord(agent) && isString(agent["description"]) && isString(agent["prompt"]))

const isAnything: Test = () => true

const fields: Readonly<Record<string, Test>> = {
  subtype: isString,
  hooks: isHooks,
  sdkMcpServers: isStrings,
  sdkMcpServerConfigs: isRecord,
  sdkMcpServerManifests: isRecord,
  sdkMcpServerManifestsOrigin: isAnything,
  jsonSchema: isRecord,
  systemPrompt: isStrings,
  appendSystemPrompt: isString,
  systemPromptSnapshot: isAnything,
  planModeInstructions: isString,
  toolAliases: isRecord,
  excludeDynamicSections: isAnything,
  agents: isAgents,
  title: isString,
  skills: isStrings,
  promptSuggestions: isBoolean,
  agentProgressSummaries: isBoolean,
  forwardSubagentText: isBoolean,
  supportedDialogKinds: isStrings,
  perTaskStopAffordance: isBoolean
}

const withAwait: Readonly<Record<string, Test>> = { plugins: isAnything, mcpServers: isRecord }

/** What is wrong with a request, if anything. */
export const checkInitialize = (request: Json, launch: Launch): string | undefined => {
  const known = launch.awaitInitialize ? { ...fields, ...withAwait } : fields
  for (const [name, value] of Object.entries(request)) {
    if (!Object.hasOwn(known, name)) return `initialize: unknown field ${name}`
    if (known[name]?.(value) !== true) return `initialize: ${name} has the wrong type`
  }
  return undefined
}
