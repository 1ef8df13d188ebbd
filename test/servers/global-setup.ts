import type { TestProject } from 'vitest/node'
import { startContainers, whyNoContainers } from './containers.ts'
import { startEmbedded } from './embedded.ts'
import { isGiven, useGiven } from './given.ts'
import type { StartedPairs } from './pair.ts'

/** Starts the servers of the live suites, tells which, and stops them at the end. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { taken, started } = await choose(process.env.FDWSYNC_TEST_SERVER ?? '')
  const versions = started.pairs.map(({ source, target }) =>
    source.version === target.version ? target.version : `${source.version} → ${target.version}`,
  )
  process.stdout.write(`servers: ${taken}; PostgreSQL ${versions.join(', ')}\n`)
  project.provide('serverPairs', started.pairs)
  return () => started.stop()
}

async function choose(forced: string): Promise<{ taken: string; started: StartedPairs }> {
  switch (forced) {
    case 'url':
      return { taken: 'url', started: await useGiven() }
    case 'testcontainers':
      return { taken: 'testcontainers', started: await startContainers() }
    case 'embedded':
      return { taken: 'embedded', started: await startEmbedded() }
    case '':
      return await chooseFreely()
    default:
      throw new Error(`FDWSYNC_TEST_SERVER is url, testcontainers or embedded, not ${forced}`)
  }
}

async function chooseFreely(): Promise<{ taken: string; started: StartedPairs }> {
  if (isGiven()) return { taken: 'url', started: await useGiven() }
  let reason = await whyNoContainers()
  if (reason === undefined) {
    try {
      return { taken: 'testcontainers', started: await startContainers() }
    } catch (error) {
      // A runtime that answers may still have no images and no way to fetch them.
      reason = error instanceof Error ? error.message : String(error)
    }
  }
  return { taken: `embedded (no containers: ${reason.split('\n')[0]})`, started: await startEmbedded() }
}
