// Every check of a manifest looks at each object a bounded number of times, and an error is found without a search of all others. As
// in test/unit/differ/scale.test.ts, steps are counted.

import { expect, test } from 'vitest'
import { fragmentAt, namedAt } from '../../../src/manifest/checks/fragment-places.ts'
import { optionValueProblems } from '../../../src/manifest/checks/postgres-fdw-options.ts'
import { ruleProblems } from '../../../src/manifest/checks/rules.ts'
import { fragmentsOf } from '../../../src/manifest/checks/sql-fragments.ts'
import type { Manifest } from '../../../src/manifest/manifest.ts'
import { resolveReferences } from '../../../src/manifest/yaml/references.ts'
import { counting } from '../differ/counting.ts'

/** Tables, a view of each, and an index of that: each table was renamed, and so was a column of it. */
function manifestOf(tables: number): Manifest {
  const numbers = Array.from({ length: tables }, (_, at) => at)
  const columns = { id: { type: 'bigint', renamed_from: 'key' }, total: 'numeric(10,2)' }
  const table = (at: number) => ({ server: 's', renamed_from: `old_${at}`, options: { table_name: `t${at}` }, columns })
  const view = (at: number) => ({ query: `SELECT id FROM p.t${at}`, indexes: { [`i${at}`]: { columns: ['id'] } } })
  return {
    version: 1,
    name: 'm',
    servers: { s: { options: { host: '${env:HOST}' } } },
    schemas: {
      p: { foreign_tables: Object.fromEntries(numbers.map((at) => [`t${at}`, table(at)])) },
      c: { materialized_views: Object.fromEntries(numbers.map((at) => [`v${at}`, view(at)])) },
    },
  }
}

const references = { env: () => 'db.example', file: () => '' }
const pathsOf = (manifest: Manifest) =>
  Object.keys(manifest.schemas?.p?.foreign_tables ?? {}).map((name) => ['schemas', 'p', 'foreign_tables', name])

const phases: Readonly<Record<string, (manifest: Manifest) => unknown>> = {
  ruleProblems,
  optionValueProblems,
  fragmentsOf: (manifest) => [...fragmentsOf(manifest)],
  resolveReferences: (manifest) => resolveReferences(manifest, () => references),
  'an error of the server at each object': (manifest) =>
    pathsOf(manifest).map((path) => [
      fragmentAt(manifest, path, { statement: 'SELECT NULL::bigint', offset: 13 }),
      namedAt(manifest, path, 'total'),
    ]),
}

const [small, large] = [manifestOf(100), manifestOf(400)]

test.each(Object.entries(phases))('%s', (_, phase) => {
  const stepsFor = (manifest: Manifest) => {
    const counter = { steps: 0 }
    phase(counting(manifest, counter))
    return counter.steps
  }
  expect(stepsFor(large) / stepsFor(small)).toBeLessThan(5)
})
