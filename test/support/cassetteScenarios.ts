/**
 * What the regression set of cassettes holds: each scenario is run once on the real CLI, to record it (`npm run cassettes`),
 * and then on its recording (test/testing/regression.test.ts). Nothing in them depends on the machine.
 */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type AgentError, AgentEvent, Permission, type Session } from "effect-agent-session"
import type { AgentAdapter, BaseOptions } from "effect-agent-session/AgentAdapter"

export interface Told {
  readonly outcome: string
  readonly text: string
  /** Its tool calls, with how they ended. */
  readonly calls: ReadonlyArray<readonly [name: string, status: string]>
}

export interface Options extends BaseOptions {
  readonly permissions?: Permission.Handler | undefined
  readonly outputSchema?: Schema.Decoder<unknown> | undefined
}

/** Opens a session where the scenario is run. */
export type Open = (
  options?: Options
) => Effect.Effect<Session.Session, AgentError.AgentError, AgentAdapter | Scope.Scope>

export interface Scenario {
  readonly name: string
  readonly run: (open: Open) => Effect.Effect<unknown, AgentError.AgentError, AgentAdapter | Scope.Scope>
  /** The turns of each session, those that the agent began too. */
  readonly told: ReadonlyArray<ReadonlyArray<Told>>
}

const completed = (text: string, calls: Told["calls"] = []): Told => ({ outcome: "Completed", text, calls })

const talk =
  (prompts: ReadonlyArray<string>, options?: Options): Scenario["run"] =>
  (open) =>
    Effect.flatMap(open(options), (session) => Effect.forEach(prompts, (prompt) => Effect.exit(session.ask(prompt))))

const touch = '[[tool:Bash {"command":"echo one > file"}]] [[text:done]]'

const background = `[[tool:Bash ${JSON.stringify({
  command: "timeout 1 tail -f /dev/null; echo finished",
  run_in_background: true
})}]] [[text:started]] [[text:It has finished.]]`

const subagent = `[[tool:Agent ${JSON.stringify({
  description: "a subagent",
  prompt: "[[text:from the subagent]]",
  subagent_type: "general-purpose",
  run_in_background: false
}).replaceAll("]]", "]\\u005d")}]] [[text:done]]`

const City = Schema.Struct({ city: Schema.String, people: Schema.Int })

export const scenarios: ReadonlyArray<Scenario> = [
  {
    name: "plain",
    run: talk(["My name is Alice", "What is my name?"]),
    told: [[completed("You said: My name is Alice"), completed("Your name is Alice.")]]
  },
  {
    name: "allowed",
    run: talk([touch], { permissions: Permission.allowAll }),
    told: [[completed("done", [["Bash", "ok"]])]]
  },
  {
    name: "denied",
    run: talk([touch], { permissions: Permission.denyAll }),
    told: [[completed("done", [["Bash", "denied"]])]]
  },
  {
    name: "interrupt",
    run: (open) =>
      Effect.gen(function* () {
        const session = yield* open()
        const turn = yield* Effect.forkChild(Effect.exit(session.ask("[[text deltas=3:one two three ;; silence]]")))
        const said = session.events.pipe(Stream.filter(AgentEvent.is("TextDelta")), Stream.take(3), Stream.runDrain)
        yield* Effect.raceFirst(said, Fiber.await(turn))
        yield* session.interrupt
        yield* Fiber.join(turn)
        yield* session.ask("[[text:next]]")
      }),
    told: [[{ outcome: "Interrupted", text: "one two three", calls: [] }, completed("next")]]
  },
  {
    name: "background",
    run: (open) =>
      Effect.gen(function* () {
        const session = yield* open({ allowedTools: ["Bash"] })
        yield* session.ask(background)
        // An agent that falls silent between its turns has no deadline of its own.
        yield* Effect.timeoutOption(session.quiescent, "3 hours")
      }),
    told: [[completed("started", [["Bash", "ok"]]), completed("It has finished.")]]
  },
  {
    name: "subagent",
    run: talk([subagent], { allowedTools: ["Agent", "Task"] }),
    told: [[completed("done", [["Agent", "ok"]])]]
  },
  {
    name: "clear",
    run: (open) =>
      Effect.gen(function* () {
        const session = yield* open()
        yield* session.ask("My name is Alice")
        yield* session.clear
        yield* session.ask("What is my name?")
      }),
    told: [[completed("You said: My name is Alice"), completed(""), completed("I do not know your name.")]]
  },
  {
    name: "compaction",
    run: talk(["[[text:one]]", "[[text:two]]", "/compact"]),
    told: [[completed("one"), completed("two"), completed("")]]
  },
  {
    name: "api-error",
    run: talk(["[[error:404]]", "[[text:next]]"]),
    told: [[{ outcome: "Failed", text: "", calls: [] }, completed("next")]]
  },
  {
    // 2.1.197 asks anew without pieces, so the second message has no beginning.
    name: "broken-answer",
    run: talk(["[[text:half ;; cut times=1]] [[text:whole]]"]),
    told: [[completed("whole")]]
  },
  {
    name: "structured-output",
    run: talk(['[[tool:StructuredOutput {"city":"Bern","people":134000}]] [[text:done]]'], { outputSchema: City }),
    told: [[completed('{"city":"Bern","people":134000}', [["StructuredOutput", "ok"]])]]
  },
  {
    name: "resume",
    run: (open) =>
      Effect.gen(function* () {
        const first = yield* open()
        yield* first.ask("My name is Alice")
        yield* first.close
        const second = yield* open({ start: { resume: Option.getOrThrow(yield* first.id) } })
        yield* second.ask("What is my name?")
      }),
    told: [[completed("You said: My name is Alice")], [completed("Your name is Alice.")]]
  }
]
