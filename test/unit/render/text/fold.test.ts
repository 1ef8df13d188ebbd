// What is alike is one entry: changes, notices, failures, problems of a manifest.

import { Chalk } from 'chalk'
import { describe, expect, test } from 'vitest'
import type { Problem } from '../../../../src/core/errors.ts'
import { keyOf, type ObjectId } from '../../../../src/core/object.ts'
import type { Plan, PlannedChange } from '../../../../src/core/plan.ts'
import type { StepOutcome } from '../../../../src/core/report.ts'
import { titleOf } from '../../../../src/kinds/registry.ts'
import { renderProblems } from '../../../../src/render/text/errors.ts'
import { renderPlan } from '../../../../src/render/text/plan.ts'
import { renderRefresh } from '../../../../src/render/text/refresh-report.ts'
import { renderReport } from '../../../../src/render/text/report.ts'
import { reportOf } from '../../../support/reports.ts'
import { alter, create, drop, field, planned, planWith, replace, wanted } from '../samples.ts'

const style = new Chalk({ level: 0 })
const show = (plan: Partial<Plan>, verbose = false, columns = 80) =>
  renderPlan(planWith(plan), { style, columns, verbose })
const count = (number: number) => Array.from({ length: number }, (_, at) => at + 1)

const table = (n: number): ObjectId => ({ kind: 'foreignTable', schema: 'shop_proxy', name: `t_${n}` })
const view = (n: number): ObjectId => ({ kind: 'materializedView', schema: 'shop', name: `t_${n}` })
const index = (n: number, k: number): ObjectId => ({ kind: 'index', schema: 'shop', name: `t_${n}_${k}` })

const mirror = [
  ...count(150).map((n) =>
    create(table(n), { summary: 'on server shop', details: [['columns', `id int, c${n} text`]] }),
  ),
  ...count(150).map((n) => create(view(n), { details: [['query', `SELECT *\nFROM t_${n}`]] })),
  ...count(150).flatMap((n) => count(4).map((k) => create(index(n, k), { summary: `on shop.t_${n}` }))),
]

describe('changes', () => {
  test('a mirror of 150 tables with 600 indexes', () => {
    expect(show({ changes: mirror })).toBe(`fdwsync plan · shop-mirror → analytics (PostgreSQL 17.10)

  + 150 foreign tables in shop_proxy          on server shop
      t_1, t_2, t_3 and 147 more
  + 150 materialized views in shop
      t_1, t_2, t_3 and 147 more
  + 600 indexes in shop
      t_1_1, t_1_2, t_1_3 and 597 more

  --verbose lists every object, with its definition.

900 to create
`)
  })

  test('--verbose lists every object', () => {
    const text = show({ changes: mirror }, true)
    for (const { title } of mirror) expect(text).toContain(`+ ${title}`)
    expect(text).not.toContain('--verbose')
  })

  test('few objects stay apart, in their order', () => {
    const text = show({ changes: count(5).flatMap((n) => [create(table(n)), create(view(n))]) })
    expect(text.match(/t_\d/g)).toEqual(['t_1', 't_1', 't_2', 't_2', 't_3', 't_3', 't_4', 't_4', 't_5', 't_5'])
  })

  const entries = (changes: readonly PlannedChange[]) =>
    show({ changes })
      .split('\n')
      .filter((line) => /^ {2}[-+~±] /.test(line)).length
  const sameField = () => [field('option fetch_size', '5', '1000')]
  test.each<readonly [string, number, (n: number) => PlannedChange]>([
    ['the same alteration', 1, (n) => alter(table(n), sameField())],
    ['other values', 8, (n) => alter(table(n), [field('option fetch_size', '5', String(n))])],
    ['drops', 1, (n) => drop(table(n))],
    ['another cause', 2, (n) => alter(table(n), sameField(), { cause: n === 1 ? 'drift' : 'manifest' })],
    [
      'a hazard of one',
      2,
      (n) => create(table(n), n === 1 ? { hazards: [{ name: 'untrusted-code', detail: 'runs f()' }] } : {}),
    ],
    ['another manifest', 2, (n) => create(table(n), n === 1 ? { takenFrom: ['other'] } : {})],
    ['another schema', 8, (n) => create({ ...table(n), schema: `s${n}` } as ObjectId)],
    ['another query', 8, (n) => replace(view(n), [field('query', `a\n${n}`, 'b', 'replace')])],
    ['titles of their own', 8, (n) => create(table(n), { title: `formerly t_${n}` })],
  ])('%s: %d of 8', (_, shown, changeOf) => {
    expect(entries(count(8).map(changeOf))).toBe(shown)
  })

  test('hazards of many are shown, and what must be allowed for them', () => {
    const hazards = [{ name: 'drops-data', detail: 'its data is lost' }] as const
    expect(show({ changes: count(9).map((n) => drop(view(n), { hazards })) })).toContain(`
  - 9 materialized views in shop              no longer declared
      t_1, t_2, t_3 and 6 more
      ! its data is lost: needs --allow drops-data
`)
  })

  test('replacements because of one change', () => {
    const changes = count(9).map((n) =>
      replace(view(n), [field(titleOf(table(n)), undefined, undefined, 'replace')], {
        cause: 'dependency',
        because: [titleOf(table(n))],
        hazards: [{ name: 'reads-source', detail: 'its data is loaded again' }],
        predecessor: { rows: 10, bytes: 1024 ** 2, keeps: [titleOf(index(n, 1))], loses: [] },
      }),
    )
    expect(show({ changes }, false, 100)).toContain(`
  ± 9 materialized views in shop
      because what they read changes · rebuilt online, then swapped; readers are not blocked
      t_1, t_2, t_3 and 6 more
      keep their owners, grants and comments, index shop.t_1_1, index shop.t_2_1, index shop.t_3_1
          and 6 more
      reload their data: about 90 rows, 9.0 MB now
`)
  })

  test('what only the ledger records', () => {
    const adopted = (n: number) => planned({ op: 'adopt', key: keyOf(table(n)), to: wanted(table(n)) }, table(n))
    const gone = (n: number) => planned({ op: 'release', key: keyOf(view(n)), because: 'it is gone' }, view(n))
    expect(show({ changes: [...count(7).map(adopted), ...count(8).map(gone)] })).toContain(`
  adopts 7 foreign tables in shop_proxy        already exists as declared
          t_1, t_2, t_3 and 4 more
  releases 8 materialized views in shop: it is gone
          t_1, t_2, t_3 and 5 more
`)
  })
})

describe('one cause is one line', () => {
  const refusalOf = (id: ObjectId, reason: string) =>
    ({ code: 'dependents/unmanaged-view', key: keyOf(id), title: titleOf(id), reason, hint: 'Drop it.' }) as const

  test('refusals', () => {
    const refusals = [...count(4).map((n) => refusalOf(view(n), 'no')), refusalOf(view(5), 'never')]
    expect(show({ refusals })).toContain(`
  refused 4 materialized views in shop: no
    t_1, t_2, t_3, t_4
    Drop it.
  refused materialized view shop.t_5: never
    Drop it.
`)
  })

  test('undetermined objects; imports have titles of their own', () => {
    const imports = ['a', 'b'].map((name) => ({
      ...refusalOf(view(1), 'asleep'),
      title: `import of ${name}`,
      follows: false,
    }))
    const text = show({ undetermined: imports })
    expect(text).toContain('undetermined import of a: asleep')
    expect(text).toContain('undetermined import of b: asleep')
  })

  test('warnings that differ only in what they concern', () => {
    const warnings = count(9).map((n) => ({ code: 'source/index' as const, message: `index i${n}: no operator class` }))
    const text = show({ warnings: [...warnings, { code: 'source/type', message: 'type t: no' }] })
    expect(text).toContain(`
  warning index i1: no operator class
    and 8 more like it; --verbose lists them
  warning type t: no
`)
    for (const { message } of warnings) expect(show({ warnings }, true)).toContain(message)
  })

  test('warnings that the last apply has reported', () => {
    const old = { code: 'source/type', message: 'type t: no', isReported: true } as const
    const text = show({ warnings: [old, old, { code: 'source/type', message: 'type u: no' }] })
    expect(text).toContain(`
  warning type u: no
  2 warnings of the last apply still hold; --verbose lists them
`)
    expect(text).not.toContain('type t')
    expect(show({ warnings: [old] }, true)).toContain('type t: no')
  })

  const failed: StepOutcome = { status: 'failed', reason: 'password authentication failed', hint: 'Check it.' }
  const all = count(69).map((n) => ({ key: keyOf(view(n)), title: titleOf(view(n)), outcome: failed }))

  const quiet = { manifest: 'm', warnings: [] }

  test('69 views with one wrong password', () => {
    const steps = all.map((step) => ({ ...step, stage: 'populate', action: 'populate' }) as const)
    expect(renderReport(reportOf(steps), { style, columns: 80 })).toBe(
      `  failed populate 69 materialized views in shop: password authentication failed
            t_1, t_2, t_3 and 66 more
            Check it.
Failed: nothing was changed.
`,
    )
    const views = all.map((each) => ({ ...each, how: undefined }))
    expect(renderRefresh({ ...quiet, views, notImported: [] }, { style, columns: 80 })).toBe(
      `  failed 69 materialized views in shop: password authentication failed
            t_1, t_2, t_3 and 66 more
            Check it.
Refreshed 0 of 69 views.
`,
    )
  })

  test('many that were refreshed, with those that took longest', () => {
    const views = count(8).map((n) => {
      return {
        key: keyOf(view(n)),
        title: titleOf(view(n)),
        how: 'plain',
        outcome: { status: 'applied', milliseconds: n },
      } as const
    })
    expect(renderRefresh({ ...quiet, views, notImported: [] }, { style, columns: 200 })).toBe(
      `  8 materialized views in shop  plain  36 ms in total
            longest: materialized view shop.t_8 8 ms, materialized view shop.t_7 7 ms, materialized view shop.t_6 6 ms
Refreshed 8 views.
`,
    )
  })

  test('problems of a manifest', () => {
    const at = (line: number) => ({ file: 'm.yaml', line, column: 3, excerpt: 'x' })
    const unset = count(4).map((n): Problem => {
      return {
        code: 'manifest/unresolved-reference',
        message: `\${env:V${n}}: the variable is not set`,
        place: at(n),
        hint: `Set V${n}.`,
      }
    })
    const unknown = count(14).map(
      (n): Problem => ({ code: 'manifest/unknown-key', message: 'unknown key "x"', place: at(n) }),
    )
    expect(renderProblems([...unset, ...unknown])).toBe(`error: m.yaml:1:3: \${env:V1}: the variable is not set
  x
    ^
  Set V1.
  and 3 more like it: \${env:V2}, \${env:V3}, \${env:V4}
error: m.yaml:1:3: unknown key "x"
  x
    ^
  and 13 more like it: 2:3, 3:3, 4:3, 5:3, 6:3, 7:3, 8:3, 9:3, 10:3, 11:3 and 3 more
`)
  })
})
