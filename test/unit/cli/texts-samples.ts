// What texts.test.ts renders: typical plans, reports and errors around the example shop.

import { exitCode, FdwsyncError } from '../../../src/core/errors.ts'
import type { ApplyEvent } from '../../../src/core/event.ts'
import type {
  ApplyDetails,
  History,
  RecordedApply,
  RefreshHistory,
  RefreshHistoryEntry,
} from '../../../src/core/history.ts'
import { keyOf, type ObjectId } from '../../../src/core/object.ts'
import type { Plan } from '../../../src/core/plan.ts'
import type { RefreshReport, Report, StepOutcome } from '../../../src/core/report.ts'
import type { CopyFreshness, ObjectStatus, StatusReport } from '../../../src/core/status.ts'
import type { VerifyReport } from '../../../src/core/verification.ts'
import { DatabaseError } from '../../../src/db/database-error.ts'
import { titleOf } from '../../../src/kinds/registry.ts'
import type { PlanOptions } from '../../../src/render/format.ts'
import { reportOf } from '../../support/reports.ts'
import { alter, create, drop, field, live, planned, planWith, replace, wanted } from '../render/samples.ts'

const server: ObjectId = { kind: 'server', name: 'shop' }
const mapping: ObjectId = { kind: 'userMapping', server: 'shop', role: null }
const many = Array.from({ length: 70 }, (_, at) => `t_${at + 1}`)
const columnsWith = (total: string) =>
  `id bigint, customer_id bigint, total ${total}, currency text, placed_at timestamp`
const table = { kind: 'foreignTable', schema: 'shop_proxy', name: 'orders' } satisfies ObjectId
const view = { kind: 'materializedView', schema: 'shop', name: 'orders' } satisfies ObjectId
const customers: ObjectId = { kind: 'materializedView', schema: 'shop', name: 'customers' }
const index = { kind: 'index', schema: 'shop', name: 'orders_customer_idx' } satisfies ObjectId

const query = (total: string) => `SELECT id,\n    customer_id,\n    ${total}\n   FROM shop_proxy.orders`
const loads = { name: 'reads-source', detail: 'its data is loaded' } as const
const loadStep = {
  id: 'populate',
  stage: 'populate',
  action: 'populate',
  key: keyOf(view),
  title: titleOf(view),
  after: [],
  locks: [],
  hazards: [loads],
  statements: [],
} as const

export const plans: readonly (readonly [title: string, plan: Plan, options?: Pick<PlanOptions, 'command'>])[] = [
  ['nothing to change', planWith({ unchanged: 12 })],
  [
    'a first plan',
    planWith({
      changes: [
        create(server, { summary: 'postgres_fdw', details: [['host', 'shop-db.internal']] }),
        create(mapping, { summary: 'user mirror_reader, password (secret)' }),
        create(table, { summary: 'on server shop', details: [['columns', 'id bigint NOT NULL, total numeric(10,2)']] }),
        create(view, { details: [['query', query('total')]], hazards: [loads] }),
        create(index, { summary: 'on shop.orders', details: [['index', 'btree (customer_id)']] }),
      ],
      steps: [loadStep],
    }),
  ],
  [
    'a first plan of a mirror of 70 tables',
    planWith({
      changes: [
        create(server, { summary: 'postgres_fdw', details: [['host', 'shop-db.internal']] }),
        ...many.map((name) => create({ ...table, name }, { summary: 'on server shop' })),
        ...many.map((name) => create({ ...view, name }, { hazards: [loads] })),
        ...many.map((name) => create({ ...index, name: `${name}_pkey` }, { summary: `on shop.${name}` })),
      ],
      warnings: many.map((name) => ({
        code: 'source/index',
        message: `index ${name}_x of the source is not created on shop.${name}: function f(text) does not exist`,
      })),
    }),
  ],
  [
    'a column among many is retyped',
    planWith({
      changes: [
        replace(view, [field('columns', columnsWith('numeric(10,2)'), columnsWith('numeric(12,2)'), 'replace')]),
      ],
    }),
  ],
  [
    'changes and their causes',
    planWith({
      changes: [
        alter(server, [field('option fetch_size', '5', '1000')], { cause: 'drift' }),
        alter(mapping, [field('password', '(secret)', '(secret)')]),
        alter(table, [field('column total type', 'numeric(10,2)', 'numeric(12,2)')], { cause: 'source' }),
        replace(view, [field('query', query('total'), query('total * 2 AS total'), 'replace')], {
          cause: 'manifest',
          hazards: [{ ...loads, detail: 'its data is loaded again' }],
          predecessor: { rows: 20_000, bytes: 1_400_000, keeps: ['index shop.orders_customer_idx'], loses: [] },
        }),
        replace(customers, [field(titleOf(view), undefined, undefined, 'replace')], {
          cause: 'dependency',
          because: [titleOf(view)],
        }),
        create(index, { summary: 'on shop.orders', cause: 'drift' }),
        drop({ kind: 'index', schema: 'shop', name: 'orders_day_idx' }),
        planned(
          { op: 'adopt', key: keyOf({ kind: 'schema', name: 'shop' }), to: wanted(server) },
          { kind: 'schema', name: 'shop' },
        ),
        planned(
          { op: 'release', key: keyOf(customers), because: 'it no longer exists' },
          { kind: 'materializedView', schema: 'shop', name: 'gone' },
        ),
      ],
      steps: [loadStep],
    }),
  ],
  [
    'a server of another wrapper',
    planWith({
      changes: [
        create(server, { summary: 'postgres_fdw', cause: 'manifest' }),
        planned(
          {
            op: 'drop',
            key: keyOf(server),
            from: live(server),
            renamedAsideFor: {
              op: 'replace',
              key: keyOf(server),
              from: live(server),
              to: wanted(server),
              fields: [field('wrapper', 'old_fdw', 'postgres_fdw', 'replace')],
              how: 'drop-and-create',
            },
          },
          { kind: 'server', name: 'fdwsync_old_1' },
          { cause: 'manifest' },
        ),
      ],
    }),
  ],
  [
    'a plan that cannot be applied',
    planWith({
      changes: [drop(view, { hazards: [{ name: 'drops-data', detail: 'its data is lost' }] })],
      refusals: [
        {
          code: 'dependents/unmanaged-view',
          key: keyOf(view),
          title: titleOf(view),
          reason: 'view reports.daily depends on it',
          hint: 'Drop the view first, or keep the materialized view in the manifest.',
        },
      ],
    }),
  ],
  [
    'undetermined objects and warnings',
    planWith({
      unchanged: 9,
      undetermined: [
        {
          code: 'object/locked',
          key: keyOf(view),
          title: titleOf(view),
          reason: 'another session is refreshing it',
          hint: 'Plan again when the refresh has finished.',
          follows: false,
        },
        {
          code: 'object/dependency-undetermined',
          key: keyOf(index),
          title: titleOf(index),
          reason: 'it needs an undetermined object',
          hint: '',
          follows: true,
        },
      ],
      warnings: [{ code: 'ledger/unreadable', message: 'the ledger cannot be read, so ownership is unknown' }],
    }),
  ],
  [
    'plan --drift-only --check-source',
    planWith({
      changes: [alter(server, [field('option fetch_size', '5', '1000')], { cause: 'drift' })],
      leftOut: 2,
      source: {
        servers: [{ name: 'shop', reachable: true }],
        findings: [
          {
            key: keyOf(table),
            title: titleOf(table),
            finding: 'column gone',
            column: 'total',
            here: 'numeric(10,2)',
            there: undefined,
            readsFail: true,
            message: 'the source has no column total, so reading it fails',
          },
        ],
      },
    }),
  ],
  [
    'destroy',
    planWith({
      changes: [drop(view, { hazards: [{ name: 'drops-data', detail: 'its data is lost' }] }), drop(server)],
    }),
    { command: 'destroy' },
  ],
  ['destroy, with nothing to drop', planWith({}), { command: 'destroy' }],
  [
    'release',
    planWith({
      changes: [
        planned(
          { op: 'release', key: keyOf(customers), because: 'as requested; it stays as it is' },
          { kind: 'materializedView', schema: 'shop', name: 'customers' },
        ),
      ],
    }),
    { command: 'release' },
  ],
]

const applied: StepOutcome = { status: 'applied', milliseconds: 1240 }
const failed: StepOutcome = {
  status: 'failed',
  reason: 'cannot connect to the source: connection refused',
  hint: 'Check the options host and port of server shop.',
}
const skipped: StepOutcome = { status: 'skipped', reason: 'materialized view shop.orders could not be loaded' }
const unknown: StepOutcome = { status: 'in-doubt', reason: 'the connection was lost during COMMIT' }

export const events: readonly ApplyEvent[] = [
  { type: 'waiting-for-lease', holder: 'an apply by deployer (process 4711) since 12:00:00' },
  { type: 'stage-started', stage: 'prepare', steps: 1, objects: 1 },
  { type: 'stage-started', stage: 'define', steps: 12, objects: 9 },
  { type: 'retrying', stage: 'define', reason: 'canceling statement due to lock timeout', attempt: 2 },
  { type: 'step-started', stage: 'build', key: keyOf(view), title: titleOf(view), action: 'replace' },
  { type: 'step-started', stage: 'build', key: keyOf(table), title: titleOf(table), action: 'drop' },
  { type: 'step-started', stage: 'populate', key: keyOf(customers), title: titleOf(customers), action: 'populate' },
  { type: 'step-finished', stage: 'populate', key: keyOf(customers), title: titleOf(customers), outcome: applied },
  { type: 'warning', reason: 'the refresh could not be recorded' },
  {
    type: 'progress',
    stage: 'populate',
    key: keyOf(customers),
    title: titleOf(customers),
    milliseconds: 41_000,
    lastMilliseconds: 68_000,
    index: 'shop.customers_id_idx',
    rows: 1_204_331,
  },
  {
    type: 'progress',
    stage: 'populate',
    key: keyOf(view),
    title: titleOf(view),
    milliseconds: 4000,
    waitsFor: 'process 4711 (etl, psql)',
  },
]

const step = (
  id: ObjectId,
  action: Report['steps'][number]['action'],
  outcome: StepOutcome = applied,
): Report['steps'][number] => ({
  stage: action === 'populate' ? 'populate' : 'define',
  key: keyOf(id),
  title: titleOf(id),
  action,
  outcome,
})
const report = (...steps: Report['steps']): Report => reportOf(steps, { manifest: 'shop-mirror', applyId: '0b8f2c1e' })

export const reports: readonly (readonly [title: string, report: Report])[] = [
  ['everything applied', report(step(server, 'create'), step(table, 'alter'), step(view, 'populate'))],
  ['nothing to do', { ...report(), applyId: undefined }],
  ['only the ledger changed', report()],
  ['nothing applied', report(step(server, 'create', failed))],
  [
    'applied in part',
    report(step(server, 'create'), step(view, 'populate', failed), step(customers, 'replace', skipped)),
  ],
  ['one cause for many', report(...many.map((name) => step({ ...view, name }, 'populate', failed)))],
  ['unknown outcome', report(step(server, 'create'), step(view, 'replace', unknown))],
  [
    'undetermined, with a warning of the server',
    {
      ...report(step(server, 'create')),
      warnings: [
        {
          code: 'server/notice',
          message: 'server shop: the server warns: extension "hstore" is not installed',
        },
      ],
      undetermined: [
        {
          code: 'source/not-importable',
          key: keyOf(table),
          title: titleOf(table),
          reason: 'it cannot be imported: type public.mood does not exist here',
          hint: 'Add "types: copy" to the import.',
          follows: false,
        },
      ],
    },
  ],
]

export const refreshes: readonly (readonly [title: string, report: RefreshReport])[] = [
  [
    'all views',
    {
      manifest: 'shop-mirror',
      isPreview: false,
      views: [
        { key: keyOf(view), title: titleOf(view), how: 'concurrently', outcome: applied },
        { key: keyOf(customers), title: titleOf(customers), how: 'plain', outcome: applied },
      ],
      warnings: [],
      notImported: [],
    },
  ],
  [
    'some views',
    {
      manifest: 'shop-mirror',
      isPreview: false,
      views: [
        { key: keyOf(view), title: titleOf(view), how: undefined, outcome: failed },
        { key: keyOf(customers), title: titleOf(customers), how: 'plain', outcome: applied },
      ],
      warnings: [],
      notImported: [],
    },
  ],
  [
    'a preview of a view that could not be refreshed',
    {
      manifest: 'shop-mirror',
      isPreview: true,
      views: [{ key: keyOf(view), title: titleOf(view), how: undefined, outcome: failed }],
      warnings: [],
      notImported: [],
    },
  ],
]

const verified = { rows: 1204, missing: 0, extra: 0, different: 0, milliseconds: 2100 }

export const verifications: readonly (readonly [title: string, report: VerifyReport])[] = [
  [
    'copies that are compared with their sources',
    {
      manifest: 'shop-mirror',
      copies: [
        { key: keyOf(customers), title: 'table shop.customers', verification: { status: 'same', ...verified } },
        {
          key: keyOf(view),
          title: 'materialized view shop.orders',
          verification: { status: 'different', ...verified, missing: 2, different: 1, rows: 1 },
        },
        {
          key: keyOf(view),
          title: 'materialized view shop.gone',
          verification: { status: 'failed', reason: 'it holds no data', hint: 'Run fdwsync refresh.' },
        },
        ...['first', 'second'].map((name) => ({
          key: keyOf({ ...view, name }),
          title: `materialized view shop.${name}`,
          verification: { status: 'failed', reason: 'its source cannot be reached' } as const,
        })),
      ],
    },
  ],
]

const status = (id: ObjectId, more: Partial<ObjectStatus> = {}): ObjectStatus => ({
  key: keyOf(id),
  id,
  manifests: ['shop-mirror'],
  state: 'in sync',
  reason: undefined,
  populated: undefined,
  freshness: undefined,
  indexes: undefined,
  sourceReachable: undefined,
  verification: undefined,
  isChild: false,
  ...more,
})
const database = { name: 'analytics', serverVersion: '18.4', user: 'deployer' }
const lastLoad = { endedAt: '2026-01-31T12:00:41Z', milliseconds: 41_000, rows: 1_204_331 }
const freshness: CopyFreshness = {
  recorded: {
    startedAt: '2026-01-31T12:00:00Z',
    millisecondsAgo: 720_000,
    emptyColumns: [],
    isEmptied: false,
    lastLoad,
  },
  maxAgeMilliseconds: 600_000,
  isStale: true,
  nextRun: '2026-01-31T12:15:00.000Z',
}

export const statuses: readonly (readonly [title: string, report: StatusReport])[] = [
  [
    'with a manifest',
    {
      database,
      manifest: 'shop-mirror',
      objects: [
        status(server, { state: 'drifted', reason: 'altered outside fdwsync: option fetch_size' }),
        status(mapping),
        status(table, { state: 'missing', reason: 'dropped outside fdwsync' }),
        status(view, { populated: true, indexes: 2, freshness }),
        status(customers, { state: 'not populated', populated: false, indexes: 0, manifests: ['reports'] }),
      ],
    },
  ],
  ['without managed objects', { database, manifest: undefined, objects: [] }],
]

const apply: RecordedApply = {
  id: '0b8f2c1e-8f3a-4b6e-9c1d-2f3a4b5c6d7e',
  manifest: 'shop-mirror',
  appliedBy: 'deployer',
  appliedFrom: '10.0.0.7',
  clientUser: 'ci',
  clientHost: 'runner-3',
  toolVersion: '0.1.0',
  startedAt: '2026-01-31T12:00:00.5Z',
  endedAt: '2026-01-31T12:00:02Z',
  outcome: 'applied',
  manifestDigest: 'e3b0c442',
  summary: {
    counts: { create: 1, alter: 1, replace: 0, drop: 0, adopt: 0, release: 0 },
    changes: [
      { op: 'create', address: keyOf(view), title: titleOf(view), cause: null, fields: [] },
      { op: 'alter', address: keyOf(server), title: titleOf(server), cause: 'drift', fields: ['option fetch_size'] },
    ],
  },
  commit: '4f1c2ab9d0e1f2a3',
  repository: 'https://git.example/shop',
  database: 'analytics',
  databaseOid: 16401,
  systemIdentifier: '7312345678901234567',
  madeElsewhere: false,
}

const refreshed: RefreshHistoryEntry = {
  address: '["materializedView","shop","order_lines"]',
  manifest: 'shop-mirror',
  origin: 'refresh',
  asked: 'auto',
  how: 'swap',
  because: 'readers do not wait',
  refreshedBy: 'deployer',
  startedAt: '2026-01-31T12:00:00+00:00',
  endedAt: '2026-01-31T12:00:41+00:00',
  rows: '1204331',
  inserted: '1204331',
  updated: null,
  deleted: null,
  bytes: '100663296',
  outcome: 'applied',
  reason: null,
  apply: null,
}

export const refreshHistory: RefreshHistory = {
  database: 'analytics',
  refreshes: [
    refreshed,
    {
      ...refreshed,
      address: '["materializedView","shop","orders"]',
      how: 'merge',
      because: null,
      origin: 'cron',
      rows: null,
      inserted: '3',
      updated: '7',
      deleted: '2',
    },
    {
      ...refreshed,
      outcome: 'failed',
      reason: 'permission denied for table order_lines',
      rows: null,
      inserted: null,
      bytes: null,
    },
  ],
  more: true,
}

export const histories: readonly (readonly [title: string, history: History])[] = [
  [
    'two applies of more',
    {
      database: 'analytics',
      applies: [apply, { ...apply, outcome: 'applied in part', madeElsewhere: true, database: 'staging' }],
      more: true,
    },
  ],
  ['no applies', { database: 'analytics', applies: [], more: false }],
]

export const applyDetails: ApplyDetails = {
  database: 'analytics',
  apply,
  steps: [
    { stage: 'define', action: 'create', address: keyOf(view), title: titleOf(view), outcome: 'applied', reason: null },
  ],
  refreshes: [
    {
      address: keyOf(view),
      how: 'plain',
      startedAt: '2026-01-31T12:00:01Z',
      endedAt: '2026-01-31T12:00:02Z',
      rows: '20000',
      outcome: 'applied',
      reason: null,
    },
  ],
}

const lock = (type: string) =>
  `version: 1\nname: shop-mirror\nschemas:\n  proxy:\n    foreign_tables:\n      orders:\n        server: shop\n        columns:\n          id: bigint\n          total: ${type}\n`
export const locks = [lock('numeric(10,2)'), lock('numeric(12,2)')] as const

export const commandLines = [
  'aply',
  'plan --formt json',
  'plan --format yaml',
  'apply --jobs 300',
  'apply --allow everything',
  'apply --lock-timeout soon',
  'release',
  'plan -f',
  'plan --out ',
  'plan --only ',
  'apply ',
] as const

const manifest = (text: string) => `version: 1\nname: shop-mirror\n${text}\n`

export const manifests: readonly (readonly [title: string, text: string])[] = [
  ['a file of targets in the folder of a manifest', manifest('targets:\n  eu: postgresql://eu/shop')],
  ['an unknown key', manifest('schemas:\n  shop:\n    materialised_views: {}')],
  ['a duplicate key', manifest('servers:\n  shop: {}\n  shop: {}')],
  [
    'a missing key, and a wrong type',
    manifest('schemas: { proxy: { foreign_tables: { orders: { columns: [id] } } } }'),
  ],
  ['SQL that does not parse', manifest('schemas: { shop: { materialized_views: { orders: { query: SELEC 1 } } } }')],
  ['a missing variable', manifest('servers: { shop: { options: { host: "${env:SHOP_HOST}" } } }')],
  ['invalid YAML', manifest('servers: { shop: { options: [ }')],
  ['a reference without quotes', manifest('servers: { shop: { options: { host: ${env:SHOP_HOST}, port: "5432" } } }')],
]

export const errors: readonly (readonly [title: string, error: unknown])[] = [
  [
    'a refused hazard',
    new FdwsyncError(
      {
        code: 'plan/hazard',
        message: 'materialized view shop.orders: its data is lost',
        hint: 'To allow it, use --allow drops-data.',
      },
      exitCode.refused,
    ),
  ],
  [
    'an error of the server',
    new DatabaseError(
      {
        message: 'permission denied for foreign-data wrapper postgres_fdw',
        code: '42501',
        detail: 'The role has no USAGE privilege.',
      },
      [],
    ),
  ],
]
