// The primary key of a table, and the columns that are NOT NULL beside those of the key.
import type { FieldChange } from '../../core/change.ts'
import type { Relation } from '../../core/object.ts'
import { ident, join, type Parts, qualified, type Sql, sql, statement } from '../../core/sql.ts'
import { defaultKeyName, type PrimaryKey } from '../../manifest/primary-key.ts'
import type { ColumnRenames } from '../facets/renaming.ts'

/** The inverse of `declaredPrimaryKey`. */
export function writtenPrimaryKey(table: string, key: PrimaryKey | null) {
  if (!key) return undefined
  if (key.name === defaultKeyName(table) && key.include.length === 0) return key.columns
  return { name: key.name, columns: key.columns, ...(key.include.length === 0 ? {} : { include: key.include }) }
}

/** `orders_pkey PRIMARY KEY (id) INCLUDE (total)`, for plans. */
export function keyText(key: PrimaryKey | null): string | undefined {
  return key ? sql`${ident(key.name)} ${keyClause(key)}` : undefined
}

function keyClause({ columns, include, isDeferrable }: PrimaryKey): Sql {
  const more = include.length === 0 ? sql`` : sql` INCLUDE (${join(include.map(ident), ', ')})`
  return sql`PRIMARY KEY (${join(columns.map(ident), ', ')})${more}${isDeferrable ? sql` DEFERRABLE` : sql``}`
}

export function addPrimaryKey(key: PrimaryKey): Sql {
  return sql`ADD CONSTRAINT ${ident(key.name)} ${keyClause(key)}`
}

/** Clauses of one ALTER TABLE. PostgreSQL drops constraints before it adds others, so the name can stay. */
export function primaryKeyChange(
  table: Relation,
  from: PrimaryKey | null,
  to: PrimaryKey | null,
): readonly FieldChange[] {
  if (from && to && keyClause(from) === keyClause(to)) {
    return [...(from.name === to.name ? [] : [renamedKey(table, from, to)]), ...validity(table, from, to)]
  }
  if (!from && !to) return []
  const clauses = [...(from ? [sql`DROP CONSTRAINT ${ident(from.name)}`] : []), ...(to ? [addPrimaryKey(to)] : [])]
  return [
    {
      field: 'primary key',
      from: keyText(from),
      to: keyText(to),
      effect: { how: 'clause', clause: clauseOf(clauses) },
      ...(from ? { blockedByUseOfKey: true } : {}),
    },
  ]
}

/** Whether the index of the key is built for this change. */
export function buildsKey({ field, to, effect }: FieldChange): boolean {
  return field === 'primary key valid' || (field === 'primary key' && to !== undefined && effect.how === 'clause')
}

/** Whether rows may violate what is changed. */
export function isChangeOfConstraint({ field, effect }: FieldChange): boolean {
  return effect.how === 'clause' && (field === 'primary key' || field.endsWith(' not null'))
}

/** Renames the key instead of building a new index, for which readers would wait. */
function renamedKey({ schema, name }: Relation, from: PrimaryKey, to: PrimaryKey): FieldChange {
  const rename = sql`ALTER TABLE ${qualified(schema, name)} RENAME CONSTRAINT ${ident(from.name)} TO ${ident(to.name)}`
  return {
    field: 'primary key',
    from: keyText(from),
    to: keyText(to),
    effect: { how: 'statement', statement: statement(rename) },
  }
}

/** Changes the key in place, so that foreign keys that refer to it can stay. */
function validity({ schema }: Relation, from: PrimaryKey, to: PrimaryKey): readonly FieldChange[] {
  if (!from.isInvalid || to.isInvalid) return []
  const rebuild = statement(sql`REINDEX INDEX ${qualified(schema, to.name)}`)
  return [{ field: 'primary key valid', from: 'no', to: 'yes', effect: { how: 'statement', statement: rebuild } }]
}

interface Constrained {
  readonly primaryKey: PrimaryKey | null
  readonly notNull: readonly string[]
}

/** The key and NOT NULL once columns have been renamed. */
export function constraintsUnder({ primaryKey, notNull }: Constrained, renames: ColumnRenames): Constrained {
  const renamed = (columns: readonly string[]) => columns.map((name) => renames.get(name) ?? name)
  const { columns = [], include = [] } = primaryKey ?? {}
  return {
    primaryKey: primaryKey && { ...primaryKey, columns: renamed(columns), include: renamed(include) },
    notNull: renamed(notNull),
  }
}

interface WithColumns extends Constrained {
  readonly columns: readonly { readonly name: string }[]
}

/** Columns that leave the key stay NOT NULL unless that is dropped, too. Those that are dropped take it with them. */
export function notNullChanges(live: Constrained, wanted: WithColumns): readonly FieldChange[] {
  const keyOf = ({ primaryKey }: Constrained) => primaryKey?.columns ?? []
  const from = [...live.notNull, ...keyOf(live)]
  const to = [...wanted.notNull, ...keyOf(wanted)]
  const remaining = new Set(wanted.columns.map(({ name }) => name))
  const change = (name: string, isNotNull: boolean): FieldChange => ({
    field: `column ${name} not null`,
    from: isNotNull ? 'no' : 'yes',
    to: isNotNull ? 'yes' : 'no',
    effect: {
      how: 'clause',
      clause: clauseOf([sql`ALTER COLUMN ${ident(name)} ${isNotNull ? sql`SET NOT NULL` : sql`DROP NOT NULL`}`]),
    },
  })
  return [
    ...from.filter((name) => remaining.has(name) && !to.includes(name)).map((name) => change(name, false)),
    ...wanted.notNull.filter((name) => !from.includes(name)).map((name) => change(name, true)),
  ]
}

function clauseOf(clauses: readonly Sql[]): Parts {
  return [join(clauses, ', ')]
}

/** Clauses of an ALTER TABLE for a new table. */
export function newConstraints({ primaryKey, notNull }: Constrained): readonly Sql[] {
  return [
    ...(primaryKey ? [addPrimaryKey(primaryKey)] : []),
    ...notNull.map((name) => sql`ALTER COLUMN ${ident(name)} SET NOT NULL`),
  ]
}
