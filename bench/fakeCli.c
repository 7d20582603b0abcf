/*
 * The fake `claude` of the benchmarks: speaks stream-json like the real CLI, as fast as the pipe takes it.
 *
 * Every user line starts a turn: system/init, FAKE_NBIG tool calls whose results are lines of FAKE_BIG bytes, then one
 * message of FAKE_N text deltas. Each content block holds up to 4,096 deltas, and the text of its `assistant` frame is
 * the concatenation of them. `usage.output_tokens` of the result is the number of deltas that were sent, so that a
 * reader can prove that it missed none. An `interrupt` request or the end of stdin stops an endless turn (FAKE_N=-1).
 *
 *   FAKE_N      deltas per turn; -1 = until interrupted             (1000)
 *   FAKE_DELTA  characters per delta, give or take 4                (24: a line of about 260 bytes)
 *   FAKE_BIG    bytes of one tool_result line                       (0)
 *   FAKE_NBIG   tool_result lines per turn                          (0)
 *   FAKE_TEXT   "mixed": escapes and two-byte UTF-8, or "ascii"     (mixed)
 *   FAKE_RATE   deltas per second, each its own write, its text stamped "@<CLOCK_MONOTONIC ns> "; 0 = as fast as it goes
 *
 * The session id is that of --session-id=<id>. bench/fakeCli.ts is the same program in TypeScript; `npm run bench`
 * compares the bytes of both.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "fakeCliJson.h"

#define BLOCK_LINES 4096
#define LINES_PER_WRITE 256
#define QUEUE 64
#define TOOL_RESULT_ENVELOPE 242

typedef struct {
  char *data;
  size_t length, capacity;
} Buffer;

static char *room(Buffer *buffer, size_t more) {
  if (buffer->length + more > buffer->capacity) {
    buffer->capacity = (buffer->length + more) * 2;
    buffer->data = realloc(buffer->data, buffer->capacity);
    if (buffer->data == NULL) exit(70);
  }
  return buffer->data + buffer->length;
}

static void append(Buffer *buffer, const char *data, size_t length) {
  memcpy(room(buffer, length), data, length);
  buffer->length += length;
}

__attribute__((format(printf, 2, 3))) static void print(Buffer *buffer, const char *format, ...) {
  va_list arguments;
  char *start = room(buffer, 4096);
  va_start(arguments, format);
  buffer->length += (size_t)vsnprintf(start, 4096, format, arguments);
  va_end(arguments);
}

/* ---- text ---- */

static int ascii;

static void append_character(Buffer *text, uint32_t *state) {
  *state = *state * 1664525u + 1013904223u;
  uint32_t pick = *state >> 24;
  if (pick < 6) append(text, "\\n", 2);
  else if (pick < 46) append(text, " ", 1);
  else if (!ascii && pick < 54) append(text, "\xc3\xa9", 2);
  else if (!ascii && pick < 60) append(text, "\\u20ac", 6);
  else if (!ascii && pick < 66) append(text, "\\\"", 2);
  else {
    char letter = (char)('a' + pick % 26);
    append(text, &letter, 1);
  }
}

/* ---- output ---- */

static char session_id[64] = "b0000000-0000-4000-8000-000000000000";
static uint64_t frames;
static Buffer out;

static void write_all(const char *data, size_t length) {
  while (length > 0) {
    ssize_t written = write(STDOUT_FILENO, data, length);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) exit(0);
    data += written;
    length -= (size_t)written;
  }
}

static void flush(void) {
  write_all(out.data, out.length);
  out.length = 0;
}

/* The members that every frame carries, and the end of the frame. */
static void end_frame(void) {
  print(&out, ",\"session_id\":\"%s\",\"uuid\":\"00000000-0000-4000-8000-%012llx\"}\n", session_id,
        (unsigned long long)frames++);
}

/* ---- input ---- */

static Buffer in;
static int in_ended, turn_running, interrupted;
static char queue[QUEUE][64];
static int queued;

static void answer(const char *id, const char *payload) {
  print(&out, "{\"type\":\"control_response\",\"response\":{\"subtype\":\"success\",\"request_id\":\"%s\"%s}}\n",
        id, payload);
  flush();
}

static void handle_line(const char *line) {
  char type[32], subtype[64], id[128], payload[512] = "";
  copy_string(member(line, "type"), type, sizeof type);
  if (strcmp(type, "user") == 0 && queued < QUEUE) {
    copy_string(member(line, "uuid"), queue[queued++], sizeof queue[0]);
  } else if (strcmp(type, "control_request") == 0) {
    copy_string(member(line, "request_id"), id, sizeof id);
    copy_string(member(member(line, "request"), "subtype"), subtype, sizeof subtype);
    if (strcmp(subtype, "interrupt") == 0) interrupted = turn_running;
    if (strcmp(subtype, "initialize") == 0)
      snprintf(payload, sizeof payload,
               ",\"response\":{\"commands\":[],\"agents\":[],\"output_style\":\"default\","
               "\"available_output_styles\":[\"default\"],\"models\":[],\"account\":{},\"pid\":%ld,"
               "\"claude_code_version\":\"2.1.329\",\"capabilities\":[]}",
               (long)getpid());
    answer(id, payload);
  }
}

/* Waits up to this many milliseconds (-1: for ever) for input, and handles every line that is complete. */
static void read_input(int timeout) {
  struct pollfd source = {STDIN_FILENO, POLLIN, 0};
  if (in_ended || poll(&source, 1, timeout) <= 0) return;
  ssize_t count = read(STDIN_FILENO, room(&in, 65537), 65536);
  in_ended = count <= 0;
  if (in_ended) return;
  in.length += (size_t)count;
  size_t start = 0;
  char *newline;
  while ((newline = memchr(in.data + start, '\n', in.length - start)) != NULL) {
    *newline = '\0';
    handle_line(in.data + start);
    start = (size_t)(newline - in.data) + 1;
  }
  memmove(in.data, in.data + start, in.length - start);
  in.length -= start;
}

/* ---- deltas ---- */

static long delta_count, delta_characters, big_bytes, big_count;
static double rate;

/* One block, rendered once: what follows the block number in each line, and the text of all lines in a row. */
static Buffer tails, texts, block;
static size_t tail_at[BLOCK_LINES + 1], text_at[BLOCK_LINES + 1], line_at[BLOCK_LINES + 1];

#define DELTA_HEAD "{\"type\":\"stream_event\",\"event\":{\"type\":\"content_block_delta\",\"index\":"
#define DELTA_TEXT ",\"delta\":{\"type\":\"text_delta\",\"text\":\""
#define DELTA_TAIL "\"}},\"session_id\":\"%s\",\"parent_tool_use_id\":null,\"uuid\":\"%08lx-0000-4000-9000-%012lx\"}\n"
#define UUID_FROM_END (36 + 3)

static void render_tails(void) {
  for (long line = 0; line < BLOCK_LINES; line++) {
    uint32_t state = (uint32_t)(line + 1) * 2654435761u;
    long characters = delta_characters - 4 + line % 9;
    do append_character(&texts, &state);
    while (--characters > 0);
    text_at[line + 1] = texts.length;
    append(&tails, DELTA_TEXT, strlen(DELTA_TEXT));
    append(&tails, texts.data + text_at[line], texts.length - text_at[line]);
    print(&tails, DELTA_TAIL, session_id, 0L, line);
    tail_at[line + 1] = tails.length;
  }
}

/* All lines of a block: its number goes into `index` and into the first eight digits of the uuid. */
static void render_block(long index) {
  char head[128], digits[24];
  int head_length = snprintf(head, sizeof head, "%s%ld", DELTA_HEAD, index);
  snprintf(digits, sizeof digits, "%08lx", index);
  block.length = 0;
  for (long line = 0; line < BLOCK_LINES; line++) {
    append(&block, head, (size_t)head_length);
    append(&block, tails.data + tail_at[line], tail_at[line + 1] - tail_at[line]);
    memcpy(block.data + block.length - UUID_FROM_END, digits, 8);
    line_at[line + 1] = block.length;
  }
}

static long long now_ns(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (long long)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Sends one stamped line when it is due, and returns whether it was. */
static int send_paced(long index, long line, long long due, Buffer *sent_text) {
  long long early = due - now_ns();
  read_input(early > 0 ? (int)((early + 999999) / 1000000) : 0);
  if (interrupted || now_ns() < due) return 0;
  size_t start = sent_text->length;
  print(sent_text, "@%lld ", now_ns());
  append(sent_text, texts.data + text_at[line], text_at[line + 1] - text_at[line]);
  print(&out, "%s%ld%s", DELTA_HEAD, index, DELTA_TEXT);
  append(&out, sent_text->data + start, sent_text->length - start);
  print(&out, DELTA_TAIL, session_id, index, line);
  flush();
  return 1;
}

/* ---- turns ---- */

static void assistant(const char *message_id, const char *block_type) {
  print(&out,
        "{\"type\":\"assistant\",\"message\":{\"id\":\"%s\",\"type\":\"message\",\"role\":\"assistant\","
        "\"model\":\"claude-bench\",\"content\":[{\"type\":\"%s\",",
        message_id, block_type);
}

static void end_assistant(int aborted) {
  print(&out,
        "}],\"stop_reason\":null,\"stop_sequence\":null,\"usage\":{\"input_tokens\":10,\"output_tokens\":1}},"
        "\"parent_tool_use_id\":null%s",
        aborted ? ",\"aborted\":true" : "");
  end_frame();
}

static void stream_event(const char *event) {
  print(&out, "{\"type\":\"stream_event\",\"event\":%s,\"parent_tool_use_id\":null", event);
  end_frame();
}

static void send_tool_calls(long turn) {
  Buffer body = {0};
  uint32_t state = 1;
  while ((long)body.length < big_bytes - TOOL_RESULT_ENVELOPE) append_character(&body, &state);
  for (long call = 0; call < big_count; call++) {
    char message_id[64];
    snprintf(message_id, sizeof message_id, "msg_%ld_%ld", turn, call);
    assistant(message_id, "tool_use");
    print(&out, "\"id\":\"toolu_%ld_%ld\",\"name\":\"Read\",\"input\":{\"file_path\":\"/bench/%ld\"}", turn, call, call);
    end_assistant(0);
    flush();
    print(&out,
          "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{\"tool_use_id\":\"toolu_%ld_%ld\","
          "\"type\":\"tool_result\",\"is_error\":false,\"content\":\"",
          turn, call);
    append(&out, body.data, body.length);
    print(&out, "\"}]},\"parent_tool_use_id\":null");
    end_frame();
    flush();
    read_input(0);
  }
  free(body.data);
}

/* Sends the deltas of one block, at most `wanted`, and returns how many it sent. */
static long send_block(long index, long wanted, Buffer *text) {
  long line = 0;
  long long start = now_ns();
  text->length = 0;
  if (rate == 0) render_block(index);
  while (line < wanted && !interrupted) {
    if (rate > 0) {
      line += send_paced(index, line, start + (long long)((double)line * 1e9 / rate), text);
    } else {
      long next = line + LINES_PER_WRITE < wanted ? line + LINES_PER_WRITE : wanted;
      write_all(block.data + line_at[line], line_at[next] - line_at[line]);
      line = next;
      read_input(0);
    }
    if (in_ended && delta_count < 0) interrupted = 1;
  }
  if (rate == 0) append(text, texts.data, text_at[line]);
  return line;
}

static long total_sent;
static void run_turn(long turn, const char *user_uuid) {
  char event[512], message_id[64], prompts[128] = "";
  Buffer text = {0};
  long sent = 0, index = 0;
  turn_running = 1;
  interrupted = 0;
  if (user_uuid[0] != '\0') snprintf(prompts, sizeof prompts, ",\"user_message_uuids\":[\"%s\"]", user_uuid);

  print(&out,
        "{\"type\":\"system\",\"subtype\":\"init\",\"cwd\":\"/bench\",\"tools\":[\"Bash\",\"Read\"],\"mcp_servers\":[],"
        "\"model\":\"claude-bench\",\"permissionMode\":\"default\",\"slash_commands\":[],\"apiKeySource\":\"none\","
        "\"claude_code_version\":\"2.1.329\",\"output_style\":\"default\",\"agents\":[],\"skills\":[],\"plugins\":[],"
        "\"capabilities\":[],\"analytics_disabled\":true,\"product_feedback_disabled\":true,"
        "\"memory_paths\":{\"auto\":\"/bench/memory\"},\"fast_mode_state\":\"off\"%s",
        prompts);
  end_frame();
  send_tool_calls(turn);

  snprintf(message_id, sizeof message_id, "msg_%ld", turn);
  snprintf(event, sizeof event,
           "{\"type\":\"message_start\",\"message\":{\"id\":\"%s\",\"type\":\"message\",\"role\":\"assistant\","
           "\"model\":\"claude-bench\",\"content\":[],\"stop_reason\":null,\"stop_sequence\":null,"
           "\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}}",
           message_id);
  stream_event(event);
  while (!interrupted && (delta_count < 0 || sent < delta_count)) {
    long left = delta_count < 0 || delta_count - sent > BLOCK_LINES ? BLOCK_LINES : delta_count - sent;
    snprintf(event, sizeof event,
             "{\"type\":\"content_block_start\",\"index\":%ld,\"content_block\":{\"type\":\"text\",\"text\":\"\"}}", index);
    stream_event(event);
    flush();
    sent += send_block(index, left, &text);
    assistant(message_id, "text");
    print(&out, "\"text\":\"");
    append(&out, text.data, text.length);
    print(&out, "\"");
    end_assistant(interrupted);
    snprintf(event, sizeof event, "{\"type\":\"content_block_stop\",\"index\":%ld}", index++);
    stream_event(event);
  }

  if (interrupted) {
    print(&out, "{\"type\":\"user\",\"message\":{\"role\":\"user\",\"content\":[{\"type\":\"text\","
                "\"text\":\"[Request interrupted by user]\"}]},\"parent_tool_use_id\":null");
    end_frame();
  } else {
    snprintf(event, sizeof event,
             "{\"type\":\"message_delta\",\"delta\":{\"stop_reason\":\"end_turn\",\"stop_sequence\":null},"
             "\"usage\":{\"output_tokens\":%ld}}",
             sent);
    stream_event(event);
    stream_event("{\"type\":\"message_stop\"}");
  }
  print(&out, "{\"type\":\"result\",\"subtype\":\"%s\",\"is_error\":%s,\"duration_ms\":1,\"duration_api_ms\":1,"
              "\"num_turns\":1,\"stop_reason\":%s,\"total_cost_usd\":0,"
              "\"usage\":{\"input_tokens\":10,\"cache_creation_input_tokens\":0,\"cache_read_input_tokens\":0,"
              "\"output_tokens\":%ld},\"modelUsage\":{\"claude-bench\":{\"inputTokens\":%ld,\"outputTokens\":%ld,"
              "\"cacheReadInputTokens\":0,\"cacheCreationInputTokens\":0,\"webSearchRequests\":0,\"costUSD\":0,"
              "\"contextWindow\":200000,\"maxOutputTokens\":64000}},\"permission_denials\":[],"
              "\"terminal_reason\":\"%s\",",
        interrupted ? "error_during_execution" : "success", interrupted ? "true" : "false",
        interrupted ? "null" : "\"end_turn\"", sent, 10 * (turn + 1), total_sent += sent, interrupted ? "aborted_streaming" : "completed");
  if (interrupted) print(&out, "\"errors\":[\"interrupted\"]");
  else {
    print(&out, "\"result\":\"");
    append(&out, text.data, text.length);
    print(&out, "\"");
  }
  if (user_uuid[0] != '\0') print(&out, ",\"user_message_uuid\":\"%s\"%s", user_uuid, prompts);
  print(&out, ",\"result_index\":%ld", turn);
  end_frame();
  flush();
  turn_running = 0;
  free(text.data);
}

static long knob(const char *name, long otherwise) {
  const char *value = getenv(name);
  return value == NULL || *value == '\0' ? otherwise : atol(value);
}

int main(int count, char **arguments) {
  for (int at = 1; at < count; at++) {
    if (strcmp(arguments[at], "--version") == 0) {
      puts("2.1.329 (Claude Code)");
      return 0;
    }
    if (strncmp(arguments[at], "--session-id=", 13) == 0)
      snprintf(session_id, sizeof session_id, "%s", arguments[at] + 13);
  }
  signal(SIGPIPE, SIG_IGN);
  delta_count = knob("FAKE_N", 1000);
  delta_characters = knob("FAKE_DELTA", 24);
  big_bytes = knob("FAKE_BIG", 0);
  big_count = knob("FAKE_NBIG", 0);
  rate = (double)knob("FAKE_RATE", 0);
  ascii = getenv("FAKE_TEXT") != NULL && strcmp(getenv("FAKE_TEXT"), "ascii") == 0;
  render_tails();

  for (long turn = 0;;) {
    if (queued > 0) {
      char user_uuid[64];
      memcpy(user_uuid, queue[0], sizeof user_uuid);
      memmove(queue[0], queue[1], sizeof queue[0] * (size_t)--queued);
      run_turn(turn++, user_uuid);
    } else if (in_ended) return 0;
    else read_input(-1);
  }
}
