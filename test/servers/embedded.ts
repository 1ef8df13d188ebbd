// Servers from npm packages or from the system, as processes of this machine.

import { findBinaries, hasLibrary, startThrowawayServer, type ThrowawayServer } from '../../src/demo/server/server.ts'
import { describeServer, pairOf, type Role, type StartedPairs, settingsOf, wantedMajors } from './pair.ts'
import type { TestServer } from './provided.ts'

/** Starts servers from the npm packages beside this file, or from those that this machine has installed. */
export async function startEmbedded(): Promise<StartedPairs> {
  const found = findBinaries()
  const servers: ThrowawayServer[] = []

  async function start(major: number, role: Role): Promise<TestServer> {
    const binaries = found.find((one) => one.major === major)
    if (!binaries) throw new Error(`no PostgreSQL ${major} was found`)
    const settings = settingsOf(role, hasLibrary(binaries, 'pg_stat_statements'))
    const server = await startThrowawayServer({ binaries, settings })
    servers.push(server)
    const { user, password, host, port, logFile } = server
    // Asking for TLS first would be another connection each time, and there is none here.
    const url = server.url('postgres', { parameters: { sslmode: 'disable' } })
    return describeServer({ url, user, password, foreignHost: host, foreignPort: port, logFile })
  }

  const pairs = await Promise.all(
    wantedMajors([...new Set(found.map((one) => one.major))]).map(async (major) =>
      pairOf(...(await Promise.all([start(major, 'source'), start(major, 'target')]))),
    ),
  )
  return {
    pairs,
    stop: async () => {
      await Promise.all(servers.map((server) => server.stop()))
    },
  }
}
