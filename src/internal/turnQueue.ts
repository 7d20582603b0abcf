/**
 * Which turn may talk to the agent: one at a time, the rest wait or are refused. A pure machine: the state and what
 * happened give the next state and what is to be done; `turns.ts` does it.
 */

export interface State<Turn> {
  /** The turn that was sent and whose end has not been seen. `leaving`: it was asked to stop. */
  readonly running: { readonly turn: Turn; readonly leaving: boolean } | undefined
  /** The agent runs a turn of its own, which it would mix with ours, or is being replaced: ours wait. */
  readonly agentBusy: boolean
  readonly waiting: ReadonlyArray<Turn>
  readonly closed: boolean
}

export type Input<Turn> =
  | { readonly _tag: "Submitted"; readonly turn: Turn }
  /** Nobody wants the turn any more: its reader left, its time is up, or someone interrupts. */
  | { readonly _tag: "Left"; readonly turn: Turn }
  /** The agent is done with the running turn. */
  | { readonly _tag: "Ended"; readonly turn: Turn }
  | { readonly _tag: "AgentBegan" }
  | { readonly _tag: "AgentEnded" }
  | { readonly _tag: "Closed" }

export type Action<Turn> =
  | { readonly _tag: "Send"; readonly turn: Turn }
  | { readonly _tag: "Interrupt"; readonly turn: Turn }
  | { readonly _tag: "Reject"; readonly turn: Turn; readonly why: "busy" | "full" | "closed" }
  /** Left while it waited: it is never sent. */
  | { readonly _tag: "Drop"; readonly turn: Turn }

export interface Policy {
  readonly policy: "queue" | "reject"
  readonly capacity: number
}

type Step<Turn> = readonly [State<Turn>, ReadonlyArray<Action<Turn>>]

export const initial: State<never> = { running: undefined, agentBusy: false, waiting: [], closed: false }

const free = <Turn>(state: State<Turn>): Step<Turn> => {
  const [next, ...waiting] = state.waiting
  return state.closed || state.agentBusy || state.running !== undefined || next === undefined
    ? [state, []]
    : [{ ...state, running: { turn: next, leaving: false }, waiting }, [{ _tag: "Send", turn: next }]]
}

const submitted = <Turn>(state: State<Turn>, turn: Turn, { capacity, policy }: Policy): Step<Turn> => {
  if (state.closed) return [state, [{ _tag: "Reject", turn, why: "closed" }]]
  const busy = state.running !== undefined || state.agentBusy
  if (busy && policy === "reject") return [state, [{ _tag: "Reject", turn, why: "busy" }]]
  if (busy && state.waiting.length >= capacity) return [state, [{ _tag: "Reject", turn, why: "full" }]]
  return free({ ...state, waiting: [...state.waiting, turn] })
}

export const step = <Turn>(state: State<Turn>, input: Input<Turn>, policy: Policy): Step<Turn> => {
  switch (input._tag) {
    case "Submitted":
      return submitted(state, input.turn, policy)
    case "Left": {
      if (state.running?.turn === input.turn) {
        return state.running.leaving
          ? [state, []]
          : [{ ...state, running: { turn: input.turn, leaving: true } }, [{ _tag: "Interrupt", turn: input.turn }]]
      }
      return state.waiting.includes(input.turn)
        ? [
            { ...state, waiting: state.waiting.filter((turn) => turn !== input.turn) },
            [{ _tag: "Drop", turn: input.turn }]
          ]
        : [state, []]
    }
    case "Ended":
      return state.running?.turn === input.turn ? free({ ...state, running: undefined }) : [state, []]
    case "AgentBegan":
      return [{ ...state, agentBusy: true }, []]
    case "AgentEnded":
      return free({ ...state, agentBusy: false })
    case "Closed":
      return [
        { ...state, closed: true, waiting: [] },
        state.waiting.map((turn) => ({ _tag: "Reject", turn, why: "closed" }))
      ]
  }
}
