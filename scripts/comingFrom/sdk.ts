/** What the official SDK of Claude Code exports. `test/agents/comingFrom.ts` sees to it that nothing is missing. */
import { type Named, type Page, rowsOf } from "./Page.ts"

export const query = [
  {
    names: ["next"],
    ours: "pulling from the stream: `session.stream(prompt)` is the turn, `session.messages` the frames as they come",
    test: "native frames come as they are, each once"
  },
  {
    names: ["return", "throw"],
    ours: "leaving the stream early: the turn is interrupted, and the session goes on",
    test: "rule 4: after a stream that was left early the next turn gets only its own events"
  },
  {
    names: ["interrupt"],
    ours: "`session.interrupt`, which waits for the end and says what came of it",
    test: "while Bash runs it ends the turn, and Bash"
  },
  {
    names: ["setPermissionMode"],
    ours: "`session.setPermissionMode`, verified",
    test: "the permission mode is changed, and counts"
  },
  {
    names: ["setMcpPermissionModeOverride"],
    ours: '`session.control("set_mcp_permission_mode_override", …)`',
    test: "what has no method is asked for by its name"
  },
  { names: ["setModel"], ours: "`session.setModel`", test: "the model is changed between turns" },
  {
    names: ["setMaxThinkingTokens"],
    ours: "`session.setMaxThinkingTokens`",
    test: "thinking is limited, from the next request on"
  },
  {
    names: ["applyFlagSettings"],
    ours: "`session.settings.apply`",
    test: "settings are laid over others and taken away again, and one that was not taken is an error"
  },
  {
    names: ["updateSettings"],
    ours: "`session.settings.update`",
    test: "a settings file is written to, as far as the CLI lets it"
  },
  {
    names: ["initializationResult"],
    ours: "`session.serverInfo`",
    test: "the handshake tells what is there"
  },
  {
    names: ["reinitialize"],
    ours: "none: it mends a gap between the SDK and a remote process. Here the pipe has none; a process that does not answer is replaced, and its handshake is made anew",
    test: "another process of the session calls the same hooks"
  },
  {
    names: ["supportedCommands"],
    ours: "`session.supportedCommands`",
    test: "account, models, commands and agents are told"
  },
  {
    names: ["supportedModels"],
    ours: "`session.supportedModels`",
    test: "account, models, commands and agents are told"
  },
  {
    names: ["supportedAgents"],
    ours: "`session.supportedAgents`",
    test: "account, models, commands and agents are told"
  },
  {
    names: ["mcpServerStatus"],
    ours: "`session.mcp.status`",
    test: "an MCP server is taken away and brought back, and its tools with it"
  },
  { names: ["getContextUsage"], ours: "`session.contextUsage`", test: "context, usage and settings are told" },
  {
    names: ["usage_EXPERIMENTAL_MAY_CHANGE_DO_NOT_RELY_ON_THIS_API_YET"],
    ours: "`session.usage`",
    test: "context, usage and settings are told"
  },
  {
    names: ["readFile"],
    ours: '`session.control("read_file", …)`; `session.execute` with a FileSystem',
    test: "what has no method is asked for by its name"
  },
  {
    names: ["reloadPlugins"],
    ours: "`session.reloadPlugins`",
    test: "skills that appear are found when they are read again"
  },
  {
    names: ["reloadSkills"],
    ours: "`session.reloadSkills`",
    test: "skills that appear are found when they are read again"
  },
  {
    names: ["reloadOutputStyles"],
    ours: '`session.control("reload_output_styles", {})`',
    test: "what has no method is asked for by its name"
  },
  { names: ["accountInfo"], ours: "`session.accountInfo`", test: "account, models, commands and agents are told" },
  {
    names: ["rewindFiles"],
    ours: "`session.rewindFiles(userMessageId, { dryRun })`",
    test: "files are rewound to where a prompt found them, after a look at what that would change"
  },
  {
    names: ["seedReadState"],
    ours: '`session.control("seed_read_state", …)`',
    test: "what has no method is asked for by its name"
  },
  {
    names: ["reconnectMcpServer"],
    ours: "`session.mcp.reconnect`",
    test: "an MCP server is connected anew, or it is told why not"
  },
  {
    names: ["toggleMcpServer"],
    ours: "`session.mcp.toggle`",
    test: "an MCP server is taken away and brought back, and its tools with it"
  },
  { names: ["readMcpResource"], ours: "`session.mcp.readResource`", test: "a resource of an MCP server is read" },
  {
    names: ["setMcpServers"],
    ours: "`session.mcp.setServers`",
    test: "MCP servers are set, each failure is told, and what is not named again is removed"
  },
  {
    names: ["streamInput"],
    ours: "`session.stream` and `session.ask`, once a turn; into a running one `session.steer`",
    test: "what is said into a running turn is part of it"
  },
  {
    names: ["stopTask"],
    ours: "`session.stopTask`, which waits for the task's end",
    test: "a command in the background is stopped, and its end is awaited"
  },
  {
    names: ["backgroundTasks"],
    ours: "`session.backgroundTasks`",
    test: "a command that the turn waits for goes on in the background"
  },
  {
    names: ["close"],
    ours: "`session.close`, and what the Scope does",
    test: "rule 9: while Bash runs, nothing is left"
  }
] as const satisfies ReadonlyArray<Named>

export const sessions = [
  {
    names: ["listSessions"],
    ours: "`ClaudeHistory.sessions(query)`; for any agent `adapter.sessions(query)`",
    test: "conversations are listed as the official SDK lists them, by page too"
  },
  {
    names: ["getSessionInfo"],
    ours: "`ClaudeHistory.info(id)`",
    test: "a title, a tag and an archive mark are what the official SDK sees too"
  },
  {
    names: ["getSessionMessages"],
    ours: "`ClaudeHistory.messages(id)`; of a session `session.transcript()`",
    test: "a conversation reads as the official SDK reads it"
  },
  {
    names: ["listSubagents"],
    ours: "`ClaudeHistory.subagents(id)`, with what started each",
    test: "a subagent is listed with what started it, and read apart"
  },
  {
    names: ["getSubagentMessages"],
    ours: "`ClaudeHistory.subagentMessages(id, agentId)`",
    test: "a subagent is listed with what started it, and read apart"
  },
  {
    names: ["renameSession", "tagSession"],
    ours: "`ClaudeHistory.rename`, `ClaudeHistory.tag`",
    test: "a title, a tag and an archive mark are what the official SDK sees too"
  },
  {
    names: ["archiveSession", "unarchiveSession"],
    ours: "`ClaudeHistory.archive`, `ClaudeHistory.unarchive`",
    test: "a title, a tag and an archive mark are what the official SDK sees too"
  },
  {
    names: ["forkSession"],
    ours: "`ClaudeHistory.fork(id, { upTo })`, without a process; `start: { resume, fork: true }` with one",
    test: "a copy reads as its original, can be resumed, and leaves it alone"
  },
  {
    names: ["deleteSession"],
    ours: "`ClaudeHistory.remove`",
    test: "a conversation that is removed is gone for the official SDK too"
  },
  {
    names: ["importSessionToStore", "foldSessionSummary", "InMemorySessionStore"],
    ours: "come with SessionStore; until then `sessionMirror: true` gives every record among `session.messages`, and `ClaudeHistory.rawRecords(id)` those of a file",
    test: "the transcript is repeated among the messages"
  }
] as const satisfies ReadonlyArray<Named>

export const entries = [
  {
    names: ["query"],
    ours: "`StreamSession.stream({ prompt })` for one prompt, `Session.make(options)` for a conversation, `ClaudeSession.make` with all options of Claude Code",
    test: "it starts, answers, and leaves nothing"
  },
  {
    names: ["startup"],
    ours: "`Session.make` in a Scope: it returns when the agent is there and answers; the prompt comes later, or never",
    test: "rule 9: before it was ever used, nothing is left"
  },
  {
    names: ["prewarm"],
    ours: "none: a process belongs to its conversation and its folder from the start. A registry or a `LayerMap` keeps sessions that are open",
    test: "of many at once one starts the session, and all get it"
  },
  {
    names: ["tool"],
    ours: "`Tool.make` of `effect/ai`: parameters and result by a Schema",
    test: "the model is shown the tool with its schema, and gets its structured result"
  },
  {
    names: ["createSdkMcpServer"],
    ours: "`tools: toolkit`, or `tools: { name: toolkit }` for several servers",
    test: "two servers may have a tool of the same name"
  },
  {
    names: ["resolveSettings"],
    ours: "`session.settings.read`: what the CLI made of all files, and of which",
    test: "context, usage and settings are told"
  },
  {
    names: ["filterEscalatingDefaultMode"],
    ours: 'none needed: the permission mode is always said, `permissionMode` or "default"',
    test: "the permission mode is the default one, whatever the CLI would begin with"
  },
  {
    names: ["matchDeniedModels"],
    ours: "none: whether a model may be used is the CLI's to say; one that is refused is `ModelNotFound`",
    test: "404 is ModelNotFound"
  },
  {
    names: ["AbortError"],
    ours: "interruption of a fiber; a turn that was stopped is `Interrupted`",
    test: "rule 4: ask fails with Interrupted and says what was said until then"
  },
  {
    names: ["HOOK_EVENTS"],
    ours: "`ClaudeHook.hookEvents`",
    test: "each hook goes into the handshake, with its matcher and with time to spare"
  },
  {
    names: ["EXIT_REASONS"],
    ours: "the `reason` of a SessionEnd hook, typed",
    test: "rule 15: an input is passed on whole; one that drifted is refused and not passed on"
  },
  {
    names: ["BUILTIN_TOOL_NAMES", "LEGACY_TOOL_NAME_ALIASES"],
    ours: "none: the tools of a session are in `SessionUpdated`; names and rules go to the CLI as they are",
    test: "the model is offered the built-in tools that are named, or none"
  },
  {
    names: ["SYSTEM_PROMPT_DYNAMIC_BOUNDARY"],
    ours: "none: `systemPrompt` is one text. `excludeDynamicSections` moves what differs out of the CLI's own",
    test: "what differs by directory is not in the system prompt"
  },
  {
    names: [
      "ORG_POLICY_LIMIT_PREFIXES",
      "USAGE_LIMIT_ERROR_PREFIXES",
      "USAGE_TRANSITION_PREFIXES",
      "USAGE_WARNING_PREFIXES"
    ],
    ours: "none needed: failures have a typed reason (`RateLimited`, `BillingError`, …), warnings are `RateLimited` and `Notice` events",
    test: "429 is RateLimited"
  }
] as const satisfies ReadonlyArray<Named>

export const messages = [
  {
    names: ["assistant"],
    ours: "`TextCompleted`, `ReasoningCompleted`, `ToolStarted`, `PlanUpdated`",
    test: "rule 2: a tool runs in the middle of a turn, which goes on to its result"
  },
  {
    names: ["user"],
    ours: "`ToolEnded`",
    test: "toolCalls pairs starts with ends; an end without a start is left out"
  },
  {
    names: ["stream_event"],
    ours: "`TextDelta`, `ReasoningDelta`, `ToolInputDelta`, `UsageUpdated`",
    test: "an answer comes piece by piece, and the pieces are the answer"
  },
  {
    names: [
      "result/success",
      "result/error_during_execution",
      "result/error_max_turns",
      "result/error_max_budget_usd",
      "result/error_max_structured_output_retries"
    ],
    ours: "`TurnEnded` with a `TurnResult`; what is no success is also the error of `ask` and `stream`, with the result in it",
    test: "a turn that reaches maxTurns says so, and the session goes on"
  },
  {
    names: ["system/init", "system/status", "conversation_reset"],
    ours: "`SessionStarted`, `SessionUpdated`",
    test: "a cleared session goes on with a new id and knows nothing"
  },
  {
    names: [
      "system/task_started",
      "system/task_progress",
      "system/task_updated",
      "system/task_notification",
      "system/background_tasks_changed"
    ],
    ours: "`TaskStarted`, `TaskProgress`, `TaskEnded`; `session.quiescent` waits for all of it",
    test: "quiescent waits for work in the background and for the turn that follows it"
  },
  {
    names: ["tool_progress"],
    ours: "`ToolProgress`",
    test: "what is told by the way is an event of its kind, with its frame"
  },
  {
    names: ["rate_limit_event"],
    ours: "`RateLimited`, with `resetsAt`",
    test: "what is told by the way is an event of its kind, with its frame"
  },
  {
    names: ["system/api_retry"],
    ours: "`Retrying`",
    test: "a failure that the CLI gets over is told, and the turn completes"
  },
  {
    names: ["system/compact_boundary"],
    ours: "`Compacted`",
    test: "a compaction is told, with what it made of the context"
  },
  {
    names: [
      "system/informational",
      "system/notification",
      "system/permission_denied",
      "system/model_refusal_fallback",
      "system/model_refusal_no_fallback",
      "system/session_writes_lost"
    ],
    ours: "`Notice`",
    test: "what is told by the way is an event of its kind, with its frame"
  },
  {
    names: [
      "auth_status",
      "prompt_suggestion",
      "tool_use_summary",
      "system/commands_changed",
      "system/control_request_progress",
      "system/elicitation_complete",
      "system/files_persisted",
      "system/hook_progress",
      "system/hook_response",
      "system/hook_started",
      "system/local_command_output",
      "system/memory_recall",
      "system/mirror_error",
      "system/plugin_install",
      "system/session_state_changed",
      "system/thinking_tokens",
      "system/worker_shutting_down"
    ],
    ours: "typed in `session.messages`",
    test: "every kind of message has a frame to show it"
  }
] as const satisfies ReadonlyArray<Named>

export const sdk: Page = {
  file: "docs/coming-from-the-sdk.md",
  title: "Coming from the official SDK",
  intro:
    "For people who know `@anthropic-ai/claude-agent-sdk`: what each member of its `Query`, each of its functions and each of its messages is here, and the test that shows it. An async iterator is here a Stream, a promise an Effect, an `AbortController` the interruption of a fiber, `await using` a Scope. What is written `session.…` and is not a member of every session is one of `ClaudeSession`. The compiler holds this page against the SDK's own types.",
  sections: [
    { title: "The members of `Query`", rows: rowsOf(query, (name) => `query.${name}`) },
    {
      title: "Functions about sessions",
      intro: "They read and write the same files as the SDK's. See [History](history.md).",
      rows: rowsOf(sessions)
    },
    { title: "Other exports", rows: rowsOf(entries) },
    {
      title: "Options",
      intro:
        "Every option of the SDK, and where it goes, is in [Options of Claude Code](claude-options.md#coming-from-the-official-sdk). By group:",
      rows: [
        [
          "`model`, `effort`, `thinking`, `fallbackModel`, `betas`, `taskBudget`",
          "the same names",
          "effort is in the request"
        ],
        ["`systemPrompt`", "a text, or `{ append }`", "a system prompt may be added to the CLI's own"],
        [
          "`resume`, `continue`, `forkSession`, `sessionId`, `resumeSessionAt`",
          "`start`: one of them, which exclude each other in the type",
          "a conversation is gone on with from any of its messages"
        ],
        [
          "`canUseTool`",
          "`permissions`: a function to an Effect, or policies put together; it may use services",
          "a call runs with the input that the handler put in its place"
        ],
        [
          "`canUseTool` of AskUserQuestion and ExitPlanMode, `onElicitation`, `onUserDialog`",
          "`input`, see [Questions](questions.md)",
          "rule 18: the answers to AskUserQuestion reach the model; several labels for one that takes several"
        ],
        [
          "`hooks`",
          "`hooks: [ClaudeHook.on(event, { matcher }, handler)]`, see [Hooks](hooks.md)",
          "a hook rewrites a command, and the rules decide about the new one"
        ],
        [
          "`mcpServers`",
          "`mcpServers` for those of others, `tools` for yours",
          "rule 11: it starts a server with its variables, and the model uses its tools"
        ],
        [
          "`agents`, `agent`, `skills`, `plugins`",
          "the same names",
          "agents of ours are listed; one of them leads, with its prompt and its tools"
        ],
        [
          "`outputFormat`",
          "`outputSchema`: any Schema, and a typed `output`",
          "an answer has the form that was asked for"
        ],
        [
          "`settingSources`, `settings`, `managedSettings`, `sandbox`",
          "the same names",
          "the sandbox is among the settings that the CLI took"
        ],
        [
          "`maxTurns`, `maxBudgetUsd`",
          "the same names; for several sessions together a `Budget`, see [Money](money.md)",
          "a session that has spent maxBudgetUsd says so, each time"
        ],
        [
          "`env`",
          "`env: { base, set }`, without what would make it a nested agent",
          "the CLI gets its own environment, and nothing of ours"
        ],
        [
          "`abortController`",
          "interruption of the fiber, or closing the Scope",
          "a reader that is interrupted while Bash runs leaves nothing"
        ],
        [
          "`pathToClaudeCodeExecutable`, `executable`, `spawnClaudeCodeProcess`",
          "`ClaudeAdapter.layer({ executable })`; a `ChildProcessSpawner` of yours as a Layer",
          "by its path, by the variable, and the option before the variable"
        ]
      ]
    },
    {
      title: "Messages",
      intro:
        "All of them are in `session.messages`, typed and as they came. What they become as [events](events.md), which are the same for every agent:",
      rows: rowsOf(messages)
    }
  ]
}
