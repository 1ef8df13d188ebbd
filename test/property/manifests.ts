import fc from 'fast-check'

/** A manifest as data, and the same without what would keep it from being reached in one step: see `withoutViews`. */
export type ManifestData = Readonly<Record<string, unknown>>

const text = fc.constantFrom('', 'a', "it's", 'back\\slash', 'new\nline', 'ünïcödé', '$${x}', '%s {} "')
const comment = fc.option(text, { nil: undefined })
const role = fc.constantFrom('case_reader', 'case_lead', 'Case "Reader"')
const owner = fc.option(fc.constantFrom('case_owner', 'case_lead'), { nil: undefined })
const columnNames = ['id', 'Total', 'a b', 'note', 'at'] as const
const columnName = fc.constantFrom(...columnNames)

/** Without keys that are undefined: those are not declared. */
function sparse<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<Value>
}

function sparseRecord(model: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  return fc.record(model).map(sparse)
}

const grantee = fc.oneof(role, fc.record({ role, with_grant_option: fc.boolean() }), fc.constant({ role: 'public' }))
const grantees = fc.uniqueArray(grantee, {
  maxLength: 3,
  selector: (one) => (typeof one === 'string' ? one : one.role),
})
const grantsOf = (...privileges: string[]) =>
  fc.option(
    sparseRecord(Object.fromEntries(privileges.map((name) => [name, fc.option(grantees, { nil: undefined })]))),
    {
      nil: undefined,
    },
  )

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
]
const column = fc.constantFrom(...types).chain(([type, defaults, collates]) =>
  sparseRecord({
    type: fc.constant(type),
    not_null: fc.option(fc.boolean(), { nil: undefined }),
    default: fc.option(fc.constantFrom(...defaults), { nil: undefined }),
    collation: collates ? fc.option(fc.constant('C'), { nil: undefined }) : fc.constant(undefined),
    options: fc.option(fc.record({ column_name: text.filter((name) => name !== '') }), { nil: undefined }),
    comment,
  }),
)
const table = fc.record({
  names: fc.uniqueArray(columnName, { minLength: 1 }),
  columns: fc.array(column, { minLength: columnNames.length, maxLength: columnNames.length }),
  check: fc.option(fc.constantFrom('id IS NOT NULL', "note <> 'x'", '"Total" IS NULL'), { nil: undefined }),
  server: fc.nat(1),
  rest: sparseRecord({
    options: fc.option(fc.record({ table_name: text }), { nil: undefined }),
    owner,
    grants: grantsOf('select', 'insert'),
    comment,
  }),
})

const index = fc.record({
  column: fc.nat(4),
  order: fc.option(fc.constantFrom('asc', 'desc'), { nil: undefined }),
  nulls: fc.option(fc.constantFrom('first', 'last'), { nil: undefined }),
  unique: fc.boolean(),
  where: fc.boolean(),
  comment,
})
const view = fc.record({
  over: fc.option(fc.nat(1), { nil: undefined }),
  columns: fc.uniqueArray(columnName, { minLength: 1 }),
  form: fc.nat(2),
  indexes: fc.array(index, { maxLength: 2 }),
  rest: sparseRecord({
    with: fc.option(fc.constantFrom({ fillfactor: 70 }, {}, { autovacuum_enabled: 'false' }), { nil: undefined }),
    owner,
    grants: grantsOf('select'),
    comment,
  }),
})

/** Random manifests over a few names, so that any two of them have much in common. */
export const manifests: fc.Arbitrary<ManifestData> = fc
  .record({
    servers: fc.array(server, { minLength: 1, maxLength: 2 }),
    tables: fc.array(table, { maxLength: 2 }),
    views: fc.array(view, { maxLength: 2 }),
    proxy: sparseRecord({ comment, owner, grants: grantsOf('usage', 'create') }),
  })
  .map(({ servers, tables, views, proxy }) => ({
    version: 1,
    name: 'random',
    extensions: { postgres_fdw: {} },
    servers: Object.fromEntries(servers.map((one, at) => [serverName(at), one])),
    schemas: {
      proxy: {
        ...proxy,
        foreign_tables: Object.fromEntries(tables.map((one, at) => [tableName(at), tableOf(one, servers.length)])),
      },
      'Local Schema': {
        materialized_views: Object.fromEntries(views.map((one, at) => [`v${at}`, viewOf(one, at, tables)])),
      },
    },
  }))

type Drawn<A> = A extends fc.Arbitrary<infer Value> ? Value : never
type Table = Drawn<typeof table>

const serverName = (at: number) => ['shop', 'Other "Shop"'][at] ?? ''
const tableName = (at: number) => ['orders', 'Cust.omers'][at] ?? ''

function tableOf({ names, columns, check, server: at, rest }: Table, servers: number): ManifestData {
  const isThere = check !== undefined && names.some((name) => check.includes(name))
  // A check's column has to have a type that it compares with.
  const typed = names.map((name, place) => [name, name === 'note' && isThere ? { type: 'text' } : columns[place]])
  return {
    server: serverName(at % servers),
    columns: Object.fromEntries(typed),
    ...(isThere ? { checks: { 'a check': check } } : {}),
    ...rest,
  }
}

function viewOf(
  { over, columns, form, indexes, rest }: Drawn<typeof view>,
  at: number,
  tables: readonly Table[],
): ManifestData {
  const below = over === undefined ? undefined : tables[over]
  const shared = below ? columns.filter((name) => below.names.includes(name)) : []
  const names = shared.length > 0 ? shared : ['id']
  const list = names.map((name) => `"${name}"`).join(', ')
  const from = shared.length > 0 ? `proxy."${tableName(over ?? 0)}"` : '(SELECT 1 AS id) one'
  const query = [
    `SELECT ${list} FROM ${from}`,
    `SELECT * FROM (SELECT ${list} FROM ${from}) x`,
    `SELECT ${list} FROM ${from} WHERE true;`,
  ][form]
  return {
    query,
    populate: false,
    indexes: Object.fromEntries(
      indexes.map(({ column: place, where, order, nulls, unique, comment: said }, number) => {
        const name = names[place % names.length] ?? ''
        return [
          `v${at} index ${number}`,
          sparse({
            unique: unique || undefined,
            columns: [sparse({ column: name, order, nulls })],
            where: where ? `"${name}" IS NOT NULL` : undefined,
            comment: said,
          }),
        ]
      }),
    ),
    ...rest,
  }
}

/** What can always be reached first: nothing stands on a foreign table then. */
export function withoutViews(manifest: ManifestData): ManifestData {
  const { schemas } = manifest as { schemas: Readonly<Record<string, ManifestData>> }
  return { ...manifest, schemas: { ...schemas, 'Local Schema': {} } }
}
