// What a foreign table inherits from its parents, and which differences are therefore not its own.
import type { FieldChange } from '../../core/change.ts'
import { ident } from '../../core/sql.ts'
import type { Check, Checks } from '../facets/columns/checks.ts'
import type { Column, Columns } from '../facets/columns/columns.ts'
import { settleSettings } from '../facets/columns/settings.ts'
import { nameOf, type ObjectName } from '../facets/names.ts'
import { record } from '../facets/options.ts'
import type { StandInOf } from '../probing.ts'
import { hasParents, keptParents, noParents, type Parents, parentsIn, sameParent } from './parents.ts'

interface Table extends Partial<Parents> {
  readonly columns: Columns
  readonly checks: Checks
}

/** The parents, columns and checks to compare, without what only the parents can change. */
export function comparedParts(from: Table, to: Table, declared: Table, last: Table | undefined) {
  const parents = { from: parentsIn(from), to: parentsIn(to) }
  const plain = <Part>(part: (table: Table) => Readonly<Record<string, Part>>) => ({
    from: part(from),
    to: part(to),
    declared: part(declared),
  })
  if (!hasParents(parents.from) && !hasParents(parents.to))
    return { parents, columns: plain(({ columns }) => columns), checks: plain(({ checks }) => checks) }
  const kept = keptParents(parents.from, parents.to)
  const sides = <Part>(of: (table: Table) => Readonly<Record<string, Part>>): SidesWithParents<Part> => ({
    from: of(from),
    to: of(to),
    declared: of(declared),
    last: last && of(last),
    kept,
  })
  return {
    parents,
    columns: { ...comparedColumns(sides(({ columns }) => columns)), declared: declared.columns },
    checks: { ...comparedChecks(sides(({ checks }) => checks)), declared: declared.checks },
  }
}

interface Sides<Part> {
  readonly from: Readonly<Record<string, Part>>
  readonly to: Readonly<Record<string, Part>>
}

interface SidesWithParents<Part> extends Sides<Part> {
  readonly declared: Readonly<Record<string, Part>>
  readonly last: Readonly<Record<string, Part>> | undefined
  /** The parents that the table has and keeps. */
  readonly kept: readonly ObjectName[]
}

/**
 * While a table keeps a parent, PostgreSQL adds, drops and retypes inherited columns with those of the parent, and generates them
 * alike. Settings of inherited columns are left alone unless the manifest declares them. A default that is not declared is the
 * parent's, as in a new table.
 */
function comparedColumns({ from, to, declared, last, kept }: SidesWithParents<Column>): Sides<Column> {
  const added = Object.entries(to).filter(
    ([name, wanted]) => !own(from, name) && isInheritedFrom(wanted, kept) && own(declared, name),
  )
  return {
    from: record([
      ...Object.entries(from).filter(
        ([name, column]) => Object.hasOwn(to, name) || column.isLocal || !isInheritedFrom(column, kept),
      ),
      ...added.map(([name, wanted]) => [name, asAddedWithParent(wanted)] as const),
    ]),
    to: record(
      Object.entries(to).flatMap(([name, wanted]) => {
        const before = own(from, name)
        if (!before) return isInheritedFrom(wanted, kept) && !own(declared, name) ? [] : [[name, wanted] as const]
        if (!wanted.inheritedFrom?.length) return [[name, wanted] as const]
        const column = { before, wanted, declared: own(declared, name), last: own(last, name) }
        return [[name, asDecidedHere(column, kept)] as const]
      }),
    ),
  }
}

/**
 * A column as it is in a child when PostgreSQL has added it along with the parent's, before the declaration of the child applies.
 */
function asAddedWithParent({ type, collation, generated, virtual, inheritedFrom, parents }: Column): Column {
  return {
    type,
    collation,
    notNull: parents?.notNull ?? false,
    default: generated === null ? (parents?.value ?? null) : null,
    generated,
    virtual,
    options: {},
    ...(inheritedFrom ? { inheritedFrom } : {}),
  }
}

interface InheritedColumn {
  readonly before: Column
  readonly wanted: Column
  readonly declared: Column | undefined
  readonly last: Column | undefined
}

/** The wanted form of an inherited column, with the live values of everything that the table itself does not decide. */
function asDecidedHere({ before, wanted, declared, last }: InheritedColumn, kept: readonly ObjectName[]): Column {
  const declaresValue = [declared, last].some(
    (column) => column && (column.default !== null || column.generated !== null),
  )
  const isGenerated = wanted.generated !== null || before.generated !== null
  const { type, collation, notNullMark = null, default: value, generated, virtual } = before
  return {
    ...wanted,
    ...(isInheritedFrom(before, kept) ? { type, collation } : {}),
    ...(declared?.notNull ? {} : { notNullMark }),
    ...(isGenerated && !declaresValue ? { default: value, generated, virtual } : {}),
    ...(declared ? {} : settleSettings({}, last, undefined)),
  }
}

/** The same for checks. A check that is declared too can still be validated, and a comment that was declared be removed. */
function comparedChecks({ from, to, declared, last, kept }: SidesWithParents<Check>): Sides<Check> {
  const isParents = (name: string, check: Check) => isInheritedFrom(check, kept) && !own(declared, name)
  const hadComment = (name: string) => own(last, name)?.comment !== undefined && own(from, name) && own(to, name)
  return {
    from: record(Object.entries(from).filter(([name, check]) => !isParents(name, check) || hadComment(name))),
    to: record(
      Object.entries(to).flatMap(([name, wanted]) => {
        const before = own(from, name)
        if (isParents(name, wanted))
          return before && hadComment(name) ? [[name, { ...before, comment: '' }] as const] : []
        if (!before || !isInheritedFrom(before, kept)) return [[name, wanted] as const]
        const { expression, noInherit } = before
        const mark = (before.mark === 'NOT VALID' ? wanted.mark : before.mark) ?? null
        return [[name, { ...wanted, expression, noInherit, mark }] as const]
      }),
    ),
  }
}

function isInheritedFrom({ inheritedFrom = [] }: Column | Check, parents: readonly ObjectName[]): boolean {
  return inheritedFrom.some((parent) => parents.some((one) => sameParent(one, parent)))
}

function own<Part>(parts: Readonly<Record<string, Part>> | undefined, name: string): Part | undefined {
  return parts && Object.hasOwn(parts, name) ? parts[name] : undefined
}

/** A column for use in statements: with its SQL as declared, if it is declared. */
export function sourceOf(name: string, wanted: Column, declared: Columns): Column {
  const source = own(declared, name)
  if (!source) return wanted
  return {
    ...source,
    notNull: wanted.notNull,
    notNullMark: wanted.notNullMark ?? null,
    default: source.default ?? wanted.default,
    generated: source.generated ?? wanted.generated,
    virtual: wanted.virtual,
  }
}

/** The columns for an export: without what is just inherited. */
export function ownColumns(columns: Columns): Columns {
  return record(
    Object.entries(columns).flatMap(([name, column]) => {
      if (!column.parents) return [[name, column] as const]
      const part = withoutInherited(column, column.parents)
      return isBare(part) ? [] : [[name, part] as const]
    }),
  )
}

function withoutInherited(column: Column, parents: NonNullable<Column['parents']>): Column {
  const { notNull, default: value, generated } = column
  const own = value ?? generated
  const isTheirs = parents.value !== null && parents.value === own
  // A table that was attached, or altered since, may lack the default that a new one gets from its parent.
  const lacksTheirs = parents.value !== null && own === null
  return {
    ...column,
    notNull: notNull && !parents.notNull,
    ...(isTheirs ? { default: null, generated: null } : {}),
    ...(lacksTheirs ? { default: 'NULL' } : {}),
  }
}

/** Whether it has nothing that its parents do not have. */
function isBare({ options, notNull, default: value, generated, identity, ...settings }: Column): boolean {
  const { comment, statistics, storage, attributes } = settings
  const isPlain = !notNull && value === null && generated === null && !identity && Object.keys(options).length === 0
  const isUnset = !comment && (statistics ?? null) === null && (storage ?? null) === null
  return isPlain && isUnset && Object.keys(attributes ?? {}).length === 0
}

export function ownChecks(checks: Checks): Checks {
  return record(Object.entries(checks).filter(([, { inheritedFrom, comment }]) => !inheritedFrom?.length || comment))
}

/** A column cannot be nullable if it is NOT NULL in a parent. */
export function inheritedNotNull(declared: Columns, wanted: Columns): string | undefined {
  const [name] = Object.keys(declared).filter((column) => declared[column]?.nullable && wanted[column]?.notNull)
  const parents = name === undefined ? [] : (wanted[name]?.inheritedFrom ?? [])
  return name === undefined
    ? undefined
    : `column ${ident(name)} cannot be nullable: it is NOT NULL in the parent ${parents.map(nameOf).join(', ')}`
}

/** Changes of inherited columns and checks follow the change of the parent, so that a plan does not call them drift. */
export function followLinks<Part extends Column | Check>(
  links: readonly FieldChange[],
  what: 'column' | 'check',
  { from, to, declared }: Sides<Part> & { readonly declared: Readonly<Record<string, Part>> },
  fields: readonly FieldChange[],
): readonly FieldChange[] {
  if (fields.length === 0) return []
  const [link] = links
  const parts = link ? [...Object.entries(from), ...Object.entries(to)] : []
  const theirs = parts.flatMap(([name, { inheritedFrom }]) => (inheritedFrom?.length ? [`${what} ${name}`] : []))
  const isTheirs = ({ field }: FieldChange) => theirs.some((name) => field === name || field.startsWith(`${name} `))
  const settled = new Set(
    Object.entries(to).flatMap(([name, part]) => fieldsOfParents(name, part, own(declared, name))),
  )
  return fields.map((field) => {
    if (link && isTheirs(field)) return { ...field, follows: link.field }
    return settled.has(field.field) ? { ...field, follows: 'inherits' } : field
  })
}

/** The fields of a column or check that come from parents, unless they are declared. */
function fieldsOfParents(name: string, part: Column | Check, declared: Column | Check | undefined): readonly string[] {
  if (!part.inheritedFrom?.length || !('default' in part)) return []
  const column = declared && 'default' in declared ? declared : undefined
  return [
    ...((column?.default ?? null) === null ? [`column ${name} default`] : []),
    ...(column?.notNull ? [] : [`column ${name} not null`]),
  ]
}

/** The table with all that it inherits, but without parents: the old partition may still have its bounds. */
export function withoutParents<Spec extends Table>(declared: Spec, wanted: Spec): Spec {
  if (!hasParents(parentsIn(declared))) return declared
  return {
    ...declared,
    ...noParents,
    columns: record(
      Object.entries(wanted.columns).map(([name, column]) => [name, sourceOf(name, column, declared.columns)]),
    ),
    checks: record([...Object.entries(wanted.checks), ...Object.entries(declared.checks)]),
  }
}

/** The live table with other names for its parents. */
export function withParentNames<Spec extends Table>(spec: Spec, nameOf: StandInOf): Spec {
  const called = (parent: ObjectName): ObjectName => {
    if (parent.schema === null) return parent
    const id = nameOf({ kind: 'foreignTable', schema: parent.schema, name: parent.name })
    return id.kind === 'foreignTable' ? { schema: id.schema, name: id.name } : parent
  }
  const { inherits, partitionOf } = parentsIn(spec)
  const parts = <Part extends { readonly inheritedFrom?: readonly ObjectName[] }>(
    all: Readonly<Record<string, Part>>,
  ) =>
    record(
      Object.entries(all).map(([name, part]) => [
        name,
        part.inheritedFrom ? { ...part, inheritedFrom: part.inheritedFrom.map(called) } : part,
      ]),
    )
  return {
    ...spec,
    inherits: inherits.map(called),
    partitionOf: partitionOf && { ...partitionOf, parent: called(partitionOf.parent) },
    columns: parts(spec.columns),
    checks: parts(spec.checks),
  }
}
