/** What the real CLI asks of the user, and what it makes of the answers. */
import { assert, describe } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Input from "effect-agent-session/Input"
import * as Session from "effect-agent-session/Session"
import * as ClaudeSession from "effect-agent-session/claude/ClaudeSession"
import { fileURLToPath } from "node:url"
import { bodies, claude, collect, only, type Rig, until } from "./support.ts"

const colour = {
  question: "Which colour?",
  header: "Colour",
  options: [
    { label: "Red", description: "as blood" },
    { label: "Blue", description: "as the sky" }
  ],
  multiSelect: false
}
const toppings = { ...colour, question: "Which toppings?", header: "Toppings", multiSelect: true }

const askFor = (...questions: ReadonlyArray<typeof colour>): string =>
  `[[tool:AskUserQuestion ${JSON.stringify({ questions })}]] [[text:done]]`

/** The last thing the model was told. */
const heard = ({ api }: Rig): string => JSON.stringify(bodies(api).at(-1))

const server = fileURLToPath(new URL("../support/elicitingServer.ts", import.meta.url))

const form = {
  message: "Who are you?",
  requestedSchema: {
    type: "object",
    properties: { name: { type: "string", minLength: 2 }, age: { type: "integer" } },
    required: ["name"]
  }
}

/** What a server hears that asks the user. */
const elicited = Effect.fnUntraced(function* (
  { base }: Rig,
  parameters: { readonly [key: string]: unknown },
  input: Input.Handler | undefined
) {
  const session = yield* ClaudeSession.make({
    ...base,
    allowedTools: ["mcp__people__ask"],
    mcpServers: { people: { command: process.execPath, args: [server] } },
    input
  })
  const events = yield* collect(session.stream(`[[tool:mcp__people__ask ${JSON.stringify(parameters)}]] [[text:done]]`))
  return { events, output: JSON.stringify(only(events, "ToolEnded")[0]?.output) }
})

describe("questions of the real CLI", () => {
  claude("rule 18: the answers to AskUserQuestion reach the model; several labels for one that takes several", (rig) =>
    Effect.gen(function* () {
      const asked: Array<Input.Request> = []
      const session = yield* Session.make({
        ...rig.base,
        input: (request) => {
          asked.push(request)
          return Effect.succeed(
            Input.answer({ "Which colour?": "Green, like grass", "Which toppings?": ["Red", "Blue"] })
          )
        }
      })
      assert.isTrue(session.capabilities.userQuestions)
      const events = yield* collect(session.stream(askFor(colour, toppings)))
      const [request] = asked
      assert(request?._tag === "Question")
      assert.deepStrictEqual(request.questions, [colour, toppings])
      assert.include(heard(rig), "Green, like grass")
      assert.include(heard(rig), "Red, Blue")
      assert.deepStrictEqual(
        events.flatMap(({ _tag }) => (/^(Input|Permission|Tool(Started|Ended))/.test(_tag) ? [_tag] : [])),
        ["ToolStarted", "InputRequested", "InputResolved", "ToolEnded"]
      )
      assert.strictEqual(only(events, "InputResolved")[0]?.by, "handler")
      assert.strictEqual(only(events, "ToolEnded")[0]?.status, "ok")
    })
  )

  claude("rule 18: a question that is declined goes back to the model with the words for it", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...rig.base,
        input: () => Effect.succeed(Input.decline("decide for yourself"))
      })
      const { text, toolCalls } = yield* session.ask(askFor(colour))
      assert.deepStrictEqual([text, toolCalls[0]?.status], ["done", "denied"])
      assert.include(heard(rig), "decide for yourself")
    })
  )

  claude("rule 18: an input handler alone answers questions, and permissions are denied", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...base,
        allowedTools: [],
        input: () => Effect.succeed(Input.answer({ "Which colour?": "Red" }))
      })
      const events = yield* collect(
        session.stream(
          `${askFor(colour).replace("[[text:done]]", "")} [[tool:Bash {"command":"touch x"}]] [[text:done]]`
        )
      )
      assert.deepStrictEqual(
        only(events, "ToolEnded").map(({ status }) => status),
        ["ok", "denied"]
      )
      assert.strictEqual(only(events, "PermissionResolved")[0]?.by, "default")
    })
  )

  claude("rule 18: a permission handler alone is not asked questions: they are declined", ({ base }) =>
    Effect.gen(function* () {
      const session = yield* Session.make({ ...base, permissions: () => Effect.die(new Error("it must not be asked")) })
      const events = yield* collect(session.stream(askFor(colour)))
      assert.strictEqual(only(events, "InputResolved")[0]?.by, "default")
      assert.strictEqual(only(events, "ToolEnded")[0]?.status, "denied")
    })
  )

  claude("a plan that is approved is carried out, in the mode that the answer names", ({ base }) =>
    Effect.gen(function* () {
      const plans: Array<string | undefined> = []
      const session = yield* Session.make({
        ...base,
        permissionMode: "plan",
        input: Input.handlers({
          plan: ({ plan }) => {
            plans.push(plan)
            return Effect.succeed(Input.approve({ mode: "acceptEdits" }))
          }
        })
      })
      const result = yield* session.ask(`[[tool:ExitPlanMode {"plan":"1. Begin."}]] [[text:done]]`)
      assert.strictEqual(result.toolCalls[0]?.status, "ok")
      assert.strictEqual(plans.length, 1)
      yield* session.ask("[[text:next]]")
      assert.deepStrictEqual((yield* session.summary).permissionMode, Option.some("acceptEdits"))
    })
  )

  claude("a plan that is declined is not carried out, and the mode stays", (rig) =>
    Effect.gen(function* () {
      const session = yield* Session.make({
        ...rig.base,
        permissionMode: "plan",
        input: () => Effect.succeed(Input.decline("think again"))
      })
      const result = yield* session.ask(`[[tool:ExitPlanMode {"plan":"1. Begin."}]] [[text:done]]`)
      assert.strictEqual(result.toolCalls[0]?.status, "denied")
      assert.include(heard(rig), "think again")
      assert.deepStrictEqual((yield* session.summary).permissionMode, Option.some("plan"))
    })
  )

  claude("an interrupt withdraws a question, and interrupts its handler", ({ base }) =>
    Effect.gen(function* () {
      const asked = yield* Deferred.make<void>()
      const stopped = yield* Deferred.make<void>()
      const session = yield* Session.make({
        ...base,
        input: () =>
          Deferred.succeed(asked, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Deferred.succeed(stopped, undefined))
          )
      })
      const turn = yield* Effect.forkChild(Effect.exit(session.ask(askFor(colour))))
      yield* Deferred.await(asked)
      assert.strictEqual(yield* session.interrupt, "Interrupted")
      yield* Fiber.join(turn)
      yield* Deferred.await(stopped)
      assert.strictEqual((yield* until(session.events, "InputResolved")).by, "withdrawn")
      assert.strictEqual((yield* session.ask("[[text:next]]")).text, "next")
    })
  )
})

describe("forms and pages of MCP servers, on the real CLI", () => {
  claude("a form is filled in, and the server gets the values", (rig) =>
    Effect.gen(function* () {
      const { events, output } = yield* elicited(
        rig,
        form,
        Input.handlers({
          form: ({ message, schema, server }) => {
            assert.deepStrictEqual([message, server], ["Who are you?", "people"])
            assert.deepInclude(schema, { required: ["name"] })
            return Effect.succeed(Input.accept({ name: "Alice", age: 7 }))
          }
        })
      )
      assert.include(output, "accept")
      assert.include(output, "Alice")
      assert.strictEqual(only(events, "InputRequested")[0]?.kind, "form")
      assert.strictEqual(only(events, "InputResolved")[0]?.by, "handler")
    })
  )

  claude("values that do not fit the form are declined, and told", (rig) =>
    Effect.gen(function* () {
      const { events, output } = yield* elicited(rig, form, () => Effect.succeed(Input.accept({ name: "A" })))
      assert.include(output, "decline")
      assert.strictEqual(only(events, "InputResolved")[0]?.by, "default")
      const notice = only(events, "Notice").find(({ code }) => code === "input-invalid")
      assert.include(notice?.text, "name")
    })
  )

  claude("a server hears a refusal from a session without an input handler, and a cancel as one", (rig) =>
    Effect.gen(function* () {
      assert.include((yield* elicited(rig, form, undefined)).output, "decline")
      assert.include((yield* elicited(rig, form, () => Effect.succeed(Input.cancel))).output, "cancel")
    })
  )

  claude(
    "a page is opened with the consent of the input handler",
    (rig) =>
      Effect.gen(function* () {
        const { events, output } = yield* elicited(
          rig,
          { mode: "url", elicitationId: "e-1", message: "Log in", url: "https://example.com/login" },
          Input.handlers({
            url: ({ url }) => Effect.succeed(url.endsWith("/login") ? Input.accept() : Input.decline())
          })
        )
        assert.include(output, "accept")
        assert.strictEqual(only(events, "InputRequested")[0]?.kind, "url")
      }),
    { since: "2.1.329" }
  )
})
