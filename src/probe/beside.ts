// Probes queries under scratch names, beside the live relations that they read.

import type { DeclaredObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import { probeAlike } from './alike.ts'
import type { ProbeRun, QueryObject } from './run.ts'
import { batchSize, createStandIns, readStandIns } from './stand-ins.ts'

/** Probes queries that do not read each other. */
export async function probeBeside(run: ProbeRun, queries: readonly QueryObject[]): Promise<void> {
  for (let start = 0; start < queries.length; start += batchSize) {
    const batch = queries.slice(start, start + batchSize)
    await run.session.run(trusted('SAVEPOINT beside'))
    const created = await createStandIns(
      run,
      batch.map(({ object }) => object),
    )
    await readStandIns(run, created)
    await probeChildren(run, batch, created)
    await run.session.run(trusted('ROLLBACK TO beside'))
    for (const { object } of batch) run.standIns.delete(keyOf(object.id))
  }
}

/** Probes the indexes of the objects that were created. */
export async function probeChildren(
  run: ProbeRun,
  queries: readonly QueryObject[],
  created: readonly DeclaredObject[],
): Promise<void> {
  const isCreated = new Set(created)
  await probeAlike(
    run,
    queries.filter(({ object }) => isCreated.has(object)).flatMap(({ children }) => children),
  )
}
