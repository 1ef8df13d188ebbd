import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { FdwsyncError } from '../../src/core/errors.ts'
import type { Plan } from '../../src/core/plan.ts'
import { isProvable } from '../../src/planner/fast-path.ts'
import type { ServerPair } from '../servers/provided.ts'
import { applyTo, manifestOf, planFor } from '../support/fdwsync.ts'
import { eachMajor } from '../support/majors.ts'
import { type Case, readCase } from './read-case.ts'
import { type Stage, stageFor } from './stage.ts'

const folders = readdirSync(import.meta.dirname, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name)
  .sort()
const cases = await Promise.all(
  folders.map(async (folder) => ({ folder, scene: await readCase(join(import.meta.dirname, folder)) })),
)

describe.each(eachMajor())('PostgreSQL $name', (pair: ServerPair) => {
  let stage: Stage
  beforeAll(async () => {
    stage = await stageFor(pair)
  })
  afterAll(() => stage.strike())

  const { major } = pair.target
  const ofMajor = cases.filter(({ scene: { majors } }) => majors.from <= major && major <= majors.upTo)
  test.each(ofMajor.map(({ folder, scene }) => [folder, scene] as const))('%s', async (_, scene) => {
    await stage.play(scene, async ({ url, env, sql }) => {
      if (scene.first) {
        const { report } = await applyTo(await manifestOf(scene.first, env), url, { allow: scene.allow })
        expect(report?.steps.filter(({ outcome }) => outcome.status !== 'applied') ?? []).toEqual([])
        await sql(scene.between)
      }
      const kept = await sql(keptQuery(scene, 'was'))
      if (scene.error !== undefined) return expectError(scene, () => manifestOf(scene.manifest, env), url)
      const parsed = await manifestOf(scene.manifest, env)
      const { plan, report } = await applyTo(parsed, url, { allow: scene.allow }, scene.takeOver)

      expect(summary(plan)).toEqual(scene.plan)
      if (scene.why) expect(causes(plan)).toEqual(scene.why)
      const hazards = plan.changes.flatMap((each) => each.hazards.map(({ name, detail }) => `${name}: ${detail}`))
      if (scene.hazards) expect(hazards).toEqual(scene.hazards)
      if (scene.warnings) expect(plan.warnings.map(({ message }) => message)).toEqual(scene.warnings)
      expect(report?.steps.filter(({ outcome }) => outcome.status !== 'applied') ?? []).toEqual([])
      for (const { query, rows } of scene.catalog) expect(await sql(query), query).toEqual(rows)
      expect(await sql(keptQuery(scene, 'is')), 'objects that must keep their OID').toEqual(kept)
      const second = await planFor(parsed, url)
      expect(summary(second), 'a second plan').toEqual([])
      expect(second.undetermined).toEqual([])
      // The second went by the digest of the catalog that the ledger has, which is its fingerprint then, unless there are
      // imports, or passwords in clear; the third tries everything out.
      const proofs = await sql(`SELECT catalog_state FROM fdwsync.proof WHERE manifest = '${parsed.manifest.name}'`)
      if (isProvable(parsed)) expect(proofs, 'what is proven').toEqual([{ catalog_state: second.fingerprint }])
      await sql('DELETE FROM fdwsync.proof; UPDATE fdwsync.object SET closure = NULL')
      expect(summary(await planFor(parsed, url)), 'a third plan').toEqual([])
    })
  })
})

/** `alter foreign table shop.orders: column total type, option table_name`, in the order of the plan. */
function summary(plan: Plan): readonly string[] {
  return plan.changes.map(({ change, title }) => {
    const fields =
      change.op === 'alter' || change.op === 'replace' ? `: ${change.fields.map(({ field }) => field).join(', ')}` : ''
    // What serves until it is swapped is named by its OID.
    return `${change.op} ${title.replace(/(?<=fdwsync_old_)\d+/, 'OID')}${fields}`
  })
}

/** `foreign table shop.orders: both (column total type: manifest, option table_name: drift)`; what is only recorded too. */
function causes(plan: Plan): readonly string[] {
  return plan.changes.map(({ change, title, cause, takenFrom }) => {
    const fields = 'fields' in change ? change.fields : []
    const each = fields.map((field) => `${field.field}: ${field.cause ?? 'unknown'}`).join(', ')
    const taken = takenFrom.length > 0 ? `, taken over from ${takenFrom.join(', ')}` : ''
    return `${title}: ${cause ?? 'unknown'}${taken}${new Set(fields.map((field) => field.cause)).size > 1 ? ` (${each})` : ''}`
  })
}

function keptQuery({ keeps }: Case, at: 'was' | 'is'): string {
  const names = keeps.map((kept) => (typeof kept === 'string' ? kept : kept[at]).replaceAll("'", "''"))
  const rows = names.map((name, place) => `(${place}, '${name}')`)
  return rows.length === 0
    ? ''
    : `SELECT place, to_regclass(name)::oid AS oid FROM (VALUES ${rows.join(', ')}) AS kept(place, name) ORDER BY place`
}

async function expectError(scene: Case, parse: () => ReturnType<typeof manifestOf>, url: string): Promise<void> {
  const attempt = async () => applyTo(await parse(), url, { allow: scene.allow }, scene.takeOver)
  const error: unknown = await attempt().then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error, 'an error is expected').toBeInstanceOf(FdwsyncError)
  if (!(error instanceof FdwsyncError)) return
  const told = error.problems.map(
    ({ message, hint, place }) => `${place ? `${place.line}:${place.column}: ` : ''}${message} ${hint ?? ''}`,
  )
  for (const fragment of scene.error?.says ?? []) expect(told.join('\n')).toContain(fragment)
  expect(error.exitCode).toBe(scene.error?.exit)
}
