// Random manifests for property.test.ts: every kind of object, every attribute, odd names and values.

import fc from 'fast-check'
import { copies, type Readable, schemaOfCopies } from './copies.ts'
import {
  children,
  columnGrants,
  columnName,
  columnNames,
  comment,
  type Drawn,
  grantsOf,
  grantsWith,
  type ManifestData,
  maybe,
  owner,
  settings,
  sparse,
  sparseRecord,
  text,
  types as typesOfSchema,
  wrappers,
} from './parts.ts'

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

/** Random manifests over a few names, so that any two of them have much in common. */
export const manifests = (major: number): fc.Arbitrary<ManifestData> =>
  fc
    .record({
      servers: fc.array(server, { minLength: 1, maxLength: 2 }),
      tables: fc.array(table, { maxLength: 2 }),
      copies,
      loaded: copies,
      types: typesOfSchema,
      wrappers,
      children,
      proxy: sparseRecord({ comment, owner, grants: grantsOf('usage', 'create') }),
      extension: comment,
    })
    .map(
      ({ servers, tables, types: typesDrawn, wrappers: bare, children: withParents, proxy, extension, ...local }) => ({
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
          'Local Schema': schemaOfCopies(local, tables.map(readableOf), major),
        },
      }),
    )

type Table = Drawn<typeof table>

const serverName = (at: number) => ['shop', 'Other "Shop"'][at] ?? ''
const tableName = (at: number) => ['orders', 'Cust.omers'][at] ?? ''

/** A check's column has to have a type that it compares with. */
function columnsOf({ names, columns, check }: Table): ReadonlyMap<string, ManifestData> {
  const isChecked = check?.includes('note') === true
  return new Map(names.map((name, at) => [name, name === 'note' && isChecked ? { type: 'text' } : (columns[at] ?? {})]))
}

function readableOf(drawn: Table, at: number): Readable {
  const types = [...columnsOf(drawn)].map(([name, { type }]) => [name, String(type)] as const)
  return { name: `proxy."${tableName(at)}"`, types: new Map(types) }
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

/** The manifest without copies. It can always be reached first, since nothing depends on a foreign table then. */
export function withoutCopies(manifest: ManifestData): ManifestData {
  const { schemas } = manifest as { schemas: Readonly<Record<string, ManifestData>> }
  return { ...manifest, schemas: { ...schemas, 'Local Schema': {} } }
}
