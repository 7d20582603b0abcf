/** What tests on mock agents have in common. */
import { Effect, Stream } from "effect"
import { type AgentError, AgentEvent, type Session } from "effect-agent-session"
import { type AgentScript, MockAdapter } from "effect-agent-session/testing"

/** Why an effect fails. */
export const reasonOf = <A, R>(effect: Effect.Effect<A, AgentError.AgentError, R>) =>
  Effect.map(Effect.flip(effect), (error) => error.reason)

/** The events of one turn. */
export const collect = (session: Session.Session, prompt = "go") => Stream.runCollect(session.stream(prompt))

export const tags = (events: ReadonlyArray<AgentEvent.AgentEvent>) => events.map((event) => event._tag)

export const of = <Tag extends AgentEvent.AgentEvent["_tag"]>(events: ReadonlyArray<AgentEvent.AgentEvent>, tag: Tag) =>
  events.filter(AgentEvent.is(tag))

/** Waits for the `count`th event of this sort. */
export const until = (session: Session.Session, tag: AgentEvent.AgentEvent["_tag"], count = 1) =>
  session.events.pipe(Stream.filter(AgentEvent.is(tag)), Stream.take(count), Stream.runDrain)

export const provide = (script?: AgentScript.Script, config?: MockAdapter.Config) =>
  Effect.provide(MockAdapter.layer(script, config))
