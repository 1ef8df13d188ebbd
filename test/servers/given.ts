// Servers that already run, by their URLs.

import { describeServer, pairOf, type StartedPairs } from './pair.ts'
import type { TestServer } from './provided.ts'

/** Whether the environment names servers. */
export function isGiven(): boolean {
  return Boolean(process.env.FDWSYNC_TEST_SOURCE_URL && process.env.FDWSYNC_TEST_TARGET_URL)
}

/**
 * Uses the servers of FDWSYNC_TEST_SOURCE_URL and FDWSYNC_TEST_TARGET_URL. Where they reach one another in another way
 * than we reach them, FDWSYNC_TEST_SOURCE_ADDRESS and FDWSYNC_TEST_TARGET_ADDRESS have that address, as `host:port`.
 */
export async function useGiven(): Promise<StartedPairs> {
  const [source, target] = await Promise.all([given('SOURCE'), given('TARGET')])
  return { pairs: [pairOf(source, target)], stop: async () => {} }
}

function given(role: 'SOURCE' | 'TARGET'): Promise<TestServer> {
  const text = process.env[`FDWSYNC_TEST_${role}_URL`]
  if (!text) throw new Error(`FDWSYNC_TEST_SERVER=url needs FDWSYNC_TEST_${role}_URL`)
  const url = new URL(text)
  const address = new URL(`postgresql://${process.env[`FDWSYNC_TEST_${role}_ADDRESS`] ?? url.host}`)
  return describeServer({
    url: text,
    user: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
    foreignHost: address.hostname,
    foreignPort: Number(address.port || 5432),
    logFile: undefined,
  })
}
