// Test suites of wrappers that are not part of PostgreSQL: they run where the wrapper and its source are installed.

import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe } from 'vitest'
import {
  type Binaries,
  findBinaries,
  hasLibrary,
  startThrowawayServer,
  type ThrowawayServer,
} from '../../src/demo/server/server.ts'
import { connect } from './databases.ts'

/** What a suite needs that not every machine has. */
export interface WrapperNeeds {
  /** Of a server that this machine has installed, among them that of the wrapper. */
  readonly libraries: readonly string[]
  /** The programs of the wrapper's source. */
  readonly programs?: readonly string[]
}

/** A server with the wrapper, for the tests of one suite. */
export interface WrapperHost {
  readonly server: ThrowawayServer
  /** The URL of an empty database. It goes with the server. */
  database(): Promise<string>
}

/** A suite that runs where its wrapper and its source are installed, and is listed as skipped elsewhere. */
export function describeWrapper(name: string, needs: WrapperNeeds, suite: (host: () => WrapperHost) => void): void {
  const binaries = findBinaries().find((one) => needs.libraries.every((library) => hasLibrary(one, library)))
  const missing = (needs.programs ?? []).filter((program) => !isInstalled(program))
  if (!binaries || missing.length > 0) {
    const what = binaries ? missing.join(', ') : `a PostgreSQL server with ${needs.libraries.join(', ')}`
    process.stdout.write(`skipped: ${name} (${what} is not installed: test/servers/install-wrappers.sh does that)\n`)
    describe.skip(name, () => suite(notStarted))
    return
  }
  describe(`${name}, PostgreSQL ${binaries.major}`, () => {
    let host: WrapperHost | undefined
    beforeAll(async () => {
      host = await startHost(binaries)
    })
    afterAll(() => host?.server.stop())
    suite(() => host ?? notStarted())
  })
}

function notStarted(): never {
  throw new Error('the server of this suite was not started')
}

async function startHost(binaries: Binaries): Promise<WrapperHost> {
  const server = await startThrowawayServer({ binaries, settings: { log_statement: 'all' } })
  return {
    server,
    async database() {
      const name = `test_${randomBytes(6).toString('hex')}`
      const client = await connect(server.url())
      try {
        await client.query(`CREATE DATABASE ${name} TEMPLATE template0`)
      } finally {
        await client.end()
      }
      return server.url(name)
    },
  }
}

function isInstalled(program: string): boolean {
  try {
    execFileSync('/bin/sh', ['-c', 'command -v "$0"', program], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
