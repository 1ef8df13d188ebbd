// A source and a target of one test file alone, for tests that kill them.

import { until } from '../../src/demo/server/processes.ts'
import {
  type Binaries,
  findBinaries,
  startThrowawayServer,
  type ThrowawayServer,
} from '../../src/demo/server/server.ts'
import { runSql } from '../servers/databases.ts'
import { describeServer, pairOf } from '../servers/pair.ts'
import type { ServerPair } from '../servers/provided.ts'
import { newestMajor } from './majors.ts'

export interface OwnServers {
  readonly source: ThrowawayServer
  readonly target: ThrowawayServer
  readonly pair: ServerPair
  stop(): Promise<void>
}

/** Empty if the servers of the tests run in containers and none is installed here: no server can be killed then. */
export function ownMajors(): readonly Binaries[] {
  return newestMajor().flatMap(({ major }) => findBinaries().filter((binaries) => binaries.major === major))
}

export async function startOwnServers(binaries: Binaries): Promise<OwnServers> {
  const [source, target] = await Promise.all([startThrowawayServer({ binaries }), startThrowawayServer({ binaries })])
  return {
    source,
    target,
    pair: pairOf(await described(source), await described(target)),
    stop: async () => {
      await source.stop()
      await target.stop()
    },
  }
}

/** Resolves once the server lets clients in. */
export const isBack = (server: ThrowawayServer) =>
  until('the server to be back', () => runSql(server.url('postgres'), 'SELECT 1').catch(() => undefined))

function described({ url, host, port, user, password, logFile }: ThrowawayServer) {
  return describeServer({ url: url('postgres'), foreignHost: host, foreignPort: port, user, password, logFile })
}
