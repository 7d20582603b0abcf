/**
 * The one body of `Session.Service` and `ClaudeSession.Service`: a tag that has Layers.
 */
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { AgentError } from "../AgentError.ts"

export interface ServiceClass<
  in out Self,
  in out Id extends string,
  in out S,
  in Over,
  out R
> extends Context.ServiceClass<Self, Id, S> {
  readonly layer: Layer.Layer<Self, AgentError, R>
  readonly layerWith: (overrides: Over) => Layer.Layer<Self, AgentError, R>
}

export const serviceClass =
  <Self>() =>
  <const Id extends string, Over extends object, S, R>(
    id: Id,
    open: (overrides: Over | {}) => Effect.Effect<S, AgentError, R>
  ): ServiceClass<Self, Id, S, Over, Exclude<R, Scope.Scope>> => {
    const tag = Context.Service<Self, S>()(id)
    return Object.assign(tag, {
      layer: Layer.effect(tag, open({})),
      layerWith: (overrides: Over) => Layer.effect(tag, open(overrides))
    })
  }
