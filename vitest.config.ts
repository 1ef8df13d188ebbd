import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    // Half of the time a test waits for its server, and a server for its test.
    maxWorkers: 2,
    projects: [
      { test: { name: 'guard', include: ['test/guard/**/*.test.ts'] } },
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'] } },
      {
        test: {
          name: 'live',
          include: ['test/{cases,live,minimality,oracle,property,examples}/**/*.test.ts'],
          globalSetup: ['test/servers/global-setup.ts'],
          testTimeout: 120_000,
          hookTimeout: 180_000,
        },
      },
    ],
  },
})
