import type { Reporter, TestModule, Vitest } from "vitest/node"
import { version } from "../e2e/agents.ts"

const counts = (modules: ReadonlyArray<TestModule>) => {
  const count = { passed: 0, failed: 0, skipped: 0 }
  for (const module of modules) {
    for (const test of module.children.allTests()) {
      const state = test.result().state
      if (state === "passed" || state === "failed" || state === "skipped") count[state]++
    }
  }
  return count
}

/**
 * Closes every run with one plain line of counts, so that a log can be read without knowing the runner. A run on a real
 * CLI says which, and fails when a test was skipped that nobody filtered out.
 */
export default class SummaryReporter implements Reporter {
  #filtered = false

  onInit(vitest: Vitest): void {
    this.#filtered = vitest.config.testNamePattern !== undefined
  }

  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const { failed, passed, skipped } = counts(modules)
    console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)
    const real = counts(modules.filter((module) => module.project.name === "e2e"))
    if (real.passed > 0) console.log(`${real.passed + real.failed} end-to-end tests ran on ${version()}`)
    // An older CLI cannot do all of it.
    if (real.skipped > 0 && !this.#filtered && process.env["DRIFT_VERSION"] === undefined) {
      console.error(`${real.skipped} end-to-end tests were skipped, and none may be`)
      process.exitCode = 1
    }
  }
}
