import type { FieldChange } from '../../core/change.ts'
import { ident } from '../../core/sql.ts'
import type { Check, Checks } from '../facets/columns/checks.ts'
import type { Column, Columns } from '../facets/columns/columns.ts'
import { settleSettings } from '../facets/columns/settings.ts'
import { nameOf, type ObjectName } from '../facets/names.ts'
import { record } from '../facets/options.ts'
import type { StandInOf } from '../kind.ts'
import { hasParents, keptParents, noParents, type Parents, parentsIn, sameParent } from './parents.ts'

interface Table extends Partial<Parents> {
  readonly columns: Columns
  readonly checks: Checks
}

/** What differs in a table's parents, and both sides of its columns and checks without what is its parents' business. */
export function withoutParents(from: Table, to: Table, declared: Table, last: Table | undefined) {
  const parents = { from: parentsIn(from), to: parentsIn(to) }
  const kept = keptParents(parents.from, parents.to)
  const sides = <Part>(of: (table: Table) => Readonly<Record<string, Part>>): Context<Part> => ({
    from: of(from),
    to: of(to),
    declared: of(declared),
    last: last && of(last),
    kept,
  })
  return {
    parents,
    columns: withoutParentsColumns(sides(({ columns }) => columns)),
    checks: withoutParentsChecks(sides(({ checks }) => checks)),
  }
}

interface Sides<Part> {
  readonly from: Readonly<Record<string, Part>>
  readonly to: Readonly<Record<string, Part>>
}

interface Context<Part> extends Sides<Part> {
  readonly declared: Readonly<Record<string, Part>>
  readonly last: Readonly<Record<string, Part>> | undefined
  /** The parents that the table has and keeps. */
  readonly kept: readonly ObjectName[]
}

/**
 * The columns that a table has and is to have, without what is its parents' business. As long as it keeps a parent, the
 * parent's columns come, go and change their types with that; what of their defaults and settings the manifest does not
 * declare is left alone, since PostgreSQL takes a parent's default only when a table is made.
 */
function withoutParentsColumns({ from, to, declared, last, kept }: Context<Column>): Sides<Column> {
  return {
    from: record(Object.entries(from).filter(([name, column]) => Object.hasOwn(to, name) || !isHeld(column, kept))),
    to: record(
      Object.entries(to).flatMap(([name, wanted]) => {
        const before = own(from, name)
        if (!before) return isHeld(wanted, kept) && !own(declared, name) ? [] : [[name, wanted] as const]
        if (!wanted.inheritedFrom?.length) return [[name, wanted] as const]
        return [[name, ownPart(wanted, before, own(declared, name), own(last, name), kept)] as const]
      }),
    ),
  }
}

function ownPart(
  wanted: Column,
  before: Column,
  declared: Column | undefined,
  last: Column | undefined,
  kept: readonly ObjectName[],
): Column {
  const saysValue = [declared, last].some((column) => column && (column.default !== null || column.generated !== null))
  const { type, collation, notNullMark = null, default: value, generated, virtual } = before
  return {
    ...wanted,
    ...(isHeld(before, kept) ? { type, collation } : {}),
    ...(declared?.notNull ? {} : { notNullMark }),
    ...(saysValue ? {} : { default: value, generated, virtual }),
    ...(declared ? {} : settleSettings({}, last, undefined)),
  }
}

/** The same of checks. One that is declared too can still be made valid, and the comment of one that was can go. */
function withoutParentsChecks({ from, to, declared, last, kept }: Context<Check>): Sides<Check> {
  const isParents = (name: string, check: Check) => isHeld(check, kept) && !own(declared, name)
  const hadComment = (name: string) => own(last, name)?.comment !== undefined && own(from, name) && own(to, name)
  return {
    from: record(Object.entries(from).filter(([name, check]) => !isParents(name, check) || hadComment(name))),
    to: record(
      Object.entries(to).flatMap(([name, wanted]) => {
        const before = own(from, name)
        if (isParents(name, wanted))
          return before && hadComment(name) ? [[name, { ...before, comment: '' }] as const] : []
        if (!before || !isHeld(before, kept)) return [[name, wanted] as const]
        const { expression, noInherit } = before
        const mark = (before.mark === 'NOT VALID' ? wanted.mark : before.mark) ?? null
        return [[name, { ...wanted, expression, noInherit, mark }] as const]
      }),
    ),
  }
}

function isHeld({ inheritedFrom = [] }: Column | Check, kept: readonly ObjectName[]): boolean {
  return inheritedFrom.some((parent) => kept.some((one) => sameParent(one, parent)))
}

function own<Part>(parts: Readonly<Record<string, Part>> | undefined, name: string): Part | undefined {
  return parts && Object.hasOwn(parts, name) ? parts[name] : undefined
}

/** The SQL that columns and checks are made of: as declared, where it is declared. */
export function sourcesOf(wanted: Columns, declared: Columns): Columns {
  return record(
    Object.entries(wanted).map(([name, column]) => {
      const source = own(declared, name)
      if (!source) return [name, column]
      return [
        name,
        {
          ...source,
          notNull: column.notNull,
          notNullMark: column.notNullMark ?? null,
          default: source.default ?? column.default,
          generated: source.generated ?? column.generated,
          virtual: column.virtual,
        },
      ]
    }),
  )
}

/** What an export says of columns: nothing of what just comes from a parent. */
export function ownColumns(columns: Columns): Columns {
  return record(
    Object.entries(columns).flatMap(([name, column]) => {
      const part = withoutParentsPart(column)
      return isBare(part) ? [] : [[name, part] as const]
    }),
  )
}

function withoutParentsPart(column: Column): Column {
  const { parents, notNull, default: value, generated } = column
  if (!parents) return column
  const isTheirs = parents.value !== null && parents.value === (value ?? generated)
  return { ...column, notNull: notNull && !parents.notNull, ...(isTheirs ? { default: null, generated: null } : {}) }
}

function isBare({ parents, options, notNull, default: value, generated, ...settings }: Column): boolean {
  const { comment, statistics, storage, attributes } = settings
  const isPlain = !notNull && value === null && generated === null && Object.keys(options).length === 0
  const isUnset = !comment && (statistics ?? null) === null && (storage ?? null) === null
  return Boolean(parents) && isPlain && isUnset && Object.keys(attributes ?? {}).length === 0
}

export function ownChecks(checks: Checks): Checks {
  return record(Object.entries(checks).filter(([, { inheritedFrom, comment }]) => !inheritedFrom?.length || comment))
}

/** A child can't do without a NOT NULL of its parents. */
export function inheritedNotNull(declared: Columns, wanted: Columns): string | undefined {
  const [name] = Object.keys(declared).filter((column) => declared[column]?.nullable && wanted[column]?.notNull)
  const parents = name === undefined ? [] : (wanted[name]?.inheritedFrom ?? [])
  return name === undefined
    ? undefined
    : `the column ${ident(name)} can not be nullable: it is NOT NULL in its parent ${parents.map(nameOf).join(', ')}`
}

/** What was, or will be, a parent's changes with the link to it: that nobody declared it is no reason to call it drift. */
export function followingLinks<Part extends Column | Check>(
  links: readonly FieldChange[],
  what: 'column' | 'check',
  { from, to }: Sides<Part>,
  fields: readonly FieldChange[],
): readonly FieldChange[] {
  const [link] = links
  if (!link) return fields
  const theirs = [...Object.entries(from), ...Object.entries(to)].flatMap(([name, { inheritedFrom }]) =>
    inheritedFrom?.length ? [`${what} ${name}`] : [],
  )
  const isTheirs = ({ field }: FieldChange) => theirs.some((name) => field === name || field.startsWith(`${name} `))
  return fields.map((field) => (isTheirs(field) ? { ...field, follows: link.field } : field))
}

/** With what it gets from its parents, but without them: in a partition's place may be another, the old one for instance. */
export function detached<Spec extends Table>(declared: Spec, wanted: Spec): Spec {
  if (!hasParents(parentsIn(declared))) return declared
  return {
    ...declared,
    ...noParents,
    columns: sourcesOf(wanted.columns, declared.columns),
    checks: record([...Object.entries(wanted.checks), ...Object.entries(declared.checks)]),
  }
}

/** A live table whose parents are called otherwise. */
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
