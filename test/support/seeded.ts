/**
 * The seed of every property test. Fixed, so that a run says something about the change and not about its luck;
 * `FUZZ_SEED=…` looks elsewhere, and a failure prints what replays it.
 */
import type * as Arbitrary from "effect/Arbitrary"

export const seed: string = process.env["FUZZ_SEED"] ?? "20261121"

/** The last argument of every `it.prop`. */
export const seeded = (options?: Arbitrary.CheckOptions): { readonly arbitrary: Arbitrary.CheckOptions } => ({
  arbitrary: { seed, ...options }
})
