import { assert, describe, it } from "@effect/vitest"
import type { Result, SystemInit } from "effect-agent-session/claude/ClaudeMessage"
import { Prompts } from "../../src/claude/internal/prompts.ts"

const init = (...ids: ReadonlyArray<string>): SystemInit => ({
  type: "system",
  subtype: "init",
  session_id: "s",
  ...(ids.length === 0 ? {} : { user_message_uuids: ids })
})

const result = (more: Partial<Result> = {}): Result => ({
  type: "result",
  subtype: "success",
  is_error: false,
  ...more
})

const foreign = result({ origin: { kind: "task-notification" } })

const life = (command_uuid: string, state: "queued" | "started" | "completed" | "cancelled") =>
  ({ type: "command_lifecycle", command_uuid, state }) as const

/** A prompt that was sent. */
const sent = (id: string): Prompts => {
  const prompts = new Prompts()
  prompts.sent(id)
  return prompts
}

describe("which prompt the CLI is at", () => {
  it("rule 2: a turn is ours when its beginning or its result names our prompt", () => {
    const prompts = sent("a")
    assert.isFalse(prompts.begins(init("b")))
    assert.isTrue(prompts.begins(init("a", "b")))
    assert.isFalse(prompts.ends(result({ user_message_uuids: ["b"] })))
    assert.isTrue(prompts.ends(result({ user_message_uuid: "a" })))
    assert.isFalse(prompts.ends(result({ user_message_uuids: ["a"] })))
  })

  it("rule 2: a beginning that names none is ours when our prompt was started before", () => {
    const prompts = sent("a")
    prompts.lives(life("a", "queued"))
    assert.isFalse(prompts.begins(init()))
    assert.isFalse(prompts.ends(foreign))
    prompts.lives(life("a", "started"))
    assert.isTrue(prompts.begins(init()))
    assert.isTrue(prompts.ends(result({ user_message_uuids: ["a"] })))
  })

  it("rule 2: of a CLI that tells nothing a beginning is ours, until the result says that it was not", () => {
    const prompts = sent("a")
    assert.isTrue(prompts.begins(init()))
    assert.isFalse(prompts.ends(foreign))
    assert.isTrue(prompts.begins(init()))
    assert.isTrue(prompts.ends(result()))
    assert.isFalse(prompts.begins(init()))
  })

  it("a prompt waits from when it is queued until it begins, and is dropped when it is cancelled before", () => {
    const prompts = sent("a")
    assert.isFalse(prompts.waits("a"))
    prompts.lives(life("a", "queued"))
    assert.isTrue(prompts.waits("a"))
    assert.isFalse(prompts.waits("b"))
    assert.strictEqual(prompts.lives(life("a", "cancelled")), "dropped")
    const begun = sent("a")
    begun.lives(life("a", "queued"))
    begun.begins(init("a"))
    assert.isFalse(begun.waits("a"))
    assert.isUndefined(begun.lives(life("a", "cancelled")))
  })

  it("what is said into a turn is late until it is taken in", () => {
    const prompts = sent("a")
    prompts.lives(life("a", "queued"))
    prompts.begins(init("a"))
    prompts.steered("b")
    prompts.steered("c")
    assert.isTrue(prompts.isLate)
    prompts.lives(life("b", "queued"))
    prompts.lives(life("b", "started"))
    assert.isTrue(prompts.isLate)
    assert.strictEqual(prompts.lives(life("c", "cancelled")), "unsaid")
    assert.isFalse(prompts.isLate)
  })

  it("an interrupt drops what waits only where nothing but what was said into the turn waits", () => {
    const prompts = sent("a")
    assert.isFalse(prompts.isLateAlone)
    prompts.lives(life("a", "queued"))
    prompts.steered("b")
    assert.isFalse(prompts.isLateAlone)
    prompts.lives(life("a", "started"))
    assert.isTrue(prompts.isLateAlone)
  })

  it("another process knows nothing of what the last one was told", () => {
    const prompts = sent("a")
    prompts.lives(life("a", "queued"))
    prompts.steered("b")
    prompts.reset()
    assert.isFalse(prompts.isLate)
    assert.isFalse(prompts.begins(init()))
    prompts.sent("c")
    assert.isTrue(prompts.begins(init()))
  })
})
