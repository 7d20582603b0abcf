/**
 * What the SDK's types name and ours do not, each on purpose. All of it comes through: an unknown frame as `Unknown`, an
 * unknown field in `raw` and in `messages`.
 */

/** Requests that make no sense from a program: how the session looks on a terminal, and who watches it there. */
export type UnmodelledRequest = "set_color" | "set_has_subscribers"

/** How long parts of a request took inside the CLI. */
type Timing =
  | "first_content_frame_ms"
  | "first_stream_post_ack_ms"
  | "first_stream_post_ms"
  | "first_stream_post_queue_wait_ms"
  | "first_stream_post_queued_behind"
  | "first_stream_post_wall_ms"
  | "first_text_post_ms"
  | "first_text_post_queue_wait_ms"
  | "first_text_post_queued_behind"
  | "first_text_post_wall_ms"
  | "request_sent_wall_ms"
  | "time_origin_ms"
  | "time_to_request_from_spawn_ms"
  | "time_to_request_ms"
  | "ttft_ms"
  | "ttft_stream_ms"
  | "warm_spare_claimed"

type Ended =
  | "success"
  | "error_during_execution"
  | "error_max_budget_usd"
  | "error_max_structured_output_retries"
  | "error_max_turns"

/** What only the terminal and the desktop app look at. */
type Interface =
  | "system/init.view_mode"
  | "system/init.terminal_slash_commands"
  | "system/init.fast_mode_disabled_reason"
  | `result/${Ended}.fast_mode_disabled_reason`
  | "user.client_composed"
  | "user.file_attachments"
  | "user.inline_pastes"
  | "user.pasted_content"
  | "user.priority"
  | "user.shouldQuery"

/** Never seen in a capture of the real CLI. */
type Unseen =
  | "assistant.resumed_from_incomplete_thinking"
  | "assistant.usage_report"
  | `result/${Ended}.credential_expires_at`
  | "stream_event.resume_reason"
  | "system/api_retry.no_response"
  | "system/init.betas"
  | "system/init.effort"
  | "system/init.plugin_errors"
  | "system/model_refusal_fallback.trigger"

export type UnmodelledField = `result/success.${Timing}` | Interface | Unseen
