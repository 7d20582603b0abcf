/** The clock of the machine: a child is real even where the time of a test is not. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

const liveClock = Clock.Clock.defaultValue()

/** what waits in it waits for the machine, also under a TestClock */
export const live = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.provideService(effect, Clock.Clock, liveClock)
