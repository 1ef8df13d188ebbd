// Decides which servers the live tests run on, and starts them.

import { startContainers, whyNoContainers } from './containers.ts'
import { startEmbedded } from './embedded.ts'
import { isGiven, useGiven } from './given.ts'
import type { StartedPairs } from './pair.ts'

export interface StartedServers extends StartedPairs {
  /** Which kind of servers they are, and if they are a second choice, why. */
  readonly kind: string
}

/** FDWSYNC_TEST_SERVER: `url`, `testcontainers` or `embedded`. By default the first of these that can be had. */
export async function startServers(): Promise<StartedServers> {
  const asked = process.env.FDWSYNC_TEST_SERVER ?? ''
  switch (asked) {
    case 'url':
      return { kind: 'url', ...(await useGiven()) }
    case 'testcontainers':
      return { kind: 'testcontainers', ...(await startContainers()) }
    case 'embedded':
      return { kind: 'embedded', ...(await startEmbedded()) }
    case '':
      return await startFirstAvailable()
    default:
      throw new Error(`FDWSYNC_TEST_SERVER is url, testcontainers or embedded, not ${asked}`)
  }
}

async function startFirstAvailable(): Promise<StartedServers> {
  if (isGiven()) return { kind: 'url', ...(await useGiven()) }
  let reason = await whyNoContainers()
  if (reason === undefined) {
    try {
      return { kind: 'testcontainers', ...(await startContainers()) }
    } catch (error) {
      // A runtime that answers may still have no images and no way to fetch them.
      reason = error instanceof Error ? error.message : String(error)
    }
  }
  return { kind: `embedded (no containers: ${reason.split('\n')[0]})`, ...(await startEmbedded()) }
}
