// Plans as text, and the JSON documents against their schemas.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { Chalk } from 'chalk'
import { describe, expect, test } from 'vitest'
import { keyOf, type ObjectId } from '../../../../src/core/object.ts'
import type { Plan, Refusal, Replacement, Undetermined } from '../../../../src/core/plan.ts'
import { Secret } from '../../../../src/core/secret.ts'
import { statement, statementOf, trusted } from '../../../../src/core/sql.ts'
import { titleOf } from '../../../../src/kinds/registry.ts'
import { planJson } from '../../../../src/render/json/plan.ts'
import { refreshJson, reportJson } from '../../../../src/render/json/report.ts'
import { verifyJson } from '../../../../src/render/json/verify.ts'
import { widthOf } from '../../../../src/render/text/layout.ts'
import { renderPlan } from '../../../../src/render/text/plan.ts'
import { renderReport } from '../../../../src/render/text/report.ts'
import { reportOf } from '../../../support/reports.ts'
import { alter, create, drop, field, live, planned, planWith, replace, wanted } from '../samples.ts'

const style = new Chalk({ level: 0 })
const canary = 'c4n4ry-s3cr3t'

const table: ObjectId = { kind: 'foreignTable', schema: 'shop_proxy', name: 'orders' }
const view: ObjectId = { kind: 'materializedView', schema: 'shop', name: 'orders' }
const mapping: ObjectId = { kind: 'userMapping', server: 'shop', role: null }

const show = (plan: Plan, columns = 80) => renderPlan(plan, { style, columns })
const lines = (plan: Plan, columns?: number) => show(plan, columns).split('\n')

const undetermined: Undetermined = {
  code: 'object/hidden-options',
  key: keyOf(view),
  title: titleOf(view),
  reason: 'it is being refreshed',
  hint: 'Plan again.',
  follows: false,
}
const refusal: Refusal = {
  code: 'dependents/unmanaged-view',
  key: keyOf(table),
  title: titleOf(table),
  reason: 'view v depends on it',
  hint: 'Drop it.',
}
const importRefusal = (schema: string, server = 'shop'): Refusal => ({
  code: 'source/rejected',
  key: keyOf({ kind: 'server', name: server }),
  title: `import into schema ${schema}`,
  reason: 'its source could not be asked: wrong password',
  hint: 'Check it.',
})

test('an object that the manifest renames is shown with its former name', () => {
  const renamed = {
    op: 'alter',
    key: keyOf(table),
    from: { ...live(table), isRenamedByManifest: true },
    to: wanted(table),
    fields: [{ field: 'name', from: 'shop_proxy.old', to: 'shop_proxy.orders', effect: { how: 'rename' } }],
  } as const
  const plan = planWith({ changes: [planned(renamed, table, { cause: 'manifest' })] })
  expect(show(plan, 120)).toContain('renamed from shop_proxy.old')
  expect(planJson(plan)).toMatchObject({
    changes: [{ op: 'alter', fields: [{ field: 'name', from: 'shop_proxy.old', effect: 'rename' }] }],
  })
})

test('a server that is renamed aside is shown with its former name, why, and until when', () => {
  const server: ObjectId = { kind: 'server', name: 'shop' }
  const old: ObjectId = { kind: 'server', name: 'fdwsync_old_1' }
  const fields = [field('type', 'a', 'b', 'replace'), field('server x', undefined, undefined, 'replace')]
  const renamedAsideFor = { op: 'replace', key: keyOf(server), from: live(server), to: wanted(server), fields } as const
  const change = {
    op: 'drop',
    key: keyOf(old),
    from: live(old),
    renamedAsideFor: { ...renamedAsideFor, how: 'drop-and-create' },
  } as const
  const plan = planWith({ changes: [planned(change, old, { cause: 'manifest' })] })
  expect(lines(plan, 120).slice(2, 5)).toEqual([
    '  - server fdwsync_old_1                      formerly server shop; kept until its dependents are swapped',
    '      type   a → b   forces replacement',
    '',
  ])
  expect(planJson(plan)).toMatchObject({
    changes: [{ op: 'drop', address: old, setAsideFor: server, fields: [{ field: 'type' }, { field: 'server x' }] }],
  })
})

const schema = (name: string) => {
  const ajv = new Ajv2020({ strict: true, allowUnionTypes: true })
  return ajv.compile(
    JSON.parse(readFileSync(join(import.meta.dirname, '../../../../schemas', `${name}.schema.json`), 'utf8')),
  )
}

test('what leaves its name and is dropped last is shown with both', () => {
  const old: ObjectId = { kind: 'materializedView', schema: 'shop', name: 'fdwsync_old_1' }
  const formerly = { id: view, takenBy: keyOf(table) }
  const change = { op: 'drop', key: keyOf(old), from: live(old), formerly, dropped: 'last' } as const
  const step = { id: '1', stage: 'build', key: keyOf(old), title: titleOf(old), action: 'drop' } as const
  const plan = planWith({
    changes: [planned(change, old, { cause: 'manifest' })],
    steps: [{ ...step, after: [], locks: [], hazards: [], statements: [], last: true }],
  })
  expect(lines(plan, 120)[2]).toBe(
    `  - materialized view shop.fdwsync_old_1      formerly ${titleOf(view)} · no longer declared · dropped last`,
  )
  const document: unknown = JSON.parse(JSON.stringify(planJson(plan)))
  expect(document).toMatchObject({ changes: [{ op: 'drop', address: old, formerly: view }], steps: [{ last: true }] })
  const validate = schema('plan')
  expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
})

describe('the last line', () => {
  const cases: readonly (readonly [name: string, plan: Plan, line: string])[] = [
    ['nothing to do', planWith({ unchanged: 12 }), 'Nothing to change: 12 objects as declared.'],
    [
      'something undetermined',
      planWith({ unchanged: 3, undetermined: [undetermined] }),
      '3 objects as declared · 1 object undetermined, so there may be changes',
    ],
    ['a change', planWith({ changes: [create(table), drop(view)] }), '1 to create, 1 to drop'],
    [
      'a change and something undetermined',
      planWith({ changes: [create(table)], undetermined: [undetermined] }),
      '1 to create · 1 object undetermined',
    ],
    ['a refusal', planWith({ refusals: [refusal] }), 'This plan cannot be applied; see the refusals.'],
    [
      'an object that is refused and undetermined: it is listed as refused only',
      planWith({ refusals: [refusal], undetermined: [{ ...undetermined, key: refusal.key }] }),
      'This plan cannot be applied; see the refusals.',
    ],
    [
      'only adoption',
      planWith({ changes: [planned({ op: 'adopt', key: keyOf(table), to: wanted(table) }, table)] }),
      'Nothing to change: 1 object as declared. 1 object to record in the ledger.',
    ],
    [
      'only a release',
      planWith({
        changes: [planned({ op: 'release', key: keyOf(table), because: 'as requested' }, table)],
        unchanged: 0,
      }),
      'Nothing to change: 1 object to release.',
    ],
  ]
  test.each(cases)('%s', (_name, plan, line) => expect(lines(plan).at(-2)).toBe(line))
})

describe('a change', () => {
  const cases: readonly (readonly [name: string, plan: Plan, fragments: readonly string[]])[] = [
    [
      'side by side',
      planWith({
        changes: [
          alter(
            table,
            [field('column total type', 'numeric(10,2)', 'numeric(12,2)'), field('comment', undefined, 'x')],
            { cause: 'drift' },
          ),
        ],
      }),
      [
        '  ~ foreign table shop_proxy.orders           drifted: altered outside fdwsync',
        '      column total type   numeric(10,2) → numeric(12,2)\n      comment             added: x',
      ],
    ],
    [
      'an empty value is visible',
      planWith({ changes: [alter(table, [field('option a', 'x', '')])] }),
      ["option a   x → ''"],
    ],
    [
      'a secret',
      planWith({
        changes: [alter(mapping, [field('password', '(secret)', '(secret)'), field('token', undefined, '(secret)')])],
      }),
      ['password   (secret changed)', 'token      (secret added)'],
    ],
    [
      'a query as a diff that forces a replacement',
      planWith({
        changes: [
          replace(view, [
            field(
              'query',
              'SELECT id,\n    total\n  FROM x',
              'SELECT id,\n    total * 2 AS total\n  FROM x',
              'replace',
            ),
          ]),
        ],
      }),
      [
        '  ± materialized view shop.orders\n      rebuilt online, then swapped; readers are not blocked',
        'query   forces replacement',
        '      -    total\n      +    total * 2 AS total\n         FROM x',
      ],
    ],
    [
      'a hazard that must be allowed',
      planWith({ changes: [drop(view, { hazards: [{ name: 'drops-data', detail: 'its data is lost' }] })] }),
      [
        '  - materialized view shop.orders             no longer declared',
        '! its data is lost: needs --allow drops-data',
      ],
    ],
    [
      'why',
      planWith({ changes: [replace(view, [], { cause: 'dependency', because: [titleOf(table)] })] }),
      ['because foreign table shop_proxy.orders changes'],
    ],
    [
      'what a replacement keeps, and how much data it loads',
      planWith({
        changes: [
          replace(table, [{ ...field(titleOf(view), undefined, undefined, 'replace'), readsEmpty: true }]),
          replace(view, [field(titleOf(table), undefined, undefined, 'replace')], {
            predecessor: {
              rows: 1_234_567,
              bytes: 5_300_000,
              keeps: ['index shop.by_total', 'trigger noted'],
              loses: [],
            },
            hazards: [{ name: 'reads-source', detail: 'its data is loaded again' }],
          }),
          replace(table, [], { predecessor: { rows: null, bytes: 0, keeps: [], loses: [] } }),
          replace(
            table,
            [field('owner', 'etl', 'app'), field('grant select', 'a', 'b'), field('column id comment', 'a', 'b')],
            {
              predecessor: { rows: null, bytes: 0, keeps: ['trigger noted'], loses: [] },
            },
          ),
        ],
      }),
      [
        '      keeps its other grants and other comments, trigger noted\n',
        'materialized view shop.orders   reads its new columns   forces replacement',
        'foreign table shop_proxy.orders   also replaced   forces replacement',
        '      keeps its owner, grants and comments, index shop.by_total, trigger noted\n      reloads its data: about 1,234,567 rows, 5.1 MB now\n',
        '      keeps its owner, grants and comments\n',
      ],
    ],
    [
      'refusals, undetermined objects and warnings',
      planWith({
        refusals: [refusal],
        undetermined: [undetermined],
        warnings: [{ code: 'source/type', message: 'mind this' }],
      }),
      [
        '  refused foreign table shop_proxy.orders: view v depends on it\n    Drop it.',
        '  undetermined materialized view shop.orders: it is being refreshed\n    Plan again.',
        '  warning mind this',
      ],
    ],
    [
      'one cause of objects of several kinds',
      planWith({
        undetermined: [view, table, mapping, { ...table, name: 'lines' }].map((id) => ({
          ...undetermined,
          key: keyOf(id),
          title: titleOf(id),
        })),
      }),
      [
        '  undetermined 4 objects: it is being refreshed\n    materialized view shop.orders, 2 foreign tables in shop_proxy, user mapping',
      ],
    ],
    [
      'one cause of several imports through one server',
      planWith({ refusals: [importRefusal('a'), importRefusal('b')] }),
      [
        '  refused server shop: its source could not be asked: wrong password\n    import into schema a, import into schema b\n    Check it.\n',
      ],
    ],
    [
      'one import through a server',
      planWith({ refusals: [importRefusal('a')] }),
      ['  refused import into schema a: its source could not be asked: wrong password\n    Check it.\n'],
    ],
    [
      'one cause of imports through several servers',
      planWith({ refusals: [importRefusal('a'), importRefusal('b'), importRefusal('c', 'other')] }),
      [
        '  refused 3 objects: its source could not be asked: wrong password\n    import into schema a, import into schema b, import into schema c\n',
      ],
    ],
  ]
  test.each(cases)('%s', (_name, plan, fragments) => {
    for (const fragment of fragments) expect(show(plan)).toContain(fragment)
  })

  test('text from a manifest or a server cannot forge a line or control the terminal', () => {
    const evil = 'x\n\n0 to create\u001b[2J\r\u202eabc\u200b'
    const id: ObjectId = { kind: 'server', name: evil }
    const text = show(
      planWith({
        changes: [alter(id, [field(`option ${evil}`, evil, 'y')], { hazards: [{ name: 'drops-data', detail: evil }] })],
        warnings: [{ code: 'source/type', message: evil }],
        manifest: evil,
      }),
    )
    expect(text.split('\n').filter((line) => line.startsWith('0 to create'))).toEqual([])
    expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e\u200b]/u)
  })

  test.each([120, 80, 40])('no line is wider than %d columns, unless one word is', (columns) => {
    const plan = planWith({
      changes: [
        alter(table, [field('column total type', 'numeric(10,2)', 'numeric(12,2)')], { cause: 'drift' }),
        create(view, { details: [['query', `SELECT ${'column_name, '.repeat(30)} x FROM y`]] }),
      ],
      refusals: [refusal],
      undetermined: [undetermined],
    })
    expect(lines(plan, columns).filter((line) => widthOf(line) > columns)).toEqual([])
  })
})

describe('documents', () => {
  const secret = new Secret(canary)
  const member: Replacement = {
    key: keyOf(view),
    title: 'v',
    scratch: 'x',
    path: 'manifest',
    statements: [statement(trusted('CREATE …'))],
    load: [],
    children: [],
    swap: { out: [statement(trusted('DROP …'))], in: [] },
    repoints: [],
    hazards: [],
  }
  const step = {
    id: 's',
    stage: 'define',
    key: keyOf(mapping),
    title: titleOf(mapping),
    after: [],
    locks: [keyOf(mapping)],
    hazards: [],
  } as const
  const full = planWith({
    changes: [
      create(table),
      drop(mapping),
      alter(mapping, [field('password', '(secret)', '(secret)')], { cause: 'dependency', because: ['x'] }),
      replace(view, [field('query', 'a', 'b', 'replace')], {
        predecessor: { rows: null, bytes: 1, keeps: ['x'], loses: [] },
      }),
      planned({ op: 'release', key: keyOf(view), because: 'gone' }, view),
    ],
    steps: [
      {
        ...step,
        action: 'alter',
        statements: [statementOf([trusted('ALTER … OPTIONS (ADD password '), secret, trusted(')')])],
      },
      { ...step, stage: 'build', action: 'replace', members: [member] },
    ],
    refusals: [refusal],
    undetermined: [undetermined],
    warnings: [{ code: 'source/type', message: 'w' }],
  })
  const warning = { code: 'server/notice', message: 'mind this', hint: 'h', key: keyOf(table) } as const
  const report = reportOf(
    [
      {
        stage: 'define',
        key: keyOf(table),
        title: 't',
        action: 'create',
        outcome: { status: 'applied', milliseconds: 1 },
      },
      {
        stage: 'populate',
        key: keyOf(view),
        title: 'v',
        action: 'populate',
        outcome: { status: 'failed', reason: 'r', hint: 'h' },
      },
    ],
    { warnings: [warning] },
  )

  test('a plan matches its schema and contains no secret', () => {
    const document: unknown = JSON.parse(JSON.stringify(planJson(full)))
    const validate = schema('plan')
    expect(validate(document), JSON.stringify(validate.errors)).toBe(true)
    expect(JSON.stringify(document)).not.toContain(canary)
    expect(document).toMatchObject({ summary: { create: 1, alter: 1, replace: 1, drop: 1, release: 1 } })
  })
  test('a report matches its schema', () => {
    const validate = schema('report')
    expect(validate(JSON.parse(JSON.stringify(reportJson(report)))), JSON.stringify(validate.errors)).toBe(true)
  })
  test('a refresh matches its schema', () => {
    const validate = schema('refresh')
    const notImported = [{ key: keyOf(table), title: 't', reason: 'r' }]
    const views = [
      { key: keyOf(view), title: 'v', how: undefined, outcome: { status: 'skipped', reason: 'r' } as const },
    ]
    expect(
      validate(
        JSON.parse(
          JSON.stringify(refreshJson({ manifest: 'm', isPreview: false, views, warnings: [warning], notImported })),
        ),
      ),
      JSON.stringify(validate.errors),
    ).toBe(true)
  })
  test('a comparison matches its schema', () => {
    const validate = schema('verify')
    const [key, title] = [keyOf(table), 't']
    const rows = { rows: 2, missing: 0, extra: 1, different: 0, milliseconds: 1.5 }
    const copies = [
      { key, title, verification: { status: 'different', ...rows } as const },
      { key, title, verification: { status: 'failed', reason: 'r' } as const },
    ]
    expect(
      validate(JSON.parse(JSON.stringify(verifyJson({ manifest: 'm', copies })))),
      JSON.stringify(validate.errors),
    ).toBe(true)
  })
  test('a report ends with a summary in one sentence', () => {
    const text = renderReport(report, { style, columns: 80 })
    expect(text).toContain('failed populate v: r')
    expect(text.trimEnd().split('\n').at(-1)).toBe('Applied in part: 1 created; 1 copy could not be loaded.')
  })
})
