// Starts the servers of the live tests before the first of them, and stops them after the last.

import type { TestProject } from 'vitest/node'
import { startServers } from './start.ts'

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { kind, pairs, stop } = await startServers()
  const versions = pairs.map(({ source, target }) =>
    source.version === target.version ? target.version : `${source.version} → ${target.version}`,
  )
  process.stdout.write(`servers: ${kind}; PostgreSQL ${versions.join(', ')}\n`)
  project.provide('serverPairs', pairs)
  return stop
}
