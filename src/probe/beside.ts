import type { DeclaredObject } from '../core/change.ts'
import { keyOf } from '../core/object.ts'
import { trusted } from '../core/sql.ts'
import type { ProbeRun, QueryObject } from './run.ts'
import { batchSize, createStandIns, probeInScratch, readStandIns } from './stand-ins.ts'

/** Tries out queries that no other one of them reads. */
export async function probeBeside(run: ProbeRun, queries: readonly QueryObject[]): Promise<void> {
  for (let start = 0; start < queries.length; start += batchSize) {
    const batch = queries.slice(start, start + batchSize)
    await run.session.run(trusted('SAVEPOINT beside'))
    const made = await createStandIns(
      run,
      batch.map(({ object }) => object),
    )
    await readStandIns(run, made)
    await probeChildren(run, batch, made)
    await run.session.run(trusted('ROLLBACK TO beside'))
    for (const { object } of batch) run.standIns.delete(keyOf(object.id))
  }
}

/** Tries out the indexes of those objects that could be made. */
export async function probeChildren(
  run: ProbeRun,
  queries: readonly QueryObject[],
  made: readonly DeclaredObject[],
): Promise<void> {
  await probeInScratch(
    run,
    queries.filter(({ object }) => made.includes(object)).flatMap(({ children }) => children),
  )
}
