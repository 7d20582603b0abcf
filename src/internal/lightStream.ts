/**
 * Streams that do not keep what they are made of. As long as code is not hot, V8 puts a function that is assigned to a
 * property, as Effect's channels assign theirs, where only a full collection looks: all that a stream reaches stays until
 * then, read or not, dead or alive. So the streams of a session are made when somebody asks, and let go of what is over.
 * The same goes for the getters of an object literal, and for a generator function that is made anew and then called.
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Pull from "effect/Pull"
import * as Stream from "effect/Stream"

/** For one run, at whose begin it lets go of the pull. */
export const once = <A, E>(pull: Pull.Pull<Arr.NonEmptyReadonlyArray<A>, E>): Stream.Stream<A, E> => {
  let next = pull
  return Stream.fromPull(
    Effect.sync(() => {
      const taken = next
      next = Cause.done()
      return taken
    })
  )
}

/** Makes these properties of an object, each time one is read, from what is behind the object; until one is assigned. */
export const onDemand = <S extends object, Behind>(make: {
  readonly [K in keyof S]: (behind: Behind) => S[K]
}): (<T extends S>(self: T, behind: Behind) => T) => {
  const key: unique symbol = Symbol()
  // Shared, because what a getter reaches is kept as well.
  const getters: PropertyDescriptorMap = {}
  for (const name in make) {
    const of = make[name]
    getters[name] = {
      enumerable: true,
      configurable: true,
      get(this: { readonly [key]: Behind }) {
        return of(this[key])
      },
      set(this: object, value: unknown) {
        Object.defineProperty(this, name, { value, enumerable: true, configurable: true, writable: true })
      }
    }
  }
  return (self, behind) => Object.defineProperties(Object.defineProperty(self, key, { value: behind }), getters)
}
