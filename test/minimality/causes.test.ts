// The cause of a change, for every field of every kind: each change of the manifest is planned as it is, and after the same was done by
// hand in the database, for a manifest that stays, and for one that wants something else.

import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Plan } from '../../src/core/plan.ts'
import { connect, createDatabase, runSql } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../support/fdwsync.ts'
import { newestMajor } from '../support/majors.ts'
import { type Change, changed, changes, prepare, text } from './changes.ts'

const more: readonly Change[] = parse(text('more-causes.yaml'))
const allow = ['drops-data', 'drops-dependents']

/** `foreign table proxy.orders: column id type: manifest`, one per field; dependents are left out. */
function causesOf({ changes }: Plan): readonly string[] {
  return changes.flatMap(({ change, title, cause, causes }) => {
    if (cause === 'dependency' || change.op === 'adopt') return []
    // What no ledger has is new.
    if (change.op === 'create' && cause === undefined) return [`create ${title}: manifest`]
    if (!('fields' in change)) return [`${change.op} ${title}: ${(causes ?? [cause]).join(' and ')}`]
    return change.fields.flatMap((field) =>
      field.cause === 'dependency' || field.effect.how === 'populate'
        ? []
        : [`${title}: ${field.field}: ${(field.causes ?? [field.cause]).join(' and ')}`],
    )
  })
}

const ends = (causes: readonly string[]) => causes.map((cause) => cause.replace(/^.*: /, ''))

test.each(newestMajor())('PostgreSQL $name: the cause of each change', {
  timeout: 900_000,
}, async (pair: ServerPair) => {
  await runSql(pair.target.url, text('../cases/roles.sql'))
  const { url, drop } = await createDatabase(pair.target)
  try {
    await prepare(url)
    const base = await manifestOf(text('base.yaml'), {})
    await applyTo(base, url)
    for (const change of [...more, ...changes].filter(({ from = 0 }) => pair.target.major >= from)) {
      const wanted = await manifestOf(changed(change), {})
      const byManifest = causesOf(await planFor(wanted, url))
      expect.soft(byManifest.length, change.change).toBeGreaterThan(0)
      expect
        .soft(
          byManifest.filter((cause) => !cause.endsWith(': manifest')),
          change.change,
        )
        .toEqual([])
      if (change.noWayBack) break
      await applyAsIfByHand(url, changed(change))
      const byHand = causesOf(await planFor(base, url))
      // What the base leaves open is not managed yet, so there it is no drift.
      if (change.otherwise)
        expect.soft(byHand.length > 0, change.change).toBe(!change.change.endsWith('for the first time'))
      expect
        .soft(
          byHand.filter((cause) => !cause.endsWith(': drift')),
          `by hand: ${change.change}`,
        )
        .toEqual([])
      if (change.otherwise) {
        const other = await manifestOf(changed({ set: change.otherwise }), {})
        const both = ends(causesOf(await planFor(other, url)))
        expect.soft(both, `both: ${change.change}`).toContain('manifest and drift')
      }
      await applyTo(base, url, { allow })
      expect.soft(causesOf(await planFor(base, url)), `and back: ${change.change}`).toEqual([])
    }
  } finally {
    await drop()
  }
})

/** Does in the database what the manifest says, and lets the ledger know nothing of it. */
async function applyAsIfByHand(url: string, manifest: string): Promise<void> {
  const client = await connect(url)
  await client.query('CREATE TABLE public.ledger_before AS TABLE fdwsync.object')
  await applyTo(await manifestOf(manifest, {}), url, { allow })
  await client.query(`TRUNCATE fdwsync.object, fdwsync.proof;
    INSERT INTO fdwsync.object SELECT * FROM public.ledger_before; DROP TABLE public.ledger_before`)
  await client.end()
}
