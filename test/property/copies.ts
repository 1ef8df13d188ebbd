// Random materialized views and tables over what random manifests declare, with their indexes and statistics.

import fc from 'fast-check'
import {
  columnGrants,
  columnName,
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
} from './parts.ts'

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

export const copies = fc.array(
  fc.record({
    isTable: fc.boolean(),
    over: maybe(fc.nat(5)),
    columns: fc.uniqueArray(columnName, { minLength: 1 }),
    form: fc.nat(2),
    indexes: fc.array(index, { maxLength: 2 }),
    renames: fc.boolean(),
    settings: maybe(sparseRecord(settings(false))),
    statistics: maybe(statistics),
    clusters: fc.boolean(),
    toast: fc.boolean(),
    columnGrants,
    ofTable: sparseRecord({
      unlogged: maybe(fc.boolean()),
      hasKey: maybe(fc.boolean()),
      hasNotNull: maybe(fc.boolean()),
    }),
    rest: sparseRecord({
      with: fc.option(fc.constantFrom({ fillfactor: 70 }, {}, { autovacuum_enabled: 'false' }), { nil: undefined }),
      owner,
      grants: grantsOf('select'),
      comment,
    }),
  }),
  { maxLength: 2 },
)

/** A relation that a query can read: its name in SQL, and the types of its columns. */
export interface Readable {
  readonly name: string
  readonly types: ReadonlyMap<string, string>
}

/** A relation with a row, without a source. */
const oneRow: Readable = {
  name: `(SELECT 1 AS id, 2.5::numeric(10,2) AS "Total", 'x'::text AS note) one`,
  types: new Map([
    ['id', 'int'],
    ['Total', 'numeric(10,2)'],
    ['note', 'text'],
  ]),
}

/**
 * The materialized views and tables of a schema. Each may read those before it. Only those without foreign tables are loaded, since
 * the sources of these do not exist: they have names of their own, so that none of them becomes one that reads foreign tables.
 */
export function schemaOfCopies(
  drawn: { readonly copies: Drawn<typeof copies>; readonly loaded: Drawn<typeof copies> },
  tables: readonly Readable[],
  major: number,
): ManifestData {
  const views: [string, ManifestData][] = []
  const ofTables: [string, ManifestData][] = []
  const add = (some: Drawn<typeof copies>, names: string, below: readonly Readable[], how: ManifestData) => {
    const readable = [...below]
    for (const [at, one] of some.entries()) {
      const name = `${names}${at}`
      const { declared, types } = copyOf(one, name, readable, major)
      const list = one.isTable ? ofTables : views
      list.push([name, { ...declared, ...how }])
      readable.push({ name: `"Local Schema".${name}`, types })
    }
  }
  add(drawn.copies, 'v', tables, { populate: false })
  // Another owner may not have what a load takes.
  add(drawn.loaded, 'loaded', [], { owner: undefined })
  return { materialized_views: Object.fromEntries(views), tables: Object.fromEntries(ofTables) }
}

type Copy = Drawn<typeof copies>[number]

function copyOf(drawn: Copy, own: string, readable: readonly Readable[], major: number) {
  const { columns, indexes, rest } = drawn
  const below = drawn.over === undefined ? undefined : readable[drawn.over % readable.length]
  const source = below && columns.some((name) => below.types.has(name)) ? below : oneRow
  const shared = columns.filter((name) => source.types.has(name))
  const read: readonly string[] = shared.length > 0 ? shared : ['id']
  const typeOf = (place: number) => String(source.types.get(read[place] ?? ''))
  const list = read.map((name) => `"${name}"`).join(', ')
  const query = [
    `SELECT ${list} FROM ${source.name}`,
    `SELECT * FROM (SELECT ${list} FROM ${source.name}) x`,
    `SELECT ${list} FROM ${source.name} WHERE true;`,
  ][drawn.form]
  const names = read.map((name, place) => (place === 0 && drawn.renames ? 'First "one"' : name))
  const indexNames = indexes.map((_, number) => `${own} index ${number}`)
  const specs = indexes.map((one) => indexOf(one, names, typeOf, major))
  const clustered = specs.findIndex(({ where }) => where === undefined)
  const isToasted = read.some((_, place) => ['text', 'int[]', 'proxy.zip'].includes(typeOf(place)))
  const declared: ManifestData = {
    query,
    ...(drawn.renames || drawn.settings ? { columns: [{ name: names[0], ...drawn.settings }] } : {}),
    indexes: Object.fromEntries(specs.map((one, number) => [indexNames[number], one])),
    ...(drawn.clusters && clustered >= 0 ? { cluster_on: indexNames[clustered] } : {}),
    ...(drawn.statistics && names.length > 1
      ? { statistics: { [`${own} statistics`]: { columns: names, ...drawn.statistics } } }
      : {}),
    ...rest,
    ...(drawn.toast && isToasted ? { with: { ...(rest.with ?? {}), 'toast.autovacuum_enabled': 'false' } } : {}),
    ...grantsWith(rest, drawn.columnGrants, names),
    ...(drawn.isTable ? ofTable(drawn, names) : {}),
  }
  return { declared, types: new Map(names.map((name, place) => [name, typeOf(place)])) }
}

function ofTable({ ofTable: { unlogged, hasKey, hasNotNull } }: Copy, names: readonly string[]): ManifestData {
  return sparse({
    unlogged,
    primary_key: hasKey ? names.slice(0, 1) : undefined,
    not_null: hasNotNull ? names.slice(-1) : undefined,
  })
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
