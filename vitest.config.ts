import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"

const src = (path: string): string => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

const alias = [
  { find: /^effect-agent-session$/, replacement: src("index.ts") },
  { find: /^effect-agent-session\/testing$/, replacement: src("testing/index.ts") },
  { find: /^effect-agent-session\/(.+)$/, replacement: src("$1.ts") }
]

export default defineConfig({
  resolve: { alias },
  test: {
    reporters: ["default", "./test/support/summaryReporter.ts"],
    globalSetup: ["./test/support/leakCheck.ts"],

    projects: [
      {
        resolve: { alias },
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/e2e/**", "test/agents/**"],
          // No test is about how fast the machine is.
          testTimeout: 60_000
        }
      },
      {
        resolve: { alias },
        test: {
          name: "types",
          include: [],
          typecheck: { enabled: true, only: true, include: ["test/**/*.test-d.ts"], tsconfig: "./tsconfig.json" }
        }
      },
      {
        resolve: { alias },
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          fileParallelism: false
        }
      }
    ]
  }
})
