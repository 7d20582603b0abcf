/** What the variants of this library share: an open session, and a consumer that sleeps or never wakes. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { AgentError } from "../../src/AgentError.ts"
import * as ClaudeAdapter from "../../src/claude/ClaudeAdapter.ts"
import * as ClaudeSession from "../../src/claude/ClaudeSession.ts"
import * as DirectSpawner from "../../src/DirectSpawner.ts"
import type { Counter } from "../meter.ts"
import type { Job, Live, Setting, Variant } from "./Variant.ts"

/** One turn of the session, and how one of its elements is counted. */
export interface Reader<A> {
  readonly turn: (session: ClaudeSession.ClaudeSession) => Stream.Stream<A, AgentError>
  /** True for a delta. */
  readonly count: (counter: Counter, element: A) => boolean
}

/** Where the processes of the agents come from. */
export type Host = Layer.Layer<Layer.Success<typeof NodeServices.layer>>

const direct: Host = DirectSpawner.layer.pipe(Layer.provideMerge(NodeServices.layer))

type Program = Pick<ManagedRuntime.ManagedRuntime<ClaudeAdapter.ClaudeAdapter, never>, "runPromise">

const programOf = (host: Host, { executable }: Setting): Program =>
  ManagedRuntime.make(ClaudeAdapter.layer({ executable }).pipe(Layer.provide(host)))

const withSession = <A>(
  { runPromise }: Program,
  use: (session: ClaudeSession.ClaudeSession) => Effect.Effect<A, AgentError>
): Promise<A> => ClaudeSession.make({ partialMessages: true }).pipe(Effect.flatMap(use), Effect.scoped, runPromise)

const open = async <A>({ runPromise }: Program, reader: Reader<A>): Promise<Live> => {
  const scope = Scope.makeUnsafe()
  const session = await runPromise(Scope.provide(ClaudeSession.make({ partialMessages: true }), scope))
  return {
    turn: (counter) =>
      runPromise(
        Stream.runForEachArray(reader.turn(session), (elements) =>
          Effect.sync(() => {
            for (const element of elements) reader.count(counter, element)
          })
        )
      ),
    leave: (counter, deltas) => {
      let left = deltas
      return runPromise(
        Stream.runForEachWhile(reader.turn(session), (element) =>
          Effect.sync(() => !(reader.count(counter, element) && --left === 0))
        )
      )
    },
    close: () => runPromise(Scope.close(scope, Exit.void))
  }
}

export const variantOf = <A>(reader: Reader<A>, host = direct): Variant => {
  let program: Program | undefined
  /** One for all sessions. */
  const programFor = (setting: Setting): Program => (program ??= programOf(host, setting))

  const counted = (job: Job, elements: ReadonlyArray<A>): void => {
    for (const element of elements) reader.count(job.meter, element)
  }

  /** Runs the turn; after its first delta the consumer does what `then` says, once. */
  const consume = (
    job: Job,
    session: ClaudeSession.ClaudeSession,
    then: Effect.Effect<void>
  ): Effect.Effect<void, AgentError> => {
    let first = true
    return reader.turn(session).pipe(
      Stream.runForEachArray((elements) => {
        counted(job, elements)
        if (!first || job.meter.counted.deltas === 0) return Effect.void
        first = false
        return then
      })
    )
  }

  return {
    open: (setting) => open(programFor(setting), reader),

    prompt: (setting, counter) => {
      const live = open(programFor(setting), reader)
      return {
        turn: live.then(({ turn }) => turn(counter)),
        close: () => live.then(({ close }) => close())
      }
    },

    read: (job) =>
      withSession(
        programFor(job),
        Effect.fnUntraced(function* (session) {
          for (let reader = 0; reader < job.subscribers; reader++) {
            yield* Effect.forkChild(Stream.runForEachArray(session.events, () => Effect.void))
          }
          yield* Effect.yieldNow
          yield* reader
            .turn(session)
            .pipe(Stream.runForEachArray((elements) => Effect.sync(() => counted(job, elements))))
        })
      ),

    sleep: (job) =>
      withSession(programFor(job), (session) => {
        const wakeAndInterrupt = Effect.gen(function* () {
          yield* Effect.sleep(job.sleepMs)
          job.meter.interrupt()
          yield* Effect.forkDetach(Effect.ignore(session.interrupt), { startImmediately: true })
        })
        return consume(job, session, wakeAndInterrupt)
      }),

    stuck: (job) =>
      withSession(
        programFor(job),
        Effect.fnUntraced(function* (session) {
          const asleep = yield* Deferred.make<void>()
          const neverWake = Effect.andThen(Deferred.succeed(asleep, undefined), Effect.never)
          yield* Effect.forkChild(consume(job, session, neverWake))
          yield* Deferred.await(asleep)
          yield* Effect.sleep(job.sleepMs)
          job.meter.interrupt()
          const outcome = yield* session.interrupt
          job.meter.end(undefined)
          return outcome
        })
      )
  }
}
