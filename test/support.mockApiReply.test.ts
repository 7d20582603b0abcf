import { assert, describe } from "@effect/vitest"
import {
  assistant,
  deltas,
  type Message,
  post,
  result,
  said,
  stream,
  text,
  user,
  withApi
} from "./support/mockApiClient.ts"

describe("mock Messages API: where a script stands", () => {
  withApi("each answer in the conversation moves the script one step on", async (api) => {
    const prompt = user([
      text("<system-reminder>\nsomething else\n</system-reminder>"),
      text(`[[tool:Bash {"command":"echo hi"}]] [[text:done]]`)
    ])
    const split = [prompt, { role: "system", content: "# Environment" } as const]
    assert.deepStrictEqual(deltas(await stream(api, split), "stop_reason"), ["tool_use"])
    const calls = [assistant([text("so")]), assistant([{ type: "tool_use" }])]
    assert.strictEqual(await said(api, [...split, ...calls, result]), "done")
    assert.strictEqual(await said(api, [...split, ...calls, result, assistant("done"), user("hi")]), "You said: hi")
  })

  withApi("the last script in the conversation counts, whatever came before", async (api) => {
    const messages = [user("[[text:a]] [[text:never]]"), assistant("a"), user("[[text:b]]")]
    assert.strictEqual(await said(api, messages), "b")
  })

  withApi("a script lasts over several turns until its steps are used up", async (api) => {
    const messages = [user("[[text:a]] [[text:b]]"), assistant("a"), user("go on")]
    assert.strictEqual(await said(api, messages), "b")
  })

  withApi("a script in a tool's output, in the input of a call or in a system message does not run", async (api) => {
    const call = `[[tool:Agent {"prompt":"[[text:inner]]"}]] [[text:outer]]`
    const output = user([{ type: "tool_result", tool_use_id: "toolu_1", content: [text("[[text:output]]")] }])
    const environment: Message = { role: "system", content: "[[text:environment]]" }
    const messages = [user(call), environment, assistant([{ type: "tool_use" }]), output]
    assert.strictEqual(await said(api, messages), "outer")
    assert.strictEqual(await said(api, [user("[[text:inner]]")]), "inner")
  })

  withApi("an interrupt ends the script", async (api) => {
    const end = user([text("[Request interrupted by user]\n"), text("hi")])
    const messages = [user("[[text:a]] [[text:b]]"), assistant("a"), end]
    assert.strictEqual(await said(api, messages), "You said: hi")
  })

  withApi("an answer of which nothing survived moves the script on as well", async (api) => {
    const notice = "Your response above was cut off mid-stream. Resume directly from where it stops."
    const prompt = "[[thinking:a ;; text:b ;; cut]] [[error:529]]"
    const response = await post(api, [user([text(prompt), text(notice)])])
    assert.strictEqual(response.status, 529)
  })

  withApi("what the user says into a running turn is a prompt like any other", async (api) => {
    const steer = (text: string): Message => ({
      role: "system",
      content: `The user sent a new message while you were working:\n${text}\n\nAddress the message above.`
    })
    const turn = [user(`[[tool:Bash {"command":"ls"}]] [[text:done]]`), assistant([{ type: "tool_use" }]), result]
    assert.strictEqual(await said(api, [...turn, steer("[[text:instead]]")]), "instead")
    assert.strictEqual(await said(api, [...turn, steer("quick")]), "done")
    assert.strictEqual(await said(api, [...turn, assistant("done"), steer("quick")]), "You said: quick")
  })

  withApi("title and compaction requests do not run the scripts they carry", async (api) => {
    const title = user([text("<session>\n[[error:529]] do it\n</session>\n\nWrite the title.")])
    assert.strictEqual(await said(api, [title]), `{"title":"Mock session"}`)
    const summarise = user("CRITICAL.\n\nYour task is to create a detailed summary of the conversation so far.")
    const messages = [user("My name is Ann"), assistant("ok"), user("[[text:a]] [[text:b]]"), assistant("a"), summarise]
    assert.strictEqual(await said(api, messages), "<summary>\nThe user said:\nMy name is Ann\n</summary>")
  })

  withApi("a broken script is answered with what is wrong with it", async (api) => {
    for (const [prompt, problem] of [
      ["[[text:a ;; nope]]", "this is no part of a script: nope]]"],
      ["[[text colour=1:a]]", 'text has no option "colour", it has: deltas, delay, repeat'],
      ["[[text deltas=many:a]]", "text deltas=many is not a number"],
      ["[[tool:Bash {nope}]]", "this is not JSON: {nope}"],
      ["[[text:a", '"]]" is missing after: a'],
      ["[[text:a ;; hang]]", "hang answers nothing, so nothing can stand before it"],
      ["[[cut ;; text:a]]", "nothing can come after cut, but text does"],
      ["[[error:soon]]", 'error needs a status, as in [[error:529]], not "soon"']
    ] as const) {
      const response = await post(api, [user(prompt)])
      assert.strictEqual(response.status, 400)
      assert.nestedInclude(await response.json(), { "error.message": `mock script: ${problem}` })
    }
  })
})

describe("mock Messages API: prompts without a script", () => {
  withApi("it remembers what it was told and says so when asked", async (api) => {
    const told = [
      user([text("<system-reminder>\nThe code is 999\n</system-reminder>"), text("My name is Alice Smith.")]),
      assistant("ok"),
      user("Remember: the code is 12345 and my favourite colour is dark blue"),
      assistant("ok")
    ]
    assert.strictEqual(await said(api, [...told, user("What is my name?")]), "Your name is Alice Smith.")
    assert.strictEqual(await said(api, [...told, user("What was the code?")]), "The code is 12345.")
    assert.strictEqual(
      await said(api, [...told, user("And what's my favourite colour?")]),
      "Your favourite colour is dark blue."
    )
    assert.strictEqual(await said(api, [...told, user("What is my age?")]), "I do not know your age.")
    const corrected = [...told, user("Sorry, my name is Bob"), assistant("ok"), user("What is my name?")]
    assert.strictEqual(await said(api, corrected), "Your name is Bob.")
  })

  withApi("it repeats everything else", async (api) => {
    assert.strictEqual(await said(api, [user("if [[ -f x ]]; then")]), "You said: if [[ -f x ]]; then")
    assert.strictEqual(await said(api, [user("[[1, 2], [3, 4]]")]), "You said: [[1, 2], [3, 4]]")
  })

  withApi("it notes what the client adds by itself", async (api) => {
    const notification = user("<system-reminder>\n<task-notification>done</task-notification>\n</system-reminder>\n")
    assert.strictEqual(await said(api, [user("hi"), assistant("You said: hi"), notification]), "Noted.")
  })
})
