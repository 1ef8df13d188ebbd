// The test projects: rules of the source, unit tests without a database, live tests on PostgreSQL servers.

import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/** The projects in the order in which they run: a worker that changes from one to another has to load all modules again. */
const projects = ['live', 'unit', 'guard']

/** The files that take longest, the longest first. */
const slowest = [
  'test/minimality/',
  'test/cases/',
  'live/imports/imports.',
  'live/replace/faults',
  'live/refresh/faults',
  'live/imports/types.',
  'live/replace/others',
  'live/secrets/canary',
  'live/demo',
  'test/oracle/oracle.',
  'live/imports/source-changes',
  'live/imports/mirror.',
  'live/apply/source-faults',
  'live/ledger/readers',
  'test/thorough/',
  'unit/differ/scale',
]

/** What a run has beside the rest if it names its majors, as the nightly one does. */
const thorough = process.env.FDWSYNC_TEST_MAJORS ? ['test/{minimality,thorough}/**/*.test.ts'] : []

/** Threads that collect garbage would take the cores from the servers, and with a large young generation there is less to do. */
const execArgv = ['--single-threaded-gc', '--max-semi-space-size=64']

/** Runs the slowest files of a project first, so that no worker is left with one of them while the others have nothing to do. */
class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId, project }: TestSpecification) => {
      const at = slowest.findIndex((part) => moduleId.includes(part))
      return 100 * projects.indexOf(project.name) + (at < 0 ? slowest.length : at)
    }
    return (await super.sort(files)).toSorted((one, other) => place(one) - place(other))
  }
}

export default defineConfig({
  test: {
    // One more than the two cores of the smallest machine, since much of the time a test waits.
    maxWorkers: 3,
    sequence: { sequencer: SlowestFirst },
    projects: [
      // None of these tests waits for anything, so a timeout would only mean that the machine is busy.
      { test: { name: 'guard', isolate: false, include: ['test/guard/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'unit', isolate: false, execArgv, include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      {
        test: {
          name: 'live',
          include: ['test/{cases,live,oracle,property,examples}/**/*.test.ts', ...thorough],
          // The files of a worker share the modules that they import. The only state of these is connections.
          isolate: false,
          execArgv,
          globalSetup: ['test/servers/global-setup.ts'],
          // Against hanging only: the longest take 90 seconds on a slow machine.
          testTimeout: 300_000,
          hookTimeout: 300_000,
        },
      },
    ],
  },
})
