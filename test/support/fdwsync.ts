// Plans and applies inside the test process, on connections that are reused.

import { planAndApply } from '../../src/api/apply.ts'
import type { refresh } from '../../src/api/refresh.ts'
import type { ApplyOptions } from '../../src/applier/context.ts'
import type { Plan } from '../../src/core/plan.ts'
import type { Report } from '../../src/core/report.ts'
import type { Connect } from '../../src/db/connect.ts'
import { openSession } from '../../src/db/session.ts'
import { isReusable, pooledConnect, type SessionPool } from '../../src/db/session-pool.ts'
import { connectionSettings } from '../../src/db/settings.ts'
import { checkFragments } from '../../src/manifest/checks/sql-fragments.ts'
import type { ParsedManifest } from '../../src/manifest/manifest.ts'
import { parseManifest } from '../../src/manifest/parse.ts'
import { createPlan } from '../../src/planner/create-plan.ts'
import { keepers } from '../servers/databases.ts'

export type Environment = Readonly<Record<string, string>>

/** Reads a manifest's text, with the variables that its references name. */
export async function manifestOf(text: string, env: Environment): Promise<ParsedManifest> {
  const parsed = await parseManifest('manifest.yaml', Buffer.from(text), {
    env: (name) => env[name],
    file: () => ({ reason: 'there are no files', hint: '' }),
  })
  await checkFragments(parsed)
  return parsed
}

/** Opens a new connection each time. */
export function connectTo(url: string): Connect {
  const settings = connectionSettings({ database: url, env: {}, readFile: () => undefined })
  return (purpose, secrets = []) => openSession(settings, { purpose, secrets })
}

const pools = new Map<string, SessionPool>()
keepers.push(async (url) => {
  await pools.get(url)?.close()
  pools.delete(url)
})

/** Keeps connections from one plan or apply to the next: opening one takes longer than most queries. */
function pooledConnectTo(url: string): Connect {
  const sessions = pools.get(url) ?? pooledConnect(connectTo(url), isReusable)
  pools.set(url, sessions)
  return sessions.connect
}

export async function planFor(
  parsed: ParsedManifest,
  url: string,
  timeoutMilliseconds = 60_000,
  trySources = false,
): Promise<Plan> {
  const connect = pooledConnectTo(url)
  const session = await connect('plan')
  try {
    const sources = { connect, timeoutMilliseconds }
    return (await createPlan(session, parsed, { populate: true, sources, trySources })).plan
  } finally {
    await session.close()
  }
}

export const applyDefaults: ApplyOptions = {
  lockTimeoutMilliseconds: 3000,
  leaseTimeoutMilliseconds: 60_000,
  sourceTimeoutMilliseconds: 60_000,
  jobs: 4,
  maxConnections: new Map(),
  allow: [],
  signal: new AbortController().signal,
  emit: () => {},
}

export const refreshDefaults: Parameters<typeof refresh>[3] = {
  jobs: 4,
  hidden: [],
  leaseTimeoutMilliseconds: 60_000,
  sourceTimeoutMilliseconds: 60_000,
  signal: new AbortController().signal,
  emit: () => {},
}

/** Plans and applies, approving everything. Without a report there was nothing to do. */
export async function applyTo(
  parsed: ParsedManifest,
  url: string,
  options: Partial<ApplyOptions> = {},
  takeOver = false,
): Promise<{ readonly plan: Plan; readonly report: Report | undefined }> {
  const request = {
    parsed,
    connect: pooledConnectTo(url),
    populate: true,
    takeOver,
    options: { ...applyDefaults, ...options },
  }
  return planAndApply(request, async () => true)
}
