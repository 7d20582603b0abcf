import { assert, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { Journal } from "../../src/internal/journal.ts"
it.effect("rule 8: what comes before the session is open is bounded too: the oldest of it is given up", () =>
  Effect.gen(function* () {
    const journal = new Journal({ clock: yield* Clock.Clock, scope: yield* Effect.scope, buffer: 1024 })
    for (let count = 0; count < 5_000; count++) journal.emit({ _tag: "Malformed", bytes: count, prefix: "" })
    journal.begin({ _tag: "SessionStarted", agent: "toy", resumed: false })
    journal.log.end()
    const events = yield* Stream.runCollect(journal.log.subscribe())
    assert.strictEqual(events[0]?._tag, "SessionStarted")
  }).pipe(Effect.scoped)
)
