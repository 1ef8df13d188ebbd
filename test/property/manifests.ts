// Random manifests for property.test.ts: every kind of object, every attribute, odd names and values.

import fc from 'fast-check'
import {
  children,
  columnGrants,
  comment,
  grantsOf,
  maybe,
  owner,
  settings,
  sparse,
  sparseRecord,
  text,
  types as typesOfSchema,
  wrappers,
} from './parts.ts'

/** A manifest as data, and the same without what would keep it from being reached in one step: see `withoutViews`. */
export type ManifestData = Readonly<Record<string, unknown>>

const columnNames = ['id', 'Total', 'a b', 'note', 'at'] as const
const columnName = fc.constantFrom(...columnNames)

const serverOption = fc.constantFrom('host', 'dbname', 'fetch_size', 'application_name', 'use_remote_estimate')
const optionValue: Readonly<Record<string, fc.Arbitrary<string>>> = {
  host: fc.constantFrom('localhost', 'a,b', ''),
  dbname: fc.constantFrom('x', "o'brien", 'a=b c'),
  fetch_size: fc.constantFrom('1', '0100'),
  application_name: text,
  use_remote_estimate: fc.constantFrom('true', 'off'),
}
const serverOptions = fc
  .uniqueArray(serverOption)
  .chain((names) => fc.record(Object.fromEntries(names.map((name) => [name, optionValue[name] ?? text]))))

const mapping = sparseRecord({
  user: fc.option(fc.constantFrom('reader', "o'neil"), { nil: undefined }),
  password: fc.option(fc.constantFrom('secret', "p'w\\d", 'ünï'), { nil: undefined }),
})
const mappings = fc
  .uniqueArray(fc.constantFrom('public', 'case_reader', 'Case "Reader"'))
  .chain((roles) => fc.record(Object.fromEntries(roles.map((name) => [name, mapping]))))

const server = sparseRecord({
  type: fc.option(fc.constantFrom('t', "it's"), { nil: undefined }),
  version: fc.option(fc.constantFrom('1', '1.10'), { nil: undefined }),
  options: serverOptions,
  owner,
  grants: grantsOf('usage'),
  comment,
  user_mappings: mappings,
})

/** Types of columns, each with defaults and whether a collation goes with it. */
const types: readonly (readonly [type: string, defaults: readonly string[], collates: boolean])[] = [
  ['int', ['0', '1 + 1'], false],
  ['numeric(10,2)', ['0', '1.5'], false],
  ['text', ["'x'", "lower('X')"], true],
  ['varchar(10)', ["'x'"], true],
  ['timestamptz', ['now()', 'CURRENT_TIMESTAMP'], false],
  ['int[]', ["'{}'", 'ARRAY[1]'], false],
  ['proxy.zip', ["'1'"], true],
  ['proxy.level', ["'low'"], false],
  ['proxy.level[]', ["'{}'"], false],
]
const notNulls = [false, true, { no_inherit: true }, { not_valid: true }, { no_inherit: true, not_valid: true }]
const column = fc.constantFrom(...types).chain(([type, defaults, collates]) =>
  sparseRecord({
    type: fc.constant(type),
    not_null: fc.option(fc.constantFrom<boolean | object>(...notNulls), { nil: undefined }),
    default: fc.option(fc.constantFrom(...defaults), { nil: undefined }),
    collation: collates ? fc.option(fc.constant('C'), { nil: undefined }) : fc.constant(undefined),
    options: fc.option(fc.record({ column_name: text.filter((name) => name !== '') }), { nil: undefined }),
    ...settings(collates),
  }),
)
const table = fc.record({
  names: fc.uniqueArray(columnName, { minLength: 1 }),
  columns: fc.array(column, { minLength: columnNames.length, maxLength: columnNames.length }),
  check: fc.option(fc.constantFrom('id IS NOT NULL', "note <> 'x'", '"Total" IS NULL'), { nil: undefined }),
  server: fc.nat(1),
  marks: sparseRecord({ no_inherit: maybe(fc.boolean()), not_valid: maybe(fc.boolean()), comment }),
  columnGrants,
  rest: sparseRecord({
    options: fc.option(fc.record({ table_name: text }), { nil: undefined }),
    owner,
    grants: grantsOf('select', 'insert', 'delete'),
    revoked_from_owner: maybe(fc.uniqueArray(fc.constantFrom('insert', 'update', 'trigger'))),
    comment,
  }),
})

const index = fc.record({
  column: fc.nat(4),
  order: fc.option(fc.constantFrom('asc', 'desc'), { nil: undefined }),
  nulls: fc.option(fc.constantFrom('first', 'last'), { nil: undefined }),
  unique: fc.boolean(),
  where: fc.boolean(),
  form: fc.constantFrom('column', 'column', 'expression', 'words'),
  include: fc.boolean(),
  collation: fc.boolean(),
  nullsNotDistinct: fc.boolean(),
  siglen: fc.constantFrom(32, 64),
  statistics: maybe(fc.constantFrom(100, 300)),
  fillfactor: maybe(fc.constantFrom({}, { fillfactor: 70 }, { fillfactor: 90 })),
  comment,
})
const statistics = sparseRecord({
  kinds: maybe(fc.constantFrom(['ndistinct'], ['mcv', 'dependencies'])),
  target: maybe(fc.constantFrom(0, 100)),
  comment,
})
const view = fc.record({
  over: fc.option(fc.nat(1), { nil: undefined }),
  columns: fc.uniqueArray(columnName, { minLength: 1 }),
  form: fc.nat(2),
  indexes: fc.array(index, { maxLength: 2 }),
  renames: fc.boolean(),
  settings: maybe(sparseRecord(settings(false))),
  statistics: maybe(statistics),
  clusters: fc.boolean(),
  toast: fc.boolean(),
  columnGrants,
  rest: sparseRecord({
    with: fc.option(fc.constantFrom({ fillfactor: 70 }, {}, { autovacuum_enabled: 'false' }), { nil: undefined }),
    owner,
    grants: grantsOf('select'),
    comment,
  }),
})

/** Random manifests over a few names, so that any two of them have much in common. */
export const manifests = (major: number): fc.Arbitrary<ManifestData> =>
  fc
    .record({
      servers: fc.array(server, { minLength: 1, maxLength: 2 }),
      tables: fc.array(table, { maxLength: 2 }),
      views: fc.array(view, { maxLength: 2 }),
      types: typesOfSchema,
      wrappers,
      children,
      proxy: sparseRecord({ comment, owner, grants: grantsOf('usage', 'create') }),
      extension: comment,
    })
    .map(({ servers, tables, views, types: typesDrawn, wrappers: bare, children: withParents, proxy, extension }) => ({
      version: 1,
      name: 'random',
      extensions: { postgres_fdw: {}, pg_trgm: sparse({ comment: extension }) },
      foreign_data_wrappers: bare,
      servers: Object.fromEntries(servers.map((one, at) => [serverName(at), one])),
      schemas: {
        proxy: {
          ...proxy,
          types: typesDrawn,
          foreign_tables: {
            ...Object.fromEntries(tables.map((one, at) => [tableName(at), tableOf(one, servers.length, major)])),
            ...withParents,
          },
        },
        'Local Schema': {
          materialized_views: Object.fromEntries(views.map((one, at) => [`v${at}`, viewOf(one, at, tables, major)])),
        },
      },
    }))

type Drawn<A> = A extends fc.Arbitrary<infer Value> ? Value : never
type Table = Drawn<typeof table>
type View = Drawn<typeof view>

const serverName = (at: number) => ['shop', 'Other "Shop"'][at] ?? ''
const tableName = (at: number) => ['orders', 'Cust.omers'][at] ?? ''

/** A check's column has to have a type that it compares with. */
function columnsOf({ names, columns, check }: Table): ReadonlyMap<string, ManifestData> {
  const isChecked = check?.includes('note') === true
  return new Map(names.map((name, at) => [name, name === 'note' && isChecked ? { type: 'text' } : (columns[at] ?? {})]))
}

function tableOf(drawn: Table, servers: number, major: number): ManifestData {
  const { names, check, server: at, marks, rest } = drawn
  const hasColumn = check !== undefined && names.some((name) => check.includes(name))
  return {
    server: serverName(at % servers),
    columns: Object.fromEntries([...columnsOf(drawn)].map(([name, one]) => [name, known(one, major)])),
    ...(hasColumn ? { checks: { 'a check': { expression: check, ...marks } } } : {}),
    ...rest,
    ...grantsWith(rest, drawn.columnGrants, names),
  }
}

/** The manifest without attributes that only PostgreSQL 18 and later know. */
function known(drawn: ManifestData, major: number): ManifestData {
  return major < 18 && typeof drawn.not_null === 'object' ? { ...drawn, not_null: true } : drawn
}

/** With grants on columns. Those with a privilege of their own, as a role that has it on all is another matter. */
function grantsWith(
  rest: ManifestData,
  onColumns: Drawn<typeof columnGrants>,
  names: readonly string[],
): { readonly grants?: ManifestData } {
  if (!onColumns) return {}
  const update = onColumns.map(({ role, places }) => ({
    role,
    columns: [...new Set(places.map((place) => names[place % names.length] ?? ''))],
  }))
  return { grants: { ...(rest.grants as ManifestData | undefined), update } } // grantsOf has maps only
}

function viewOf(drawn: View, at: number, tables: readonly Table[], major: number): ManifestData {
  const { over, columns, form, indexes, rest } = drawn
  const below = over === undefined ? undefined : tables[over]
  const shared = below ? columns.filter((name) => below.names.includes(name)) : []
  const read: readonly string[] = shared.length > 0 ? shared : ['id']
  const typeOf = (place: number) =>
    below && shared.length > 0 ? String(columnsOf(below).get(read[place] ?? '')?.type) : 'int'
  const list = read.map((name) => `"${name}"`).join(', ')
  const from = shared.length > 0 ? `proxy."${tableName(over ?? 0)}"` : '(SELECT 1 AS id) one'
  const query = [
    `SELECT ${list} FROM ${from}`,
    `SELECT * FROM (SELECT ${list} FROM ${from}) x`,
    `SELECT ${list} FROM ${from} WHERE true;`,
  ][form]
  const names = read.map((name, place) => (place === 0 && drawn.renames ? 'First "one"' : name))
  const indexNames = indexes.map((_, number) => `v${at} index ${number}`)
  const specs = indexes.map((one) => indexOf(one, names, typeOf, major))
  const clustered = specs.findIndex(({ where }) => where === undefined)
  const isToasted = read.some((_, place) => ['text', 'int[]', 'proxy.zip'].includes(typeOf(place)))
  return {
    query,
    populate: false,
    ...(drawn.renames || drawn.settings ? { columns: [{ name: names[0], ...drawn.settings }] } : {}),
    indexes: Object.fromEntries(specs.map((one, number) => [indexNames[number], one])),
    ...(drawn.clusters && clustered >= 0 ? { cluster_on: indexNames[clustered] } : {}),
    ...(drawn.statistics && names.length > 1
      ? { statistics: { [`v${at} statistics`]: { columns: names, ...drawn.statistics } } }
      : {}),
    ...rest,
    ...(drawn.toast && isToasted ? { with: { ...(rest.with ?? {}), 'toast.autovacuum_enabled': 'false' } } : {}),
    ...grantsWith(rest, drawn.columnGrants, names),
  }
}

function indexOf(
  drawn: Drawn<typeof index>,
  names: readonly string[],
  typeOf: (place: number) => string,
  major: number,
): ManifestData {
  const place = drawn.column % names.length
  const name = names[place] ?? ''
  const quoted = `"${name.replaceAll('"', '""')}"`
  const type = typeOf(place)
  const hasWords = ['text', 'varchar(10)', 'proxy.zip'].includes(type)
  const isTree = drawn.form !== 'words' || !hasWords
  const isExpression = drawn.form === 'expression'
  const sorted = isTree ? { order: drawn.order, nulls: drawn.nulls } : {}
  const other = names.find((each) => each !== name)
  const key = isTree
    ? { collation: drawn.collation && hasWords && !isExpression ? 'C' : undefined }
    : { operator_class: { schema: 'public', name: 'gist_trgm_ops', parameters: { siglen: drawn.siglen } } }
  const isUnique = drawn.unique && isTree
  return sparse({
    method: isTree ? undefined : 'gist',
    unique: isUnique || undefined,
    nulls_not_distinct: (isUnique && major >= 15 && drawn.nullsNotDistinct) || undefined,
    columns: [
      sparse(
        isExpression
          ? { expression: `${quoted} IS NULL`, statistics: drawn.statistics, ...sorted }
          : { column: name, ...sorted, ...key },
      ),
    ],
    include: drawn.include && other !== undefined ? [other] : undefined,
    where: drawn.where ? `${quoted} IS NOT NULL` : undefined,
    with: drawn.fillfactor,
    comment: drawn.comment,
  })
}

/** The manifest without views. It can always be reached first, since nothing depends on a foreign table then. */
export function withoutViews(manifest: ManifestData): ManifestData {
  const { schemas } = manifest as { schemas: Readonly<Record<string, ManifestData>> }
  return { ...manifest, schemas: { ...schemas, 'Local Schema': {} } }
}
