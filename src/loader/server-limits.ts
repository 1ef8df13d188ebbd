// How many connections a run has to each source at once, for servers whose manifest limits that (`max_connections`).

import type { Manifest } from '../manifest/manifest.ts'

export interface ServerLimits {
  /** Whether one of the servers can have no more connections. */
  isFull(servers: readonly string[]): boolean
  /** Takes a connection to each of the servers. */
  take(servers: readonly string[]): void
  giveBack(servers: readonly string[]): void
  isLimited(server: string): boolean
}

/** The limits of the servers that have one. */
export type MaxConnections = ReadonlyMap<string, number>

export function maxConnectionsOf({ servers = {} }: Manifest): MaxConnections {
  return new Map(
    Object.entries(servers).flatMap(([name, { max_connections: limit }]) =>
      limit === undefined ? [] : [[name, Number(limit)] as const],
    ),
  )
}

export function serverLimits(maxConnections: MaxConnections): ServerLimits {
  const taken = new Map<string, number>()
  const count = (server: string) => taken.get(server) ?? 0
  const add = (servers: readonly string[], change: 1 | -1) => {
    for (const server of new Set(servers)) taken.set(server, count(server) + change)
  }
  return {
    isFull: (servers) =>
      servers.some((server) => count(server) >= (maxConnections.get(server) ?? Number.POSITIVE_INFINITY)),
    take: (servers) => add(servers, 1),
    giveBack: (servers) => add(servers, -1),
    isLimited: (server) => maxConnections.has(server),
  }
}
