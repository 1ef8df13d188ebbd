// The cause of a change, for every field of every kind: changes of the manifest are planned as they are, and after the same was done
// by hand in the database, for a manifest that stays, and for one that wants something else. The ledger has a proof for the manifest that
// stays, so this shows as well that no proof hides drift.

import { expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Plan } from '../../src/core/plan.ts'
import { connect, createDatabase, runSql } from '../servers/databases.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../support/fdwsync.ts'
import { newestMajor } from '../support/majors.ts'
import {
  type Change,
  changedBy,
  changes,
  environment,
  groupsOf,
  haveOtherAttributes,
  isOn,
  prepare,
  text,
} from './changes.ts'

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

const except = (cause: string, causes: readonly string[]) => causes.filter((each) => !each.endsWith(`: ${cause}`))

const isOfTheFirstTime = ({ change }: Change) => change.endsWith('for the first time')

const all = [...more, ...changes]

test.each(newestMajor())('PostgreSQL $name: the cause of each change of what is managed', {
  timeout: 900_000,
}, async (pair: ServerPair) => {
  await tryChanges(
    pair,
    all.filter((change) => !isOfTheFirstTime(change)),
    (group, byHand) => {
      const drifted = group.filter(({ otherwise }) => otherwise)
      expect.soft(byHand.length).toBeGreaterThanOrEqual(drifted.length)
      expect.soft(except('drift', byHand)).toEqual([])
    },
  )
})

// What the base does not declare stays as it is when the base is applied again. So these changes have a database of their own.
test.each(newestMajor())('PostgreSQL $name: the cause of each change of what was not managed before', {
  timeout: 900_000,
}, async (pair: ServerPair) => {
  await tryChanges(pair, all.filter(isOfTheFirstTime), (_, byHand) => expect.soft(byHand).toEqual([]))
})

async function tryChanges(
  pair: ServerPair,
  rows: readonly Change[],
  checkByHand: (group: readonly Change[], causes: readonly string[]) => void,
): Promise<void> {
  await runSql(pair.target.url, text('../cases/roles.sql'))
  const { url, drop } = await createDatabase(pair.target)
  try {
    await prepare(url)
    const base = await manifestOf(text('base.yaml'), environment)
    await applyTo(base, url)
    for (const group of groupsOf(rows.filter(isOn(pair)), haveOtherAttributes)) {
      const names = group.map(({ change }) => change).join(', ')
      const wanted = changedBy(group)
      const byManifest = causesOf(await planFor(await manifestOf(wanted, environment), url))
      expect.soft(byManifest.length, names).toBeGreaterThanOrEqual(group.length)
      expect.soft(except('manifest', byManifest), names).toEqual([])
      if (group.some(({ noWayBack }) => noWayBack)) break
      await applyAsIfByHand(url, wanted)
      checkByHand(group, causesOf(await planFor(base, url)))
      const others = group.flatMap(({ otherwise: set }) => (set ? [{ set }] : []))
      if (others.length > 0) {
        const both = causesOf(await planFor(await manifestOf(changedBy(others), environment), url))
        const ofBoth = both.filter((cause) => cause.endsWith(': manifest and drift'))
        expect.soft(ofBoth.length, `both: ${names}: ${both.join('; ')}`).toBeGreaterThanOrEqual(others.length)
      }
      await applyTo(base, url, { allow })
      expect.soft(causesOf(await planFor(base, url)), `and back: ${names}`).toEqual([])
    }
  } finally {
    await drop()
  }
}

/** Does in the database what the manifest says, and lets the ledger know nothing of it. */
async function applyAsIfByHand(url: string, manifest: string): Promise<void> {
  const client = await connect(url)
  await client.query(`CREATE TABLE public.objects_before AS TABLE fdwsync.object;
    CREATE TABLE public.proofs_before AS TABLE fdwsync.proof`)
  await applyTo(await manifestOf(manifest, environment), url, { allow })
  await client.query(`TRUNCATE fdwsync.object, fdwsync.proof;
    INSERT INTO fdwsync.object SELECT * FROM public.objects_before;
    INSERT INTO fdwsync.proof SELECT * FROM public.proofs_before;
    DROP TABLE public.objects_before, public.proofs_before`)
  await client.end()
}
