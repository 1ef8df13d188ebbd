// The parts of random manifests: names, texts, grants, column settings, types, wrappers, children of tables.

import fc from 'fast-check'

/** A manifest, or a part of it, as data. */
export type ManifestData = Readonly<Record<string, unknown>>

/** What an arbitrary draws. */
export type Drawn<A> = A extends fc.Arbitrary<infer Value> ? Value : never

export const columnNames = ['id', 'Total', 'a b', 'note', 'at'] as const
export const columnName = fc.constantFrom(...columnNames)

export const text = fc.constantFrom('', 'a', "it's", 'back\\slash', 'new\nline', 'ünïcödé', '$${x}', '%s {} "')
export const comment = fc.option(text, { nil: undefined })
export const role = fc.constantFrom('case_reader', 'case_lead', 'Case "Reader"')
export const owner = fc.option(fc.constantFrom('case_owner', 'case_lead'), { nil: undefined })

/** The value without undefined keys, which are not declared. */
export function sparse<Value extends object>(value: Value): Partial<Value> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<Value>
}

export function sparseRecord(
  model: Record<string, fc.Arbitrary<unknown>>,
): fc.Arbitrary<Readonly<Record<string, unknown>>> {
  return fc.record(model).map(sparse)
}

export const grantee = fc.oneof(
  role,
  fc.record({ role, with_grant_option: fc.boolean() }),
  fc.constant({ role: 'public' }),
)
export const grantees = fc.uniqueArray(grantee, {
  maxLength: 3,
  selector: (one) => (typeof one === 'string' ? one : one.role),
})
export const grantsOf = (...privileges: string[]) =>
  fc.option(
    sparseRecord(Object.fromEntries(privileges.map((name) => [name, fc.option(grantees, { nil: undefined })]))),
    {
      nil: undefined,
    },
  )

export const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: undefined })

/** Grants on some columns by position, since only the relation knows their names. */
export const columnGrants = maybe(
  fc.uniqueArray(fc.record({ role, places: fc.uniqueArray(fc.nat(4), { minLength: 1, maxLength: 3 }) }), {
    maxLength: 2,
    selector: ({ role: name }) => name,
  }),
)

/** With grants on columns. Those with a privilege of their own, as a role that has it on all is another matter. */
export function grantsWith(
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

/** Settings of a column. Storage is for types that can be kept elsewhere. */
export const settings = (isLong: boolean) => ({
  statistics: maybe(fc.constantFrom(0, 100, 500)),
  storage: isLong ? maybe(fc.constantFrom('external', 'main', 'plain')) : fc.constant(undefined),
  attributes: maybe(fc.constantFrom({}, { n_distinct: 5 }, { n_distinct: -0.5 })),
  comment,
})

const enumeration = sparseRecord({
  enum: fc.shuffledSubarray(['sad', "it's", 'ok', 'Happy'], { minLength: 1 }),
  owner,
  grants: grantsOf('usage'),
  comment,
})
// What columns use may only change in what can be altered.
const domain = sparseRecord({
  domain: fc.constant('text'),
  not_null: maybe(fc.boolean()),
  default: maybe(fc.constantFrom("'0'", "lower('X')")),
  checks: maybe(
    fc.constantFrom<object>(
      {},
      { digits: "value ~ '^[0-9]*$'" },
      { digits: { expression: 'value IS NOT NULL', comment: 'there' }, 'a short': 'length(value) < 9' },
      { digits: { expression: "value ~ '^[0-9]*$'", not_valid: true } },
    ),
  ),
  owner,
  grants: grantsOf('usage'),
  comment,
})
const composite = sparseRecord({
  composite: fc.constantFrom<object>(
    { street: 'text' },
    { street: { type: 'varchar(20)', collation: 'C', comment: 'and number' }, zip: 'proxy.zip' },
    { street: 'int', 'a b': 'int' },
  ),
  owner,
  grants: grantsOf('usage'),
  comment,
})

export const types = sparseRecord({
  level: fc.constant({ enum: ['low', 'high'] }),
  zip: domain,
  mood: maybe(enumeration),
  place: maybe(composite),
  length: maybe(
    fc.constantFrom<object>({ range: 'float8', subtype_diff: 'float8mi' }, { range: 'text', collation: 'C' }),
  ),
})

export const wrappers = sparseRecord({
  bare: maybe(
    sparseRecord({
      options: maybe(fc.dictionary(fc.constantFrom('debug', 'Odd "one"'), text)),
      grants: grantsOf('usage'),
      comment,
    }),
  ),
})

const own = sparseRecord({
  type: fc.constant('text'),
  options: maybe(fc.constant({ column_name: 'x' })),
  ...settings(true),
})

/** Foreign tables with parents, which property.test.ts creates. */
export const children = sparseRecord({
  child: maybe(
    sparseRecord({
      server: fc.constant('shop'),
      // One: the order of several is that in which they came.
      inherits: maybe(fc.constantFrom(['base'], ['other'])),
      columns: fc.constantFrom('own', 'more').chain((name) => fc.record({ [name]: own })),
      owner,
      grants: grantsOf('select'),
      comment,
    }),
  ),
  part: maybe(
    sparseRecord({
      server: fc.constant('shop'),
      partition_of: fc.constantFrom<object>(
        { table: 'days', for_values: 'FROM (1) TO (2)' },
        { table: 'days', for_values: 'FROM (1) TO (3)' },
        { table: 'days', default: true },
        { table: { schema: 'public', name: 'Other days' }, for_values: "IN ('a', NULL)" },
      ),
      comment,
    }),
  ),
})
