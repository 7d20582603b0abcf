/** The functions of the five Elixir libraries this one re-imagines. */
import type { Page } from "./Page.ts"

export const elixir: Page = {
  file: "docs/coming-from-elixir.md",
  title: "Coming from Elixir",
  intro:
    "For people who know `claude_code`, `claude_code_sdk`, `claude_wrapper` or `agent_session_manager`: what each of their functions is here, and the test that shows it. A process that is linked is here a session in a Scope; a supervisor is a registry or a LayerMap; `{:error, reason}` is the error channel, with one class and a tagged reason.",
  sections: [
    {
      title: "ClaudeCodeSDK.Streaming.Session",
      rows: [
        [
          "`start_link(options)`",
          "`Session.make(options)` in a Scope, `Session.layer(options)`",
          "open returns after the reply, the id is known and SessionStarted is logged"
        ],
        [
          "`%Options{model:, max_turns:}`",
          "`model`, `maxTurns`, and the other options of a session",
          "a turn that reaches maxTurns says so, and the session goes on"
        ],
        [
          "`send_message(session, text)`",
          "`session.stream(prompt)`",
          "rule 3: a turn's stream is its events, TurnEnded last"
        ],
        [
          "several subscribers of a session",
          "`session.events`, `session.subscribe`",
          "rule 8: fifty subscribers get the same events, each its own"
        ],
        [
          "`get_session_id(session)`",
          "`session.id`: known from the start",
          "the id is known before the first turn, and stays"
        ],
        [
          "`close(session)`",
          "`session.close`, and what the Scope does",
          "rule 3: close may be called any number of times, at once and again"
        ],
        [
          "`child_spec(options)`",
          "`Session.layer(options)`",
          "rule 9: a fiber that is interrupted while it opens a session leaves nothing"
        ]
      ]
    },
    {
      title: "Events of its EventParser",
      intro:
        "An event of ours says what happened, not how the model's stream was cut; the frames as they come are in `messages`.",
      rows: [
        [
          "`message_start`",
          "none: it says nothing. The frame is in `ClaudeSession.messages`",
          "messages are the frames as they came, replies included, none lost"
        ],
        [
          "`text_block_start`",
          "the first `TextDelta` with a new `itemId`",
          "accumulated gives the running text of each item"
        ],
        [
          "`tool_use_start`",
          "`ToolStarted`, with its whole input",
          "rule 2: what comes after a tool belongs to the same turn"
        ],
        [
          "`thinking_start`",
          "the first `ReasoningDelta` with a new `itemId`",
          "rule 17: thinking is told apart from text"
        ],
        [
          "`unknown_block_start`",
          "none; the frame is in `messages`, unknown frames are `Unknown`",
          "messages are the frames as they came, replies included, none lost"
        ],
        [
          "`text_delta`",
          "`TextDelta`; `AgentEvent.textDeltas`; running text: `AgentEvent.accumulated`",
          "rule 17: textDeltas keeps every space and looks at the main thread"
        ],
        [
          "`tool_input_delta`",
          "`ToolInputDelta`",
          "toolCalls pairs starts with ends; an end without a start is left out"
        ],
        ["`thinking_delta`", "`ReasoningDelta`", "thinking is told apart from the answer"],
        [
          "`content_block_stop`",
          "`TextCompleted`, `ReasoningCompleted`",
          "text, reasoning and completed collect what was said"
        ],
        ["`message_delta`", "`stopReason` of the `TurnResult`", "every result comes back from JSON as it was"],
        [
          "`message_stop`",
          "`TurnEnded`, which comes with the result of the turn and never before",
          "rule 2: a tool runs in the middle of a turn, which goes on to its result"
        ],
        [
          "`error`",
          'the error of the stream, or `ErrorOccurred` with `errors: "event"`',
          "with errors: event, each of the four causes is one last event and a normal end"
        ]
      ]
    },
    {
      title: "ClaudeCode, its sessions guide",
      rows: [
        [
          "`ClaudeCode.start_link(opts)`",
          "`Session.make(options)`, `ClaudeSession.make(options)`",
          "a conversation is one process, and remembers"
        ],
        [
          "status `:initializing`, then `:ready`",
          "`Session.make` returns when the agent is ready; `session.status`, `session.statusChanges`",
          "rule 3: statusChanges tells every change, in order, and ends"
        ],
        [
          "`ClaudeCode.stop(session)`",
          "`session.close`, and what the Scope does",
          "rule 9: when it is idle, nothing is left"
        ],
        [
          "`ClaudeCode.stream(session, prompt)`",
          "`session.stream(prompt)`",
          "an answer comes piece by piece, and the pieces are the answer"
        ],
        [
          "`ClaudeCode.Stream.final_text()`",
          "`session.ask(prompt)`, `.text`; `AgentEvent.text`",
          "text, reasoning and completed collect what was said"
        ],
        [
          "`ClaudeCode.Stream.text_content()`",
          "`AgentEvent.textDeltas`",
          "rule 17: textDeltas keeps every space and looks at the main thread"
        ],
        ["`ClaudeCode.get_session_id(session)`", "`session.id`", "the id is known before the first turn, and stays"],
        ["`resume: id`", "`start: { resume: id }`", "a resumed conversation goes on under its id, in its file"],
        ["`continue: true`", "`start: { continue: true }`", "the last conversation of the folder is continued"],
        [
          "`fork_session: true`",
          "`start: { resume: id, fork: true }`",
          "a fork knows what its parent knew, and leaves it as it is"
        ],
        ["`session_id: id`", "`start: { sessionId: id }`", "a new conversation may have an id of ours, once"],
        [
          "`no_session_persistence: true`",
          "`persist: false`",
          "a conversation that is not kept leaves no file, and cannot be resumed"
        ],
        [
          "`model`, `system_prompt`",
          "`model`, `systemPrompt`",
          "a system prompt takes the place of the CLI's own, whatever is in it"
        ],
        [
          "`timeout`",
          "`timeouts`: seven of them, each with its error",
          "rule 7: a turn that talks on and on is TurnTimeout"
        ],
        [
          "`name: :assistant`",
          '`registry.start("assistant", options)`',
          "opens a session under a name, and get gives it back"
        ],
        ["`ClaudeCode.clear(session)`", "`session.clear`", "a cleared session goes on with a new id and knows nothing"],
        [
          "`ClaudeCode.conversation(id)`",
          "`ClaudeHistory.messages(id)`, `adapter.transcript(id)`",
          "a conversation reads as the official SDK reads it"
        ],
        [
          "`ClaudeCode.conversation(session)`",
          "`session.transcript()`",
          "a session and its adapter tell the same, in the form of every agent"
        ],
        [
          "`ClaudeCode.Supervisor`",
          "`SessionRegistry.layer()`; supervision by a Schedule comes later",
          "leaves the list with its reason, and its name is free at once"
        ],
        [
          "`{ClaudeCode.Supervisor, [[name: …], …]}` in a supervision tree",
          "`SessionRegistry.layer({ sessions: { … } })`, or a `Session.Service` class for each",
          "opens its sessions, all at once, before it is there"
        ],
        [
          "`Supervisor.start_session(sup, opts)`",
          "`registry.start(name, options)`",
          "opens a session under a name, and get gives it back"
        ],
        [
          "`Supervisor.terminate_session(sup, name)`",
          "`registry.stop(name)`",
          "closes the session, and the name is free"
        ],
        ["`Supervisor.list_sessions(sup)`", "`registry.list`", "waits for nothing: not for a start, a turn or a close"],
        ["`ClaudeCode.set_model`", "`session.setModel`", "the model is changed between turns"],
        [
          "`ClaudeCode.set_permission_mode`",
          "`session.setPermissionMode`",
          "the permission mode is changed, and counts"
        ],
        [
          "`ClaudeCode.get_mcp_status`",
          "`session.mcp.status`",
          "an MCP server is taken away and brought back, and its tools with it"
        ],
        [
          "`ClaudeCode.rewind_files`",
          "`session.rewindFiles`",
          "files are rewound to where a prompt found them, after a look at what that would change"
        ],
        [
          "`enable_file_checkpointing: true`",
          "`enableFileCheckpointing: true`",
          "files are rewound to where a prompt found them"
        ],
        ["`ClaudeCode.get_server_info`", "`session.serverInfo`", "the handshake tells what is there"]
      ]
    },
    {
      title: "ClaudeCode.Session",
      rows: [
        [
          "`start_link`, `stop`",
          "`ClaudeSession.make`, `session.close`",
          "rule 3: a session starts once and ends once, and so does each of its turns"
        ],
        [
          "`api_key`",
          "`ClaudeAdapter.layer({ apiKey })`, `ClaudeAdapter.layerConfig()`",
          "reads the variables that Claude Code knows, and those of this library"
        ],
        [
          "`stream(session, prompt, opts)`",
          "`session.stream(prompt, options)`",
          "rule 3: a turn's stream is its events, TurnEnded last"
        ],
        ["`account_info`", "`session.accountInfo`", "account, models, commands and agents are told"],
        [
          "`alive?`",
          "`session.status`, `session.health`",
          "rule 3: statusChanges tells every change, in order, and ends"
        ],
        ["`clear`", "`session.clear`", "a cleared session goes on with a new id and knows nothing"],
        [
          "`execute(session, module, function, args)`",
          "`session.execute(effect)`",
          "execute runs where the agent runs"
        ],
        [
          "`get_messages(session, opts)`",
          "`session.transcript(options)`",
          "a session and its adapter tell the same, in the form of every agent"
        ],
        [
          "its `:project_path`, `:limit`, `:offset`, `:claude_dir`",
          "`cwd`, `limit`, `offset`, `configDir`",
          "limit and offset cut a page, and must be whole numbers"
        ],
        [
          "`health(session)`",
          "`session.health`",
          "rule 7: a request without an answer fails and health is Degraded; the second replaces the process"
        ],
        [
          "`interrupt(session)`",
          "`session.interrupt`, which waits for the end and says what came of it",
          "while Bash runs it ends the turn, and Bash"
        ],
        [
          "`list_sessions(session, opts)`",
          "`adapter.sessions(query)`, `ClaudeHistory.sessions`",
          "conversations are listed as the official SDK lists them, by page too"
        ],
        [
          "its `:project_path`, `:limit`, `:include_worktrees`, `:claude_dir`",
          "`cwd`, `limit`, `worktrees`, `configDir`",
          "the other worktrees of a repository are listed too, unless told not to be"
        ],
        ["`mcp_reconnect`", "`session.mcp.reconnect`", "an MCP server is connected anew, or it is told why not"],
        ["`mcp_status`", "`session.mcp.status`", "an MCP server is taken away and brought back, and its tools with it"],
        ["`mcp_toggle`", "`session.mcp.toggle`", "an MCP server is taken away and brought back, and its tools with it"],
        [
          "`rewind_files(session, id, dry_run: true)`",
          "`session.rewindFiles(id, { dryRun: true })`",
          "files are rewound to where a prompt found them, after a look at what that would change"
        ],
        ["`server_info`", "`session.serverInfo`", "the handshake tells what is there"],
        ["`session_id`", "`session.id`", "the id is known before the first turn, and stays"],
        [
          "`set_mcp_servers`",
          "`session.mcp.setServers`",
          "MCP servers are set, each failure is told, and what is not named again is removed"
        ],
        ["`set_model`", "`session.setModel`", "the model is changed between turns"],
        [
          "`set_permission_mode`",
          "`session.setPermissionMode`, verified",
          "the permission mode is changed, and counts"
        ],
        [
          "`stop_task`",
          "`session.stopTask`, which waits for the task's end",
          "a command in the background is stopped, and its end is awaited"
        ],
        ["`supported_agents`", "`session.supportedAgents`", "account, models, commands and agents are told"],
        ["`supported_commands`", "`session.supportedCommands`", "account, models, commands and agents are told"],
        ["`supported_models`", "`session.supportedModels`", "account, models, commands and agents are told"]
      ]
    },
    {
      title: "ClaudeWrapper.SessionServer",
      rows: [
        [
          "`start_link(config:, query_opts:, name:)`",
          "`registry.start(name, options)`",
          "opens a session under a name, and get gives it back"
        ],
        ["its `session_id:`", "`start: { resume: id }`", "a resumed conversation goes on under its id, in its file"],
        [
          "`child_spec`",
          "`Session.layer`, `SessionRegistry.layer({ sessions })`",
          "opens its sessions, all at once, before it is there"
        ],
        [
          "`send_message(server, text)`",
          "`session.ask(prompt)`",
          "rule 1: three turns at once are answered one after the other, each with its own"
        ],
        [
          "`get_session(server)`",
          "`session.summary`",
          "rule 3: a summary does not wait for a turn, a request or a reader"
        ],
        [
          "`put_session(server, session)`",
          "`registry.restart(name, { start: { resume: id } })`",
          "a restarted name goes on with its conversation, an adopted one with the other"
        ],
        [
          "`history(server)`",
          "`session.history`",
          "history keeps the last 1,000 turns, oldest first; the summary counts them all"
        ],
        [
          "`last_result(server)`",
          "`session.summary`, `.last`",
          "rule 3: status, summary, history and id answer while a turn runs"
        ],
        ["`session_id(server)`", "`session.id`", "the id is known before the first turn, and stays"],
        [
          "`total_cost(server)`",
          "`session.summary`, `.cost`",
          "rule 6: what turns cost adds up to what the session cost"
        ],
        [
          "`turn_count(server)`",
          "`session.summary`, `.turns`",
          "history keeps the last 1,000 turns, oldest first; the summary counts them all"
        ]
      ]
    },
    {
      title: "AgentSessionManager.StreamSession",
      rows: [
        [
          "`start(adapter:, input:)`: stream, close, meta",
          "`StreamSession.start({ prompt })`: events, result, close, meta",
          "rule 8: start is hot: its result comes though nobody reads, and the events are there afterwards"
        ],
        [
          "the same, only to read it",
          "`StreamSession.stream({ prompt })`, which closes by itself",
          "it starts, answers, and leaves nothing"
        ],
        [
          "`:adapter` as `{module, opts}`",
          "`Layer.provide(ClaudeAdapter.layer(config))`",
          "nothing is started before it is run, and each run is an agent of its own"
        ],
        [
          "`:adapter` as a pid that is borrowed",
          "an adapter of the context",
          "an adapter from the context is borrowed: it serves the next run"
        ],
        [
          "`:input` with messages",
          "`prompt`: text, parts or messages",
          "rule 21: a prompt of nothing is refused, and nothing is sent"
        ],
        ["`:store`", "comes with SessionStore", "rule 17: events can be written as JSON and read again"],
        [
          "`:agent_id`, `:run_opts`",
          "`metadata`, and the options of a session",
          "options that only this CLI has reach a one-shot by its opener"
        ],
        [
          "`:idle_timeout`",
          "`timeouts.idle`: 2 minutes here",
          "rule 7: the idle clock stands still while a handler thinks"
        ],
        [
          "`:shutdown_timeout`",
          "`timeouts.shutdown`",
          "leaving early, failing, dying and being interrupted all leave no process"
        ],
        [
          "`error_occurred` events: of the adapter, the task, an exception, the idle timeout",
          '`errors: "event"`',
          "with errors: event, each of the four causes is one last event and a normal end"
        ],
        [
          "`Rendering.stream(stream, renderer:, sinks:)`",
          "comes with Rendering; until then the helpers of `AgentEvent` and a sink of yours",
          "text, reasoning and completed collect what was said"
        ],
        [
          "`close_fun`, any number of times",
          "`close`",
          "close ends a start at once, any number of times, from anywhere; nothing is left"
        ],
        ["`StreamSession.Supervisor`", "a Scope; what it opens it closes", "what streamWith opens it closes"]
      ]
    }
  ]
}
