/**
 * Options of the official SDK that go by another name here, or are said in another way; the rest has the SDK's name.
 * `test/agents/options.ts` sees to it that none is forgotten, and docs/claude-options.md has the same table.
 */
export const elsewhere = {
  abortController: "interruption of the fiber, or closing the Scope",
  additionalDirectories: "addDirs",
  canUseTool: "permissions",
  continue: "start: { continue: true }",
  executable: "ClaudeAdapter.layer({ executable })",
  executableArgs: "ClaudeAdapter.layer({ executable }): a script of yours that adds them",
  forkSession: "start: { resume, fork: true }",
  includePartialMessages: "partialMessages",
  loadTimeoutMs: "timeouts of Effect around the store",
  maxThinkingTokens: 'thinking: { type: "enabled", budgetTokens }',
  mcpServersDelivery: "the adapter decides: never on the command line",
  onElicitation: "input",
  onUserDialog: "input",
  outputFormat: "outputSchema",
  pathToClaudeCodeExecutable: "ClaudeAdapter.layer({ executable })",
  permissionPrompts: "permissions left out: nobody is asked",
  permissionPromptToolName: "permissionPromptTool",
  persistSession: "persist",
  pluginDelivery: "the adapter decides",
  resume: "start: { resume }",
  resumeSessionAt: "start: { resume, at }",
  sessionId: "start: { sessionId }",
  sessionStore: "SessionStore, or sessionMirror and messages",
  sessionStoreFlush: "SessionStore, or sessionMirror and messages",
  spawnClaudeCodeProcess: "a ChildProcessSpawner of yours as a Layer",
  stderr: "the tail that every process error carries; debugFile",
  tools: "builtInTools"
} as const
