// Servers in containers, if there is a container runtime.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  describeServer,
  pairOf,
  type Role,
  type StartedPairs,
  settingsOf,
  supportedMajors,
  wantedMajors,
} from './pair.ts'
import type { TestServer } from './provided.ts'

const deadline = 5_000

/** Prints why no container runtime can be used. */
const probe = `
  const { getContainerRuntimeClient } = await import('testcontainers')
  await getContainerRuntimeClient().catch((error) => console.log(error.message))
  process.exit()
`

/**
 * Why no container can be started; undefined when a runtime answers. Another process asks, since the client cannot give up
 * on a runtime that accepts connections and never answers: it would keep this process alive.
 */
export async function whyNoContainers(): Promise<string | undefined> {
  const options = { cwd: fileURLToPath(new URL('.', import.meta.url)), timeout: deadline }
  try {
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', probe], options)
    return stdout.trim() || undefined
  } catch (error) {
    const isSilent = error instanceof Error && 'killed' in error && error.killed === true
    return isSilent ? `no container runtime answered in ${deadline / 1000} s` : String(error)
  }
}

/** FDWSYNC_TEST_IMAGE, with the major in place of `{major}`. */
export function imageOf(major: number): string {
  return (process.env.FDWSYNC_TEST_IMAGE || 'postgres:{major}-alpine').replaceAll('{major}', String(major))
}

/** Starts servers in containers, on a network of their own. */
export async function startContainers(majors = wantedMajors(supportedMajors)): Promise<StartedPairs> {
  const { Network } = await import('testcontainers')
  const { PostgreSqlContainer } = await import('@testcontainers/postgresql')
  const network = await new Network().start()
  const logs = await mkdtemp(join(tmpdir(), 'fdwsync-logs-'))
  const cleanups: (() => Promise<unknown>)[] = []

  async function start(major: number, role: Role): Promise<TestServer> {
    const foreignHost = `${role}-${major}`
    const logFile = join(logs, `${foreignHost}.log`)
    const password = randomBytes(12).toString('hex')
    const settings = Object.entries({ fsync: 'off', ...settingsOf(role, true) })
    const container = await new PostgreSqlContainer(imageOf(major))
      .withDatabase('postgres')
      .withUsername('postgres')
      .withPassword(password)
      .withEnvironment({ POSTGRES_INITDB_ARGS: '--encoding=UTF8 --locale=C.UTF-8' })
      .withNetwork(network)
      .withNetworkAliases(foreignHost)
      .withLogConsumer((stream) => stream.pipe(createWriteStream(logFile)))
      .withCommand(['postgres', ...settings.flatMap(([name, value]) => ['-c', `${name}=${value}`])])
      .start()
    cleanups.push(() => container.stop())
    const url = container.getConnectionUri()
    return describeServer({ url, user: 'postgres', password, foreignHost, foreignPort: 5432, logFile })
  }

  async function stop(): Promise<void> {
    await Promise.allSettled(cleanups.map((cleanup) => cleanup()))
    await network.stop()
    await rm(logs, { recursive: true })
  }

  const starting = majors.map((major) => [start(major, 'source'), start(major, 'target')] as const)
  // All must have ended one way or the other, or a late one would be left behind.
  await Promise.allSettled(starting.flat())
  try {
    return {
      pairs: await Promise.all(starting.map(async ([source, target]) => pairOf(await source, await target))),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
