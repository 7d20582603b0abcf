/**
 * A turn of `AgentScript` as a prompt that makes the fake CLI, or a real one on the mock API, do it: see mockApiScript.ts
 * and fakeClaude.ts for the language.
 */
import * as Duration from "effect/Duration"
import type { AgentScript } from "effect-agent-session/testing"

const millis = (duration: Duration.Input | undefined): number =>
  duration === undefined ? 0 : Duration.toMillis(Duration.fromInputUnsafe(duration))

const spoken = (word: "text" | "thinking", { every, pieces }: AgentScript.Text | AgentScript.Reasoning): string =>
  `${word} deltas=${Math.max(1, pieces.length)} delay=${millis(every)}:${JSON.stringify(pieces.join(""))}`

const called = ({ input, inside, name }: AgentScript.Tool): string => {
  const sub = inside === undefined ? {} : { prompt: render(inside), description: "sub-agent" }
  return `tool:${name} ${JSON.stringify({ ...(typeof input === "object" ? input : {}), ...sub })}`
}

/** Question and plan are tools of the agent; a server's form is one of the fake CLI. */
const asked = (asks: AgentScript.Asks): string => {
  switch (asks._tag) {
    case "Question": {
      const questions = asks.questions.map((question) => ({
        header: "Choice",
        ...question,
        options: question.options.map((choice) => ({ description: "one of them", ...choice }))
      }))
      return `tool:AskUserQuestion ${JSON.stringify({ questions })}`
    }
    case "Plan":
      return `tool:ExitPlanMode ${JSON.stringify({ plan: asks.plan })}`
    case "Form": {
      const { message, schema, server } = asks
      const request = { mcp_server_name: server, message, mode: "form", requested_schema: schema }
      return `tool:Elicit ${JSON.stringify(request)}`
    }
    case "Url": {
      const { message, server, url } = asks
      return `tool:Elicit ${JSON.stringify({ mcp_server_name: server, message, mode: "url", url })}`
    }
    case "Dialog":
      return `tool:Dialog ${JSON.stringify({ dialog_kind: asks.kind, payload: asks.payload })}`
  }
}

const failed = ({ reason }: AgentScript.Fail): string => {
  switch (reason._tag) {
    case "LimitReached":
      return reason.which === "turns" ? "max-turns=1" : "budget=1"
    case "Overloaded":
      return `api-error=${reason.status ?? 529}`
    default:
      throw new Error(`no prompt makes the agent fail with ${reason._tag}`)
  }
}

const faultsOf = (step: AgentScript.Step): ReadonlyArray<string> => {
  switch (step._tag) {
    case "Malformed":
      return ["garbage"]
    case "Unknown":
      return ["unknown-type"]
    case "Crash":
      return [step.signal === null ? `crash=${step.code}` : "kill"]
    case "Fail":
      return [failed(step)]
    case "Ignore":
      return [step.what === "interrupts" ? "ignore-interrupt" : "no-control-reply"]
    case "AgentTurn":
      return ["background-task"]
    case "Ask":
    case "Tool":
      return step.withdrawAfter === undefined ? [] : [`withdraw-ask=${millis(step.withdrawAfter)}`]
    case "Tools":
      return ["parallel-asks"]
    default:
      return []
  }
}

/** The parts of API responses, one response an array: the agent asks again after tools. */
const responses = (turn: AgentScript.Turn): ReadonlyArray<ReadonlyArray<string>> => {
  const all: Array<Array<string>> = []
  let current: Array<string> = []
  const close = (): void => {
    if (current.length > 0) all.push(current)
    current = []
  }
  for (const step of turn) {
    switch (step._tag) {
      case "Text":
        current.push(spoken("text", step))
        break
      case "Reasoning":
        current.push(spoken("thinking", step))
        break
      case "Tool":
        current.push(called(step))
        close()
        break
      case "Tools":
        current.push(...step.tools.map(called))
        close()
        break
      case "Ask":
        current.push(asked(step.asks))
        close()
        break
      case "Output":
        current.push(`tool:StructuredOutput ${JSON.stringify(step.value)}`)
        close()
        break
      case "Silence":
        current.push("silence")
        break
      case "Spent": {
        const { inputTokens = 0, outputTokens = 0 } = step.spending
        current.push(`usage input=${inputTokens} output=${outputTokens}`)
        break
      }
      case "Malformed":
      case "Unknown":
      case "Crash":
      case "Fail":
      case "Ignore":
      case "AgentTurn":
        break
      default:
        throw new Error(`no prompt makes the agent do this: ${step._tag}`)
    }
  }
  close()
  return all
}

export const render = (turn: AgentScript.Turn): string => {
  const faults = turn.flatMap(faultsOf)
  const script = responses(turn).map((parts) => `[[${parts.join(" ;; ")}]]`)
  return [...(faults.length === 0 ? [] : [`[[fault:${faults.join(",")}]]`]), ...script].join(" ")
}
