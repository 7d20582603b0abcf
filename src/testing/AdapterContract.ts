/**
 * What every adapter must do, whatever the agent: behaviours that any test runner can run, on any rig. A rig is an
 * adapter and an agent behind it that can be told what to do.
 *
 * @since 0.1.0
 */
import type { Capabilities } from "../AgentAdapter.ts"
import type { Behaviour, Rig } from "./internal/contract.ts"
import { data } from "./internal/contractData.ts"
import { asking } from "./internal/contractAsking.ts"
import { deciding } from "./internal/contractDeciding.ts"
import { ends } from "./internal/contractEnds.ts"
import { lent } from "./internal/contractLending.ts"
import { rest } from "./internal/contractRest.ts"
import { starting } from "./internal/contractStart.ts"
import { turns } from "./internal/contractTurns.ts"
import { waiting } from "./internal/contractWaiting.ts"

export type { Ability, Behaviour, Rig } from "./internal/contract.ts"

/**
 * All behaviours. Each opens sessions of its own; its Scope is closed after it.
 *
 * @example
 * ```ts
 * for (const behaviour of AdapterContract.behaviours.filter(AdapterContract.applies(rig, MyAdapter.capabilities))) {
 *   it.effect(behaviour.title, () => Effect.provide(behaviour.run(rig), MyAdapter.layer()))
 * }
 * ```
 *
 * @since 0.1.0
 * @category behaviours
 */
export const behaviours: ReadonlyArray<Behaviour> = [
  ...turns,
  ...ends,
  ...waiting,
  ...deciding,
  ...asking,
  ...lent,
  ...data,
  ...rest,
  ...starting
]

/**
 * Whether a behaviour can be asked of an adapter with these capabilities on this rig.
 *
 * @since 0.1.0
 * @category behaviours
 */
export const applies =
  (rig: Pick<Rig, "can">, capabilities: Capabilities) =>
  (behaviour: Behaviour): boolean =>
    behaviour.needs.every((ability) => rig.can.has(ability)) &&
    behaviour.capabilities.every((name) => capabilities[name] !== false && capabilities[name] !== "none")
